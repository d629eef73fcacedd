/* SPDX-License-Identifier: MIT */
/* The model of `memtrack top`: rates, changes, order, opening, filtering; its time axis, its
 * columns, its filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger-fixture.h"
#include "top/axis.h"
#include "top/filter.h"
#include "top/layout.h"
#include "top/model.h"

#define SECOND UINT64_C(1000000000)

struct top_test {
    struct fixture f;
    struct mt_top_model *model;
};

static int setup(void **state) {
    struct top_test *s = calloc(1, sizeof *s);
    fixture_setup(&s->f);
    s->f.header->start_monotonic_ns = 10 * SECOND;
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct top_test *s = *state;
    mt_top_model_free(s->model);
    fixture_teardown(&s->f);
    free(s);
    return 0;
}

static void begin(struct top_test *s, enum mt_group_by by) {
    struct mt_error error = {{0}, {0}};
    struct mt_ledger *ledger;
    struct mt_top_options options = {.by = by, .window_ns = SECOND};
    fixture_write(&s->f);
    if (mt_ledger_open(s->f.path, &ledger, &error) != 0 ||
        mt_top_model_new(ledger, &options, &s->model, &error) != 0)
        fail_msg("%s", error.message);
}

/* A tick as the screen takes it, with everything done. */
static void tick(struct top_test *s, uint64_t seconds) {
    struct mt_error error = {{0}, {0}};
    int rc;
    fixture_write(&s->f);
    if (mt_top_model_read(s->model, seconds * SECOND, 4096 * seconds, 0, &error) != 0)
        fail_msg("%s", error.message);
    while (mt_top_model_name(s->model, SECOND, &rc))
        assert_int_equal(rc, 0);
    if (mt_top_model_is_stale(s->model) && mt_top_model_group(s->model, &error) != 0)
        fail_msg("%s", error.message);
    mt_top_model_sum(s->model, 0);
}

/* A site for each of n addresses, with i + 1 blocks of 100 bytes, all called from one place. */
static void add_sites(struct fixture *f, unsigned n) {
    mt_node_id outer = fixture_node(f, MT_NODE_ROOT, 0x400010, 1);
    for (unsigned i = 0; i < n; i++)
        fixture_site(f, fixture_node(f, outer, 0x401000 + 16 * i, 1), i + 1, 100);
}

static int64_t value_at(const struct top_test *s, size_t i, enum mt_top_column column) {
    return mt_top_model_line(s->model, i)->value[column];
}

static void takes_rates_and_changes(void **state) {
    struct top_test *s = *state;
    add_sites(&s->f, 3);
    begin(s, MT_BY_LINE);
    tick(s, 20);
    assert_int_equal(mt_top_model_count(s->model), 3);
    assert_false(mt_top_model_has_rates(s->model));
    assert_int_equal(mt_top_model_marked_ns(s->model), 20 * SECOND);
    assert_int_equal(value_at(s, 0, MT_TOP_LIVE), 300);
    assert_int_equal(mt_top_model_all(s->model)->value[MT_TOP_LIVE], 600);
    fixture_allocate(&s->f.sites[1], 10, 1000);
    fixture_free(&s->f.sites[1], 4, 400);
    tick(s, 22);
    assert_true(mt_top_model_has_rates(s->model));
    assert_int_equal(mt_top_model_window_ns(s->model), 2 * SECOND);
    assert_int_equal(value_at(s, 0, MT_TOP_LIVE), 700);
    assert_int_equal(value_at(s, 0, MT_TOP_CHANGE), 600);
    assert_int_equal(value_at(s, 0, MT_TOP_CHANGE_BLOCKS), 6);
    assert_int_equal(value_at(s, 0, MT_TOP_RATE), 500);
    assert_int_equal(value_at(s, 0, MT_TOP_ALLOCATIONS), 5);
    assert_int_equal(value_at(s, 0, MT_TOP_TOTAL), 1100);
    mt_top_model_mark(s->model, 22 * SECOND);
    tick(s, 23);
    assert_int_equal(value_at(s, 0, MT_TOP_CHANGE), 0);
    assert_int_equal(value_at(s, 0, MT_TOP_RATE), 0); /* nothing happened in the last second */
}

static void a_call_path_that_comes_later_is_all_change(void **state) {
    struct top_test *s = *state;
    add_sites(&s->f, 2);
    begin(s, MT_BY_LINE);
    tick(s, 20);
    fixture_site(&s->f, fixture_node(&s->f, MT_NODE_FIRST, 0x409000, 1), 5, 1000);
    fixture_write(&s->f);
    assert_int_equal(mt_top_model_read(s->model, 21 * SECOND, 0, 0, NULL), 0);
    assert_true(mt_top_model_is_stale(s->model));
    mt_top_model_sum(s->model, 0); /* before it is grouped: in no row, and in the sum */
    assert_int_equal(mt_top_model_count(s->model), 2);
    assert_int_equal(mt_top_model_pending(s->model)->value[MT_TOP_LIVE], 5000);
    assert_int_equal(mt_top_model_all(s->model)->value[MT_TOP_LIVE], 5300);
    tick(s, 22);
    assert_int_equal(mt_top_model_count(s->model), 3);
    assert_int_equal(mt_top_model_pending(s->model)->value[MT_TOP_LIVE], 0);
    assert_int_equal(value_at(s, 0, MT_TOP_CHANGE), 5000);
}

static void orders_by_any_column(void **state) {
    struct top_test *s = *state;
    struct fixture *f = &s->f;
    add_sites(f, 4);
    begin(s, MT_BY_LINE);
    tick(s, 20);
    fixture_free(&f->sites[3], 3, 300); /* shrinks by more than the other grows */
    fixture_allocate(&f->sites[1], 2, 200);
    mt_top_model_set_sort(s->model, MT_TOP_CHANGE);
    tick(s, 21);
    assert_int_equal(value_at(s, 0, MT_TOP_CHANGE), -300);
    assert_int_equal(value_at(s, 1, MT_TOP_CHANGE), 200);
    for (unsigned column = 0; column < MT_TOP_N_COLUMNS; column++) {
        if (column == MT_TOP_CHANGE)
            continue;
        mt_top_model_set_sort(s->model, (enum mt_top_column)column);
        tick(s, 22 + column);
        for (size_t i = 1; i < 4; i++)
            assert_true(value_at(s, i - 1, column) >= value_at(s, i, column));
    }
}

/* Putting only the first few in order gives the same as putting all in order. */
static void orders_only_what_is_seen(void **state) {
    struct top_test *s = *state;
    unsigned seed = 3;
    add_sites(&s->f, 500);
    for (unsigned i = 1; i <= 500; i++)
        fixture_hold(&s->f.sites[i], 100 * ((unsigned)rand_r(&seed) % 50 + 1));
    begin(s, MT_BY_LINE);
    tick(s, 20);
    struct mt_top_line all[500];
    assert_int_equal(mt_top_model_count(s->model), 500);
    memcpy(all, mt_top_model_line(s->model, 0), sizeof all);
    static const size_t wanted[] = {1, 2, 3, 10, 99, 250, 498, 499, 500, 10000};
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        mt_top_model_sum(s->model, wanted[w]);
        size_t n = wanted[w] < 500 ? wanted[w] : 500;
        assert_memory_equal(mt_top_model_line(s->model, 0), all, n * sizeof *all);
    }
}

static void opens_a_row_into_its_call_paths(void **state) {
    struct top_test *s = *state;
    struct fixture *f = &s->f;
    mt_node_id a = fixture_node(f, MT_NODE_ROOT, 0x400010, 1),
               b = fixture_node(f, MT_NODE_ROOT, 0x400020, 1);
    fixture_site(f, fixture_node(f, a, 0x401000, 1), 3, 100);
    fixture_site(f, fixture_node(f, b, 0x401000, 1), 1, 100);
    fixture_site(f, fixture_node(f, b, 0x402000, 1), 9, 100);
    begin(s, MT_BY_LINE);
    tick(s, 20);
    assert_int_equal(mt_top_model_count(s->model), 2);
    assert_int_equal(value_at(s, 1, MT_TOP_LIVE), 400);
    uint32_t sample =
        mt_rows_at(mt_top_model_rows(s->model), mt_top_model_line(s->model, 1)->row)->sample;
    mt_top_model_open(s->model, sample);
    tick(s, 21);
    assert_true(mt_top_model_is_open(s->model));
    assert_int_equal(mt_top_model_by(s->model), MT_BY_STACK);
    assert_int_equal(mt_top_model_count(s->model), 2);
    assert_int_equal(value_at(s, 0, MT_TOP_LIVE), 300);
    assert_int_equal(value_at(s, 1, MT_TOP_LIVE), 100);
    assert_int_equal(mt_top_model_passed(s->model)->value[MT_TOP_LIVE], 400);
    assert_int_equal(mt_top_model_all(s->model)->value[MT_TOP_LIVE], 1300);
    assert_int_equal(mt_top_model_find(s->model, 1), 1);
    assert_int_equal(mt_top_model_find(s->model, 2), SIZE_MAX);
    const struct mt_rows *rows;
    assert_non_null(mt_top_model_opened(s->model, &rows));
    mt_top_model_open(s->model, UINT32_MAX);
    tick(s, 22);
    assert_false(mt_top_model_is_open(s->model));
    assert_int_equal(mt_top_model_count(s->model), 2);
}

static void filters_and_groups(void **state) {
    struct top_test *s = *state;
    struct fixture *f = &s->f;
    fixture_site(f, fixture_node(f, MT_NODE_ROOT, 0x400010, 1), 3, 100);
    struct mt_site *other = fixture_site(f, fixture_node(f, MT_NODE_ROOT, 0x700010, 2), 1, 100);
    other->bank = other->origin = 2;
    begin(s, MT_BY_MODULE);
    tick(s, 20);
    assert_int_equal(mt_top_model_count(s->model), 2);
    struct mt_filter filter;
    assert_true(mt_top_filter_parse("libx", &filter));
    mt_top_model_set_filter(s->model, &filter);
    tick(s, 21);
    assert_int_equal(mt_top_model_count(s->model), 1);
    assert_int_equal(mt_top_model_passed(s->model)->value[MT_TOP_LIVE], 100);
    assert_int_equal(mt_top_model_all(s->model)->value[MT_TOP_LIVE], 400);
    mt_top_model_set_filter(s->model, &(struct mt_filter){0});
    mt_top_filter_free(&filter);
    mt_top_model_set_by(s->model, MT_BY_THREAD);
    tick(s, 22);
    assert_int_equal(mt_top_model_count(s->model), 2);
    char *key =
        mt_rows_key(mt_top_model_rows(s->model),
                    mt_rows_at(mt_top_model_rows(s->model), mt_top_model_line(s->model, 0)->row));
    assert_string_equal(key, "101 main");
    free(key);
}

static void keeps_what_it_knows_when_the_ledger_goes(void **state) {
    struct top_test *s = *state;
    struct mt_error error = {{0}, {0}};
    add_sites(&s->f, 3);
    begin(s, MT_BY_LINE);
    tick(s, 20);
    fixture_write_part(&s->f, 100);
    assert_true(mt_top_model_read(s->model, 21 * SECOND, 0, 0, &error) < 0);
    assert_true(error.message[0]);
    mt_top_model_sum(s->model, 0);
    assert_int_equal(mt_top_model_all(s->model)->value[MT_TOP_LIVE], 600);
}

/* ---- axis ---- */

static void cuts_the_axis_into_parts(void **state) {
    (void)state;
    struct mt_axis axis;
    int64_t heap[10], rss[10];
    mt_axis_init(&axis, 100);
    mt_top_axis_parts(&axis, 100 * SECOND, 10 * SECOND, 10, heap, rss);
    assert_int_equal(heap[9], -1);
    for (unsigned i = 0; i < 8; i++)
        mt_axis_add(&axis, &(struct mt_tick){.time_ns = (100 + i) * SECOND,
                                             .live_bytes = 10 + (i == 3 ? 90 : i),
                                             .rss_bytes = i + 1});
    mt_top_axis_parts(&axis, 109 * SECOND, 10 * SECOND, 10, heap, rss);
    assert_int_equal(heap[0], 10);
    assert_int_equal(heap[3], 100);
    assert_int_equal(rss[3], 4);
    assert_int_equal(heap[9], 17); /* nothing since: goes on */
    mt_top_axis_parts(&axis, 109 * SECOND, 20 * SECOND, 10, heap, rss);
    assert_int_equal(heap[3], -1); /* before the first */
    assert_int_equal(heap[6], 100);
    mt_top_axis_parts(&axis, 120 * SECOND, 5 * SECOND, 5, heap, rss);
    assert_int_equal(heap[0], 17); /* all of it is older */
    assert_int_equal(mt_top_axis_span(&axis), 15 * SECOND);
    mt_axis_add(&axis, &(struct mt_tick){.time_ns = 160 * SECOND});
    assert_int_equal(mt_top_axis_span(&axis), 60 * SECOND);
    mt_axis_add(&axis, &(struct mt_tick){.time_ns = 9000 * SECOND});
    assert_int_equal(mt_top_axis_span(&axis), 300 * SECOND);
    mt_axis_free(&axis);
}

/* ---- layout ---- */

static void lays_out_any_width(void **state) {
    (void)state;
    for (size_t width = 1; width < 300; width++)
        for (unsigned sort = 0; sort < MT_TOP_N_COLUMNS; sort++) {
            struct mt_top_layout layout;
            bool found = false;
            mt_top_layout_make(&layout, width, (enum mt_top_column)sort, width % 2);
            size_t used = layout.bar_width;
            for (size_t i = 0; i < layout.n_columns; i++) {
                found |= layout.columns[i] == sort;
                used += MT_TOP_GAP + layout.column_width[i];
            }
            assert_true(found);
            assert_true(layout.n_columns == 1 || used + layout.name_width <= width);
            assert_true(layout.n_columns == 1 || layout.name_width >= 20);
        }
}

static void writes_cells(void **state) {
    (void)state;
    char cell[MT_TOP_CELL_BYTES];
    assert_string_equal(mt_top_layout_cell(cell, MT_TOP_CHANGE, 1024, false, true), "+1.0 KiB");
    assert_string_equal(mt_top_layout_cell(cell, MT_TOP_CHANGE, -1024, false, true), "-1.0 KiB");
    assert_string_equal(mt_top_layout_cell(cell, MT_TOP_CHANGE, 0, false, true), "0 B");
    assert_string_equal(mt_top_layout_cell(cell, MT_TOP_RATE, 5, false, false), "-");
    assert_string_equal(mt_top_layout_cell(cell, MT_TOP_LIVE, 123456, true, true), "123,456");
    assert_string_equal(mt_top_layout_cell(cell, MT_TOP_BLOCKS, 1234, false, true), "1,234");
    assert_int_equal(mt_top_layout_bar(50, 100, 8), 32);
    assert_int_equal(mt_top_layout_bar(INT64_MIN, 1, 8), 64);
    assert_int_equal(mt_top_layout_bar(1, 0, 8), 0);
}

static void reads_filters(void **state) {
    (void)state;
    struct mt_filter filter;
    assert_true(mt_top_filter_parse(" parse  !a.c:12 src/*.c ! !x", &filter));
    assert_int_equal(filter.n_include, 2);
    assert_string_equal(filter.include[0], "*parse*");
    assert_string_equal(filter.include[1], "src/*.c");
    assert_int_equal(filter.n_exclude, 2);
    assert_string_equal(filter.exclude[0], "*a.c:12");
    assert_string_equal(filter.exclude[1], "*x*");
    mt_top_filter_free(&filter);
    assert_true(mt_top_filter_parse("scope:load !domain:g?u", &filter));
    assert_string_equal(filter.include[0], "scope:*load*");
    assert_string_equal(filter.exclude[0], "domain:g?u");
    mt_top_filter_free(&filter);
    assert_true(mt_top_filter_parse("", &filter));
    assert_true(mt_filter_is_empty(&filter));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(takes_rates_and_changes),
        TEST(a_call_path_that_comes_later_is_all_change),
        TEST(orders_by_any_column),
        TEST(orders_only_what_is_seen),
        TEST(opens_a_row_into_its_call_paths),
        TEST(filters_and_groups),
        TEST(keeps_what_it_knows_when_the_ledger_goes),
        cmocka_unit_test(cuts_the_axis_into_parts),
        cmocka_unit_test(lays_out_any_width),
        cmocka_unit_test(writes_cells),
        cmocka_unit_test(reads_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
