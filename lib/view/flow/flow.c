/* SPDX-License-Identifier: MIT */
/*
 *   code ──decode──► instructions ──cut at hooks, jumps and their targets──► nodes, edges
 *
 * A node begins where a jump leads to, behind what leads elsewhere, and with the call of a hook (or
 * the instructions before it that make the hook's argument) unless that is the first call in it.
 * Control comes into a node at its beginning alone, so that all of it runs as often as that, but for
 * what stands behind a call that does not return.
 *
 * A switch jumps by a table. The address of the table is an operand shortly before the jump, and
 * entries are read as long as they lead to instructions of the function, and up to the next table.
 * One entry too many is an edge that nobody has run. A jump of which no table is found may lead
 * anywhere, and then every node is open.
 */
#include "view/flow/flow.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"
#include "base/search.h"
#include "view/flow/instruction.h"

enum { MOST_INSTRUCTIONS = 1 << 20, BEFORE_JUMP = 12, MOST_ENTRIES = 1 << 12 };

struct step {
    uint64_t address;
    struct mt_instruction instruction;
    bool is_hook, leads_in; /* leads_in: to the call of a hook, as its first instruction */
    bool begins;            /* a node */
};

struct parts {
    struct mt_flow *flow;
    const struct mt_flow_range *ranges;
    size_t n_ranges;
    const struct mt_flow_hooks *hooks;
    mt_flow_read *read;
    void *context;
    struct step *steps;
    size_t n, capacity;
    uint64_t *tables; /* of jumps, sorted */
    size_t n_tables, table_capacity;
    bool is_open; /* some jump may lead anywhere */
};

/* ---- instructions ---------------------------------------------------------------------------- */

static bool is_one_of(const uint64_t *list, size_t n, uint64_t address) {
    for (size_t i = 0; i < n; i++)
        if (list[i] == address)
            return true;
    return false;
}

static bool is_hook(const struct mt_flow_hooks *hooks, const struct mt_instruction *i) {
    return i->kind == MT_INSTRUCTION_CALL ? is_one_of(hooks->targets, hooks->n_targets, i->target)
           : i->kind == MT_INSTRUCTION_CALL_AT && i->memory
               ? is_one_of(hooks->slots, hooks->n_slots, i->memory)
               : false;
}

static int decode_range(struct parts *p, const struct mt_flow_range *range) {
    for (uint64_t at = range->low; at < range->high;) {
        struct step step = {.address = at};
        if (p->n >= MOST_INSTRUCTIONS ||
            !mt_instruction_decode(range->code + (at - range->low), range->high - at, at,
                                   &step.instruction))
            return -MEMTRACK_EFORMAT;
        step.is_hook = is_hook(p->hooks, &step.instruction);
        step.begins = at == range->low;
        if (!mt_array_reserve(&p->steps, &p->capacity, p->n + 1, sizeof *p->steps))
            return -MEMTRACK_ENOMEM;
        p->steps[p->n++] = step;
        at += step.instruction.bytes;
    }
    return 0;
}

static int compare_steps(const void *a, const void *b) {
    uint64_t left = ((const struct step *)a)->address, right = ((const struct step *)b)->address;
    return (left > right) - (left < right);
}

static struct step *step_at(const struct parts *p, uint64_t address) {
    struct step key = {.address = address};
    return p->n ? bsearch(&key, p->steps, p->n, sizeof key, compare_steps) : NULL;
}

/* ---- tables of jumps ------------------------------------------------------------------------- */

/* Returns where the table is that a jump takes its target from; 0: not found. */
static uint64_t table_of(const struct parts *p, size_t jump) {
    for (size_t back = 0; back <= BEFORE_JUMP && back <= jump; back++) {
        const struct step *step = &p->steps[jump - back];
        if (back && (step->instruction.kind != MT_INSTRUCTION_PLAIN ||
                     step[1].address != step->address + step->instruction.bytes))
            return 0;
        uint64_t word;
        if (step->instruction.memory &&
            p->read(p->context, step->instruction.memory, &word, sizeof word))
            return step->instruction.memory;
    }
    return 0;
}

/* An entry is the address itself, or what it is beyond the beginning of the table. */
static struct step *target_at(const struct parts *p, uint64_t table, size_t i) {
    uint64_t address;
    int32_t distance;
    struct step *target = NULL;
    if (p->read(p->context, table + i * sizeof address, &address, sizeof address))
        target = step_at(p, address);
    if (!target && p->read(p->context, table + i * sizeof distance, &distance, sizeof distance))
        target = step_at(p, table + (uint64_t)(int64_t)distance);
    return target;
}

static int compare_addresses(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static int find_tables(struct parts *p) {
    for (size_t i = 0; i < p->n; i++) {
        uint64_t table =
            p->steps[i].instruction.kind == MT_INSTRUCTION_JUMP_AT ? table_of(p, i) : 0;
        if (table == 0)
            continue;
        if (!mt_array_reserve(&p->tables, &p->table_capacity, p->n_tables + 1, sizeof *p->tables))
            return -MEMTRACK_ENOMEM;
        p->tables[p->n_tables++] = table;
    }
    if (p->n_tables)
        qsort(p->tables, p->n_tables, sizeof *p->tables, compare_addresses);
    return 0;
}

/* Returns where the next table begins behind a table, which this one ends at. */
static uint64_t table_behind(const struct parts *p, uint64_t table) {
    size_t next = MT_PARTITION_POINT(i, p->n_tables, p->tables[i] <= table);
    return next < p->n_tables ? p->tables[next] : UINT64_MAX;
}

static size_t entry_bytes(const struct parts *p, uint64_t table) {
    uint64_t address;
    return p->read(p->context, table, &address, sizeof address) && step_at(p, address)
               ? sizeof address
               : sizeof(int32_t);
}

/* Calls visit with each target of the jump. False: no table was found. */
static bool visit_table(struct parts *p, size_t jump,
                        int (*visit)(struct parts *p, size_t from, struct step *target), int *rc) {
    uint64_t table = table_of(p, jump);
    size_t i = 0, bytes = table ? entry_bytes(p, table) : 0;
    uint64_t end = table_behind(p, table);
    for (struct step *target; table && i < MOST_ENTRIES && *rc == 0; i++) {
        target = table + i * bytes < end ? target_at(p, table, i) : NULL;
        if (!target)
            break;
        *rc = visit(p, jump, target);
    }
    return i != 0;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static int begin_at(struct parts *p, size_t from, struct step *target) {
    (void)p, (void)from;
    target->begins = true;
    return 0;
}

static void begin_behind(struct parts *p, size_t i) {
    if (i + 1 < p->n)
        p->steps[i + 1].begins = true;
}

/* The argument of a hook is made by one or two instructions before its call. */
static void begin_hook(struct parts *p, size_t i) {
    size_t first = i;
    while (first > 0 && i - first < 2 && !p->steps[first].begins &&
           p->steps[first - 1].instruction.sets_argument)
        first--;
    p->steps[first].leads_in = true;
}

static void find_beginnings(struct parts *p) {
    int rc = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct mt_instruction *at = &p->steps[i].instruction;
        struct step *target = at->kind == MT_INSTRUCTION_JUMP || at->kind == MT_INSTRUCTION_BRANCH
                                  ? step_at(p, at->target)
                                  : NULL;
        if (p->steps[i].is_hook)
            begin_hook(p, i);
        if (target)
            target->begins = true;
        if (at->kind == MT_INSTRUCTION_JUMP_AT && !visit_table(p, i, begin_at, &rc))
            p->is_open |= at->memory == 0; /* else a call of another function, the last one */
        if (at->kind == MT_INSTRUCTION_JUMP || at->kind == MT_INSTRUCTION_BRANCH ||
            at->kind == MT_INSTRUCTION_JUMP_AT || at->kind == MT_INSTRUCTION_END)
            begin_behind(p, i);
    }
}

static void take_step(struct mt_flow_node *node, const struct step *step) {
    const struct mt_instruction *i = &step->instruction;
    node->end = step->address + i->bytes;
    node->does_nothing &= step->is_hook || i->sets_argument || i->kind == MT_INSTRUCTION_JUMP;
    if (step->is_hook)
        node->hook = node->end;
    node->has_call |=
        !step->is_hook && (i->kind == MT_INSTRUCTION_CALL || i->kind == MT_INSTRUCTION_CALL_AT);
}

/* What stands before a hook since the last jump belongs to the hook's block, unless it has a hook of
 * its own, or may not return. */
static bool begins_at(const struct mt_flow *flow, const struct step *step) {
    const struct mt_flow_node *last = flow->n_nodes ? &flow->nodes[flow->n_nodes - 1] : NULL;
    return step->begins || (step->leads_in && last && (last->hook || last->has_call));
}

static int make_nodes(struct parts *p) {
    struct mt_flow *flow = p->flow;
    for (size_t i = 0; i < p->n; i++) {
        p->steps[i].begins = begins_at(flow, &p->steps[i]);
        if (p->steps[i].begins) {
            if (!mt_array_reserve(&flow->nodes, &flow->node_capacity, flow->n_nodes + 1,
                                  sizeof *flow->nodes))
                return -MEMTRACK_ENOMEM;
            uint64_t start = p->steps[i].address;
            flow->nodes[flow->n_nodes++] =
                (struct mt_flow_node){.start = start,
                                      .is_entry = start == p->ranges[0].low,
                                      .is_open = p->is_open,
                                      .does_nothing = true};
        }
        take_step(&flow->nodes[flow->n_nodes - 1], &p->steps[i]);
    }
    return 0;
}

/* ---- edges ----------------------------------------------------------------------------------- */

/* Edges of one node are added one after the other. */
static int add_edge(struct mt_flow *flow, size_t from, size_t to) {
    struct mt_flow_node *node = &flow->nodes[from];
    for (uint32_t i = 0; i < node->n_edges; i++)
        if (flow->edges[node->first_edge + i].to == to)
            return 0;
    if (node->n_edges++ == 0)
        node->first_edge = (uint32_t)flow->n_edges;
    if (!mt_array_reserve(&flow->edges, &flow->edge_capacity, flow->n_edges + 1,
                          sizeof *flow->edges))
        return -MEMTRACK_ENOMEM;
    flow->edges[flow->n_edges++] =
        (struct mt_flow_edge){.from = (uint32_t)from, .to = (uint32_t)to};
    return 0;
}

static int add_edge_of(struct parts *p, size_t from, struct step *target) {
    return add_edge(p->flow, mt_flow_find(p->flow, p->steps[from].address),
                    mt_flow_find(p->flow, target->address));
}

/* Adds what the last instruction of a node leads to. */
static int add_edges(struct parts *p, size_t n, size_t last) {
    struct mt_flow_node *node = &p->flow->nodes[n];
    const struct mt_instruction *at = &p->steps[last].instruction;
    bool jumps = at->kind == MT_INSTRUCTION_JUMP || at->kind == MT_INSTRUCTION_BRANCH;
    bool goes_on = at->kind != MT_INSTRUCTION_JUMP && at->kind != MT_INSTRUCTION_JUMP_AT &&
                   at->kind != MT_INSTRUCTION_END;
    struct step *target = jumps ? step_at(p, at->target) : NULL;
    int rc = 0;
    if (target)
        rc = add_edge_of(p, last, target);
    node->leaves = (jumps && !target) || at->kind == MT_INSTRUCTION_END;
    if (at->kind == MT_INSTRUCTION_JUMP_AT)
        node->leaves |= !visit_table(p, last, add_edge_of, &rc);
    if (rc == 0 && goes_on && last + 1 < p->n && p->steps[last + 1].address == node->end)
        rc = add_edge(p->flow, n, n + 1);
    else if (goes_on)
        node->leaves = true;
    return rc;
}

static int make_edges(struct parts *p) {
    size_t node = 0;
    int rc = 0;
    for (size_t i = 0; i < p->n && rc == 0; i++)
        if (i + 1 == p->n || p->steps[i + 1].begins)
            rc = add_edges(p, node++, i);
    return rc;
}

/* What nothing leads to is reached in another way, such as by an exception. */
static int open_unreached(struct mt_flow *flow) {
    flow->marks = calloc(flow->n_nodes, sizeof *flow->marks);
    flow->visits = calloc(flow->n_nodes, sizeof *flow->visits);
    if (!flow->marks || !flow->visits)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < flow->n_edges; i++)
        flow->marks[flow->edges[i].to] = 1;
    for (size_t i = 0; i < flow->n_nodes; i++) {
        flow->nodes[i].is_open |= !flow->marks[i] && !flow->nodes[i].is_entry;
        flow->marks[i] = 0;
    }
    return 0;
}

/* Marks what the entry leads to; all, when some jump may lead anywhere. */
static void find_normal(struct mt_flow *flow, bool is_open) {
    struct mt_flow_visit *stack = flow->visits;
    size_t depth = 0;
    for (size_t i = 0; i < flow->n_nodes; i++) {
        struct mt_flow_node *node = &flow->nodes[i];
        node->is_normal = is_open || node->is_entry;
        if (node->is_entry)
            stack[depth++].node = (uint32_t)i;
    }
    while (depth) {
        const struct mt_flow_node *node = &flow->nodes[stack[--depth].node];
        for (uint32_t i = 0; i < node->n_edges; i++) {
            uint32_t to = flow->edges[node->first_edge + i].to;
            if (flow->nodes[to].is_normal)
                continue;
            flow->nodes[to].is_normal = true;
            stack[depth++].node = to;
        }
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

int mt_flow_build(struct mt_flow *flow, const struct mt_flow_range *ranges, size_t n,
                  const struct mt_flow_hooks *hooks, mt_flow_read *read, void *context) {
    struct parts p = {.flow = flow,
                      .ranges = ranges,
                      .n_ranges = n,
                      .hooks = hooks,
                      .read = read,
                      .context = context};
    int rc = n ? 0 : -MEMTRACK_EFORMAT;
    *flow = (struct mt_flow){0};
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = decode_range(&p, &ranges[i]);
    if (rc == 0 && p.n == 0)
        rc = -MEMTRACK_EFORMAT;
    if (rc == 0) {
        qsort(p.steps, p.n, sizeof *p.steps, compare_steps);
        rc = find_tables(&p);
    }
    if (rc == 0) {
        find_beginnings(&p);
        rc = make_nodes(&p);
    }
    if (rc == 0)
        rc = make_edges(&p);
    if (rc == 0)
        rc = open_unreached(flow);
    if (rc == 0)
        find_normal(flow, p.is_open);
    free(p.steps);
    free(p.tables);
    if (rc != 0)
        mt_flow_free(flow);
    return rc;
}

void mt_flow_free(struct mt_flow *flow) {
    free(flow->nodes);
    free(flow->edges);
    free(flow->marks);
    free(flow->visits);
    *flow = (struct mt_flow){0};
}

size_t mt_flow_find(const struct mt_flow *flow, uint64_t address) {
    size_t low = MT_PARTITION_POINT(i, flow->n_nodes, flow->nodes[i].start <= address);
    return low && address < flow->nodes[low - 1].end ? low - 1 : SIZE_MAX;
}

size_t mt_flow_find_hook(const struct mt_flow *flow, uint64_t hook) {
    size_t node = hook ? mt_flow_find(flow, hook - 1) : SIZE_MAX;
    return node != SIZE_MAX && flow->nodes[node].hook == hook ? node : SIZE_MAX;
}

bool mt_flow_leads_to_next(const struct mt_flow *flow, size_t node) {
    for (uint32_t i = 0; i < flow->nodes[node].n_edges; i++)
        if (flow->edges[flow->nodes[node].first_edge + i].to == node + 1)
            return true;
    return false;
}

/* ---- sets of nodes --------------------------------------------------------------------------- */

enum { OUTSIDE, UNSEEN, OPEN, DONE };

/* Goes down from a node within the set. An edge to a node that the walk has not left yet closes a
 * loop; the others are added up. Returns false when one of these is not known. */
static bool walk(struct mt_flow *flow, uint32_t from, uint64_t *inside) {
    struct mt_flow_visit *stack = flow->visits;
    size_t depth = 0;
    bool is_known = true;
    flow->marks[from] = OPEN;
    stack[depth++] = (struct mt_flow_visit){.node = from};
    while (depth) {
        struct mt_flow_visit *top = &stack[depth - 1];
        const struct mt_flow_node *node = &flow->nodes[top->node];
        if (top->next == node->n_edges) {
            flow->marks[top->node] = DONE;
            depth--;
            continue;
        }
        const struct mt_flow_edge *edge = &flow->edges[node->first_edge + top->next++];
        uint8_t mark = flow->marks[edge->to];
        if (mark == OUTSIDE || mark == OPEN)
            continue;
        is_known &= edge->is_known;
        *inside += edge->count;
        if (mark == DONE)
            continue;
        flow->marks[edge->to] = OPEN;
        stack[depth++] = (struct mt_flow_visit){.node = edge->to};
    }
    return is_known;
}

static bool leads_inside(const struct mt_flow *flow, uint32_t node) {
    const struct mt_flow_edge *edge = &flow->edges[flow->nodes[node].first_edge];
    for (uint32_t i = 0; i < flow->nodes[node].n_edges; i++)
        if (flow->marks[edge[i].to] != OUTSIDE)
            return true;
    return false;
}

static size_t without_exceptions(const struct mt_flow *flow, uint32_t *nodes, size_t n) {
    size_t kept = 0;
    bool runs_normally = false;
    for (size_t i = 0; i < n; i++) {
        const struct mt_flow_node *node = &flow->nodes[nodes[i]];
        runs_normally |= node->is_normal && (!node->is_known || node->count != 0);
    }
    for (size_t i = 0; i < n && runs_normally; i++)
        if (flow->nodes[nodes[i]].is_normal)
            nodes[kept++] = nodes[i];
    return runs_normally ? kept : n;
}

static size_t take_out_idle(struct mt_flow *flow, uint32_t *nodes, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (flow->nodes[nodes[i]].does_nothing && !leads_inside(flow, nodes[i]))
            flow->marks[nodes[i]] = OUTSIDE;
        else
            nodes[kept++] = nodes[i];
    return kept;
}

size_t mt_flow_own(struct mt_flow *flow, uint32_t *nodes, size_t n) {
    size_t n_busy = 0, before = n + 1;
    for (size_t i = 0; i < n; i++) {
        n_busy += !flow->nodes[nodes[i]].does_nothing;
        flow->marks[nodes[i]] = UNSEEN;
    }
    while (n_busy && n < before) {
        before = n;
        n = take_out_idle(flow, nodes, n);
    }
    for (size_t i = 0; i < n; i++)
        flow->marks[nodes[i]] = OUTSIDE;
    return without_exceptions(flow, nodes, n);
}

bool mt_flow_entries(struct mt_flow *flow, const uint32_t *nodes, size_t n, uint64_t *entries) {
    uint64_t total = 0, inside = 0;
    bool is_known = true;
    for (size_t i = 0; i < n; i++) {
        flow->marks[nodes[i]] = UNSEEN;
        is_known &= flow->nodes[nodes[i]].is_known;
        total += flow->nodes[nodes[i]].count;
    }
    for (size_t i = 0; i < n; i++)
        if (flow->marks[nodes[i]] == UNSEEN)
            is_known &= walk(flow, nodes[i], &inside);
    for (size_t i = 0; i < n; i++)
        flow->marks[nodes[i]] = OUTSIDE;
    *entries = total > inside ? total - inside : 0;
    return is_known;
}
