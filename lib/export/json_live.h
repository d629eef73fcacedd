/* SPDX-License-Identifier: MIT */
/* What the commands that look into running processes print as JSON. 0, -MEMTRACK_ENOMEM or
 * -MEMTRACK_EIO. */
#ifndef MT_EXPORT_JSON_LIVE_H
#define MT_EXPORT_JSON_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/rows/rows.h"

/* One snapshot on a line of its own, schema memtrack-snapshot/1. file: where it was written to. */
int mt_json_snapshot(FILE *stream, const struct mt_profile *profile, const char *file,
                     struct mt_error *error);

/* A ledger, or a profile in the current directory, as `memtrack list` shows it. */
struct mt_listed {
    const char *path;
    const char *state; /* "recording", "dormant", "off", "ended", "profile", "unreadable" */
    const char *why;   /* it is unreadable; else "" */
    uint32_t pid;
    const char *exe;
    const char *const *command; /* NULL after the last word */
    uint64_t start_time_ns;     /* since the epoch, 0: not known */
    uint64_t age_ns;            /* of the recording; 0: not known */
    uint64_t
        last_seen_ns; /* since the epoch: about when a process ended; 0: not known, or it has not */
    int64_t live_bytes, peak_bytes;
    uint64_t total_blocks, ledger_bytes;
    bool is_attended; /* a memtrack run is at work on it */
};

/* {"schema":"memtrack-list/1","processes":[…],"left":[…],"profiles":[…]} */
int mt_json_list(FILE *stream, const struct mt_listed *running, size_t n_running,
                 const struct mt_listed *left, size_t n_left, const struct mt_listed *profiles,
                 size_t n_profiles, struct mt_error *error);

/* What `memtrack list --verify` found in a ledger. */
struct mt_verified {
    uint32_t pid;
    const char *file, *first; /* first: the first fault, "" when there is none */
    uint64_t n_items, n_faults;
    bool is_counted; /* the live blocks were */
};

/* One line, schema memtrack-verify/1. */
int mt_json_verify(FILE *stream, const struct mt_verified *verified, struct mt_error *error);

/* What is known of an address. Blocks of address 0 are none. */
struct mt_whois_block {
    uint64_t address, bytes;
};
struct mt_whois_answer {
    uint64_t address;
    bool is_live;
    struct mt_whois_block block, before, after; /* before and after when it is not live */
    uint64_t from_ns,
        to_ns; /* when it was allocated, since the start of the recording; UINT64_MAX: unknown */
    uint64_t age_from_ns,
        age_to_ns; /* how long ago that is, at least and at most; 0, 0: the process has ended */
    const char *thread, *domain,
        *scope;               /* scope: the innermost one when it was allocated; "" none */
    const struct mt_row *row; /* of the rows below, by stack; NULL: no block */
};

/* {"schema":"memtrack-whois/1","pid":1,"addresses":[…]} */
int mt_json_whois(FILE *stream, uint32_t pid, const struct mt_rows *rows,
                  const struct mt_whois_answer *answers, size_t n, struct mt_error *error);

/* What `memtrack attach` and `memtrack detach` did to a process, schema memtrack-switch/1. */
int mt_json_switch(FILE *stream, uint32_t pid, bool was_recording, bool is_recording,
                   struct mt_error *error);

#endif
