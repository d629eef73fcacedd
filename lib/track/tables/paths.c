/* SPDX-License-Identifier: MIT */
/*
 * Nodes are 16 bytes in chunks of 256 KiB; an id is chunk and place. The key of a node carries the
 * module id beside the address, so that code loaded later at the address of code that has gone
 * makes nodes of its own.
 */
#include "track/tables/paths.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "track/ground/index.h"
#include "track/ground/state.h"
#include "unwind/rules.h"
#include "unwind/walk.h"

enum { MAX_CHUNKS = 16384 };

_Static_assert((int)MT_WALK_CUT == (int)MT_NODE_MODULE_CUT &&
                   (int)MT_WALK_ROUNDED == (int)MT_NODE_MISSING_ROUNDED &&
                   (int)MT_WALK_MOST_MISSING == (int)MT_NODE_MOST_MISSING,
               "the walk names the roots of what it cuts");

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_node, MT_NODES_PER_CHUNK, MT_EXTENT_NODES, 64);
static struct mt_index nodes;

static struct mt_node *node_at(mt_node_id id) {
    return mt_table_item(chunk, struct mt_node, MT_NODES_PER_CHUNK, id);
}

static uint64_t hash_of(uint32_t id) {
    const struct mt_node *n = node_at(id);
    return mt_index_mix(n->key, n->parent);
}

bool mt_paths_start(void) {
    mt_table_start(&table);
    return mt_index_start(&nodes, hash_of) && mt_table_reserve(&mt_state.ledger, &table, 0);
}

void mt_paths_forget(struct mt_paths_part *part) {
    for (uint32_t i = 0; i < MT_CHILDREN; i++)
        part->child[i].pc = 0;
}

static mt_node_id find(uint64_t hash, mt_node_id parent, uint64_t key) {
    const struct mt_index_table *t = mt_load_acquire(&nodes.table); /* all its slots are seen */
    uint32_t at = mt_index_home(t, hash);
    mt_node_id id;
    while ((id = mt_index_candidate(t, hash, &at)) != 0) {
        const struct mt_node *n = node_at(id);
        if (n->key == key && n->parent == parent)
            return id;
    }
    return 0;
}

static bool is_child(mt_node_id id, mt_node_id parent, uint64_t key) {
    const struct mt_node *c = mt_table_find(chunk, const struct mt_node, MT_NODES_PER_CHUNK, id);
    return c != NULL && mt_load_part(&c->key) == key &&
           mt_load_part(&c->parent) == parent; /* a node has nothing else that counts */
}

/*
 * Tries two guesses that cost less than the index, which is two cache misses in a large tree: the
 * node made right after the parent (a new path is made from the outside in, so its nodes lie side
 * by side), and the child asked for last. Returns 0 when neither is right.
 */
static mt_node_id guess(mt_node_id parent, uint64_t key) {
    /* Relaxed: it is a guess, which is checked. */
    mt_node_id recent = mt_load_relaxed(&node_at(parent)->recent_child);
    if (is_child(parent + 1, parent, key))
        return parent + 1;
    return recent != 0 && is_child(recent, parent, key) ? recent : 0;
}

/* Makes the next node this one, unless an event that was left has made it already: then a guess may
 * have found it. */
static void fill(struct mt_node *node, mt_node_id parent, uint64_t key) {
    if (node->key != 0)
        return;
    mt_store_relaxed(&node->parent, parent);
    mt_store_release(&node->key, key); /* this comes last: now a guess can find the node */
}

static mt_node_id add(mt_node_id parent, uint64_t key) {
    struct mt_ledger_header *h = mt_state.header;
    mt_node_id id;
    do {
        id = h->n_nodes;
        if (!mt_index_reserve(&nodes) || !mt_table_reserve(&mt_state.ledger, &table, id))
            return MT_NODE_LOSSY;
        fill(node_at(id), parent, key);
        mt_store_release(&h->n_nodes, id + 1); /* the node that it counts is whole */
        mt_index_insert(&nodes, hash_of(id), id);
    } while (!is_child(id, parent, key));
    return id;
}

mt_node_id mt_paths_find(struct mt_paths_part *part, mt_node_id parent, uint64_t pc, mt_rule rule) {
    if (parent == MT_NODE_LOSSY)
        return MT_NODE_LOSSY;
    uint64_t key = (pc & (MT_NODE_ADDRESS_MASK | MT_NODE_EXACT)) | (uint64_t)mt_rule_module(rule)
                                                                       << MT_NODE_MODULE_SHIFT;
    mt_node_id id = guess(parent, key);
    if (id != 0) {
        *mt_paths_cached(part, parent, pc) =
            (struct mt_known_child){.pc = pc, .parent = parent, .node = id};
        return id;
    }
    uint64_t hash = mt_index_mix(key, parent);
    id = find(hash, parent, key);
    if (mt_unlikely(id == 0)) {
        if (!mt_state_lock_growth())
            return MT_NODE_LOSSY;
        id = find(hash, parent, key);
        if (id == 0)
            id = add(parent, key);
        mt_state_unlock_growth();
        if (id == MT_NODE_LOSSY)
            return id;
    }
    if (mt_state_is_alone()) /* a line that several threads read is not worth writing to */
        mt_store_relaxed(&node_at(parent)->recent_child, id);
    *mt_paths_cached(part, parent, pc) =
        (struct mt_known_child){.pc = pc, .parent = parent, .node = id};
    return id;
}

/* Bit 62 tells the two kinds apart where only pc and parent are compared; it is not part of the
 * key. */
mt_node_id mt_paths_leaf(struct mt_paths_part *part, mt_node_id node, uint32_t module,
                         uint32_t name) {
    uint64_t pc = name | (module == MT_NODE_MODULE_DOMAIN ? UINT64_C(1) << 62 : 0);
    return mt_paths_child(part, node, pc, (mt_rule)module << 5);
}

static bool is_code(mt_node_id id) {
    return mt_node_module(node_at(id)) == MT_NODE_MODULE_CODE;
}

static bool is_cut(mt_node_id id) {
    return mt_node_module(node_at(id)) == MT_NODE_MODULE_CUT;
}

static bool is_leaf(mt_node_id id) {
    return (node_at(id)->key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK) >=
           MT_NODE_MODULE_DOMAIN;
}

static mt_node_id without_leaves(mt_node_id node) {
    while (node >= MT_NODE_FIRST && is_leaf(node))
        node = node_at(node)->parent;
    return node;
}

uint32_t mt_paths_addresses(mt_node_id node, uint64_t *pc, uint32_t max) {
    uint32_t n = 0;
    for (node = without_leaves(node); node >= MT_NODE_FIRST && n < max;
         node = node_at(node)->parent)
        if (!is_code(node) && !is_cut(node))
            pc[n++] = node_at(node)->key & MT_NODE_ADDRESS_MASK;
    return n;
}

mt_node_id mt_paths_parent(mt_node_id node) {
    return node_at(node)->parent;
}

bool mt_paths_equal(mt_node_id node, const uint64_t *pc, uint32_t n, uint32_t missing) {
    uint32_t i = 0;
    node = without_leaves(node);
    for (; node >= MT_NODE_FIRST && i < n; node = node_at(node)->parent)
        if (!is_code(node) &&
            ((node_at(node)->key ^ pc[i++]) & (MT_NODE_ADDRESS_MASK | MT_NODE_EXACT)))
            return false;
    while (node >= MT_NODE_FIRST && is_code(node))
        node = node_at(node)->parent;
    bool lacks = node >= MT_NODE_FIRST && is_cut(node);
    uint32_t lacking = lacks ? (uint32_t)(node_at(node)->key & MT_NODE_ADDRESS_MASK) : 0;
    return (lacks || node < MT_NODE_FIRST) && i == n && lacking == missing;
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_paths_check(void) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation = mt_writer_check_table(&table, limits.n_nodes);
    for (mt_node_id id = MT_NODE_FIRST; violation == NULL && id < limits.n_nodes; id++) {
        const struct mt_node *n = node_at(id);
        violation = mt_node_fault(id, n, n->parent < id ? node_at(n->parent) : NULL, &limits);
        MT_MUST(violation != NULL ||
                    mt_state_once(find(mt_index_mix(n->key, n->parent), n->parent, n->key) == id),
                "paths: a node cannot be found, or is there twice");
    }
    return violation != NULL ? violation : mt_index_check(&nodes, limits.n_nodes);
}
#endif
