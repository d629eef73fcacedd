/* SPDX-License-Identifier: MIT */
/*
 * Statements of modules that were built again. Every frame of every call path counts, not only
 * those that are charged: the lines that call are aligned together with the lines that allocate,
 * which makes call paths comparable and gives each function more to be recognized by.
 *
 *   entries ──► points (statement of a function, once) ──sort by function, line──► align.h,
 *      │                                                                  a function at a time
 *      └── samples: what each point calls, how many blocks pass through it
 *
 * A function is known by its file and its name without parameters and template arguments: overloads
 * and instances share their lines, and align.h prefers full names that agree. A function without
 * file is known by its module.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"
#include "view/compare/alignment.h"
#include "view/compare/match.h"
#include "view/format/format.h"
#include "view/rows/wrappers.h"

enum { MAX_TEXTS = 512 }; /* a line is looked for from the beginning of its file */

struct lines {
    struct mt_match *match;
    uint32_t *bare; /* shared id of a function -> of its bare name, UINT32_MAX: not known yet */
    struct mt_identities groups;
    uint64_t *bit; /* shared id of a function -> its bit of what is called */
};

/* ---- points ---------------------------------------------------------------------------------- */

static uint32_t make_bare(struct mt_match *match, uint32_t function) {
    const char *name, *whole = mt_strings_text(match->strings, function);
    size_t bytes = mt_format_qualified_name(whole, &name);
    char *qualified = bytes ? strndup(name, bytes) : strdup(whole);
    char *emptied = qualified ? mt_format_shorten_templates(qualified, "") : NULL;
    uint32_t id =
        emptied ? mt_strings_intern(match->strings, emptied, strlen(emptied)) : UINT32_MAX;
    free(qualified);
    free(emptied);
    return id;
}

static int64_t group_of(struct lines *l, const struct mt_statement *at) {
    uint32_t *bare = &l->bare[at->function];
    if (*bare == UINT32_MAX)
        *bare = make_bare(l->match, at->function);
    if (*bare == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    bool has_line = at->kind == MT_BY_FILE_AND_LINE;
    return mt_identity_id(&l->groups,
                          (struct mt_identity){.tag = has_line ? MT_ID_FUNCTION : MT_ID_SYMBOL,
                                               .a = *bare,
                                               .b = has_line ? at->file : 0,
                                               .c = has_line ? 0 : at->module});
}

static struct mt_match_point *append_point(struct mt_match_side *s) {
    if (!mt_array_reserve(&s->points, &s->capacity, s->n_points + 1, sizeof *s->points))
        return NULL;
    return memset(&s->points[s->n_points++], 0, sizeof *s->points);
}

static int add_entry(struct lines *l, enum mt_side side, uint32_t e, struct mt_identities *seen) {
    struct mt_match_side *s = &l->match->side[side];
    struct mt_statement at = mt_match_statement(l->match, side, e);
    s->point_of[e] = MT_NO_ENTRY;
    if (!l->match->rebuilt[at.module] || (!at.function && at.kind != MT_BY_FILE_AND_LINE))
        return 0;
    int64_t group = group_of(l, &at);
    if (group < 0)
        return -MEMTRACK_ENOMEM;
    /* the full name is part of it: what two instances of a template do on a line are two
     * statements */
    struct mt_identity identity = {
        .tag = MT_ID_PAIR, .a = (uint64_t)group << 32 | at.function, .b = (uint64_t)at.position};
    int64_t id = mt_identity_id(seen, identity);
    if (id >= 0 && (size_t)id == s->n_points) {
        struct mt_match_point *point = append_point(s);
        if (!point)
            return -MEMTRACK_ENOMEM;
        *point = (struct mt_match_point){
            .at = at, .group = (uint32_t)group, .counterpart = MT_NO_ENTRY, .entry = e};
    }
    s->point_of[e] = (uint32_t)id;
    return id < 0 ? -MEMTRACK_ENOMEM : 0;
}

static int find_points(struct lines *l, enum mt_side side) {
    struct mt_match_side *s = &l->match->side[side];
    struct mt_identities seen = {0};
    s->point_of = calloc(s->frames->n_entries + 1, sizeof *s->point_of);
    int status = s->point_of ? 0 : -MEMTRACK_ENOMEM;
    for (uint32_t e = 0; e < s->frames->n_entries && status == 0; e++)
        status = add_entry(l, side, e, &seen);
    mt_identity_free(&seen);
    return status;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static uint64_t bit_of(uint64_t id) {
    return UINT64_C(1) << ((id * MT_HASH_GOLDEN) >> 58);
}

/* Eight bytes at a time: names of templates are long, and a page comes by here with each question. */
static uint64_t hash_text(const char *text) {
    uint64_t hash = 0, word;
    size_t bytes = strlen(text), n;
    for (; bytes; bytes -= n, text += n) {
        word = 0;
        n = bytes < sizeof word ? bytes : sizeof word;
        memcpy(&word, text, n);
        hash = mt_hash_mix(hash, word);
    }
    return hash;
}

/* By their texts: the same profiles have other indexes when they are read from another file. */
static int find_bits(struct lines *l, uint32_t n_texts) {
    l->bit = calloc((size_t)n_texts + 1, sizeof *l->bit);
    for (uint32_t id = 1; id < n_texts && l->bit; id++)
        l->bit[id] = bit_of(hash_text(mt_strings_text(l->match->strings, id)));
    return l->bit ? 0 : -MEMTRACK_ENOMEM;
}

struct callees {
    uint64_t direct, inner;
};

static void witness(struct mt_match_side *s, const struct mt_sample *sample, uint32_t e,
                    struct callees callees) {
    if (s->point_of[e] == MT_NO_ENTRY)
        return;
    struct mt_match_point *point = &s->points[s->point_of[e]];
    point->callees |= callees.direct;
    point->inner |= callees.inner;
    if (sample->has_size_class)
        point->sizes |= bit_of(sample->size_class);
    if (__builtin_add_overflow(point->blocks, sample->value[MT_VALUE_TOTAL_BLOCKS],
                               &point->blocks) ||
        __builtin_add_overflow(point->bytes, sample->value[MT_VALUE_TOTAL_BYTES], &point->bytes))
        point->blocks = 0; /* no evidence */
}

/* Returns what the caller of this entry calls. */
static struct callees called(const struct lines *l, const struct mt_match_side *s, uint32_t e,
                             struct callees callees) {
    const struct mt_frame_entry *entry = &s->frames->entries[e];
    uint32_t name = s->text[mt_frames_function_name(s->frames, entry)];
    bool is_user = mt_frames_can_be_charged(entry) || entry->kind == MT_FRAME_RUNTIME;
    callees.direct = l->bit[name];
    callees.inner = callees.direct | (is_user ? 0 : callees.inner);
    return callees;
}

/* Asks every call path, from the inside outwards, what its statements call. */
static void gather(struct lines *l, enum mt_side side) {
    struct mt_match_side *s = &l->match->side[side];
    const struct mt_profile *profile = s->frames->profile;
    for (size_t i = 0; i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        struct callees callees = {0};
        for (uint32_t f = 0; f < sample->n_frames; f++) {
            uint32_t location = profile->frames[sample->first_frame + f];
            for (uint32_t e = s->frames->first_entry[location];
                 e < s->frames->first_entry[location + 1]; e++) {
                witness(s, sample, e, callees);
                callees = called(l, s, e, callees);
            }
        }
    }
}

/* ---- alignment ------------------------------------------------------------------------------- */

struct ordering {
    const struct mt_match_point *points;
    const struct mt_strings *strings;
};

/* Instances of a template that share a line go by their names, not by the indexes of these. */
static int compare_points(const void *left, const void *right, void *context) {
    const struct ordering *o = context;
    const struct mt_match_point *x = &o->points[*(const uint32_t *)left],
                                *y = &o->points[*(const uint32_t *)right];
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->at.position != y->at.position)
        return x->at.position < y->at.position ? -1 : 1;
    return strcmp(mt_strings_text(o->strings, x->at.function),
                  mt_strings_text(o->strings, y->at.function));
}

/* Returns indexes of the points of a side, sorted by function and position. */
static uint32_t *sorted(const struct mt_match *match, enum mt_side side) {
    const struct mt_match_side *s = &match->side[side];
    struct ordering by = {s->points, match->strings};
    uint32_t *order = calloc(s->n_points + 1, sizeof *order);
    for (uint32_t i = 0; order && i < s->n_points; i++)
        order[i] = i;
    if (order && s->n_points)
        qsort_r(order, s->n_points, sizeof *order, compare_points, &by);
    return order;
}

static struct mt_alignment_point describe(const struct lines *l, enum mt_side side,
                                          const struct mt_match_point *point, uint32_t text) {
    const struct mt_match_side *s = &l->match->side[side];
    const struct mt_frame_entry *entry = &s->frames->entries[point->entry];
    const struct mt_function *function = mt_frames_function(s->frames, entry);
    bool has_line = point->at.kind == MT_BY_FILE_AND_LINE;
    return (struct mt_alignment_point){
        .position = point->at.position,
        .start = has_line && function ? function->start_line : 0,
        .callees = point->callees,
        .inner = point->inner,
        .sizes = point->sizes,
        .blocks = point->blocks,
        .bytes = point->bytes,
        .function = point->at.function,
        .text = text,
    };
}

struct run {
    const uint32_t *order;
    size_t n;
};

/* Returns whether the texts of their lines tell the points of a function apart. */
static bool has_texts(struct lines *l, const struct run run[MT_N_SIDES]) {
    const struct mt_frames *const frames[] = {l->match->side[MT_OLD].frames,
                                              l->match->side[MT_NEW].frames};
    const struct mt_match_point *first[MT_N_SIDES];
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        first[side] = &l->match->side[side].points[run[side].order[0]];
    const uint32_t entries[] = {first[MT_OLD]->entry, first[MT_NEW]->entry};
    return first[MT_OLD]->at.kind == MT_BY_FILE_AND_LINE &&
           run[MT_OLD].n + run[MT_NEW].n <= MAX_TEXTS &&
           mt_match_texts_are_evidence(&l->match->texts, frames, entries);
}

/* Returns the points of a run as they are aligned, NULL when out of memory. */
static struct mt_alignment_point *describe_all(struct lines *l, enum mt_side side, struct run run,
                                               bool with_texts) {
    const struct mt_match_side *s = &l->match->side[side];
    struct mt_alignment_point *points = calloc(run.n + 1, sizeof *points);
    for (size_t i = 0; i < run.n && points; i++) {
        const struct mt_match_point *point = &s->points[run.order[i]];
        int64_t text =
            with_texts ? mt_match_texts_at(&l->match->texts, s->frames, side, point->entry) : 0;
        if (text < 0) {
            free(points);
            return NULL;
        }
        points[i] = describe(l, side, point, (uint32_t)text);
    }
    return points;
}

static int align_group(struct lines *l, const struct run run[MT_N_SIDES]) {
    struct mt_match_side *sides = l->match->side;
    bool with_texts = has_texts(l, run);
    uint32_t *to = calloc(run[MT_OLD].n + 1, sizeof *to);
    struct mt_alignment_point *old = describe_all(l, MT_OLD, run[MT_OLD], with_texts),
                              *new = describe_all(l, MT_NEW, run[MT_NEW], with_texts);
    int status = to && old && new ? mt_alignment_find(old, run[MT_OLD].n, new, run[MT_NEW].n, to)
                                  : -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < run[MT_OLD].n && status == 0; i++)
        if (to[i] != MT_ALIGNMENT_NONE)
            sides[MT_OLD].points[run[MT_OLD].order[i]].counterpart = run[MT_NEW].order[to[i]];
    free(old);
    free(new);
    free(to);
    return status;
}

/* Returns how many points from the i-th on are of one function. */
static struct run run_at(const struct mt_match_side *s, const uint32_t *order, size_t i) {
    struct run run = {.order = order + i};
    while (i + run.n < s->n_points &&
           s->points[order[i + run.n]].group == s->points[order[i]].group)
        run.n++;
    return run;
}

static int align_all(struct lines *l, const uint32_t *old_order, const uint32_t *new_order) {
    const struct mt_match_side *o = &l->match->side[MT_OLD], *n = &l->match->side[MT_NEW];
    int status = 0;
    for (size_t i = 0, j = 0; i < o->n_points && j < n->n_points && status == 0;) {
        struct run run[] = {run_at(o, old_order, i), run_at(n, new_order, j)};
        uint32_t old_group = o->points[old_order[i]].group,
                 new_group = n->points[new_order[j]].group;
        if (old_group == new_group)
            status = align_group(l, run);
        i += old_group <= new_group ? run[MT_OLD].n : 0;
        j += new_group <= old_group ? run[MT_NEW].n : 0;
    }
    return status;
}

int mt_match_lines(struct mt_match *match) {
    uint32_t n_texts = mt_strings_count(match->strings);
    const struct mt_profile *const profiles[] = {match->side[MT_OLD].frames->profile,
                                                 match->side[MT_NEW].frames->profile};
    struct lines l = {.match = match, .bare = malloc(((size_t)n_texts + 1) * sizeof *l.bare)};
    int status = l.bare ? mt_match_texts_init(&match->texts, profiles) : -MEMTRACK_ENOMEM;
    if (l.bare)
        memset(l.bare, 0xFF, ((size_t)n_texts + 1) * sizeof *l.bare);
    if (status == 0)
        status = find_bits(&l, n_texts);
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status == 0; side++) {
        status = find_points(&l, side);
        if (status == 0)
            gather(&l, side);
    }
    uint32_t *old_order = status == 0 ? sorted(match, MT_OLD) : NULL;
    uint32_t *new_order = status == 0 ? sorted(match, MT_NEW) : NULL;
    status = old_order && new_order ? align_all(&l, old_order, new_order) : -MEMTRACK_ENOMEM;
    free(old_order);
    free(new_order);
    mt_match_texts_close(&match->texts);
    mt_identity_free(&l.groups);
    free(l.bit);
    free(l.bare);
    return status;
}
