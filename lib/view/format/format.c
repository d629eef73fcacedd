/* SPDX-License-Identifier: MIT */
/*
 * Numbers for people. One decimal everywhere: columns of sizes then line up, and a tenth of a unit
 * is finer than anybody acts on.
 */
#include "view/format/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/saturate.h"

#define NS_PER_S UINT64_C(1000000000)

char *mt_format_count(char buffer[MT_FORMAT_BYTES], int64_t count) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, mt_saturate_magnitude(count));
    char *out = buffer;
    if (count < 0)
        *out++ = '-';
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return buffer;
}

char *mt_format_size(char buffer[MT_FORMAT_BYTES], int64_t bytes, bool exact) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (exact)
        return mt_format_count(buffer, bytes);
    double value = (double)mt_saturate_magnitude(bytes);
    size_t unit = 0;
    /* 1023.95 would be printed as 1024.0 */
    for (; unit + 1 < sizeof units / sizeof *units && value >= (unit ? 1023.95 : 1024); unit++)
        value /= 1024;
    snprintf(buffer, MT_FORMAT_BYTES, "%s%.*f %s", bytes < 0 ? "-" : "", unit ? 1 : 0, value,
             units[unit]);
    return buffer;
}

static char *with_sign(char buffer[MT_FORMAT_BYTES], int64_t value, const char *text) {
    snprintf(buffer, MT_FORMAT_BYTES, "%s%s", value > 0 ? "+" : "", text);
    return buffer;
}

char *mt_format_size_change(char buffer[MT_FORMAT_BYTES], int64_t bytes, bool exact) {
    char text[MT_FORMAT_BYTES];
    return with_sign(buffer, bytes, mt_format_size(text, bytes, exact));
}

char *mt_format_count_change(char buffer[MT_FORMAT_BYTES], int64_t count) {
    char text[MT_FORMAT_BYTES];
    return with_sign(buffer, count, mt_format_count(text, count));
}

char *mt_format_percent(char buffer[MT_FORMAT_BYTES], int64_t part, int64_t whole) {
    if (whole == 0) {
        memcpy(buffer, "-", sizeof "-");
        return buffer;
    }
    double percent = 100.0 * (double)part / (double)whole;
    if (part != 0 && fabs(percent) < 0.05)
        memcpy(buffer, "<0.1%", sizeof "<0.1%");
    else
        snprintf(buffer, MT_FORMAT_BYTES, fabs(percent) < 999.95 ? "%.1f%%" : "%.0f%%", percent);
    return buffer;
}

char *mt_format_duration(char buffer[MT_FORMAT_BYTES], uint64_t ns) {
    double seconds = (double)ns / 1e9;
    uint64_t whole = (ns + NS_PER_S / 2) / NS_PER_S;
    if (ns < 1000)
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " ns", ns);
    else if (ns < 999500)
        snprintf(buffer, MT_FORMAT_BYTES, "%.3g us", seconds * 1e6);
    else if (ns < 999500000)
        snprintf(buffer, MT_FORMAT_BYTES, "%.3g ms", seconds * 1e3);
    else if (seconds < 59.95)
        snprintf(buffer, MT_FORMAT_BYTES, seconds < 9.995 ? "%.2f s" : "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " min %" PRIu64 " s", whole / 60, whole % 60);
    else
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " h %" PRIu64 " min", whole / 3600,
                 whole % 3600 / 60);
    return buffer;
}

char *mt_format_mean_time(char buffer[MT_FORMAT_BYTES], double ns) {
    if (ns >= 999.5)
        return mt_format_duration(buffer, ns < 0x1p63 ? (uint64_t)llround(ns) : INT64_MAX);
    snprintf(buffer, MT_FORMAT_BYTES,
             ns < 9.995   ? "%.2f ns"
             : ns < 99.95 ? "%.1f ns"
                          : "%.0f ns",
             ns);
    return buffer;
}

char *mt_format_change(char buffer[MT_FORMAT_BYTES], double part) {
    double percent = part * 100;
    if (percent == 0)
        memcpy(buffer, "0.0%", sizeof "0.0%");
    else if (percent >= 99999.5)
        memcpy(buffer, ">99999%", sizeof ">99999%");
    else if (percent <= -99999.5)
        memcpy(buffer, "<-99999%", sizeof "<-99999%");
    else if (fabs(percent) < 0.05)
        memcpy(buffer, "<0.1%", sizeof "<0.1%");
    else
        snprintf(buffer, MT_FORMAT_BYTES, fabs(percent) < 999.95 ? "%+.1f%%" : "%+.0f%%", percent);
    return buffer;
}

char *mt_format_rfc3339(char buffer[MT_FORMAT_BYTES], uint64_t epoch_ns) {
    time_t seconds = (time_t)(epoch_ns / NS_PER_S);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc) ||
        strftime(buffer, MT_FORMAT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
        buffer[0] = '\0';
        return buffer;
    }
    size_t n = strlen(buffer);
    snprintf(buffer + n, MT_FORMAT_BYTES - n, ".%06" PRIu64 "Z", epoch_ns % NS_PER_S / 1000);
    return buffer;
}

/* Writes powers of two with the largest unit that divides them, so that "1-2 KiB" needs no
 * decimals. */
static void split_power(unsigned exponent, uint64_t *number, const char **unit) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    *number = UINT64_C(1) << exponent % 10;
    *unit = units[exponent / 10];
}

char *mt_format_size_class(char buffer[MT_FORMAT_BYTES], uint8_t size_class) {
    if (size_class <= 1) {
        snprintf(buffer, MT_FORMAT_BYTES, "%u B", (unsigned)size_class);
    } else if (size_class <= 10) {
        uint64_t low = UINT64_C(1) << (size_class - 1);
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 "-%" PRIu64 " B", low, low * 2 - 1);
    } else {
        uint64_t low, high;
        const char *low_unit, *high_unit;
        unsigned exponent = size_class > 64 ? 63 : size_class - 1U;
        split_power(exponent, &low, &low_unit);
        split_power(exponent + 1, &high, &high_unit);
        if (low_unit == high_unit)
            snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 "-%" PRIu64 " %s", low, high, low_unit);
        else
            snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " %s-%" PRIu64 " %s", low, low_unit, high,
                     high_unit);
    }
    return buffer;
}
