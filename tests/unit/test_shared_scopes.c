/* SPDX-License-Identifier: MIT */
/*
 * Everything that takes several locks, at once: two threads begin and end scopes of the process
 * under names that nobody has met, one nests scopes of its own, one clears, one loads and unloads
 * code and names its functions, and the process is forked meanwhile. Nobody is refused, each name
 * is there once and each scope is counted. The ranks of locks are checked in this build; in the
 * preset tsan the thread sanitizer looks on.
 */
#include "engine-fixture.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>

#include "profile/ledger/convert.h"
#include "track/clear.h"
#include "track/scopes/process.h"
#include "track/scopes/scopes.h"
#include "track/scopes/thread.h"
#include "track/tables/banks.h"
#include "track/tables/modules.h"
#include "track/tables/names.h"
#include "track/tables/sites.h"

enum { OF_PROCESS = 2, NAMERS = OF_PROCESS + 1, FORKS = 12 };

static uint32_t n_rounds = 1500;
static uint32_t n_bad, n_working;
static uint64_t n_began[NAMERS];
static pthread_barrier_t together;

static void count_bad(bool is_bad) {
    if (is_bad)
        mt_add_relaxed(&n_bad, 1); /* a count, read after all have ended */
}

#define AS_EVENT(call)                                                                             \
    do {                                                                                           \
        struct mt_thread *t = mt_guard_enter(__builtin_frame_address(0));                          \
        count_bad(t == NULL || !(call));                                                           \
        if (t != NULL)                                                                             \
            mt_guard_leave(t);                                                                     \
    } while (0)

/* Each a function of its own: a scope's storage is its caller's. */
__attribute__((noinline)) static void begin_of_process(memtrack_scope *scope, const char *name) {
    AS_EVENT(mt_scopes_process_begin(t, scope, name, NULL, 0) == 0);
}

__attribute__((noinline)) static void begin(memtrack_scope *scope, const char *name) {
    AS_EVENT(mt_scopes_thread_begin(t, scope, name, 0, NULL, 0) == 0);
}

__attribute__((noinline)) static void end(memtrack_scope *scope) {
    AS_EVENT(mt_scopes_end(t, scope, NULL) == 0);
}

__attribute__((noinline)) static void clear(void) {
    AS_EVENT(mt_clear(t) == 0);
}

__attribute__((noinline)) static void name_function(const void *function) {
    AS_EVENT(mt_names_find_function(&t->names, (uint64_t)function) != 0);
}

__attribute__((noinline)) static void allocate(uint64_t id, size_t bytes) {
    const void *block = (const void *)(UINT64_C(0x600000000000) + id * 48);
    mt_record_track(1, block, bytes, __builtin_frame_address(0));
    mt_record_untrack(1, block);
}

/* ---- the threads ----------------------------------------------------------------------------- */

static void *use_process_scopes(void *argument) {
    uint64_t me = (uint64_t)argument;
    pthread_barrier_wait(&together);
    for (uint32_t i = 0; i < n_rounds; i++) {
        memtrack_scope outer, inner;
        char name[32];
        snprintf(name, sizeof name, "process %d-%u", (int)me, i);
        begin_of_process(&outer, name);
        allocate(me << 32 | i, 1 + i % 5000);
        snprintf(name, sizeof name, "within %d-%u", (int)me, i);
        begin_of_process(&inner, name);
        end(&outer); /* those of the process need not nest */
        end(&inner);
        n_began[me] += 2;
    }
    mt_add_release(&n_working, -1u); /* after its last round */
    return NULL;
}

static void *use_scopes(void *argument) {
    uint64_t me = (uint64_t)argument;
    pthread_barrier_wait(&together);
    for (uint32_t i = 0; i < n_rounds; i++) {
        memtrack_scope outer, inner;
        char name[32];
        snprintf(name, sizeof name, "outer %u", i);
        begin(&outer, name);
        snprintf(name, sizeof name, "inner %u", i);
        begin(&inner, name);
        allocate(me << 32 | i, 1 + i % 5000);
        end(&inner);
        end(&outer);
        n_began[me] += 2;
    }
    mt_add_release(&n_working, -1u); /* likewise */
    return NULL;
}

static bool others_work(void) {
    return mt_load_acquire(&n_working) != 0; /* what they did before is there */
}

static void *clear_all_the_time(void *unused) {
    pthread_barrier_wait(&together);
    while (others_work())
        clear();
    return unused;
}

/* As the hook of dlclose does. */
static void *load_and_unload(void *unused) {
    static const char *const library[] = {"libBrokenLocale.so.1", "libthread_db.so.1"};
    static const char *const function[] = {"__ctype_get_mb_cur_max", "td_init"};
    pthread_barrier_wait(&together);
    for (int i = 0; others_work(); i++) {
        void *handle = dlopen(library[i % 2], RTLD_LAZY | RTLD_LOCAL);
        void *found = handle != NULL ? dlsym(handle, function[i % 2]) : NULL;
        count_bad(found == NULL);
        if (found != NULL)
            name_function(found);
        mt_modules_begin_unloading(__builtin_frame_address(0));
        if (handle != NULL)
            dlclose(handle);
        mt_modules_end_unloading(__builtin_frame_address(0));
    }
    return unused;
}

/* ---- forks ----------------------------------------------------------------------------------- */

/* Whatever the other threads held is free here, and the ledger is another one. */
static int in_child(int i) {
    memtrack_scope scope;
    char name[32];
    n_bad = 0; /* what the parent has seen is its own */
    snprintf(name, sizeof name, "child %d", i);
    begin_of_process(&scope, name);
    allocate((uint64_t)i, 100);
    end(&scope);
    clear();
    const struct mt_ledger_header *h = mt_state.header;
    bool good = n_bad == 0 && h->pid == (uint32_t)getpid() && h->n_names == 2 && h->n_scopes == 2 &&
                h->dropped_scopes == 0 && mt_check_all(true) == NULL;
    mt_writer_remove(&mt_state.ledger);
    return good ? 0 : 1;
}

static void fork_and_wait(int i) {
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(in_child(i));
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- the storm ------------------------------------------------------------------------------- */

static uint64_t count_scopes(const struct mt_profile *p, bool is_process, uint64_t *n_names) {
    const struct mt_scopes *s = &p->info.scopes;
    uint64_t sum = 0;
    *n_names = 0;
    for (size_t i = 0; i < s->n_totals; i++)
        if (s->totals[i].is_process == is_process) {
            sum += s->totals[i].count;
            ++*n_names;
            assert_int_equal(s->totals[i].count, 1); /* each has a name of its own */
            assert_int_equal(s->totals[i].errors, 0);
            assert_int_equal(s->totals[i].misuses, 0);
        }
    return sum;
}

static void check_scopes(void) {
    struct mt_ledger *ledger = NULL;
    struct mt_profile *profile = NULL;
    struct mt_error error = {{0}, {0}};
    uint64_t n_names, of_process = n_began[0] + n_began[1];
    if (mt_ledger_open(mt_state.ledger.path, &ledger, &error) != 0 ||
        mt_ledger_convert(ledger, &profile, &error) != 0)
        fail_msg("%s", error.message);
    /* What ended before the last clear is forgotten. */
    assert_in_range(count_scopes(profile, true, &n_names), 0, of_process);
    assert_in_range(n_names, 0, of_process);
    assert_in_range(count_scopes(profile, false, &n_names), 0, n_began[OF_PROCESS]);
    assert_int_equal(mt_state.header->n_scopes - 1, of_process + n_began[OF_PROCESS]);
    assert_int_equal(profile->info.scopes.n_open, 0);
    mt_profile_free(profile);
    mt_ledger_close(ledger);
}

static void locks_are_taken_in_one_order(void **state) {
    (void)state;
    static void *(*const work[])(void *) = {use_process_scopes, use_process_scopes, use_scopes,
                                            clear_all_the_time, load_and_unload};
    enum { THREADS = sizeof work / sizeof *work };
    pthread_t thread[THREADS];
    AS_EVENT(mt_names_find(&t->names, "domain") == 1);
    n_working = NAMERS;
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS + 1), 0);
    for (uint64_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work[i], (void *)i), 0);
    pthread_barrier_wait(&together);
    for (int i = 0; i < FORKS; i++)
        fork_and_wait(i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(n_bad, 0);
    assert_int_equal(mt_state.header->dropped_scopes, 0);
    check_scopes();
    clear();
    assert_null(mt_check_all(true)); /* the others have ended */
}

/* ---- clearing -------------------------------------------------------------------------------- */

enum { BUSY = 3, CLEARS = 20, MOST_UNPUBLISHED = 1 << 16 };
static uint32_t is_over, n_clear_rounds = 200;

static void *allocate_all_the_time(void *argument) {
    uint64_t me = (uint64_t)argument;
    for (uint32_t round = 0; round < n_clear_rounds; round++) {
        pthread_barrier_wait(&together);
        for (uint64_t i = 0; mt_load_acquire(&is_over) == 0; i++)
            allocate(me << 32 | i % 1000, 1000);
        pthread_barrier_wait(&together);
        pthread_barrier_wait(&together); /* until it has been looked at */
    }
    return NULL;
}

/* All blocks have been freed: whatever was cleared in the middle of an event is cleared as a whole,
 * or not at all. */
static void check_nothing_lives(void) {
    const struct mt_ledger_header *h = mt_state.header;
    int64_t in_sites = 0, in_banks = 0;
    for (mt_site_id id = 1; id < h->n_sites; id++)
        if (mt_sites_at(id)->at_peak.epoch >= h->control.clear_epoch)
            in_sites += mt_sites_at(id)->counters.live_bytes;
    for (mt_bank_id id = 1; id < h->n_banks; id++)
        if (mt_banks_at(id)->clear_epoch >= h->control.clear_epoch)
            in_banks += mt_banks_at(id)->counters.live_bytes;
    assert_int_equal(in_sites, 0);
    assert_int_equal(in_banks, 0);
    assert_true(h->control.current_bytes > -MOST_UNPUBLISHED &&
                h->control.current_bytes < MOST_UNPUBLISHED);
}

static void what_is_cleared_is_cleared_as_a_whole(void **state) {
    (void)state;
    pthread_t thread[BUSY];
    assert_int_equal(pthread_barrier_init(&together, NULL, BUSY + 1), 0);
    for (uint64_t i = 0; i < BUSY; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, allocate_all_the_time, (void *)i), 0);
    for (uint32_t round = 0; round < n_clear_rounds; round++) {
        is_over = 0;
        pthread_barrier_wait(&together);
        for (int i = 0; i < CLEARS; i++)
            clear();
        mt_store_release(&is_over, 1);
        pthread_barrier_wait(&together);
        check_nothing_lives();
        pthread_barrier_wait(&together);
    }
    for (int i = 0; i < BUSY; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(n_bad, 0);
    assert_null(mt_check_all(true)); /* the others have ended */
}

__attribute__((noinline)) static void move_block(char *from, char *to) {
    struct mt_moving_block moving = {0};
    const struct mt_hook_frame *frame = __builtin_frame_address(0);
    mt_record_allocation(from, 100, frame);
    mt_record_realloc_begin(&moving, from);
    clear();
    mt_record_realloc_end(&moving, to, 300, frame);
    int64_t live = 0;
    for (mt_bank_id id = 1; id < mt_state.header->n_banks; id++)
        if (mt_banks_at(id)->clear_epoch == mt_state.header->control.clear_epoch)
            live += mt_banks_at(id)->counters.live_bytes;
    assert_int_equal(live, 300); /* and not less by what it had before */
    mt_record_free(to);
}

/* Between the two halves of a realloc, which are two events, it can take as long as the allocator
 * likes. */
static void what_is_cleared_while_it_moves_is_no_free(void **state) {
    (void)state;
    char *place = malloc(2000);
    assert_non_null(place);
    move_block(place, place + 1000);
    check_nothing_lives();
    free(place);
    assert_null(mt_check_all(true));
}

int main(int argc, char **argv) {
    (void)argc;
    engine_execute(argv);
    engine_start();
    if (getenv("MEMTRACK_SOAK") != NULL) {
        n_rounds *= 20;
        n_clear_rounds *= 50;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(locks_are_taken_in_one_order),
                                       cmocka_unit_test(what_is_cleared_is_cleared_as_a_whole),
                                       cmocka_unit_test(what_is_cleared_while_it_moves_is_no_free)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    engine_remove();
    return failed;
}
