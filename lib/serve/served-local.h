/* SPDX-License-Identifier: MIT */
/* Shared by served.c (ticks, and for who asks) and taking.c (snapshots). Private to them. */
#ifndef MT_SERVE_SERVED_LOCAL_H
#define MT_SERVE_SERVED_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "serve/marks.h"
#include "serve/served.h"
#include "watch/composition.h"
#include "watch/watch.h"

/* All by which a profile made now could differ from the last one. */
enum { MT_SERVED_FIGURES = 11 };
struct mt_served_seen {
    uint64_t figures[MT_SERVED_FIGURES];
};

struct mt_taking; /* a snapshot that is being taken: taking.c */

struct mt_served {
    struct mt_served_options options;
    struct mt_symbols_cache *symbols; /* the worker's */
    struct mt_worker *worker;         /* NULL while it begins: then all is done at once */
    enum {
        MT_SERVED_RUNNING,
        MT_SERVED_ENDING, /* until its last snapshot has been taken */
        MT_SERVED_ENDED,
        MT_SERVED_REPLACED,
        MT_SERVED_PROFILE
    } state;
    bool is_replaced; /* how it ended */
    char *program, *name;
    uint32_t pid;
    struct mt_snapshot *latest;
    struct mt_taking *taking; /* NULL: none */
    uint64_t next_snapshot_ns;
    int failed_rc; /* of the last snapshot that could not be taken, which was begun then */
    uint64_t failed_ns;
    struct mt_error failed;
    /* of a process that is watched: */
    struct mt_watch watch;
    struct mt_ledger *reader;       /* the same ledger as the watch's, for the worker */
    const struct mt_ledger *ledger; /* that the figures below are of */
    struct mt_composition *composition;
    struct mt_site *buffer;
    struct mt_gauge gauge;
    struct mt_served_seen seen; /* when the latest snapshot was taken */
    struct mt_marks marks;
    uint64_t next_tick_ns, next_pass_ns, interval_ns;
    uint64_t peak_from_ns, peak_to_ns; /* the peak lies between; 0, 0: before the first tick */
    int process_fd;
    uint64_t ended_ns;
    bool exit_known;
    int wait_status;
};

/* ---- served.c -------------------------------------------------------------------------------- */

/* The last snapshot has been taken, or could not be. */
void mt_served_settle(struct mt_served *served);

/* ---- taking.c -------------------------------------------------------------------------------- */

/* Begins to read the ledger that is watched now; a snapshot of another that is being taken is
 * dropped. */
void mt_taking_open(struct mt_served *served);
/* Ends that. */
void mt_taking_close(struct mt_served *served);

/* Returns whether a profile made now could differ from the last one. */
bool mt_taking_has_changed(const struct mt_served *served);

/* Begins to take a snapshot, unless one is being taken. */
void mt_taking_begin(struct mt_served *served);

/* Makes a snapshot of a profile, which it takes, the latest one. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_taking_use(struct mt_served *served, struct mt_profile *profile, uint64_t time_ns,
                  struct mt_error *error);

/* Puts into the profile how the process ended, as far as that is known. */
void mt_taking_add_exit(const struct mt_served *served, struct mt_profile_info *info);

#endif
