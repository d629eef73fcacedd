/* SPDX-License-Identifier: MIT */
/*
 * One loop for a program of ours and for somebody else's process; they differ in what they wait
 * for. Processes that outlive the program get a moment, as in run: a daemon that it left is not
 * waited for.
 *
 * What several processes share is in the RSS of each. So when the sum of RSS is above --max, PSS is
 * asked for before anybody is ended for it.
 */
#include "watched/follow.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/process.h"
#include "watch/coarsen.h"
#include "watch/watch.h"

#define NS_PER_MS           UINT64_C(1000000)
#define DEFAULT_INTERVAL_NS (10 * NS_PER_MS)
#define MOST_INTERVAL_NS    (1000 * NS_PER_MS)
#define MOST_GUARDED_NS     (50 * NS_PER_MS) /* what is to be ended grows meanwhile */
#define GRACE_NS            (1000 * NS_PER_MS)

enum { COST_FACTOR = 20 };

/* When nothing was asked for, looking takes a twentieth of the time at most. */
static uint64_t next_after(const struct mt_watched *w, uint64_t now_ns) {
    const struct mt_watched_request *r = w->request;
    uint64_t cost_ns = w->sampler->tick_cost_ns * COST_FACTOR, interval_ns = r->shared.interval_ns;
    if (interval_ns == 0) {
        interval_ns = mt_coarsen_interval(now_ns - w->sampler->start_ns, DEFAULT_INTERVAL_NS,
                                          r->max_bytes ? MOST_GUARDED_NS : MOST_INTERVAL_NS);
        if (cost_ns > interval_ns)
            interval_ns = cost_ns < MOST_INTERVAL_NS ? cost_ns : MOST_INTERVAL_NS;
    }
    return now_ns + interval_ns;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static uint64_t figure_of(const struct mt_tick *tick, enum mt_watched_figure figure) {
    switch (figure) {
    case MT_WATCHED_PSS:
        return tick->pss_bytes;
    case MT_WATCHED_USS:
        return tick->uss_bytes;
    case MT_WATCHED_SWAP:
        return tick->swap_bytes;
    default:
        return tick->rss_bytes;
    }
}

/* Asks for PSS and its kin now. Returns false when they are not told of all. */
static bool read_all(struct mt_watched *w) {
    if (w->sampler->latest.pss_bytes == 0) {
        w->sampler->next_pages_ns = 0;
        mt_sampler_tick(w->sampler, mt_clock_now_ns());
    }
    return w->sampler->latest.pss_bytes != 0 && w->sampler->n_refused == 0;
}

static bool is_over_max(struct mt_watched *w) {
    const struct mt_watched_request *r = w->request;
    const struct mt_tick *latest = &w->sampler->latest;
    if (r->max_bytes == 0 || w->sampler->n_running == 0)
        return false;
    enum mt_watched_figure figure = r->max_of;
    if (!r->max_of_given) {
        if (latest->rss_bytes <= r->max_bytes)
            return false;
        bool is_known = w->sampler->n_running > 1 && read_all(w);
        if (w->sampler->n_running == 0) /* they ended while they were asked */
            return false;
        figure = w->sampler->n_running > 1 && is_known ? MT_WATCHED_PSS : MT_WATCHED_RSS;
        w->is_rss = figure == MT_WATCHED_RSS && w->sampler->n_running > 1;
    }
    w->exceeding_bytes = figure_of(latest, figure);
    return w->exceeding_bytes > r->max_bytes;
}

/* What is read now and then is read once more while there is something to read. SIGCONT as well as
 * SIGTERM: one that is stopped would not hear of it. */
static void end_all(struct mt_watched *w, enum mt_watched_why why, uint64_t now_ns) {
    read_all(w);
    w->why = why;
    w->kill_ns = now_ns + w->request->kill_after_ns;
    mt_sampler_mark(w->sampler, now_ns,
                    why == MT_WATCHED_OVER_MAX ? "SIGTERM: --max" : "SIGTERM: --timeout");
    mt_sampler_signal(w->sampler, SIGTERM);
    mt_sampler_signal(w->sampler, SIGCONT);
}

static void enforce(struct mt_watched *w, uint64_t now_ns) {
    const struct mt_watched_request *r = w->request;
    if (w->why == MT_WATCHED_ENDED && is_over_max(w))
        end_all(w, MT_WATCHED_OVER_MAX, now_ns);
    else if (w->why == MT_WATCHED_ENDED && r->timeout_ns &&
             now_ns - w->sampler->start_ns >= r->timeout_ns)
        end_all(w, MT_WATCHED_OVER_TIME, now_ns);
    else if (w->why != MT_WATCHED_ENDED && now_ns >= w->kill_ns) {
        if (!w->was_killed)
            mt_sampler_mark(w->sampler, now_ns, "SIGKILL");
        w->was_killed |= mt_sampler_signal(w->sampler, SIGKILL) > 0;
    }
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Returns false when somebody wants it to end. */
static bool wait_until(const struct mt_watched *w, uint64_t until_ns) {
    if (!w->child)
        return mt_watch_sleep(until_ns);
    mt_launch_wait(w->child, -1, until_ns);
    return true;
}

static bool tick(struct mt_watched *w, uint64_t now_ns) {
    mt_watched_marks_take(w->marks, w->sampler, now_ns);
    bool any = mt_sampler_tick(w->sampler, now_ns);
    enforce(w, now_ns);
    return any;
}

static size_t count_running(const struct mt_sampler *sampler) {
    size_t n = 0;
    for (size_t i = 0; i < sampler->n; i++)
        n += !sampler->items[i].has_ended;
    return n;
}

/* After the last look some may have ended. */
static size_t count_left(const struct mt_sampler *sampler) {
    size_t n = 0;
    for (size_t i = 0; i < sampler->n; i++) {
        const struct mt_descendant *process = &sampler->processes.items[i];
        n += !sampler->items[i].has_ended && mt_process_state(process->pid) != 'Z' &&
             mt_process_start_ticks(process->pid) == process->start_ticks;
    }
    return n;
}

/* The parts of a pipeline end one after the other. Those that are to be ended are waited for. */
static void grant_grace(struct mt_watched *w) {
    uint64_t now = mt_clock_now_ns(), end = now + GRACE_NS;
    bool goes_on = tick(w, now);
    while (goes_on && (now < end || w->why != MT_WATCHED_ENDED)) {
        mt_watch_sleep(now + DEFAULT_INTERVAL_NS);
        now = mt_clock_now_ns();
        goes_on = tick(w, now);
    }
}

/* The program goes on, and only its end is of interest. */
static void await_child(struct mt_watched *w) {
    while (!w->child->ended) {
        uint64_t now = mt_clock_now_ns(), until_ns = UINT64_MAX;
        if (w->request->timeout_ns) {
            until_ns = w->why == MT_WATCHED_ENDED ? w->sampler->start_ns + w->request->timeout_ns
                                                  : w->kill_ns;
            if (now >= until_ns) {
                enforce(w, now);
                until_ns = now + DEFAULT_INTERVAL_NS;
            }
        }
        mt_launch_wait(w->child, -1, until_ns);
    }
}

void mt_watched_follow(struct mt_watched *w) {
    uint64_t now = mt_clock_now_ns(), end = w->request->shared.for_ns
                                                ? w->sampler->start_ns + w->request->shared.for_ns
                                                : UINT64_MAX;
    bool goes_on = tick(w, now), has_child = w->child != NULL;
    while (goes_on && now < end && !(has_child && w->child->ended)) {
        uint64_t next = next_after(w, now);
        goes_on = wait_until(w, next < end ? next : end);
        now = mt_clock_now_ns();
        if (goes_on)
            goes_on = tick(w, now) || (has_child && !w->child->ended);
    }
    if (count_running(w->sampler))
        read_all(w); /* the last figures are of the end, all of them */
    w->end_ns = now;
    if (has_child && now >= end)
        await_child(w);
    else if (has_child) {
        grant_grace(w);
        w->end_ns = w->child->end_ns > now ? w->child->end_ns : mt_clock_now_ns();
    }
    w->n_left = count_left(w->sampler);
}
