/* SPDX-License-Identifier: MIT */
/* What the environment asks of the recorder. Read once per program, from where the kernel has put
 * it: the first allocation can come before libc has an environ. */
#ifndef MT_TRACK_OPTIONS_H
#define MT_TRACK_OPTIONS_H

#include "ledger/layout.h"

#include "base/os.h"
#include "base/settings.h"

enum {
    MT_DIRECTORY_BYTES = 2048,
    MT_ONLY_BYTES = MT_ONLY_MAX_BYTES + 1,
    MT_DEFAULT_FRAMES = 1024,
    MT_MOST_FRAMES = 8192,
    MT_MOST_EVENTS = 1 << 20,
    MT_MOST_SCOPE_SAMPLE = 1 << 20
};

#define MT_LEDGER_BY_LIMIT UINT64_MAX /* max_ledger follows from the memory limit of the cgroup */

struct mt_options {
    char directory[MT_DIRECTORY_BYTES];           /* MEMTRACK_DIR; "" if unset */
    char runtime_directory[MT_DIRECTORY_BYTES];   /* XDG_RUNTIME_DIR */
    char temporary_directory[MT_DIRECTORY_BYTES]; /* TMPDIR */
    char only[MT_ONLY_BYTES]; /* MEMTRACK_ONLY: patterns of programs, ':' between; "": all */
    const char *called;       /* the first word of the command; NULL: not known */
    /* MEMTRACK_OPTIONS: base/settings.h */
    uint64_t frames;
    uint64_t sample_bytes;
    uint64_t only_pid;     /* 0: record every process */
    uint64_t events;       /* how many of the latest events are kept */
    uint64_t event_sample; /* one scope in so many is an event; 0: none */
    uint64_t scope_sample; /* one scope in so many is measured; at least 1 */
    uint64_t max_ledger;   /* bytes of the ledger that call paths may take; 0: no bound */
    uint64_t limit_bytes;  /* live bytes that no allocation exceeds; 0: no limit */
    uint64_t until_ns;     /* processes that start later are not recorded (CLOCK_MONOTONIC); 0: all
                              are */
    bool usable, exact_peak, check_unwind, allocator_stats;
    bool limit_aborts;      /* what would exceed the limit aborts the process, instead of failing */
    bool python;            /* read the lines of CPython code */
    bool lines;             /* record what each line changes, and runs */
    bool has_python_malloc; /* PYTHONMALLOC says that objects come from malloc */
    bool dormant;           /* MEMTRACK_ACTIVE=0 */
    bool scope_cpu;         /* MEMTRACK_SCOPE_CPU=1 */
    bool scopes_unusual;    /* scopes have to look at scope_cpu and scope_sample */
    char ignored[MT_IGNORED_BYTES]; /* words of MEMTRACK_OPTIONS that are not understood */
};

/* Tells whether every event has to look at some option. */
static inline bool mt_options_are_unusual(const struct mt_options *o) {
    return o->usable || o->check_unwind || o->lines || o->sample_bytes != 0 || o->limit_bytes != 0;
}

/* Reads the options from the environment of the process; what is not set gets its default. */
MT_HIDDEN void mt_options_read(struct mt_options *options);

#endif
