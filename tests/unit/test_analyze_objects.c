/* SPDX-License-Identifier: MIT */
/* Objects of the public library: what they say of themselves, who owns what, files, threads,
 * callers of any version. */
#include <pthread.h>
#include <sys/stat.h>

#include "analyze-fixture.h"
#include "directory-fixture.h"

/* ---- traces, stacks, text -------------------------------------------------------------------- */

/* main() calls parse(), which was inlined into load(), which calls operator new. */
static struct mt_profile *small_profile(void) {
    struct mt_profile *p = build_empty();
    uint32_t app = build_mapping(p, "/bin/app", 0x400000),
             cxx = build_mapping(p, "/lib/libstdc++.so.6", 0x700000);
    uint32_t path[3] = {build_frame(p, cxx, "operator new(unsigned long)", "", 0)};
    struct mt_line lines[] = {{build_function(p, "parse", "src/a.c"), 12},
                              {build_function(p, "load", "src/a.c"), 30}};
    path[1] = build_location(p, app, 0x401000, lines, 2);
    path[2] = build_frame(p, app, "main\033[2J", "src/main.c", 5);
    build_sample(p, 3072, 3, path);
    p->samples[0].value[MT_VALUE_LIVE_BLOCKS] = 3;
    p->samples[0].thread = mt_profile_intern(p, "7 worker");
    p->samples[0].has_size_class = true;
    p->samples[0].size_class = 11;
    mt_profile_sum_totals(p);
    return p;
}

static void assert_text(char *text, const char *expected) {
    assert_non_null(text);
    assert_string_equal(text, expected);
    memtrack_text_free(text);
}

static void cut_stacks_say_what_they_lack(void **state) {
    (void)state;
    static const struct {
        uint32_t missing;
        const char *end;
    } cuts[] = {{0, "[truncated]"},
                {1, "[truncated] … 1 more frame"},
                {255, "[truncated] … 255 more frames"},
                {256, "[truncated] … at least 256 more frames"}};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct mt_profile *model = small_profile();
        model->samples[0].truncated = true;
        model->samples[0].n_missing = cuts[i].missing;
        memtrack_profile *profile = handle_of(model);
        memtrack_stack *stack;
        char inside[200], first[200];
        ok(memtrack_profile_trace_stack(profile, 0, &stack));
        snprintf(first, sizeof first, "  %s\n  src/main.c:5  main\\x1b[2J\n", cuts[i].end);
        snprintf(inside, sizeof inside, "  src/a.c:12  parse (inlined)\n");
        char *text = memtrack_stack_format(stack, 0, MEMTRACK_FORMAT_OUTERMOST_FIRST);
        assert_memory_equal(text, first, strlen(first));
        memtrack_text_free(text);
        assert_text(memtrack_stack_format(stack, 1, 0), inside); /* its end is not shown */
        memtrack_stack_free(stack);
        memtrack_profile_free(profile);
        mt_profile_free(model);
    }
}

static void stacks_can_be_walked_and_printed(void **state) {
    (void)state;
    struct mt_profile *model = small_profile();
    memtrack_profile *profile = handle_of(model);
    memtrack_stack *stack;
    memtrack_frame frame;
    ok(memtrack_profile_trace_stack(profile, 0, &stack));
    memtrack_profile_free(profile);
    assert_int_equal(memtrack_stack_count(stack), 3);
    ok(memtrack_stack_frame(stack, 0, &frame));
    assert_string_equal(frame.function, "parse");
    assert_string_equal(frame.file, "src/a.c");
    assert_string_equal(frame.name, "src/a.c:12");
    assert_string_equal(frame.module, "/bin/app");
    assert_int_equal(frame.line, 12);
    assert_int_equal(frame.address, 0x401000);
    assert_true(frame.is_inlined);
    ok(memtrack_stack_frame(stack, 1, &frame));
    assert_false(frame.is_inlined);
    assert_int_equal(memtrack_stack_frame(stack, 3, &frame), -MEMTRACK_ENOTFOUND);
    assert_false(memtrack_stack_is_truncated(stack));
    assert_int_equal(memtrack_stack_total(stack), 3);
    assert_text(memtrack_stack_format(stack, 0, 0),
                "  src/a.c:12  parse (inlined)\n  src/a.c:30  load\n"
                "  src/main.c:5  main\\x1b[2J\n");
    assert_text(memtrack_stack_format(stack, 1, 0), "  src/a.c:12  parse (inlined)\n");
    assert_text(memtrack_stack_format(stack, -2, MEMTRACK_FORMAT_OUTERMOST_FIRST),
                "  src/main.c:5  main\\x1b[2J\n  src/a.c:30  load\n");
    assert_text(memtrack_stack_format(stack, -1, MEMTRACK_FORMAT_SOURCE),
                "  src/main.c:5  main\\x1b[2J\n");
    memtrack_stack_free(stack);
    mt_profile_free(model);
}

/* Its text now, marked when it was edited after the recording began. */
static void lines_of_source_say_when_they_are_newer(void **state) {
    (void)state;
    char folder[DIRECTORY_BYTES], sub[64], path[80];
    directory_make(folder);
    snprintf(sub, sizeof sub, "%s/src", folder);
    snprintf(path, sizeof path, "%s/main.c", sub);
    assert_int_equal(mkdir(sub, 0700), 0);
    directory_write_text(path, "1\n2\n3\n4\n  load(name);\n");
    static const struct {
        uint64_t start_ns;
        const char *mark;
    } starts[] = {{1, " [changed since]"}, {UINT64_C(9000000000000000000), ""}, {0, ""}};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct mt_profile *model = small_profile();
        model->info.cwd = mt_profile_intern(model, folder);
        model->info.start_time_ns = starts[i].start_ns;
        memtrack_profile *profile = handle_of(model);
        memtrack_stack *stack = NULL;
        char expected[128];
        ok(memtrack_profile_trace_stack(profile, 0, &stack));
        snprintf(expected, sizeof expected, "  src/main.c:5  main\\x1b[2J\n    load(name);%s\n",
                 starts[i].mark);
        assert_text(memtrack_stack_format(stack, -1, MEMTRACK_FORMAT_SOURCE), expected);
        memtrack_stack_free(stack);
        memtrack_profile_free(profile);
        mt_profile_free(model);
    }
    assert_int_equal(directory_remove(folder), 0);
}

static void traces_say_what_they_are(void **state) {
    (void)state;
    struct mt_profile *model = small_profile();
    memtrack_profile *profile = handle_of(model);
    memtrack_trace trace;
    assert_int_equal(memtrack_profile_trace_count(profile), 1);
    ok(memtrack_profile_trace(profile, 0, &trace));
    assert_int_equal(trace.values.live_bytes, 3072);
    assert_int_equal(trace.values.live_blocks, 3);
    assert_string_equal(trace.thread, "7 worker");
    assert_string_equal(trace.scope, "");
    assert_string_equal(trace.domain, "malloc");
    assert_int_equal(trace.min_bytes, 1024);
    assert_int_equal(trace.max_bytes, 2047);
    assert_int_equal(memtrack_profile_trace(profile, 1, &trace), -MEMTRACK_ENOTFOUND);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

/* Who recorded it has said that parse is a wrapper; a comparison asks both sides. */
static void wrappers_of_the_profile_count(void **state) {
    (void)state;
    struct mt_profile *model = small_profile();
    memtrack_profile *plain = handle_of(model), *told;
    assert_int_equal(mt_profile_add_wrapper(model, "pars?"), 0);
    told = handle_of(model);
    memtrack_view view = memtrack_view_init();
    memtrack_row row;
    memtrack_difference difference;
    memtrack_comparison *comparison;
    for (int is_told = 0; is_told < 2; is_told++) {
        memtrack_statistics *statistics = statistics_of(is_told ? told : plain, view);
        ok(memtrack_statistics_row(statistics, 0, &row));
        assert_string_equal(row.function, is_told ? "load" : "parse");
        memtrack_statistics_free(statistics);
    }
    memtrack_filter *filter;
    ok(memtrack_filter_new(&filter));
    ok(memtrack_filter_add(filter, MEMTRACK_INCLUDE, "load", 0, 0));
    for (int filtered = 0; filtered < 2; filtered++) {
        view.filter = filtered ? filter : NULL;
        ok(memtrack_comparison_new(plain, told, &view, &comparison));
        assert_int_equal(memtrack_comparison_count(comparison), 1);
        ok(memtrack_comparison_row(comparison, 0, &difference));
        assert_string_equal(difference.function, "load");
        assert_int_equal(difference.change, MEMTRACK_IN_BOTH);
        memtrack_comparison_free(comparison);
    }
    view.filter = NULL;
    view.keep_wrappers = 1;
    memtrack_statistics *statistics = statistics_of(told, view);
    ok(memtrack_statistics_row(statistics, 0, &row));
    assert_string_not_equal(row.function, "load");
    memtrack_statistics_free(statistics);
    memtrack_filter_free(filter);
    memtrack_profile_free(plain);
    memtrack_profile_free(told);
    mt_profile_free(model);
}

static void rows_as_text(void **state) {
    (void)state;
    struct mt_profile *model = small_profile();
    memtrack_profile *before = handle_of(model);
    model->samples[0].value[MT_VALUE_LIVE_BYTES] = 2048;
    model->samples[0].value[MT_VALUE_LIVE_BLOCKS] = 4;
    memtrack_profile *after = handle_of(model);
    memtrack_view view = memtrack_view_init();
    view.sort = MEMTRACK_LIVE_BYTES;
    memtrack_statistics *statistics = statistics_of(before, view);
    memtrack_comparison *comparison;
    ok(memtrack_comparison_new(before, after, &view, &comparison));
    assert_text(memtrack_statistics_text(statistics, 0),
                "src/a.c:12: size=3.0 KiB, count=3, average=1.0 KiB");
    assert_text(memtrack_comparison_text(comparison, 0),
                "src/a.c:12: size=2.0 KiB (-1.0 KiB), count=4 (+1), average=512 B");
    assert_null(memtrack_statistics_text(statistics, 1));
    assert_null(memtrack_comparison_text(comparison, 1));
    memtrack_comparison_free(comparison);
    memtrack_statistics_free(statistics);
    memtrack_profile_free(before);
    memtrack_profile_free(after);
    mt_profile_free(model);
}

static void a_profile_says_what_it_is_of(void **state) {
    (void)state;
    struct mt_profile *model = with_axis(37);
    model->info.pid = 42;
    model->info.exe = mt_profile_intern(model, "/bin/app");
    mt_profile_add_note(model, "One thing was not seen.");
    mt_profile_add_mark(model, 5, "phase", MT_MARK_TRIGGER);
    model->info.coverage.unknown_frees = 9;
    memtrack_profile *profile = handle_of(model);
    memtrack_info info;
    memtrack_coverage coverage;
    memtrack_tick tick;
    memtrack_mark_info mark;
    ok(memtrack_profile_info(profile, &info));
    assert_int_equal(info.pid, 42);
    assert_string_equal(info.exe, "/bin/app");
    assert_true(info.is_memtrack);
    assert_int_equal(info.n_ticks, 5);
    ok(memtrack_profile_tick(profile, 4, &tick));
    assert_int_equal(tick.time_ns, UINT64_C(5000000000));
    assert_int_equal(memtrack_profile_tick(profile, 5, &tick), -MEMTRACK_ENOTFOUND);
    ok(memtrack_profile_mark(profile, 0, &mark));
    assert_string_equal(mark.name, "phase");
    assert_true(mark.is_trigger);
    ok(memtrack_profile_coverage(profile, &coverage));
    assert_int_equal(coverage.unknown_frees, 9);
    assert_string_equal(memtrack_profile_note(profile, 0), "One thing was not seen.");
    assert_null(memtrack_profile_note(profile, 1));
    assert_null(memtrack_profile_argument(profile, 0));
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void saved_parts_are_profiles(void **state) {
    (void)state;
    struct mt_profile *model = with_axis(41);
    memtrack_profile *profile = handle_of(model), *then, *part, *again;
    char folder[DIRECTORY_BYTES], path[64], at[80];
    directory_make(folder);
    snprintf(path, sizeof path, "%s/p@rt.pb.gz", folder);
    memtrack_filter *filter;
    ok(memtrack_filter_new(&filter));
    ok(memtrack_filter_add_label(filter, MEMTRACK_INCLUDE, MEMTRACK_BY_DOMAIN, "mmap"));
    ok(memtrack_profile_at(profile, "2s", &then));
    ok(memtrack_profile_filter(then, filter, &part));
    ok(memtrack_profile_save(part, path, 0));
    assert_int_equal(memtrack_profile_save(part, path, 0), -MEMTRACK_EUSAGE);
    assert_non_null(strstr(memtrack_analyze_error(), "exists"));
    ok(memtrack_profile_save(part, path, 1));
    ok(memtrack_profile_load(path, NULL, &again));
    memtrack_totals expected, seen;
    ok(memtrack_profile_totals(part, &expected));
    ok(memtrack_profile_totals(again, &seen));
    assert_memory_equal(&expected, &seen, sizeof seen);
    memtrack_profile_free(again);
    snprintf(at, sizeof at, "%s@4s", path);
    ok(memtrack_profile_load(at, NULL, &again));
    memtrack_profile_free(again);
    snprintf(at, sizeof at, "%s@never", path);
    assert_int_equal(memtrack_profile_load(at, NULL, &again), -MEMTRACK_EUSAGE);
    assert_null(again);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left there */
    assert_int_equal(memtrack_profile_save(part, path, 0), -MEMTRACK_EIO);
    memtrack_filter_free(filter);
    memtrack_profile_free(part);
    memtrack_profile_free(then);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

static void bad_names_are_errors(void **state) {
    (void)state;
    memtrack_profile *profile;
    const struct {
        const char *name;
        int status;
    } names[] = {{"/dev/null/file", -MEMTRACK_EIO},
                 {"/dev/null", -MEMTRACK_EFORMAT},
                 {"", -MEMTRACK_EIO},
                 {"/", -MEMTRACK_EFORMAT},
                 {"999999999", -MEMTRACK_ENOTFOUND},
                 {"0", -MEMTRACK_ENOTFOUND}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(memtrack_profile_load(names[i].name, NULL, &profile), names[i].status);
        assert_null(profile);
        assert_true(*memtrack_analyze_error());
    }
    assert_int_equal(memtrack_profile_load_process(-1, NULL, &profile), -MEMTRACK_ENOTFOUND);
    assert_int_equal(memtrack_profile_take(NULL, &profile),
                     -MEMTRACK_ENOTFOUND); /* this program is not tracked */
    assert_int_equal(memtrack_profile_load_memory("abc", 3, NULL, &profile), -MEMTRACK_EFORMAT);
    assert_null(profile);
}

/* ---- versions, threads ----------------------------------------------------------------------- */

static void structs_of_other_versions(void **state) {
    (void)state;
    struct mt_profile *model = build_random_profile(43, 50);
    memtrack_profile *profile = handle_of(model);
    memtrack_statistics *statistics;
    memtrack_view view = memtrack_view_init();
    view.struct_bytes = 0;
    assert_int_equal(memtrack_statistics_new(profile, &view, &statistics), -MEMTRACK_EUSAGE);
    assert_null(statistics);
    view.struct_bytes =
        offsetof(memtrack_view, cumulative); /* an older, shorter one: the rest is not looked at */
    view.cumulative = 1;
    view.by = MEMTRACK_BY_STACK;
    ok(memtrack_statistics_new(profile, &view, &statistics));
    memtrack_statistics_free(statistics);
    struct {
        memtrack_view view;
        uint64_t later;
    } longer = {.view = memtrack_view_init()};
    longer.view.struct_bytes = sizeof longer;
    ok(memtrack_statistics_new(profile, &longer.view,
                               &statistics)); /* a newer one that asks for nothing new */
    memtrack_statistics_free(statistics);
    longer.later = 1;
    assert_int_equal(memtrack_statistics_new(profile, &longer.view, &statistics), -MEMTRACK_EUSAGE);
    view = memtrack_view_init();
    view.by = (memtrack_group_by)77;
    assert_int_equal(memtrack_statistics_new(profile, &view, &statistics), -MEMTRACK_EUSAGE);
    view = memtrack_view_init();
    view.sort = (memtrack_column)77;
    assert_int_equal(memtrack_statistics_new(profile, &view, &statistics), -MEMTRACK_EUSAGE);
    view = memtrack_view_init();
    view.by = MEMTRACK_BY_STACK;
    view.cumulative = 1;
    assert_int_equal(memtrack_statistics_new(profile, &view, &statistics), -MEMTRACK_EUSAGE);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

static void names_and_back(void **state) {
    (void)state;
    memtrack_group_by by;
    memtrack_column column;
    for (memtrack_group_by i = 0; i <= MEMTRACK_BY_DOMAIN; i++) {
        ok(memtrack_group_by_parse(memtrack_group_by_name(i), &by));
        assert_int_equal(by, i);
    }
    for (memtrack_column i = 1; i <= MEMTRACK_WASTE_BYTES; i++) {
        ok(memtrack_column_parse(memtrack_column_name(i), &column));
        assert_int_equal(column, i);
    }
    assert_null(memtrack_column_name(MEMTRACK_COLUMN_DEFAULT));
    assert_null(memtrack_group_by_name((memtrack_group_by)-1));
    assert_int_equal(memtrack_column_parse("weight", &column), -MEMTRACK_EUSAGE);
    assert_int_equal(memtrack_group_by_parse("weight", &by), -MEMTRACK_EUSAGE);
}

struct worker {
    const memtrack_profile *profile;
    const memtrack_statistics *shared;
    const char *key;
    pthread_t thread;
    int number, n_wrong;
};

/* Rows of one object, traces of one profile, own views of it, and errors of one's own. */
static void *work(void *argument) {
    struct worker *worker = argument;
    for (int round = 0; round < 20; round++) {
        char moment[32];
        memtrack_profile *none;
        memtrack_statistics *own;
        memtrack_stack *stack;
        memtrack_row row;
        snprintf(moment, sizeof moment, "moment-%d", worker->number);
        worker->n_wrong += memtrack_profile_at(worker->profile, moment, &none) != -MEMTRACK_EUSAGE;
        worker->n_wrong += strstr(memtrack_analyze_error(), moment) == NULL;
        worker->n_wrong += memtrack_statistics_row(worker->shared, 0, &row) < 0 ||
                           strcmp(row.key, worker->key) != 0;
        worker->n_wrong += memtrack_statistics_new(worker->profile, NULL, &own) < 0;
        memtrack_statistics_free(own);
        worker->n_wrong += memtrack_profile_trace_stack(worker->profile, (size_t)round, &stack) < 0;
        memtrack_stack_free(stack);
    }
    return NULL;
}

static void threads_share_objects(void **state) {
    (void)state;
    enum { N_WORKERS = 4 };
    struct mt_profile *model = build_random_profile(47, 200);
    memtrack_profile *profile = handle_of(model);
    memtrack_statistics *shared = statistics_of(profile, memtrack_view_init());
    memtrack_statistics *expected = statistics_of(profile, memtrack_view_init());
    memtrack_row row;
    struct worker workers[N_WORKERS];
    ok(memtrack_statistics_row(expected, 0, &row));
    for (int i = 0; i < N_WORKERS; i++) {
        workers[i] =
            (struct worker){.profile = profile, .shared = shared, .key = row.key, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < N_WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].n_wrong, 0);
    }
    memtrack_statistics_free(expected);
    memtrack_statistics_free(shared);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

static void null_can_be_freed(void **state) {
    (void)state;
    memtrack_profile_free(NULL);
    memtrack_statistics_free(NULL);
    memtrack_comparison_free(NULL);
    memtrack_filter_free(NULL);
    memtrack_stack_free(NULL);
    memtrack_text_free(NULL);
}

/* ---- NULL ------------------------------------------------------------------------------------ */

#define refused(call) assert_refused(call, #call)

static void assert_refused(int status, const char *call) {
    size_t name = strcspn(call, "(");
    if (status != -MEMTRACK_EUSAGE || strncmp(memtrack_analyze_error(), call, name) != 0)
        fail_msg("%s: %d: %s", call, status, memtrack_analyze_error());
}

static void no_profile_is_an_error(void **state) {
    (void)state;
    memtrack_profile *made;
    memtrack_totals totals;
    memtrack_coverage coverage;
    memtrack_info info;
    memtrack_tick tick;
    memtrack_mark_info mark;
    memtrack_trace trace;
    memtrack_stack *stack;
    refused(memtrack_profile_load(NULL, NULL, &made));
    refused(memtrack_profile_load("x", NULL, NULL));
    refused(memtrack_profile_load_process(1, NULL, NULL));
    refused(memtrack_profile_load_memory(NULL, 1, NULL, &made));
    refused(memtrack_profile_filter(NULL, NULL, &made));
    refused(memtrack_profile_at(NULL, "peak", &made));
    refused(memtrack_profile_save(NULL, "x", 0));
    refused(memtrack_profile_write(NULL, 1));
    refused(memtrack_profile_totals(NULL, &totals));
    refused(memtrack_profile_coverage(NULL, &coverage));
    refused(memtrack_profile_info(NULL, &info));
    refused(memtrack_profile_tick(NULL, 0, &tick));
    refused(memtrack_profile_mark(NULL, 0, &mark));
    refused(memtrack_profile_trace(NULL, 0, &trace));
    refused(memtrack_profile_trace_stack(NULL, 0, &stack));
    assert_null(memtrack_profile_note(NULL, 0));
    assert_null(memtrack_profile_argument(NULL, 0));
    assert_int_equal(memtrack_profile_has(NULL, MEMTRACK_LIVE_BYTES), 0);
    assert_int_equal(memtrack_profile_trace_count(NULL), 0);
}

static void no_rows_are_an_error(void **state) {
    (void)state;
    memtrack_statistics *statistics;
    memtrack_comparison *comparison;
    memtrack_row row;
    memtrack_difference difference;
    memtrack_values values;
    memtrack_stack *stack;
    memtrack_frame frame;
    refused(memtrack_statistics_new(NULL, NULL, &statistics));
    refused(memtrack_statistics_row(NULL, 0, &row));
    refused(memtrack_statistics_sum(NULL, &values));
    refused(memtrack_statistics_stack(NULL, 0, &stack));
    refused(memtrack_comparison_new(NULL, NULL, NULL, &comparison));
    refused(memtrack_comparison_row(NULL, 0, &difference));
    refused(memtrack_comparison_sum(NULL, &difference));
    refused(memtrack_comparison_stack(NULL, 0, MEMTRACK_OLD, &stack));
    refused(memtrack_stack_frame(NULL, 0, &frame));
    assert_int_equal(memtrack_statistics_count(NULL), 0);
    assert_int_equal(memtrack_comparison_count(NULL), 0);
    assert_int_equal(memtrack_comparison_has(NULL, MEMTRACK_LIVE_BYTES), 0);
    assert_int_equal(memtrack_stack_count(NULL), 0);
    assert_int_equal(memtrack_stack_is_truncated(NULL), 0);
    assert_int_equal(memtrack_stack_total(NULL), 0);
    assert_null(memtrack_statistics_note(NULL, 0));
    assert_null(memtrack_statistics_text(NULL, 0));
    assert_null(memtrack_comparison_note(NULL, 0));
    assert_null(memtrack_comparison_text(NULL, 0));
    assert_null(memtrack_stack_format(NULL, 0, 0));
}

static void no_text_is_an_error(void **state) {
    (void)state;
    static const char *const wrappers[] = {"x*", NULL};
    memtrack_group_by by;
    memtrack_column column;
    memtrack_filter *filter;
    memtrack_statistics *statistics;
    memtrack_view view = memtrack_view_init();
    struct mt_profile *model = with_axis(3);
    memtrack_profile *profile = handle_of(model), *made;
    refused(memtrack_group_by_parse(NULL, &by));
    refused(memtrack_column_parse(NULL, &column));
    refused(memtrack_filter_new(NULL));
    ok(memtrack_filter_new(&filter));
    refused(memtrack_filter_add(filter, MEMTRACK_INCLUDE, NULL, 0, 0));
    refused(memtrack_filter_add(NULL, MEMTRACK_INCLUDE, "x", 0, 0));
    refused(memtrack_filter_add_label(filter, MEMTRACK_INCLUDE, MEMTRACK_BY_SCOPE, NULL));
    refused(memtrack_profile_at(profile, NULL, &made));
    refused(memtrack_profile_save(profile, NULL, 0));
    view.wrappers = wrappers;
    view.n_wrappers = 2;
    assert_int_equal(memtrack_statistics_new(profile, &view, &statistics), -MEMTRACK_EUSAGE);
    memtrack_filter_free(filter);
    memtrack_profile_free(profile);
    mt_profile_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stacks_can_be_walked_and_printed),
        cmocka_unit_test(cut_stacks_say_what_they_lack),
        cmocka_unit_test(lines_of_source_say_when_they_are_newer),
        cmocka_unit_test(traces_say_what_they_are),
        cmocka_unit_test(wrappers_of_the_profile_count),
        cmocka_unit_test(rows_as_text),
        cmocka_unit_test(a_profile_says_what_it_is_of),
        cmocka_unit_test(saved_parts_are_profiles),
        cmocka_unit_test(bad_names_are_errors),
        cmocka_unit_test(structs_of_other_versions),
        cmocka_unit_test(names_and_back),
        cmocka_unit_test(threads_share_objects),
        cmocka_unit_test(null_can_be_freed),
        cmocka_unit_test(no_profile_is_an_error),
        cmocka_unit_test(no_rows_are_an_error),
        cmocka_unit_test(no_text_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
