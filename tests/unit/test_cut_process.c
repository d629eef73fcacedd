/* SPDX-License-Identifier: MIT */
/*
 * The target's half of a cut. A program that does what it is told (tests/programs/obedient.c) is
 * told to allocate and to free while a cut is open: whatever it has done since, what is read must
 * be what was true when the cut began.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "directory-fixture.h"
#include "ledger/cut.h"
#include "ledger/find.h"
#include "profile/ledger/convert.h"
#include "profile/ledger/live.h"

struct target {
    pid_t pid;
    FILE *orders, *answers;
    char directory[64];
    struct mt_ledger *ledger;
};

static void become_obedient(const struct target *t, const int orders[2], const int answers[2]) {
    char program[4096], library[4096];
    const char *build = getenv("MEMTRACK_BUILD");
    snprintf(program, sizeof program, "%s/tests/programs/obedient", build ? build : ".");
    snprintf(library, sizeof library, "%s/libmemtrack.so", build ? build : ".");
    dup2(orders[0], STDIN_FILENO);
    dup2(answers[1], STDOUT_FILENO);
    close(orders[1]);
    close(answers[0]);
    setenv("LD_PRELOAD", library, 1);
    setenv("MEMTRACK_DIR", t->directory, 1);
    execl(program, program, (char *)NULL);
    _exit(127);
}

static void await_answer(const struct target *t) {
    char line[16];
    assert_non_null(fgets(line, sizeof line, t->answers));
    assert_string_equal(line, "ok\n");
}

static void tell(const struct target *t, const char *order) {
    assert_true(fprintf(t->orders, "%s\n", order) > 0 && fflush(t->orders) == 0);
    await_answer(t);
}

static int setup(void **state) {
    struct target *t = calloc(1, sizeof *t);
    int orders[2], answers[2];
    directory_make(t->directory);
    assert_int_equal(pipe(orders) | pipe(answers), 0);
    t->pid = fork();
    assert_true(t->pid >= 0);
    if (t->pid == 0)
        become_obedient(t, orders, answers);
    close(orders[0]);
    close(answers[1]);
    t->orders = fdopen(orders[1], "w");
    t->answers = fdopen(answers[0], "r");
    *state = t;
    await_answer(t);
    tell(t, "t 1"); /* its standard input has a buffer from now on */
    return mt_ledger_live_open(t->pid, &t->ledger, NULL);
}

static int teardown(void **state) {
    struct target *t = *state;
    if (t->ledger)
        unlink(mt_ledger_path(t->ledger));
    mt_ledger_close(t->ledger);
    kill(t->pid, SIGKILL);
    waitpid(t->pid, NULL, 0);
    fclose(t->orders);
    fclose(t->answers);
    directory_remove(t->directory);
    free(t);
    return 0;
}

static struct mt_profile *read_profile(struct target *t) {
    struct mt_profile *profile = NULL;
    assert_int_equal(mt_ledger_convert(t->ledger, &profile, NULL), 0);
    return profile;
}

/* The process is waiting for an order, so nothing moves. */
static struct mt_totals totals_now(struct target *t) {
    struct mt_profile *profile = read_profile(t);
    struct mt_totals totals = profile->info.totals;
    mt_profile_free(profile);
    return totals;
}

static void assert_same(const struct mt_totals *a, const struct mt_totals *b) {
    assert_int_equal(a->live_bytes, b->live_bytes);
    assert_int_equal(a->live_blocks, b->live_blocks);
    assert_int_equal(a->peak_bytes, b->peak_bytes);
    assert_int_equal(a->peak_blocks, b->peak_blocks);
    assert_int_equal(a->total_bytes, b->total_bytes);
    assert_int_equal(a->total_blocks, b->total_blocks);
    assert_int_equal(a->temporary_blocks, b->temporary_blocks);
}

/* What is read in a cut after which these orders were carried out, is what was read before. */
static void check_cut(struct target *t, const char *const *orders, size_t n) {
    struct mt_totals before = totals_now(t), after;
    struct mt_ledger_totals sums;
    assert_int_equal(mt_ledger_cut_begin(t->ledger, NULL), 0);
    for (size_t i = 0; i < n; i++)
        tell(t, orders[i]);
    assert_int_equal(mt_ledger_totals(t->ledger, &sums), 0);
    assert_int_equal(sums.live_bytes, before.live_bytes);
    assert_int_equal(sums.allocated_blocks, before.total_blocks);
    assert_int_equal(sums.peak_bytes, before.peak_bytes);
    struct mt_profile *profile = read_profile(t);
    assert_same(&profile->info.totals, &before);
    assert_false(profile->info.approximate);
    mt_profile_free(profile);
    after = totals_now(t);
    assert_true(after.total_blocks > before.total_blocks);
}

static void keeps_what_was_before_allocations(void **state) {
    const char *const orders[] = {"a 50", "b 20"};
    tell(*state, "a 10");
    check_cut(*state, orders, 2);
}

static void keeps_what_was_before_frees(void **state) {
    const char *const orders[] = {"d", "t 5"};
    tell(*state, "b 30");
    check_cut(*state, orders, 2);
}

/* The composition of the peak is of the peak before the cut, also when a new one has replaced
 * it. */
static void keeps_the_peak(void **state) {
    const char *const orders[] = {"b 200", "d", "a 5"};
    tell(*state, "a 40");
    tell(*state, "d");
    tell(*state, "b 3");
    check_cut(*state, orders, 3);
}

/* The copies of one cut are not taken for those of the next. */
static void keeps_each_cut_apart(void **state) {
    const char *const orders[] = {"a 7", "t 3", "b 4"};
    for (int i = 0; i < 5; i++)
        check_cut(*state, orders, 3);
}

/* Nothing is kept when nobody looks. */
static void keeps_nothing_without_a_cut(void **state) {
    struct target *t = *state;
    struct mt_totals before = totals_now(t), after;
    tell(t, "a 9");
    after = totals_now(t);
    assert_int_equal(after.live_bytes, before.live_bytes + 9000);
    assert_int_equal(after.live_blocks, before.live_blocks + 9);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(keeps_what_was_before_allocations),
        TEST(keeps_what_was_before_frees),
        TEST(keeps_the_peak),
        TEST(keeps_each_cut_apart),
        TEST(keeps_nothing_without_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
