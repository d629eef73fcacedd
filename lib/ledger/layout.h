/* SPDX-License-Identifier: MIT */
/*
 * The ledger: one memory-mapped file per process that holds the tracker's whole state. The target
 * writes it, other processes read it; nothing else crosses between them. This header is the only
 * thing that both sides share.
 *
 *   file offset 0
 *   ┌───────────────────────┬──────────────┬──────────────┬─── … each box is a segment:
 *   │ header  first extents │   segment 1  │   segment 2  │     fallocated, mapped MAP_SHARED,
 *   └───────────────────────┴──────────────┴──────────────┴───     never moved, never shrunk
 *
 * Pointers inside the ledger are addresses of the *target's* address space. A reader turns them
 * into file offsets with the segment table of the header. An extent names what a piece of a segment
 * holds:
 *
 *   header ──► extent directory ──► MT_EXTENT_NODES   chunk i: struct mt_node[MT_NODES_PER_CHUNK]
 *                                   MT_EXTENT_SITES   chunk i: struct mt_site[MT_SITES_PER_CHUNK]
 *                                   MT_EXTENT_REGIONS index = address >> MT_LEAF_SHIFT:
 *                                                     struct mt_region[MT_REGIONS_PER_LEAF]
 *                                   MT_EXTENT_BIG     struct mt_big_block[]; the one with the
 *                                                     highest index is in force
 *                                   MT_EXTENT_BANKS   chunk i: struct mt_bank[MT_BANKS_PER_CHUNK]
 *                                   MT_EXTENT_MODULES chunk i: struct
 *                                   mt_module[MT_MODULES_PER_CHUNK]
 *                                   MT_EXTENT_SAVED   chunk i: struct
 *                                                     mt_saved_site[MT_SITES_PER_CHUNK]
 *                                   MT_EXTENT_NAMES   chunk i: struct mt_name[MT_NAMES_PER_CHUNK]
 *                                   MT_EXTENT_SCOPES  chunk i: struct
 *                                                     mt_scope_totals[MT_SCOPES_PER_CHUNK]
 *                                   MT_EXTENT_EVENTS  struct mt_event[header.max_events]
 *                                   MT_EXTENT_OPEN    chunk i: struct
 *                                                     mt_open_scope[MT_OPEN_PER_CHUNK]
 *                                   MT_EXTENT_THREADS chunk i: struct
 *                                   mt_thread_row[MT_THREADS_PER_CHUNK]
 *                                   MT_EXTENT_CODES   chunk i: struct mt_code[MT_CODES_PER_CHUNK]
 *                                   MT_EXTENT_TALLIES  chunk i: struct
 *                                                     mt_tally[MT_TALLIES_PER_CHUNK]
 *                                   MT_EXTENT_METADATA chunk i: struct
 *                                                     mt_metadata[MT_METADATA_PER_CHUNK]
 *                                   MT_EXTENT_LINES   chunk i: lines.h
 *                                   MT_EXTENT_CALLS   chunk i: struct mt_call[MT_CALLS_PER_CHUNK]
 *
 * Who writes: a site and a bank have one writing thread at a time; a region is written under its
 * lock; everything that grows (segments, extents, nodes, modules) is append-only, its count is
 * stored with release order after the contents. Readers take no lock and trust nothing: a process
 * can die, or scribble, between any two stores.
 *
 * Readers write two things: requests (union mt_request) and the era, each with one pwrite of a
 * whole field.
 *
 * A cut is one instant that a reader chooses while the process runs. The reader stores a new odd
 * number in request.cut; every thread, before it changes anything for the first time afterwards,
 * copies what it is about to change (its bank, the control line, each site) to a place of its own
 * and stores the number there, last. What an event changed that was under way at that instant
 * belongs to before the cut: mt_bank.sequence is odd while its thread is inside one, and the reader
 * waits until every odd one has changed. Then it reads a thing, after it the saved copy's number,
 * and takes the copy when that is the cut's. The reader ends the cut by storing the next even
 * number.
 */
#ifndef MT_LEDGER_LAYOUT_H
#define MT_LEDGER_LAYOUT_H

#include <stdint.h>

#include "ledger/bounds.h"
#include "ledger/era.h"
#include "ledger/own.h"
#include "ledger/scopes.h"

/* This is "MTLEDGR1" read as little endian. */
#define MT_LEDGER_MAGIC   UINT64_C(0x31524744454C544D)
#define MT_LEDGER_VERSION 7u
#define MT_LEDGER_SUFFIX  ".ledger" /* file name: PID.STARTTICKS.COUNTER.ledger */

enum {
    MT_PATH_MAX_BYTES = 4096,
    MT_COMMAND_MAX_BYTES = 8192,
    MT_MAX_SEGMENTS = 1024,
    MT_FIRST_EXTENTS = 256,
    MT_MAX_ALLOCATOR_STATS = 24,
    MT_IGNORED_BYTES = 128,
    MT_PRECEDING_BYTES = 512,
    MT_DIRECTORY_EXTENTS = 680, /* extents in each further directory block */
};

typedef uint32_t mt_node_id;   /* 0 is the root of all call paths */
typedef uint32_t mt_site_id;   /* 0 is no site */
typedef uint32_t mt_bank_id;   /* 0 is no bank */
typedef uint32_t mt_thread_id; /* 0 is no thread */
typedef uint32_t mt_module_id; /* 0 is "in no known module" */
typedef uint32_t mt_name_id;   /* 0 is no name */
typedef uint32_t mt_code_id;   /* 0 is code that could not be read */

/* ---- call paths ------------------------------------------------------------------------------ */

/* This is one return address below its caller. key: bits 0..47 are the address, 48..62 the
 * module id; bit 63 is set when the address is the exact instruction (interrupted by a signal)
 * and not the one after a call. */
struct mt_node {
    uint64_t key;
    mt_node_id parent;
    mt_node_id recent_child; /* a hint for the writer, which means nothing to readers */
};
enum { MT_NODES_PER_CHUNK = 16384 };
#define MT_NODE_ADDRESS_MASK ((UINT64_C(1) << 48) - 1)
#define MT_NODE_MODULE_SHIFT 48
#define MT_NODE_MODULE_MASK  UINT64_C(0x7fff)
#define MT_NODE_EXACT        (UINT64_C(1) << 63)
/* Four module ids stand for no module. A node with one of the first two says what the allocation below its
 * parent belongs to, and its address is a name id. Below such a node there are only such nodes:
 * first the domain, then the innermost scope. */
enum {
    MT_NODE_MODULE_SCOPE = 0x7fff,
    MT_NODE_MODULE_DOMAIN = 0x7ffe,
    /* A frame of interpreted code; its address is the id of a code (24), above a line (24). */
    MT_NODE_MODULE_CODE = 0x7ffd,
    /* No frame, but the root of paths that were cut at the limit of frames. Its parent is
     * MT_NODE_TRUNCATED, and its address is how many frames are missing. */
    MT_NODE_MODULE_CUT = 0x7ffc
};
/* Fewer missing frames are exact, and so many or more are at least so many: rounded down to five
 * digits of two, and not counted beyond the most. So a recursion, which is cut at each depth, makes
 * a few hundred roots and not one for each depth. */
enum { MT_NODE_MISSING_ROUNDED = 256, MT_NODE_MOST_MISSING = 4096 };
enum { MT_NODE_LINE_BITS = 24, MT_NODE_MOST_LINES = (1 << MT_NODE_LINE_BITS) - 1 };
/* In place of a line: what could not be read. A node's address is never 0. */
#define MT_NODE_UNREAD UINT64_C(1)
enum {
    MT_NODE_ROOT = 0,
    MT_NODE_TRUNCATED =
        1, /* root of the paths whose outer end could not be found; its parent is MT_NODE_ROOT */
    MT_NODE_LOSSY = 2, /* stands for every path that found no room; its parent is MT_NODE_ROOT */
    MT_NODE_FIRST = 3,
};

/* ---- counters -------------------------------------------------------------------------------- */

/* This is what has been counted of a call path (in a site) or of a thread (in a bank), or kept
 * of either at some instant. What was freed is allocated_bytes - live_bytes. So an allocation
 * stores as many words as it would otherwise, a free stores no more, and live bytes are one
 * word, which no reader can see half changed. */
struct mt_counters {
    uint64_t allocated_bytes, allocated_blocks;
    int64_t live_bytes;
    uint64_t freed_blocks, temporary_blocks;
};

/* Adds change * sign to sum, in two's complement, because a reader also adds up what it does not
 * believe. */
static inline void mt_counters_add(struct mt_counters *sum, const struct mt_counters *change,
                                   int sign) {
    uint64_t factor = (uint64_t)(int64_t)sign;
    sum->live_bytes = (int64_t)((uint64_t)sum->live_bytes + (uint64_t)change->live_bytes * factor);
    sum->allocated_bytes += change->allocated_bytes * factor;
    sum->allocated_blocks += change->allocated_blocks * factor;
    sum->freed_blocks += change->freed_blocks * factor;
    sum->temporary_blocks += change->temporary_blocks * factor;
}

/* ---- sites ----------------------------------------------------------------------------------- */

/* These are live bytes and blocks as they were at the peak of that epoch. */
struct mt_at_peak {
    uint64_t epoch;
    int64_t bytes, blocks;
};

/*
 * This is what one thread did at one call path with blocks of one size class.
 *
 * Its writer is a bank, which belongs to one thread at a time. A block that thread A allocated and
 * the thread with bank B frees is counted in a record of its own that B writes, with bank = B and
 * origin = A; the allocated_* of that record stay 0. The live bytes of (path, class, A) are the sum
 * over the records with origin A.
 *
 * The value at the peak, for bytes and blocks alike, is at_peak if at_peak.epoch == control.epoch,
 * and what is live otherwise. The sum over all records is the peak, and exactly so with one thread.
 */
struct mt_site {
    struct mt_counters counters;
    struct mt_at_peak at_peak;
    int64_t max_bytes;   /* highest live bytes of this record */
    int64_t waste_bytes; /* usable - requested of the live blocks; 0 unless MT_FLAG_USABLE */
    mt_node_id node;     /* 0: record not in use */
    uint16_t bank;       /* bank that writes this record */
    uint16_t origin;     /* thread that allocated */
    uint8_t size_class;  /* see mt_size_class */
    uint8_t reserved[3];
    mt_site_id next_of_origin; /* a list that the writer keeps, which means nothing to readers */
};
enum { MT_SITES_PER_CHUNK = 4096 };

/* This is what a site was at the cut whose number it carries. It is in memory of its own, which
 * is made when a cut first needs it. */
struct mt_saved_site {
    struct mt_counters counters;
    struct mt_at_peak at_peak;
    int64_t max_bytes, waste_bytes;
    uint64_t cut; /* stored last */
};

/* Size class 0 is the empty block, and class c >= 1 has the blocks with 2^(c-1) <= bytes < 2^c. */
static inline uint8_t mt_size_class(uint64_t bytes) {
    return (uint8_t)(bytes ? 64 - __builtin_clzll(bytes) : 0);
}

/* ---- live blocks ----------------------------------------------------------------------------- */

/*
 * A region is 64 KiB of address space. Its table is made of groups of one cache line: six tags, six
 * entries, and how many blocks that belong here have gone to a later group for want of room. A
 * block belongs to the group that its key hashes to; a search ends at the first group that nothing
 * has gone past. There are no tombstones.
 *
 *   tags[0]    tag 3 │ tag 2 │ tag 1 │ tag 0          16 bits each: key + 1, 0: free
 *   tags[1]    overflow (32) │ tag 5 │ tag 4          key: (address >> 3) & 8191
 *   entry[i]   63   bytes (24)   40 39   era (13)   27 26   site (27)   0
 *
 * Blocks of MT_ENTRY_MAX_BYTES and more, and addresses that are not of this form, live in the table
 * of big blocks.
 */
enum { MT_GROUP_ENTRIES = 6 };
struct mt_group {
    uint64_t tags[2];
    uint64_t entry[MT_GROUP_ENTRIES];
};
struct mt_region {
    uint64_t groups; /* target address of struct mt_group[n_groups], 0: no table yet */
    uint32_t lock;   /* who holds it (a token of base/lock.h), 0: free */
    uint16_t n_groups;
    uint16_t used; /* entries */
    uint64_t reserved[2];
};
/* Returns the group, of n_groups, that a key hashes to. */
static inline uint32_t mt_group_home(uint64_t key, uint32_t n_groups) {
    return (uint32_t)(((uint64_t)(uint32_t)(key * 0x9E3779B1u) * n_groups) >> 32);
}

enum {
    MT_REGION_SHIFT = 16,
    MT_LEAF_SHIFT = 25, /* a leaf holds the regions of 32 MiB */
    MT_REGIONS_PER_LEAF = 1 << (MT_LEAF_SHIFT - MT_REGION_SHIFT),
    MT_SITE_BITS = 27, /* bits of a site id, wherever ids are packed */
    MT_ENTRY_ERA_SHIFT = MT_SITE_BITS,
    MT_ENTRY_BYTES_SHIFT = 40,
};
#define MT_ENTRY_MAX_BYTES (UINT64_C(1) << 24) /* first size that does not fit */
#define MT_ENTRY_SITE_MASK ((UINT64_C(1) << MT_SITE_BITS) - 1)
#define MT_ADDRESS_LIMIT                                                                           \
    (UINT64_C(1) << 47)    /* addresses from here on are in the table of big blocks */
#define MT_DOMAIN_SHIFT 48 /* above the site, in the table of big blocks: the domain, a name id */

struct mt_big_block {
    uint64_t address; /* 0: empty, 1: deleted */
    uint64_t bytes;
    mt_site_id site;
    uint32_t era;
};

/* When it was allocated: ledger/era.h. */

/* ---- threads --------------------------------------------------------------------------------- */

/* These counters are for what seldom happens to a thread, or what it could not record. */
struct mt_rare_counters {
    uint64_t lossy_blocks;  /* allocations whose call path found no room */
    uint64_t failed;        /* allocations that returned NULL */
    uint64_t unknown_frees; /* frees of blocks whose allocation was not seen */
    uint64_t dropped; /* allocations that found no room among the live blocks: counted as freed at
                         once */
    uint64_t unwind_mismatches;      /* only counted under MT_FLAG_CHECK_UNWIND */
    uint64_t allocated_usable_bytes; /* only under MT_FLAG_USABLE */
    /* Events in a signal handler that had interrupted the recorder; they are in no other count. */
    uint64_t interrupted;
    uint64_t unread_code; /* allocations of interpreted code of which not all could be read */
};

/* A bank belongs to one thread at a time, and passes to a later one when its owner has ended.
 * Only its thread writes the first cache line. */
struct mt_bank {
    uint64_t sequence;           /* odd while the thread is inside an event */
    struct mt_counters counters; /* live_bytes is an estimate when sampling */
    int64_t published_bytes;     /* part of live_bytes that control.current_bytes contains */
    /* Highest live_bytes since open scopes were last brought up to date; INT64_MAX: no scope is
     * open. */
    int64_t scope_high;
    struct mt_rare_counters rare;
    uint64_t owner;      /* address of the owner's thread-local block; 0: never used */
    uint32_t tid;        /* thread id of the present or last owner */
    uint32_t n_threads;  /* threads that have owned this bank so far */
    mt_thread_id thread; /* present or last owner, 0: one that has not allocated yet */
    uint32_t reserved_too;
    uint64_t clear_epoch; /* control.clear_epoch when the counters began at zero */
    struct {
        struct mt_counters counters;
        struct mt_rare_counters rare;
        int64_t published_bytes;
        uint64_t clear_epoch;
        uint64_t
            unsaved;  /* sites that found no memory for their copy at this cut: it is approximate */
        uint64_t cut; /* stored last */
    } saved;          /* the counters at the cut of that number */
    uint64_t reserved[11];
};
enum { MT_BANKS_PER_CHUNK = 32, MT_MAX_BANKS = 65536 };

/*
 * This is a row of a report by thread: a thread that has allocated, since its first allocation. A
 * thread is only itself, and its bank is storage: the thread that has the bank next has another
 * row. When many threads have ended, the oldest of which nothing lives any more are added to the
 * row of MT_THREAD_OTHERS, and their ids are used again.
 */
struct mt_thread_row {
    char name[16];      /* its comm when it was last looked at, NUL-terminated */
    uint32_t tid;       /* 0: this is the row of the others, or it is not known */
    uint32_t n_threads; /* threads that the row stands for */
    uint16_t bank;      /* number of the thread; 0: this is the row of the others */
    uint16_t reserved;
    uint32_t reserved_too;
};
enum { MT_THREADS_PER_CHUNK = 128, MT_THREAD_OTHERS = 1, MT_MAX_THREADS = 65536 };

/* ---- names, scopes, events ------------------------------------------------------------------- */

/* This is a text that the program has given (a scope, domain, mark, counter, key or value), or
 * one of its functions. */
struct mt_name {
    uint64_t text;    /* target address of bytes bytes, without NUL; 0: this is a function */
    uint64_t address; /* of the function */
    uint32_t bytes;
    uint32_t module; /* of the function */
    /* control.scopes_epoch when the scopes of the group of this name were forgotten last. Name 0 has
     * that of the default group. */
    uint64_t reset_epoch;
};
enum { MT_NAMES_PER_CHUNK = 512, MT_NAME_MAX_BYTES = 255, MT_MAX_NAMES = 1 << 20 };

/* This is a scope that has begun and not ended, or a place for one. Together with the present
 * counters of its thread it tells what the scope measures so far. */
struct mt_open_scope {
    /* Number (40), bank (24), which is 0 for the process's; stored last, and 0 as soon as the
     * scope has ended. */
    uint64_t serial;
    /* The serial that its event and keys will have; a scope that began elsewhere gets another
     * one. */
    uint64_t event;
    /* The program's memtrack_scope, or the function's address; for the writer alone. */
    uint64_t storage;
    mt_name_id name, group;
    /* is_attached: it began elsewhere, and taken is what it had measured there. is_recursive: it
     * began inside of one of the same name and group. */
    uint8_t is_function, is_attached, is_failed, is_recursive;
    uint32_t call;        /* of a function: the mt_call that goes on */
    uint64_t totals;      /* of its name; for the writer alone. 0: there was no room */
    int64_t before_bytes; /* live bytes of the process when it began */
    struct mt_counters begin;
    int64_t high_bytes; /* highest live bytes seen so far, on the scale of begin.live_bytes */
    uint64_t begin_ns, begin_cpu_ns; /* CLOCK_MONOTONIC; 0: it is about to begin */
    int64_t inner[MT_N_SCOPE_VALUES],
        taken[MT_N_SCOPE_VALUES]; /* sums of the scopes inside of it that have ended */
    /* When one scope in N is measured: how many scopes this one stands for; for the writer alone.
     * One that is not measured stands for none, has no begin_ns, and nothing else but what it saw of
     * the scopes inside of it in high_bytes. */
    uint64_t weight;
};
enum { MT_OPEN_PER_CHUNK = 16, MT_SCOPE_SERIAL_BITS = 40 };

enum mt_call_value {
    MT_CALL_DURATION_NS,
    MT_CALL_NET_BYTES,
    MT_CALL_ALLOCATED_BYTES,
    MT_CALL_ALLOCATED_BLOCKS,
    MT_N_CALL_VALUES
};

/*
 * Calls of a function that is a scope (-finstrument-functions) by the one of its parent, in the
 * threads of one bank. own is without the functions that it called. sum is with them, and of those
 * calls alone that were not inside of another call of the function: the sums of all nodes of a
 * function are what it took.
 */
struct mt_call {
    mt_name_id name; /* 0: node not in use */
    uint32_t parent; /* id of a node with a lower id; 0: what called it is not known */
    uint16_t bank;
    uint16_t depth;  /* number of nodes above it */
    uint16_t is_cut; /* it stands for any call of the function: the path further out is not kept */
    uint16_t reserved;
    uint32_t latest; /* node of what it called last, for the writer alone; 0: none */
    uint32_t reserved_2;
    uint64_t epoch; /* control.scopes_epoch when it was looked at last: see mt_scope_totals */
    uint64_t count, outermost; /* calls that have ended, and those of sum */
    int64_t sum[MT_N_CALL_VALUES], own[MT_N_CALL_VALUES];
};
enum { MT_CALLS_PER_CHUNK = 256, MT_MAX_CALLS = 1 << 18 };

enum mt_event_kind { MT_EVENT_SCOPE = 1, MT_EVENT_SET, MT_EVENT_MARK, MT_EVENT_COUNTER };

/* These are the latest events. Event n is at place n % max_events. */
struct mt_event {
    uint64_t number;  /* n + 1, stored last; 0 while it is written */
    uint64_t scope;   /* serial of the scope that ended, or that a key belongs to */
    uint64_t time_ns; /* time since the start of the recording; for a scope, when it began */
    uint64_t duration_ns;
    int64_t value; /* net bytes of a scope, or the value of a counter */
    int64_t peak_bytes;
    uint32_t kind;
    mt_name_id name, text; /* for a key, the key and its value */
    uint32_t tid;
};
enum { MT_DEFAULT_EVENTS = 4096 };

/* ---- interpreted code ------------------------------------------------------------------------ */

/* This is a function (or module, or class body) of Python: objects that say the same are one. */
struct mt_code {
    uint64_t function, file; /* target addresses of texts in UTF-8, without NUL */
    uint16_t function_bytes, file_bytes;
    uint32_t first_line; /* 0: unknown */
};
enum { MT_CODES_PER_CHUNK = 512, MT_MAX_CODES = 1 << 20, MT_CODE_MAX_BYTES = 4096 };

/* What is recorded of an interpreter. */
enum mt_python_state {
    MT_PYTHON_NONE = 0, /* there is none */
    MT_PYTHON_READ,     /* its lines */
    MT_PYTHON_OFF,      /* python=0 in MEMTRACK_OPTIONS */
    MT_PYTHON_UNKNOWN,  /* nothing: it is of a version, or a build, that is not known */
    /* Added: its small objects are in pools of its own, of which malloc does not know. */
    MT_PYTHON_POOLS = 1 << 8
};

/* ---- modules --------------------------------------------------------------------------------- */

struct mt_module {
    uint64_t start, end; /* mapped range, target addresses */
    uint64_t bias;       /* what the loader added to the addresses in the file */
    uint64_t
        path; /* target address of path_bytes bytes, no NUL; "" for the main program: see exe */
    uint32_t path_bytes;
    uint32_t flags;
    uint8_t build_id[32];
    uint32_t build_id_bytes; /* 0: none */
    uint32_t reserved;
};
enum { MT_MODULES_PER_CHUNK = 64 };
enum { MT_MODULE_MAIN = 1u, MT_MODULE_VDSO = 2u, MT_MODULE_UNLOADED = 4u };

/* ---- header ---------------------------------------------------------------------------------- */

enum mt_extent_kind {
    MT_EXTENT_NODES = 1,
    MT_EXTENT_SITES,
    MT_EXTENT_REGIONS,
    MT_EXTENT_BIG,
    MT_EXTENT_BANKS,
    MT_EXTENT_MODULES,
    MT_EXTENT_SAVED,
    MT_EXTENT_NAMES,
    MT_EXTENT_SCOPES,
    MT_EXTENT_EVENTS,
    MT_EXTENT_OPEN,
    MT_EXTENT_THREADS,
    MT_EXTENT_CODES,
    MT_EXTENT_TALLIES,
    MT_EXTENT_METADATA,
    MT_EXTENT_LINES,
    MT_EXTENT_CALLS,
    MT_N_EXTENT_KINDS,
};
struct mt_extent {
    uint64_t address; /* target address of the first byte */
    uint64_t bytes;
    uint32_t kind;
    uint32_t index;
};
struct mt_segment {
    uint64_t address; /* the address at which the target mapped it */
    uint64_t offset;  /* its offset in the file */
    uint64_t bytes;
};
struct mt_directory { /* This is a further block of extents. */
    uint64_t next;    /* target address of the next block, 0: none */
    struct mt_extent extent[MT_DIRECTORY_EXTENTS];
};

/* This is what readers ask of the process. Threads compare the whole word with the one that they
 * last acted upon. Each field is written whole, so that a reader and the program can write at
 * the same time. */
union mt_request {
    uint64_t word;
    struct {
        /* Not 0: allocations are not recorded, but frees of recorded blocks are. Readers and the
         * program itself write it, and the last one counts. */
        uint8_t off;
        uint8_t reserved;
        uint16_t era; /* changes whenever control.era does, after it, so that threads look */
        /* Odd: a cut is being read. Readers that hold flock(LOCK_EX) on the ledger write it. */
        uint32_t cut;
    };
};

/* All threads read this at every event; it is in a cache line of its own. */
struct mt_control {
    uint64_t epoch;        /* counts the peaks, see struct mt_site */
    int64_t current_bytes; /* sum of what the banks have published */
    int64_t peak_bytes;    /* highest current_bytes */
    union mt_request request;
    uint32_t era;       /* the present era */
    uint32_t clear_era; /* blocks of eras before this one have been cleared */
    /* Sites that were not changed since, and banks that have not noticed the clear, count as
     * zero. */
    uint64_t clear_epoch;
    uint64_t scopes_epoch; /* counts how often scopes have been forgotten */
    uint64_t reserved;
};

struct mt_saved_control { /* the control line at the cut of that number */
    uint64_t epoch;
    int64_t current_bytes, peak_bytes;
    uint64_t clear_epoch;
    uint64_t cut; /* stored last */
};

struct mt_allocator_stat {
    char name[40]; /* as the allocator calls it: "uordblks", "stats.allocated", ... */
    uint64_t value;
};

/* This is what has become of the question for the allocator's own figures: the lower bits of
 * mt_ledger_header.allocator_answer. */
enum mt_answer {
    MT_ANSWER_NOT_ASKED = 0,
    MT_ANSWER_PENDING, /* it is to be asked at a normal exit, which has not come */
    MT_ANSWER_GIVEN,
    MT_ANSWER_UNKNOWN_ALLOCATOR, /* nobody knows how to ask this allocator */
    /* Forbidden by seccomp: the copy of the process that is asked could not be made. */
    MT_ANSWER_CONFINED,
    MT_ANSWER_IN_HANDLER, /* exit was called by a signal handler that had interrupted the allocator
                           */
    MT_ANSWER_NO_COPY,    /* detail: errno */
    MT_ANSWER_DIED,       /* the copy crashed while it was asked; detail: signal */
    MT_ANSWER_LATE,       /* the copy did not answer in time */
};
enum { MT_ANSWER_DETAIL_SHIFT = 8 };

enum mt_flag {
    MT_FLAG_EXACT_PEAK = 1u << 0,
    MT_FLAG_USABLE = 1u << 1,
    MT_FLAG_CHECK_UNWIND = 1u << 2,
    MT_FLAG_THREADS =
        1u << 3, /* more than one thread has allocated: peak within its bound, not exact */
    MT_FLAG_FORKED =
        1u << 4, /* it began in a fork: blocks inherited from the parent are unknown here */
    MT_FLAG_NO_SPACE = 1u << 5, /* a segment could not be had: see lossy_errno */
    MT_FLAG_COMPLETE = 1u << 6, /* it was recorded from the first call on (not switched on later) */
    MT_FLAG_OWN_API =
        1u << 7, /* the allocator's second object is loaded: mallocx and its family are recorded */
    MT_FLAG_DORMANT = 1u << 8, /* recording was off at the start */
    /* Recording has been switched since: what was allocated while it was off is unknown. */
    MT_FLAG_SWITCHED = 1u << 9,
    MT_FLAG_SCOPE_CPU = 1u << 11, /* scopes measure CPU time */
    MT_FLAG_CLEARED = 1u << 12,   /* the program has had everything before forgotten */
    MT_FLAG_BOUND = 1u << 13,     /* call paths have reached max_bytes */
    MT_FLAG_CONFINED =
        1u << 14, /* seccomp: some system calls of the recorder are not made any more */
    /* The ledger could not be kept out of forks: they are told by their process number. */
    MT_FLAG_IN_FORKS = 1u << 15,
    MT_FLAG_EXPECTED = 1u << 10, /* and nobody would have seen it: it may not have done so at all */
    /* The object named in `preceding` defines malloc, and what it does not pass on is not seen. */
    MT_FLAG_PRECEDED = 1u << 16,
    MT_FLAG_LINES = 1u << 18, /* lines are recorded */
    MT_FLAG_NO_USABLE =
        1u << 17, /* usable sizes were asked for, and the allocator does not tell them */
};

/* This is what provides malloc under the tracker. */
enum mt_allocator {
    MT_ALLOCATOR_OTHER = 0,
    MT_ALLOCATOR_GLIBC,
    MT_ALLOCATOR_JEMALLOC,
    MT_ALLOCATOR_TCMALLOC,
    MT_ALLOCATOR_MIMALLOC
};

struct mt_ledger_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes; /* sizeof(struct mt_ledger_header) */
    struct mt_control control __attribute__((aligned(64)));
    struct mt_saved_control saved_control;
    uint32_t flags __attribute__((aligned(64))); /* enum mt_flag */
    uint32_t pid;
    /* In a fork: the process that was recorded before it, whose ledger has what it has
     * inherited. */
    uint32_t ppid;
    uint32_t allocator; /* enum mt_allocator */
    uint64_t start_realtime_ns;
    uint64_t start_monotonic_ns; /* CLOCK_MONOTONIC */
    uint64_t sample_bytes;       /* mean bytes between samples; 0: every allocation */
    uint32_t max_frames;
    uint32_t lossy_errno;       /* errno of the growth that failed */
    uint64_t file_bytes;        /* bytes fallocated so far, which are what the ledger costs */
    uint64_t allocator_path;    /* target address of the path of the object that provides malloc,
                                   NUL-terminated */
    uint32_t n_allocator_stats; /* the allocator's own figures; 0: see allocator_answer */
    uint32_t n_open;            /* places for open scopes, of which some are in use */
    /* The counts are stored with release order, after what they count. */
    uint32_t n_segments, n_extents;
    uint32_t n_nodes;    /* ids 0 .. n_nodes-1 */
    uint32_t n_sites;    /* ids 0 .. n_sites-1, unused ones have node 0 */
    uint32_t n_banks;    /* ids 0 .. n_banks-1, bank 0 is never used */
    uint32_t n_modules;  /* ids 0 .. n_modules-1, module 0 is never used */
    uint32_t n_names;    /* ids 0 .. n_names-1, name 0 is never used */
    uint32_t n_scopes;   /* records of scope totals, 0 .. n_scopes-1 */
    uint32_t n_threads;  /* ids 0 .. n_threads-1, thread 0 is never used */
    uint32_t n_codes;    /* ids 0 .. n_codes-1, code 0 is never used */
    uint32_t n_tallies;  /* ids 0 .. n_tallies-1, tally 0 is never used */
    uint32_t n_metadata; /* ids 0 .. n_metadata-1, key 0 is never used */
    uint32_t n_calls;    /* ids 0 .. n_calls-1, call 0 is never used */
    uint32_t reserved_2;
    uint64_t n_events; /* number of events that have been; the last max_events of them are there */
    uint32_t max_events;
    uint32_t event_sample;       /* one scope in so many is an event */
    uint32_t python_version;     /* Py_Version: 0x030c01f0 is 3.12.1; 0: no CPython has been met */
    uint32_t python_state;       /* enum mt_python_state */
    uint64_t scopes_clear_epoch; /* control.scopes_epoch when all were cleared last */
    uint64_t cleared_events;     /* events up to this number are from before that */
    uint64_t clear_ns;           /* CLOCK_MONOTONIC of that */
    uint64_t dropped_scopes;     /* scopes, or parts of their histograms, that found no room */
    uint64_t dropped_own;   /* changes of counters and keys of the program that found no room */
    uint64_t dropped_lines; /* events of lines that found no room */
    uint32_t n_lines;       /* records of lines, 0 .. n_lines-1, record 0 is never used */
    uint32_t reserved_lines;
    /* Arenas and heaps that were given up with all their blocks, where it could not be told
     * which blocks. */
    uint64_t unseen_discards;
    uint64_t directory; /* target address of the first struct mt_directory, 0: none */
    /* Size of the file beyond which there is no room for call paths; 0: no bound. */
    uint64_t max_bytes;
    /* Bytes of the table of live blocks in the process's own memory: no list of blocks has
     * these. */
    uint64_t private_bytes;
    /* What the time namespace adds: CLOCK_MONOTONIC of the process is the system's and this. */
    int64_t clock_offset_ns;
    /* Children without a ledger of their own, which count themselves; this is in the first page. */
    uint32_t unrecorded_forks;
    uint32_t unrecorded_errno; /* why the last of these has none */
    uint64_t unrecorded; /* events of threads for which there was no room at all: no figure contains
                            them */
    struct mt_bounds bounds;
    uint32_t exe_bytes, command_bytes, cwd_bytes;
    uint32_t allocator_answer;   /* enum mt_answer, from MT_ANSWER_DETAIL_SHIFT on its detail */
    char exe[MT_PATH_MAX_BYTES]; /* text of /proc/self/exe */
    char cwd[MT_PATH_MAX_BYTES]; /* working directory at the start */
    /* Text of /proc/self/cmdline: NUL-separated, cut at the end if longer. */
    char command[MT_COMMAND_MAX_BYTES];
    /* Words of MEMTRACK_OPTIONS that are not understood, NUL-terminated. */
    char ignored_options[MT_IGNORED_BYTES];
    char preceding[MT_PRECEDING_BYTES]; /* path of the object before us that defines malloc; "": the
                                           program */
    struct mt_allocator_stat allocator_stat[MT_MAX_ALLOCATOR_STATS];
    struct mt_segment segment[MT_MAX_SEGMENTS];
    struct mt_extent extent[MT_FIRST_EXTENTS];
    uint8_t era_seen[MT_ERAS]; /* not 0: control.era has had this value */
};

_Static_assert(__builtin_offsetof(struct mt_ledger_header, unrecorded) < 4096,
               "what children count in is in the first page");
_Static_assert(sizeof(struct mt_node) == 16, "a node is 16 bytes");
_Static_assert(sizeof(struct mt_site) == 96, "a site is a line and a half");
_Static_assert(sizeof(struct mt_region) == 32, "two regions a line");
_Static_assert(sizeof(struct mt_group) == 64, "a group is a line");
_Static_assert(sizeof(struct mt_event) == 64, "an event is a line");
_Static_assert(sizeof(struct mt_bank) == 384, "banks do not share pairs of lines");
_Static_assert(sizeof(struct mt_code) == 24, "a code is its texts and a line");
_Static_assert(sizeof(struct mt_thread_row) == 32, "two rows a line");
_Static_assert(sizeof(struct mt_saved_site) == 88, "a saved site is its counters and a number");
_Static_assert(sizeof(struct mt_control) == 64, "the control line is one");

#endif
