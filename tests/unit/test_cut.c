/* SPDX-License-Identifier: MIT */
// libs: -lpthread
/* The reader's half of a cut, with this process as the one that is read: it has the ledger mapped
 * and plays its threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>

#include "ledger-fixture.h"
#include "ledger/control.h"
#include "ledger/cut.h"

struct live {
    struct fixture f;
    void *map; /* of the file */
    struct mt_ledger_header *header;
    struct mt_bank *banks;
    struct mt_site *sites;
    struct mt_saved_site *saved;
    struct mt_ledger *ledger;
};

static void *in_map(const struct live *l, const void *in_image) {
    return (char *)l->map + ((const char *)in_image - l->f.image);
}

/* Sites 1 and 2 of bank 1, and room for their copies in the unused half of the nodes' chunk. */
static int setup(void **state) {
    struct live *l = calloc(1, sizeof *l);
    fixture_setup(&l->f);
    mt_node_id node = fixture_node(&l->f, MT_NODE_ROOT, 0x400100, 1);
    fixture_site(&l->f, node, 10, 100);
    fixture_site(&l->f, node, 5, 1000);
    l->saved = (struct mt_saved_site *)(l->f.nodes + MT_NODES_PER_CHUNK / 2);
    struct mt_ledger_header *h = l->f.header;
    h->pid = (uint32_t)getpid();
    h->control.epoch = 3;
    h->control.peak_bytes = 6000;
    h->extent[h->n_extents++] = (struct mt_extent){fixture_address(&l->f, l->saved),
                                                   1000 * sizeof *l->saved, MT_EXTENT_SAVED, 0};
    fixture_write(&l->f);
    int fd = open(l->f.path, O_RDWR | O_CLOEXEC);
    l->map = mmap(NULL, l->f.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    l->header = in_map(l, l->f.header);
    l->banks = in_map(l, l->f.banks);
    l->sites = in_map(l, l->f.sites);
    l->saved = in_map(l, l->saved);
    if (mt_ledger_open(l->f.path, &l->ledger, NULL) != 0)
        return -1;
    *state = l;
    return 0;
}

static int teardown(void **state) {
    struct live *l = *state;
    mt_ledger_close(l->ledger);
    if (l->map)
        munmap(l->map, l->f.bytes);
    fixture_teardown(&l->f);
    free(l);
    return 0;
}

static struct mt_site site_now(struct live *l, size_t id) {
    struct mt_site site;
    assert_int_equal(mt_ledger_read_items(l->ledger, MT_EXTENT_SITES, id, 1, &site), 1);
    return site;
}

/* What a thread of the process does at its first event after a cut: 7 blocks of 100 bytes at site
 * 1, and a peak. */
static void allocate(struct live *l) {
    uint32_t cut = l->header->control.request.cut;
    if (cut & 1) {
        l->banks[1].saved.counters.live_bytes = l->banks[1].counters.live_bytes;
        l->banks[1].saved.counters.allocated_blocks = l->banks[1].counters.allocated_blocks;
        l->banks[1].saved.cut = cut;
        l->header->saved_control =
            (struct mt_saved_control){.epoch = 3, .peak_bytes = 6000, .cut = cut};
        l->saved[1] = (struct mt_saved_site){.counters = l->sites[1].counters,
                                             .at_peak.epoch = UINT64_MAX,
                                             .max_bytes = l->sites[1].max_bytes,
                                             .cut = cut};
    }
    l->header->control.epoch = 4;
    l->header->control.peak_bytes = 6700;
    fixture_allocate(&l->sites[1], 7, 700);
    l->banks[1].counters.live_bytes += 700;
    l->banks[1].counters.allocated_blocks += 7;
}

static void gives_what_was(void **state) {
    struct live *l = *state;
    struct mt_ledger_totals totals;
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_int_equal(l->header->control.request.cut, 1);
    allocate(l);
    assert_int_equal(mt_ledger_totals(l->ledger, &totals), 0);
    assert_int_equal(totals.live_bytes, 6000);
    assert_int_equal(totals.allocated_blocks, 15);
    assert_int_equal(totals.peak_bytes, 6000);
    assert_int_equal(totals.epoch, 3);
    assert_int_equal(site_now(l, 1).counters.allocated_bytes, 1000);
    assert_int_equal(site_now(l, 1).node, l->f.sites[1].node);
    assert_int_equal(site_now(l, 2).counters.allocated_bytes, 5000); /* nobody changed it */
    assert_true(mt_ledger_cut_is_exact(l->ledger));
    mt_ledger_cut_end(l->ledger);
    assert_int_equal(l->header->control.request.cut, 2);
    assert_true(mt_ledger_cut_is_exact(l->ledger));
    assert_int_equal(site_now(l, 1).counters.allocated_bytes, 1700);
    assert_int_equal(mt_ledger_totals(l->ledger, &totals), 0);
    assert_int_equal(totals.live_bytes, 6700);
    assert_int_equal(totals.peak_bytes, 6700);
}

/* The copies of an earlier cut are not this one's. */
static void tells_cuts_apart(void **state) {
    struct live *l = *state;
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    allocate(l);
    mt_ledger_cut_end(l->ledger);
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_int_equal(l->header->control.request.cut, 3);
    assert_int_equal(site_now(l, 1).counters.allocated_bytes, 1700);
    mt_ledger_cut_end(l->ledger);
    assert_int_equal(l->header->control.request.cut, 4);
}

/* A reader was killed within its cut. */
static void takes_over(void **state) {
    struct live *l = *state;
    l->header->control.request.cut = 7;
    allocate(l);
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_int_equal(l->header->control.request.cut, 9);
    assert_int_equal(site_now(l, 1).counters.allocated_bytes, 1700);
    assert_true(mt_ledger_cut_is_exact(l->ledger));
    mt_ledger_close(l->ledger); /* ends it as well */
    l->ledger = NULL;
    assert_int_equal(l->header->control.request.cut, 10);
}

static void *leave_event(void *argument) {
    struct live *l = argument;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    fixture_allocate(&l->sites[2], 0, 1000); /* belongs to before the cut */
    __atomic_fetch_add(&l->banks[1].sequence, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void waits_for_events(void **state) {
    struct live *l = *state;
    pthread_t thread;
    l->banks[1].sequence = 5;
    l->banks[1].tid = (uint32_t)getpid();
    assert_int_equal(pthread_create(&thread, NULL, leave_event, l), 0);
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_int_equal(l->banks[1].sequence, 6);
    assert_int_equal(site_now(l, 2).counters.allocated_bytes, 6000);
    assert_true(mt_ledger_cut_is_exact(l->ledger));
    pthread_join(thread, NULL);
}

static void *sleep_in_event(void *argument) {
    struct live *l = argument;
    l->banks[1].tid = (uint32_t)gettid();
    __atomic_store_n(&l->banks[1].sequence, 5, __ATOMIC_RELEASE);
    while (__atomic_load_n(&l->banks[1].sequence, __ATOMIC_ACQUIRE) == 5)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    return NULL;
}

static void gives_up_on_an_event_that_sleeps(void **state) {
    struct live *l = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, sleep_in_event, l), 0);
    while (__atomic_load_n(&l->banks[1].sequence, __ATOMIC_ACQUIRE) != 5)
        sched_yield();
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_false(mt_ledger_cut_is_exact(l->ledger));
    mt_ledger_cut_end(l->ledger);
    assert_false(mt_ledger_cut_is_exact(l->ledger));
    __atomic_store_n(&l->banks[1].sequence, 6, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
}

/* It jumped out of its event and ended: nothing is under way. */
static void ignores_threads_that_have_ended(void **state) {
    struct live *l = *state;
    l->banks[1].sequence = 5;
    l->banks[1].tid = 4194305; /* above every pid */
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_true(mt_ledger_cut_is_exact(l->ledger));
}

static void says_what_was_not_saved(void **state) {
    struct live *l = *state;
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    allocate(l);
    assert_true(mt_ledger_cut_is_exact(l->ledger));
    l->banks[1].saved.unsaved = 1;
    assert_false(mt_ledger_cut_is_exact(l->ledger));
    mt_ledger_cut_end(l->ledger);
    assert_false(mt_ledger_cut_is_exact(l->ledger));
}

/* Somebody else holds the lock, for ever: 2 seconds, and then the ledger is read as it is. */
static void does_not_wait_for_ever(void **state) {
    struct live *l = *state;
    struct mt_error error;
    int fd = open(l->f.path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(mt_ledger_cut_begin(l->ledger, &error), -MEMTRACK_EIO);
    assert_non_null(strstr(error.message, "others have read it"));
    assert_false(mt_ledger_cut_is_exact(l->ledger));
    assert_int_equal(l->header->control.request.cut, 0);
    assert_int_equal(site_now(l, 1).counters.allocated_bytes, 1000);
    close(fd);
    assert_int_equal(mt_ledger_cut_begin(l->ledger, &error), 0);
}

static void asks_nothing_of_the_dead(void **state) {
    struct live *l = *state;
    munmap(l->map, l->f.bytes);
    l->map = NULL;
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_true(mt_ledger_cut_is_exact(l->ledger));
    mt_ledger_cut_end(l->ledger);
    assert_int_equal(mt_ledger_info(l->ledger)->control.request.cut, 0);
    l->f.banks[2].sequence = 3; /* it died within an event */
    fixture_write(&l->f);
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    assert_false(mt_ledger_cut_is_exact(l->ledger));
}

static void a_target_that_takes_the_cut_away(void **state) {
    struct live *l = *state;
    assert_int_equal(mt_ledger_cut_begin(l->ledger, NULL), 0);
    l->header->control.request.cut = 99;
    assert_false(mt_ledger_cut_is_exact(l->ledger));
}

static void switches(void **state) {
    struct live *l = *state;
    l->header->control.request.cut = 6;
    assert_int_equal(mt_ledger_control_switch(l->ledger, false, NULL), 0);
    assert_int_equal(l->header->control.request.off, 1);
    assert_int_equal(mt_ledger_info(l->ledger)->control.request.off, 1);
    assert_int_equal(mt_ledger_control_switch(l->ledger, true, NULL), 0);
    assert_int_equal(l->header->control.request.off, 0);
    assert_int_equal(l->header->control.request.cut, 6); /* not touched */
}

static void tells_the_time(void **state) {
    struct live *l = *state;
    uint64_t start = mt_ledger_info(l->ledger)->start_monotonic_ns;
    assert_int_equal(mt_ledger_control_store_era(l->ledger, start + 50 * MT_ERA_UNIT_NS), 0);
    assert_int_equal(l->header->control.era, 50);
    assert_int_equal(l->header->era_seen[50], 1);
    assert_int_equal(mt_ledger_control_store_era(l->ledger, start + 20 * MT_ERA_UNIT_NS),
                     0); /* time does not go back */
    assert_int_equal(l->header->control.era, 50);
    assert_int_equal(l->header->era_seen[20], 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(gives_what_was),
        TEST(tells_cuts_apart),
        TEST(takes_over),
        TEST(waits_for_events),
        TEST(gives_up_on_an_event_that_sleeps),
        TEST(ignores_threads_that_have_ended),
        TEST(says_what_was_not_saved),
        TEST(does_not_wait_for_ever),
        TEST(asks_nothing_of_the_dead),
        TEST(a_target_that_takes_the_cut_away),
        TEST(switches),
        TEST(tells_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
