/* SPDX-License-Identifier: MIT */
/* Names of frames in the comments of Go's heap profiles in text. */
#ifndef MT_PROFILE_HEAP_GO_H
#define MT_PROFILE_HEAP_GO_H

#include <stddef.h>
#include <stdint.h>

#include "profile/heap/scan.h"
#include "profile/profile.h"

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

#endif
