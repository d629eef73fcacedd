/* SPDX-License-Identifier: MIT */
/*
 * What holds of each item of a ledger whenever no thread is in the middle of an event: a sentence
 * for the first thing that does not, else NULL. The one list for both sides: the writer's walkers
 * (mt_<module>_check) go through their structures with it, and so does a reader (ledger/verify.c).
 */
#ifndef MT_LEDGER_INVARIANTS_H
#define MT_LEDGER_INVARIANTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"
#include "ledger/layout.h"

/* All ids are below these. */
struct mt_limits {
    uint32_t n_nodes, n_sites, n_banks, n_modules, n_names, n_threads, n_codes;
    uint64_t epoch, clear_epoch;
    /* The ledger has refused something, so a module that is named may have found no room. */
    bool is_full;
};

#define MT_MUST(condition, otherwise)                                                              \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return (otherwise);                                                                    \
    } while (0)

static inline struct mt_limits mt_limits_of(const struct mt_ledger_header *h) {
    return (struct mt_limits){
        .n_nodes = mt_load_acquire(&h->n_nodes), /* acquire: those that it counts are whole */
        .n_sites = mt_load_acquire(&h->n_sites),
        .n_banks = mt_load_acquire(&h->n_banks),
        .n_modules = mt_load_acquire(&h->n_modules),
        .n_names = mt_load_acquire(&h->n_names),
        .n_threads = mt_load_acquire(&h->n_threads),
        .n_codes = mt_load_acquire(&h->n_codes),
        .epoch = mt_load_relaxed(&h->control.epoch), /* a bound, because later values are larger */
        .clear_epoch = mt_load_relaxed(&h->control.clear_epoch),
        .is_full = (mt_load_relaxed(&h->flags) & (MT_FLAG_NO_SPACE | MT_FLAG_BOUND)) != 0,
    };
}

/* ---- call paths ------------------------------------------------------------------------------ */

static inline uint32_t mt_node_module(const struct mt_node *node) {
    return (uint32_t)(node->key >> MT_NODE_MODULE_SHIFT & MT_NODE_MODULE_MASK);
}

static inline bool mt_node_is_label(const struct mt_node *node) {
    return mt_node_module(node) >= MT_NODE_MODULE_DOMAIN;
}

/* parent is the node that it names, when its id is below that of this one. */
static inline const char *mt_node_fault(mt_node_id id, const struct mt_node *node,
                                        const struct mt_node *parent, const struct mt_limits *l) {
    if (id < MT_NODE_FIRST)
        return NULL;
    MT_MUST(node->parent < id, "its parent was made after it");
    MT_MUST(node->parent != MT_NODE_LOSSY, "it lies below the path of what found no room");
    if (mt_node_is_label(node)) {
        uint64_t name = node->key & MT_NODE_ADDRESS_MASK;
        MT_MUST(name > 0 && name < l->n_names, "it is a label, and its name is not there");
        MT_MUST(node->parent < MT_NODE_FIRST || !mt_node_is_label(parent) ||
                    (mt_node_module(node) == MT_NODE_MODULE_SCOPE &&
                     mt_node_module(parent) == MT_NODE_MODULE_DOMAIN),
                "it is a label below another one, and not a scope below a domain");
        return NULL;
    }
    MT_MUST(node->parent < MT_NODE_FIRST || !mt_node_is_label(parent),
            "it is an address below a label");
    if (mt_node_module(node) == MT_NODE_MODULE_CUT) {
        uint64_t missing = node->key & MT_NODE_ADDRESS_MASK;
        MT_MUST(node->parent == MT_NODE_TRUNCATED, "it is a root, and does not lie below that of "
                                                   "what was cut");
        MT_MUST(missing > 0 && missing <= MT_NODE_MOST_MISSING,
                "so many frames cannot have been counted");
        return NULL;
    }
    if (mt_node_module(node) == MT_NODE_MODULE_CODE) {
        uint64_t code = (node->key & MT_NODE_ADDRESS_MASK) >> MT_NODE_LINE_BITS;
        MT_MUST(code == 0 || code < l->n_codes, "its interpreted code is not there");
        return NULL;
    }
    MT_MUST(mt_node_module(node) < l->n_modules || l->is_full, "its module is not there");
    return NULL;
}

/* ---- sites, banks, threads ------------------------------------------------------------------- */

static inline const char *mt_site_fault(const struct mt_site *s, const struct mt_limits *l) {
    if (s->node == MT_NODE_ROOT)
        return NULL;
    MT_MUST(s->node < l->n_nodes, "its call path is not there");
    MT_MUST(s->bank > 0 && s->bank < l->n_banks, "the bank that writes it is not there");
    MT_MUST(s->origin > 0 && s->origin < l->n_threads, "the thread that allocated is not there");
    MT_MUST(s->size_class <= 64, "there is no such size class");
    MT_MUST(s->next_of_origin < l->n_sites, "the next site of its thread is not there");
    MT_MUST(s->at_peak.epoch <= l->epoch, "it was saved at a peak that is still to come");
    if (s->at_peak.epoch < l->clear_epoch)
        return NULL; /* what it holds counts as zero */
    MT_MUST(s->counters.live_bytes <= (int64_t)s->counters.allocated_bytes,
            "more is live than was ever allocated");
    MT_MUST(s->counters.temporary_blocks <= s->counters.freed_blocks,
            "more blocks were temporary than freed");
    MT_MUST(s->max_bytes >= 0, "the most that it held is below zero");
    return NULL;
}

static inline const char *mt_bank_fault(const struct mt_bank *b, const struct mt_limits *l) {
    MT_MUST(b->thread < l->n_threads, "its thread is not there");
    MT_MUST(b->clear_epoch <= l->clear_epoch, "it was cleared before anybody asked for that");
    MT_MUST(b->counters.temporary_blocks <= b->counters.freed_blocks,
            "more blocks were temporary than freed");
    return NULL;
}

static inline const char *mt_thread_row_fault(mt_thread_id id, const struct mt_thread_row *row,
                                              const struct mt_limits *l) {
    if (row->n_threads == 0)
        return NULL;
    MT_MUST(row->name[sizeof row->name - 1] == 0, "its name has no end");
    MT_MUST((id == MT_THREAD_OTHERS) == (row->bank == 0),
            "it is of many threads, or of one, and should be of the other");
    MT_MUST(row->bank < l->n_banks, "its bank is not there");
    MT_MUST(id == MT_THREAD_OTHERS || row->n_threads == 1,
            "it stands for several threads under the name of one");
    return NULL;
}

/* ---- modules, names, scopes ------------------------------------------------------------------ */

static inline const char *mt_module_fault(const struct mt_module *m) {
    MT_MUST(m->start < m->end, "it has no addresses");
    MT_MUST(m->path_bytes <= MT_PATH_MAX_BYTES, "its path is too long");
    MT_MUST(m->path_bytes == 0 || m->path != 0, "its path lies nowhere");
    MT_MUST(m->build_id_bytes <= sizeof m->build_id, "its build id is too long");
    return NULL;
}

static inline const char *mt_name_fault(const struct mt_name *n, const struct mt_limits *l) {
    MT_MUST(n->text != 0 || n->address != 0, "it is neither a text nor a function");
    MT_MUST(n->bytes <= MT_NAME_MAX_BYTES, "it is too long");
    MT_MUST(n->text != 0 || n->module < l->n_modules || l->is_full, "its module is not there");
    return NULL;
}

static inline const char *mt_code_fault(const struct mt_code *c) {
    MT_MUST(c->function != 0 && c->file != 0, "its texts lie nowhere");
    MT_MUST(c->function_bytes <= MT_CODE_MAX_BYTES && c->file_bytes <= MT_CODE_MAX_BYTES,
            "its texts are too long");
    return NULL;
}

static inline const char *mt_tally_fault(const struct mt_tally *g, const struct mt_limits *l) {
    MT_MUST(g->name > 0 && g->name < l->n_names, "its name is not there");
    MT_MUST(g->kind == MT_TALLY_COUNTER || g->kind == MT_TALLY_CACHE, "there is no such kind");
    return NULL;
}

static inline const char *mt_metadata_fault(const struct mt_metadata *m) {
    MT_MUST(m->key_bytes < sizeof m->key && m->value_bytes < sizeof m->value,
            "its texts are too long");
    return NULL;
}

static inline const char *mt_scope_totals_fault(const struct mt_scope_totals *s,
                                                const struct mt_limits *l) {
    if (s->name == 0)
        return NULL;
    MT_MUST(s->name < l->n_names, "its name is not there");
    MT_MUST(s->bank > 0 && s->bank < l->n_banks, "the bank that writes it is not there");
    MT_MUST(s->idle <= s->count && s->errors <= s->count && s->misuses <= s->count &&
                s->recursive <= s->count,
            "it has idle, recursive or misused scopes, or errors, that are no scopes");
    MT_MUST(s->unmeasured <= s->count && s->unmeasured_recursive <= s->unmeasured &&
                s->unmeasured_recursive <= s->recursive && s->sure.count <= s->count &&
                s->sure.recursive <= s->sure.count,
            "it has left out, or was sure of, scopes that are no scopes");
    MT_MUST(s->group < l->n_names && s->file < l->n_names, "its group or file is not there");
    MT_MUST(s->capacity == 0 || s->histogram != 0, "its histogram lies nowhere");
    MT_MUST((s->capacity & (s->capacity - 1)) == 0, "its histogram has an odd size");
    MT_MUST(s->used <= s->capacity, "its histogram is fuller than it is large");
    return NULL;
}

static inline const char *mt_histogram_fault(const struct mt_scope_totals *s,
                                             const uint64_t *word) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < s->capacity; i++) {
        used += word[i] != 0;
        MT_MUST(word[i] == 0 || (word[i] & ((UINT64_C(1) << MT_BUCKET_COUNT_BITS) - 1)) != 0,
                "a bucket of its histogram is in use and has no scopes");
        MT_MUST(word[i] >> MT_BUCKET_VALUE_SHIFT < MT_N_SCOPE_VALUES,
                "its histogram is of no value");
    }
    MT_MUST(used == s->used, "its histogram does not have as many buckets as it says");
    return NULL;
}

static inline const char *mt_call_fault(const struct mt_call *c, uint32_t id,
                                        const struct mt_limits *l) {
    if (c->name == 0)
        return NULL;
    MT_MUST(c->name < l->n_names, "its name is not there");
    MT_MUST(c->bank > 0 && c->bank < l->n_banks, "the bank that writes it is not there");
    MT_MUST(c->parent < id, "it is not below the function that called it");
    MT_MUST(c->outermost <= c->count, "more of its calls are outermost than there are");
    return NULL;
}

/* ---- live blocks ----------------------------------------------------------------------------- */

enum { MT_REGION_KEYS = 1 << (MT_REGION_SHIFT - 3) };

static inline uint64_t mt_group_tag(const struct mt_group *g, uint32_t i) {
    return g->tags[i >> 2] >> (16 * (i & 3)) & 0xffff;
}

/* What has been counted in a region. past has room for n_groups, seen a bit for each key. */
struct mt_region_census {
    uint32_t used, *past;
    uint64_t *seen;
};

/* Looks at each block of a region, and takes the census. A block is in the group of its key or a
 * later one, and each group that it has gone past has counted that. */
static inline const char *mt_region_fault(const struct mt_region *r, const struct mt_group *group,
                                          struct mt_region_census *census,
                                          const struct mt_limits *l) {
    census->used = 0;
    for (uint32_t i = 0; i < r->n_groups; i++)
        census->past[i] = 0;
    for (uint32_t i = 0; i < MT_REGION_KEYS / 64; i++)
        census->seen[i] = 0;
    for (uint32_t i = 0; i < r->n_groups * (uint32_t)MT_GROUP_ENTRIES; i++) {
        const struct mt_group *g = &group[i / MT_GROUP_ENTRIES];
        uint64_t tag = mt_group_tag(g, i % MT_GROUP_ENTRIES),
                 entry = g->entry[i % MT_GROUP_ENTRIES];
        uint64_t key = tag - 1;
        if (tag == 0)
            continue;
        MT_MUST(tag <= MT_REGION_KEYS, "a block lies outside of it");
        MT_MUST(!(census->seen[key / 64] >> (key % 64) & 1), "a block is there twice");
        MT_MUST((entry & MT_ENTRY_SITE_MASK) > 0 && (entry & MT_ENTRY_SITE_MASK) < l->n_sites,
                "the site of a block is not there");
        census->seen[key / 64] |= UINT64_C(1) << (key % 64);
        census->used++;
        for (uint32_t home = mt_group_home(key, r->n_groups); home != i / MT_GROUP_ENTRIES;
             home = home + 1 == r->n_groups ? 0 : home + 1)
            census->past[home]++;
    }
    return NULL;
}

/* Compares what the region says of its blocks with the census. Whoever was killed while a block
 * came or went leaves the counts ahead of the blocks. */
static inline const char *mt_region_miscount(const struct mt_region *r,
                                             const struct mt_group *group,
                                             const struct mt_region_census *census) {
    MT_MUST(census->used == r->used, "it does not have as many blocks as it says");
    for (uint32_t i = 0; i < r->n_groups; i++)
        MT_MUST(group[i].tags[1] >> 32 == census->past[i],
                "a group does not know how many blocks went past it");
    return NULL;
}

#endif
