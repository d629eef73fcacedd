/* SPDX-License-Identifier: MIT */
/*
 * What threads share, used by several at once: each allocates blocks of its own and frees those of
 * its neighbour, with new call paths, sites and names all the while. The counts are exact and the
 * walkers content; in the preset tsan the thread sanitizer looks on.
 */
#include "engine-fixture.h"

#include <pthread.h>

#include "track/record.h"
#include "track/tables/banks.h"
#include "track/tables/names.h"

enum { THREADS = 4, BLOCKS = 512, ROUNDS = 4000 };

/* Of each thread and place: the block that is there, handed from thread to thread by an
 * exchange. */
static uint64_t block[THREADS][BLOCKS];
static mt_name_id domain[8];
static pthread_barrier_t
    together; /* all begin at once, and none ends before the others: memory passes on untold */
static uint64_t n_tracked[THREADS], n_untracked[THREADS];

static const void *address(uint64_t id) {
    return (const void *)(UINT64_C(0x600000000000) + id * 48);
}

__attribute__((noinline)) static void track(mt_name_id of, uint64_t id, size_t bytes) {
    mt_record_track(of, address(id), bytes, __builtin_frame_address(0));
    __asm__ volatile(""); /* not the last thing that it does: its frame is there */
}

__attribute__((noinline)) static void untrack(mt_name_id of, uint64_t id) {
    mt_record_untrack(of, address(id));
    __asm__ volatile("");
}

/* At most this deep below work: as many call paths. */
__attribute__((noinline)) static void deep(int depth, mt_name_id of, uint64_t id, size_t bytes) {
    if (depth > 0)
        deep(depth - 1, of, id, bytes);
    else
        track(of, id, bytes);
    __asm__ volatile("");
}

static void new_name(uint64_t random) {
    char text[32];
    snprintf(text, sizeof text, "name %d", (int)(random % 500));
    struct mt_thread *t = engine_enter();
    assert_int_not_equal(mt_names_find(&t->names, text), 0);
    engine_leave(t);
}

static void *work(void *argument) {
    uint64_t me = (uint64_t)argument, random = me + 1, next = me << 32;
    pthread_barrier_wait(&together);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t r = engine_random(&random);
        uint64_t *place = &block[r % 2 ? me : (me + 1) % THREADS][r >> 8 & (BLOCKS - 1)];
        uint64_t id = ++next;
        deep((int)(r >> 3) % 12, domain[id % 8], id, 1 + r % 3000);
        n_tracked[me]++;
        uint64_t old = __atomic_exchange_n(place, id, __ATOMIC_ACQ_REL);
        if (old != 0) {
            untrack(domain[old % 8], old);
            n_untracked[me]++;
        }
        if (r % 16 == 0)
            new_name(r);
    }
    pthread_barrier_wait(&together);
    return NULL;
}

static void several_threads_at_once(void **state) {
    (void)state;
    pthread_t thread[THREADS];
    struct mt_thread *t = engine_enter();
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (int i = 0; i < 8; i++) {
        char text[16];
        snprintf(text, sizeof text, "domain %d", i);
        domain[i] = mt_names_find(&t->names, text);
    }
    engine_leave(t);
    for (uint64_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    uint64_t allocated = 0, freed = 0, tracked = 0, untracked = 0, unknown = 0;
    for (mt_bank_id id = 1; id < mt_state.header->n_banks; id++) {
        const struct mt_bank *b = mt_banks_at(id);
        allocated += b->counters.allocated_blocks;
        freed += b->counters.freed_blocks;
        unknown += b->rare.unknown_frees + b->rare.dropped + b->rare.lossy_blocks;
    }
    for (int i = 0; i < THREADS; i++) {
        tracked += n_tracked[i];
        untracked += n_untracked[i];
    }
    assert_int_equal(allocated, tracked);
    assert_int_equal(freed, untracked);
    assert_int_equal(unknown, 0);
    assert_null(mt_check_all(true)); /* the others have ended */
}

int main(int argc, char **argv) {
    (void)argc;
    engine_execute(argv);
    engine_start();
    const struct CMUnitTest tests[] = {cmocka_unit_test(several_threads_at_once)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_remove();
    return failed;
}
