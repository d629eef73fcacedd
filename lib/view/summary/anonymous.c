/* SPDX-License-Identifier: MIT */
/*
 * Apart from unseen.c, which looks into files: this is what a page can say as well.
 */
#include "view/summary/anonymous.h"

#include <string.h>

enum {
    LEAST_UNSEEN_BYTES = 2 << 20,
    MOST_OVERHEAD_BYTES = 32 /* of a block: its header and what it is rounded up by, in an
                                allocator of blocks of 16 */
};

bool mt_anonymous_is_much(const struct mt_anonymous *anonymous) {
    uint64_t whole = anonymous->bytes,
             recorded = anonymous->recorded_bytes < whole ? anonymous->recorded_bytes : whole;
    uint64_t blocks = anonymous->recorded_blocks < whole ? anonymous->recorded_blocks : whole;
    uint64_t held = recorded + blocks * MOST_OVERHEAD_BYTES;
    return held < whole / 2 && whole - held >= LEAST_UNSEEN_BYTES;
}

/* A malloc that comes before the recorder's makes a recording partial, too, and is what is looked
 * for. */
bool mt_anonymous_has_blocks(const struct mt_profile_info *info) {
    return info->partial && !info->outranked;
}

bool mt_anonymous_is_foreign(const struct mt_profile_info *info) {
    return !mt_anonymous_has_blocks(info) && mt_anonymous_is_much(&info->anonymous);
}

bool mt_anonymous_is_note(const char *note) {
    return strncmp(note, MT_ANONYMOUS_NOTE, sizeof MT_ANONYMOUS_NOTE - 1) == 0;
}

size_t mt_anonymous_brief(const char *note) {
    const char *end = strstr(note, ". ");
    size_t bytes = strlen(note);
    return end ? (size_t)(end - note) : bytes && note[bytes - 1] == '.' ? bytes - 1 : bytes;
}
