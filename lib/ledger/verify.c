/* SPDX-License-Identifier: MIT */
/*
 * The invariants of ledger/invariants.h over a copy of each array, and what no single item can
 * tell: segments that do not overlap, extents that lie in one, sums that agree.
 *
 *   segments, extents                     where things lie
 *   nodes, sites, banks, threads, …       each by itself, against the counts of the header
 *   sum of sites' live bytes  == sum of banks'            (not when sampling: a bank's are an
 *                                                         estimate)
 *   live blocks of a site's thread, path, class == sites' (of a process that has ended)
 *
 * A process that was killed may have left one event per thread half done (its bank has an odd
 * sequence), with a region that has counted a block which is not in it, and a block of each out of
 * the table, while the allocator moved it in realloc. What a handler left by longjmp is half done
 * as well; the bank has counted that. Live blocks of a running process change while they are read,
 * so they are not compared.
 */
#include "ledger/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/cut.h"
#include "ledger/invariants.h"
#include "ledger/ledger-local.h"

struct work {
    struct mt_ledger *ledger;
    struct mt_ledger_header *header;
    struct mt_verdict *verdict;
    struct mt_limits limits;
    struct mt_node *nodes;
    struct mt_site *sites;
    struct mt_bank *banks;
    size_t n_nodes, n_sites, n_banks;
    bool is_live;
    bool is_settled; /* sites and banks are of one instant at which no thread was inside an event */
    uint64_t n_inside; /* events that were not completed */
};

__attribute__((format(printf, 2, 3))) static void fault(struct work *w, const char *format, ...) {
    if (w->verdict->n_faults++ != 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is begun in the line before */
    vsnprintf(w->verdict->first, sizeof w->verdict->first, format, arguments);
    va_end(arguments);
}

static void judge(struct work *w, const char *what, size_t id, const char *violation) {
    w->verdict->n_checked++;
    if (violation)
        fault(w, "%s %zu: %s", what, id, violation);
}

/* ---- where things lie ------------------------------------------------------------------------ */

static void check_segments(struct work *w) {
    const struct mt_ledger_header *h = w->header;
    uint64_t end = 0;
    for (uint32_t i = 0; i < h->n_segments && i < MT_MAX_SEGMENTS; i++) {
        const struct mt_segment *s = &h->segment[i];
        const char *violation = s->offset != end ? "it does not follow the one before it"
                                : s->bytes == 0 || s->bytes % 4096 != 0
                                    ? "it is no whole number of pages"
                                : s->address == 0 || s->address % 4096 != 0 ? "it lies nowhere"
                                                                            : NULL;
        judge(w, "segment", i, violation);
        end = s->offset + s->bytes;
    }
    judge(w, "segments", h->n_segments,
          end == h->file_bytes ? NULL : "they are not what the file is said to hold");
}

static bool lies_in_a_segment(const struct work *w, const struct mt_extent *e) {
    for (uint32_t i = 0; i < w->header->n_segments && i < MT_MAX_SEGMENTS; i++) {
        const struct mt_segment *s = &w->header->segment[i];
        if (e->address >= s->address && e->address - s->address < s->bytes)
            return e->bytes <= s->bytes - (e->address - s->address);
    }
    return false;
}

static int compare_extents(const void *a, const void *b) {
    const struct mt_extent *x = a, *y = b;
    return x->address < y->address ? -1 : x->address > y->address;
}

/* Checks those of the header alone: further ones are in directory blocks, which the reader
 * follows, and whose faults it counts as damage. */
static void check_extents(struct work *w) {
    /* Static, because it is too large for a stack, and only one thread verifies. */
    static struct mt_extent sorted[MT_FIRST_EXTENTS];
    uint32_t n = w->header->n_extents < MT_FIRST_EXTENTS ? w->header->n_extents : MT_FIRST_EXTENTS;
    memcpy(sorted, w->header->extent, n * sizeof *sorted);
    for (uint32_t i = 0; i < n; i++)
        judge(w, "extent", i,
              sorted[i].kind == 0 || sorted[i].kind >= MT_N_KINDS ? "there is no such kind"
              : !lies_in_a_segment(w, &sorted[i]) ? "it lies outside of the segments"
                                                  : NULL);
    qsort(sorted, n, sizeof *sorted, compare_extents);
    for (uint32_t i = 1; i < n; i++)
        if (sorted[i].address - sorted[i - 1].address < sorted[i - 1].bytes)
            fault(w, "two extents share the address %#llx", (unsigned long long)sorted[i].address);
}

/* ---- items ----------------------------------------------------------------------------------- */

static void check_nodes(struct work *w) {
    for (size_t i = MT_NODE_FIRST; i < w->n_nodes; i++) {
        const struct mt_node *node = &w->nodes[i];
        const struct mt_node *parent = node->parent < i ? &w->nodes[node->parent] : NULL;
        judge(w, "call path", i, mt_node_fault((mt_node_id)i, node, parent, &w->limits));
    }
}

static void check_sites_and_banks(struct work *w) {
    for (size_t i = 1; i < w->n_sites; i++)
        judge(w, "site", i, mt_site_fault(&w->sites[i], &w->limits));
    for (size_t i = 1; i < w->n_banks; i++) {
        judge(w, "bank", i, mt_bank_fault(&w->banks[i], &w->limits));
        w->n_inside += (w->banks[i].sequence & 1) + w->banks[i].rare.interrupted;
    }
}

static int check_rest(struct work *w) {
    size_t n_rows = 0, n_modules = 0, n_names = 0, n_codes = 0;
    struct mt_thread_row *rows = mt_ledger_load_items(w->ledger, MT_EXTENT_THREADS, &n_rows);
    struct mt_module *modules = mt_ledger_load_items(w->ledger, MT_EXTENT_MODULES, &n_modules);
    struct mt_name *names = mt_ledger_load_items(w->ledger, MT_EXTENT_NAMES, &n_names);
    struct mt_code *codes = mt_ledger_load_items(w->ledger, MT_EXTENT_CODES, &n_codes);
    for (size_t i = 1; rows && i < n_rows; i++)
        judge(w, "thread", i, mt_thread_row_fault((mt_thread_id)i, &rows[i], &w->limits));
    for (size_t i = 1; modules && i < n_modules; i++)
        judge(w, "module", i, mt_module_fault(&modules[i]));
    for (size_t i = 1; names && i < n_names; i++)
        judge(w, "name", i, mt_name_fault(&names[i], &w->limits));
    for (size_t i = 1; codes && i < n_codes; i++)
        judge(w, "code", i, mt_code_fault(&codes[i]));
    bool done = rows && modules && names && codes;
    free(rows);
    free(modules);
    free(names);
    free(codes);
    return done ? 0 : -MEMTRACK_ENOMEM;
}

static int check_own(struct work *w) {
    size_t n_tallies = 0, n_metadata = 0;
    struct mt_tally *tallies = mt_ledger_load_items(w->ledger, MT_EXTENT_TALLIES, &n_tallies);
    struct mt_metadata *metadata = mt_ledger_load_items(w->ledger, MT_EXTENT_METADATA, &n_metadata);
    for (size_t i = 1; tallies && i < n_tallies; i++)
        judge(w, "counter", i, mt_tally_fault(&tallies[i], &w->limits));
    for (size_t i = 1; metadata && i < n_metadata; i++)
        judge(w, "key", i, mt_metadata_fault(&metadata[i]));
    bool done = tallies && metadata;
    free(tallies);
    free(metadata);
    return done ? 0 : -MEMTRACK_ENOMEM;
}

static int check_calls(struct work *w) {
    size_t n = 0;
    struct mt_call *calls = mt_ledger_load_items(w->ledger, MT_EXTENT_CALLS, &n);
    for (size_t i = 1; calls && i < n; i++)
        judge(w, "call", i, mt_call_fault(&calls[i], (uint32_t)i, &w->limits));
    bool done = calls;
    free(calls);
    return done ? 0 : -MEMTRACK_ENOMEM;
}

/* A histogram is judged when it can be read whole and its process does not change it meanwhile. */
static int check_scopes(struct work *w) {
    enum { MOST_WORDS = 1 << 16 };
    size_t n = 0;
    struct mt_scope_totals *totals = mt_ledger_load_items(w->ledger, MT_EXTENT_SCOPES, &n);
    uint64_t *words = malloc(MOST_WORDS * sizeof *words);
    for (size_t i = 1; totals && words && i < n; i++) {
        const char *violation = mt_scope_totals_fault(&totals[i], &w->limits);
        size_t bytes = totals[i].capacity * sizeof *words;
        if (!violation && totals[i].capacity > MOST_WORDS)
            violation = "its histogram is larger than any";
        if (!violation && totals[i].capacity != 0 && !w->is_live && w->n_inside == 0 &&
            mt_ledger_read_address(w->ledger, totals[i].histogram, words, bytes) == bytes)
            violation = mt_histogram_fault(&totals[i], words);
        judge(w, "scope", i, violation);
    }
    bool done = totals && words;
    free(totals);
    free(words);
    return done ? 0 : -MEMTRACK_ENOMEM;
}

/* ---- live blocks ----------------------------------------------------------------------------- */

/* This is what lives, counted twice: from the blocks in the table, and by the sites, for each
 * thread, path and class of a site. */
struct group {
    uint64_t key; /* node, origin, class */
    int64_t blocks, bytes;
};

struct blocks {
    struct work *w;
    int64_t *n, *bytes; /* by site */
    struct mt_group *groups;
    struct mt_region_census census;
    uint64_t n_miscounted; /* regions */
    bool complete;
};

enum { MOST_GROUPS = 4096 };

static void add_block(struct blocks *b, uint64_t site, uint64_t bytes, uint32_t era) {
    if (site == 0 || site >= b->w->n_sites || era < b->w->ledger->info.control.clear_era)
        return;
    b->n[site]++;
    b->bytes[site] += (int64_t)bytes;
}

/* An event that was not completed may have counted, in one region, a block that is not there. */
static const char *miscount(struct blocks *b, const struct mt_region *r) {
    const char *violation = mt_region_miscount(r, b->groups, &b->census);
    b->n_miscounted += violation != NULL;
    return b->n_miscounted > b->w->n_inside ? violation : NULL;
}

static void check_region(struct blocks *b, const struct mt_region *r, uint64_t number) {
    struct work *w = b->w;
    size_t bytes = r->n_groups * sizeof *b->groups;
    if (r->n_groups == 0)
        return;
    if (r->n_groups > MOST_GROUPS) {
        judge(w, "region", number, "it has more groups than any");
        return;
    }
    if (w->ledger->info.private_bytes != 0 && !mt_ledger_file_holds(&w->ledger->file, r->groups)) {
        b->complete = false; /* the table is in the process's own memory */
        return;
    }
    if (mt_ledger_read_address(w->ledger, r->groups, b->groups, bytes) != bytes) {
        judge(w, "region", number, "its table lies outside of the ledger");
        return;
    }
    const char *violation = mt_region_fault(r, b->groups, &b->census, &w->limits);
    if (!violation)
        violation = miscount(b, r);
    judge(w, "region", number, violation);
    for (uint32_t i = 0; i < r->n_groups * (uint32_t)MT_GROUP_ENTRIES; i++) {
        const struct mt_group *g = &b->groups[i / MT_GROUP_ENTRIES];
        uint64_t entry = g->entry[i % MT_GROUP_ENTRIES];
        if (mt_group_tag(g, i % MT_GROUP_ENTRIES) != 0)
            add_block(b, entry & MT_ENTRY_SITE_MASK, entry >> MT_ENTRY_BYTES_SHIFT,
                      (uint32_t)(entry >> MT_ENTRY_ERA_SHIFT) & (MT_ERAS - 1));
    }
}

static int check_regions(struct blocks *b) {
    struct mt_region *regions = malloc(MT_REGIONS_PER_LEAF * sizeof *regions);
    for (size_t i = 0; regions && i < b->w->ledger->file.n_leaves; i++) {
        const struct mt_leaf *leaf = &b->w->ledger->file.leaves[i];
        mt_ledger_file_read(&b->w->ledger->file, leaf->offset, regions,
                            MT_REGIONS_PER_LEAF * sizeof *regions);
        for (uint32_t k = 0; k < MT_REGIONS_PER_LEAF; k++)
            check_region(b, &regions[k], (uint64_t)leaf->index * MT_REGIONS_PER_LEAF + k);
    }
    free(regions);
    return regions ? 0 : -MEMTRACK_ENOMEM;
}

static void check_big(struct blocks *b) {
    struct mt_big_block piece[64];
    const struct mt_chunk *big = &b->w->ledger->file.big;
    for (uint64_t at = 0; at + sizeof *piece <= big->bytes; at += sizeof piece) {
        size_t n = big->bytes - at < sizeof piece ? (size_t)(big->bytes - at) / sizeof *piece : 64;
        mt_ledger_file_read(&b->w->ledger->file, big->offset + at, piece, n * sizeof *piece);
        for (size_t i = 0; i < n; i++) {
            if (piece[i].address <= 1)
                continue;
            judge(b->w, "big block", at / sizeof *piece + i,
                  piece[i].site > 0 && piece[i].site < b->w->n_sites ? NULL
                                                                     : "its site is not there");
            add_block(b, piece[i].site, piece[i].bytes, piece[i].era);
        }
    }
}

static int compare_groups(const void *a, const void *b) {
    const struct group *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

/* Compares what was counted with what is there, in groups. */
static int compare_sums(struct blocks *b) {
    struct work *w = b->w;
    struct group *groups = calloc(w->n_sites + 1, sizeof *groups);
    size_t n = 0;
    for (size_t i = 1; groups && i < w->n_sites; i++) {
        const struct mt_site *s = &w->sites[i];
        int64_t blocks = (int64_t)(s->counters.allocated_blocks - s->counters.freed_blocks);
        if (s->node != MT_NODE_ROOT)
            groups[n++] =
                (struct group){(uint64_t)s->node << 32 | (uint64_t)s->origin << 8 | s->size_class,
                               blocks - b->n[i], s->counters.live_bytes - b->bytes[i]};
    }
    if (groups)
        qsort(groups, n, sizeof *groups, compare_groups);
    uint64_t missing = 0, surplus = 0, odd_bytes = 0;
    for (size_t first = 0, end; groups && first < n; first = end) {
        int64_t blocks = 0, bytes = 0;
        for (end = first; end < n && groups[end].key == groups[first].key; end++) {
            blocks += groups[end].blocks;
            bytes += groups[end].bytes;
        }
        missing += blocks > 0 ? (uint64_t)blocks : 0;
        surplus += blocks < 0 ? (uint64_t)-blocks : 0;
        odd_bytes += blocks == 0 && bytes != 0;
    }
    if (surplus > w->n_inside)
        fault(w, "%llu live blocks are there that no site has counted",
              (unsigned long long)surplus);
    if (missing > w->n_inside + w->n_banks - 1)
        fault(w, "%llu blocks that sites have counted as live are not there",
              (unsigned long long)missing);
    if (odd_bytes > w->n_inside)
        fault(w, "%llu call paths have as many live blocks as they have counted, of other sizes",
              (unsigned long long)odd_bytes);
    w->verdict->sums_checked = true;
    free(groups);
    return groups ? 0 : -MEMTRACK_ENOMEM;
}

static int check_live(struct work *w) {
    struct blocks b = {
        .w = w,
        .n = calloc(w->n_sites + 1, sizeof *b.n),
        .bytes = calloc(w->n_sites + 1, sizeof *b.bytes),
        .groups = malloc(MOST_GROUPS * sizeof *b.groups),
        .census = {.past = malloc(MOST_GROUPS * sizeof(uint32_t)),
                   .seen = malloc(MT_REGION_KEYS / 8)},
        .complete = true,
    };
    bool has_room = b.n && b.bytes && b.groups && b.census.past && b.census.seen;
    int rc = has_room ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0)
        rc = check_regions(&b);
    if (rc == 0)
        check_big(&b);
    if (rc == 0 && b.complete)
        rc = compare_sums(&b);
    free(b.n);
    free(b.bytes);
    free(b.groups);
    free(b.census.past);
    free(b.census.seen);
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void compare_banks(struct work *w) {
    int64_t sites = 0, banks = 0;
    for (size_t i = 1; i < w->n_sites; i++)
        sites = (int64_t)((uint64_t)sites + (uint64_t)w->sites[i].counters.live_bytes);
    for (size_t i = 1; i < w->n_banks; i++)
        banks = (int64_t)((uint64_t)banks + (uint64_t)w->banks[i].counters.live_bytes);
    if (w->header->sample_bytes == 0 && w->is_settled && sites != banks)
        fault(w, "sites hold %lld live bytes, and threads %lld", (long long)sites,
              (long long)banks);
}

static int load(struct work *w, struct mt_error *error) {
    int rc = mt_ledger_read_header(w->ledger, w->header, error);
    if (rc != 0)
        return rc;
    w->sites = mt_ledger_load_items(w->ledger, MT_EXTENT_SITES, &w->n_sites);
    w->banks = mt_ledger_load_items(w->ledger, MT_EXTENT_BANKS, &w->n_banks);
    w->is_settled = mt_ledger_cut_is_exact(w->ledger);
    mt_ledger_cut_end(w->ledger);
    rc = mt_ledger_read_header(w->ledger, w->header,
                               error); /* reads what was made since: nodes of the newest sites */
    if (rc == 0)
        rc = mt_ledger_refresh(w->ledger, error);
    w->nodes = mt_ledger_load_items(w->ledger, MT_EXTENT_NODES, &w->n_nodes);
    w->limits = mt_limits_of(w->header);
    return rc == 0 && !(w->sites && w->banks && w->nodes) ? -MEMTRACK_ENOMEM : rc;
}

static int check_all(struct work *w, struct mt_error *error) {
    int rc = load(w, error);
    if (rc != 0)
        return rc;
    check_segments(w);
    check_extents(w);
    check_nodes(w);
    check_sites_and_banks(w);
    if (!w->is_live)
        w->is_settled = w->n_inside == 0;
    compare_banks(w);
    rc = check_rest(w);
    if (rc == 0)
        rc = check_own(w);
    if (rc == 0)
        rc = check_scopes(w);
    if (rc == 0)
        rc = check_calls(w);
    if (rc == 0 && !w->is_live)
        rc = check_live(w);
    if (mt_ledger_damage(w->ledger))
        fault(w, "%llu pieces of it cannot be read",
              (unsigned long long)mt_ledger_damage(w->ledger));
    return rc;
}

int mt_ledger_verify(struct mt_ledger *ledger, struct mt_verdict *out, struct mt_error *error) {
    *out = (struct mt_verdict){0};
    struct work w = {.ledger = ledger, .verdict = out, .is_live = mt_ledger_is_live(ledger)};
    w.header = aligned_alloc(64, sizeof *w.header);
    int rc = w.header ? 0 : -MEMTRACK_ENOMEM;
    /* Without a cut, what is read is of no one instant, and then the sums tell. */
    if (rc == 0 && w.is_live)
        mt_ledger_cut_begin(ledger, NULL);
    if (rc == 0)
        rc = check_all(&w, error);
    mt_ledger_cut_end(ledger);
    free(w.nodes);
    free(w.sites);
    free(w.banks);
    free(w.header);
    return rc == -MEMTRACK_ENOMEM ? mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory",
                                                 mt_ledger_path(ledger))
                                  : rc;
}
