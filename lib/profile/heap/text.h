/* SPDX-License-Identifier: MIT */
/* Heap profiles in text, as allocators and Go write them; private to lib/profile. */
#ifndef MT_PROFILE_HEAP_TEXT_H
#define MT_PROFILE_HEAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/ids.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Do these first bytes begin one? */
bool mt_heap_text_is_one(const uint8_t *head, size_t bytes);

/* Reads one to its end into *out, the caller's to free; NULL on an error. It has exact locations
 * without lines where the file does not name them, mappings without build ids, and totals that are
 * the sums of its columns. -MEMTRACK_EFORMAT, -MEMTRACK_ENOMEM, -MEMTRACK_ELIMIT, -MEMTRACK_EIO. */
int mt_heap_text_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                      struct mt_error *error);

/* ---- shared by the files heap_*.c ------------------------------------------------------------ */

/* A line being read from the left. */
struct mt_scan {
    const char *at, *end;
};

void mt_scan_blanks(struct mt_scan *scan);
bool mt_scan_text(struct mt_scan *scan, const char *text); /* takes it if it comes next */
bool mt_scan_number(struct mt_scan *scan,
                    int64_t *number); /* decimal, '-' is taken; false: none, or beyond 2^63 */
bool mt_scan_hex(struct mt_scan *scan,
                 uint64_t *number); /* without 0x; false: none, or beyond 2^64 */
bool mt_scan_address(struct mt_scan *scan, uint64_t *address); /* with 0x */

/* What a record's comments say of its frames (Go). One record at a time. */
struct mt_go_names {
    struct mt_line *lines; /* of all its frames, inlined callees first */
    uint32_t *n_lines;     /* per frame */
    size_t line_capacity, frame_capacity, n, frame;
    size_t first_named, last_named; /* frames; first_named > last_named: none */
};

/* Begins a record of n frames: 0 or -MEMTRACK_ENOMEM. */
int mt_go_begin(struct mt_go_names *names, size_t n);
/* A line that begins with '#'. Others than those that name a frame are left alone. addresses: of
 * the record's frames, as in its first line. 0 or -MEMTRACK_ENOMEM. */
int mt_go_comment(struct mt_go_names *names, struct mt_profile *profile, const uint64_t *addresses,
                  size_t n, struct mt_scan text);
void mt_go_free(struct mt_go_names *names);

/* A line of /proc/PID/maps: 1 it was one with code of a file, and a mapping was added; 0 it was
 * not; or an error of mt_profile_add_mapping. */
int mt_heap_maps_line(struct mt_profile *profile, struct mt_scan line);
/* Gives each location the mapping that holds its address. 0 or -MEMTRACK_ENOMEM. */
int mt_heap_maps_assign(struct mt_profile *profile);

#endif
