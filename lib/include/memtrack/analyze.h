/* SPDX-License-Identifier: MIT */
/*
 * memtrack/analyze.h: read profiles in a program. What tracemalloc's Snapshot, Filter, Statistic
 * and Traceback are in Python: load a recording, group it, filter it, compare it with another one,
 * walk its call paths, save it.
 *
 *     memtrack_profile *profile;
 *     memtrack_statistics *lines;
 *     memtrack_row row;
 *     if (memtrack_profile_load("app.pb.gz", NULL, &profile) == 0 &&
 *         memtrack_statistics_new(profile, NULL, &lines) == 0 &&
 *         memtrack_statistics_row(lines, 0, &row) == 0)
 *         printf("%s holds %lld bytes at the peak\n", row.key,
 *                (long long)row.values.peak_bytes);
 *
 * Link with -lmemtrack-analyze (pkg-config memtrack-analyze, CMake memtrack::analyze). The library
 * that tracks a program is another one; this one may be used anywhere, also in a tracked program to
 * look at itself: what the functions below allocate is then kept out of the recording.
 *
 * Results     0 or a positive number; a failure is the negative of a number of memtrack/error.h,
 *             and memtrack_analyze_error() says in words what failed and why. Nothing prints,
 *             exits, aborts or keeps a signal handler. Output parameters are set to NULL, or not
 *             touched, on failure.
 * Ownership   Everything that a _new, _load or other function gives through a pointer to a pointer
 *             is released by the _free function of its type, which takes NULL. Objects keep alive
 *             what they need: a profile may be freed before the statistics that were made of it.
 *             Texts inside a struct belong to the object that filled it and live as long as that.
 *             Texts that are returned as char * are released by memtrack_text_free.
 * NULL        where it is not allowed is MEMTRACK_EUSAGE, or the result of nothing: 0, NULL. So a
 *             program that has missed the failure of one call gets an error from the next.
 * Threads     Objects can be read by several threads at once, and any number of objects can be made
 *             and freed at the same time. A filter is not to be changed while another thread uses
 *             it.
 * Units       Bytes are the bytes that the program asked for. Times are in nanoseconds.
 * Growing     The structs that a caller fills begin with their size; those that the library fills
 *             have room to grow. So programs go on working with later versions of the library.
 */
#ifndef MEMTRACK_ANALYZE_H
#define MEMTRACK_ANALYZE_H

#include <memtrack/error.h>
#include <memtrack/unseen.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct memtrack_profile memtrack_profile;
typedef struct memtrack_filter memtrack_filter;
typedef struct memtrack_statistics memtrack_statistics;
typedef struct memtrack_comparison memtrack_comparison;
typedef struct memtrack_stack memtrack_stack;
typedef struct memtrack_blocks memtrack_blocks;

/* ---- errors ---------------------------------------------------------------------------------- */

/* Returns "what: why" of the latest call in this thread that could fail; "" when it did not.
 * Valid until the next such call. */
const char *memtrack_analyze_error(void);
/* Returns what to do about it, in a sentence; "" when there is nothing to say. */
const char *memtrack_analyze_hint(void);
const char *memtrack_analyze_version(void); /* "0.1.0" */
void memtrack_text_free(char *text);        /* NULL is fine */

/* ---- profiles -------------------------------------------------------------------------------- */

typedef struct memtrack_load_options {
    size_t struct_bytes; /* sizeof(memtrack_load_options) */
    /* Leave addresses as they are: this loads faster, and rows are addresses. */
    int no_symbols;
    int debuginfod;         /* ask the servers in DEBUGINFOD_URLS for debug files */
    const char *debug_path; /* further directories with programs, libraries and debug files, ':'
                             * between them; or NULL: those of MEMTRACK_DEBUG_PATH */
    const char *sysroot;    /* the root of an image in which recorded paths are looked for first; or
                               NULL: MEMTRACK_SYSROOT */
} memtrack_load_options;

MEMTRACK_UNSEEN_ static inline memtrack_load_options memtrack_load_options_init(void) {
    memtrack_load_options options;
    memset(&options, 0, sizeof options);
    options.struct_bytes = sizeof options;
    return options;
}

/*
 * Load what a name stands for:
 *
 *   app.pb.gz           a profile of memtrack, or a heap profile in pprof's format of any other
 *                       tool
 *   1234.5678.0.ledger  the ledger of a process that runs or was killed
 *   1234                the tracked process of this id, as it is now: neither stopped nor asked
 *   WHAT@MOMENT         one of these at an earlier moment, see memtrack_profile_at
 *
 * A file of the very name comes first. options may be NULL. Unless no_symbols is set, addresses
 * become functions, files and lines; one thread at a time does so. Nothing is asked of the network,
 * nor a library for it loaded, unless debuginfod is set. MEMTRACK_EIO (cannot be read),
 * MEMTRACK_ENOTFOUND (no such process, or not tracked), MEMTRACK_EFORMAT (no profile, or damaged),
 * MEMTRACK_EVERSION, MEMTRACK_ELIMIT, MEMTRACK_EUSAGE (no such moment), MEMTRACK_ENOMEM.
 */
int memtrack_profile_load(const char *what, const memtrack_load_options *options,
                          memtrack_profile **out);

/* Loads a process by its id. Its memory, locks and state are of no importance: a stopped or
 * deadlocked process can be read as well, and one that has ended as long as its ledger is there. */
int memtrack_profile_load_process(int64_t pid, const memtrack_load_options *options,
                                  memtrack_profile **out);

/* Takes the calling process, now. What its other threads do meanwhile is not in it.
 * MEMTRACK_ENOTFOUND: it is not tracked. */
int memtrack_profile_take(const memtrack_load_options *options, memtrack_profile **out);

/* Loads a profile file in memory, gzip'd or not, which is not needed afterwards. */
int memtrack_profile_load_memory(const void *data, size_t bytes,
                                 const memtrack_load_options *options, memtrack_profile **out);

/*
 * Makes the profile at another moment: "live" then means not freed at that moment. It is "end",
 * "peak", or a time after the start: "1.5s", "300ms", "2m". A time needs a recording with a time
 * axis; the last tick not after it is shown. Waste is known of the end alone. MEMTRACK_EUSAGE (not
 * a moment, or not one of this profile), MEMTRACK_ENOMEM.
 */
int memtrack_profile_at(const memtrack_profile *profile, const char *moment,
                        memtrack_profile **out);

/* Makes a profile of the part of the profile that passes the filter. Its totals are sums of what
 * passed; coverage and notes are those of the whole recording. With NULL or an empty filter it
 * is a copy. MEMTRACK_ENOMEM, MEMTRACK_EFORMAT. */
int memtrack_profile_filter(const memtrack_profile *profile, const memtrack_filter *filter,
                            memtrack_profile **out);

/*
 * Writes it as a profile file, which memtrack and other tools for pprof's format read. Other
 * processes see either the whole file or none. An existing file is kept unless replace is not 0:
 * MEMTRACK_EUSAGE. MEMTRACK_EIO, MEMTRACK_ENOMEM.
 */
int memtrack_profile_save(const memtrack_profile *profile, const char *path, int replace);
/* Writes the same to an open file descriptor, which stays open. */
int memtrack_profile_write(const memtrack_profile *profile, int fd);

void memtrack_profile_free(memtrack_profile *profile);

/* ---- what a profile says of itself ----------------------------------------------------------- */

typedef struct memtrack_totals {
    uint64_t live_bytes, live_blocks; /* not freed at the moment of the profile */
    uint64_t peak_bytes, peak_blocks; /* at the moment when the process had most */
    uint64_t total_bytes, total_blocks, freed_bytes, freed_blocks;
    uint64_t temporary_blocks;   /* freed by the very next allocator call of their thread */
    uint64_t failed_allocations; /* malloc returned NULL */
    uint64_t reserved[6];
} memtrack_totals;
int memtrack_profile_totals(const memtrack_profile *profile, memtrack_totals *out);

typedef struct memtrack_coverage {
    uint64_t unknown_frees;    /* frees of blocks whose allocation was not seen */
    uint64_t dropped_events;   /* events that could not be recorded */
    uint64_t lossy_blocks;     /* blocks that were recorded without a call path */
    uint64_t truncated_stacks; /* blocks whose call path lacks its outer end */
    uint64_t reserved[4];
} memtrack_coverage;
int memtrack_profile_coverage(const memtrack_profile *profile, memtrack_coverage *out);

/* Returns the i-th remark about what the recording could not see, a whole sentence; NULL past
 * the last one. */
const char *memtrack_profile_note(const memtrack_profile *profile, size_t i);

typedef struct memtrack_info {
    const char *exe, *directory; /* "" when unknown, as in profiles of other tools */
    const char *allocator;       /* "glibc", "jemalloc", ... */
    size_t n_arguments;          /* see memtrack_profile_argument */
    uint32_t pid, parent_pid;    /* 0: unknown */
    uint64_t start_time_ns;      /* nanoseconds since 1970 */
    uint64_t duration_ns;        /* of the recording */
    int exit_known;              /* its end was seen, and the next two are known */
    int exit_code, exit_signal;  /* code is -1 when a signal ended it */
    int is_memtrack;             /* 0: another tool's profile */
    /* It was not taken at a single instant: columns may not add up to the totals. */
    int is_approximate;
    int is_partial;        /* recording did not begin with the process */
    int usable_measured;   /* waste_bytes was recorded */
    uint64_t sample_bytes; /* mean distance of samples; 0: every block was recorded */
    uint64_t ledger_bytes; /* what the recording cost */
    int peak_time_known;   /* the next two are known */
    /* Time since the start, plus or minus peak_time_error_ns. */
    uint64_t peak_time_ns, peak_time_error_ns;
    size_t n_ticks, n_marks; /* see memtrack_profile_tick and _mark */
    uint64_t reserved[8];
} memtrack_info;
int memtrack_profile_info(const memtrack_profile *profile, memtrack_info *out);
/* Returns the i-th word of its command; NULL past the end. */
const char *memtrack_profile_argument(const memtrack_profile *profile, size_t i);

/* This is one point of the time axis. The memory figures of the kernel are 0 when they were not
 * read. PSS and swap are read at some points only, either both (then pss_bytes is not 0) or
 * neither. */
typedef struct memtrack_tick {
    uint64_t time_ns; /* since the start of the recording */
    int64_t live_bytes;
    uint64_t total_blocks;
    uint64_t rss_bytes, pss_bytes, swap_bytes;
    uint64_t anon_bytes; /* part of rss_bytes that is neither of files nor shared */
    uint64_t reserved[3];
} memtrack_tick;
int memtrack_profile_tick(const memtrack_profile *profile, size_t i,
                          memtrack_tick *out); /* MEMTRACK_ENOTFOUND */

/* This is a moment that has a name. */
typedef struct memtrack_mark_info {
    uint64_t time_ns;
    const char *name;
    int is_trigger; /* set by a condition, not by the program */
    uint64_t reserved[4];
} memtrack_mark_info;
int memtrack_profile_mark(const memtrack_profile *profile, size_t i,
                          memtrack_mark_info *out); /* MEMTRACK_ENOTFOUND */

/* ---- columns and groups ---------------------------------------------------------------------- */

typedef enum memtrack_column {
    MEMTRACK_COLUMN_DEFAULT =
        0, /* peak bytes; live bytes at other moments, in comparisons and where there is no peak */
    MEMTRACK_LIVE_BYTES,
    MEMTRACK_LIVE_BLOCKS,
    MEMTRACK_PEAK_BYTES,
    MEMTRACK_PEAK_BLOCKS,
    MEMTRACK_TOTAL_BYTES,
    MEMTRACK_TOTAL_BLOCKS,
    MEMTRACK_TEMPORARY_BLOCKS,
    /* Highest live bytes of one place, whenever that was; for several places an upper bound. */
    MEMTRACK_MAX_BYTES,
    MEMTRACK_WASTE_BYTES /* usable minus requested, of live blocks */
} memtrack_column;

typedef struct memtrack_values {
    int64_t live_bytes, live_blocks, peak_bytes, peak_blocks, total_bytes, total_blocks,
        temporary_blocks, max_bytes, waste_bytes;
    int64_t reserved[7];
} memtrack_values;
int64_t memtrack_value(const memtrack_values *values,
                       memtrack_column column); /* returns 0 for what is no column */

/* Returns whether this column was recorded: 1 or 0. A column that was not recorded is 0
 * everywhere. */
int memtrack_profile_has(const memtrack_profile *profile, memtrack_column column);

typedef enum memtrack_group_by {
    MEMTRACK_BY_LINE = 0,
    MEMTRACK_BY_FUNCTION,
    MEMTRACK_BY_FILE,
    MEMTRACK_BY_MODULE,
    MEMTRACK_BY_STACK,
    MEMTRACK_BY_THREAD,
    MEMTRACK_BY_SCOPE,
    MEMTRACK_BY_SIZE,
    MEMTRACK_BY_DOMAIN
} memtrack_group_by;

/* These are the names that the command's options have: "line", "stack"; "peak", "live-blocks".
 * For what is none they return NULL or MEMTRACK_EUSAGE. */
const char *memtrack_group_by_name(memtrack_group_by by);
int memtrack_group_by_parse(const char *name, memtrack_group_by *out);
const char *memtrack_column_name(memtrack_column column);
int memtrack_column_parse(const char *name, memtrack_column *out);

/* ---- filters --------------------------------------------------------------------------------- */

/*
 * A filter is a list of conditions. What is allocated passes when one of the including conditions
 * holds, or there is none, and no excluding one does, as in tracemalloc's filter_traces. To demand
 * two things at once, filter twice.
 */
enum { MEMTRACK_EXCLUDE = 0, MEMTRACK_INCLUDE = 1 };

int memtrack_filter_new(memtrack_filter **out);
void memtrack_filter_free(memtrack_filter *filter);

/*
 * Adds a condition with shell wildcards ('*' also matches '/'). The pattern is compared with the
 * file, its last part, the function with and without its parameters, the module and its last part.
 * With line above 0 it is compared with the file alone, on that line; so is "PATTERN:LINE" with
 * line 0. all_frames: any frame of the call path may match, not only the one that is charged with
 * the block. "scope:PATTERN", "domain:PATTERN" and "thread:PATTERN" are compared with these labels,
 * as by the command's --include. The pattern is copied. MEMTRACK_EUSAGE, MEMTRACK_ENOMEM.
 */
int memtrack_filter_add(memtrack_filter *filter, int include, const char *pattern, uint32_t line,
                        int all_frames);

/* Adds a condition with shell wildcards, which are compared with the name of what a block
 * belongs to: MEMTRACK_BY_THREAD ("1234 worker"), MEMTRACK_BY_SCOPE, MEMTRACK_BY_DOMAIN
 * ("malloc"). MEMTRACK_EUSAGE for other groups. */
int memtrack_filter_add_label(memtrack_filter *filter, int include, memtrack_group_by label,
                              const char *pattern);

/* ---- statistics ------------------------------------------------------------------------------ */

/* This says how to look at a profile. All zero but for the size is a view by line. */
typedef struct memtrack_view {
    size_t struct_bytes; /* sizeof(memtrack_view) */
    memtrack_group_by by;
    memtrack_column sort; /* largest first */
    int cumulative; /* charge every frame of a call path, once; by line, function, file or module */
    int keep_std;   /* charge frames inside the C, C++ and Rust standard libraries */
    int keep_wrappers; /* charge the innermost frame, even operator new */
    /* Patterns of further allocators, whose callers are charged, beside those that the profile has
     * stored. */
    const char *const *wrappers;
    size_t n_wrappers;
    const memtrack_filter *filter; /* or NULL */
    size_t limit;                  /* keep the first so many rows; 0: all */
} memtrack_view;

MEMTRACK_UNSEEN_ static inline memtrack_view memtrack_view_init(void) {
    memtrack_view view;
    memset(&view, 0, sizeof view);
    view.struct_bytes = sizeof view;
    return view;
}

/*
 * Makes the rows that memtrack report prints. view may be NULL: by line. Without a filter, a limit
 * and cumulative, every column sums to its total. Equal values are in the order of their names.
 * MEMTRACK_EUSAGE (options that make no sense together), MEMTRACK_EFORMAT (a damaged profile),
 * MEMTRACK_ENOMEM.
 */
int memtrack_statistics_new(const memtrack_profile *profile, const memtrack_view *view,
                            memtrack_statistics **out);
void memtrack_statistics_free(memtrack_statistics *statistics);

size_t memtrack_statistics_count(const memtrack_statistics *statistics);

typedef struct memtrack_row {
    const char *key; /* unique among the rows: "src/a.c:12", "parse", "64-127 B" */
    const char *function, *file, *module; /* as far as the group determines them, else "" */
    int64_t line;                         /* 0: none */
    memtrack_values values;
    uint64_t n_traces; /* traces that are summed up here */
    int max_is_bound;  /* max_bytes is an upper bound */
    uint64_t reserved[8];
} memtrack_row;

/* The i-th row. MEMTRACK_ENOTFOUND (past the end), MEMTRACK_ENOMEM. */
int memtrack_statistics_row(const memtrack_statistics *statistics, size_t i, memtrack_row *out);
/* Returns what all rows are taken from: the sum of what passed the filter, each block once. */
int memtrack_statistics_sum(const memtrack_statistics *statistics, memtrack_values *out);
/* Returns the call path of a row. By stack, that is the one that all of the row has; otherwise
 * it is that of its first trace. */
int memtrack_statistics_stack(const memtrack_statistics *statistics, size_t i,
                              memtrack_stack **out);
/* Returns a remark on the recording or on this view of it; NULL past the last one. */
const char *memtrack_statistics_note(const memtrack_statistics *statistics, size_t i);
/* Returns "src/a.c:12: size=1.5 KiB, count=3, average=512 B", for memtrack_text_free. NULL: past
 * the end, or no memory. */
char *memtrack_statistics_text(const memtrack_statistics *statistics, size_t i);

/* ---- comparisons ----------------------------------------------------------------------------- */

enum { MEMTRACK_OLD = 0, MEMTRACK_NEW = 1 };

/*
 * Makes what changed from one profile to another: the rows of memtrack diff. Rows are in
 * tracemalloc's order: the largest absolute difference in the column view->sort comes first, then
 * the larger new value, then the same of its companion (blocks for bytes), then by name. Groups
 * that only one side has are among them. Between two builds of a program, lines that have moved are
 * matched. Errors are those of memtrack_statistics_new.
 */
int memtrack_comparison_new(const memtrack_profile *old_profile,
                            const memtrack_profile *new_profile, const memtrack_view *view,
                            memtrack_comparison **out);
void memtrack_comparison_free(memtrack_comparison *comparison);

size_t memtrack_comparison_count(const memtrack_comparison *comparison);

typedef enum memtrack_change {
    MEMTRACK_IN_BOTH = 0,
    MEMTRACK_APPEARED = 1, /* the old profile has nothing here */
    MEMTRACK_VANISHED = 2  /* the new profile has nothing here */
} memtrack_change;

typedef struct memtrack_difference {
    const char *key;                      /* as the new profile calls it, if it has it */
    const char *old_key;                  /* NULL when the old one does not have it */
    const char *function, *file, *module; /* as in memtrack_row */
    int64_t line;
    memtrack_values old_values, new_values, differences; /* new minus old */
    memtrack_change change;
    int has_moved;  /* the same statement stands on another line */
    int is_rebuilt; /* it is in another build of its module */
    uint64_t reserved[8];
} memtrack_difference;

/* The i-th row. MEMTRACK_ENOTFOUND (past the end), MEMTRACK_ENOMEM. */
int memtrack_comparison_row(const memtrack_comparison *comparison, size_t i,
                            memtrack_difference *out);
/* Returns what all rows are taken from; key, old_key and the names are "". */
int memtrack_comparison_sum(const memtrack_comparison *comparison, memtrack_difference *out);
/* Returns whether this column was recorded on both sides: 1 or 0. */
int memtrack_comparison_has(const memtrack_comparison *comparison, memtrack_column column);
/* Returns the call path of a row on one side, MEMTRACK_OLD or MEMTRACK_NEW. MEMTRACK_ENOTFOUND:
 * that side does not have it. */
int memtrack_comparison_stack(const memtrack_comparison *comparison, size_t i, int side,
                              memtrack_stack **out);
/* Returns what has to be known of the two recordings, in whole sentences; NULL past the last
 * one. */
const char *memtrack_comparison_note(const memtrack_comparison *comparison, size_t i);
/* Returns "src/a.c:12: size=1.5 KiB (+512 B), count=3 (+1), average=512 B", as
 * memtrack_statistics_text does. */
char *memtrack_comparison_text(const memtrack_comparison *comparison, size_t i);

/* ---- traces and call paths ------------------------------------------------------------------- */

/* This is everything that one thread allocated at one call path in blocks of about one size. */
typedef struct memtrack_trace {
    memtrack_values values;
    const char *thread, *scope;    /* "" when unknown, or none */
    const char *domain;            /* "malloc" */
    uint64_t min_bytes, max_bytes; /* sizes of its blocks; 0 and UINT64_MAX when unknown */
    int is_lossy;                  /* it has no call path, because there was no room for it */
    uint64_t reserved[8];
} memtrack_trace;
size_t memtrack_profile_trace_count(const memtrack_profile *profile);
/* Returns the i-th trace, in no particular order. MEMTRACK_ENOTFOUND. */
int memtrack_profile_trace(const memtrack_profile *profile, size_t i, memtrack_trace *out);
/* Returns its call path. MEMTRACK_ENOTFOUND, MEMTRACK_ENOMEM, MEMTRACK_EFORMAT. */
int memtrack_profile_trace_stack(const memtrack_profile *profile, size_t i, memtrack_stack **out);

typedef struct memtrack_frame {
    const char *function, *file, *module; /* "" when unknown */
    const char *name; /* never "": "src/a.c:12", "parse+0x1f (app)", "0x1234 (app)", "[unknown]" */
    int64_t line;     /* 0: unknown */
    uint64_t address; /* address in the process, a return address */
    uint64_t module_address; /* address in the file of the module */
    int is_inlined;          /* it was inlined into the next frame */
    uint64_t reserved[6];
} memtrack_frame;

size_t memtrack_stack_count(const memtrack_stack *stack);
/* Returns the i-th frame. Frame 0 is the one that is charged with the block; allocators that it
 * called are left out. The last one is the outermost. MEMTRACK_ENOTFOUND. */
int memtrack_stack_frame(const memtrack_stack *stack, size_t i, memtrack_frame *out);
int memtrack_stack_is_truncated(const memtrack_stack *stack); /* its outer end is missing */
/* Returns how many frames the path had before it was cut at the limit of frames (run --frames): those
 * that memtrack_stack_count counts and the missing ones, of which inlined ones are not known. Exact
 * while fewer than 256 are missing, else at least so many (in steps of at most 1/16, up to 4096
 * missing). 0: not known, because the stack could not be followed further. */
size_t memtrack_stack_total(const memtrack_stack *stack);
void memtrack_stack_free(memtrack_stack *stack);

enum {
    /* The outermost frame is first, as Python prints tracebacks; otherwise the innermost is. */
    MEMTRACK_FORMAT_OUTERMOST_FIRST = 1,
    MEMTRACK_FORMAT_SOURCE =
        2 /* below each frame its line of source, where the file can be read; behind one that was
           * edited after the program was built: [changed since] */
};
/*
 * The call path as lines of text: "  src/a.c:12  parse\n". limit above 0: the innermost so many
 *                                                frames; below 0: the
 * outermost; 0: all. Control characters in names are made visible. NULL: no memory. For
 * memtrack_text_free.
 */
char *memtrack_stack_format(const memtrack_stack *stack, int limit, int flags);

/* ---- live blocks ----------------------------------------------------------------------------- */

/* This is a block that has not been freed. When it was allocated is known between two times, whose
 * distance is at most 1/256 of the recording's length, or 10 ms. */
typedef struct memtrack_live_block {
    uint64_t address, bytes;
    uint64_t from_ns, to_ns; /* since the start of the recording; to_ns UINT64_MAX: until its end */
    uint64_t age_from_ns, age_to_ns;     /* 0: the process has ended */
    const char *thread, *domain, *scope; /* "1234 worker", "malloc"; "" when unknown, or none */
    uint64_t reserved[6];
} memtrack_live_block;

/*
 * Take the live blocks of a tracked process ("1234", which goes on meanwhile: each block was there
 * a moment ago), or those that one has left behind ("1234.5678.0.ledger"), in the order of their
 * addresses. A profile file holds sums and no blocks: MEMTRACK_EFORMAT. memtrack_blocks_find takes
 * the one that holds an address anywhere in it, or none. Other errors and options as for
 * memtrack_profile_load. It takes some 200 bytes for a block.
 */
int memtrack_blocks_load(const char *what, const memtrack_load_options *options,
                         memtrack_blocks **out);
int memtrack_blocks_find(const char *what, uint64_t address, const memtrack_load_options *options,
                         memtrack_blocks **out);
size_t memtrack_blocks_count(const memtrack_blocks *blocks);
/* Return the i-th block, and its call path. MEMTRACK_ENOTFOUND, MEMTRACK_ENOMEM. */
int memtrack_blocks_block(const memtrack_blocks *blocks, size_t i, memtrack_live_block *out);
int memtrack_blocks_stack(const memtrack_blocks *blocks, size_t i, memtrack_stack **out);
void memtrack_blocks_free(memtrack_blocks *blocks);

#ifdef __cplusplus
}
#endif

#endif
