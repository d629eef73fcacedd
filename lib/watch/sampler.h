/* SPDX-License-Identifier: MIT */
/*
 * Memory of a process and of all that descend from it, looked at from outside at ticks: of each
 * process, and summed. Nothing has to be recorded. What cannot be read is counted and noted.
 */
#ifndef MT_WATCH_SAMPLER_H
#define MT_WATCH_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"
#include "watch/axis.h"
#include "watch/descendants.h"
#include "watch/recorded.h"

/* Where the figures come from. The first three are read at every tick by every user. */
enum mt_sampler_backend {
    MT_SAMPLER_AUTO,   /* statm at every tick, and the others when it is time for them */
    MT_SAMPLER_STATM,  /* RSS: some 2 us a process */
    MT_SAMPLER_STATUS, /* RSS, swap, peak RSS: some 20 us */
    MT_SAMPLER_ROLLUP, /* RSS, PSS, USS, swap: a walk of the page tables */
    MT_SAMPLER_SMAPS,  /* the same of kernels before 4.14, and several times as much */
};
#define MT_SAMPLER_BACKENDS "auto|statm|status|rollup|smaps"
bool mt_sampler_parse_backend(const char *text, enum mt_sampler_backend *backend);

struct mt_sampler_options {
    enum mt_sampler_backend backend;
    bool root_only;              /* its children do not count */
    const char *const *patterns; /* fnmatch, of names of programs that count; the caller's */
    size_t n_patterns;           /* 0: all count */
};

struct mt_sampled { /* one process */
    int statm_fd;   /* -1: none, or it has ended */
    int process_fd; /* see ended.h; -1: none */
    bool has_ended, is_counted, exit_known;
    bool pages_refused; /* PSS and its kin may not be read */
    bool peak_is_exact;
    int wait_status;
    char *exe, *cwd; /* NULL: may not be seen */
    char name[16];
    char *command; /* words, each ended by a NUL */
    size_t command_bytes;
    uint64_t found_ns, end_ns; /* since the start */
    uint64_t next_status_ns, next_names_ns;
    uint64_t peak_rss_bytes;
    struct mt_recorded recorded;
    struct mt_tick latest;
    struct mt_axis axis;
};

struct mt_sampler {
    struct mt_sampler_options options;
    struct mt_descendants processes; /* items[i] is processes.items[i] */
    struct mt_sampled *items;
    size_t n;
    struct mt_axis sum;
    struct mt_tick latest; /* of the sum */
    struct mt_tick memory; /* of it, when PSS, USS and swap were read last */
    bool has_memory;
    uint64_t start_ns, start_time_ns; /* CLOCK_MONOTONIC, and since the epoch */
    uint64_t next_pages_ns;
    uint64_t tick_cost_ns, pages_cost_ns; /* of processor time, at the last tick */
    int most_fd;                          /* descriptors from here on are not kept */
    size_t n_running;                     /* that count */
    size_t n_refused;                     /* of whose PSS nothing could be read */
    struct {
        char *name;
        uint64_t time_ns;
    } * marks;
    size_t n_marks;
};

/* Begins with a process. Returns 0, -MEMTRACK_ENOTFOUND or -MEMTRACK_ENOMEM. */
int mt_sampler_begin(struct mt_sampler *sampler, pid_t root,
                     const struct mt_sampler_options *options, struct mt_error *error);
void mt_sampler_free(struct mt_sampler *sampler);

/* Looks at all processes at now_ns (CLOCK_MONOTONIC). Returns whether any of them runs, counted or
 * not. */
bool mt_sampler_tick(struct mt_sampler *sampler, uint64_t now_ns);

/* Sets a mark at now_ns. */
void mt_sampler_mark(struct mt_sampler *sampler, uint64_t now_ns, const char *name);

/* Sends a signal to all that run. Returns to how many. */
size_t mt_sampler_signal(const struct mt_sampler *sampler, int signal_number);

/* Tells how the root has ended, which its parent alone is told, and the kernel's figures of the
 * most that it had resident: one that is exact (0: not known), and one that it was not above. */
void mt_sampler_end_root(struct mt_sampler *sampler, int wait_status, uint64_t peak_rss_bytes,
                         uint64_t at_most_bytes);

/* Makes a profile of all that was seen until now_ns; the axes are in it afterwards.
 * Returns 0 or -MEMTRACK_ENOMEM. */
int mt_sampler_profile(struct mt_sampler *sampler, uint64_t now_ns, uint64_t interval_ns,
                       struct mt_profile **out);

#endif
