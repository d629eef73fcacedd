/* SPDX-License-Identifier: MIT */
/*
 * A call knows its caller: each becomes an arc, and sorting brings those together that are between
 * the same two functions. Which of two functions is which way round is all that differs between
 * callers and callees.
 */
#include "view/scopes/arcs.h"

#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "base/search.h"

const char *mt_scopes_arcs_value_key(enum mt_call_value value) {
    static const char *const keys[MT_N_CALL_VALUES] = {
        [MT_CALL_DURATION_NS] = "duration_ns",
        [MT_CALL_NET_BYTES] = "net_bytes",
        [MT_CALL_ALLOCATED_BYTES] = "allocated_bytes",
        [MT_CALL_ALLOCATED_BLOCKS] = "allocated_blocks",
    };
    return value < MT_N_CALL_VALUES ? keys[value] : "";
}

static int compare_pairs(const void *a, const void *b) {
    const struct mt_scopes_arc *x = a, *y = b;
    if (x->function != y->function)
        return x->function < y->function ? -1 : 1;
    return x->other < y->other ? -1 : x->other > y->other;
}

static int compare_arcs(const void *a, const void *b, void *profile) {
    const struct mt_scopes_arc *x = a, *y = b;
    int64_t left = x->sum[MT_CALL_DURATION_NS], right = y->sum[MT_CALL_DURATION_NS];
    if (x->function != y->function)
        return x->function < y->function ? -1 : 1;
    if (left != right)
        return left > right ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(mt_profile_text(profile, x->other), mt_profile_text(profile, y->other));
}

static void add(struct mt_scopes_arc *sum, const struct mt_scopes_arc *arc) {
    mt_saturate_add_count(&sum->count, arc->count);
    mt_saturate_add_count(&sum->outermost, arc->outermost);
    for (size_t v = 0; v < MT_N_CALL_VALUES; v++) {
        mt_saturate_add(&sum->sum[v], arc->sum[v]);
        mt_saturate_add(&sum->own[v], arc->own[v]);
    }
}

/* Returns how many arcs are left when those between the same functions are added up. */
static size_t unite(struct mt_scopes_arc *arcs, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept != 0 && compare_pairs(&arcs[kept - 1], &arcs[i]) == 0)
            add(&arcs[kept - 1], &arcs[i]);
        else
            arcs[kept++] = arcs[i];
    return kept;
}

static struct mt_scopes_arc arc_of(const struct mt_scopes *scopes, const struct mt_scope_call *call,
                                   enum mt_scopes_arcs_side side) {
    mt_string caller = call->parent != 0 ? scopes->calls[call->parent - 1].name : 0;
    struct mt_scopes_arc arc = {.function = side == MT_ARCS_CALLERS ? call->name : caller,
                                .other = side == MT_ARCS_CALLERS ? caller : call->name,
                                .count = call->count,
                                .outermost = call->outermost};
    memcpy(arc.sum, call->sum, sizeof arc.sum);
    memcpy(arc.own, call->own, sizeof arc.own);
    return arc;
}

int mt_scopes_arcs_build(const struct mt_profile *profile, enum mt_scopes_arcs_side side,
                         struct mt_scopes_arcs *out, struct mt_error *error) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    *out = (struct mt_scopes_arcs){.items = malloc((scopes->n_calls + 1) * sizeof *out->items)};
    if (!out->items)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    for (size_t i = 0; i < scopes->n_calls; i++) {
        struct mt_scopes_arc arc = arc_of(scopes, &scopes->calls[i], side);
        if (arc.function != 0 && arc.count != 0)
            out->items[out->n++] = arc;
    }
    qsort(out->items, out->n, sizeof *out->items, compare_pairs);
    out->n = unite(out->items, out->n);
    qsort_r(out->items, out->n, sizeof *out->items, compare_arcs, (void *)(uintptr_t)profile);
    return 0;
}

void mt_scopes_arcs_free(struct mt_scopes_arcs *arcs) {
    free(arcs->items);
    *arcs = (struct mt_scopes_arcs){0};
}

const struct mt_scopes_arc *mt_scopes_arcs_of(const struct mt_scopes_arcs *arcs, mt_string function,
                                              size_t *n) {
    size_t low = MT_PARTITION_POINT(i, arcs->n, arcs->items[i].function < function);
    for (*n = 0; low + *n < arcs->n && arcs->items[low + *n].function == function;)
        ++*n;
    return *n != 0 ? &arcs->items[low] : NULL;
}
