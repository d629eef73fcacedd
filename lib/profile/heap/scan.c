/* SPDX-License-Identifier: MIT */
/*
 * Scanning a line of a heap profile in text, which is not NUL-terminated. sscanf was rejected: it
 * needs a terminator, wraps numbers that are too large without a word, and depends on the locale.
 */
#include "profile/heap/scan.h"

#include <string.h>

void mt_scan_blanks(struct mt_scan *scan) {
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t'))
        scan->at++;
}

bool mt_scan_text(struct mt_scan *scan, const char *text) {
    size_t bytes = strlen(text);
    if ((size_t)(scan->end - scan->at) < bytes || memcmp(scan->at, text, bytes) != 0)
        return false;
    scan->at += bytes;
    return true;
}

bool mt_scan_number(struct mt_scan *scan, int64_t *number) {
    const char *at = scan->at;
    bool is_negative = at < scan->end && *at == '-', any = false;
    int64_t value = 0;
    for (at += is_negative; at < scan->end && *at >= '0' && *at <= '9'; at++, any = true)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *at - '0', &value))
            return false;
    if (any) {
        scan->at = at;
        *number = is_negative ? -value : value;
    }
    return any;
}

static int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool mt_scan_hex(struct mt_scan *scan, uint64_t *number) {
    const char *at = scan->at;
    uint64_t value = 0;
    for (; at < scan->end && digit(*at) >= 0; at++) {
        if (value >> 60)
            return false;
        value = value << 4 | (uint64_t)digit(*at);
    }
    bool any = at > scan->at;
    if (any) {
        scan->at = at;
        *number = value;
    }
    return any;
}

bool mt_scan_address(struct mt_scan *scan, uint64_t *address) {
    return mt_scan_text(scan, "0x") && mt_scan_hex(scan, address);
}
