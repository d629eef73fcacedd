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
 * linked to -lmemtrack.
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
    __attribute__((unused, always_inline,                                                          \
                   no_instrument_function)) /* no scope, no frame, no warning */
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
        return memtrack_real_ ? memtrack_real_ arguments : (untracked);                            \
    }
#else
#define MEMTRACK_API_(type, name, parameters, arguments, untracked)                                \
    extern type memtrack_real_##name parameters __asm__("memtrack_" #name) __attribute__((weak));  \
    static __inline__ type memtrack_##name parameters __asm__("memtrack_inline_" #name);           \
    MEMTRACK_QUIET_ static __inline__ type memtrack_##name parameters {                            \
        return memtrack_real_##name ? memtrack_real_##name arguments : (untracked);                \
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
 * zero, what is live is unknown, and its frees count as nothing. Open scopes measure from here.
 * With several threads, what others allocate at this moment can be on either side. */
MEMTRACK_API_(int, clear_traces, (void), (), 0)
/* Returns the bytes of the ledger, which are what the recording costs. */
MEMTRACK_API_(uint64_t, get_overhead, (void), (), 0)

/* ---- scopes ---------------------------------------------------------------------------------- */

/*
 * Measures what the calling thread allocates and frees until memtrack_end. Scopes nest, and each
 * has its own peak. In reports they are added up by name.
 *
 * A scope that was never ended (because of a longjmp, or a forgotten end) ends, counted as an
 * error, with the scope around it, when its storage is seen to be gone, or with its thread or the
 * process. memtrack_end returns MEMTRACK_EORDER when it ended inner scopes in that way (out is
 * right all the same), MEMTRACK_EENDED for a scope that is not open, MEMTRACK_ETHREAD for one of
 * another thread, and MEMTRACK_EFORKED for one that the parent process has begun; in the last three
 * cases nothing is changed and out is zero. MEMTRACK_ELIMIT: too many are open. MEMTRACK_EBUSY:
 * this is a signal handler that interrupted the recorder itself.
 */
MEMTRACK_API_(int, begin, (memtrack_scope * scope, const char *name), (scope, name), 0)
/* Does the same for all threads of the process. Such scopes may overlap as they like, and any
 * thread may end them. With several threads the peak is within max(64 KiB, 0.1 % of the
 * process's peak), as the process's own is. */
MEMTRACK_API_(int, begin_process, (memtrack_scope * scope, const char *name), (scope, name), 0)
/* Ends the scope. out may be NULL. */
MEMTRACK_API_(int, end, (memtrack_scope * scope, memtrack_delta *out), (scope, out),
              (out ? (void)memset(out, 0, sizeof *out) : (void)0, 0))
/* Takes the calling thread's innermost scope off, to go on with it elsewhere, for a task that
 * changes threads or a coroutine that is suspended. What happens in between is not measured, but
 * its time is. MEMTRACK_EORDER: it is not the innermost. */
MEMTRACK_API_(int, scope_detach, (memtrack_scope * scope), (scope), 0)
MEMTRACK_API_(int, scope_attach, (memtrack_scope * scope), (scope), 0)
/* Sets metadata of an open scope, which are kept with the recent events of the recording: the
 * last value of each key, of the 256 keys that were set last. */
MEMTRACK_API_(int, scope_set, (memtrack_scope * scope, const char *key, const char *value),
              (scope, key, value), 0)

/* ---- the timeline ---------------------------------------------------------------------------- */

MEMTRACK_API_(int, mark, (const char *name), (name), 0)
/* Sets a figure of the program's own, such as the bytes of a cache. */
MEMTRACK_API_(int, counter, (const char *name, int64_t value), (name, value), 0)

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

/* ---- block forms ----------------------------------------------------------------------------- */

__attribute__((unused, no_instrument_function)) static __inline__ void
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

#endif
