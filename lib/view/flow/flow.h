/* SPDX-License-Identifier: MIT */
/*
 * The pieces of straight code in one function, how they lead to each other, and how often each has
 * run: worked out from those that have told. Of x86-64.
 */
#ifndef MT_VIEW_FLOW_H
#define MT_VIEW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One range of a function's code. */
struct mt_flow_range {
    uint64_t low, high;
    const uint8_t *code; /* high - low bytes */
};

/* Reads memory that is part of the program's file, for tables of jumps. Returns false when it is
 * not there. */
typedef bool mt_flow_read(void *context, uint64_t address, void *into, size_t bytes);

/* What calls of the hook look like: to one of these addresses, or to what stands at one of them. */
struct mt_flow_hooks {
    const uint64_t *targets, *slots;
    size_t n_targets, n_slots;
};

struct mt_flow_node {
    uint64_t start, end;
    uint64_t hook;     /* where the call of the hook in it returns to, 0: it has none */
    bool does_nothing; /* but call the hook, and jump */
    bool has_call;     /* of something else, which may not return */
    bool is_entry;     /* of the function */
    bool is_normal;    /* reached from the entry, and not by an exception alone */
    bool is_open;      /* it may be reached in ways that are not known */
    bool leaves;       /* it may lead to where is not known, or out of the function */
    bool is_known;     /* how often it has run */
    uint64_t count;
    uint32_t first_edge, n_edges; /* that lead out of it */
};

struct mt_flow_edge {
    uint32_t from, to;
    bool is_known;
    uint64_t count;
};

/* Private: a node on the way of a walk. */
struct mt_flow_visit {
    uint32_t node, next; /* the edge of it that is next */
};

struct mt_flow {
    struct mt_flow_node *nodes; /* by address */
    size_t n_nodes, node_capacity;
    struct mt_flow_edge *edges;
    size_t n_edges, edge_capacity;
    struct mt_flow_visit *visits; /* private, as is the next one */
    uint8_t *marks;
};

/* Takes a function apart; the first range begins with its entry. Returns 0, -MEMTRACK_ENOMEM, or
 * -MEMTRACK_EFORMAT when the code cannot be told; nothing is to be freed then. */
int mt_flow_build(struct mt_flow *flow, const struct mt_flow_range *ranges, size_t n,
                  const struct mt_flow_hooks *hooks, mt_flow_read *read, void *context);
void mt_flow_free(struct mt_flow *flow);

/* Returns the index of the node that holds an address, or that begins with a hook which returns
 * there; SIZE_MAX: none. */
size_t mt_flow_find(const struct mt_flow *flow, uint64_t address);
size_t mt_flow_find_hook(const struct mt_flow *flow, uint64_t hook);
/* Returns whether a node may lead to the one behind it. */
bool mt_flow_leads_to_next(const struct mt_flow *flow, size_t node);

/* Works out how often nodes and edges have run, as far as that follows from the nodes that have
 * hooks, whose counts are set. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_flow_solve(struct mt_flow *flow);

/* Takes those nodes out of a list that stand in its line without being the line's own: those which
 * do nothing and do not lead to others of the list, and those which are reached by an exception
 * alone, as that is how objects of the line are destroyed then. Unless none is left that has run.
 * Returns how many stay. */
size_t mt_flow_own(struct mt_flow *flow, uint32_t *nodes, size_t n);

/* Finds how often control has come to these nodes from others, or has gone around a loop within
 * them. Each is named once. Returns false when that is not known. */
bool mt_flow_entries(struct mt_flow *flow, const uint32_t *nodes, size_t n, uint64_t *entries);

#endif
