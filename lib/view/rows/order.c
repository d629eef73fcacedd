/* SPDX-License-Identifier: MIT */
/*
 * In which order rows come: by the sort column, then by live bytes, live blocks, and names, so that
 * equal profiles give equal reports. Two paths are compared frame by frame, which is rare:
 * everything else has to be equal first.
 */
#include "view/rows/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/rows/identity.h"
#include "view/rows/rows-local.h"

static int compare_numbers(int64_t x, int64_t y) {
    return x < y ? -1 : x > y;
}

static int compare_text(const struct mt_profile *profile, mt_string x, mt_string y) {
    return x == y ? 0 : strcmp(mt_profile_text(profile, x), mt_profile_text(profile, y));
}

static int compare_frames(const struct mt_frames *frames, uint32_t x, uint32_t y) {
    if (x == y || x == MT_NO_ENTRY || y == MT_NO_ENTRY)
        return compare_numbers(x, y);
    const struct mt_frame_entry *a = &frames->entries[x], *b = &frames->entries[y];
    int order = compare_text(frames->profile, mt_frames_file(frames, a), mt_frames_file(frames, b));
    if (!order)
        order = compare_numbers(a->line, b->line);
    if (!order)
        order = compare_text(frames->profile, mt_frames_function_name(frames, a),
                             mt_frames_function_name(frames, b));
    if (!order)
        order = compare_text(frames->profile, a->module, b->module);
    return order ? order
                 : compare_numbers((int64_t)mt_frames_module_address(frames, a),
                                   (int64_t)mt_frames_module_address(frames, b));
}

static int compare_paths(const struct mt_rows *rows, const struct mt_row *x,
                         const struct mt_row *y) {
    const struct mt_frames *frames = &rows->frames;
    const struct mt_sample *a = &rows->profile->samples[x->sample],
                           *b = &rows->profile->samples[y->sample];
    uint32_t i = x->position + 1, j = y->position + 1;
    for (; i < a->n_frames && j < b->n_frames; i++, j++) {
        uint32_t l = rows->profile->frames[a->first_frame + i],
                 m = rows->profile->frames[b->first_frame + j];
        int order =
            l == m ? 0 : compare_frames(frames, frames->first_entry[l], frames->first_entry[m]);
        if (order)
            return order;
    }
    return compare_numbers((int64_t)a->n_frames - i, (int64_t)b->n_frames - j);
}

static int compare_labels(const struct mt_rows *rows, const struct mt_row *x,
                          const struct mt_row *y) {
    const struct mt_profile *profile = rows->profile;
    const struct mt_sample *a = &profile->samples[x->sample], *b = &profile->samples[y->sample];
    switch (rows->options.by) {
    case MT_BY_THREAD:
        return compare_text(profile, a->thread, b->thread);
    case MT_BY_SCOPE:
        return compare_text(profile, a->scope, b->scope);
    case MT_BY_PROCESS:
        return compare_text(profile, a->process, b->process);
    case MT_BY_SIZE:
        return compare_numbers(a->size_class, b->size_class);
    default:
        return compare_text(profile, a->domain, b->domain);
    }
}

int mt_rows_order_names(const struct mt_rows *rows, const struct mt_row *x,
                        const struct mt_row *y) {
    if (!mt_group_by_is_frame(rows->options.by) && rows->options.by != MT_BY_STACK)
        return compare_labels(rows, x, y);
    int order = compare_frames(&rows->frames, x->entry, y->entry);
    return order || rows->options.by != MT_BY_STACK || x->entry == MT_NO_ENTRY
               ? order
               : compare_paths(rows, x, y);
}

static int compare_values(const void *left, const void *right, void *context) {
    const struct mt_rows *rows = context;
    const struct mt_row *x = left, *y = right;
    enum mt_value sort = rows->options.sort;
    const enum mt_value columns[] = {sort, MT_VALUE_LIVE_BYTES, MT_VALUE_LIVE_BLOCKS};
    if (rows->has_negative[sort]) { /* what has changed most first, and what has not changed at all
                                       last */
        uint64_t a = mt_saturate_magnitude(x->value[sort]),
                 b = mt_saturate_magnitude(y->value[sort]);
        if (a != b)
            return a < b ? 1 : -1;
    }
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        int order = compare_numbers(y->value[columns[i]], x->value[columns[i]]);
        if (order)
            return order;
    }
    return 0;
}

static int compare_equals(const void *left, const void *right, void *context) {
    const struct mt_row *x = left, *y = right;
    int order = mt_rows_order_names(context, x, y);
    return order ? order : compare_numbers(x->sample, y->sample);
}

void mt_rows_order_items(void *items, size_t n, size_t item_bytes, size_t n_named,
                         mt_rows_order_compare *values, mt_rows_order_compare *names,
                         void *context) {
    char *base = items;
    if (n == 0)
        return;
    qsort_r(items, n, item_bytes, values, context);
    for (size_t first = 0, end; first < n && (n_named == 0 || first < n_named); first = end) {
        for (end = first + 1; end < n; end++)
            if (values(base + first * item_bytes, base + end * item_bytes, context) != 0)
                break;
        if (end - first > 1)
            qsort_r(base + first * item_bytes, end - first, item_bytes, names, context);
    }
}

static int mark_shared_names(struct mt_rows *rows) {
    struct mt_identities names = {0};
    uint32_t *first = calloc(rows->n + 1, sizeof *first); /* row + 1 that first had the name */
    int status = first ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < rows->n && status == 0; i++) {
        struct mt_row *row = &rows->items[i];
        if (!row->function)
            continue;
        int64_t id =
            mt_identity_id(&names, (struct mt_identity){.tag = MT_ID_NAME, .a = row->function});
        if (id < 0)
            status = -MEMTRACK_ENOMEM;
        else if (first[id])
            row->shares_name = rows->items[first[id] - 1].shares_name = true;
        else
            first[id] = (uint32_t)i + 1;
    }
    free(first);
    mt_identity_free(&names);
    return status;
}

/* Maps the first sample of a group to where the group's row is now. */
static int locate_samples(struct mt_rows *rows) {
    uint32_t *row_of_first =
        rows->row_of_sample ? malloc((rows->n_samples + 1) * sizeof *row_of_first) : NULL;
    if (!rows->row_of_sample)
        return 0;
    if (!row_of_first)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < rows->n; i++)
        row_of_first[rows->items[i].sample] = (uint32_t)i;
    for (size_t s = 0; s < rows->n_samples; s++)
        if (rows->row_of_sample[s] != UINT32_MAX)
            rows->row_of_sample[s] = row_of_first[rows->row_of_sample[s]];
    free(row_of_first);
    return 0;
}

int mt_rows_order(struct mt_rows *rows) {
    if (rows->options.by == MT_BY_FUNCTION && mark_shared_names(rows) < 0)
        return -MEMTRACK_ENOMEM;
    mt_rows_order_items(rows->items, rows->n, sizeof *rows->items, rows->options.n_named,
                        compare_values, compare_equals, rows);
    return locate_samples(rows);
}
