/* SPDX-License-Identifier: MIT */
/*
 * Every row of either side gets the number of its identity in a table that both share (match.h),
 * and rows of one number make one row of the difference. Old rows may meet in one (two lines have
 * become one): their values add up, so that nothing is counted twice or lost.
 *
 * A call path is numbered by folding its frames from the outer end inwards, a pair of numbers at a
 * time: exact, and paths share what they have in common.
 *
 * Threads have other ids in every process. In two recordings the k-th thread of a name is compared
 * with the k-th of that name, and the main thread with the main thread.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/compare/diff-local.h"
#include "view/rows/identity.h"

/* ---- identities ------------------------------------------------------------------------------ */

struct pairing {
    struct mt_diff *diff;
    struct mt_identities ids, path_ids;
    uint32_t *ordinal[MT_N_SIDES]; /* by thread: per shared id, which one of its name; NULL: texts
                                      are compared */
    uint32_t *bare_name;           /* by thread: per shared id, its text without the thread id */
    struct mt_row_frame *path;
    size_t path_capacity;
};

static int64_t path_id(struct pairing *p, enum mt_side side, const struct mt_row *row) {
    const struct mt_rows *rows = p->diff->rows[side];
    bool truncated;
    size_t n = mt_rows_stack(rows, row, NULL, 0, &truncated);
    if (!mt_array_reserve(&p->path, &p->path_capacity, n, sizeof *p->path))
        return -MEMTRACK_ENOMEM;
    mt_rows_stack(rows, row, p->path, n, &truncated);
    int64_t id = truncated ? INT64_MAX - 1 - mt_rows_missing(rows, row) : INT64_MAX;
    for (size_t i = n; i-- > 0 && id >= 0;) {
        int64_t frame =
            mt_identity_id(&p->path_ids, mt_match_frame(&p->diff->match, side, p->path[i].id));
        struct mt_identity pair = {.tag = MT_ID_PAIR, .a = (uint64_t)frame, .b = (uint64_t)id};
        id = frame < 0 ? frame : mt_identity_id(&p->path_ids, pair);
    }
    return id;
}

/* Threads and processes have ids that mean nothing in another run. */
static bool has_ids(enum mt_group_by by) {
    return by == MT_BY_THREAD || by == MT_BY_PROCESS;
}

static struct mt_identity label_identity(const struct pairing *p, enum mt_side side,
                                         const struct mt_sample *sample) {
    enum mt_group_by by = p->diff->rows[side]->options.by;
    struct mt_identity identity = mt_identity_of_label(sample, by);
    if (by == MT_BY_SIZE)
        return identity;
    identity.a = mt_match_text(&p->diff->match, side, (mt_string)identity.a);
    if (has_ids(by) && p->ordinal[side]) {
        identity.b = p->ordinal[side][identity.a];
        identity.a = p->bare_name[identity.a];
    }
    return identity;
}

static int64_t row_id(struct pairing *p, enum mt_side side, const struct mt_row *row) {
    const struct mt_rows *rows = p->diff->rows[side];
    enum mt_group_by by = rows->options.by;
    const struct mt_sample *sample = &rows->profile->samples[row->sample];
    struct mt_identity identity;
    if (!mt_group_by_is_frame(by) && by != MT_BY_STACK) {
        identity = label_identity(p, side, sample);
    } else if (row->entry == MT_NO_ENTRY) {
        identity = mt_identity_of_nothing(sample);
    } else if (by == MT_BY_STACK) {
        int64_t id = path_id(p, side, row);
        if (id < 0)
            return id;
        identity = (struct mt_identity){.tag = MT_ID_PAIR, .a = (uint64_t)id};
    } else {
        identity = mt_match_entry(&p->diff->match, side, row->entry, by);
    }
    return mt_identity_id(&p->ids, identity);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct thread_name {
    uint32_t text, bare; /* shared ids */
    uint64_t tid;        /* 0: the main thread, or not known: first of its name */
};

static int compare_threads(const void *left, const void *right) {
    const struct thread_name *x = left, *y = right;
    if (x->bare != y->bare)
        return x->bare < y->bare ? -1 : 1;
    return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* The text is "1234 worker", or "1234 cc1 … a.c". The main thread has its process's id and no name
 * of its own, and so has the process that was started. */
static struct thread_name split_thread(struct pairing *p, enum mt_side side, mt_string thread) {
    const struct mt_profile *profile = p->diff->rows[side]->profile;
    const char *text = mt_profile_text(profile, thread);
    struct thread_name name = {.text = mt_match_text(&p->diff->match, side, thread)};
    char *end;
    name.bare = name.text;
    if (!isdigit((unsigned char)*text))
        return name;
    name.tid = strtoull(text, &end, 10);
    const char *bare = *end == ' ' ? end + 1 : end;
    if (name.tid == profile->info.pid) {
        name.tid = 0;
        bare = "main";
    }
    name.bare = mt_strings_intern(p->diff->match.strings, bare, strlen(bare));
    return name;
}

static int number_threads(struct pairing *p, enum mt_side side, size_t n_texts) {
    const struct mt_rows *rows = p->diff->rows[side];
    struct thread_name *names = calloc(rows->n + 1, sizeof *names);
    p->ordinal[side] = calloc(n_texts + 1, sizeof *p->ordinal[side]);
    bool failed = !names || !p->ordinal[side];
    for (size_t i = 0; i < rows->n && !failed; i++) {
        const struct mt_sample *sample = &rows->profile->samples[rows->items[i].sample];
        names[i] = split_thread(
            p, side, rows->options.by == MT_BY_THREAD ? sample->thread : sample->process);
        failed = names[i].bare == UINT32_MAX;
    }
    if (!failed && rows->n)
        qsort(names, rows->n, sizeof *names, compare_threads);
    for (size_t i = 0; i < rows->n && !failed; i++) {
        bool same = i > 0 && names[i - 1].bare == names[i].bare;
        p->bare_name[names[i].text] = names[i].bare;
        p->ordinal[side][names[i].text] = same ? p->ordinal[side][names[i - 1].text] + 1 : 0;
    }
    free(names);
    return failed ? -MEMTRACK_ENOMEM : 0;
}

static int prepare_threads(struct pairing *p) {
    if (!has_ids(p->diff->rows[MT_OLD]->options.by) || p->diff->match.is_same_process)
        return 0;
    size_t n_texts = mt_strings_count(p->diff->match.strings);
    p->bare_name = calloc(n_texts + 1, sizeof *p->bare_name);
    int status = p->bare_name ? 0 : -MEMTRACK_ENOMEM;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status == 0; side++)
        status = number_threads(p, side, n_texts);
    return status;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static struct mt_diff_row *row_of_id(struct mt_diff *diff, size_t id) {
    if (!mt_array_reserve(&diff->items, &diff->capacity, id + 1, sizeof *diff->items))
        return NULL;
    if (id == diff->n)
        memset(&diff->items[diff->n++], 0, sizeof *diff->items);
    return &diff->items[id];
}

/* When grouping by function, pairs two functions that have changed their file (or their file's
 * name) but not their own name, which is unique on each side. */
static int merge_moved_functions(struct mt_diff *diff) {
    struct mt_identities names = {0};
    uint32_t(*first)[MT_N_SIDES] =
        calloc(diff->n + 1, sizeof *first); /* per name: row + 1, UINT32_MAX: several */
    int status = first ? 0 : -MEMTRACK_ENOMEM;
    for (uint32_t i = 0; i < diff->n && status == 0; i++) {
        const struct mt_diff_row *row = &diff->items[i];
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
            if (!row->row[side] || !row->row[side]->function)
                continue;
            uint32_t name = mt_match_text(&diff->match, side, row->row[side]->function);
            int64_t id = mt_identity_id(&names, (struct mt_identity){.tag = MT_ID_NAME, .a = name});
            if (id < 0)
                status = -MEMTRACK_ENOMEM;
            else
                first[id][side] = first[id][side] ? UINT32_MAX : i + 1;
        }
    }
    for (size_t id = 0; id < names.n && status == 0; id++) {
        uint32_t old = first[id][MT_OLD], new = first[id][MT_NEW];
        if (!old || !new || old == UINT32_MAX || new == UINT32_MAX || old == new)
            continue;
        struct mt_diff_row *from = &diff->items[old - 1], *to = &diff->items[new - 1];
        if (from->row[MT_NEW] || to->row[MT_OLD])
            continue;
        to->row[MT_OLD] = from->row[MT_OLD];
        mt_diff_add_value(to->value[MT_OLD], from->value[MT_OLD]);
        mt_diff_add_variance(to->variance, from->variance);
        from->row[MT_OLD] = NULL; /* left without a side: dropped by drop_empty */
    }
    free(first);
    mt_identity_free(&names);
    return status;
}

static void drop_empty(struct mt_diff *diff) {
    size_t kept = 0;
    for (size_t i = 0; i < diff->n; i++)
        if (diff->items[i].row[MT_OLD] || diff->items[i].row[MT_NEW])
            diff->items[kept++] = diff->items[i];
    diff->n = kept;
}

static int pair_rows(struct pairing *p) {
    struct mt_diff *diff = p->diff;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        for (size_t i = 0; i < diff->rows[side]->n; i++) {
            const struct mt_row *row = &diff->rows[side]->items[i];
            int64_t id = row_id(p, side, row);
            struct mt_diff_row *both = id < 0 ? NULL : row_of_id(diff, (size_t)id);
            if (!both)
                return -MEMTRACK_ENOMEM;
            if (!both->row[side]) /* rows come largest first */
                both->row[side] = row;
            mt_diff_add_value(both->value[side], row->value);
            if (row->variance)
                mt_diff_add_variance(both->variance, row->variance);
        }
    if (diff->rows[MT_OLD]->options.by != MT_BY_FUNCTION)
        return 0;
    int status = merge_moved_functions(diff);
    drop_empty(diff);
    return status;
}

int mt_diff_pair(struct mt_diff *diff) {
    struct pairing p = {.diff = diff};
    int status =
        mt_match_init(&diff->match, &diff->rows[MT_OLD]->frames, &diff->rows[MT_NEW]->frames);
    if (status == 0)
        status = prepare_threads(&p);
    if (status == 0)
        status = pair_rows(&p);
    mt_identity_free(&p.ids);
    mt_identity_free(&p.path_ids);
    free(p.ordinal[MT_OLD]);
    free(p.ordinal[MT_NEW]);
    free(p.bare_name);
    free(p.path);
    return status;
}
