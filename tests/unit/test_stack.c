/* SPDX-License-Identifier: MIT */
/* What may be read of a stack: the thread's own without a question, other memory as long as it is
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/mman.h>

#include "unwind/stack.h"

enum { PAGE = MT_OS_PAGE, PAGES = 16 };

static char *map_pages(void) {
    char *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    assert_int_equal(mprotect(at, PAGE, PROT_NONE), 0);
    assert_int_equal(munmap(at + (PAGES - 1) * PAGE, PAGE), 0);
    return at;
}

static uint64_t here(void) {
    return (uint64_t)__builtin_frame_address(0);
}

static void asks_the_kernel(void **state) {
    (void)state;
    uint64_t at = (uint64_t)map_pages();
    for (uint64_t begin = 0; begin < PAGES; begin++)
        for (uint64_t end = begin + 1; end <= PAGES; end++) {
            uint64_t first = begin == 0 ? 0 : end == PAGES ? PAGES - 1 : PAGES;
            uint64_t found = mt_os_first_unreadable(at + begin * PAGE, at + end * PAGE);
            if (first == PAGES)
                assert_true(found >= at + end * PAGE);
            else
                assert_int_equal(found, at + first * PAGE);
        }
    assert_true(mt_os_is_readable(at + PAGE, at + PAGE + 1));
    assert_false(mt_os_is_readable(at + PAGE - 1, at + PAGE + 1));
    assert_false(mt_os_is_readable(8, 16));
    assert_false(mt_os_is_readable(UINT64_C(1) << 63, (UINT64_C(1) << 63) + 8));
    munmap((void *)at, PAGES * PAGE);
}

static void asks_as_an_allocator(void **state) {
    (void)state;
    uint64_t at = (uint64_t)map_pages(), denied = mt_os_denied;
    mt_os_denied |= mt_os_bit(SYS_rt_sigprocmask);
    assert_true(mt_os_is_readable(at + PAGE, at + (PAGES - 1) * PAGE) ||
                mt_os_first_unreadable(at + PAGE, at + 2 * PAGE) == at + PAGE);
    assert_int_equal(mt_os_first_unreadable(at, at + PAGE), at);
    mt_os_denied = MT_OS_ALL_CALLS; /* nothing may be asked: nothing is known */
    assert_false(mt_os_is_readable(at + PAGE, at + 2 * PAGE));
    mt_os_denied = denied;
    munmap((void *)at, PAGES * PAGE);
}

/* The thread's own stack, wherever the test runs. */
static void *learn_own(void *unused) {
    struct mt_stack_map map = {.quick = 0};
    uint64_t sp = here() & ~UINT64_C(15);
    assert_true(mt_stack_settle(&map, sp, sp));
    mt_stack_locate(&map, sp);
    assert_true(mt_stack_contains(&map, sp) && mt_stack_check(&map));
    assert_true(mt_os_is_readable(map.own.low, map.own.high));
    assert_true(mt_stack_can_read(&map, map.now.high - 8, 8));
    assert_false(mt_stack_can_read(&map, map.now.high - 4, 8));
    uint64_t lower = map.own.low - 3 * PAGE;
    ((volatile char *)lower)[0] = 0;
    mt_stack_locate(&map, lower + 64); /* deeper than before */
    assert_int_equal(map.own.low, lower);
    assert_true(mt_stack_together(&map, lower, sp));
    uint64_t other = (uint64_t)map_pages();
    mt_stack_locate(&map, other + 2 * PAGE);
    assert_false(mt_stack_contains(&map, other + 2 * PAGE));
    assert_true(mt_stack_check(&map));
    mt_stack_locate(&map, sp);
    assert_true(mt_stack_contains(&map, sp));
    assert_false(mt_stack_together(&map, other + 2 * PAGE, sp));
    munmap((void *)other, PAGES * PAGE);
    return unused;
}

static void own_stack(void **state) {
    (void)state;
    learn_own(NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, learn_own, NULL), 0);
    pthread_join(thread, NULL);
}

static void another_stack(void **state) {
    (void)state;
    struct mt_stack_map map = {.quick = 0};
    uint64_t at = (uint64_t)map_pages(), sp = at + 2 * PAGE + 64;
    assert_false(mt_stack_settle(&map, sp, sp));
    mt_stack_locate(&map, sp);
    assert_true(mt_stack_can_read(&map, sp, 8));
    assert_true(mt_stack_can_read(&map, at + 3 * PAGE - 4, 8)); /* across a border */
    for (uint64_t page = 4; page < PAGES - 1; page++)
        assert_true(mt_stack_can_read(&map, at + page * PAGE + 8, 8));
    assert_false(mt_stack_can_read(&map, at + (PAGES - 1) * PAGE, 8));
    assert_false(mt_stack_can_read(&map, at + (PAGES - 1) * PAGE - 4, 8));
    assert_false(mt_stack_can_read(&map, at + PAGE - 8, 8));
    assert_false(mt_stack_can_read(&map, UINT64_MAX - 7, 8));
    assert_true(mt_stack_check(&map));
    /* Some of it goes, and some is protected: the next walk does not believe the last one. */
    munmap((void *)(at + 5 * PAGE), PAGE);
    mprotect((void *)(at + 7 * PAGE), PAGE, PROT_NONE);
    mt_stack_locate(&map, sp);
    for (uint64_t page = 2; page < PAGES; page++)
        assert_int_equal(mt_stack_can_read(&map, at + page * PAGE + 8, 8),
                         page != 5 && page != 7 && page != PAGES - 1);
    assert_true(mt_stack_together(&map, at + PAGE, at + 5 * PAGE - 1));
    assert_false(mt_stack_together(&map, at + PAGE, at + 5 * PAGE));
    mt_stack_leave(&map);
    assert_true(mt_stack_check(&map) && mt_stack_can_read(&map, at + 4 * PAGE, 8));
    munmap((void *)at, PAGES * PAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_the_kernel), cmocka_unit_test(asks_as_an_allocator),
        cmocka_unit_test(own_stack), cmocka_unit_test(another_stack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
