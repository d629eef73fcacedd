/* SPDX-License-Identifier: MIT */
/*
 * The time axis, taken from outside: one track per ledger of a session, sampled at ticks. A tick
 * costs the target nothing and memtrack a few reads; memory is bounded per track, by making the
 * axis coarser as it grows. What the figures mean is for others to judge (trigger.h).
 */
#ifndef MT_WATCH_TICKER_H
#define MT_WATCH_TICKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ledger/filename.h"
#include "ledger/ledger.h"
#include "profile/profile.h"
#include "view/jit/files.h"
#include "watch/axis.h"
#include "watch/composition.h"
#include "watch/firings.h"
#include "watch/gauge.h"
#include "watch/kept.h"

enum mt_ticker_state {
    MT_TICKER_RUNNING, /* the process may still write its ledger */
    MT_TICKER_ENDED,   /* it ended or executed another program: the ledger can be converted */
    MT_TICKER_DONE,    /* converted (or given up) */
};

struct mt_ticker_track {
    struct mt_ledger_filename name;
    ino_t inode;
    enum mt_ticker_state state;
    bool is_main; /* of the process that memtrack run started */
    bool is_held; /* a worker is converting it */
    struct mt_ledger
        *ledger; /* open while ticks are taken; of the main process until it is released */
    int statm_fd;
    int process_fd;  /* see ended.h; -1: none */
    bool exit_known; /* of a child; the program's own is told by who waits for it */
    int wait_status;
    uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC; end 0: not known */
    ino_t exe_inode;           /* of the program that made the ledger; 0: not known */
    bool is_left; /* the process has executed something since, of which there is no ledger yet */
    bool is_left_noticed; /* run/unrecorded.h has noticed that */
    struct mt_axis axis;
    uint64_t interval_ns, next_ns;
    uint64_t epoch;                    /* of the last tick */
    uint64_t peak_from_ns, peak_to_ns; /* since start: the peak lies between; 0, 0: not known */
    struct mt_tick memory; /* PSS and swap as last read: expensive, so not at every tick */
    bool has_pss;
    struct mt_anonymous anonymous; /* the highest of the ticks */
    uint64_t next_memory_ns, next_pass_ns;
    uint64_t passed_blocks; /* the totals at the last pass */
    int64_t passed_bytes;
    struct mt_composition *composition;
    size_t n_modules_seen;      /* modules whose files were looked at */
    struct mt_jit_files jit;    /* files in which it names generated code */
    uint64_t next_jit_ns;       /* when to look for them again */
    bool is_switched_off;       /* see until.h */
    struct mt_gauge gauge;      /* of the last tick */
    bool has_gauge;             /* one was taken, and nobody has judged it yet */
    struct mt_firings *firings; /* of who judges the gauges; NULL: nobody does */
};

struct mt_ticker {
    int directory_fd; /* where the ledgers appear; the caller's */
    const char *directory;
    pid_t main_pid;
    uint64_t start_ns; /* of the ticker */
    uint64_t interval_ns;
    bool interval_given;       /* by the user: then the axis may be longer */
    uint64_t most_interval_ns; /* what it stretches to otherwise; may be changed at any time */
    struct mt_ticker_track **tracks; /* each malloc'ed */
    size_t n_tracks;
    size_t n_followed;       /* tracks with open files */
    struct timespec scanned; /* change time of the directory at the last scan */
    struct mt_site *buffer;
    struct mt_kept *kept; /* files that the processes have mapped; NULL: out of memory */
};

/* directory must outlive the ticker. */
void mt_ticker_init(struct mt_ticker *ticker, int directory_fd, const char *directory,
                    pid_t main_pid, uint64_t interval_ns, bool interval_given);
void mt_ticker_free(struct mt_ticker *ticker);

/* Looks for new ledgers, and takes the ticks that are due at now_ns (CLOCK_MONOTONIC), each of
 * which leaves a gauge in its track. Returns when the next one is due. */
uint64_t mt_ticker_tick(struct mt_ticker *ticker, uint64_t now_ns);

/* Looks for new ledgers, then finds out which processes have ended. */
void mt_ticker_look(struct mt_ticker *ticker, uint64_t now_ns);
size_t mt_ticker_running(const struct mt_ticker *ticker);

/* Notes that the process of this track has ended. */
void mt_ticker_end_track(struct mt_ticker *ticker, struct mt_ticker_track *track, uint64_t now_ns);

/* Puts the time axis into a profile of the same ledger, with a last tick from its totals, the marks
 * of its firings, and the highest anonymous memory. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_ticker_apply(struct mt_ticker_track *track, const struct mt_ledger_info *ledger,
                    struct mt_profile *profile, const struct mt_ledger_map *map);

/* Asks how the process of a track that has ended did so, unless that is known. */
void mt_ticker_ask_end(struct mt_ticker_track *track);

/* Frees the memory of a track that is done. */
void mt_ticker_release_track(struct mt_ticker_track *track);

#endif
