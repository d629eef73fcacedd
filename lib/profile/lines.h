/* SPDX-License-Identifier: MIT */
/*
 * What each line of the program did, where that was recorded: where blocks were allocated and where
 * they were freed, by call path, and how often and how long blocks of code ran. Samples say where
 * what is live came from; this says what a line does to memory.
 */
#ifndef MT_PROFILE_LINES_H
#define MT_PROFILE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mt_line_change {
    uint32_t first_frame, n_frames; /* into frames: location indexes, innermost first */
    bool is_step; /* a block of code, which its only frame is; else what a call path did */
    /* A step that stands for a line of code: how often it has run, worked out from the blocks. It has
     * neither a time nor a level of its own. */
    bool is_line;
    uint64_t allocated_bytes, allocated_blocks, freed_bytes, freed_blocks;
    /* What the process held after the latest of them, and the most during any; since the start of
     * the recording, when that was. has_level: known. */
    bool has_level;
    int64_t after_bytes, high_bytes;
    uint64_t after_ns;
    uint64_t hits, time_ns; /* of a step */
};

struct mt_line_changes {
    bool is_recorded;
    struct mt_line_change *items;
    size_t n;
    uint32_t *frames;
    size_t n_frames;
    uint32_t *patterns; /* strings: the functions and files that were asked for */
    size_t n_patterns;
    struct {
        size_t items, frames, patterns;
    } capacity; /* private */
};

/* Append a copy, with these frames; a pattern only once. Return 0, -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT. */
int mt_profile_lines_add(struct mt_line_changes *changes, const struct mt_line_change *change,
                         const uint32_t *frames, size_t n_frames);
int mt_profile_lines_add_pattern(struct mt_line_changes *changes, uint32_t pattern);
void mt_profile_lines_free(struct mt_line_changes *changes);

#endif
