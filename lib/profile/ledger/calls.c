/* SPDX-License-Identifier: MIT */
/*
 * Calls of a ledger: each bank has a tree of its own, and what is the same path in several becomes
 * one. A node's parent has a lower id, so one pass over the nodes finds every parent known.
 *
 * Paths that are alike are found by a number that is packed of the parent's place, the function and
 * whether the node stands for any call of it: all fit, since there are bounds for both.
 */
#include "profile/ledger/calls.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/saturate.h"
#include "profile/ids.h"
#include "profile/ledger/sampling.h"

_Static_assert((uint64_t)MT_MAX_CALLS << 1 < UINT64_C(1) << 31,
               "a parent's place and a mark fit beside a name");

static uint64_t key_of(const struct mt_scope_call *call) {
    return ((uint64_t)call->name << 32 | (uint64_t)call->parent << 1 | call->is_cut) + 1;
}

static int64_t scaled(int64_t value, double scale) {
    double estimate = round((double)value * scale);
    return fabs(estimate) < 4.6e18 ? (int64_t)estimate : value;
}

/* When sampling, what is allocated is known of the recorded blocks alone: see ledger/scopes.c. */
static void scale_values(const struct mt_profile *profile, int64_t *values) {
    int64_t bytes = values[MT_CALL_ALLOCATED_BYTES], blocks = values[MT_CALL_ALLOCATED_BLOCKS];
    if (bytes <= 0 || blocks <= 0)
        return;
    double scale =
        mt_ledger_sampling_scale(profile->info.sample_bytes, (uint64_t)bytes, (uint64_t)blocks);
    values[MT_CALL_ALLOCATED_BYTES] = scaled(bytes, scale);
    values[MT_CALL_ALLOCATED_BLOCKS] = scaled(blocks, scale);
}

static void add_to(struct mt_scope_call *call, const struct mt_scope_call *other) {
    mt_saturate_add_count(&call->count, other->count);
    mt_saturate_add_count(&call->outermost, other->outermost);
    for (size_t v = 0; v < MT_N_CALL_VALUES; v++) {
        mt_saturate_add(&call->sum[v], other->sum[v]);
        mt_saturate_add(&call->own[v], other->own[v]);
    }
}

/* Returns the place of a node among the profile's calls, or -MEMTRACK_E…. */
static int64_t take(struct mt_scopes *scopes, struct mt_ids *known, struct mt_scope_call *call) {
    int64_t at = mt_ids_find(known, key_of(call));
    if (at >= 0) {
        add_to(&scopes->calls[at], call);
        return at;
    }
    int rc = mt_profile_scopes_add_call(scopes, call);
    if (rc == 0)
        rc = mt_ids_add(known, key_of(call), (uint32_t)(scopes->n_calls - 1));
    return rc == 0 ? (int64_t)scopes->n_calls - 1 : rc;
}

/* Fills in what a node says, but for its parent. */
static struct mt_scope_call call_of(const struct mt_profile *profile, const struct mt_call *node) {
    struct mt_scope_call call = {
        .is_cut = node->is_cut != 0, .count = node->count, .outermost = node->outermost};
    for (size_t v = 0; v < MT_N_CALL_VALUES; v++) {
        call.sum[v] = node->sum[v];
        call.own[v] = node->own[v];
    }
    scale_values(profile, call.sum);
    scale_values(profile, call.own);
    return call;
}

/* As mt_estimate_own says. */
static void cut_off(struct mt_scopes *scopes) {
    for (size_t i = 0; i < scopes->n_calls; i++)
        for (size_t v = 0; v < MT_N_CALL_VALUES; v++)
            if (v != MT_CALL_NET_BYTES && scopes->calls[i].own[v] < 0)
                scopes->calls[i].own[v] = 0;
}

int mt_ledger_calls_take(struct mt_ledger *ledger, struct mt_ledger_labels *names,
                         uint64_t least_epoch) {
    struct mt_profile *profile = names->paths->profile;
    struct mt_ids known = {0};
    size_t n = 0;
    if (mt_ledger_info(ledger)->n_calls < 2)
        return 0;
    struct mt_call *nodes = mt_ledger_load_items(ledger, MT_EXTENT_CALLS, &n);
    uint32_t *place = calloc(n + 1, sizeof *place); /* of each node, + 1 */
    int64_t rc = nodes && place ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 1; rc >= 0 && i < n; i++) {
        struct mt_scope_call call = {.is_cut = nodes[i].is_cut != 0};
        if (nodes[i].epoch >= least_epoch)
            call = call_of(profile, &nodes[i]);
        call.name = mt_ledger_labels_text(names, nodes[i].name);
        call.parent = nodes[i].parent < i ? place[nodes[i].parent] : 0;
        rc =
            call.name == UINT32_MAX ? -MEMTRACK_ENOMEM : take(&profile->info.scopes, &known, &call);
        if (rc >= 0)
            place[i] = (uint32_t)rc + 1;
    }
    cut_off(&profile->info.scopes);
    mt_ids_free(&known);
    free(nodes);
    free(place);
    return rc < 0 ? (int)rc : 0;
}
