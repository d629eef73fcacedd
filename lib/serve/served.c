/* SPDX-License-Identifier: MIT */
/*
 * A process is watched by ticks, as memtrack run does, so that its profiles have a time axis from the
 * moment on that somebody began to look, with what the heap was made of. Between two snapshots the
 * counters of the ledger, which cost two small reads, tell whether anything has happened: a process
 * that does nothing is not read again, whoever asks.
 *
 * A snapshot costs processor time in proportion to the call paths of the process. So that many
 * viewers cannot make this a load, the next one is taken four times as long after the last one as
 * that has taken, and not before LEAST_GAP_NS; who asks meanwhile waits, and all of them get the same.
 *
 * What the process is executing may change: then another ledger is followed, and times begin anew.
 * When it has ended its last snapshot stays. How it ended is known when its parent has asked
 * (watch/ended.h), which may be later.
 */
#include "serve/served.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "serve/served-local.h"
#include "watch/coarsen.h"
#include "watch/ended.h"
#include "watch/usage.h"

#define NS_PER_MS     UINT64_C(1000000)
#define LEAST_LOOK_NS (20 * NS_PER_MS)
#define MOST_TICK_NS  (1000 * NS_PER_MS)
#define ASK_END_NS    (100 * NS_PER_MS)
#define KNOW_END_NS   (60000 * NS_PER_MS)

enum { TICKS = 4000, RECORDS = 400000, CHANGES = 120000, PASS_COST_FACTOR = 60 };

/* ---- ticks ----------------------------------------------------------------------------------- */

/* Another program of the same process: nothing of the last one is true of it. */
static void begin_ledger(struct mt_served *s) {
    mt_composition_free(s->composition);
    s->composition = mt_composition_new(RECORDS, CHANGES);
    s->ledger = s->watch.ledger;
    s->peak_from_ns = s->peak_to_ns = 0;
    s->gauge = (struct mt_gauge){0};
    mt_marks_clear(&s->marks);
    mt_snapshot_release(s->latest);
    s->latest = NULL;
    mt_taking_open(s);
}

static void take_pass(struct mt_served *s, uint64_t now_ns, bool is_marked) {
    if (!s->composition || !s->buffer || (!is_marked && now_ns < s->next_pass_ns))
        return;
    uint64_t began = mt_clock_now_ns();
    if (is_marked)
        mt_composition_pass_now(s->composition, s->watch.ledger, s->gauge.time_ns, s->buffer);
    else
        mt_composition_pass(s->composition, s->watch.ledger, s->gauge.time_ns, s->buffer);
    uint64_t ended = mt_clock_now_ns();
    s->next_pass_ns = ended + (ended - began) * PASS_COST_FACTOR;
}

static void note_peak(struct mt_served *s, uint64_t before_bytes, uint64_t before_ns) {
    if (before_ns == 0 || s->gauge.peak_bytes == before_bytes)
        return;
    s->peak_from_ns = before_ns;
    s->peak_to_ns = s->gauge.time_ns;
}

static void forget_compositions(struct mt_served *s) {
    mt_composition_free(s->composition);
    s->composition = NULL;
    free(s->buffer);
    s->buffer = NULL;
}

void mt_served_settle(struct mt_served *s) {
    s->state = s->is_replaced ? MT_SERVED_REPLACED : MT_SERVED_ENDED;
    mt_taking_close(s);
    mt_ledger_close(s->watch.ledger); /* its file takes memory as long as it is open */
    s->watch.ledger = NULL;
    forget_compositions(s);
    s->next_tick_ns = mt_clock_now_ns() + ASK_END_NS;
}

/* The ledger's file may be gone in a moment, but it is open. When the last snapshot fails, what was
 * last seen stays. */
static void end(struct mt_served *s, uint64_t now_ns) {
    s->state = MT_SERVED_ENDING;
    s->is_replaced = s->watch.statm_fd >= 0 && mt_usage_rss(s->watch.statm_fd) != 0;
    s->ended_ns = now_ns;
    s->exit_known = !s->is_replaced && mt_ended_status(s->process_fd, &s->wait_status);
    mt_taking_begin(s); /* behind the one that is being taken */
}

/* Returns false when the process has ended. */
static bool take_tick(struct mt_served *s, uint64_t now_ns, bool is_marked) {
    uint64_t peak_bytes = s->gauge.peak_bytes, time_ns = s->gauge.time_ns;
    bool goes_on = mt_watch_tick(&s->watch, now_ns, &s->gauge);
    if (!goes_on) {
        end(s, now_ns);
        return false;
    }
    if (s->watch.ledger != s->ledger) {
        struct mt_gauge first = s->gauge;
        begin_ledger(s);
        s->gauge = first;
        mt_taking_begin(s); /* what it is called is in it; else the next one tries again */
    } else
        note_peak(s, peak_bytes, time_ns);
    take_pass(s, now_ns, is_marked);
    uint64_t age_ns = now_ns > s->watch.start_ns ? now_ns - s->watch.start_ns : 0;
    s->interval_ns = mt_coarsen_interval(age_ns, s->options.interval_ns, MOST_TICK_NS);
    s->next_tick_ns = now_ns + s->interval_ns;
    return true;
}

/* The last snapshot tells how the process ended, as soon as that is known. */
static void ask_end(struct mt_served *s, uint64_t now_ns) {
    s->next_tick_ns = now_ns + ASK_END_NS;
    if (!s->exit_known)
        s->exit_known = mt_ended_status(s->process_fd, &s->wait_status);
    bool is_told = s->exit_known && s->latest && mt_snapshot_change(s->latest);
    if (is_told)
        mt_taking_add_exit(s, &s->latest->profile->info);
    if (is_told || now_ns > s->ended_ns + KNOW_END_NS)
        s->next_tick_ns = UINT64_MAX;
}

uint64_t mt_served_tick(struct mt_served *s, uint64_t now_ns) {
    if (s->state == MT_SERVED_RUNNING && now_ns >= s->next_tick_ns)
        take_tick(s, now_ns, false);
    else if (s->state == MT_SERVED_ENDED && s->next_tick_ns != UINT64_MAX &&
             now_ns >= s->next_tick_ns)
        ask_end(s, now_ns);
    return s->state == MT_SERVED_RUNNING || s->state == MT_SERVED_ENDED ? s->next_tick_ns
                                                                        : UINT64_MAX;
}

bool mt_served_goes_on(const struct mt_served *s) {
    return s->state == MT_SERVED_RUNNING || s->state == MT_SERVED_ENDING;
}

/* ---- for who asks ---------------------------------------------------------------------------- */

/* Whether a snapshot that was tried for this question could not be taken. */
static bool has_failed(const struct mt_served *s, uint64_t not_before_ns) {
    return s->failed_rc != 0 && s->failed_ns >= not_before_ns;
}

/* Returns when to ask again; 0: there is nothing to wait for. */
static uint64_t wait_for_snapshot(struct mt_served *s) {
    uint64_t now = mt_clock_now_ns();
    if (!s->taking && !mt_taking_has_changed(s))
        return 0;
    if (!s->taking && now < s->next_snapshot_ns)
        return s->next_snapshot_ns;
    if (!s->taking && take_tick(s, now, false))
        mt_taking_begin(s);
    return s->taking ? UINT64_MAX : 0;
}

int mt_served_snapshot(struct mt_served *s, uint64_t not_before_ns, struct mt_snapshot **snapshot,
                       uint64_t *again_ns, struct mt_error *error) {
    bool is_good = s->latest && s->latest->time_ns >= not_before_ns;
    *snapshot = NULL;
    *again_ns = 0;
    if (!has_failed(s, not_before_ns) && (!is_good || s->state == MT_SERVED_ENDING))
        *again_ns = wait_for_snapshot(s);
    if (!is_good && has_failed(s, not_before_ns))
        return mt_error_set(error, -s->failed_rc, s->failed.hint, "%s", s->failed.message);
    if (*again_ns == 0)
        *snapshot = s->latest;
    return *again_ns == 0 && !s->latest ? mt_error_set(error, MEMTRACK_ENOTFOUND, "",
                                                       "process %" PRIu32 " has ended", s->pid)
                                        : 0;
}

int mt_served_mark(struct mt_served *s, const char *name, struct mt_error *error) {
    if (s->state != MT_SERVED_RUNNING || !take_tick(s, mt_clock_now_ns(), true))
        return mt_error_set(error, MEMTRACK_EUSAGE, "", "%s is not running", s->name);
    return mt_marks_add(&s->marks, s->gauge.time_ns, s->gauge.live_bytes, name, error);
}

static const char *state_of(const struct mt_served *s) {
    static const char *const names[] = {[MT_SERVED_RUNNING] = "running",
                                        [MT_SERVED_ENDING] = "running",
                                        [MT_SERVED_ENDED] = "ended",
                                        [MT_SERVED_REPLACED] = "replaced",
                                        [MT_SERVED_PROFILE] = "profile"};
    char state = s->state == MT_SERVED_RUNNING ? mt_process_state(s->pid) : 0;
    return state == 'T' || state == 't' ? "stopped" : names[s->state];
}

/* What does not run any more is told by its last snapshot. */
static void state_of_profile(const struct mt_served *s, struct mt_export_served *out) {
    const struct mt_profile_info *info = &s->latest->profile->info;
    const struct mt_tick *last = info->n_ticks ? &info->ticks[info->n_ticks - 1] : NULL;
    out->exit_known = info->exit_known;
    out->exit_code = info->exit_code;
    out->exit_signal = info->exit_signal;
    out->time_ns = info->duration_ns;
    out->live_bytes = info->totals.live_bytes;
    out->peak_bytes = info->totals.peak_bytes;
    out->total_blocks = info->totals.total_blocks;
    out->rss_bytes = last ? last->rss_bytes : 0;
    out->ticks = info->ticks;
    out->n_ticks = info->n_ticks;
}

/* The totals are those of now, and the memory is that of the last tick. */
static void state_of_process(const struct mt_served *s, uint64_t now_ns,
                             struct mt_export_served *out) {
    struct mt_ledger_totals totals;
    struct mt_gauge gauge = s->gauge;
    struct mt_tick tick = {.time_ns = gauge.time_ns, .rss_bytes = gauge.rss_bytes};
    if (mt_ledger_totals(s->watch.ledger, &totals) == 0) {
        tick.time_ns = now_ns > s->watch.start_ns ? now_ns - s->watch.start_ns : 0;
        tick.live_bytes = totals.live_bytes > 0 ? totals.live_bytes : 0;
        mt_gauge_fill(&totals, &tick, gauge.has_rss, gauge.has_pss ? &s->watch.memory : NULL,
                      &gauge);
    }
    out->time_ns = gauge.time_ns;
    out->live_bytes = gauge.live_bytes;
    out->peak_bytes = gauge.peak_bytes;
    out->total_blocks = gauge.total_blocks;
    out->rss_bytes = gauge.rss_bytes;
    out->pss_bytes = gauge.pss_bytes;
    out->swap_bytes = gauge.swap_bytes;
    out->ticks = s->watch.axis.ticks;
    out->n_ticks = s->watch.axis.n;
}

/* Returns when the recording began: another program has no snapshot yet. */
static uint64_t start_of(const struct mt_served *s) {
    if (s->latest)
        return s->latest->profile->info.start_time_ns;
    return s->watch.ledger ? mt_ledger_info(s->watch.ledger)->start_realtime_ns : 0;
}

void mt_served_state(struct mt_served *s, struct mt_export_served *out) {
    uint64_t now = mt_clock_now_ns();
    if (s->state == MT_SERVED_RUNNING && now + s->interval_ns > s->next_tick_ns + LEAST_LOOK_NS)
        take_tick(s, now, false);
    *out = (struct mt_export_served){
        .state = state_of(s),
        .program = s->program,
        .pid = s->pid,
        .start_time_ns = start_of(s),
        .tag = s->latest ? s->latest->tag : "",
        .has_changed = mt_taking_has_changed(s),
        .marks = s->marks.items,
        .n_marks = s->marks.n,
    };
    if (mt_served_goes_on(s))
        state_of_process(s, now, out);
    else if (s->latest)
        state_of_profile(s, out);
}

struct mt_worker *mt_served_worker(const struct mt_served *s) {
    return s->worker;
}

const char *mt_served_name(const struct mt_served *s) {
    return s->name;
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct mt_served *allocate(const struct mt_served_options *options) {
    struct mt_served *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->options = *options;
    s->watch.statm_fd = s->process_fd = -1;
    s->interval_ns = options->interval_ns;
    return s;
}

/* The first snapshot is taken at once, by this thread. */
static int begin_process(struct mt_served *s, pid_t pid, struct mt_error *error) {
    s->pid = (uint32_t)pid;
    s->state = MT_SERVED_RUNNING;
    s->process_fd = mt_ended_open(s->pid);
    s->symbols = mt_symbols_cache_new();
    s->buffer = malloc(MT_SITES_PER_CHUNK * sizeof *s->buffer);
    int rc = mt_watch_open(pid, TICKS, &s->watch, error);
    if (rc != 0)
        return rc;
    begin_ledger(s);
    take_tick(s, mt_clock_now_ns(), false); /* it may have ended before */
    if (s->state == MT_SERVED_RUNNING)
        mt_taking_begin(s);
    if (s->latest)
        return 0;
    return s->failed_rc
               ? mt_error_set(error, -s->failed_rc, s->failed.hint, "%s", s->failed.message)
               : mt_error_set(error, MEMTRACK_ENOTFOUND,
                              "memtrack list shows what processes have left.",
                              "process %d has ended", (int)pid);
}

/* Returns what the caller is to return. */
static int begin(struct mt_served *s, int rc, struct mt_served **out, struct mt_error *error) {
    if (rc == 0)
        rc = mt_worker_new(&s->worker, error);
    if (rc != 0) {
        mt_served_free(s);
        s = NULL;
    }
    *out = s;
    return rc;
}

int mt_served_process(pid_t pid, const struct mt_served_options *options, struct mt_served **out,
                      struct mt_error *error) {
    struct mt_served *s = allocate(options);
    if (!s)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    return begin(s, begin_process(s, pid, error), out, error);
}

int mt_served_profile(struct mt_profile *profile, const struct mt_served_options *options,
                      struct mt_served **out, struct mt_error *error) {
    struct mt_served *s = allocate(options);
    *out = NULL;
    if (!s) {
        mt_profile_free(profile);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    s->state = MT_SERVED_PROFILE;
    s->pid = profile->info.pid;
    return begin(s, mt_taking_use(s, profile, mt_clock_now_ns(), error), out, error);
}

void mt_served_free(struct mt_served *s) {
    static struct mt_served *left; /* known to those who look for what was lost */
    if (!s)
        return;
    if (!mt_worker_free(s->worker)) {
        left = s; /* what is being done goes on until the process has ended */
        (void)left;
        return;
    }
    mt_taking_close(s);
    mt_snapshot_release(s->latest);
    mt_marks_clear(&s->marks);
    forget_compositions(s);
    if (s->watch.path || s->watch.statm_fd >= 0)
        mt_watch_close(&s->watch);
    if (s->process_fd >= 0)
        close(s->process_fd);
    mt_symbols_cache_free(s->symbols);
    free(s->program);
    free(s->name);
    free(s);
}
