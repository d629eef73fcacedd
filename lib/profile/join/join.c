/* SPDX-License-Identifier: MIT */
/*
 * Profiles come in any order, so nobody knows the origin of the common clock before the last one:
 * until then times are since the epoch.
 */
#include "profile/join/join.h"

#include <stdlib.h>

#include "base/error.h"
#include "profile/join/axis.h"
#include "profile/join/scopes.h"

struct join {
    struct mt_merge_keep keep;
    struct mt_join_axis axis;
    uint64_t origin_ns, end_ns; /* since the epoch */
};

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int add_marks(const struct mt_merge_added *added, uint64_t start_ns) {
    const struct mt_profile_info *info = &added->from->info;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < info->n_marks; i++)
        rc = mt_profile_add_mark(added->into,
                                 start_ns + smaller(info->marks[i].time_ns, MT_JOIN_MAX_NS),
                                 mt_profile_text(added->from, info->marks[i].name),
                                 (enum mt_mark_kind)info->marks[i].kind);
    return rc;
}

static int add(void *context, const struct mt_merge_added *added) {
    struct join *join = context;
    const struct mt_profile_info *info = &added->from->info;
    uint64_t start_ns = smaller(info->start_time_ns, MT_JOIN_MAX_NS),
             end_ns = start_ns + smaller(info->duration_ns, MT_JOIN_MAX_NS);
    int rc = 0;
    join->origin_ns = smaller(join->origin_ns, start_ns);
    join->end_ns = end_ns > join->end_ns ? end_ns : join->end_ns;
    if (join->keep.times) {
        rc = mt_join_axis_add(&join->axis, added, start_ns);
        if (rc == 0)
            rc = add_marks(added, start_ns);
    }
    if (rc == 0 && join->keep.scopes) {
        rc = mt_join_scopes_add(added, start_ns, join->keep.scopes_apart);
        if (rc == 0)
            rc = mt_join_scopes_add_threads(added);
    }
    return rc;
}

static int by_time(const void *a, const void *b) {
    const struct mt_mark *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static int finish(void *context, struct mt_profile *into) {
    struct join *join = context;
    struct mt_profile_info *info = &into->info;
    info->start_time_ns = join->origin_ns;
    info->duration_ns = join->end_ns - join->origin_ns;
    for (size_t i = 0; i < info->n_marks; i++)
        info->marks[i].time_ns -= join->origin_ns;
    if (info->n_marks)
        qsort(info->marks, info->n_marks, sizeof *info->marks, by_time);
    mt_join_scopes_finish(join->origin_ns, into);
    return join->keep.times ? mt_join_axis_finish(&join->axis, join->origin_ns, join->end_ns, into)
                            : 0;
}

static void done(void *context) {
    struct join *join = context;
    mt_join_axis_free(&join->axis);
    free(join);
}

struct mt_merge *mt_join_new(const struct mt_merge_keep *keep) {
    struct mt_merge *merge = mt_merge_new(keep);
    if (!merge || (!keep->times && !keep->scopes))
        return merge;
    struct join *join = calloc(1, sizeof *join);
    if (!join) {
        mt_merge_free(merge);
        return NULL;
    }
    join->keep = *keep;
    join->origin_ns = UINT64_MAX;
    const struct mt_merge_part part = {.add = add, .finish = finish, .done = done, .context = join};
    mt_merge_set_part(merge, &part);
    /* cppcheck-suppress memleak; the merge has it, and frees it by done */
    return merge;
}
