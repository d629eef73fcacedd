/* SPDX-License-Identifier: MIT */
/*
 * memtrack.h: what the program itself can ask of the recorder. Thin: each function is an event (or
 * a look), and what it does lies in lib/track.
 */
#define MEMTRACK_IMPLEMENTATION
#include "memtrack.h"

#include "interpose/hook.h"
#include "interpose/snapshot.h"
#include "track/admit.h"
#include "track/clear.h"
#include "track/ground/state.h"
#include "track/guard.h"
#include "track/lines/steps.h"
#include "track/live/count.h"
#include "track/scopes/caches.h"
#include "track/scopes/hooks.h"
#include "track/scopes/merge.h"
#include "track/scopes/process.h"
#include "track/scopes/read.h"
#include "track/scopes/scopes.h"
#include "track/scopes/tallies.h"
#include "track/scopes/thread.h"
#include "track/scopes/timeline.h"
#include "track/scopes/totals.h"
#include "track/start.h"
#include "track/tables/banks.h"
#include "track/tables/metadata.h"
#include "track/tables/names.h"
#include "track/whois.h"

#include <time.h>

/* No figure of a profile is larger. */
#define MOST_DURATION_NS (UINT64_C(1) << 51)

static bool is_recording(void) {
    if (mt_page.state == MT_STATE_UNKNOWN)
        mt_start(__builtin_frame_address(0));
    return mt_state_is_recording();
}

static bool has_ledger(void) {
    return is_recording() || (mt_page.state == MT_STATE_DORMANT && mt_state_is_ours());
}

/* Returns what a function says when the event could not begin: 0 when nothing records here, or
 * -MEMTRACK_EBUSY when a signal handler has interrupted an event. */
static int why_not(void) {
    return is_recording() && mt_self != NULL && mt_thread_is_busy(mt_self) ? -MEMTRACK_EBUSY : 0;
}

/* Returns what call says, as an event of this thread, t. */
#define AS_EVENT(call)                                                                             \
    struct mt_thread *t = mt_guard_enter(MT_CALLER());                                             \
    if (mt_unlikely(t == NULL))                                                                    \
        return why_not();                                                                          \
    int rc = (call);                                                                               \
    mt_guard_leave(t);                                                                             \
    return rc

/* ---- recording ------------------------------------------------------------------------------- */

static int ask(bool off) {
    if (!has_ledger())
        return -MEMTRACK_EUNTRACKED;
    /* Release: what the caller did before is recorded as it was. */
    mt_store_release(&mt_state.header->control.request.off, off);
    return 0;
}

MT_HOOK int memtrack_start(void) {
    return ask(false);
}

MT_HOOK int memtrack_stop(void) {
    return ask(true);
}

MT_HOOK int memtrack_is_tracing(void) {
    return has_ledger() && mt_state.header->control.request.off == 0;
}

MT_HOOK int memtrack_get_traced_memory(uint64_t *current_bytes, uint64_t *peak_bytes) {
    int64_t current = 0, peak = 0;
    if (is_recording()) {
        uint64_t clear_epoch = mt_load_acquire(&mt_state.header->control.clear_epoch);
        for (mt_bank_id id = 1; id < mt_load_acquire(&mt_state.header->n_banks); id++) {
            const struct mt_bank *b = mt_banks_at(id);
            /* A bank with another clear_epoch counts as zero. Each is as of some moment of the
             * call. */
            if (mt_load_acquire(&b->clear_epoch) == clear_epoch)
                current += mt_load_relaxed(&b->counters.live_bytes);
        }
        peak = mt_load_relaxed(&mt_state.header->control.peak_bytes);
    }
    if (current_bytes != NULL)
        *current_bytes = current > 0 ? (uint64_t)current : 0;
    if (peak_bytes != NULL)
        *peak_bytes = (uint64_t)(peak > current ? peak : current > 0 ? current : 0);
    return 0;
}

MT_HOOK int memtrack_reset_peak(void) {
    struct mt_thread *t = mt_guard_enter(MT_CALLER());
    if (t == NULL)
        return why_not();
    mt_count_reset_peak(t);
    mt_guard_leave(t);
    return 0;
}

MT_HOOK int memtrack_clear_traces(void) {
    struct mt_thread *t = mt_guard_enter(MT_CALLER());
    if (t == NULL)
        return why_not();
    int rc = mt_clear(t);
    mt_guard_leave(t); /* the state of the page has changed: this thread, too, has to look anew */
    return rc;
}

MT_HOOK uint64_t memtrack_get_overhead(void) {
    return has_ledger() ? mt_state.header->file_bytes : 0;
}

MT_HOOK uint32_t memtrack_get_traceback_limit(void) {
    return has_ledger() ? mt_state.header->max_frames : 0;
}

/* ---- scopes ---------------------------------------------------------------------------------- */

/* A group is the id of its name. */
static bool is_group(uint32_t group) {
    return group == 0 || (has_ledger() && group < mt_load_acquire(&mt_state.header->n_names));
}

static int refuse(memtrack_scope *scope) {
    if (scope != NULL)
        mt_scopes_make_inert(scope);
    return -MEMTRACK_EUSAGE;
}

static inline __attribute__((always_inline)) int begin_at(memtrack_scope *scope, const char *name,
                                                          mt_name_id group, const char *file,
                                                          uint32_t line,
                                                          const struct mt_hook_frame *frame) {
    if (mt_unlikely(scope == NULL || name == NULL))
        return refuse(scope);
    struct mt_thread *t = mt_guard_enter(frame);
    if (mt_unlikely(t == NULL)) {
        mt_scopes_make_inert(scope);
        return why_not();
    }
    int rc = mt_scopes_thread_begin(t, scope, name, group, file, line);
    mt_guard_leave(t);
    if (mt_unlikely(mt_hooks_are_any()))
        mt_hooks_begin(scope, frame);
    return rc;
}

MT_HOOK int memtrack_begin(memtrack_scope *scope, const char *name) {
    return begin_at(scope, name, 0, NULL, 0, MT_CALLER());
}

MT_HOOK int memtrack_begin_at(memtrack_scope *scope, const char *name, const char *file,
                              uint32_t line) {
    return begin_at(scope, name, 0, file, line, MT_CALLER());
}

MT_HOOK int memtrack_group_begin_at(uint32_t group, memtrack_scope *scope, const char *name,
                                    const char *file, uint32_t line) {
    return begin_at(scope, name, is_group(group) ? group : 0, file, line, MT_CALLER());
}

static int begin_process(memtrack_scope *scope, const char *name, const char *file, uint32_t line,
                         const struct mt_hook_frame *frame) {
    if (mt_unlikely(scope == NULL || name == NULL))
        return refuse(scope);
    struct mt_thread *t = mt_guard_enter(frame);
    if (mt_unlikely(t == NULL)) {
        mt_scopes_make_inert(scope);
        return why_not();
    }
    int rc = mt_scopes_process_begin(t, scope, name, file, line);
    mt_guard_leave(t);
    if (mt_unlikely(mt_hooks_are_any()))
        mt_hooks_begin(scope, frame);
    return rc;
}

MT_HOOK int memtrack_begin_process(memtrack_scope *scope, const char *name) {
    return begin_process(scope, name, NULL, 0, MT_CALLER());
}

MT_HOOK int memtrack_begin_process_at(memtrack_scope *scope, const char *name, const char *file,
                                      uint32_t line) {
    return begin_process(scope, name, file, line, MT_CALLER());
}

MT_HOOK int memtrack_end(memtrack_scope *scope, memtrack_delta *out) {
    if (out != NULL)
        *out = (memtrack_delta){0};
    if (mt_unlikely(scope == NULL))
        return -MEMTRACK_EUSAGE;
    if (mt_unlikely(mt_hooks_are_any()))
        mt_hooks_end(scope, MT_CALLER());
    AS_EVENT(mt_scopes_end(t, scope, out));
}

MT_HOOK int memtrack_scope_detach(memtrack_scope *scope) {
    if (scope == NULL)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_scopes_thread_detach(t, scope));
}

MT_HOOK int memtrack_scope_attach(memtrack_scope *scope) {
    if (scope == NULL)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_scopes_thread_attach(t, scope));
}

MT_HOOK int memtrack_scope_merge(memtrack_scope *into, memtrack_scope *from) {
    if (into == NULL || from == NULL)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_scopes_merge(t, into, from));
}

MT_HOOK int memtrack_scope_set(memtrack_scope *scope, const char *key, const char *value) {
    if (scope == NULL || key == NULL || value == NULL)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_scopes_set(t, scope, key, value));
}

MT_HOOK int memtrack_scope_fail(memtrack_scope *scope, const char *why) {
    if (scope == NULL)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_scopes_fail(t, scope, why));
}

/* gcc and clang have these called at each function, under -finstrument-functions. */
MT_HOOK void __cyg_profile_func_enter(void *function, void *call_site) {
    (void)call_site;
    struct mt_thread *t = mt_guard_enter(MT_CALLER());
    if (t == NULL)
        return;
    mt_scopes_thread_enter_function(t, (uint64_t)function);
    mt_guard_leave(t);
}

MT_HOOK void __cyg_profile_func_exit(void *function, void *call_site) {
    (void)call_site;
    struct mt_thread *t = mt_guard_enter(MT_CALLER());
    if (t == NULL)
        return;
    mt_scopes_thread_leave_function(t, (uint64_t)function);
    if (mt_unlikely(mt_state.options.lines))
        mt_lines_steps_leave(t, (uint64_t)function, MT_CALLER());
    mt_guard_leave(t);
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Returns the number of a name, which it has from now on; 0: there is no room, or no recorder. */
static mt_name_id number_of(const char *name, const struct mt_hook_frame *frame) {
    struct mt_thread *t = name != NULL ? mt_guard_enter(frame) : NULL;
    if (t == NULL)
        return 0;
    mt_name_id id = mt_names_find(&t->names, name);
    mt_guard_leave(t);
    return id;
}

MT_HOOK uint32_t memtrack_group(const char *name) {
    return number_of(name, MT_CALLER());
}

static int record(uint32_t group, const char *name, uint64_t duration_ns,
                  const struct mt_hook_frame *frame) {
    if (name == NULL || duration_ns > MOST_DURATION_NS || !is_group(group))
        return -MEMTRACK_EUSAGE;
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return why_not();
    int rc = mt_scopes_record(t, name, group, duration_ns);
    mt_guard_leave(t);
    return rc;
}

MT_HOOK int memtrack_record(const char *name, uint64_t duration_ns) {
    return record(0, name, duration_ns, MT_CALLER());
}

MT_HOOK int memtrack_group_record(uint32_t group, const char *name, uint64_t duration_ns) {
    return record(group, name, duration_ns, MT_CALLER());
}

static int reset(uint32_t group, const struct mt_hook_frame *frame) {
    if (!is_group(group))
        return -MEMTRACK_EUSAGE;
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return why_not();
    int rc = mt_scopes_totals_reset(group);
    mt_guard_leave(t);
    return rc;
}

/* Returns 0 when there is something to be read. An event of this thread that has been left by a
 * longjmp is over then. */
static int look_at(uint32_t group, const struct mt_hook_frame *frame) {
    if (!is_group(group))
        return -MEMTRACK_EUSAGE;
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return why_not();
    mt_guard_leave(t);
    return 0;
}

MT_HOOK int memtrack_group_read(uint32_t group, memtrack_scope_row *rows, uint32_t capacity) {
    int rc = rows == NULL && capacity != 0 ? -MEMTRACK_EUSAGE : look_at(group, MT_CALLER());
    return rc == 0 && has_ledger() ? mt_scopes_read(group, rows, capacity) : rc;
}

MT_HOOK int memtrack_scopes_read(memtrack_scope_row *rows, uint32_t capacity) {
    return memtrack_group_read(0, rows, capacity);
}

MT_HOOK int memtrack_group_print(uint32_t group, int fd, const char *sort, uint32_t n) {
    int rc = look_at(group, MT_CALLER());
    return rc == 0 && has_ledger() ? mt_scopes_print(group, fd, sort, n) : rc;
}

MT_HOOK int memtrack_scopes_print(int fd, const char *sort, uint32_t n) {
    return memtrack_group_print(0, fd, sort, n);
}

static int find_events(uint64_t ns, uint64_t bytes, bool by_bytes, memtrack_scope_event *out,
                       uint32_t capacity) {
    int rc = out == NULL && capacity != 0 ? -MEMTRACK_EUSAGE : look_at(0, MT_CALLER());
    return rc == 0 && has_ledger() ? mt_scopes_timeline_find(ns, bytes, by_bytes, out, capacity)
                                   : rc;
}

MT_HOOK int memtrack_scopes_slow(uint64_t threshold_ns, memtrack_scope_event *out,
                                 uint32_t capacity) {
    return find_events(threshold_ns, 0, false, out, capacity);
}

MT_HOOK int memtrack_scopes_large(uint64_t threshold_bytes, memtrack_scope_event *out,
                                  uint32_t capacity) {
    return find_events(0, threshold_bytes, true, out, capacity);
}

MT_HOOK int memtrack_scopes_reset(void) {
    return reset(0, MT_CALLER());
}

MT_HOOK int memtrack_group_reset(uint32_t group) {
    return reset(group, MT_CALLER());
}

/* ---- the timeline ---------------------------------------------------------------------------- */

MT_HOOK int memtrack_mark(const char *name) {
    if (name == NULL)
        return -MEMTRACK_EUSAGE;
    struct mt_thread *t = mt_guard_enter(MT_CALLER());
    if (t == NULL)
        return why_not();
    struct mt_event e = {.kind = MT_EVENT_MARK, .name = mt_names_find(&t->names, name)};
    e.time_ns = mt_os_clock_ns(CLOCK_MONOTONIC) - mt_state.header->start_monotonic_ns;
    if (e.name != 0)
        mt_scopes_timeline_add(t, &e);
    else
        mt_scopes_totals_drop();
    mt_guard_leave(t);
    return e.name != 0 ? 0 : -MEMTRACK_ELIMIT;
}

MT_HOOK int memtrack_counter(const char *name, int64_t value) {
    if (name == NULL)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_tallies_set(t, MT_TALLY_COUNTER, name, value, true));
}

MT_HOOK int memtrack_counter_add(const char *name, int64_t by) {
    if (name == NULL)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_tallies_add(t, MT_TALLY_COUNTER, name, by));
}

MT_HOOK int memtrack_counters_read(memtrack_counter_row *rows, uint32_t capacity) {
    if (rows == NULL && capacity != 0)
        return -MEMTRACK_EUSAGE;
    return has_ledger() ? mt_tallies_read(rows, capacity) : 0;
}

MT_HOOK int memtrack_cache_size(const char *name, uint64_t bytes) {
    if (name == NULL || bytes > INT64_MAX)
        return -MEMTRACK_EUSAGE;
    AS_EVENT(mt_tallies_set(t, MT_TALLY_CACHE, name, (int64_t)bytes, false));
}

/* ---- the process ----------------------------------------------------------------------------- */

/* What a program says when it begins holds later, too: so it is kept also while recording has not
 * been switched on. */
MT_HOOK int memtrack_set(const char *key, const char *value) {
    if (key == NULL || value == NULL || *key == 0)
        return -MEMTRACK_EUSAGE;
    if (!is_recording() && has_ledger())
        return mt_metadata_set(key, value);
    AS_EVENT(mt_metadata_set(key, value));
}

/* ---- hooks ----------------------------------------------------------------------------------- */

/* They can be added before anything is recorded. */
MT_HOOK int memtrack_hook_add(const memtrack_hook_t *hook) {
    return hook != NULL ? mt_hooks_add(hook) : -MEMTRACK_EUSAGE;
}

MT_HOOK int memtrack_hook_remove(const memtrack_hook_t *hook) {
    return hook != NULL ? mt_hooks_remove(hook) : -MEMTRACK_EUSAGE;
}

/* ---- caches ---------------------------------------------------------------------------------- */

static int cache_answer(const char *name, const char *group, uint64_t duration_ns,
                        const struct mt_hook_frame *frame) {
    if (name == NULL || duration_ns > MOST_DURATION_NS)
        return -MEMTRACK_EUSAGE;
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return why_not();
    int rc = mt_tallies_answer(t, name, group, duration_ns);
    mt_guard_leave(t);
    return rc;
}

MT_HOOK int memtrack_caches_read(memtrack_cache_row *rows, uint32_t capacity) {
    if (rows == NULL && capacity != 0)
        return -MEMTRACK_EUSAGE;
    struct mt_thread *t = mt_guard_enter(MT_CALLER());
    if (t == NULL)
        return why_not();
    mt_name_id hits = mt_names_find(&t->names, MT_GROUP_HITS),
               misses = mt_names_find(&t->names, MT_GROUP_MISSES);
    mt_guard_leave(t);
    return hits != 0 && misses != 0 ? mt_scopes_caches_read(hits, misses, rows, capacity)
                                    : -MEMTRACK_ELIMIT;
}

MT_HOOK int memtrack_cache_hit(const char *name, uint64_t duration_ns) {
    return cache_answer(name, MT_GROUP_HITS, duration_ns, MT_CALLER());
}

MT_HOOK int memtrack_cache_miss(const char *name, uint64_t duration_ns) {
    return cache_answer(name, MT_GROUP_MISSES, duration_ns, MT_CALLER());
}

/* ---- domains --------------------------------------------------------------------------------- */

enum { MOST_DOMAINS = 0xffff };
/* The size that one block can have at most: sums of many stay far from the end of the numbers. */
#define MOST_BYTES ((uint64_t)1 << 48)

MT_HOOK uint32_t memtrack_domain(const char *name) {
    mt_name_id id = number_of(name, MT_CALLER());
    return id <= MOST_DOMAINS ? id : 0;
}

static int check_domain(uint32_t domain) {
    if (!has_ledger())
        return 0;
    return domain == 0 || domain >= mt_state.header->n_names ? -MEMTRACK_EUSAGE : 1;
}

MT_HOOK int memtrack_track(uint32_t domain, const void *ptr, size_t bytes) {
    int rc = bytes <= MOST_BYTES ? check_domain(domain) : -MEMTRACK_EUSAGE;
    if (rc == 1 && mt_unlikely(mt_state.options.limit_bytes != 0) &&
        mt_admit_block(bytes, MT_CALLER()) == MT_ADMIT_REFUSED)
        return -MEMTRACK_ELIMIT;
    if (rc == 1)
        mt_record_track(domain, ptr, bytes, MT_CALLER());
    return rc < 0 ? rc : 0;
}

MT_HOOK int memtrack_untrack(uint32_t domain, const void *ptr) {
    int rc = check_domain(domain);
    if (rc == 1)
        mt_record_untrack(domain, ptr);
    return rc < 0 ? rc : 0;
}

/* ---- looking --------------------------------------------------------------------------------- */

MT_HOOK int memtrack_whois(const void *address, memtrack_block *out) {
    if (out == NULL)
        return -MEMTRACK_EUSAGE;
    *out = (memtrack_block){0};
    if (!has_ledger())
        return -MEMTRACK_EUNTRACKED;
    struct mt_thread *t = mt_guard_enter(MT_CALLER());
    if (t == NULL)
        return is_recording() ? -MEMTRACK_EBUSY : -MEMTRACK_ENOTFOUND;
    bool found = mt_whois(t, (uint64_t)address, out);
    mt_guard_leave(t);
    return found ? 0 : -MEMTRACK_ENOTFOUND;
}

MT_HOOK int memtrack_snapshot(const char *path) {
    if (path == NULL)
        return -MEMTRACK_EUSAGE;
    return has_ledger() ? mt_snapshot_write(path, mt_state.pid) : -MEMTRACK_EUNTRACKED;
}

/* ---- for code that allocates on behalf of somebody who measures ------------------------------ */

static void pause_thread(const struct mt_hook_frame *frame, int change) {
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return;
    mt_state.has_pauses = true;
    mt_state.unusual = true;
    t->paused += change;
    mt_guard_leave(t);
}

/* Stops recording the calling thread's allocations, until memtrack_resume_thread has been called as
 * often. Frees of recorded blocks are still recorded. */
MT_HOOK void memtrack_pause_thread(void) {
    pause_thread(MT_CALLER(), 1);
}

MT_HOOK void memtrack_resume_thread(void) {
    pause_thread(MT_CALLER(), -1);
}
