/* SPDX-License-Identifier: MIT */
/*
 * A snapshot is taken in steps, of which the long ones are the worker's:
 *
 *   begin      asker    what is known now: figures, the last tick
 *   convert    worker   a cut of the ledger, which the worker reads by a reader of its own
 *   add_axis   asker    ticks, compositions and marks up to the last tick then
 *   resolve    worker   names, with files that it keeps open
 *   end        asker    it is the latest
 *
 * Meanwhile ticks go on. So a profile's time axis ends where it did when the snapshot was begun, and
 * everything that is shared is touched between two works, by the asker alone.
 *
 * Rejected: a child process for each (it would have to open all files with debug information each
 * time, or be asked through a protocol); a lock around the watch (a tick would wait for a cut).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "profile/called.h"
#include "profile/ledger/live.h"
#include "serve/served-local.h"
#include "serve/worker.h"
#include "view/rows/patterns.h"

#define NS_PER_MS    UINT64_C(1000000)
#define LEAST_GAP_NS (100 * NS_PER_MS)

enum { COST_FACTOR = 4 };

struct mt_taking {
    struct mt_work work;
    struct mt_served *served;
    struct mt_ledger *ledger;
    bool is_dropped; /* it is of a program that is no more; the ledger is its own */
    bool is_last;    /* the process has ended */
    uint64_t began_ns, until_ns, peak_from_ns, peak_to_ns, interval_ns;
    struct mt_served_seen seen;
    struct mt_symbols_options symbols;
    struct mt_profile *profile;
    struct mt_ledger_map map;
    int rc;
    struct mt_error error;
};

/* ---- what has been seen ---------------------------------------------------------------------- */

static struct mt_served_seen look(const struct mt_served *s) {
    struct mt_ledger_totals t = {0};
    mt_ledger_totals(s->watch.ledger, &t); /* what cannot be read has not changed */
    const struct mt_ledger_info *info = mt_ledger_info(s->watch.ledger);
    return (struct mt_served_seen){{t.allocated_blocks, (uint64_t)t.live_bytes,
                                    (uint64_t)t.peak_bytes, t.failed, t.unknown_frees, t.dropped,
                                    info->events_seen, info->n_threads, s->marks.n_made,
                                    info->flags, info->control.request.off}};
}

bool mt_taking_has_changed(const struct mt_served *s) {
    if (s->state != MT_SERVED_RUNNING)
        return s->state == MT_SERVED_ENDING;
    struct mt_served_seen now = look(s);
    return !s->latest || memcmp(&now, &s->seen, sizeof now) != 0;
}

/* ---- by the worker --------------------------------------------------------------------------- */

static void convert(struct mt_work *work) {
    struct mt_taking *t = (struct mt_taking *)work;
    t->rc = mt_ledger_live_convert_mapped(t->ledger, &t->profile, &t->map, &t->error);
    if (t->rc != 0)
        t->profile = NULL;
}

static void resolve(struct mt_work *work) {
    struct mt_taking *t = (struct mt_taking *)work;
    t->rc = mt_symbols_resolve(t->profile, &t->symbols, &t->error);
    if (t->rc == 0)
        mt_patterns_store(t->profile, &t->served->options.about.wrappers); /* as many as fit */
}

/* ---- by the asker ---------------------------------------------------------------------------- */

static void submit(struct mt_taking *t, void (*work)(struct mt_work *),
                   void (*done)(struct mt_work *)) {
    t->work = (struct mt_work){work, done, NULL};
    if (t->served->worker) {
        mt_worker_add_next(t->served->worker, &t->work);
        return;
    }
    work(&t->work);
    done(&t->work);
}

void mt_taking_add_exit(const struct mt_served *s, struct mt_profile_info *info) {
    if (!s->exit_known)
        return;
    info->exit_known = true;
    info->exit_signal = WIFSIGNALED(s->wait_status) ? WTERMSIG(s->wait_status) : 0;
    info->exit_code = info->exit_signal ? -1 : WEXITSTATUS(s->wait_status);
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

int mt_taking_use(struct mt_served *s, struct mt_profile *profile, uint64_t time_ns,
                  struct mt_error *error) {
    struct mt_snapshot *snapshot = mt_snapshot_new(profile, time_ns, &s->options.about);
    if (!snapshot)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_snapshot_release(s->latest);
    s->latest = snapshot;
    return name_it(s, profile) ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

static int add_marks(const struct mt_taking *t) {
    struct mt_marks until = t->served->marks;
    while (until.n && until.items[until.n - 1].time_ns > t->until_ns)
        until.n--;
    return mt_marks_apply(&until, t->profile);
}

static int add_axis(struct mt_taking *t) {
    struct mt_served *s = t->served;
    struct mt_profile_info *info = &t->profile->info;
    const struct mt_tick *ticks = s->watch.axis.ticks;
    size_t n = s->watch.axis.n;
    while (n && ticks[n - 1].time_ns > t->until_ns)
        n--;
    int rc = mt_axis_copy(ticks, n, t->interval_ns, t->profile);
    if (rc == 0)
        rc = mt_composition_apply_until(s->composition, t->until_ns, t->profile, &t->map);
    if (rc == 0)
        rc = add_marks(t);
    if (t->peak_to_ns) {
        info->peak_time_known = true;
        info->peak_time_ns = t->peak_from_ns + (t->peak_to_ns - t->peak_from_ns) / 2;
        info->peak_time_error_ns = (t->peak_to_ns - t->peak_from_ns + 1) / 2;
    }
    if (!info->running && n)
        info->duration_ns = ticks[n - 1].time_ns;
    return rc;
}

static void keep_gap(struct mt_taking *t) {
    uint64_t ended = mt_clock_now_ns(), gap = (ended - t->began_ns) * COST_FACTOR;
    t->served->next_snapshot_ns = ended + (gap > LEAST_GAP_NS ? gap : LEAST_GAP_NS);
}

static int use(struct mt_taking *t) {
    struct mt_served *s = t->served;
    if (t->is_last)
        mt_taking_add_exit(s, &t->profile->info);
    int rc = mt_taking_use(s, t->profile, t->began_ns, &t->error);
    t->profile = NULL;
    if (rc == 0)
        s->seen = t->seen;
    return rc;
}

static void end(struct mt_work *work) {
    struct mt_taking *t = (struct mt_taking *)work;
    struct mt_served *s = t->served;
    bool is_dropped = t->is_dropped, is_last = t->is_last;
    if (!is_dropped) {
        s->taking = NULL;
        if (t->rc == 0)
            t->rc = use(t);
        s->failed_rc = t->rc;
        s->failed = t->error;
        s->failed_ns = t->began_ns;
        keep_gap(t);
    } else
        mt_ledger_close(t->ledger);
    if (t->profile)
        mt_profile_free(t->profile);
    free(t);
    if (!is_dropped && s->state == MT_SERVED_ENDING && !is_last)
        mt_taking_begin(s);
    else if (!is_dropped && is_last)
        mt_served_settle(s);
}

static void go_on(struct mt_work *work) {
    struct mt_taking *t = (struct mt_taking *)work;
    if (t->rc == 0 && !t->is_dropped && add_axis(t) != 0)
        t->rc = mt_error_set(&t->error, MEMTRACK_ENOMEM, "", "out of memory");
    mt_ledger_convert_map_free(&t->map);
    if (t->rc == 0 && !t->is_dropped)
        submit(t, resolve, end);
    else
        end(work);
}

/* Nothing can be begun: as if it had been tried. */
static void fail(struct mt_served *s, int rc, const struct mt_error *error) {
    s->failed_rc = rc;
    s->failed = *error;
    s->failed_ns = mt_clock_now_ns();
    if (s->state == MT_SERVED_ENDING)
        mt_served_settle(s);
}

void mt_taking_begin(struct mt_served *s) {
    struct mt_error error = {{0}, {0}};
    if (s->taking)
        return;
    int rc = s->reader ? 0 : mt_ledger_open(s->watch.path, &s->reader, &error);
    struct mt_taking *t = rc == 0 ? calloc(1, sizeof *t) : NULL;
    if (!t) {
        fail(s, rc ? rc : mt_error_set(&error, MEMTRACK_ENOMEM, "", "out of memory"), &error);
        return;
    }
    *t = (struct mt_taking){
        .served = s,
        .ledger = s->reader,
        .is_last = s->state == MT_SERVED_ENDING,
        .began_ns = mt_clock_now_ns(),
        .until_ns = s->gauge.time_ns,
        .peak_from_ns = s->peak_from_ns,
        .peak_to_ns = s->peak_to_ns,
        .interval_ns = s->interval_ns,
        .seen = look(s),
        .symbols = s->options.symbols,
    };
    t->symbols.cache = s->symbols;
    s->taking = t;
    submit(t, convert, go_on);
}

/* ---- the worker's reader --------------------------------------------------------------------- */

void mt_taking_close(struct mt_served *s) {
    if (s->taking)
        s->taking->is_dropped = true;
    else
        mt_ledger_close(s->reader);
    s->taking = NULL;
    s->reader = NULL;
}

void mt_taking_open(struct mt_served *s) {
    mt_taking_close(s);
    if (mt_ledger_open(s->watch.path, &s->reader, NULL) != 0)
        s->reader = NULL; /* it is tried again, and told of then */
}
