/* SPDX-License-Identifier: MIT */
/*
 * The process's own events: its start (so that a program that never allocates has a ledger too), the unloading of
 * code, and a normal exit, where the allocator is asked for its own figures. dlopen is not interposed: it looks at
 * its caller for $ORIGIN and RUNPATH, and would find us.
 */
#include "interpose/hook.h"
#include "track/event.h"
#include "track/modules.h"
#include "track/request.h"
#include "track/scopes.h"
#include "track/sites.h"
#include "track/tracker.h"

#include <malloc.h>
#include <time.h>

__attribute__((constructor)) static void start(void) {
    if (mt_next.malloc == NULL)
        mt_tracker.is_bypassed = mt_next_is_preceded(); /* until a hook is called after all */
    if (!mt_tracker.is_bypassed)
        MT_RESOLVE();
    if (mt_page.state == MT_STATE_UNKNOWN)
        mt_tracker_start();
}

MT_HOOK int dlclose(void *handle) {
    static int (*next)(void *);
    if (next == NULL)
        next = (int (*)(void *))mt_next_symbol("dlclose");
    int result = next != NULL ? next(handle) : -1;
    mt_next_forget_operators();
    mt_modules_check();
    return result;
}

/* ---- the allocator's own figures -------------------------------------------------------------------------------- */

static void add_figure(const char *name, uint64_t value) {
    struct mt_ledger_header *h = mt_tracker.header;
    if (h->n_allocator_stats >= MT_MAX_ALLOCATOR_STATS)
        return;
    struct mt_allocator_stat *s = &h->allocator_stat[h->n_allocator_stats];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof s->name; n++)
        s->name[n] = name[n];
    s->value = value;
    __atomic_store_n(&h->n_allocator_stats, h->n_allocator_stats + 1, __ATOMIC_RELEASE);
}

/*
 * mallinfo2 walks every free chunk, which after the release of a large tree is a cache miss each: a third of a second
 * for three million. It may take a hundredth of the time that the process has run.
 */
enum { FREE_ANYWAY = 20000, FREE_NS = 100, MOST_PART = 100 };
static bool is_cheap(void) {
    uint64_t ns = mt_os_clock_ns(CLOCK_MONOTONIC) - mt_tracker.header->start_monotonic_ns;
    uint64_t most = ns / FREE_NS / MOST_PART;
    return mt_sites_released_since_peak() <= (most > FREE_ANYWAY ? most : FREE_ANYWAY);
}

static void ask_glibc(void) {
    struct mallinfo2 (*ask)(void) = (struct mallinfo2(*)(void))mt_next_symbol("mallinfo2");
    if (ask == NULL)
        return;
    if (mt_tracker.options.allocator_stats != MT_STATS_ALWAYS && !is_cheap())
        return;
    struct mallinfo2 m = ask();
    add_figure("arena", m.arena);
    add_figure("uordblks", m.uordblks);
    add_figure("fordblks", m.fordblks);
    add_figure("hblkhd", m.hblkhd);
    add_figure("keepcost", m.keepcost);
}

static void ask_jemalloc(void) {
    static const char *const name[] = {"stats.allocated", "stats.active", "stats.metadata",
                                       "stats.resident",  "stats.mapped", "stats.retained"};
    int (*ask)(const char *, void *, size_t *, void *, size_t) =
        (int (*)(const char *, void *, size_t *, void *, size_t))mt_next_symbol("mallctl");
    uint64_t epoch = 1;
    size_t bytes = sizeof epoch;
    if (ask == NULL || ask("epoch", &epoch, &bytes, &epoch, bytes) != 0)
        return;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        size_t value = 0;
        bytes = sizeof value;
        if (ask(name[i], &value, &bytes, NULL, 0) == 0)
            add_figure(name[i], value);
    }
}

static void ask_tcmalloc(void) {
    static const char *const name[] = {"generic.current_allocated_bytes", "generic.heap_size",
                                       "tcmalloc.pageheap_free_bytes", "tcmalloc.pageheap_unmapped_bytes"};
    int (*ask)(const char *, size_t *) =
        (int (*)(const char *, size_t *))mt_next_symbol("MallocExtension_GetNumericProperty");
    for (size_t i = 0; ask != NULL && i < sizeof name / sizeof *name; i++) {
        size_t value = 0;
        if (ask(name[i], &value) != 0)
            add_figure(name[i], value);
    }
}

/* exit() in a signal handler can come while this thread holds the allocator's locks: then a hook of ours is on the
 * stack, and the allocator must not be asked. */
static bool is_inside_a_hook(const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_self;
    if (t == NULL || t->seen == MT_SEEN_BUSY)
        return true;
    return mt_record_nesting(t, frame) != MT_NESTING_OUTSIDE;
}

/* main does not return from a program that calls exit. */
static void end_scopes(void) {
    struct mt_thread *t = mt_event_enter((uint64_t)__builtin_frame_address(0));
    if (t == NULL)
        return;
    uint64_t state = mt_page.state;
    mt_scopes_end_all(t);
    mt_scopes_end_all_of_process(t);
    mt_event_leave(t, state);
}

static void ask_allocator(void) {
    if (mt_tracker.options.allocator_stats == MT_STATS_NEVER || mt_tracker.header->n_allocator_stats != 0)
        return;
    if (mt_tracker.allocator == MT_ALLOCATOR_GLIBC)
        ask_glibc();
    else if (mt_tracker.allocator == MT_ALLOCATOR_JEMALLOC)
        ask_jemalloc();
    else if (mt_tracker.allocator == MT_ALLOCATOR_TCMALLOC)
        ask_tcmalloc();
}

__attribute__((destructor)) static void at_exit(void) {
    if (mt_tracker.header == NULL || mt_page.state < MT_STATE_FIRST)
        return;
    mt_request_new_era(); /* the ledger tells when it was written last, and nothing comes after this */
    if (is_inside_a_hook(MT_CALLER()))
        return;
    end_scopes();
    ask_allocator();
}
