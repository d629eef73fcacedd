/* SPDX-License-Identifier: MIT */
/* Ledgers are found by what processes have mapped, and in the directories that ended ones have left
 * them in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "directory-fixture.h"
#include "ledger/find.h"
#include "ledger/layout.h"

struct place {
    char directory[DIRECTORY_BYTES];
    pid_t child; /* has something mapped, until it is killed; 0: none */
};

static int setup(void **state) {
    struct place *p = calloc(1, sizeof *p);
    directory_make(p->directory);
    setenv("MEMTRACK_DIR", p->directory, 1);
    *state = p;
    return 0;
}

static void end_child(struct place *p) {
    if (p->child) {
        kill(p->child, SIGKILL);
        waitpid(p->child, NULL, 0);
    }
    p->child = 0;
}

static int teardown(void **state) {
    struct place *p = *state;
    end_child(p);
    int rc = directory_remove(p->directory);
    free(p);
    return rc;
}

static void name(const struct place *p, pid_t pid, const char *rest, char path[256]) {
    snprintf(path, 256, "%s/%d.%s" MT_LEDGER_SUFFIX, p->directory, pid, rest);
}

static void make(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && ftruncate(fd, 4096) == 0);
    close(fd);
}

static void map(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
        _exit(1);
    close(fd);
}

/* A child that makes and maps PID.77.N.ledger for each counter, in this order. */
static void start_child(struct place *p, const char *const *rests) {
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    p->child = fork();
    if (p->child == 0) {
        for (; *rests; rests++) {
            char path[256];
            name(p, getpid(), *rests, path);
            make(path);
            map(path);
        }
        if (write(ends[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
}

static void finds_the_newest_that_is_mapped(void **state) {
    struct place *p = *state;
    char wanted[256], *path;
    bool is_live;
    start_child(p, (const char *const[]){"77.0", "77.10", "77.9", NULL});
    name(p, p->child, "77.10", wanted);
    assert_int_equal(mt_find_ledger(p->child, &path, &is_live, NULL), 0);
    assert_true(is_live);
    assert_string_equal(path, wanted);
    free(path);
}

static void finds_what_a_process_has_left(void **state) {
    struct place *p = *state;
    char wanted[256], earlier[256], *path;
    bool is_live;
    start_child(p, (const char *const[]){"77.2", "77.3", NULL});
    pid_t pid = p->child;
    name(p, pid, "9.8", earlier); /* of a process that had this number before */
    make(earlier);
    kill(pid, SIGKILL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    name(p, pid, "77.3", wanted);
    for (int i = 0; i < 2; i++) { /* a zombie, and when it is gone */
        assert_int_equal(mt_find_ledger(pid, &path, &is_live, NULL), 0);
        assert_false(is_live);
        assert_string_equal(path, wanted);
        free(path);
        end_child(p);
    }
}

static void reaches_a_file_that_was_removed(void **state) {
    struct place *p = *state;
    char gone[256], *path = NULL;
    struct mt_error error = {{0}, {0}};
    start_child(p, (const char *const[]){"77.0", NULL});
    name(p, p->child, "77.0", gone);
    unlink(gone);
    int rc = mt_find_ledger(p->child, &path, NULL, &error);
    if (rc == 0) /* root */
        assert_non_null(strstr(path, "/map_files/"));
    else
        assert_non_null(strstr(error.message, "removed"));
    free(path);
}

static void says_why_there_is_none(void **state) {
    struct place *p = *state;
    char stale[256], *path = NULL;
    struct mt_error error = {{0}, {0}};
    start_child(p, (const char *const[]){NULL});
    assert_int_equal(mt_find_ledger(p->child, &path, NULL, &error), -MEMTRACK_ENOTFOUND);
    assert_non_null(strstr(error.message, "is not tracked"));
    name(p, p->child, "1.0", stale); /* of an earlier process of this number */
    make(stale);
    assert_int_equal(mt_find_ledger(p->child, &path, NULL, &error), -MEMTRACK_ENOTFOUND);
    assert_non_null(strstr(error.hint, stale));
    assert_int_equal(mt_find_ledger(4194304, &path, NULL, &error), -MEMTRACK_ENOTFOUND);
    assert_non_null(strstr(error.message, "no such process"));
    assert_null(path);
}

static const struct mt_found_ledger *with_path(const struct mt_found_ledgers *found,
                                               const char *path) {
    for (size_t i = 0; i < found->n; i++)
        if (strcmp(found->items[i].path, path) == 0)
            return &found->items[i];
    return NULL;
}

static void lists_the_running_and_the_left(void **state) {
    struct place *p = *state;
    struct mt_found_ledgers found;
    char live[256], left[256], in_session[256], session[128], inner[200], other[256], link[256],
        word[256];
    start_child(p, (const char *const[]){"77.0", NULL});
    name(p, p->child, "77.0", live);
    name(p, 4000001, "5.0", left);
    make(left);
    snprintf(session, sizeof session, "%s/memtrack-run-abcdef", p->directory);
    mkdir(session, 0700);
    snprintf(inner, sizeof inner, "%s/memtrack-run-0123", session); /* as root has them */
    mkdir(inner, 01733);
    snprintf(in_session, sizeof in_session, "%s/4000005.5.0" MT_LEDGER_SUFFIX, inner);
    make(in_session);
    snprintf(in_session, sizeof in_session, "%s/4000002.5.0" MT_LEDGER_SUFFIX, session);
    make(in_session);
    snprintf(other, sizeof other, "%s/memtrack-other", p->directory);
    mkdir(other, 0700);
    snprintf(other, sizeof other, "%s/memtrack-other/4000003.5.0" MT_LEDGER_SUFFIX, p->directory);
    make(other);
    name(p, 4000004, "5.0", link);
    assert_int_equal(symlink(left, link), 0);
    snprintf(other, sizeof other, "%s/elsewhere", p->directory);
    mkdir(other, 0700);
    snprintf(link, sizeof link, "%s/memtrack-run-link", p->directory);
    assert_int_equal(symlink(other, link), 0); /* anybody may make one in a shared directory */
    snprintf(other, sizeof other, "%s/elsewhere/4000005.5.0" MT_LEDGER_SUFFIX, p->directory);
    make(other);
    snprintf(word, sizeof word, "%s/word.5.0" MT_LEDGER_SUFFIX, p->directory);
    make(word);

    assert_int_equal(mt_find_running(&found), 0);
    assert_non_null(with_path(&found, live));
    assert_int_equal(with_path(&found, live)->name.pid, p->child);
    assert_null(with_path(&found, left));
    mt_find_free(&found);

    assert_int_equal(mt_find_left(&found), 0);
    assert_int_equal(found.n, 4);
    assert_true(with_path(&found, live)->is_live);
    assert_false(with_path(&found, left)->is_live);
    assert_false(with_path(&found, in_session)->is_live);
    mt_find_free(&found);
}

static void knows_sessions_that_are_attended(void **state) {
    struct place *p = *state;
    assert_false(mt_find_is_attended(p->directory));
    int fd = open(p->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_SH), 0);
    assert_true(mt_find_is_attended(p->directory));
    close(fd);
    assert_false(mt_find_is_attended(p->directory));
    assert_false(mt_find_is_attended("/nonexistent"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(finds_the_newest_that_is_mapped), TEST(finds_what_a_process_has_left),
        TEST(reaches_a_file_that_was_removed), TEST(says_why_there_is_none),
        TEST(lists_the_running_and_the_left),  TEST(knows_sessions_that_are_attended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
