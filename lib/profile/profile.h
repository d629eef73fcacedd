/* SPDX-License-Identifier: MIT */
/*
 * A profile in memory: what a ledger becomes when it is read, what a pprof file holds, and what
 * every view and export works on. It is pprof's model (samples over locations over lines over
 * functions, with mappings) with ids turned into array indexes, plus what pprof has no field for
 * (struct mt_profile_info).
 *
 *   ledger  ──read──►  mt_profile  ──symbolize──►  mt_profile  ──►  pprof file, report, diff, …
 *   pprof   ──read──►      ┘
 *
 * All strings are interned in the profile: a string is an mt_string index, equal strings have equal
 * indexes, index 0 is "". Arrays grow by mt_profile_add_* and are never NULL; nothing is ever
 * removed. Not thread-safe. Everything belongs to the profile and is freed by mt_profile_free.
 */
#ifndef MT_PROFILE_H
#define MT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/lines.h"
#include "profile/scopes.h"

typedef uint32_t mt_string;

/* These are the columns of a sample. The first four are in the field's order for heap profiles.
 * Counts are blocks. */
enum mt_value {
    MT_VALUE_TOTAL_BLOCKS, /* pprof: alloc_objects / count */
    MT_VALUE_TOTAL_BYTES,  /* pprof: alloc_space / bytes */
    MT_VALUE_LIVE_BLOCKS,  /* pprof: inuse_objects / count */
    MT_VALUE_LIVE_BYTES,   /* pprof: inuse_space / bytes   (the default of a running process) */
    MT_VALUE_PEAK_BLOCKS,  /* pprof: peak_objects / count */
    MT_VALUE_PEAK_BYTES,   /* pprof: peak_space / bytes    (the default of one that has ended) */
    MT_VALUE_TEMPORARY_BLOCKS, /* pprof: temporary_objects / count */
    MT_VALUE_MAX_BYTES,   /* pprof: max_space / bytes; summing over sites gives an upper bound */
    MT_VALUE_WASTE_BYTES, /* pprof: waste_space / bytes; usable - requested of the live blocks */
    MT_N_VALUES
};

/* The path of the mapping in which code lies that was generated at run time and has a name. */
#define MT_PROFILE_JIT "[jit]"

struct mt_mapping {
    uint64_t start, limit, offset; /* as in pprof: memory range and the file offset of start */
    uint64_t bias; /* address - bias = address in the ELF file; from a pprof file: start - offset */
    mt_string path;
    mt_string build_id; /* lower-case hex, "" if none */
    bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

/* The path of the mapping whose locations are lines of Python, and whose addresses mean nothing. */
#define MT_PROFILE_PYTHON "[python]"

enum { MT_PROFILE_MISSING_ROUNDED = 256 }; /* see mt_sample.n_missing */

struct mt_function {
    mt_string name;        /* demangled */
    mt_string system_name; /* as in the symbol table */
    mt_string file;
    int64_t start_line;
    /* This is where the symbol starts in the target. It is set only when there was no line
     * information, so that a view can print function+0xoff with off = location.address -
     * address. 0 means that it is unknown, or that the lines say more. */
    uint64_t address;
};

struct mt_line {
    uint32_t function; /* index */
    int64_t line;      /* 0: unknown */
};

/* This is a return address (address - 1 is looked up, unless it is exact), or an address as a
 * pprof file gives it. Before it is symbolized a location has no lines. Inlined callees come
 * first. */
struct mt_location {
    uint64_t address;
    uint32_t mapping; /* index + 1, 0: none */
    uint32_t first_line, n_lines;
    bool exact; /* the address itself, not the instruction before it: interrupted by a signal, or
                   from pprof */
    bool is_folded;
};

struct mt_sample {
    uint32_t first_frame, n_frames; /* into frames[]: location indexes, innermost first */
    int64_t value[MT_N_VALUES];
    mt_string thread;   /* "" when unknown; else e.g. "1234 worker" */
    mt_string process;  /* "" in the profile of one; else e.g. "1234 cc1 … a.c" */
    mt_string scope;    /* "" none */
    mt_string domain;   /* "malloc" unless said otherwise */
    uint8_t size_class; /* mt_size_class of ledger/layout.h */
    bool has_size_class;
    bool truncated; /* the outer end of the path is missing */
    /* So many frames of a path that is truncated are missing; MT_PROFILE_MISSING_ROUNDED or more: at
     * least so many. 0: not known. */
    uint32_t n_missing;
    bool lossy;   /* the path was not recorded: n_frames is 0 */
    bool is_base; /* of a difference: what it was before, its figures with their signs turned */
};

struct mt_totals {
    uint64_t live_bytes, live_blocks, peak_bytes, peak_blocks, total_bytes, total_blocks,
        freed_bytes, freed_blocks, temporary_blocks, failed_allocations;
};

struct mt_coverage {
    uint64_t unknown_frees, dropped_events, lossy_blocks,
        truncated_stacks; /* truncated_stacks counts blocks */
};

/* This is one tick of the time axis, taken by the reader. Memory figures are 0 when they were
 * not read: PSS and swap cost the kernel much, and are there at some ticks only, either both
 * (then pss_bytes is not 0) or neither. */
struct mt_tick {
    uint64_t time_ns; /* since the start of the recording */
    int64_t live_bytes;
    uint64_t total_blocks;
    uint64_t rss_bytes, pss_bytes, swap_bytes;
    uint64_t anon_bytes; /* part of rss_bytes that is neither of files nor shared */
    uint64_t uss_bytes;  /* what no other process shares; read with PSS, where anybody watches it */
};

/* This is the anonymous memory (of no file, not shared) as the reader saw it from outside, and
 * what was recorded. */
struct mt_anonymous {
    uint64_t bytes; /* the highest that was seen, swap included; 0: never read */
    uint64_t recorded_bytes,
        recorded_blocks; /* the highest heap, without mapped files; its blocks */
    uint64_t time_ns;    /* since the start of the recording */
    bool is_estimate; /* at least so much: from the resident memory that the kernel tells after the
                         end */
};

/* This is a site that changed between two ticks. These make up the composition at past moments. */
struct mt_tick_change {
    uint32_t tick;                   /* index into ticks */
    uint32_t sample;                 /* index into samples */
    int64_t live_bytes, live_blocks; /* from this tick on */
};

/* This is a moment that has a name, on the timeline. */
enum mt_mark_kind {
    MT_MARK_PROGRAM = 0 /* set by the program itself */,
    MT_MARK_TRIGGER = 1 /* a condition became true */,
    MT_MARK_OUTSIDE = 2 /* set by who was looking on */
};
struct mt_mark {
    uint64_t time_ns; /* since the start of the recording */
    mt_string name;
    uint32_t kind; /* enum mt_mark_kind; any other value from a newer version */
};

/* These blocks are live and were allocated at or after from_ns and before to_ns, since the start of
 * the recording. UINT64_MAX: the end is not known. */
struct mt_age {
    uint64_t from_ns, to_ns;
    uint64_t bytes, blocks;
};
enum { MT_PROFILE_AGES = 256 }; /* steps of a ledger's histogram, at most */

struct mt_profile_thread {
    uint32_t tid;
    uint32_t n_threads; /* that the row stands for: 1, or those that are too many */
    mt_string name;
};

struct mt_named_value {
    mt_string name;
    uint64_t value;
};

/* These are allocations that would have exceeded a limit, and the first of them. It is not stored:
 * a note tells of it (view/refused.h). */
enum { MT_REFUSED_FRAMES = 64 };
struct mt_refused {
    uint64_t count;
    uint64_t limit_bytes;
    bool aborts;                /* the first one has ended the process */
    uint64_t bytes, live_bytes; /* what it asked for, and what was live */
    uint32_t n_frames;
    uint32_t frames[MT_REFUSED_FRAMES]; /* location indexes, innermost first */
};

/* How notes end that say of scopes, and of counters, caches and keys, that some found no room. */
#define MT_NOTE_SCOPES_LACK "counts, sums and percentiles of scopes are too low."
#define MT_NOTE_OWN_LACK    "counters, caches or keys of the program are not up to date."

/* This is what pprof has no field for; it is in the extension message. */
struct mt_profile_info {
    bool is_memtrack; /* false: read from another tool's file, which tells little of what follows */
    mt_string tool;   /* which tool, where its file tells: "jemalloc", "DHAT", "massif", "Go" */
    /* Above 1: this is the sum of the profiles of so many processes, and what follows about one
     * process is of the one that was started. Peaks are those of each, whenever they were. */
    uint32_t n_processes;
    uint32_t pid, ppid;
    mt_string exe, cwd;
    mt_string *command; /* argv */
    size_t n_command;
    struct mt_scope_key *metadata; /* what the program has said of itself, in that order */
    size_t n_metadata;
    uint64_t start_time_ns; /* since the epoch */
    uint64_t duration_ns;
    bool exit_known;
    int exit_code;   /* -1 when killed by a signal */
    int exit_signal; /* 0: none */
    bool running;    /* it had not ended when this was taken */
    /* Its pid as this machine has it, if it had not ended, to ask for its files. Not stored; 0:
     * none. */
    uint32_t process;
    uint64_t sample_bytes; /* 0: exact */
    /* Somebody watched it from outside, and no allocation was recorded: there are ticks alone. */
    bool watched;
    /* The most that it had resident, spikes between ticks included (of several processes, the most
     * that one had); 0: not known. is_exact: to its end, else so far as it was asked. */
    uint64_t peak_rss_bytes;
    bool peak_rss_is_exact;
    bool approximate;     /* totals taken from a process that could not be read consistently */
    bool multithreaded;   /* several threads allocated: peak within its bound, unless exact_peak */
    bool exact_peak;      /* every event was published */
    bool usable_measured; /* MT_VALUE_WASTE_BYTES was recorded */
    bool partial;         /* recording did not begin with the process, or sees a part of it */
    bool outranked;       /* another malloc comes before the recorder's; known of ledgers alone */
    bool peak_time_known;
    uint64_t peak_time_ns; /* since start, +- peak_time_error_ns */
    uint64_t peak_time_error_ns;
    struct mt_totals totals;
    uint64_t usable_bytes; /* allocated usable bytes, when usable_measured */
    struct mt_coverage coverage;
    struct mt_anonymous anonymous;
    struct mt_refused refused;
    mt_string *notes; /* coverage notes, whole sentences */
    size_t n_notes;
    mt_string *wrappers; /* patterns of functions whose callers are charged, in every view */
    size_t n_wrappers;
    uint64_t ledger_bytes; /* self-cost: file bytes of the ledger */
    mt_string allocator;   /* "glibc", "jemalloc", ...; path in allocator_path */
    mt_string allocator_path;
    struct mt_named_value *allocator_stats; /* the allocator's own figures at exit */
    size_t n_allocator_stats;
    struct mt_profile_thread *threads;
    size_t n_threads;
    struct mt_tick *ticks;
    size_t n_ticks;
    struct mt_tick_change *changes;
    size_t n_changes;
    uint64_t tick_interval_ns; /* resolution at the end of the run; earlier ticks are further apart
                                  in long ones */
    struct mt_mark *marks;
    size_t n_marks;
    struct mt_scopes scopes;
    struct mt_line_changes lines;
    bool has_size_histogram;
    struct mt_age *ages; /* of the live blocks, oldest first; empty where nobody knows */
    size_t n_ages;
};

/* The number of what a line of source says, and all of them: profile/line_texts.h. */
struct mt_line_text {
    mt_string file;
    uint32_t text;
    int64_t line;
};
struct mt_line_texts {
    struct mt_line_text *items; /* by file, line, number */
    size_t n, capacity;
    uint64_t set; /* 0: there are none */
};

/* A view compares every function with every pattern, and a profile may be anybody's. */
enum { MT_PROFILE_WRAPPERS = 128, MT_PROFILE_WRAPPER_BYTES = 256 };

struct mt_strings;        /* private: profile/strings.h */
struct mt_function_index; /* private: finds equal functions */

struct mt_profile {
    struct mt_strings *strings;
    struct mt_function_index *function_index;
    struct mt_mapping *mappings;
    size_t n_mappings;
    struct mt_function *functions;
    size_t n_functions;
    struct mt_line *lines;
    size_t n_lines;
    struct mt_location *locations;
    size_t n_locations;
    uint32_t *frames;
    size_t n_frames;
    struct mt_sample *samples;
    size_t n_samples;
    struct mt_profile_info info;
    bool has_value[MT_N_VALUES]; /* which columns the source had */
    struct mt_line_texts line_texts;
    /* Of a tree of processes that was watched: each process, whose ticks add up to those here. */
    struct mt_profile **members;
    size_t n_members;
    uint64_t member_bytes; /* of memory, when they were read */
    /* When this is a part of a recording: that with all samples. It has the same arrays but for
     * them. NULL: this is the whole. */
    const struct mt_profile *whole;
    struct {
        size_t mappings, functions, lines, locations, frames, samples;
    } capacity; /* private */
};

/* Returns an empty profile, or NULL when out of memory. */
struct mt_profile *mt_profile_new(void);
void mt_profile_free(struct mt_profile *profile); /* NULL is fine */
/* Appends a member, whose texts are the profile's; only its info is to be filled. NULL: out of
 * memory. */
struct mt_profile *mt_profile_add_member(struct mt_profile *profile);

/* Returns the one index of this text (bytes long, or NUL-terminated); UINT32_MAX when out of
 * memory. */
mt_string mt_profile_intern(struct mt_profile *profile, const char *text);
mt_string mt_profile_intern_n(struct mt_profile *profile, const char *text, size_t bytes);
/* Returns the text, never NULL; "" for an index out of range. Valid until the profile is freed. */
const char *mt_profile_text(const struct mt_profile *profile, mt_string string);

/* These append a copy and return its index (that of the first line for lines), -MEMTRACK_ENOMEM,
 * or -MEMTRACK_ELIMIT when indexes no longer fit 32 bits (see base/error.h). The sample's
 * first_frame and n_frames are set from frames: n_frames location indexes, innermost first.
 * Indexes and strings inside the arguments are not checked. */
int64_t mt_profile_add_mapping(struct mt_profile *profile, const struct mt_mapping *mapping);
int64_t mt_profile_add_function(struct mt_profile *profile,
                                const struct mt_function *function); /* makes equal ones one */
/* To be called when functions were changed where they are: equal ones are found again. Two that have
 * become equal stay two. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_profile_index_functions(struct mt_profile *profile);
int64_t mt_profile_add_lines(struct mt_profile *profile, const struct mt_line *lines, size_t n);
int64_t mt_profile_add_location(struct mt_profile *profile, const struct mt_location *location);
int64_t mt_profile_add_sample(struct mt_profile *profile, const struct mt_sample *sample,
                              const uint32_t *frames, size_t n_frames);
/* Makes room for the frames of the next sample: they may be written behind the last of all frames, and
 * given to mt_profile_add_sample from there. Returns 0 or an error as above. */
int mt_profile_reserve_frames(struct mt_profile *profile, size_t n);
/* Makes room for so many more, if there is memory for them. */
void mt_profile_expect(struct mt_profile *profile, size_t n_samples, size_t n_frames);
/* Appends to info.notes unless the note is there already. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_profile_add_note(struct mt_profile *profile, const char *text);
/* Appends a pattern to info.wrappers unless it is there already. Returns 0, -MEMTRACK_ENOMEM, or
 * -MEMTRACK_ELIMIT when the profile has as many as it can keep. */
int mt_profile_add_wrapper(struct mt_profile *profile, const char *pattern);
/* Appends to info.marks. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_profile_add_mark(struct mt_profile *profile, uint64_t time_ns, const char *name,
                        enum mt_mark_kind kind);
/* Appends to info.metadata. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_profile_add_metadata(struct mt_profile *profile, const struct mt_scope_key *metadata);
/* Sets info.totals from the sums of the columns that the profile has, for profiles that carry no
 * totals. */
void mt_profile_sum_totals(struct mt_profile *profile);

/* Returns a hint, for people, why a profile without ticks has none, and which has. */
const char *mt_profile_no_axis_hint(const struct mt_profile *profile);

#endif
