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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "profile/called.h"
#include "profile/ledger/live.h"
#include "serve/marks.h"
#include "view/rows/patterns.h"
#include "watch/coarsen.h"
#include "watch/composition.h"
#include "watch/ended.h"
#include "watch/usage.h"
#include "watch/watch.h"

#define NS_PER_MS     UINT64_C(1000000)
#define LEAST_GAP_NS  (100 * NS_PER_MS)
#define LEAST_LOOK_NS (20 * NS_PER_MS)
#define MOST_TICK_NS  (1000 * NS_PER_MS)
#define ASK_END_NS    (100 * NS_PER_MS)
#define KNOW_END_NS   (60000 * NS_PER_MS)

enum { TICKS = 4000, RECORDS = 400000, CHANGES = 120000, COST_FACTOR = 4, PASS_COST_FACTOR = 60 };

/* All by which a profile made now could differ from the last one. */
enum { MOST_FIGURES = 11 };
struct seen {
    uint64_t figures[MOST_FIGURES];
};

struct mt_served {
    struct mt_served_options options;
    struct mt_symbols_cache *symbols;
    enum { RUNNING, ENDED, REPLACED, PROFILE } state;
    char *program, *name;
    uint32_t pid;
    struct mt_snapshot *latest;
    uint64_t next_snapshot_ns;
    /* of a process that is watched: */
    struct mt_watch watch;
    const struct mt_ledger *ledger; /* that the figures below are of */
    struct mt_composition *composition;
    struct mt_site *buffer;
    struct mt_gauge gauge;
    struct seen seen; /* when the latest snapshot was taken */
    struct mt_marks marks;
    uint64_t next_tick_ns, next_pass_ns, interval_ns;
    uint64_t peak_from_ns, peak_to_ns; /* the peak lies between; 0, 0: before the first tick */
    int process_fd;
    uint64_t ended_ns;
    bool exit_known;
    int wait_status;
};

/* ---- what has been seen ---------------------------------------------------------------------- */

static struct seen look(const struct mt_served *s) {
    struct mt_ledger_totals t = {0};
    mt_ledger_totals(s->watch.ledger, &t); /* what cannot be read has not changed */
    const struct mt_ledger_info *info = mt_ledger_info(s->watch.ledger);
    return (struct seen){{t.allocated_blocks, (uint64_t)t.live_bytes, (uint64_t)t.peak_bytes,
                          t.failed, t.unknown_frees, t.dropped, info->events_seen, info->n_threads,
                          s->marks.n_made, info->flags, info->control.request.off}};
}

static bool has_changed(const struct mt_served *s) {
    if (s->state != RUNNING)
        return false;
    struct seen now = look(s);
    return !s->latest || memcmp(&now, &s->seen, sizeof now) != 0;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

static int add_axis(struct mt_served *s, struct mt_profile *profile,
                    const struct mt_ledger_map *map) {
    const struct mt_axis *axis = &s->watch.axis;
    struct mt_profile_info *info = &profile->info;
    int rc = mt_axis_copy(axis->ticks, axis->n, s->interval_ns, profile);
    if (rc == 0)
        rc = mt_composition_apply(s->composition, profile, map);
    if (rc == 0)
        rc = mt_marks_apply(&s->marks, profile);
    if (s->peak_to_ns) {
        info->peak_time_known = true;
        info->peak_time_ns = s->peak_from_ns + (s->peak_to_ns - s->peak_from_ns) / 2;
        info->peak_time_error_ns = (s->peak_to_ns - s->peak_from_ns + 1) / 2;
    }
    if (!info->running && axis->n)
        info->duration_ns = mt_axis_last_ns(axis);
    return rc;
}

static void add_exit(const struct mt_served *s, struct mt_profile_info *info) {
    if (s->state != ENDED || !s->exit_known)
        return;
    info->exit_known = true;
    info->exit_signal = WIFSIGNALED(s->wait_status) ? WTERMSIG(s->wait_status) : 0;
    info->exit_code = info->exit_signal ? -1 : WEXITSTATUS(s->wait_status);
}

static int read_process(struct mt_served *s, struct mt_profile **out, struct mt_error *error) {
    struct mt_ledger_map map = {0};
    struct mt_symbols_options symbols = s->options.symbols;
    int rc = mt_ledger_live_convert_mapped(s->watch.ledger, out, &map, error);
    if (rc != 0)
        return rc;
    rc = add_axis(s, *out, &map);
    mt_ledger_convert_map_free(&map);
    symbols.cache = s->symbols;
    if (rc == 0)
        rc = mt_symbols_resolve(*out, &symbols, error);
    if (rc == 0) {
        add_exit(s, &(*out)->info);
        mt_patterns_store(*out, &s->options.about.wrappers); /* as many as fit */
        return 0;
    }
    mt_profile_free(*out);
    *out = NULL;
    return mt_error_set(error, -rc, "", "out of memory");
}

/* After what was read last: it may have become another program. */
static bool name_it(struct mt_served *s, const struct mt_profile *profile) {
    const char *called = mt_called_name(profile);
    if (s->program && strcmp(s->program, called) == 0)
        return true;
    free(s->program);
    free(s->name);
    s->program = strdup(called);
    if (asprintf(&s->name, *called ? "%s (process %" PRIu32 ")" : "%sprocess %" PRIu32, called,
                 s->pid) < 0)
        s->name = NULL;
    return s->program && s->name;
}

static int use_profile(struct mt_served *s, struct mt_profile *profile, uint64_t time_ns,
                       struct mt_error *error) {
    struct mt_snapshot *snapshot = mt_snapshot_new(profile, time_ns, &s->options.about);
    if (!snapshot)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_snapshot_release(s->latest);
    s->latest = snapshot;
    return name_it(s, profile) ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

static int take_snapshot(struct mt_served *s, struct mt_error *error) {
    uint64_t began = mt_clock_now_ns();
    struct seen seen = look(s);
    struct mt_profile *profile;
    int rc = read_process(s, &profile, error);
    if (rc == 0)
        rc = use_profile(s, profile, began, error);
    uint64_t ended = mt_clock_now_ns(), gap = (ended - began) * COST_FACTOR;
    s->next_snapshot_ns = ended + (gap > LEAST_GAP_NS ? gap : LEAST_GAP_NS);
    if (rc == 0)
        s->seen = seen;
    return rc;
}

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

/* The ledger may be gone in a moment: what it says is taken at once. When that fails, what was last
 * seen stays. */
static void end(struct mt_served *s, uint64_t now_ns) {
    bool is_there = s->watch.statm_fd >= 0 && mt_usage_rss(s->watch.statm_fd) != 0;
    s->state = is_there ? REPLACED : ENDED;
    s->ended_ns = now_ns;
    s->exit_known = s->state == ENDED && mt_ended_status(s->process_fd, &s->wait_status);
    take_snapshot(s, NULL);
    mt_ledger_close(s->watch.ledger); /* its file takes memory as long as it is open */
    s->watch.ledger = NULL;
    forget_compositions(s);
    s->next_tick_ns = now_ns + ASK_END_NS;
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
        take_snapshot(s, NULL); /* what it is called is in it; else the next one tries again */
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
    bool is_told = s->exit_known && mt_snapshot_change(s->latest);
    if (is_told)
        add_exit(s, &s->latest->profile->info);
    if (is_told || now_ns > s->ended_ns + KNOW_END_NS)
        s->next_tick_ns = UINT64_MAX;
}

uint64_t mt_served_tick(struct mt_served *s, uint64_t now_ns) {
    if (s->state == RUNNING && now_ns >= s->next_tick_ns)
        take_tick(s, now_ns, false);
    else if (s->state == ENDED && s->next_tick_ns != UINT64_MAX && now_ns >= s->next_tick_ns)
        ask_end(s, now_ns);
    return s->state == RUNNING || s->state == ENDED ? s->next_tick_ns : UINT64_MAX;
}

bool mt_served_goes_on(const struct mt_served *s) {
    return s->state == RUNNING;
}

/* ---- for who asks ---------------------------------------------------------------------------- */

int mt_served_snapshot(struct mt_served *s, uint64_t not_before_ns, struct mt_snapshot **snapshot,
                       uint64_t *again_ns, struct mt_error *error) {
    uint64_t now = mt_clock_now_ns();
    bool is_good = s->latest && s->latest->time_ns >= not_before_ns;
    int rc = 0;
    *snapshot = NULL;
    *again_ns = s->next_snapshot_ns;
    if (!is_good && has_changed(s)) {
        if (now < s->next_snapshot_ns)
            return 0;
        if (take_tick(s, now, false)) /* else it has ended, and the last snapshot is there */
            rc = take_snapshot(s, error);
    }
    if (rc == 0)
        *snapshot = s->latest;
    return rc == 0 && !s->latest ? mt_error_set(error, MEMTRACK_ENOTFOUND, "",
                                                "process %" PRIu32 " has ended", s->pid)
                                 : rc;
}

int mt_served_mark(struct mt_served *s, const char *name, struct mt_error *error) {
    if (s->state != RUNNING || !take_tick(s, mt_clock_now_ns(), true))
        return mt_error_set(error, MEMTRACK_EUSAGE, "", "%s is not running", s->name);
    return mt_marks_add(&s->marks, s->gauge.time_ns, s->gauge.live_bytes, name, error);
}

static const char *state_of(const struct mt_served *s) {
    static const char *const names[] = {
        [RUNNING] = "running", [ENDED] = "ended", [REPLACED] = "replaced", [PROFILE] = "profile"};
    char state = s->state == RUNNING ? mt_process_state(s->pid) : 0;
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

void mt_served_state(struct mt_served *s, struct mt_export_served *out) {
    uint64_t now = mt_clock_now_ns();
    if (s->state == RUNNING && now + s->interval_ns > s->next_tick_ns + LEAST_LOOK_NS)
        take_tick(s, now, false);
    *out = (struct mt_export_served){
        .state = state_of(s),
        .program = s->program,
        .pid = s->pid,
        .start_time_ns = s->latest ? s->latest->profile->info.start_time_ns : 0,
        .tag = s->latest ? s->latest->tag : "",
        .has_changed = has_changed(s),
        .marks = s->marks.items,
        .n_marks = s->marks.n,
    };
    if (s->state == RUNNING)
        state_of_process(s, now, out);
    else if (s->latest)
        state_of_profile(s, out);
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

static int begin_process(struct mt_served *s, pid_t pid, struct mt_error *error) {
    s->pid = (uint32_t)pid;
    s->state = RUNNING;
    s->process_fd = mt_ended_open(s->pid);
    s->symbols = mt_symbols_cache_new();
    s->buffer = malloc(MT_SITES_PER_CHUNK * sizeof *s->buffer);
    int rc = mt_watch_open(pid, TICKS, &s->watch, error);
    if (rc != 0)
        return rc;
    begin_ledger(s);
    take_tick(s, mt_clock_now_ns(), false); /* it may have ended before */
    if (s->state == RUNNING)
        return take_snapshot(s, error);
    return s->latest ? 0
                     : mt_error_set(error, MEMTRACK_ENOTFOUND,
                                    "memtrack list shows what processes have left.",
                                    "process %d has ended", (int)pid);
}

int mt_served_process(pid_t pid, const struct mt_served_options *options, struct mt_served **out,
                      struct mt_error *error) {
    struct mt_served *s = allocate(options);
    if (!s)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    int rc = begin_process(s, pid, error);
    if (rc != 0) {
        mt_served_free(s);
        s = NULL;
    }
    *out = s;
    return rc;
}

int mt_served_profile(struct mt_profile *profile, const struct mt_served_options *options,
                      struct mt_served **out, struct mt_error *error) {
    struct mt_served *s = allocate(options);
    *out = NULL;
    if (!s) {
        mt_profile_free(profile);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    s->state = PROFILE;
    s->pid = profile->info.pid;
    int rc = use_profile(s, profile, mt_clock_now_ns(), error);
    if (rc == 0)
        *out = s;
    else
        mt_served_free(s);
    return rc;
}

void mt_served_free(struct mt_served *s) {
    if (!s)
        return;
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
