/* SPDX-License-Identifier: MIT */
/*
 * One profile of several, such as those of the processes of a run. Equal call paths become one, and
 * every column is the sum: of the peak columns each process at its own peak, whenever that was.
 */
#ifndef MT_PROFILE_MERGE_H
#define MT_PROFILE_MERGE_H

#include <stdbool.h>

#include "base/error.h"
#include "profile/profile.h"

struct mt_merge; /* opaque */

/* What stays apart though the call paths are equal. Whoever does not look at it should leave it
 * out: a build of a thousand compilers has the same paths a thousand times. */
struct mt_merge_keep {
    bool processes, threads;
    bool times, scopes, scopes_apart; /* of join/join.h: here they do nothing */
};

/* Returns NULL when out of memory. */
struct mt_merge *mt_merge_new(const struct mt_merge_keep *keep);
void mt_merge_free(struct mt_merge *merge); /* NULL is fine */

/*
 * Adds a profile, which has its names and is not needed afterwards. process is what its samples are
 * labelled with ("1234 cc1 … a.c") when processes are kept, and begins its notes. is_main: the
 * merged profile tells of this process who it was; else of the one that began first. In whatever
 * order profiles are added, the result is the same but for the order of what is in it. What is of
 * one process alone is left out (the allocator's figures), and what only a part can join: the time
 * axis, scopes, threads. Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT; then the merge can only be
 * freed.
 */
int mt_merge_add(struct mt_merge *merge, const struct mt_profile *profile, const char *process,
                 bool is_main);

/* A profile that was added just now, and where its parts are in the result. */
struct mt_merge_added {
    const struct mt_profile *from;
    struct mt_profile *into;
    const uint32_t *samples, *locations; /* of from: their indexes in into */
    const char *process;                 /* its label */
    bool is_main;
    void *strings; /* private */
};
/* The text of a profile that was added, in the result; UINT32_MAX: out of memory. */
mt_string mt_merge_string(const struct mt_merge_added *added, mt_string string);

/* What is joined beside the samples. add is called for each profile, once it is in the result, and
 * finish at the end; both return 0 or a negative error. done is called in any case, at last. */
struct mt_merge_part {
    int (*add)(void *context, const struct mt_merge_added *added);
    int (*finish)(void *context, struct mt_profile *into);
    void (*done)(void *context);
    void *context;
};
/* Gives a merge its part, before the first profile. */
void mt_merge_set_part(struct mt_merge *merge, const struct mt_merge_part *part);

/* Gives the result away, and frees the merge. Returns NULL when out of memory, or when nothing was
 * added. */
struct mt_profile *mt_merge_finish(struct mt_merge *merge);

#endif
