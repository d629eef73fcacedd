/* SPDX-License-Identifier: MIT */
/*
 * Memory is read in powers of two and time in those of clocks, so neither axis is decimal. Labels
 * carry their unit each: a chart is cut out and pasted elsewhere.
 */
#include "view/timeline/scale.h"

#include <inttypes.h>
#include <stdio.h>

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

uint64_t mt_scale_bytes(uint64_t most, size_t n) {
    uint64_t step = 1;
    while (step < UINT64_C(1) << 62 && most / step + (most % step != 0) > n)
        step *= 2;
    return step;
}

uint64_t mt_scale_time(uint64_t most_ns, size_t n) {
    static const uint64_t clock[] = {SECOND,      2 * SECOND,  5 * SECOND, 10 * SECOND, 15 * SECOND,
                                     30 * SECOND, MINUTE,      2 * MINUTE, 5 * MINUTE,  10 * MINUTE,
                                     15 * MINUTE, 30 * MINUTE, HOUR,       2 * HOUR,    3 * HOUR,
                                     6 * HOUR,    12 * HOUR,   DAY};
    for (uint64_t decimal = 1; decimal < SECOND; decimal *= 10)
        for (uint64_t digit = 1; digit <= 5; digit = digit == 2 ? 5 : digit + (digit == 1 ? 1 : 5))
            if (most_ns / (decimal * digit) <= n)
                return decimal * digit;
    for (size_t i = 0; i < sizeof clock / sizeof *clock; i++)
        if (most_ns / clock[i] <= n)
            return clock[i];
    uint64_t step = DAY;
    while (step <= UINT64_MAX / 2 && most_ns / step > n)
        step *= 2;
    return step;
}

char *mt_scale_label_bytes(char buffer[MT_FORMAT_BYTES], uint64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    if (bytes == 0) {
        snprintf(buffer, MT_FORMAT_BYTES, "0");
        return buffer;
    }
    for (uint64_t rest = bytes; rest >= 1024 && unit + 1 < sizeof units / sizeof *units;
         rest /= 1024)
        unit++;
    double value = (double)bytes / (double)(UINT64_C(1) << (10 * unit));
    snprintf(buffer, MT_FORMAT_BYTES, value == (double)(uint64_t)value ? "%.0f %s" : "%.1f %s",
             value, units[unit]);
    return buffer;
}

/* Writes a number without the zeros at the end of its fraction: 1.50 as 1.5, 2.00 as 2. */
static void put_decimal(char buffer[MT_FORMAT_BYTES], uint64_t value, uint64_t unit,
                        const char *name) {
    uint64_t whole = value / unit, thousandths = value % unit * 1000 / unit;
    if (thousandths == 0)
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " %s", whole, name);
    else if (thousandths % 100 == 0)
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 ".%" PRIu64 " %s", whole, thousandths / 100,
                 name);
    else
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 ".%03" PRIu64 " %s", whole, thousandths, name);
}

static void put_clock(char buffer[MT_FORMAT_BYTES], uint64_t high, uint64_t low, const char *name) {
    if (low == 0)
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 " %s", high, name);
    else
        snprintf(buffer, MT_FORMAT_BYTES, "%" PRIu64 ":%02" PRIu64 " %s", high, low, name);
}

char *mt_scale_label_time(char buffer[MT_FORMAT_BYTES], uint64_t ns, uint64_t step_ns) {
    if (ns == 0)
        snprintf(buffer, MT_FORMAT_BYTES, "0");
    else if (ns < MS)
        put_decimal(buffer, ns, 1000, "us");
    else if (ns < SECOND)
        put_decimal(buffer, ns, MS, "ms");
    else if (ns < 2 * MINUTE || step_ns < SECOND)
        put_decimal(buffer, ns, SECOND, "s");
    else if (ns < HOUR || step_ns < MINUTE)
        put_clock(buffer, ns / MINUTE, ns % MINUTE / SECOND, "min");
    else if (ns < 2 * DAY || step_ns < HOUR)
        put_clock(buffer, ns / HOUR, ns % HOUR / MINUTE, "h");
    else
        put_decimal(buffer, ns, DAY, "d");
    return buffer;
}
