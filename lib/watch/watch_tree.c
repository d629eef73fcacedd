/* SPDX-License-Identifier: MIT */
/*
 * A watch (watch.h) for each process. Who is there is asked again now and then: a process that
 * begins and ends between two such looks is not seen, and one that ends keeps the ticks that it has.
 * Its ledger is open, so that it can be read whatever becomes of the file.
 */
#include "watch/watch_tree.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "profile/ledger/live.h"
#include "watch/live_tree.h"
#include "watch/watch.h"

#define LOOK_NS UINT64_C(100000000)

enum { TICKS = 4000, MOST = 500 /* two descriptors each */ };

struct watched {
    struct mt_watch watch;
    uint64_t start_ticks;
    bool has_ended;
};

struct tree {
    struct watched *items;
    size_t n, capacity;
};

static bool is_watched(const struct tree *tree, const struct mt_live_member *member) {
    for (size_t i = 0; i < tree->n; i++)
        if ((uint32_t)tree->items[i].watch.pid == member->pid &&
            tree->items[i].start_ticks == member->start_ticks)
            return true;
    return false;
}

/* One that has ended since, or whose ledger is just being made, may be there at the next look. */
static int watch_member(struct tree *tree, const struct mt_live_member *member) {
    if (!member->is_recorded || tree->n == MOST || is_watched(tree, member))
        return 0;
    if (!mt_array_reserve(&tree->items, &tree->capacity, tree->n + 1, sizeof *tree->items))
        return -MEMTRACK_ENOMEM;
    struct watched *added = &tree->items[tree->n];
    *added = (struct watched){.start_ticks = member->start_ticks};
    if (mt_watch_open((pid_t)member->pid, TICKS, &added->watch, NULL) == 0)
        tree->n++;
    return 0;
}

static int look(struct tree *tree, pid_t pid, struct mt_error *error) {
    struct mt_live_members members;
    int rc = mt_live_tree_find(pid, &members, error);
    for (size_t i = 0; rc == 0 && i < members.n; i++)
        rc = watch_member(tree, &members.items[i]);
    mt_live_tree_free(&members);
    return rc == -MEMTRACK_ENOMEM ? mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory") : rc;
}

/* Returns whether any of them runs. */
static bool tick(struct tree *tree) {
    struct mt_gauge gauge;
    bool any = false;
    for (size_t i = 0; i < tree->n; i++) {
        struct watched *w = &tree->items[i];
        if (!w->has_ended)
            w->has_ended = !mt_watch_tick(&w->watch, mt_clock_now_ns(), &gauge);
        any |= !w->has_ended;
    }
    return any;
}

static int watch(struct tree *tree, pid_t pid, uint64_t for_ns, uint64_t interval_ns,
                 struct mt_error *error) {
    uint64_t now = mt_clock_now_ns(), end = now + for_ns, next_look = now;
    bool goes_on = true;
    for (uint64_t next = now; goes_on && next <= end; next += interval_ns) {
        if (next > now && !mt_watch_sleep(next))
            break;
        int rc = 0;
        if (mt_clock_now_ns() >= next_look) {
            rc = look(tree, pid, error);
            next_look = mt_clock_now_ns() + LOOK_NS;
        }
        if (rc == -MEMTRACK_ENOMEM || (rc != 0 && tree->n == 0))
            return rc;
        goes_on = tick(tree);
    }
    return 0;
}

static int convert(struct tree *tree, struct mt_profile **profiles, size_t *n,
                   struct mt_error *error) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < tree->n; i++) {
        struct mt_watch *w = &tree->items[i].watch;
        if (w->axis.n == 0)
            continue;
        rc = mt_ledger_live_convert(w->ledger, &profiles[*n], error);
        if (rc == 0) {
            struct mt_profile_info *info = &profiles[*n]->info;
            if (!info->running)
                info->duration_ns = mt_axis_last_ns(&w->axis);
            mt_axis_give(&w->axis, 0, profiles[(*n)++]);
        }
    }
    return rc;
}

static void release(struct tree *tree) {
    for (size_t i = 0; i < tree->n; i++)
        mt_watch_close(&tree->items[i].watch);
    free(tree->items);
}

int mt_watch_tree_profiles(pid_t pid, uint64_t for_ns, uint64_t interval_ns,
                           struct mt_profile ***profiles, size_t *n, struct mt_error *error) {
    struct tree tree = {0};
    *n = 0;
    *profiles = NULL;
    int rc = watch(&tree, pid, for_ns, interval_ns, error);
    if (rc == 0 && !(*profiles = calloc(tree.n + 1, sizeof(struct mt_profile *))))
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    if (rc == 0)
        rc = convert(&tree, *profiles, n, error);
    if (rc == 0 && *n == 0)
        rc = mt_error_set(error, MEMTRACK_ENOTFOUND,
                          "Start it with memtrack PROGRAM, or with LD_PRELOAD=libmemtrack.so.",
                          "process %d is not tracked, nor is any below it", (int)pid);
    release(&tree);
    if (rc == 0)
        return 0;
    for (size_t i = 0; i < *n; i++)
        mt_profile_free((*profiles)[i]);
    free(*profiles);
    return rc;
}
