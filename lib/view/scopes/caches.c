/* SPDX-License-Identifier: MIT */
/*
 * What a cache has answered are two rows of scopes, one of its hits and one of its misses, and what
 * it holds is a figure of the program: rows of the same name are put together. A table by name says
 * where the row of each is: there may be one for each name that a program made.
 */
#include "view/scopes/caches.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ledger/own.h"

double mt_caches_hit_rate(const struct mt_cache_row *row) {
    double all = (double)row->hits + (double)row->misses;
    return all > 0 ? (double)row->hits / all : 0;
}

struct building {
    const struct mt_profile *profile;
    struct mt_cache_row *items;
    size_t n;
    size_t *place; /* by name: one more than its row; 0: it has none */
};

static struct mt_cache_row *row_of(struct building *b, mt_string name) {
    if (b->place[name] == 0) {
        b->items[b->n] = (struct mt_cache_row){.name = name};
        b->place[name] = ++b->n;
    }
    return &b->items[b->place[name] - 1];
}

static int compare(const void *a, const void *b, void *context) {
    const struct mt_cache_row *x = a, *y = b;
    return strcmp(mt_profile_text(context, x->name), mt_profile_text(context, y->name));
}

static void take_answers(struct building *b, const struct mt_scope_row *from) {
    struct mt_cache_row *row = row_of(b, from->name);
    const struct mt_scope_statistic *times = &from->value[MT_SCOPE_DURATION_NS];
    if (strcmp(mt_profile_text(b->profile, from->group), MT_GROUP_HITS) == 0) {
        row->hits = from->count;
        row->hit_ns = *times;
    } else {
        row->misses = from->count;
        row->miss_ns = *times;
    }
}

static void take_size(struct building *b, const struct mt_scope_tally *from) {
    struct mt_cache_row *row = row_of(b, from->name);
    row->has_size = true;
    row->size_bytes = from->value;
    row->highest_bytes = from->highest;
}

static mt_string last_name(const struct mt_scopes_rows *rows) {
    const struct mt_scopes *scopes = &rows->profile->info.scopes;
    mt_string last = 0;
    for (size_t i = 0; i < rows->n_answers; i++)
        last = rows->answers[i].name > last ? rows->answers[i].name : last;
    for (size_t i = 0; i < scopes->n_tallies; i++)
        last = scopes->tallies[i].name > last ? scopes->tallies[i].name : last;
    return last;
}

static void take(struct building *b, const struct mt_scopes_rows *rows) {
    const struct mt_scopes *scopes = &rows->profile->info.scopes;
    for (size_t i = 0; i < rows->n_answers; i++)
        take_answers(b, &rows->answers[i]);
    for (size_t i = 0; i < scopes->n_tallies; i++)
        if (scopes->tallies[i].kind == MT_TALLY_CACHE)
            take_size(b, &scopes->tallies[i]);
}

int64_t mt_caches_build(const struct mt_scopes_rows *rows, struct mt_cache_row **out) {
    struct building b = {.profile = rows->profile};
    b.items = calloc(rows->n_answers + rows->profile->info.scopes.n_tallies + 1, sizeof *b.items);
    b.place = calloc((size_t)last_name(rows) + 1, sizeof *b.place);
    if (b.items && b.place)
        take(&b, rows);
    bool made = b.items && b.place;
    free(b.place);
    if (!made) {
        free(b.items);
        return -MEMTRACK_ENOMEM;
    }
    qsort_r(b.items, b.n, sizeof *b.items, compare, (void *)(uintptr_t)rows->profile);
    *out = b.items;
    return (int64_t)b.n;
}
