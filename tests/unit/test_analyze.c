/* SPDX-License-Identifier: MIT */
/* The public library beside the views that it wraps: the same rows, parts, moments and
 * differences. */
#include "analyze-fixture.h"
#include "view/compare/diff.h"
#include "view/rows/rows.h"

static void assert_values(const memtrack_values *seen, const int64_t value[MT_N_VALUES]) {
    assert_int_equal(seen->live_bytes, value[MT_VALUE_LIVE_BYTES]);
    assert_int_equal(seen->live_blocks, value[MT_VALUE_LIVE_BLOCKS]);
    assert_int_equal(seen->peak_bytes, value[MT_VALUE_PEAK_BYTES]);
    assert_int_equal(seen->peak_blocks, value[MT_VALUE_PEAK_BLOCKS]);
    assert_int_equal(seen->total_bytes, value[MT_VALUE_TOTAL_BYTES]);
    assert_int_equal(seen->total_blocks, value[MT_VALUE_TOTAL_BLOCKS]);
    assert_int_equal(seen->temporary_blocks, value[MT_VALUE_TEMPORARY_BLOCKS]);
    assert_int_equal(seen->max_bytes, value[MT_VALUE_MAX_BYTES]);
    assert_int_equal(seen->waste_bytes, value[MT_VALUE_WASTE_BYTES]);
}

static void assert_same_rows(const memtrack_statistics *statistics, const struct mt_rows *rows) {
    const struct mt_profile *model = mt_rows_profile(rows);
    assert_int_equal(memtrack_statistics_count(statistics), mt_rows_count(rows));
    for (size_t i = 0; i < mt_rows_count(rows); i++) {
        const struct mt_row *expected = mt_rows_at(rows, i);
        char *key = mt_rows_key(rows, expected);
        memtrack_row row;
        ok(memtrack_statistics_row(statistics, i, &row));
        assert_string_equal(row.key, key);
        assert_string_equal(row.function, mt_profile_text(model, expected->function));
        assert_string_equal(row.file, mt_profile_text(model, expected->file));
        assert_string_equal(row.module, mt_profile_text(model, expected->module));
        assert_int_equal(row.line, expected->line);
        assert_int_equal(row.n_traces, expected->n_sites);
        assert_int_equal(row.max_is_bound, mt_rows_max_is_bound(rows, expected));
        assert_values(&row.values, expected->value);
        free(key);
    }
    memtrack_values sum;
    ok(memtrack_statistics_sum(statistics, &sum));
    assert_values(&sum, mt_rows_passed(rows)->value);
}

static struct mt_rows *rows_of(const struct mt_profile *model, struct mt_view_options options) {
    struct mt_rows *rows;
    struct mt_error error;
    if (mt_rows_build(model, &options, &rows, &error) < 0)
        fail_msg("%s", error.message);
    return rows;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void compare_view(const memtrack_profile *profile, const struct mt_profile *model,
                         memtrack_group_by by, memtrack_column sort, int variant) {
    memtrack_view view = memtrack_view_init();
    struct mt_view_options options = {0};
    view.by = by;
    view.sort = sort;
    view.cumulative = variant == 1 && by <= MEMTRACK_BY_MODULE;
    view.keep_std = variant == 2;
    view.keep_wrappers = variant == 3;
    assert_true(mt_group_by_parse(memtrack_group_by_name(by), &options.by));
    assert_true(mt_sort_parse(memtrack_column_name(sort), &options.sort));
    options.cumulative = view.cumulative;
    options.wrappers.keep_libraries = view.keep_std;
    options.wrappers.keep_all = view.keep_wrappers;
    memtrack_statistics *statistics = statistics_of(profile, view);
    struct mt_rows *rows = rows_of(model, options);
    assert_same_rows(statistics, rows);
    mt_rows_free(rows);
    memtrack_statistics_free(statistics);
}

static void rows_are_those_of_the_view(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct mt_profile *model = build_random_profile(seed, 200);
        memtrack_profile *profile = handle_of(model);
        for (memtrack_group_by by = 0; by <= MEMTRACK_BY_DOMAIN; by++)
            for (int variant = 0; variant < 4; variant++)
                compare_view(profile, model, by,
                             (memtrack_column)(1 + ((unsigned)by + (unsigned)variant) %
                                                       MEMTRACK_WASTE_BYTES),
                             variant);
        memtrack_profile_free(profile);
        mt_profile_free(model);
    }
}

static void columns_sum_to_the_totals(void **state) {
    (void)state;
    struct mt_profile *model = build_random_profile(3, 300);
    memtrack_profile *profile = handle_of(model);
    memtrack_totals totals;
    ok(memtrack_profile_totals(profile, &totals));
    for (memtrack_group_by by = 0; by <= MEMTRACK_BY_DOMAIN; by++) {
        memtrack_view view = memtrack_view_init();
        view.by = by;
        memtrack_statistics *statistics = statistics_of(profile, view);
        int64_t live = 0, peak_blocks = 0;
        for (size_t i = 0; i < memtrack_statistics_count(statistics); i++) {
            memtrack_row row;
            ok(memtrack_statistics_row(statistics, i, &row));
            live += memtrack_value(&row.values, MEMTRACK_LIVE_BYTES);
            peak_blocks += memtrack_value(&row.values, MEMTRACK_PEAK_BLOCKS);
        }
        assert_int_equal(live, totals.live_bytes);
        assert_int_equal(peak_blocks, totals.peak_blocks);
        memtrack_statistics_free(statistics);
    }
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

static void a_limit_keeps_the_first_rows(void **state) {
    (void)state;
    struct mt_profile *model = build_random_profile(5, 300);
    memtrack_profile *profile = handle_of(model);
    memtrack_view view = memtrack_view_init();
    memtrack_statistics *all = statistics_of(profile, view);
    view.limit = 7;
    memtrack_statistics *some = statistics_of(profile, view);
    assert_int_equal(memtrack_statistics_count(some), 7);
    for (size_t i = 0; i < 7; i++) {
        memtrack_row expected, seen;
        ok(memtrack_statistics_row(all, i, &expected));
        ok(memtrack_statistics_row(some, i, &seen));
        assert_string_equal(expected.key, seen.key);
    }
    memtrack_row row;
    assert_int_equal(memtrack_statistics_row(some, 7, &row), -MEMTRACK_ENOTFOUND);
    memtrack_statistics_free(all);
    memtrack_statistics_free(some);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

/* ---- filters --------------------------------------------------------------------------------- */

static const char *const patterns[] = {"src/*",    "main",    "libc.so.6",     "src/a.c:2", "walk",
                                       "*vector*", "nothing", "scope:request", "domain:mm*"};
enum { N_PATTERNS = sizeof patterns / sizeof *patterns };

static void filters_are_those_of_the_view(void **state) {
    (void)state;
    struct mt_profile *model = build_random_profile(7, 300);
    memtrack_profile *profile = handle_of(model);
    for (size_t i = 0; i < N_PATTERNS * 4; i++) {
        const char *include = patterns[i % N_PATTERNS],
                   *exclude = patterns[(i * 3 + 1) % N_PATTERNS];
        struct mt_view_options options = {.by = MT_BY_LINE, .sort = MT_VALUE_PEAK_BYTES};
        int all_frames = i % 2 == 1;
        options.filter = (struct mt_filter){&include, i % 4 != 3, &exclude, i % 4 != 2, all_frames};
        memtrack_filter *filter;
        ok(memtrack_filter_new(&filter));
        if (options.filter.n_include)
            ok(memtrack_filter_add(filter, MEMTRACK_INCLUDE, include, 0, all_frames));
        if (options.filter.n_exclude)
            ok(memtrack_filter_add(filter, MEMTRACK_EXCLUDE, exclude, 0, all_frames));
        memtrack_view view = memtrack_view_init();
        view.filter = filter;
        memtrack_statistics *statistics = statistics_of(profile, view);
        struct mt_rows *rows = rows_of(model, options);
        assert_same_rows(statistics, rows);
        memtrack_profile *part;
        ok(memtrack_profile_filter(profile, filter, &part));
        memtrack_filter_free(filter);
        memtrack_statistics *of_part = statistics_of(part, memtrack_view_init());
        memtrack_profile_free(part); /* the rows keep it */
        assert_same_rows(of_part, rows);
        mt_rows_free(rows);
        memtrack_statistics_free(of_part);
        memtrack_statistics_free(statistics);
    }
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

/* What includes and what excludes the same are two halves of the whole, whatever they ask for. */
static void assert_halves(const memtrack_profile *profile, const char *pattern,
                          memtrack_group_by label) {
    memtrack_totals whole, sum = {0};
    ok(memtrack_profile_totals(profile, &whole));
    size_t n = 0;
    for (int include = 0; include < 2; include++) {
        memtrack_filter *filter;
        memtrack_profile *part;
        memtrack_totals totals;
        ok(memtrack_filter_new(&filter));
        if (label)
            ok(memtrack_filter_add_label(filter, include, label, pattern));
        else
            ok(memtrack_filter_add(filter, include, pattern, 0, 0));
        ok(memtrack_profile_filter(profile, filter, &part));
        ok(memtrack_profile_totals(part, &totals));
        sum.live_bytes += totals.live_bytes;
        sum.total_blocks += totals.total_blocks;
        n += memtrack_profile_trace_count(part);
        memtrack_profile_free(part);
        memtrack_filter_free(filter);
    }
    assert_int_equal(n, memtrack_profile_trace_count(profile));
    assert_int_equal(sum.live_bytes, whole.live_bytes);
    assert_int_equal(sum.total_blocks, whole.total_blocks);
}

static void both_halves_are_the_whole(void **state) {
    (void)state;
    struct mt_profile *model = build_random_profile(11, 300);
    memtrack_profile *profile = handle_of(model);
    for (size_t i = 0; i < N_PATTERNS; i++)
        assert_halves(profile, patterns[i], MEMTRACK_BY_LINE);
    assert_halves(profile, "mmap", MEMTRACK_BY_DOMAIN);
    assert_halves(profile, "[12] *", MEMTRACK_BY_THREAD);
    assert_halves(profile, "request", MEMTRACK_BY_SCOPE);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

static void labels_select_by_label(void **state) {
    (void)state;
    struct mt_profile *model = build_random_profile(13, 300);
    memtrack_profile *profile = handle_of(model), *part;
    memtrack_filter *filter;
    ok(memtrack_filter_new(&filter));
    ok(memtrack_filter_add_label(filter, MEMTRACK_INCLUDE, MEMTRACK_BY_DOMAIN, "mm*"));
    ok(memtrack_profile_filter(profile, filter, &part));
    int64_t expected = 0, seen = 0;
    for (size_t i = 0; i < model->n_samples; i++)
        if (strcmp(mt_profile_text(model, model->samples[i].domain), "mmap") == 0)
            expected += model->samples[i].value[MT_VALUE_PEAK_BYTES];
    for (size_t i = 0; i < memtrack_profile_trace_count(part); i++) {
        memtrack_trace trace;
        ok(memtrack_profile_trace(part, i, &trace));
        assert_string_equal(trace.domain, "mmap");
        seen += trace.values.peak_bytes;
    }
    assert_true(expected > 0);
    assert_int_equal(seen, expected);
    assert_int_equal(memtrack_filter_add_label(filter, MEMTRACK_INCLUDE, MEMTRACK_BY_LINE, "x"),
                     -MEMTRACK_EUSAGE);
    assert_int_equal(memtrack_filter_add(filter, 2, "x", 0, 0), -MEMTRACK_EUSAGE);
    assert_int_equal(memtrack_filter_add(filter, MEMTRACK_INCLUDE, "", 0, 0), -MEMTRACK_EUSAGE);
    memtrack_filter_free(filter);
    memtrack_profile_free(part);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

/* ---- moments --------------------------------------------------------------------------------- */

static void compare_moment(const memtrack_profile *profile, const struct mt_profile *model,
                           const char *text) {
    struct mt_view_options options = {.by = MT_BY_FUNCTION, .sort = MT_VALUE_LIVE_BYTES};
    assert_true(mt_at_parse(text, &options.at));
    memtrack_profile *then;
    ok(memtrack_profile_at(profile, text, &then));
    memtrack_view view = memtrack_view_init();
    view.by = MEMTRACK_BY_FUNCTION;
    view.sort = MEMTRACK_LIVE_BYTES;
    memtrack_statistics *statistics = statistics_of(then, view);
    struct mt_rows *rows = rows_of(model, options);
    assert_same_rows(statistics, rows);
    struct mt_totals expected;
    memtrack_totals totals;
    mt_rows_totals(rows, &expected);
    ok(memtrack_profile_totals(then, &totals));
    assert_int_equal(totals.live_bytes, expected.live_bytes);
    assert_int_equal(totals.live_blocks, expected.live_blocks);
    assert_int_equal(totals.peak_bytes, expected.peak_bytes);
    for (memtrack_column column = 1; column <= MEMTRACK_WASTE_BYTES; column++) {
        enum mt_value value;
        assert_true(mt_sort_parse(memtrack_column_name(column), &value));
        assert_int_equal(memtrack_profile_has(then, column), mt_rows_has(rows, value));
    }
    mt_rows_free(rows);
    memtrack_statistics_free(statistics);
    memtrack_profile_free(then);
}

static void moments_are_those_of_the_view(void **state) {
    (void)state;
    struct mt_profile *model = with_axis(17);
    memtrack_profile *profile = handle_of(model);
    const char *const moments[] = {"end", "peak", "500ms", "1s", "2.5s", "9s"};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        compare_moment(profile, model, moments[i]);
    memtrack_profile *none;
    assert_int_equal(memtrack_profile_at(profile, "11s", &none), -MEMTRACK_EUSAGE);
    assert_null(none);
    assert_int_equal(memtrack_profile_at(profile, "noon", &none), -MEMTRACK_EUSAGE);
    assert_non_null(strstr(memtrack_analyze_error(), "noon"));
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

/* First the part then the moment, or the other way round: the same live bytes. */
static void a_part_has_its_own_time_axis(void **state) {
    (void)state;
    struct mt_profile *model = with_axis(19);
    memtrack_profile *profile = handle_of(model), *part, *part_then, *then, *then_part;
    memtrack_filter *filter;
    memtrack_totals one, other;
    ok(memtrack_filter_new(&filter));
    ok(memtrack_filter_add_label(filter, MEMTRACK_EXCLUDE, MEMTRACK_BY_DOMAIN, "mmap"));
    ok(memtrack_profile_filter(profile, filter, &part));
    ok(memtrack_profile_at(part, "3s", &part_then));
    ok(memtrack_profile_at(profile, "3s", &then));
    ok(memtrack_profile_filter(then, filter, &then_part));
    ok(memtrack_profile_totals(part_then, &one));
    ok(memtrack_profile_totals(then_part, &other));
    assert_true(one.live_bytes > 0);
    assert_int_equal(one.live_bytes, other.live_bytes);
    memtrack_filter_free(filter);
    memtrack_profile_free(profile);
    memtrack_profile_free(then);
    memtrack_profile_free(part);
    memtrack_profile_free(then_part);
    memtrack_profile_free(part_then);
    mt_profile_free(model);
}

/* ---- comparisons ----------------------------------------------------------------------------- */

static void compare_sides(const struct mt_profile *const models[MT_N_SIDES],
                          memtrack_profile *const profiles[], memtrack_group_by by) {
    struct mt_diff_options options = {0};
    struct mt_diff *diff;
    struct mt_error error;
    memtrack_view view = memtrack_view_init();
    memtrack_comparison *comparison;
    view.by = by;
    assert_true(mt_group_by_parse(memtrack_group_by_name(by), &options.view.by));
    if (mt_diff_build(models, &options, &diff, &error) < 0)
        fail_msg("%s", error.message);
    ok(memtrack_comparison_new(profiles[MT_OLD], profiles[MT_NEW], &view, &comparison));
    assert_int_equal(memtrack_comparison_count(comparison), mt_diff_count(diff));
    memtrack_difference row;
    for (size_t i = 0; i < mt_diff_count(diff); i++) {
        const struct mt_diff_row *expected = mt_diff_at(diff, i);
        char *key = mt_diff_key(diff, expected);
        ok(memtrack_comparison_row(comparison, i, &row));
        assert_string_equal(row.key, key);
        assert_values(&row.old_values, expected->value[MT_OLD]);
        assert_values(&row.new_values, expected->value[MT_NEW]);
        assert_values(&row.differences, expected->diff);
        assert_int_equal(row.change, expected->state);
        assert_int_equal(row.old_key != NULL, expected->row[MT_OLD] != NULL);
        free(key);
    }
    ok(memtrack_comparison_sum(comparison, &row));
    assert_values(&row.differences, mt_diff_passed(diff)->diff);
    memtrack_comparison_free(comparison);
    mt_diff_free(diff);
}

static void comparisons_are_those_of_the_view(void **state) {
    (void)state;
    const struct mt_profile *models[] = {build_random_profile(23, 150),
                                         build_random_profile(29, 180)};
    memtrack_profile *profiles[] = {handle_of(models[0]), handle_of(models[1])};
    for (memtrack_group_by by = 0; by <= MEMTRACK_BY_DOMAIN; by++)
        compare_sides(models, profiles, by);
    for (size_t i = 0; i < 2; i++) {
        memtrack_profile_free(profiles[i]);
        mt_profile_free((struct mt_profile *)(uintptr_t)models[i]);
    }
}

static void a_profile_equals_itself(void **state) {
    (void)state;
    struct mt_profile *model = build_random_profile(31, 150);
    memtrack_profile *profile = handle_of(model);
    memtrack_comparison *comparison;
    ok(memtrack_comparison_new(profile, profile, NULL, &comparison));
    memtrack_profile_free(profile); /* the comparison keeps it, twice */
    assert_true(memtrack_comparison_count(comparison) > 10);
    for (size_t i = 0; i < memtrack_comparison_count(comparison); i++) {
        memtrack_difference row;
        ok(memtrack_comparison_row(comparison, i, &row));
        assert_int_equal(row.differences.live_bytes, 0);
        assert_int_equal(row.change, MEMTRACK_IN_BOTH);
        assert_string_equal(row.key, row.old_key);
        memtrack_stack *stack;
        ok(memtrack_comparison_stack(comparison, i, i % 2 ? MEMTRACK_OLD : MEMTRACK_NEW, &stack));
        memtrack_stack_free(stack);
    }
    memtrack_stack *none;
    assert_int_equal(memtrack_comparison_stack(comparison, 0, 7, &none), -MEMTRACK_EUSAGE);
    assert_null(none);
    memtrack_comparison_free(comparison);
    mt_profile_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_those_of_the_view),
        cmocka_unit_test(columns_sum_to_the_totals),
        cmocka_unit_test(a_limit_keeps_the_first_rows),
        cmocka_unit_test(filters_are_those_of_the_view),
        cmocka_unit_test(both_halves_are_the_whole),
        cmocka_unit_test(labels_select_by_label),
        cmocka_unit_test(moments_are_those_of_the_view),
        cmocka_unit_test(a_part_has_its_own_time_axis),
        cmocka_unit_test(comparisons_are_those_of_the_view),
        cmocka_unit_test(a_profile_equals_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
