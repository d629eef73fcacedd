/* SPDX-License-Identifier: MIT */
/* A line of text that is read from the left, item by item. Nothing is written to it. */
#ifndef MT_PROFILE_HEAP_SCAN_H
#define MT_PROFILE_HEAP_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* This is a line that is being read from the left. */
struct mt_scan {
    const char *at, *end;
};

void mt_scan_blanks(struct mt_scan *scan);
bool mt_scan_text(struct mt_scan *scan, const char *text); /* takes the text if it comes next */
/* Takes a decimal number, also a negative one; false: there is none, or it is beyond 2^63. */
bool mt_scan_number(struct mt_scan *scan, int64_t *number);
/* Takes a number without 0x; false: there is none, or it is beyond 2^64. */
bool mt_scan_hex(struct mt_scan *scan, uint64_t *number);
bool mt_scan_address(struct mt_scan *scan, uint64_t *address); /* with 0x */

#endif
