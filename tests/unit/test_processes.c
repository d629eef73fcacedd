/* SPDX-License-Identifier: MIT */
/* The processes of a run: the heap of all over time, what each is called, who started whom, and the
 * index that is read again as it was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory-fixture.h"
#include "export/export.h"
#include "view/processes/course.h"
#include "view/processes/index.h"
#include "view/processes/label.h"

#define MS UINT64_C(1000000)

/* words: separated by blanks. */
static struct mt_process *add(struct mt_processes *p, uint32_t pid, uint32_t parent,
                              uint64_t start_ms, const char *words) {
    struct mt_process *process = mt_processes_add(p);
    char *copy = strdup(words);
    size_t bytes = strlen(copy);
    for (size_t i = 0; i < bytes; i++)
        if (copy[i] == ' ')
            copy[i] = 0;
    assert_int_equal(0, mt_processes_set_command(process, copy, bytes));
    const char *slash = strrchr(copy, '/');
    process->program = strdup(slash ? slash + 1 : copy);
    process->exe = strdup(copy);
    process->pid = pid;
    process->parent_pid = parent;
    process->start_time_ns = start_ms * MS;
    free(copy);
    return process;
}

/* ---- the course ------------------------------------------------------------------------------ */

static void run(struct mt_processes_course *course, uint64_t start_ms, uint64_t peak_bytes,
                uint64_t peak_ms, const struct mt_tick *ticks, size_t n) {
    const struct mt_processes_life life = {.start_ns = start_ms * MS,
                                           .peak_bytes = peak_bytes,
                                           .peak_ns = peak_ms * MS,
                                           .peak_time_known = true};
    assert_int_equal(0, mt_processes_course_add(course, &life, ticks, n));
}

#define TICK(ms, bytes)                                                                            \
    { .time_ns = (ms)*MS, .live_bytes = (bytes) }

static void those_that_run_together_are_added_up(void **state) {
    static const struct mt_tick a[] = {TICK(0, 10), TICK(10, 30), TICK(20, 20), TICK(40, 5)},
                                b[] = {TICK(0, 1), TICK(5, 100), TICK(30, 40)};
    struct mt_processes_course course = {0};
    struct mt_processes p = {.duration_ns = 60 * MS};
    (void)state;
    run(&course, 100, 30, 10, a, 4); /* 100 to 140 */
    run(&course, 110, 120, 8, b, 3); /* 110 to 140, its peak between two ticks */
    assert_int_equal(0, mt_processes_course_finish(&course, 100 * MS, &p));
    assert_true(p.peak_known);
    assert_int_equal(150, p.peak_bytes); /* at 118: 30 and 120 */
    assert_int_equal(18 * MS, p.peak_ns);
    assert_int_equal(2, p.n_at_peak);
    mt_processes_course_free(&course);
    mt_processes_free(&p);
}

/* Each was seen for the last time before the next began, though its end was noticed later. */
static void those_that_follow_one_another_are_not(void **state) {
    static const struct mt_tick ticks[] = {TICK(0, 1), TICK(9, 50)};
    struct mt_processes_course course = {0};
    struct mt_processes p = {.duration_ns = 1000 * MS};
    (void)state;
    for (uint64_t i = 0; i < 100; i++)
        run(&course, 10 * i, 60, 5, ticks, 2);
    run(&course, 2000, 7, 99, NULL, 0); /* was never seen running */
    assert_int_equal(0, mt_processes_course_finish(&course, 0, &p));
    assert_int_equal(60, p.peak_bytes);
    assert_int_equal(1, p.n_at_peak);
    for (size_t i = 0; i < p.n_points; i++)
        assert_in_range(p.points[i].bytes, 0, 60);
    assert_int_equal(7, p.points[p.n_points - 1].bytes);
    mt_processes_course_free(&course);
    mt_processes_free(&p);
}

static void nothing_has_no_peak(void **state) {
    struct mt_processes_course course = {0};
    struct mt_processes p = {0};
    (void)state;
    assert_int_equal(0, mt_processes_course_finish(&course, 0, &p));
    assert_false(p.peak_known);
    mt_processes_free(&p);
}

/* ---- labels ---------------------------------------------------------------------------------- */

static void assert_labels(const struct mt_processes *p, const char *ellipsis,
                          const char *const *expected) {
    char **labels = mt_processes_label(p, ellipsis);
    assert_non_null(labels);
    for (size_t i = 0; i < p->n; i++)
        assert_string_equal(expected[i], labels[i]);
    mt_processes_label_free(labels, p->n);
}

static void what_commands_share_is_left_out(void **state) {
    struct mt_processes p = {0};
    (void)state;
    add(&p, 1, 0, 0, "make -j8 all");
    add(&p, 2, 1, 1, "/usr/lib/gcc/cc1 -quiet src/a.c -dumpbase src/a.c -O2 -o /tmp/ccAAAA.s");
    add(&p, 3, 1, 2, "/usr/lib/gcc/cc1 -quiet src/b.c -dumpbase src/b.c -O2 -o /tmp/ccBBBB.s");
    add(&p, 4, 1, 3, "/usr/lib/gcc/cc1 -quiet src/b.c -dumpbase src/b.c -O0 -o /tmp/ccCCCC.s");
    add(&p, 5, 1, 4, "as -o /tmp/a");
    add(&p, 6, 1, 5, "as -o /tmp/b");
    add(&p, 7, 1, 6, "true");
    add(&p, 8, 1, 7, "true");
    static const char *const expected[] = {"make -j8 all",  "cc1 … a.c -O2", "cc1 … b.c -O2",
                                           "cc1 … b.c -O0", "as … a",        "as … b",
                                           "true",          "true"},
                             *const plain[] = {"make -j8 all", "cc1 a.c -O2", "cc1 b.c -O2",
                                               "cc1 b.c -O0",  "as a",        "as b",
                                               "true",         "true"};
    assert_labels(&p, "…", expected);
    assert_labels(&p, "", plain);
    mt_processes_free(&p);
}

static void a_fork_is_said_to_be_one(void **state) {
    static const char *const expected[] = {"sh -c x", "sh (forked)", "sh (forked)", "sh -c x"};
    struct mt_processes p = {0};
    (void)state;
    add(&p, 1, 0, 0, "sh -c x");
    add(&p, 2, 1, 1, "sh -c x");
    add(&p, 3, 2, 2, "sh -c x");
    add(&p, 4, 9, 3, "sh -c x"); /* of somebody who was not recorded */
    assert_labels(&p, "…", expected);
    mt_processes_free(&p);
}

/* ---- who started whom ------------------------------------------------------------------------ */

static void parents_are_found_by_pid_and_time(void **state) {
    struct mt_processes p = {0};
    (void)state;
    add(&p, 10, 1, 0, "sh");              /* 0 */
    add(&p, 11, 10, 1, "sh");             /* 1: forked */
    add(&p, 11, 10, 2, "gcc")->image = 1; /* 2: the same process */
    add(&p, 12, 11, 3, "cc1");            /* 3: of gcc, not of the sh before it */
    add(&p, 11, 10, 4, "ld");             /* 4: another process with a pid that was used */
    add(&p, 13, 11, 5, "collect2");       /* 5: of ld */
    p.items[1].is_last_image = false;
    mt_processes_sort(&p);
    assert_int_equal(SIZE_MAX, mt_processes_parent(&p, 0));
    assert_int_equal(0, mt_processes_parent(&p, 1));
    assert_int_equal(0, mt_processes_parent(&p, 2));
    assert_int_equal(2, mt_processes_parent(&p, 3));
    assert_int_equal(0, mt_processes_parent(&p, 4));
    assert_int_equal(4, mt_processes_parent(&p, 5));
    assert_int_equal(5, mt_processes_count(&p));
    mt_processes_free(&p);
}

/* ---- the index ------------------------------------------------------------------------------- */

static int make_directory(void **state) {
    *state = malloc(DIRECTORY_BYTES);
    directory_make(*state);
    return 0;
}

static int remove_directory(void **state) {
    int rc = directory_remove(*state);
    free(*state);
    return rc;
}

static char *index_of(const char *directory) {
    char *path;
    assert_true(asprintf(&path, "%s/" MT_INDEX_NAME, directory) > 0);
    return path;
}

static void write_index(const char *directory, const struct mt_processes *p) {
    const struct mt_export thing = {.what = MT_EXPORT_INDEX, .processes = p};
    char *path = index_of(directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(0, mt_export(file, &thing, MT_EXPORT_JSON, NULL));
    fclose(file);
    free(path);
}

static void write_text(const char *directory, const char *text) {
    char *path = index_of(directory);
    directory_write_text(path, text);
    free(path);
}

static void an_index_is_read_as_it_was_written(void **state) {
    const char *directory = *state;
    struct mt_processes p = {.start_time_ns = 5, .duration_ns = 7, .is_complete = true}, q;
    struct mt_process *a = add(&p, 10, 1, 1, "/bin/app --x y\xff");
    a->is_main = true;
    a->peak_bytes = UINT64_C(1) << 40;
    a->exit_known = true;
    a->exit_code = 3;
    a->file = strdup("app.10.pb.gz");
    struct mt_process *b = add(&p, 11, 10, 2, "child");
    b->exit_known = true;
    b->exit_code = -1;
    b->exit_signal = 9;
    b->image = 2;
    b->is_last_image = false;
    b->why = strdup("nothing was allocated");
    p.peak_known = true;
    p.peak_bytes = 77;
    p.peak_ns = 6;
    p.tick_ns = 10;
    p.n_at_peak = 2;
    write_index(directory, &p);
    assert_true(mt_index_is_run(directory));
    assert_int_equal(0, mt_index_read(directory, &q, NULL));
    assert_int_equal(2, q.n);
    assert_true(q.is_complete && q.peak_known && q.items[0].is_main && !q.items[1].is_main);
    assert_int_equal(77, q.peak_bytes);
    assert_int_equal(2, q.n_at_peak);
    assert_int_equal(UINT64_C(1) << 40, q.items[0].peak_bytes);
    assert_int_equal(3, q.items[0].n_words);
    assert_string_equal("--x", q.items[0].command[1]);
    assert_string_equal("app.10.pb.gz", q.items[0].file);
    assert_int_equal(3, q.items[0].exit_code);
    assert_null(q.items[0].why);
    assert_int_equal(9, q.items[1].exit_signal);
    assert_false(q.items[1].is_last_image);
    assert_string_equal("nothing was allocated", q.items[1].why);
    assert_null(q.items[1].file);
    mt_processes_free(&p);
    mt_processes_free(&q);
}

static void a_strange_index_does_no_harm(void **state) {
    static const char *const
        refused[] = {"{\"schema\":\"memtrack-index/1\"", "[\"memtrack-index/1\"]"},
        *const taken[] = {"{\"schema\":\"memtrack-index/1\"}",
                          "{\"schema\":\"memtrack-index/1\",\"processes\":7,\"tree\":[]}",
                          "{\"schema\":\"memtrack-index/1\",\"is_complete\":true,"
                          "\"processes\":[{\"pid\":-1,\"file\":\"../x\",\"command\":[1]},3]}"};
    struct mt_processes p;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        write_text(*state, refused[i]);
        assert_true(mt_index_read(*state, &p, NULL) < 0);
    }
    for (size_t i = 0; i < 3; i++) {
        write_text(*state, taken[i]);
        assert_true(mt_index_is_run(*state));
        assert_int_equal(0, mt_index_read(*state, &p, NULL));
        for (size_t k = 0; k < p.n; k++)
            assert_null(p.items[k].file); /* it would lead out of the directory */
        mt_processes_free(&p);
    }
    write_text(*state, "{}");
    assert_false(mt_index_is_run(*state));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_run_together_are_added_up),
        cmocka_unit_test(those_that_follow_one_another_are_not),
        cmocka_unit_test(nothing_has_no_peak),
        cmocka_unit_test(what_commands_share_is_left_out),
        cmocka_unit_test(a_fork_is_said_to_be_one),
        cmocka_unit_test(parents_are_found_by_pid_and_time),
        cmocka_unit_test_setup_teardown(an_index_is_read_as_it_was_written, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(a_strange_index_does_no_harm, make_directory,
                                        remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
