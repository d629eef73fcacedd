/* SPDX-License-Identifier: MIT */
/*
 * memtrack from inside the program: how much memory does this function, this request, this phase
 * take?
 *
 *     #include <memtrack.h>
 *
 *     memtrack_scope scope;
 *     memtrack_delta delta;
 *     memtrack_begin(&scope, "load");
 *     load(file);
 *     memtrack_end(&scope, &delta);
 *     printf("%lld bytes kept, %lld at most\n", (long long)delta.net_bytes,
 *            (long long)delta.peak_bytes);
 *
 * Nothing needs to be linked. The functions are weak references: in a process that runs under
 * memtrack run (or with libmemtrack.so in LD_PRELOAD, or linked to it) they reach the recorder; in
 * any other they are a test of one address, return 0 and set results to zero. Define
 * MEMTRACK_REQUIRED before the #include to make them ordinary references, for programs that are
 * linked to -lmemtrack. With memtrack/timers.h instead of this header, scopes have times and counts
 * in any process.
 *
 * Unless something else is said: callable from any thread and in signal handlers; never allocates;
 * keeps errno; returns 0 or the negative of a MEMTRACK_E... of memtrack/error.h (MEMTRACK_EUSAGE
 * for a null pointer where none is allowed). Names are copied (the first 255 bytes); texts are
 * UTF-8 by convention. Bytes are those that the program asked for.
 */
#ifndef MEMTRACK_H
#define MEMTRACK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "memtrack/error.h"
#include "memtrack/unseen.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct memtrack_scope {
    uint64_t opaque[32]; /* need not be initialised; not to be copied while the scope is open */
} memtrack_scope;

typedef struct memtrack_delta {
    int64_t net_bytes, net_blocks; /* allocated less freed inside the scope */
    int64_t peak_bytes;            /* highest net_bytes that was reached inside, >= 0 */
    uint64_t allocated_bytes, allocated_blocks, freed_bytes, freed_blocks, temporary_blocks;
    uint64_t duration_ns; /* wall clock */
    /* Processor time of the thread; 0 unless MEMTRACK_SCOPE_CPU=1 is in the environment, because
     * it costs two system calls a scope. */
    uint64_t cpu_ns;
} memtrack_delta;

/* Of all scopes of a name; 0 of none. Percentiles are within 2 %, and max at most. */
typedef struct memtrack_statistic {
    double sum, mean, stddev, min, p50, p95, max; /* stddev: of the whole population */
} memtrack_statistic;

/*
 * All scopes of one name that have ended. Of a scope that began inside of one of the same name in
 * the same thread (recursion), count and the own_ sums know, and nothing else does. Texts belong to
 * the recorder, and stay for the life of the process.
 */
typedef struct memtrack_scope_row {
    const char *name, *file; /* file: where the first of them began, NULL: not known */
    uint32_t line;
    uint32_t is_process; /* 1: of memtrack_begin_process, which have rows of their own */
    uint64_t count;
    uint64_t errors; /* that memtrack_scope_fail was called for */
    memtrack_statistic net_bytes, peak_bytes, allocated_bytes, allocated_blocks, freed_bytes,
        duration_ns, cpu_ns;
    /* What the process held when the one that ended last began, and when it ended. With several
     * threads, what others have allocated lately may be missing. */
    int64_t latest_before_bytes, latest_after_bytes;
    uint64_t misuses;   /* ended by something else than their own end; these are not in errors */
    uint64_t recursive; /* of count, those inside of one of the same name */
    int64_t own_allocated_bytes, own_duration_ns; /* without the scopes inside of them */
    const char *latest_error; /* what memtrack_scope_fail said last; NULL: nothing */
    /* An instrumented function (-finstrument-functions), whose name is "" here; else NULL. */
    const void *function;
    uint64_t unmeasured;  /* of count; not 0: sums are estimates (MEMTRACK_SCOPE_SAMPLE=N) */
    uint64_t reserved[6]; /* 0 */
} memtrack_scope_row;

/* A scope that has ended. Its name belongs to the recorder, and stays for the life of the
 * process. */
typedef struct memtrack_scope_event {
    const char *name;
    uint64_t begin_ns; /* since the recording began */
    uint64_t duration_ns;
    int64_t net_bytes, peak_bytes;
    uint32_t thread_id; /* kernel's id of the thread that ended it */
    uint32_t reserved;  /* 0 */
} memtrack_scope_event;

enum { MEMTRACK_BLOCK_FRAMES = 64 };
typedef struct memtrack_block {
    const void *address; /* where the block begins */
    uint64_t bytes;
    uint64_t least_age_ns, most_age_ns; /* it was allocated between these times ago */
    uint32_t domain;                    /* 0: malloc */
    uint32_t thread_id;                 /* kernel's id of the thread that allocated it */
    uint32_t n_frames;                  /* number of frames that are kept here, innermost first */
    uint32_t reserved;
    uint64_t frames[MEMTRACK_BLOCK_FRAMES]; /* return addresses */
} memtrack_block;

#include "memtrack/local_api.h"

/*
 * Every function is memtrack_F here, and takes effect through memtrack_F of the recorder when there
 * is one; untracked is what it returns when there is none.
 *
 * On x86-64 the weak reference is written in assembly, through the global offset table in every
 * code model. In code that is not position-independent, a compiler makes a number of a weak
 * reference, which the linker sets to zero when it finds no recorder, and then a preloaded recorder
 * is never seen. The same happens to position-independent code that is optimised at link time for
 * an executable at a fixed address.
 */
#if defined(__x86_64__) && defined(__LP64__) && defined(__code_model_large__)
#define MEMTRACK_FIND_(symbol, pointer)                                                            \
    do {                                                                                           \
        void *memtrack_rest_;                                                                      \
        __asm__(".weak " symbol "\n"                                                               \
                "1:\t{leaq 1b(%%rip), %0|lea %0, 1b[rip]}\n\t"                                     \
                "{movabsq $_GLOBAL_OFFSET_TABLE_-1b, %1|movabs %1, OFFSET "                        \
                "_GLOBAL_OFFSET_TABLE_-1b}\n\t"                                                    \
                "{addq %1, %0|add %0, %1}\n\t"                                                     \
                "{movabsq $" symbol "@GOT, %1|movabs %1, OFFSET " symbol "@GOT}\n\t"               \
                "{movq (%0,%1), %0|mov %0, QWORD PTR [%0+%1]}"                                     \
                : "=&r"(pointer), "=&r"(memtrack_rest_)                                            \
                :                                                                                  \
                : "cc");                                                                           \
    } while (0)
#elif defined(__x86_64__) && defined(__LP64__)
#define MEMTRACK_FIND_(symbol, pointer)                                                            \
    __asm__(".weak " symbol "\n\t"                                                                 \
            "{movq " symbol "@GOTPCREL(%%rip), %0|mov %0, QWORD PTR " symbol "@GOTPCREL[rip]}"     \
            : "=r"(pointer))
#endif

#define MEMTRACK_QUIET_                                                                            \
    MEMTRACK_UNSEEN_ __attribute__((unused, always_inline)) /* no scope, no frame, no warning */
#if defined(MEMTRACK_IMPLEMENTATION)
#define MEMTRACK_API_(type, name, parameters, arguments, untracked) type memtrack_##name parameters;
#elif defined(MEMTRACK_REQUIRED)
#define MEMTRACK_API_(type, name, parameters, arguments, untracked)                                \
    extern type memtrack_##name parameters;
#elif defined(MEMTRACK_FIND_)
#define MEMTRACK_API_(type, name, parameters, arguments, untracked)                                \
    static __inline__ type memtrack_##name parameters __asm__("memtrack_inline_" #name);           \
    MEMTRACK_QUIET_ static __inline__ type memtrack_##name parameters {                            \
        type(*memtrack_real_) parameters;                                                          \
        MEMTRACK_FIND_("memtrack_" #name, memtrack_real_);                                         \
        return memtrack_real_ ? memtrack_real_ arguments                                           \
                              : MEMTRACK_UNTRACKED_(name, arguments, untracked);                   \
    }
#else
#define MEMTRACK_API_(type, name, parameters, arguments, untracked)                                \
    extern type memtrack_real_##name parameters __asm__("memtrack_" #name) __attribute__((weak));  \
    static __inline__ type memtrack_##name parameters __asm__("memtrack_inline_" #name);           \
    MEMTRACK_QUIET_ static __inline__ type memtrack_##name parameters {                            \
        return memtrack_real_##name ? memtrack_real_##name arguments                               \
                                    : MEMTRACK_UNTRACKED_(name, arguments, untracked);             \
    }
#endif

/* As MEMTRACK_API_, for a function that recorders of earlier versions do not have: there, older takes
 * its place. Where there is no recorder, it is still the test of one address. */
#if defined(MEMTRACK_IMPLEMENTATION) || defined(MEMTRACK_REQUIRED)
#define MEMTRACK_API_SINCE_(type, name, parameters, arguments, older, older_parameters,            \
                            older_arguments, untracked)                                            \
    MEMTRACK_API_(type, name, parameters, arguments, untracked)
#elif defined(MEMTRACK_FIND_)
#define MEMTRACK_API_SINCE_(type, name, parameters, arguments, older, older_parameters,            \
                            older_arguments, untracked)                                            \
    static __inline__ type memtrack_##name parameters __asm__("memtrack_inline_" #name);           \
    MEMTRACK_QUIET_ static __inline__ type memtrack_##name parameters {                            \
        type(*memtrack_real_) parameters;                                                          \
        type(*memtrack_older_) older_parameters;                                                   \
        MEMTRACK_FIND_("memtrack_" #older, memtrack_older_);                                       \
        if (!memtrack_older_)                                                                      \
            return MEMTRACK_UNTRACKED_(name, arguments, untracked);                                \
        MEMTRACK_FIND_("memtrack_" #name, memtrack_real_);                                         \
        return memtrack_real_ ? memtrack_real_ arguments : memtrack_older_ older_arguments;        \
    }
#else
#define MEMTRACK_API_SINCE_(type, name, parameters, arguments, older, older_parameters,            \
                            older_arguments, untracked)                                            \
    extern type memtrack_real_##name parameters __asm__("memtrack_" #name) __attribute__((weak));  \
    static __inline__ type memtrack_##name parameters __asm__("memtrack_inline_" #name);           \
    MEMTRACK_QUIET_ static __inline__ type memtrack_##name parameters {                            \
        if (!memtrack_real_##older)                                                                \
            return MEMTRACK_UNTRACKED_(name, arguments, untracked);                                \
        return memtrack_real_##name ? memtrack_real_##name arguments                               \
                                    : memtrack_real_##older older_arguments;                       \
    }
#endif

/* ---- recording ------------------------------------------------------------------------------- */

/* These switch recording on or off for the whole process. While it is off, frees of blocks that
 * have been recorded count, and blocks that are allocated are unknown. MEMTRACK_EUNTRACKED:
 * there is no recorder in this process. */
MEMTRACK_API_(int, start, (void), (), -MEMTRACK_EUNTRACKED)
MEMTRACK_API_(int, stop, (void), (), -MEMTRACK_EUNTRACKED)
MEMTRACK_API_(int, is_tracing, (void), (), 0) /* 1 or 0 */

/* Returns the live bytes of the process and their peak, of all domains. Either may be NULL. */
MEMTRACK_API_(int, get_traced_memory, (uint64_t * current_bytes, uint64_t *peak_bytes),
              (current_bytes, peak_bytes),
              ((current_bytes ? (void)(*current_bytes = 0) : (void)0),
               (peak_bytes ? (void)(*peak_bytes = 0) : (void)0), 0))
/* Makes what is live now the peak, and its composition that of the peak. */
MEMTRACK_API_(int, reset_peak, (void), (), 0)
/* Forgets what has been recorded so far, as if recording began now: the totals and the peak are
 * zero, what is live is unknown, and its frees count as nothing. Scopes that have ended are
 * forgotten as well, in all groups and among the latest events; open ones measure from here, their
 * time, too. With several threads, what others allocate at this moment can be on either side. */
MEMTRACK_API_(int, clear_traces, (void), (), 0)
/* Returns the bytes of the ledger, which are what the recording costs. */
MEMTRACK_API_(uint64_t, get_overhead, (void), (), 0)
/* Returns how many frames of a call path are kept at most: 1024, unless --frames or
 * MEMTRACK_OPTIONS=frames=N says something else at the start. 0: this program is not recorded. */
MEMTRACK_API_(uint32_t, get_traceback_limit, (void), (), 0)

/* ---- scopes ---------------------------------------------------------------------------------- */

/*
 * Measures what the calling thread allocates and frees until memtrack_end. Scopes nest, and each
 * has its own peak. In reports they are added up by name.
 *
 * A scope that was never ended (because of a longjmp, or a forgotten end) ends, counted as a
 * misuse, with the scope around it, when its storage is seen to be gone, or with its thread or the
 * process. memtrack_end returns MEMTRACK_EORDER when it ended inner scopes in that way (out is
 * right all the same), MEMTRACK_EENDED for a scope that is not open, MEMTRACK_ETHREAD for one of
 * another thread, and MEMTRACK_EFORKED for one that the parent process has begun; in the last three
 * cases nothing is changed and out is zero. MEMTRACK_ELIMIT: too many are open. MEMTRACK_EBUSY:
 * this is a signal handler that interrupted the recorder itself.
 */
MEMTRACK_API_(int, begin, (memtrack_scope * scope, const char *name), (scope, name), 0)
/* Is memtrack_begin of a place in the sources: the first place where a scope of that name begins
 * is shown with it. file may be NULL. */
MEMTRACK_API_SINCE_(int, begin_at,
                    (memtrack_scope * scope, const char *name, const char *file, uint32_t line),
                    (scope, name, file, line), begin, (memtrack_scope *, const char *),
                    (scope, name), 0)
/* Does the same for all threads of the process. Such scopes may overlap as they like, and any
 * thread may end them. With several threads the peak is within max(64 KiB, 0.1 % of the
 * process's peak), as the process's own is. */
MEMTRACK_API_(int, begin_process, (memtrack_scope * scope, const char *name), (scope, name), 0)
/* Is memtrack_begin_process of a place in the sources, as memtrack_begin_at is. */
MEMTRACK_API_SINCE_(int, begin_process_at,
                    (memtrack_scope * scope, const char *name, const char *file, uint32_t line),
                    (scope, name, file, line), begin_process, (memtrack_scope *, const char *),
                    (scope, name), 0)
/* Ends the scope. out may be NULL. */
MEMTRACK_API_(int, end, (memtrack_scope * scope, memtrack_delta *out), (scope, out),
              (out ? (void)memset(out, 0, sizeof *out) : (void)0, 0))
/* Takes the calling thread's innermost scope off, to go on with it elsewhere, for a task that
 * changes threads or a coroutine that is suspended. What happens in between is not measured, but
 * its time is. MEMTRACK_EORDER: it is not the innermost. */
MEMTRACK_API_(int, scope_detach, (memtrack_scope * scope), (scope), 0)
MEMTRACK_API_(int, scope_attach, (memtrack_scope * scope), (scope), 0)
/* Adds what one detached scope has measured to another detached one, and ends the former without
 * counting it: the two have been parts of a task in two threads at the same time. The peak is the
 * larger of the two. memtrack/task.h does this. MEMTRACK_EUSAGE: one of them is not detached. */
MEMTRACK_API_(int, scope_merge, (memtrack_scope * into, memtrack_scope *from), (into, from), 0)
/* Sets metadata of an open scope, which are kept with the recent events of the recording: the
 * last value of each key, of the 256 keys that were set last. */
MEMTRACK_API_(int, scope_set, (memtrack_scope * scope, const char *key, const char *value),
              (scope, key, value), 0)

/* Says that what an open scope measures has failed: it counts as an error when it ends, in the way
 * in which it would end anyway. The text of the latest error is kept (its first 255 bytes); why may
 * be NULL. An exception or a panic is such an error, a scope that is not ended by its own end is
 * not. */
MEMTRACK_API_(int, scope_fail, (memtrack_scope * scope, const char *why), (scope, why), 0)
#define memtrack_fail(...) memtrack_scope_fail(__VA_ARGS__)

/* ---- what scopes come to ---------------------------------------------------------------------- */

/* Adds a time that was measured elsewhere, as a scope of that name in which nothing was allocated.
 * It is in no scope around it. MEMTRACK_EUSAGE: longer than 26 days. */
MEMTRACK_API_(int, record, (const char *name, uint64_t duration_ns), (name, duration_ns), 0)
/*
 * Reads the scopes of the default group that have ended in any thread, since the recording or
 * since the last reset, a row per name, in the order in which the names came. Returns how many
 * there are, of which the first capacity are in rows; rows may be NULL when capacity is 0.
 * MEMTRACK_ENOMEM: there is no room to add up in (a few hundred KiB of pages).
 */
MEMTRACK_API_(int, scopes_read, (memtrack_scope_row * rows, uint32_t capacity), (rows, capacity), 0)
/* Writes the table of memtrack scopes to a file descriptor: n names (0: all), sorted by "peak",
 * "net", "allocated", "blocks", "freed", "self", "time", "self-time", "cpu", "count", "errors",
 * "misuses" or "name" (NULL: peak). MEMTRACK_EUSAGE: there is no such order. MEMTRACK_EIO: it could
 * not be written. */
MEMTRACK_API_(int, scopes_print, (int fd, const char *sort, uint32_t n), (fd, sort, n), 0)
/* Forgets the scopes of the default group that have ended. Those that are open will count in
 * whole. The latest events stay. */
MEMTRACK_API_(int, scopes_reset, (void), (), 0)
/* Find those of the latest events of scopes that took at least threshold_ns, or held at least
 * threshold_bytes at their peak. Return how many there are, of which the first capacity, the
 * longest or largest first, are in out. */
MEMTRACK_API_(int, scopes_slow,
              (uint64_t threshold_ns, memtrack_scope_event *out, uint32_t capacity),
              (threshold_ns, out, capacity), 0)
MEMTRACK_API_(int, scopes_large,
              (uint64_t threshold_bytes, memtrack_scope_event *out, uint32_t capacity),
              (threshold_bytes, out, capacity), 0)

/* Returns the group with this name, to be used below; it is made if there is none. Groups are
 * independent of each other and of the default group (0): a library, or a test, has its own sums
 * and its own reset. 0: there is no room, or no recorder. */
MEMTRACK_API_(uint32_t, group, (const char *name), (name), 0)
/* Is memtrack_begin_at of a scope in a group. It ends as others do. */
MEMTRACK_API_SINCE_(int, group_begin_at,
                    (uint32_t group, memtrack_scope *scope, const char *name, const char *file,
                     uint32_t line),
                    (group, scope, name, file, line), begin, (memtrack_scope *, const char *),
                    (scope, name), 0)
#define memtrack_group_begin(group, ...)                                                           \
    memtrack_group_begin_at((group), __VA_ARGS__, __FILE__, __LINE__)
MEMTRACK_API_(int, group_record, (uint32_t group, const char *name, uint64_t duration_ns),
              (group, name, duration_ns), 0)
MEMTRACK_API_(int, group_read, (uint32_t group, memtrack_scope_row *rows, uint32_t capacity),
              (group, rows, capacity), 0)
MEMTRACK_API_(int, group_print, (uint32_t group, int fd, const char *sort, uint32_t n),
              (group, fd, sort, n), 0)
MEMTRACK_API_(int, group_reset, (uint32_t group), (group), 0)

/* ---- the timeline ---------------------------------------------------------------------------- */

MEMTRACK_API_(int, mark, (const char *name), (name), 0)
/* Sets a figure of the program's own, such as the length of a queue. Each call is an event. */
MEMTRACK_API_(int, counter, (const char *name, int64_t value), (name, value), 0)
/* Adds to such a figure, which begins at 0. The sum is exact, whatever threads add to it. One
 * change a millisecond is an event, and the last value is always known. */
MEMTRACK_API_(int, counter_add, (const char *name, int64_t by), (name, by), 0)

/* ---- caches ---------------------------------------------------------------------------------- */

/* These say that a cache had what was looked for, or had not, and how long the answer took (0: not
 * measured); and how many bytes the cache holds now. Threads are added up by name; a change of the
 * size is an event once a millisecond. MEMTRACK_EUSAGE: the number is above 2^63 - 1. */
MEMTRACK_API_(int, cache_hit, (const char *name, uint64_t duration_ns), (name, duration_ns), 0)
MEMTRACK_API_(int, cache_miss, (const char *name, uint64_t duration_ns), (name, duration_ns), 0)
MEMTRACK_API_(int, cache_size, (const char *name, uint64_t bytes), (name, bytes), 0)

typedef struct memtrack_counter_row {
    const char *name; /* valid until the process ends */
    int64_t value, lowest, highest;
    uint64_t changes; /* how often it was set or added to */
} memtrack_counter_row;

typedef struct memtrack_cache_row {
    const char *name; /* valid until the process ends */
    uint64_t hits, misses;
    double hit_rate; /* hits of all answers, from 0 to 1; 0 when there were none */
    memtrack_statistic hit_ns, miss_ns;
    uint64_t size_bytes, highest_bytes; /* as cache_size said last, and at most; 0: it never did */
} memtrack_cache_row;

/* These fill in at most capacity rows and return how many there are, which may be more. rows may be
 * NULL when capacity is 0. Caches are in any order. Other threads may change figures meanwhile,
 * which are each as of some moment of the call. */
MEMTRACK_API_(int, counters_read, (memtrack_counter_row * rows, uint32_t capacity),
              (rows, capacity), 0)
MEMTRACK_API_(int, caches_read, (memtrack_cache_row * rows, uint32_t capacity), (rows, capacity), 0)

/* ---- the process ----------------------------------------------------------------------------- */

/* Sets a key of the process, such as its version or its shard: reports show it, and pprof files have
 * it as a comment and as a label. The last value counts, and a fork begins with the keys of its
 * parent. MEMTRACK_ELIMIT: there are 4095 keys already, or there is no room. MEMTRACK_EUSAGE: the key
 * is empty. */
MEMTRACK_API_(int, set, (const char *key, const char *value), (key, value), 0)

/* ---- hooks ----------------------------------------------------------------------------------- */

/*
 * What is to be done at each begin and end of a scope: to add keys (memtrack_scope_set), counters of
 * a device, or a tracer's spans. Either may be NULL. begin is called when the scope has begun, end
 * before it ends, in the thread that begins or ends it; name is that of the scope.
 *
 * They are called outside of the recorder: they may allocate, which counts for the scope, and call
 * every function here. Scopes that a hook begins call no hooks. A hook may throw or longjmp; a scope
 * whose begin has been left in that way is open. No hook is called for functions that were
 * instrumented by the compiler, in detach and attach, and for scopes that nobody ends.
 */
typedef struct memtrack_hook_t {
    void (*begin)(memtrack_scope *scope, const char *name, void *arg);
    void (*end)(memtrack_scope *scope, const char *name, void *arg);
    void *arg;
} memtrack_hook_t;

/* Adds a copy of the hook; those that are there are called in any order. MEMTRACK_ELIMIT: there are 16. Not in signal
 * handlers, as hook_remove. */
MEMTRACK_API_(int, hook_add, (const memtrack_hook_t *hook), (hook), 0)
/* Removes the latest hook that was added with the same begin, end and arg: it is not called any
 * more. MEMTRACK_EBUSY: it is removed, but a thread is still inside of it, perhaps the calling one;
 * remove it again, until something else is returned, before its code or arg goes. A thread that has
 * left it by an exception is inside until its next scope, or its end. MEMTRACK_ENOTFOUND: there is
 * no such hook. */
MEMTRACK_API_(int, hook_remove, (const memtrack_hook_t *hook), (hook), 0)

/* ---- memory that is not malloc's ------------------------------------------------------------- */

/* Returns the domain with this name, to be used below; it is made if there is none. 0: there is
 * no room, or no recorder. */
MEMTRACK_API_(uint32_t, domain, (const char *name), (name), 0)
/* These say that bytes at ptr (any number that names them) have been handed out in this domain,
 * or taken back. To track what is tracked already replaces it. To untrack what is not tracked
 * counts as an unknown free. Domain 0 is malloc's own: MEMTRACK_EUSAGE. */
MEMTRACK_API_(int, track, (uint32_t domain, const void *ptr, size_t bytes), (domain, ptr, bytes), 0)
MEMTRACK_API_(int, untrack, (uint32_t domain, const void *ptr), (domain, ptr), 0)

/* ---- looking --------------------------------------------------------------------------------- */

/* Finds the block that contains an address. MEMTRACK_ENOTFOUND: there is none that is live and
 * recorded. */
MEMTRACK_API_(int, whois, (const void *address, memtrack_block *out), (address, out),
              -MEMTRACK_EUNTRACKED)
/* Writes a profile of this process to path, and replaces a file there, by running memtrack
 * snapshot. Returns when it is written. Not in signal handlers. MEMTRACK_EIO: the command is not
 * installed beside the recorder, or it failed. */
MEMTRACK_API_(int, snapshot, (const char *path), (path), -MEMTRACK_EUNTRACKED)

/* Calls say where they stand. (What takes the address of the function has it without.) */
#if !defined(MEMTRACK_IMPLEMENTATION)
#define memtrack_begin(...)         memtrack_begin_at(__VA_ARGS__, __FILE__, __LINE__)
#define memtrack_begin_process(...) memtrack_begin_process_at(__VA_ARGS__, __FILE__, __LINE__)
#endif

/* ---- block forms ----------------------------------------------------------------------------- */

MEMTRACK_UNSEEN_ __attribute__((unused)) static __inline__ void
memtrack_leave_(memtrack_scope *scope) {
    memtrack_end(scope, NULL);
}

#define MEMTRACK_JOIN_2_(a, b) a##b
#define MEMTRACK_JOIN_(a, b)   MEMTRACK_JOIN_2_(a, b)

/* MEMTRACK_SCOPE("name") { ... } is a scope that ends however the block is left (but not by
 * longjmp). */
#define MEMTRACK_SCOPE(name)                                                                       \
    MEMTRACK_SCOPE_(name,                                                                          \
                    __COUNTER__) /* not __LINE__: of two in a line, one is inside of the other */
#define MEMTRACK_SCOPE_(name, number)                                                              \
    for (int MEMTRACK_JOIN_(memtrack_once_, number) = 1; MEMTRACK_JOIN_(memtrack_once_, number);   \
         MEMTRACK_JOIN_(memtrack_once_, number) = 0)                                               \
        for (memtrack_scope MEMTRACK_JOIN_(memtrack_scope_, number)                                \
                 __attribute__((cleanup(memtrack_leave_)));                                        \
             MEMTRACK_JOIN_(memtrack_once_, number) &&                                             \
             (memtrack_begin(&MEMTRACK_JOIN_(memtrack_scope_, number), (name)), 1);                \
             MEMTRACK_JOIN_(memtrack_once_, number) = 0)

/* MEMTRACK_FUNCTION(); is a scope from here to the end of the enclosing block, named after the
 * function. */
#define MEMTRACK_FUNCTION()                                                                        \
    memtrack_scope memtrack_function_scope_ __attribute__((cleanup(memtrack_leave_)));             \
    memtrack_begin(&memtrack_function_scope_, __func__)

#ifdef __cplusplus
}
#endif

/* What the system says of memory, of this process or others, recorded or not. */
#ifndef MEMTRACK_IMPLEMENTATION
#include "memtrack/usage.h"
#endif
#if defined(MEMTRACK_TIMERS) && !defined(MEMTRACK_IMPLEMENTATION) && !defined(MEMTRACK_REQUIRED)
#include "memtrack/local_print.h"
#endif

#endif
