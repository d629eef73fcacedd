/* SPDX-License-Identifier: MIT */
/*
 * The same reads as those of memtrack run at its ticks, without its session: the ledger is that of
 * a process that somebody else started. That a process has ended shows in its statm file, which is
 * kept open (usage.h); of one in another pid namespace in its mappings, which are looked at once a
 * second, as is whether it has executed another program and writes another ledger now.
 *
 * A running process keeps no history of itself. What memtrack run has seen of it is asked for in
 * another way (past.h); here a time axis begins when somebody asks for it.
 */
#include "watch/watch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "ledger/control.h"
#include "ledger/find.h"
#include "profile/ledger/live.h"
#include "watch/usage.h"

#define LOOK_NS UINT64_C(1000000000)

enum { PROFILE_TICKS = 4000 };

static int open_ledger(struct mt_watch *watch, struct mt_error *error) {
    int rc = mt_find_ledger(watch->pid, &watch->path, NULL, error);
    if (rc != 0)
        return rc;
    rc = mt_ledger_open(watch->path, &watch->ledger, error);
    if (rc != 0) {
        free(watch->path);
        watch->path = NULL;
        watch->ledger = NULL;
        return rc;
    }
    uint64_t start = mt_ledger_info(watch->ledger)->start_monotonic_ns, now = mt_clock_now_ns();
    watch->start_ns =
        start && start <= now ? start : now; /* another time namespace has another clock */
    return 0;
}

int mt_watch_open(pid_t pid, size_t max_ticks, struct mt_watch *watch, struct mt_error *error) {
    *watch = (struct mt_watch){.pid = pid, .statm_fd = -1};
    int rc = open_ledger(watch, error);
    if (rc != 0)
        return rc;
    watch->start_ticks = mt_process_start_ticks((uint32_t)pid);
    if (watch->start_ticks)
        watch->statm_fd = mt_usage_open((uint32_t)pid);
    mt_axis_init(&watch->axis, max_ticks);
    return 0;
}

void mt_watch_close(struct mt_watch *watch) {
    mt_ledger_close(watch->ledger);
    mt_axis_free(&watch->axis);
    if (watch->statm_fd >= 0)
        close(watch->statm_fd);
    free(watch->path);
    *watch = (struct mt_watch){.statm_fd = -1};
}

/* Returns true when the process goes on, in the same ledger or another one. */
static bool look_again(struct mt_watch *watch, uint64_t now_ns) {
    watch->next_look_ns = now_ns + LOOK_NS;
    if (mt_ledger_is_live(watch->ledger))
        return true;
    struct mt_watch next = {.pid = watch->pid, .statm_fd = -1};
    if (open_ledger(&next, NULL) != 0)
        return false;
    bool is_other = mt_ledger_is_live(next.ledger);
    if (is_other) {
        mt_ledger_close(watch->ledger);
        free(watch->path);
        watch->ledger = next.ledger;
        watch->path = next.path;
        watch->start_ns = next.start_ns;
        watch->axis.n = 0;
    } else {
        mt_ledger_close(next.ledger);
        free(next.path);
    }
    return is_other;
}

bool mt_watch_tick(struct mt_watch *watch, uint64_t now_ns, struct mt_gauge *gauge) {
    struct mt_ledger_totals totals;
    struct mt_tick tick = {0};
    if (watch->statm_fd >= 0 && !mt_usage_read(watch->statm_fd, &tick.rss_bytes, &tick.anon_bytes))
        return false;
    if (now_ns >= watch->next_look_ns && !look_again(watch, now_ns))
        return false;
    if (mt_ledger_totals(watch->ledger, &totals) != 0)
        return false;
    if (watch->statm_fd >= 0 && now_ns >= watch->next_pss_ns) {
        if (mt_usage_pss((uint32_t)watch->pid, &tick.pss_bytes, &tick.swap_bytes)) {
            watch->memory = tick;
            watch->has_pss = true;
        }
        watch->next_pss_ns = mt_usage_pss_next(now_ns, mt_clock_now_ns());
    }
    mt_ledger_control_store_era(watch->ledger,
                                now_ns); /* a ledger that may only be read is dated less finely */
    tick.time_ns = now_ns > watch->start_ns ? now_ns - watch->start_ns : 0;
    tick.live_bytes = totals.live_bytes > 0 ? totals.live_bytes : 0;
    tick.total_blocks = totals.allocated_blocks;
    mt_gauge_fill(&totals, &tick, watch->statm_fd >= 0, watch->has_pss ? &watch->memory : NULL,
                  gauge);
    mt_axis_add(&watch->axis, &tick); /* a tick that finds no memory is one less */
    return true;
}

/* ---- sleeping -------------------------------------------------------------------------------- */

static volatile sig_atomic_t is_asked_to_end;

static void ask_to_end(int signal_number) {
    (void)signal_number;
    is_asked_to_end = 1;
}

/* Blocks the signals except while we sleep, so that none arrives between the look at the flag and
 * the sleep. */
static void prepare_signals(sigset_t *while_asleep) {
    static bool is_prepared;
    static sigset_t before;
    if (!is_prepared) {
        static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
        struct sigaction action = {.sa_handler = ask_to_end};
        sigset_t set;
        sigemptyset(&set);
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
            sigaction(signals[i], &action, NULL);
            sigaddset(&set, signals[i]);
        }
        sigprocmask(SIG_BLOCK, &set, &before);
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
            sigdelset(&before, signals[i]);
        is_prepared = true;
    }
    *while_asleep = before;
}

bool mt_watch_sleep(uint64_t until_ns) {
    sigset_t while_asleep;
    prepare_signals(&while_asleep);
    for (uint64_t now; !is_asked_to_end && (now = mt_clock_now_ns()) < until_ns;) {
        uint64_t left = until_ns - now;
        struct timespec nap = {.tv_sec = (time_t)(left / 1000000000u),
                               .tv_nsec = (long)(left % 1000000000u)};
        pselect(0, NULL, NULL, NULL, &nap, &while_asleep);
    }
    return !is_asked_to_end;
}

/* ---- a profile ------------------------------------------------------------------------------- */

int mt_watch_profile(pid_t pid, uint64_t for_ns, uint64_t interval_ns, struct mt_profile **out,
                     struct mt_error *error) {
    struct mt_watch watch;
    struct mt_gauge gauge;
    int rc = mt_watch_open(pid, PROFILE_TICKS, &watch, error);
    if (rc != 0)
        return rc;
    uint64_t now = mt_clock_now_ns(), end = now + for_ns;
    bool goes_on = mt_watch_tick(&watch, now, &gauge);
    for (uint64_t next = now + interval_ns; goes_on && next <= end; next += interval_ns) {
        goes_on = mt_watch_sleep(next);
        if (goes_on)
            goes_on = mt_watch_tick(&watch, mt_clock_now_ns(), &gauge);
    }
    if (watch.axis.n == 0)
        rc = mt_error_set(error, MEMTRACK_ENOTFOUND, "memtrack report shows what it recorded.",
                          "process %d has ended", (int)pid);
    if (rc == 0)
        rc = mt_ledger_live_convert(watch.ledger, out, error);
    if (rc == 0)
        mt_axis_give(&watch.axis, interval_ns, *out);
    mt_watch_close(&watch);
    return rc;
}
