/* SPDX-License-Identifier: MIT */
/*
 * From samples to rows in one pass. What a frame is grouped under is found once per frame of the
 * profile (a "group" array beside frames.h's entries), so a sample costs the search for its charged
 * frame and an addition.
 *
 * --cumulative adds a sample to every frame of its path: cumulative.c.
 *
 * Sums saturate: a profile may hold any number in any column, and a wrapped sum would be a lie with
 * a sign.
 */
#include "view/rows/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/loop.h"
#include "base/saturate.h"
#include "view/margin.h"
#include "view/rows/cumulative.h"
#include "view/rows/identity.h"
#include "view/rows/infer.h"
#include "view/rows/parts.h"
#include "view/rows/paths.h"
#include "view/rows/rows-local.h"

struct builder {
    struct mt_rows *rows;
    const struct mt_view_options *options;
    struct mt_identities ids;
    struct mt_rows_paths paths;
    uint32_t *row_of; /* group id -> row + 1 */
    size_t n_row_of;
    uint8_t *entry_bits; /* filter: per entry, per location; NULL without one */
    uint8_t *location_bits;
    bool filters_labels, selects;
    bool knows_all;  /* the sum of all samples */
    uint32_t *group; /* per entry, when frames are grouped */
    struct mt_cumulative cumulative;
    int64_t *live_bytes, *live_blocks;
};

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM,
                        "Close other programs, or narrow the report with --include.",
                        "out of memory while grouping the profile");
}

static int check_indexes(const struct mt_profile *profile, struct mt_error *error) {
    return mt_frames_are_sound(profile)
               ? 0
               : mt_error_set(
                     error, MEMTRACK_EFORMAT, "Record it again.",
                     "the profile is damaged: a call path names frames that are not in it");
}

/* Returns the row of a group id, which is made when it is new. */
static struct mt_row *row_of_group(struct builder *b, uint32_t group, uint32_t sample,
                                   uint32_t entry) {
    struct mt_rows *rows = b->rows;
    if (!mt_array_reserve_zeroed(&b->row_of, &b->n_row_of, (size_t)group + 1, sizeof *b->row_of))
        return NULL;
    if (!b->row_of[group]) {
        struct mt_row *row = mt_rows_append(rows);
        if (!row)
            return NULL;
        mt_rows_identify(rows, row, sample, entry);
        b->row_of[group] = (uint32_t)rows->n;
    }
    return &rows->items[b->row_of[group] - 1];
}

/* Room for what differs from the sample's own. */
struct own_amount {
    int64_t value[MT_N_VALUES];
    double variance[MT_N_VALUES];
};

static struct mt_amount amount_of(const struct builder *b, uint32_t s, struct own_amount *own) {
    const struct mt_profile *profile = b->rows->profile;
    const struct mt_sample *sample = &profile->samples[s];
    struct mt_amount amount = {.value = sample->value, .n_samples = 1};
    if (b->live_bytes) {
        memcpy(own->value, sample->value, sizeof own->value);
        own->value[MT_VALUE_LIVE_BYTES] = b->live_bytes[s];
        own->value[MT_VALUE_LIVE_BLOCKS] = b->live_blocks[s];
        own->value[MT_VALUE_WASTE_BYTES] = 0; /* this is known of the end alone */
        amount.value = own->value;
    }
    if (profile->info.sample_bytes) {
        memset(own->variance, 0, sizeof own->variance);
        mt_margin_add(profile, sample, amount.value, own->variance);
        amount.variance = own->variance;
    }
    return amount;
}

/* A sample has nothing in most columns. */
static void count(struct mt_row *row, struct mt_amount amount) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (amount.value[v])
            mt_saturate_add(&row->value[v], amount.value[v]);
    for (size_t v = 0; v < MT_N_VALUES && amount.variance; v++)
        row->variance[v] += amount.variance[v];
    row->n_sites += amount.n_samples;
}

static uint8_t label_bits(const struct builder *b, const struct mt_sample *sample) {
    struct mt_filter_sample labels = {.scope = mt_profile_text(b->rows->profile, sample->scope),
                                      .domain = mt_profile_text(b->rows->profile, sample->domain),
                                      .thread = mt_profile_text(b->rows->profile, sample->thread),
                                      .process =
                                          mt_profile_text(b->rows->profile, sample->process)};
    return mt_filter_labels(&b->options->filter, &labels);
}

static void note_signs(struct mt_rows *rows, const int64_t value[MT_N_VALUES]) {
    for (size_t v = 0; v < MT_N_VALUES; v++) {
        if (value[v] == 0)
            continue;
        rows->has_negative[v] |= value[v] < 0;
        mt_saturate_add(&rows->gross[v], mt_saturate_signed(mt_saturate_magnitude(value[v])));
    }
}

static bool passes(const struct builder *b, uint32_t s, uint32_t charged, uint32_t position) {
    const struct mt_sample *sample = &b->rows->profile->samples[s];
    if (b->options->among && b->options->among[s] != b->options->among_value)
        return false;
    if (!b->entry_bits)
        return true;
    uint32_t library = mt_frames_passed_over(&b->rows->frames, sample, charged, position);
    uint8_t bits = charged == MT_NO_ENTRY ? 0 : b->entry_bits[charged];
    if (library != MT_NO_ENTRY)
        bits |= b->entry_bits[library];
    if (b->filters_labels)
        bits |= label_bits(b, sample);
    if (b->options->filter.all_frames) {
        const uint32_t *path = b->rows->profile->frames + sample->first_frame;
        for (uint32_t i = 0; i < sample->n_frames; i++)
            bits |= b->location_bits[path[i]];
    }
    return mt_filter_passes(&b->options->filter, bits);
}

static int64_t group_of_sample(struct builder *b, uint32_t s, uint32_t charged) {
    const struct mt_sample *sample = &b->rows->profile->samples[s];
    if (b->options->by == MT_BY_STACK)
        return mt_rows_paths_id(&b->paths, s);
    if (!mt_group_by_is_frame(b->options->by))
        return mt_identity_id(&b->ids, mt_identity_of_label(sample, b->options->by));
    if (charged == MT_NO_ENTRY)
        return mt_identity_id(&b->ids, mt_identity_of_nothing(sample));
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): groupings by frame have prepared it */
    return b->group[charged];
}

static bool count_charged(struct builder *b, uint32_t s, uint32_t charged,
                          struct mt_amount amount) {
    int64_t group = group_of_sample(b, s, charged);
    struct mt_row *row = group < 0 ? NULL : row_of_group(b, (uint32_t)group, s, charged);
    if (!row)
        return false;
    count(row, amount);
    if (b->rows->row_of_sample)
        b->rows->row_of_sample[s] = row->sample;
    return true;
}

/* Visits every group on the path from the charged frame outwards. */
static bool count_path(struct builder *b, uint32_t s, uint32_t charged, uint32_t position,
                       struct mt_amount amount) {
    if (charged != MT_NO_ENTRY)
        return mt_cumulative_add(&b->cumulative, s, charged, position, amount) == 0;
    int64_t group = group_of_sample(b, s, charged);
    return group >= 0 && mt_cumulative_add_group(&b->cumulative, (uint32_t)group, s, amount) == 0;
}

/* Where nothing is left out. */
static void take_all(struct mt_rows *rows) {
    memcpy(rows->passed.value, rows->all.value, sizeof rows->passed.value);
    memcpy(rows->passed_variance, rows->all_variance, sizeof rows->passed_variance);
    rows->passed.n_sites = rows->all.n_sites;
}

/* Adds an amount where the sample is counted. */
static bool take(struct builder *b, uint32_t s, struct mt_amount amount) {
    struct mt_rows *rows = b->rows;
    uint32_t position = 0,
             charged = mt_frames_charged(&rows->frames, &rows->profile->samples[s], &position);
    if (b->selects) {
        if (!passes(b, s, charged, position))
            return true;
        count(&rows->passed, amount);
    }
    return b->options->cumulative ? count_path(b, s, charged, position, amount)
                                  : count_charged(b, s, charged, amount);
}

MT_LOOP_BODY static bool count_sample(struct builder *b, uint32_t s) {
    struct own_amount own;
    const struct mt_amount amount = amount_of(b, s, &own);
    if (!b->knows_all) {
        count(&b->rows->all, amount);
        note_signs(b->rows, amount.value);
    }
    return take(b, s, amount);
}

static bool count_samples(struct builder *b) {
    for (uint32_t s = 0; s < b->rows->profile->n_samples; s++)
        if (!count_sample(b, s))
            return false;
    return true;
}

/* ---- from a digest --------------------------------------------------------------------------- */

/* Whether what rows and filter look at is the same for all samples of a part. */
static bool suits_digest(const struct builder *b) {
    const struct mt_view_options *options = b->options;
    return mt_group_by_is_frame(options->by) && !options->cumulative && !options->among &&
           !(b->entry_bits && (b->filters_labels || options->filter.all_frames));
}

/* Adds up what each part has in a column at a moment. Returns false where that could saturate. */
static bool add_up(struct builder *b, const int64_t *of_samples, enum mt_value value,
                   int64_t (*sums)[MT_N_VALUES]) {
    const struct mt_parts *digest = b->rows->frames.digest;
    uint64_t gross = 0;
    b->rows->has_negative[value] = false;
    for (size_t k = 0; k < digest->n; k++)
        sums[k][value] = 0;
    for (size_t s = 0; s < b->rows->profile->n_samples; s++) {
        if (!of_samples[s])
            continue;
        mt_saturate_add(&sums[digest->part_of[s]][value], of_samples[s]);
        mt_saturate_add_count(&gross, mt_saturate_magnitude(of_samples[s]));
        b->rows->has_negative[value] |= of_samples[s] < 0;
    }
    b->rows->gross[value] = mt_saturate_signed(gross);
    return gross <= INT64_MAX;
}

/* Returns the values of all parts at the moment, malloc'ed; NULL: samples have to be counted. */
static int64_t (*values_at(struct builder *b))[MT_N_VALUES] {
    const struct mt_parts *digest = b->rows->frames.digest;
    int64_t(*sums)[MT_N_VALUES] = malloc((digest->n + 1) * sizeof *sums);
    if (!sums)
        return NULL;
    memcpy(b->rows->gross, digest->gross, sizeof b->rows->gross);
    memcpy(b->rows->has_negative, digest->has_negative, sizeof b->rows->has_negative);
    for (size_t k = 0; k < digest->n; k++)
        memcpy(sums[k], digest->parts[k].value, sizeof sums[k]);
    if (!b->live_bytes)
        return sums;
    b->rows->gross[MT_VALUE_WASTE_BYTES] = 0;
    b->rows->has_negative[MT_VALUE_WASTE_BYTES] = false;
    for (size_t k = 0; k < digest->n; k++)
        sums[k][MT_VALUE_WASTE_BYTES] = 0;
    if (add_up(b, b->live_bytes, MT_VALUE_LIVE_BYTES, sums) &&
        add_up(b, b->live_blocks, MT_VALUE_LIVE_BLOCKS, sums))
        return sums;
    memset(b->rows->gross, 0, sizeof b->rows->gross);
    memset(b->rows->has_negative, 0, sizeof b->rows->has_negative);
    free(sums);
    return NULL;
}

static struct mt_amount amount_of_part(const struct builder *b, size_t k,
                                       int64_t (*const values)[MT_N_VALUES]) {
    return (struct mt_amount){.value = values[k],
                              .n_samples = b->rows->frames.digest->parts[k].n_samples};
}

static bool count_parts(struct builder *b, int64_t (*const values)[MT_N_VALUES]) {
    const struct mt_parts *digest = b->rows->frames.digest;
    uint32_t *row_of = b->rows->row_of_sample;
    bool done = true;
    for (size_t k = 0; k < digest->n && done; k++)
        done = take(b, digest->parts[k].sample, amount_of_part(b, k, values));
    for (size_t s = 0; s < b->rows->n_samples && row_of; s++)
        row_of[s] = row_of[digest->parts[digest->part_of[s]].sample];
    return done;
}

static int count_all(struct builder *b) {
    int64_t(*values)[MT_N_VALUES] = b->rows->frames.digest ? values_at(b) : NULL;
    b->selects = b->entry_bits || b->options->among;
    b->knows_all = values != NULL;
    for (size_t k = 0; b->knows_all && k < b->rows->frames.digest->n; k++)
        count(&b->rows->all, amount_of_part(b, k, values));
    bool done = values && suits_digest(b) ? count_parts(b, values) : count_samples(b);
    free(values);
    if (!b->selects)
        take_all(b->rows);
    return done ? 0 : -MEMTRACK_ENOMEM;
}

/* ---- preparing ------------------------------------------------------------------------------- */

static int prepare_groups(struct builder *b) {
    const struct mt_frames *frames = &b->rows->frames;
    b->group = calloc(frames->n_entries + 1, sizeof *b->group);
    if (!b->group)
        return -MEMTRACK_ENOMEM;
    for (uint32_t e = 0; e < frames->n_entries; e++) {
        int64_t id = mt_identity_id(&b->ids, mt_identity_of_entry(frames, e, b->options->by));
        if (id < 0)
            return -MEMTRACK_ENOMEM;
        b->group[e] = (uint32_t)id;
    }
    return 0;
}

/* Makes the groups of samples without a frame beforehand: then all groups are known. */
static int prepare_cumulative(struct builder *b) {
    for (int lossy = 0; lossy < 2; lossy++)
        if (mt_identity_id(&b->ids, mt_identity_of_nothing(&(struct mt_sample){.lossy = lossy})) <
            0)
            return -MEMTRACK_ENOMEM;
    b->cumulative =
        (struct mt_cumulative){.rows = b->rows, .group = b->group, .n_groups = b->ids.n};
    return mt_cumulative_init(&b->cumulative);
}

static int prepare_filter(struct builder *b) {
    const struct mt_frames *frames = &b->rows->frames;
    if (mt_filter_is_empty(&b->options->filter))
        return 0;
    size_t n_locations = b->rows->profile->n_locations;
    b->filters_labels = mt_filter_has_labels(&b->options->filter);
    b->entry_bits = calloc(frames->n_entries + 1, 1);
    b->location_bits = calloc(n_locations + 1, 1);
    if (!b->entry_bits || !b->location_bits ||
        mt_filter_entries(&b->options->filter, frames, b->entry_bits) < 0)
        return -MEMTRACK_ENOMEM;
    for (size_t e = 0; e < frames->n_entries; e++)
        if (frames->entries[e].kind != MT_FRAME_HOOK)
            b->location_bits[frames->entries[e].location] |= b->entry_bits[e];
    return 0;
}

static int prepare_at(struct builder *b, struct mt_error *error) {
    const struct mt_profile *profile = b->rows->profile;
    if (b->options->at.kind == MT_AT_END)
        return 0;
    b->live_bytes = calloc(profile->n_samples + 1, sizeof *b->live_bytes);
    b->live_blocks = calloc(profile->n_samples + 1, sizeof *b->live_blocks);
    if (!b->live_bytes || !b->live_blocks)
        return out_of_memory(error);
    return mt_at_live(profile, &b->options->at, b->live_bytes, b->live_blocks, error);
}

static int prepare_samples(struct builder *b) {
    struct mt_rows *rows = b->rows;
    if (!b->options->keeps_samples || b->options->cumulative)
        return 0;
    rows->n_samples = rows->profile->n_samples;
    rows->row_of_sample = malloc((rows->n_samples + 1) * sizeof *rows->row_of_sample);
    if (!rows->row_of_sample)
        return -MEMTRACK_ENOMEM;
    memset(rows->row_of_sample, 0xff, rows->n_samples * sizeof *rows->row_of_sample);
    return 0;
}

static int prepare_frames(struct builder *b) {
    struct mt_rows *rows = b->rows;
    struct mt_wrapper_options wrappers = b->options->wrappers;
    if (b->options->frames) {
        rows->frames = *b->options->frames;
        rows->borrows_frames = true;
        return 0;
    }
    wrappers.keep_system |= b->options->by == MT_BY_MODULE; /* which library is the question */
    return mt_infer_frames(&rows->frames, rows->profile, &wrappers);
}

static int prepare(struct builder *b, struct mt_error *error) {
    int status = prepare_at(b, error);
    if (status == 0 && prepare_samples(b) < 0)
        return out_of_memory(error);
    if (status < 0)
        return status;
    status = prepare_frames(b);
    if (status == 0)
        status = prepare_filter(b);
    if (status == 0 && mt_group_by_is_frame(b->options->by))
        status = prepare_groups(b);
    if (status == 0 && b->options->cumulative)
        status = prepare_cumulative(b);
    if (status == 0 && b->options->by == MT_BY_STACK)
        status = mt_rows_paths_init(&b->paths, &b->rows->frames);
    return status < 0 ? out_of_memory(error) : 0;
}

static void free_builder(struct builder *b) {
    mt_identity_free(&b->ids);
    mt_rows_paths_free(&b->paths);
    free(b->row_of);
    free(b->entry_bits);
    free(b->location_bits);
    free(b->group);
    mt_cumulative_free(&b->cumulative);
    free(b->live_bytes);
    free(b->live_blocks);
}

static int check_options(const struct mt_view_options *options, struct mt_error *error) {
    if (options->cumulative && !mt_group_by_is_frame(options->by))
        return mt_error_set(
            error, MEMTRACK_EUSAGE, "Use it with --by line, function, file or module.",
            "--cumulative and --by %s exclude each other", mt_group_by_name(options->by));
    return 0;
}

int mt_rows_build(const struct mt_profile *profile, const struct mt_view_options *options,
                  struct mt_rows **out, struct mt_error *error) {
    *out = NULL;
    int status = check_options(options, error);
    if (status == 0 && !options->frames) /* those are of a profile that has been looked at */
        status = check_indexes(profile, error);
    if (status < 0)
        return status;
    struct mt_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return out_of_memory(error);
    struct builder b = {.rows = rows, .options = options};
    rows->profile = profile;
    rows->options = *options;
    rows->all.sample = rows->passed.sample = UINT32_MAX;
    rows->all.entry = rows->passed.entry = MT_NO_ENTRY;
    rows->all.variance = rows->all_variance;
    rows->passed.variance = rows->passed_variance;
    status = prepare(&b, error);
    if (status == 0 && count_all(&b) < 0)
        status = out_of_memory(error);
    if (status == 0 && options->cumulative)
        mt_cumulative_finish(&b.cumulative);
    free_builder(&b); /* before the rows are sorted, which needs room as well */
    if (status == 0 && mt_rows_order(rows) < 0)
        status = out_of_memory(error);
    if (status < 0) {
        mt_rows_free(rows);
        return status;
    }
    rows->options.filter = (struct mt_filter){.all_frames = options->filter.all_frames};
    rows->options.wrappers.patterns = NULL; /* the caller's, used up */
    rows->options.wrappers.n_patterns = 0;
    rows->options.among = NULL;
    rows->is_filtered = !mt_filter_is_empty(&options->filter) || options->among;
    *out = rows;
    return 0;
}
