/* SPDX-License-Identifier: MIT */
/*
 * Who has come is asked of /proc and of the ledgers that are there (watch/live_tree.h), which costs
 * more than a look at those that are known: it is done after FIND_FACTOR times what it took, at
 * the earliest after FIND_MS. A process that comes and goes between two of these is not seen.
 *
 * One that executes another program goes on with a ledger of its own, beside which the old one is
 * that of a process that has ended.
 */
#include "top/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "ledger/control.h"
#include "top/source.h"
#include "watch/live_tree.h"

enum { FIND_MS = 200, FIND_FACTOR = 40 };
#define NS_PER_MS UINT64_C(1000000)

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* ---- who has come ---------------------------------------------------------------------------- */

static bool is_known(const struct mt_top_tree *tree, const struct mt_live_member *found) {
    for (size_t i = 0; i < tree->n; i++)
        if (tree->members[i].target.pid == found->pid &&
            tree->members[i].target.start_ticks == found->start_ticks)
            return true;
    return false;
}

/* Follows the ledger of a member from now on, which is the model's. */
static int follow(const struct mt_top_tree *tree, struct mt_top_member *member,
                  struct mt_ledger *ledger, struct mt_top_model *model, struct mt_error *error) {
    bool is_main = member->target.pid == (uint32_t)tree->root;
    return mt_top_model_add(model, ledger, is_main, &member->source, error);
}

/* Whoever has gone meanwhile, or cannot be read, is none of those that are shown. */
static int take_in(struct mt_top_tree *tree, uint32_t pid, struct mt_top_model *model,
                   struct mt_error *error) {
    struct mt_error why;
    struct mt_ledger *ledger;
    char text[16];
    snprintf(text, sizeof text, "%" PRIu32, pid);
    if (!mt_array_grow(&tree->members, tree->n, sizeof *tree->members))
        return out_of_memory(error);
    struct mt_top_member *member = &tree->members[tree->n];
    *member = (struct mt_top_member){0};
    if (mt_top_target_open(&member->target, text, &ledger, &why) != 0)
        return 0;
    int rc = follow(tree, member, ledger, model, error);
    if (rc == 0) {
        tree->n++;
        return 0;
    }
    mt_top_target_close(&member->target);
    return rc;
}

static int note_unrecorded(struct mt_top_tree *tree, const struct mt_live_member *found) {
    if (!mt_array_grow(&tree->unrecorded, tree->n_unrecorded, sizeof *tree->unrecorded))
        return -MEMTRACK_ENOMEM;
    struct mt_top_unrecorded *one = &tree->unrecorded[tree->n_unrecorded++];
    one->pid = found->pid;
    snprintf(one->name, sizeof one->name, "%s", found->name);
    return 0;
}

static int find(struct mt_top_tree *tree, struct mt_top_model *model, struct mt_error *error) {
    struct mt_live_members found;
    int rc = mt_live_tree_find(tree->root, &found, error);
    if (rc != 0)
        return rc;
    tree->n_unrecorded = 0;
    for (size_t i = 0; rc == 0 && i < found.n; i++) {
        if (!found.items[i].is_recorded)
            rc = note_unrecorded(tree, &found.items[i]);
        else if (!is_known(tree, &found.items[i]))
            rc = take_in(tree, found.items[i].pid, model, error);
    }
    mt_live_tree_free(&found);
    return rc;
}

static int find_if_due(struct mt_top_tree *tree, struct mt_top_model *model, uint64_t now_ns,
                       struct mt_error *error) {
    if (now_ns < tree->find_ns)
        return 0;
    uint64_t began = mt_clock_cpu_ns();
    int rc = find(tree, model, error);
    uint64_t gap = (mt_clock_cpu_ns() - began) * FIND_FACTOR;
    tree->find_ns = now_ns + (gap > FIND_MS * NS_PER_MS ? gap : FIND_MS * NS_PER_MS);
    return rc == -MEMTRACK_ENOTFOUND ? 0 : rc; /* the process itself may end before its children */
}

/* ---- who is there ---------------------------------------------------------------------------- */

static bool is_running(const struct mt_top_member *member) {
    return member->target.state == MT_TOP_RUNNING || member->target.state == MT_TOP_STOPPED;
}

uint64_t mt_top_tree_look_states(struct mt_top_tree *tree, uint64_t now_ns) {
    uint64_t rss = 0;
    tree->n_running = 0;
    for (size_t i = 0; i < tree->n; i++) {
        struct mt_top_member *member = &tree->members[i];
        if (member->target.state != MT_TOP_ENDED)
            rss += mt_top_target_look(&member->target, now_ns);
        tree->n_running += is_running(member);
    }
    return rss;
}

enum mt_top_state mt_top_tree_state(const struct mt_top_tree *tree) {
    size_t n_stopped = 0, n_replaced = 0;
    for (size_t i = 0; i < tree->n; i++) {
        n_stopped += tree->members[i].target.state == MT_TOP_STOPPED;
        n_replaced += tree->members[i].target.state == MT_TOP_REPLACED;
    }
    if (tree->n_running)
        return n_stopped == tree->n_running ? MT_TOP_STOPPED : MT_TOP_RUNNING;
    return n_replaced ? MT_TOP_REPLACED : MT_TOP_ENDED;
}

static void leave(struct mt_top_tree *tree, struct mt_top_member *member,
                  struct mt_top_model *model) {
    if (!member->source)
        return;
    tree->left_bytes += mt_top_model_leave(model, member->source);
    tree->n_left++;
    member->source = NULL;
}

/* Of a process that runs another program it is not known yet whether that one is recorded. */
static int look_at(struct mt_top_tree *tree, struct mt_top_member *member,
                   struct mt_top_model *model, uint64_t now_ns, struct mt_error *error) {
    struct mt_ledger *next = mt_top_target_next(&member->target);
    if (next) {
        leave(tree, member, model);
        return follow(tree, member, next, model, error);
    }
    if (is_running(member) && member->source)
        mt_ledger_control_store_era(member->source->ledger, now_ns);
    else if (tree->n_running)
        leave(tree, member, model);
    return 0;
}

static void forget_ended(struct mt_top_tree *tree) {
    size_t kept = 0;
    for (size_t i = 0; i < tree->n; i++) {
        struct mt_top_member *member = &tree->members[i];
        if (member->source || member->target.state != MT_TOP_ENDED)
            tree->members[kept++] = *member;
        else
            mt_top_target_close(&member->target);
    }
    tree->n = kept;
}

int mt_top_tree_look(struct mt_top_tree *tree, struct mt_top_model *model, uint64_t now_ns,
                     uint64_t *rss_bytes, struct mt_error *error) {
    int rc = find_if_due(tree, model, now_ns, error);
    *rss_bytes = mt_top_tree_look_states(tree, now_ns);
    for (size_t i = 0; rc == 0 && i < tree->n; i++)
        rc = look_at(tree, &tree->members[i], model, now_ns, error);
    forget_ended(tree);
    return rc;
}

/* ---- life ------------------------------------------------------------------------------------ */

int mt_top_tree_open(struct mt_top_tree *tree, pid_t root, struct mt_top_model *model,
                     struct mt_error *error) {
    *tree = (struct mt_top_tree){.root = root};
    int rc = find(tree, model, error);
    if (rc == 0 && tree->n == 0)
        rc = mt_error_set(error, MEMTRACK_ENOTFOUND,
                          "Start it with memtrack PROGRAM, or with LD_PRELOAD=libmemtrack.so.",
                          "process %d is not tracked, nor is any of the %zu below it", (int)root,
                          tree->n_unrecorded ? tree->n_unrecorded - 1 : 0);
    if (rc != 0)
        mt_top_tree_close(tree);
    return rc;
}

void mt_top_tree_close(struct mt_top_tree *tree) {
    for (size_t i = 0; i < tree->n; i++)
        mt_top_target_close(&tree->members[i].target);
    free(tree->members);
    free(tree->unrecorded);
    *tree = (struct mt_top_tree){0};
}
