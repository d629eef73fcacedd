/* SPDX-License-Identifier: MIT */
/*
 * What every framework has to say the same about. CASES(X) lists them as X(name); each is a
 * function with at most one expectation that is broken. The comment "breaks: MESSAGE" stands on the
 * line before such a one, and test_expect.py takes from there which tests must fail and how their
 * message begins.
 */
#ifndef CASES_H
#define CASES_H

#include <pthread.h>
#include <stdlib.h>

#define CASES(X)                                                                                   \
    X(at_the_limit)                                                                                \
    X(above)                                                                                       \
    X(above_in_units)                                                                              \
    X(no_budget)                                                                                   \
    X(unlimited)                                                                                   \
    X(blocks)                                                                                      \
    X(blocks_above)                                                                                \
    X(leak)                                                                                        \
    X(leaks)                                                                                       \
    X(no_leak)                                                                                     \
    X(no_allocations)                                                                              \
    X(an_allocation)                                                                               \
    X(a_free)                                                                                      \
    X(inner)                                                                                       \
    X(outer)                                                                                       \
    X(several)                                                                                     \
    X(left_by_return)                                                                              \
    X(left_by_break)                                                                               \
    X(left_by_continue)                                                                            \
    X(left_by_goto)                                                                                \
    X(left_within_budget)                                                                          \
    X(dangling_else)                                                                               \
    X(other_threads)                                                                               \
    X(all_threads)                                                                                 \
    X(all_threads_leak)                                                                            \
    X(in_time)

/* What must hold whether it is recorded or not. */
#define MUST(condition) ((condition) ? (void)0 : abort())

static void *volatile kept;

__attribute__((noinline)) static void *take(size_t bytes) {
    void *block = malloc(bytes);
    kept = block; /* by any thread: not to be read back here */
    return block;
}

__attribute__((noinline)) static void use(size_t bytes) {
    free(take(bytes));
}

static void at_the_limit(void) {
    int n = 0;
    size_t budget = 1000;
    MEMTRACK_EXPECT_MAX(budget++) {
        use(1000);
        use(400);
        n++;
    }
    MUST(n == 1 && budget == 1001);
}

static void above(void) {
    void *before = take(5000);
    /* breaks: the peak is 1,000 bytes, 1 byte above the budget of 999 bytes */
    MEMTRACK_EXPECT_MAX(999) {
        free(before);
        use(6000);
    }
}

static void above_in_units(void) {
    /* breaks: the peak is 73.7 KiB (75,432 bytes), 9.7 KiB (9,896 bytes) above the budget of 64.0
     * KiB (65,536 bytes) */
    MEMTRACK_EXPECT_MAX(64 * 1024)
    use(75432);
}

static void no_budget(void) {
    /* breaks: the budget is not a number from 0 on */
    MEMTRACK_EXPECT_MAX(-1) {}
}

static void unlimited(void) {
    MEMTRACK_EXPECT_MAX(SIZE_MAX) {
        use(1 << 20);
    }
    MEMTRACK_EXPECT_MAX(1.5e6) {
        use(1500000);
    }
}

static void blocks(void) {
    MEMTRACK_EXPECT_MAX_BLOCKS(3) {
        use(10);
        free(realloc(take(10), 20000));
    }
}

static void blocks_above(void) {
    /* breaks: 3 blocks were allocated, 1 above the budget of 2 */
    MEMTRACK_EXPECT_MAX_BLOCKS(2) {
        for (int i = 0; i < 3; i++)
            use(10);
    }
}

static void leak(void) {
    /* breaks: 1 block of 24 bytes was not freed */
    MEMTRACK_EXPECT_NO_LEAKS {
        take(24);
    }
    free(kept);
}

static void leaks(void) {
    /* breaks: 2 blocks of 3.0 KiB (3,024 bytes) were not freed */
    MEMTRACK_EXPECT_NO_LEAKS {
        take(24);
        take(3000);
    }
}

static void no_leak(void) {
    void *before = take(100);
    MEMTRACK_EXPECT_NO_LEAKS {
        use(24);
        free(before);
    }
}

static void no_allocations(void) {
    volatile int sum = 0;
    MEMTRACK_EXPECT_NO_ALLOCATIONS {
        for (int i = 0; i < 10; i++)
            sum = sum + i;
    }
    MUST(sum == 45);
}

static void an_allocation(void) {
    /* breaks: 1 block of 24 bytes was allocated, 1 block freed */
    MEMTRACK_EXPECT_NO_ALLOCATIONS {
        use(24);
    }
}

static void a_free(void) {
    void *before = take(100);
    /* breaks: 0 blocks of 0 bytes were allocated, 1 block freed */
    MEMTRACK_EXPECT_NO_ALLOCATIONS {
        free(before);
    }
}

static void inner(void) {
    MEMTRACK_EXPECT_MAX(1000000) {
        use(1000);
        /* breaks: the peak is 600 bytes, 500 bytes above the budget of 100 bytes */
        MEMTRACK_EXPECT_MAX(100) {
            use(600);
        }
    }
}

static void outer(void) {
    /* breaks: the peak is 1.2 KiB (1,200 bytes), 200 bytes above the budget of 1,000 bytes */
    MEMTRACK_EXPECT_MAX(1000) {
        void *block = take(600);
        MEMTRACK_EXPECT_MAX(600) {
            use(600);
        }
        free(block);
    }
}

static void several(void) {
    MEMTRACK_EXPECT_MAX(1 << 20) /* a framework that goes on allocates to say why */
    /* breaks: 1 block of 700 bytes was not freed */
    MEMTRACK_EXPECT_NO_LEAKS
    MEMTRACK_EXPECT_MAX_BLOCKS(2) {
        use(1000);
        take(700);
    }
    free(kept);
}

static int returns(void) {
    /* breaks: the peak is 11 bytes, 1 byte above the budget of 10 bytes */
    MEMTRACK_EXPECT_MAX(10) {
        use(11);
        return 7;
    }
    return 8;
}

static void left_by_return(void) {
    MUST(returns() == 7);
}

static void left_by_break(void) {
    int n = 0;
    /* breaks: the peak is 12 bytes, 2 bytes above the budget of 10 bytes */
    MEMTRACK_EXPECT_MAX(10) {
        use(12);
        if (kept)
            break;
        n++;
    }
    MUST(n == 0);
}

static void left_by_continue(void) {
    int n = 0;
    /* breaks: the peak is 13 bytes, 3 bytes above the budget of 10 bytes */
    MEMTRACK_EXPECT_MAX(10) {
        use(13);
        if (kept)
            continue;
        n++;
    }
    MUST(n == 0);
}

static void left_by_goto(void) {
    int n = 0;
    /* breaks: the peak is 14 bytes, 4 bytes above the budget of 10 bytes */
    MEMTRACK_EXPECT_MAX(10) {
        use(14);
        if (kept)
            goto out;
        n++;
    }
    n++;
out:
    MUST(n == 0);
}

static int returns_early(int i) {
    while (1)
        MEMTRACK_EXPECT_MAX(10) {
            use(10);
            if (i)
                return i;
            i = 2;
        }
}

static void left_within_budget(void) {
    MUST(returns_early(3) == 3 && returns_early(0) == 2);
}

static void dangling_else(void) {
    int n = 0;
    if (kept == &n)
        MEMTRACK_EXPECT_MAX(0) n += 10;
    else
        n++;
    MUST(n == 1);
}

static void *use_in_thread(void *bytes) {
    use(*(size_t *)bytes);
    return NULL;
}

static void *take_in_thread(void *bytes) {
    return take(*(size_t *)bytes);
}

static void in_thread(void *(*work)(void *), size_t bytes) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, work, &bytes) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

static void *within_budget(void *rounds) {
    for (size_t i = 0; i < *(size_t *)rounds; i++)
        MEMTRACK_EXPECT_MAX(100 + i) use(100 + i);
    return NULL;
}

static void other_threads(void) {
    pthread_t thread[2];
    size_t rounds = 2000;
    for (int i = 0; i < 2; i++)
        MUST(pthread_create(&thread[i], NULL, within_budget, &rounds) == 0);
    for (int i = 0; i < 2; i++)
        MUST(pthread_join(thread[i], NULL) == 0);
    MEMTRACK_EXPECT_MAX(100000) { /* what pthread_create itself needs */
        in_thread(use_in_thread, 1 << 20);
    }
}

static void all_threads(void) {
    MEMTRACK_EXPECT_PROCESS_MAX(1 << 24) {
        in_thread(use_in_thread, 1 << 20);
    }
    /* breaks: the peak is 1.0 MiB */
    MEMTRACK_EXPECT_PROCESS_MAX(100000) {
        in_thread(use_in_thread, 1 << 20);
    }
}

static void all_threads_leak(void) {
    in_thread(use_in_thread, 77); /* the C library keeps the stack of a thread, and reuses it */
    /* breaks: 1 block of 77 bytes was not freed */
    MEMTRACK_EXPECT_PROCESS_NO_LEAKS {
        in_thread(take_in_thread, 77);
    }
}

static void in_time(void) {
    int n = 0;
    MEMTRACK_EXPECT_MAX_NS(1e18) {
        n++;
    }
    MEMTRACK_EXPECT_MAX(100)
    MEMTRACK_EXPECT_MAX_NS(1e18) {
        use(100);
        n++;
    }
    MUST(n == 2);
}

#endif
