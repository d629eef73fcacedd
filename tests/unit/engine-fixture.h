/* SPDX-License-Identifier: MIT */
/*
 * The recorder, begun in this process without anybody calling malloc's hooks: its modules are
 * called as the hot path does. Its options come from the environment that the process was executed
 * with, so main executes itself once more.
 */
#ifndef MT_TESTS_ENGINE_FIXTURE_H
#define MT_TESTS_ENGINE_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "directory-fixture.h"
#include "track/check.h"
#include "track/ground/state.h"
#include "track/guard.h"
#include "track/record.h"
#include "track/start.h"

static inline uint64_t engine_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Makes a directory for ledgers, and executes this program once more with it. Returns in the
 * process that has the directory. */
static inline void engine_execute(char **argv) {
    static char directory[DIRECTORY_BYTES];
    if (getenv("MEMTRACK_DIR") != NULL && getenv("ENGINE") != NULL)
        return;
    directory_make(directory);
    if (setenv("MEMTRACK_DIR", directory, 1) != 0 || setenv("ENGINE", "1", 1) != 0)
        abort();
    execv("/proc/self/exe", argv);
    abort();
}

/* Nobody here confines the process, though the command that is linked in could. */
static inline void engine_start(void) {
    mt_start(__builtin_frame_address(0));
    mt_os_denied = 0;
}

/* Enters an event, which lasts until engine_leave, and returns the calling thread's memory. */
static inline struct mt_thread *engine_enter_at(const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_guard_enter(frame);
    assert_non_null(t);
    return t;
}

#define engine_enter() engine_enter_at(__builtin_frame_address(0))

static inline void engine_leave(struct mt_thread *t) {
    mt_guard_leave(t);
}

static inline void engine_check(void) {
    const char *violation = mt_check_all(mt_state_is_alone());
    if (violation != NULL)
        fail_msg("%s", violation);
}

/* Removes the ledger, those of children that left by _exit, and the directory. */
static inline void engine_remove(void) {
    mt_writer_remove(&mt_state.ledger);
    const char *directory = getenv("MEMTRACK_DIR");
    DIR *files = directory != NULL ? opendir(directory) : NULL;
    if (files == NULL)
        return;
    for (const struct dirent *file; (file = readdir(files)) != NULL;)
        unlinkat(dirfd(files), file->d_name, 0); /* fails for . and .. */
    closedir(files);
    rmdir(directory);
}

#endif
