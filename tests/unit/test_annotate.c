/* SPDX-License-Identifier: MIT */
/* Rows by line as annotated sources: that nothing is lost or counted twice, which files and lines a
 * name stands for, and what is shown around them. */
#include "profile-fixture.h"

#include "view/annotate/annotate.h"

static struct mt_profile *p;
static struct mt_annotate a;
static struct mt_error error;
static double min_share;

static int annotate(const char *source, size_t n, bool cumulative) {
    const struct mt_view_options options = {.sort = MT_VALUE_PEAK_BYTES, .cumulative = cumulative};
    const struct mt_annotate_request request = {source, n, .min_share = min_share};
    error = (struct mt_error){0};
    return mt_annotate_build(p, &options, &request, &a, &error);
}

static const char *name_of(mt_string file) {
    return mt_profile_text(p, file);
}

/* ---- figures --------------------------------------------------------------------------------- */

static void assert_sums(const struct mt_annotate *all) {
    const struct mt_row *passed = mt_rows_passed(all->rows);
    for (size_t v = 0; v < MT_N_VALUES; v++) {
        int64_t files = 0, lines = 0;
        for (size_t i = 0; i < all->n_files; i++)
            files += all->files[i].sum.value[v];
        for (size_t i = 0; i < all->n_lines; i++)
            lines += all->lines[i].row->value[v];
        assert_true(files == lines);
        assert_true(lines + all->elsewhere.value[v] == passed->value[v]);
    }
    assert_int_equal(all->n_lines + all->n_elsewhere, mt_rows_count(all->rows));
}

static void assert_order(const struct mt_annotate *all) {
    size_t n_lines = 0;
    for (size_t f = 0; f < all->n_files; f++) {
        const struct mt_annotate_file *file = &all->files[f];
        if (f)
            assert_true(file[-1].sum.value[MT_VALUE_PEAK_BYTES] >=
                        file->sum.value[MT_VALUE_PEAK_BYTES]);
        for (size_t i = 0; i < file->n_lines; i++) {
            const struct mt_annotate_line *line = &all->lines[file->first_line + i];
            assert_int_equal(line->row->file, file->file);
            assert_true(i == 0 || line[-1].line < line->line);
        }
        n_lines += file->n_lines;
    }
    assert_int_equal(n_lines, all->n_lines);
}

static void columns_add_up(void **state) {
    (void)state;
    static const char *const sources[] = {NULL, "a.c", "src/*.c", "*", "b.c:*"};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        p = build_random_profile(seed, 200);
        for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
            if (annotate(sources[i], 0, false) != 0)
                continue; /* a random profile need not have the file */
            assert_sums(&a);
            assert_order(&a);
            mt_annotate_free(&a);
        }
        mt_profile_free(p);
    }
}

static const struct mt_row *find_row(const struct mt_rows *rows, mt_string file, int64_t line) {
    for (size_t i = 0; i < mt_rows_count(rows); i++)
        if (mt_rows_at(rows, i)->file == file && mt_rows_at(rows, i)->line == line)
            return mt_rows_at(rows, i);
    return NULL;
}

static void cumulative_is_that_of_a_report(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        p = build_random_profile(seed, 200);
        assert_int_equal(annotate(NULL, 0, true), 0);
        struct mt_view_options options = {.sort = MT_VALUE_PEAK_BYTES, .cumulative = true};
        struct mt_rows *lines, *files;
        assert_int_equal(mt_rows_build(p, &options, &lines, &error), 0);
        options.by = MT_BY_FILE;
        assert_int_equal(mt_rows_build(p, &options, &files, &error), 0);
        for (size_t i = 0; i < a.n_lines; i++) {
            const struct mt_row *row = find_row(lines, a.lines[i].row->file, a.lines[i].line);
            assert_memory_equal(row->value, a.lines[i].row->value, sizeof row->value);
        }
        for (size_t i = 0; i < a.n_files; i++) {
            size_t n = 0;
            for (size_t k = 0; k < mt_rows_count(files); k++)
                if (mt_rows_at(files, k)->file == a.files[i].file) {
                    assert_memory_equal(mt_rows_at(files, k)->value, a.files[i].sum.value,
                                        sizeof a.files[i].sum.value);
                    n++;
                }
            assert_int_equal(n, 1);
        }
        mt_rows_free(lines);
        mt_rows_free(files);
        mt_annotate_free(&a);
        mt_profile_free(p);
    }
}

/* ---- what is asked for ----------------------------------------------------------------------- */

static uint32_t at(const char *function, const char *file, int64_t line) {
    return build_frame(p, 1, function, file, line);
}

/* io/reader.c: read_all (from 10) calls read_line (from 30), which allocates in 35 and 36; an
 * inlined copy of it lies in net/reader.c:main. */
static void build(void) {
    p = build_empty();
    build_mapping(p, "/srv/app", 0x1000);
    uint32_t main_frame = at("main", "src/main.c", 5);
    uint32_t all = at("read_all(char*)", "/srv/io/reader.c", 12);
    struct mt_line inlined[2] = {
        {.function = build_function(p, "io::read_line(int)", "/srv/io/reader.c"), .line = 36},
        {.function = build_function(p, "net::main(int)", "/srv/net/reader.c"), .line = 7}};
    uint32_t copy = build_location(p, 1, 0x8000, inlined, 2);
    uint32_t line = at("io::read_line(int)", "/srv/io/reader.c", 35);
    uint32_t bare = build_location(p, 1, 0x9000, NULL, 0);
    build_sample(p, 1000, 3, (uint32_t[]){line, all, main_frame});
    build_sample(p, 100, 2, (uint32_t[]){copy, main_frame});
    build_sample(p, 10, 2, (uint32_t[]){all, main_frame});
    build_sample(p, 1, 1, (uint32_t[]){bare});
    build_sample(p, 5, 1, (uint32_t[]){at("other", "/srv/x/other.c", 9)});
    p->samples[0].scope = mt_profile_intern(p, "load");
    p->samples[2].scope = mt_profile_intern(p, "read");
    for (size_t i = 0; i < p->n_functions; i++) {
        const char *name = mt_profile_text(p, p->functions[i].name);
        p->functions[i].start_line = strstr(name, "read_all") ? 10 : strstr(name, "::") ? 30 : 0;
    }
    assert_int_equal(mt_profile_index_functions(p), 0);
}

static void all_sources(void **state) {
    (void)state;
    build();
    assert_int_equal(annotate(NULL, 2, false), 0);
    assert_int_equal(a.n_files, 2);
    assert_string_equal(name_of(a.files[0].file), "/srv/io/reader.c");
    assert_int_equal(a.files[0].sum.value[MT_VALUE_PEAK_BYTES], 1110);
    assert_int_equal(a.files[0].n_lines, 3);
    assert_int_equal(a.files[0].n_shown, 2);
    assert_int_equal(a.files[1].n_shown, 0);
    assert_int_equal(a.lines[a.files[0].first_line].line, 12);
    assert_false(a.lines[a.files[0].first_line].is_shown);
    assert_int_equal(a.lines[a.files[0].first_line + 1].function_line, 30);
    assert_int_equal(a.n_elsewhere, 1);
    assert_int_equal(a.n_without_line, 1);
    struct mt_row rest;
    double variance[MT_N_VALUES];
    assert_int_equal(mt_annotate_rest(&a, NULL, &rest, variance), 3);
    assert_int_equal(rest.value[MT_VALUE_PEAK_BYTES], 16);
    const bool is_seen[4] = {true, true, true, true};
    assert_int_equal(mt_annotate_rest(&a, is_seen, &rest, variance), 1);
    assert_int_equal(rest.value[MT_VALUE_PEAK_BYTES], 1);
    const struct mt_annotate_line *line = &a.lines[a.files[0].first_line + 1];
    assert_int_equal(line->n_scopes, 1);
    assert_string_equal(name_of(a.scopes[line->first_scope]), "load");
    mt_annotate_free(&a);
    mt_profile_free(p);
}

static void lines_that_are_too_small(void **state) {
    (void)state;
    build();
    min_share = 0.5; /* 1000 of 1116 */
    assert_int_equal(annotate(NULL, 10, false), 0);
    min_share = 0;
    assert_int_equal(a.files[0].n_shown, 3); /* the first three in any case */
    assert_int_equal(a.files[1].n_shown, 0);
    mt_annotate_free(&a);
    assert_int_equal(annotate(NULL, 10, false), 0);
    assert_int_equal(a.files[1].n_shown, 1);
    mt_annotate_free(&a);
    mt_profile_free(p);
}

static void a_function_with_its_inlined_copies(void **state) {
    (void)state;
    build();
    assert_int_equal(annotate("io/reader.c:io::read_line", 0, false), 0);
    assert_int_equal(a.n_files, 1);
    assert_int_equal(a.n_ranges, 1);
    assert_int_equal(a.ranges[0].from, 30);
    assert_int_equal(a.ranges[0].to, 36);
    assert_int_equal(a.files[0].sum.value[MT_VALUE_PEAK_BYTES], 1100);
    assert_sums(&a);
    mt_annotate_free(&a);
    assert_int_equal(annotate("/srv/io/reader.c:read_*", 0, false), 0);
    assert_int_equal(a.n_ranges, 1); /* io::read_line is not called read_… */
    assert_int_equal(a.files[0].sum.value[MT_VALUE_PEAK_BYTES], 10);
    mt_annotate_free(&a);
    assert_int_equal(annotate("*reader.c:*main*", 0, false), 0);
    assert_int_equal(a.n_files, 1); /* with figures in what it calls alone */
    assert_string_equal(name_of(a.files[0].file), "/srv/net/reader.c");
    assert_int_equal(a.files[0].n_lines, 0);
    mt_annotate_free(&a);
    mt_profile_free(p);
}

static void a_line(void **state) {
    (void)state;
    build();
    assert_int_equal(annotate("reader.c:12", 0, false), 0);
    assert_int_equal(a.ranges[0].from, 2);
    assert_int_equal(a.ranges[0].to, 22);
    assert_int_equal(a.n_lines, 1);
    mt_annotate_free(&a);
    mt_profile_free(p);
}

static void assert_refused(const char *source, const char *message, const char *hint) {
    assert_int_equal(annotate(source, 0, true), -MEMTRACK_EUSAGE);
    assert_string_equal(error.message, message);
    if (!strstr(error.hint, hint))
        fail_msg("%s", error.hint);
    assert_null(a.rows);
}

static void names_that_are_refused(void **state) {
    (void)state;
    build();
    assert_refused("reader.c", "2 sources are called reader.c: /srv/io/reader.c, /srv/net/reader.c",
                   "more of the path");
    assert_refused("raeder.c", "no source of this profile is called raeder.c",
                   "hold most: main.c, reader.c, other.c");
    assert_refused("the", "no source of this profile is called the", "hold most: other.c,");
    assert_refused("main.c:walk", "main.c has no function called walk", "hold most: main.");
    assert_refused("io::read_line", "no source of this profile is called io::read_line", "");
    mt_profile_free(p);
}

/* A file without own figures is one even so. */
static void a_source_that_only_calls(void **state) {
    (void)state;
    build();
    assert_int_equal(annotate("main.c", 0, false), 0);
    assert_int_equal(a.n_files, 1);
    assert_int_equal(a.files[0].n_lines, 0);
    assert_sums(&a);
    mt_annotate_free(&a);
    assert_int_equal(annotate("main.c", 0, true), 0);
    assert_int_equal(a.files[0].n_lines, 1);
    assert_int_equal(a.files[0].sum.value[MT_VALUE_PEAK_BYTES], 1110);
    mt_annotate_free(&a);
    mt_profile_free(p);
}

/* ---- regions --------------------------------------------------------------------------------- */

static void assert_regions(int64_t n_text, int64_t around, size_t n, const int64_t (*expected)[3]) {
    struct mt_annotate_region *regions;
    size_t got;
    assert_int_equal(mt_annotate_regions(&a, &a.files[0], n_text, around, &regions, &got), 0);
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(regions[i].from, expected[i][0]);
        assert_int_equal(regions[i].to, expected[i][1]);
        assert_int_equal(regions[i].n, expected[i][2]);
    }
    free(regions);
}

static void regions(void **state) {
    (void)state;
    build();
    assert_int_equal(annotate("io/reader.c", 0, false), 0);
    assert_regions(100, 3, 2, (const int64_t[][3]){{10, 15, 1}, {32, 39, 2}});
    assert_regions(100, 0, 2, (const int64_t[][3]){{12, 12, 1}, {35, 36, 2}});
    assert_regions(100, 12, 2, (const int64_t[][3]){{10, 24, 1}, {30, 48, 2}});
    assert_regions(100, 17, 1, (const int64_t[][3]){{10, 53, 3}});
    assert_regions(100, INT64_MAX, 1, (const int64_t[][3]){{1, 100, 3}});
    assert_regions(36, 3, 2, (const int64_t[][3]){{10, 15, 1}, {32, 36, 2}});
    assert_regions(20, 3, 2, (const int64_t[][3]){{10, 15, 1}, {35, 36, 2}}); /* has become short */
    assert_regions(0, 0, 2, (const int64_t[][3]){{12, 12, 1}, {35, 36, 2}});  /* is not there */
    mt_annotate_free(&a);
    assert_int_equal(annotate("io/reader.c:io::read_line", 0, false), 0);
    assert_regions(100, 3, 1, (const int64_t[][3]){{30, 38, 2}});
    assert_regions(37, 3, 1, (const int64_t[][3]){{30, 37, 2}});
    assert_regions(0, 0, 1, (const int64_t[][3]){{35, 36, 2}});
    mt_annotate_free(&a);
    mt_profile_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_add_up),
        cmocka_unit_test(cumulative_is_that_of_a_report),
        cmocka_unit_test(all_sources),
        cmocka_unit_test(lines_that_are_too_small),
        cmocka_unit_test(a_function_with_its_inlined_copies),
        cmocka_unit_test(a_line),
        cmocka_unit_test(names_that_are_refused),
        cmocka_unit_test(a_source_that_only_calls),
        cmocka_unit_test(regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
