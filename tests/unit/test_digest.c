/* SPDX-License-Identifier: MIT */
/* What is saved when rows are added up changes nothing of them: rows of a digest are those of the
 * samples, and cumulative sums are those of visiting each frame of each path. */
#include "profile-fixture.h"
#include "view/rows/digest.h"
#include "view/rows/identity.h"
#include "view/rows/infer.h"
#include "view/rows/parts.h"
#include "view/rows/rows-local.h"

/* A random profile with a time axis in which neighbours have outer frames in common, as recorded
 * ones have. */
static struct mt_profile *random_profile(uint64_t seed) {
    struct mt_profile *p = build_random_profile(seed, 300);
    struct mt_tick ticks[] = {{.time_ns = 100, .live_bytes = 1}, {.time_ns = 200, .live_bytes = 1}};
    struct mt_tick_change *changes = calloc(2 * p->n_samples, sizeof *changes);
    for (size_t s = 1; s < p->n_samples; s++) {
        const struct mt_sample *own = &p->samples[s], *last = own - 1;
        uint32_t most = own->n_frames < last->n_frames ? own->n_frames : last->n_frames;
        for (uint32_t n = build_random(&seed, most + 1); n > 0; n--)
            p->frames[own->first_frame + own->n_frames - n] =
                p->frames[last->first_frame + last->n_frames - n];
    }
    for (uint32_t i = 0; i < 2 * p->n_samples; i++)
        changes[i] = (struct mt_tick_change){i / (uint32_t)p->n_samples,
                                             build_random(&seed, (uint32_t)p->n_samples),
                                             build_random(&seed, 100), build_random(&seed, 10)};
    p->info.ticks = memcpy(malloc(sizeof ticks), ticks, sizeof ticks);
    p->info.n_ticks = 2;
    p->info.changes = changes;
    p->info.n_changes = 2 * p->n_samples;
    p->info.duration_ns = 300;
    return p;
}

static struct mt_rows *build(const struct mt_profile *p, const struct mt_view_options *options) {
    struct mt_rows *rows;
    struct mt_error error = {0};
    if (mt_rows_build(p, options, &rows, &error) < 0)
        fail_msg("%s", error.message);
    return rows;
}

/* ---- digests --------------------------------------------------------------------------------- */

static void assert_equal_sums(const struct mt_row *x, const struct mt_row *y) {
    assert_memory_equal(x->value, y->value, sizeof x->value);
    assert_int_equal(x->n_sites, y->n_sites);
    assert_int_equal(x->sample, y->sample);
    assert_int_equal(x->entry, y->entry);
}

static void assert_equal_rows(const struct mt_rows *x, const struct mt_rows *y) {
    assert_int_equal(x->n, y->n);
    for (size_t i = 0; i < x->n; i++)
        assert_equal_sums(&x->items[i], &y->items[i]);
    assert_equal_sums(&x->all, &y->all);
    assert_equal_sums(&x->passed, &y->passed);
    assert_memory_equal(x->gross, y->gross, sizeof x->gross);
    assert_memory_equal(x->has_negative, y->has_negative, sizeof x->has_negative);
    assert_memory_equal(x->row_of_sample, y->row_of_sample, x->n_samples * sizeof(uint32_t));
}

static void check_digest(const struct mt_profile *p, const struct mt_frames *frames) {
    static const char *const words[] = {"*a*", "thread:*worker"};
    static const struct mt_at moments[] = {{MT_AT_END, 0}, {MT_AT_PEAK, 0}, {MT_AT_TIME, 150}};
    for (size_t f = 0; f < 5; f++)
        for (size_t m = 0; m < sizeof moments / sizeof *moments; m++)
            for (enum mt_group_by by = 0; by < MT_N_BY; by++) {
                struct mt_view_options options = {.by = by,
                                                  .sort = MT_VALUE_LIVE_BYTES,
                                                  .at = moments[m],
                                                  .keeps_samples = true,
                                                  .wrappers.keep_system = true};
                options.filter.include = f == 1 || f == 4 ? words : words + 1;
                options.filter.n_include = f == 1 || f > 2;
                options.filter.exclude = words;
                options.filter.n_exclude = f == 2;
                options.filter.all_frames = f == 4;
                struct mt_rows *plain = build(p, &options);
                options.frames = frames;
                struct mt_rows *quick = build(p, &options);
                assert_equal_rows(plain, quick);
                mt_rows_free(plain);
                mt_rows_free(quick);
            }
}

static void make_frames(struct mt_frames *frames, const struct mt_profile *p) {
    assert_int_equal(mt_infer_frames(frames, p, &(struct mt_wrapper_options){.keep_system = true}),
                     0);
    assert_int_equal(mt_frames_remember(frames), 0);
    assert_int_equal(mt_digest_make(frames), 0);
}

static void rows_of_a_digest_are_those_of_the_samples(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct mt_profile *p = random_profile(seed);
        for (size_t s = 0; s < p->n_samples && seed > 6; s += 3) /* a difference */
            p->samples[s].value[MT_VALUE_LIVE_BYTES] *= -1;
        struct mt_frames frames;
        make_frames(&frames, p);
        assert_non_null(frames.digest);
        assert_true(frames.digest->n < p->n_samples);
        check_digest(p, &frames);
        mt_frames_free(&frames);
        mt_profile_free(p);
    }
}

/* What could saturate at a moment alone is added up sample by sample. */
static void moments_saturate(void **state) {
    (void)state;
    struct mt_profile *p = random_profile(1);
    for (size_t i = 0; i < p->info.n_changes; i++)
        p->info.changes[i].live_bytes = i % 3 ? INT64_MAX : INT64_MIN;
    struct mt_frames frames;
    make_frames(&frames, p);
    assert_non_null(frames.digest);
    check_digest(p, &frames);
    mt_frames_free(&frames);
    mt_profile_free(p);
}

static void no_digest_where_sums_depend_on_the_order(void **state) {
    (void)state;
    struct mt_profile *p = random_profile(1);
    struct mt_frames frames;
    p->samples[0].value[MT_VALUE_MAX_BYTES] = INT64_MAX;
    p->samples[1].value[MT_VALUE_MAX_BYTES] = INT64_MIN;
    make_frames(&frames, p);
    assert_null(frames.digest);
    mt_frames_free(&frames);
    p->samples[0].value[MT_VALUE_MAX_BYTES] = p->samples[1].value[MT_VALUE_MAX_BYTES] = 1;
    p->info.sample_bytes = 4096;
    make_frames(&frames, p);
    assert_null(frames.digest);
    mt_frames_free(&frames);
    mt_profile_free(p);
}

/* ---- cumulative sums ------------------------------------------------------------------------- */

struct expected {
    int64_t value[MT_N_VALUES];
    uint32_t n_sites, sample, last; /* samples + 1 */
};

static void visit(struct expected *e, const struct mt_profile *p, uint32_t s) {
    if (e->last == s + 1)
        return;
    e->last = s + 1;
    e->sample = e->n_sites++ ? e->sample : s + 1;
    for (size_t v = 0; v < MT_N_VALUES; v++)
        e->value[v] += p->samples[s].value[v];
}

static bool is_counted(const struct mt_frame_entry *entry) {
    return entry->kind != MT_FRAME_HOOK && entry->kind != MT_FRAME_RUNTIME &&
           entry->kind != MT_FRAME_INTERPRETER;
}

/* Visits the groups of all frames of all paths; those of each entry are in group. A sample without
 * frames is in the group of what is unknown, as a frame can be. */
static void visit_all(struct expected *e, const struct mt_frames *frames, const uint32_t *group,
                      struct mt_identities *ids) {
    const struct mt_profile *p = frames->profile;
    for (uint32_t s = 0; s < p->n_samples; s++) {
        const uint32_t *path = p->frames + p->samples[s].first_frame;
        uint32_t position, charged = mt_frames_charged(frames, &p->samples[s], &position);
        if (charged == MT_NO_ENTRY)
            visit(&e[mt_identity_id(ids, mt_identity_of_nothing(&p->samples[s]))], p, s);
        for (uint32_t i = position; charged != MT_NO_ENTRY && i < p->samples[s].n_frames; i++)
            for (uint32_t k = i == position ? charged : frames->first_entry[path[i]];
                 k < frames->first_entry[path[i] + 1]; k++)
                if ((i == position && k == charged) || is_counted(&frames->entries[k]))
                    visit(&e[group[k]], p, s);
    }
}

static void check_cumulative(const struct mt_profile *p, enum mt_group_by by) {
    const struct mt_view_options options = {
        .by = by, .cumulative = true, .wrappers.keep_system = true};
    struct mt_rows *rows = build(p, &options);
    const struct mt_frames *frames = &rows->frames;
    struct mt_identities ids = {0};
    uint32_t *group = calloc(frames->n_entries, sizeof *group);
    struct expected *e = calloc(frames->n_entries + 2, sizeof *e);
    for (uint32_t k = 0; k < frames->n_entries; k++)
        group[k] = (uint32_t)mt_identity_id(&ids, mt_identity_of_entry(frames, k, by));
    visit_all(e, frames, group, &ids);
    size_t n_expected = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct mt_row *row = &rows->items[i];
        int64_t g = row->entry == MT_NO_ENTRY
                        ? mt_identity_id(&ids, mt_identity_of_nothing(&p->samples[row->sample]))
                        : group[row->entry];
        assert_memory_equal(row->value, e[g].value, sizeof row->value);
        assert_int_equal(row->n_sites, e[g].n_sites);
        assert_int_equal(row->sample + 1, e[g].sample);
    }
    for (size_t g = 0; g < ids.n; g++)
        n_expected += e[g].n_sites > 0;
    assert_int_equal(rows->n, n_expected);
    free(group);
    free(e);
    mt_identity_free(&ids);
    mt_rows_free(rows);
}

static void cumulative_sums_are_those_of_visits(void **state) {
    static const enum mt_group_by groups[] = {MT_BY_LINE, MT_BY_FUNCTION, MT_BY_FILE, MT_BY_MODULE};
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct mt_profile *p = random_profile(seed);
        for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
            check_cumulative(p, groups[g]);
        mt_profile_free(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_digest_are_those_of_the_samples),
        cmocka_unit_test(moments_saturate),
        cmocka_unit_test(no_digest_where_sums_depend_on_the_order),
        cmocka_unit_test(cumulative_sums_are_those_of_visits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
