/* SPDX-License-Identifier: MIT */
/*
 * No framework: what is broken ends the process. So each case runs in a child, and its line "NAME
 * STATUS" says how that ended. This file is compiled as C and as C++.
 */
#include <memtrack/expect.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#ifdef __cplusplus
#include "cases.hpp"
#else
#define CASES_OF_CPLUSPLUS(X)
#endif

void elsewhere(void);

static void run(const char *name, void (*work)(void)) {
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        work();
        _exit(0);
    }
    MUST(child > 0 && waitpid(child, &status, 0) == child);
    printf("%s %d\n", name, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

#define RUN(name) run(#name, name);

static void ends_in_a_child(void) {
    int status = 1;
    MEMTRACK_EXPECT_MAX(1000) {
        pid_t child = fork();
        if (child == 0)
            use(5000); /* and leaves the block, which is the parent's */
        else
            waitpid(child, &status, 0);
        if (child == 0)
            break;
    }
    if (status == 1)
        _exit(0);
    MUST(status == 0);
}

static void switched_off(void) {
    memtrack_stop();
    MEMTRACK_EXPECT_MAX(1000) {
        use(5000);
    }
    memtrack_start();
    /* breaks: the peak is 4.9 KiB (5,000 bytes) */
    MEMTRACK_EXPECT_MAX(1000) {
        use(5000);
        memtrack_stop();
    }
}

static void deeper(int levels) {
    /* breaks: cannot be measured: memtrack_begin returned -5 (memtrack/error.h) */
    MEMTRACK_EXPECT_MAX(1000) {
        if (levels)
            deeper(levels - 1);
    }
}

/* More than can be open at a time: what is not measured is not passed. */
static void *too_deep_in_thread(void *unused) {
    deeper(17000);
    return unused;
}

static void too_deep(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    MUST(pthread_attr_setstacksize(&attributes, 256 << 20) == 0);
    MUST(pthread_create(&thread, &attributes, too_deep_in_thread, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

int main(void) {
    MEMTRACK_EXPECT_MAX(10) use(10); /* says once that nothing is recorded, if so */
    elsewhere();
    CASES(RUN)
    CASES_OF_CPLUSPLUS(RUN)
    RUN(ends_in_a_child)
    RUN(switched_off)
    RUN(too_deep)
    return 0;
}
