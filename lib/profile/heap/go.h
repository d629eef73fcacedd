/* SPDX-License-Identifier: MIT */
/* Names of frames in the comments of Go's heap profiles in text. */
#ifndef MT_PROFILE_HEAP_GO_H
#define MT_PROFILE_HEAP_GO_H

#include <stddef.h>
#include <stdint.h>

#include "profile/heap/scan.h"
#include "profile/profile.h"

/* This is what a record's comments say of its frames (Go), for one record at a time. */
struct mt_go_names {
    struct mt_line *lines; /* lines of all its frames, inlined callees first */
    uint32_t *n_lines;     /* per frame */
    size_t line_capacity, frame_capacity, n, frame;
    size_t first_named, last_named; /* frames; first_named > last_named: none */
};

/* Begins a record of n frames. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_go_begin(struct mt_go_names *names, size_t n);
/* Takes a line that begins with '#'. Lines that do not name a frame are left alone. addresses
 * are those of the record's frames, as in its first line. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_go_comment(struct mt_go_names *names, struct mt_profile *profile, const uint64_t *addresses,
                  size_t n, struct mt_scan text);
void mt_go_free(struct mt_go_names *names);

#endif
