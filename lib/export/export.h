/* SPDX-License-Identifier: MIT */
/*
 * What is written for programs and other tools: things of several kinds, each in the formats that
 * it has. The table of them is in export.c.
 */
#ifndef MT_EXPORT_H
#define MT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "export/format.h"
#include "export/profile.h"
#include "view/rows/group_by.h"

struct mt_profile;
struct mt_tick;
struct mt_rows;
struct mt_row;
struct mt_diff;
struct mt_comparison;
struct mt_pairs;
struct mt_scopes_rows;
struct mt_timeline;
struct mt_tree;
struct mt_tree_limits;
struct mt_annotate;
struct mt_lines;
struct mt_source;
struct mt_breakdown;
struct mt_processes;
struct mt_checked;   /* export/check.h */
struct mt_check_run; /* export/check.h */

/* ---- things ---------------------------------------------------------------------------------- */

/* A ledger, or a profile in the current directory, as `memtrack list` shows it. */
struct mt_listed {
    const char *path;
    const char *state; /* "recording", "dormant", "off", "ended", "profile", "run", "running",
                        * "unreadable" */
    const char *why;   /* why it is unreadable; "" when it is not */
    uint32_t pid;
    const char *exe;
    const char *const *command; /* NULL after the last word */
    uint64_t start_time_ns;     /* since the epoch, 0: not known */
    uint64_t age_ns;            /* of the recording; 0: not known */
    /* about when the process ended, since the epoch; 0: not known, or it has not ended */
    uint64_t last_seen_ns;
    int64_t live_bytes, peak_bytes;
    uint64_t total_blocks, ledger_bytes;
    bool is_attended; /* a memtrack run is at work on it */
};
struct mt_export_listed {
    const struct mt_listed *items;
    size_t n;
};

/* What `memtrack list --verify` found in a ledger. */
struct mt_verified {
    uint32_t pid;
    const char *file, *first; /* first is the first fault, "" when there is none */
    uint64_t n_items, n_faults;
    bool is_counted; /* the live blocks were counted */
};

/* A block that has an address in it, or is a neighbour of the address. Its own is 0 when there is
 * none. */
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
        *scope;               /* the innermost one when it was allocated, "" when there was none */
    const struct mt_row *row; /* of the rows given with the answers, by stack; NULL: no block */
};

/* A table of `memtrack top`. Every column of the lines adds up to its total. */
struct mt_export_top_line {
    int64_t live_bytes, live_blocks, total_bytes, total_blocks;
    int64_t diff_live_bytes, diff_live_blocks;
    int64_t bytes_per_second, blocks_per_second;
    const struct mt_row *row; /* of the table's rows; NULL: this line has the totals */
};

struct mt_export_top_process { /* of a tree */
    uint32_t pid;
    const char *program, *state;
};

struct mt_export_top {
    const struct mt_profile *profile;
    const struct mt_rows *rows;
    const char *state; /* of the process */
    const char *sort;  /* the column's name */
    enum mt_group_by by;
    uint64_t uptime_ns, window_ns;
    uint64_t sample_bytes; /* 0: exact */
    bool is_off;
    uint64_t unknown_frees, dropped_events, lossy_blocks, failed_allocations;
    int64_t peak_bytes;
    uint64_t rss_bytes; /* 0: not known */
    bool has_rates;     /* false: rates are not known yet, and written as null */
    struct mt_export_top_line totals;
    const struct mt_export_top_line *lines;
    size_t n;
    bool is_tree; /* then: */
    const struct mt_export_top_process *processes, *unrecorded;
    size_t n_processes, n_unrecorded;
    size_t n_ended;
    int64_t ended_live_bytes;
};

/* A process that memtrack serve watches, or a profile that it shows. */
struct mt_export_served_mark {
    uint64_t time_ns; /* since the start of the recording */
    uint64_t live_bytes;
    char *name;
};
struct mt_export_served {
    const char *state; /* "running", "stopped", "ended", "replaced", "profile" */
    const char *program;
    uint32_t pid;
    bool exit_known;
    int exit_code, exit_signal; /* as those of mt_profile_info */
    uint64_t start_time_ns;     /* since the epoch */
    uint64_t time_ns;           /* since the start of the recording, of the figures */
    uint64_t live_bytes, peak_bytes, total_blocks;
    uint64_t rss_bytes, pss_bytes, swap_bytes; /* 0: not known */
    const char *tag;                           /* of the latest snapshot */
    bool has_changed;                          /* a new one would differ from that */
    const struct mt_tick *ticks;
    size_t n_ticks;
    const struct mt_export_served_mark *marks;
    size_t n_marks;
};

enum mt_export_what {
    MT_EXPORT_REPORT,
    MT_EXPORT_TREE,
    MT_EXPORT_ANNOTATE,
    MT_EXPORT_DIFF,
    MT_EXPORT_COMPARISON,
    MT_EXPORT_BENCHMARKS, /* of two files */
    MT_EXPORT_CHECK,
    MT_EXPORT_LIST,
    MT_EXPORT_INDEX, /* of the processes of a run */
    MT_EXPORT_VERIFY,
    MT_EXPORT_SNAPSHOT,
    MT_EXPORT_WHOIS,
    MT_EXPORT_SWITCH,
    MT_EXPORT_TOP,
    MT_EXPORT_SCOPES,
    MT_EXPORT_CALLS,  /* of functions that are scopes */
    MT_EXPORT_EVENTS, /* scopes one by one, marks, counters */
    MT_EXPORT_TIMELINE,
    MT_EXPORT_PROFILE,         /* what passed the filters, for another tool: profile_format.h */
    MT_EXPORT_TIMELINE_EVENTS, /* the events of all processes of a timeline, on its clock */
    MT_EXPORT_SERVED,
    MT_EXPORT_SERVED_MARKS,
    MT_EXPORT_LINES, /* functions, line by line */
    MT_N_EXPORTS
};

struct mt_export {
    enum mt_export_what what;
    union {
        struct {
            const struct mt_rows *rows;
            size_t n; /* the first so many, 0: all of them; in the others below as well */
            const struct mt_processes *processes; /* of a run of several; NULL: of one */
        } report;
        struct {
            const struct mt_tree *tree;
            const struct mt_tree_limits *limits;
        } tree;
        struct {
            const struct mt_annotate *annotate;
            struct mt_source *source; /* where the text of lines is found */
            const char *asked;        /* which source; NULL: all */
        } annotate;
        struct {
            const struct mt_lines *lines;
            struct mt_source *source;
            const char *const *patterns; /* that chose them */
            size_t n_patterns;
        } lines;
        struct {
            const struct mt_diff *diff;
            const char *const *names; /* what the two sides are called */
            size_t n;
        } diff;
        struct {
            const struct mt_comparison *comparison;
            char *const *const *commands; /* the two, NULL at the end of each */
        } comparison;
        struct {
            const struct mt_pairs *pairs;
            const char *const *files; /* the two */
        } benchmarks;
        struct {
            const struct mt_checked *checked;
            size_t n;
            const struct mt_check_run *run; /* NULL: the profiles were there before */
            const char *root;               /* of the working tree, see view/worktree.h, or NULL */
            size_t limit_bytes; /* of Markdown: rows beyond are left out, and counted; 0: none */
        } check;
        struct {
            struct mt_export_listed running, left, profiles;
        } list;
        const struct mt_processes *processes; /* the index */
        const struct mt_verified *verified;
        struct {
            const struct mt_profile *profile;
            const char *file; /* where the snapshot was written to */
        } snapshot;
        struct {
            uint32_t pid;
            const struct mt_rows *rows; /* by stack */
            const struct mt_whois_answer *answers;
            size_t n;
        } whois;
        struct {
            uint32_t pid;
            bool was_on, is_on;
        } switched;
        struct mt_export_top top;
        struct {
            const struct mt_scopes_rows *rows;
            size_t n;
            bool callers, callees; /* of functions; at most one of them */
        } scopes;
        const struct mt_profile *calls;
        struct {
            const struct mt_profile *profile;
            size_t n; /* the last so many scopes */
        } events;
        struct mt_export_timeline {
            const struct mt_timeline *timeline;
            const struct mt_breakdown *breakdown; /* or NULL */
            unsigned width, height;               /* of a chart, in pixels */
        } timeline;
        struct {
            const struct mt_timeline *timeline;
        } timeline_events;
        const struct mt_export_served *served; /* and of its marks */
        struct mt_export_profile profile;
    };
};

/* ---- formats --------------------------------------------------------------------------------- */

/* Returns "json", "csv", ...: what the option is called that asks for the format. */
const char *mt_export_format_name(enum mt_export_format format);
bool mt_export_has(enum mt_export_what what, enum mt_export_format format);

/*
 * Writes the thing. Text is made valid UTF-8 (JSON, SVG) or printable (CSV). Returns 0,
 * -MEMTRACK_ENOMEM, -MEMTRACK_EIO, or -MEMTRACK_EUSAGE when the thing does not have the format.
 * After an error the stream may hold a part: the caller decides what becomes of it.
 */
int mt_export(FILE *stream, const struct mt_export *thing, enum mt_export_format format,
              struct mt_error *error);

#endif
