/* SPDX-License-Identifier: MIT */
/*
 * What runs into a node runs out of it (Kirchhoff's law, as in gcov). So one unknown among the
 * edges into a node, or out of it, follows from the others:
 *
 *   a node    is the sum of the edges into it, if all are known; or of those out of it
 *   an edge   is what the other edges into its end leave of that node's count, or what the other
 *             edges out of its beginning leave
 *
 * Until nothing follows any more. That what has come in also goes out does not hold for a node that
 * calls something which may not return (exit, longjmp, an exception), nor for one that still runs.
 * So in a first round nothing is concluded from that; in a second one it is, as far as what is
 * known already allows. Counts are never negative: what does not add up, because a program was
 * killed or its records were cleared in between, is cut off.
 *
 * What comes into a node beside its edges (an exception that is caught, a longjmp, a call of the
 * function) is what is left of its count.
 */
#include "view/flow/flow.h"

#include <stdlib.h>

#include "base/error.h"

struct list {
    uint32_t *first, *edge; /* of node i: edge[first[i]] … edge[first[i + 1] - 1] */
};

struct solving {
    struct mt_flow *flow;
    struct list in, out;
    bool trusts_calls; /* that they return */
    bool has_changed;
};

/* ---- edges of a node ------------------------------------------------------------------------- */

static bool make_list(const struct mt_flow *flow, struct list *list, bool is_in) {
    list->first = calloc(flow->n_nodes + 2, sizeof *list->first);
    list->edge = calloc(flow->n_edges + 1, sizeof *list->edge);
    if (!list->first || !list->edge)
        return false;
    for (size_t i = 0; i < flow->n_edges; i++)
        list->first[(is_in ? flow->edges[i].to : flow->edges[i].from) + 2]++;
    for (size_t i = 2; i <= flow->n_nodes; i++)
        list->first[i] += list->first[i - 1];
    for (size_t i = 0; i < flow->n_edges; i++)
        list->edge[list->first[(is_in ? flow->edges[i].to : flow->edges[i].from) + 1]++] =
            (uint32_t)i;
    return true;
}

/* The sum of the known edges, and how many are not; *unknown is one of these. */
static uint64_t sum_of(const struct solving *s, const struct list *list, uint32_t node,
                       uint32_t *n_unknown, uint32_t *unknown) {
    uint64_t sum = 0;
    *n_unknown = 0;
    for (uint32_t i = list->first[node]; i < list->first[node + 1]; i++) {
        const struct mt_flow_edge *edge = &s->flow->edges[list->edge[i]];
        sum += edge->is_known ? edge->count : 0;
        *n_unknown += !edge->is_known;
        if (!edge->is_known)
            *unknown = list->edge[i];
    }
    return sum;
}

static bool has_edges(const struct list *list, uint32_t node) {
    return list->first[node] != list->first[node + 1];
}

static uint64_t less(uint64_t count, uint64_t sum) {
    return count > sum ? count - sum : 0;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* ---- what follows ---------------------------------------------------------------------------- */

static void set_node(struct solving *s, struct mt_flow_node *node, uint64_t count) {
    node->count = count;
    node->is_known = true;
    s->has_changed = true;
}

/* An edge cannot have run more often than what it leads from, nor than what it leads to. */
static void set_edge(struct solving *s, uint32_t edge, uint64_t count) {
    struct mt_flow_edge *e = &s->flow->edges[edge];
    const struct mt_flow_node *from = &s->flow->nodes[e->from], *to = &s->flow->nodes[e->to];
    count = from->is_known ? least(count, from->count) : count;
    e->count = to->is_known ? least(count, to->count) : count;
    e->is_known = true;
    s->has_changed = true;
}

static void look_in(struct solving *s, uint32_t n) {
    struct mt_flow_node *node = &s->flow->nodes[n];
    uint32_t n_unknown, unknown;
    uint64_t sum = sum_of(s, &s->in, n, &n_unknown, &unknown);
    if (node->is_open || node->is_entry || !has_edges(&s->in, n))
        return;
    if (!node->is_known && n_unknown == 0)
        set_node(s, node, sum);
    else if (node->is_known && n_unknown == 1)
        set_edge(s, unknown, less(node->count, sum));
}

static void look_out(struct solving *s, uint32_t n) {
    struct mt_flow_node *node = &s->flow->nodes[n];
    uint32_t n_unknown, unknown;
    uint64_t sum = sum_of(s, &s->out, n, &n_unknown, &unknown);
    if (node->leaves || (node->has_call && !s->trusts_calls) || !has_edges(&s->out, n))
        return;
    if (!node->is_known && n_unknown == 0)
        set_node(s, node, sum);
    else if (node->is_known && n_unknown == 1)
        set_edge(s, unknown, less(node->count, sum));
}

/* What has not run has led nowhere. */
static void look_for_zeros(struct solving *s) {
    for (uint32_t i = 0; i < s->flow->n_edges; i++) {
        const struct mt_flow_edge *e = &s->flow->edges[i];
        const struct mt_flow_node *from = &s->flow->nodes[e->from], *to = &s->flow->nodes[e->to];
        if (!e->is_known &&
            ((from->is_known && from->count == 0) || (to->is_known && to->count == 0)))
            set_edge(s, i, 0);
    }
}

static void follow(struct solving *s) {
    do {
        s->has_changed = false;
        look_for_zeros(s);
        for (uint32_t i = 0; i < s->flow->n_nodes; i++) {
            look_in(s, i);
            look_out(s, i);
        }
    } while (s->has_changed);
}

int mt_flow_solve(struct mt_flow *flow) {
    struct solving s = {.flow = flow};
    int rc = make_list(flow, &s.in, true) && make_list(flow, &s.out, false) ? 0 : -MEMTRACK_ENOMEM;
    for (int round = 0; rc == 0 && round < 2; round++) {
        s.trusts_calls = round != 0;
        follow(&s);
    }
    free(s.in.first);
    free(s.in.edge);
    free(s.out.first);
    free(s.out.edge);
    return rc;
}
