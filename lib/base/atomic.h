/* SPDX-License-Identifier: MIT */
/*
 * Words that several threads, or a thread and a reader in another process, look at. Each use names
 * the order that it needs, and the comment beside it says why that suffices:
 *
 *   mt_load_relaxed,  mt_store_relaxed    the word alone matters; nothing is read or written
 *                                         because of it
 *   mt_load_part                          the same, as a part of the instruction that uses it
 *   mt_store_last                         mt_store_release behind mt_barrier, where nothing
 *                                         follows: to be joined with what returns
 *   mt_load_acquire,  mt_store_release    what was written before the store is seen by whoever has
 *                                         seen the store
 *   mt_add_*, mt_or_*, mt_swap_*          one step that no other thread comes between
 *   mt_replace_*                          the same if the word still is what it was; else *expected
 *                                         says what it is
 *   mt_own_add                            of a word that this thread alone writes, and others read
 *
 * Macros, since the words are of several types. Widths are 8 to 64 bits and naturally aligned: each
 * load and store is one instruction, also for a reader that copies the file with pread. Rejected:
 * C11 _Atomic types (the layout is also read by processes that copy it with memcpy, and a plain `x
 * += 1` on one is a locked instruction).
 */
#ifndef MT_BASE_ATOMIC_H
#define MT_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#define mt_load_relaxed(word)         __atomic_load_n((word), __ATOMIC_RELAXED)
#define mt_load_acquire(word)         __atomic_load_n((word), __ATOMIC_ACQUIRE)
#define mt_load_ordered(word)         __atomic_load_n((word), __ATOMIC_SEQ_CST)
#define mt_store_relaxed(word, value) __atomic_store_n((word), (value), __ATOMIC_RELAXED)
#define mt_store_release(word, value) __atomic_store_n((word), (value), __ATOMIC_RELEASE)
#define mt_store_ordered(word, value) __atomic_store_n((word), (value), __ATOMIC_SEQ_CST)

/* Returns what the word was before. */
#define mt_add_relaxed(word, value)  __atomic_fetch_add((word), (value), __ATOMIC_RELAXED)
#define mt_add_release(word, value)  __atomic_fetch_add((word), (value), __ATOMIC_RELEASE)
#define mt_add_both(word, value)     __atomic_fetch_add((word), (value), __ATOMIC_ACQ_REL)
#define mt_or_relaxed(word, value)   __atomic_fetch_or((word), (value), __ATOMIC_RELAXED)
#define mt_swap_relaxed(word, value) __atomic_exchange_n((word), (value), __ATOMIC_RELAXED)
#define mt_swap_acquire(word, value) __atomic_exchange_n((word), (value), __ATOMIC_ACQUIRE)

/* Returns true when the word was *expected; it is value now. */
#define mt_replace_relaxed(word, expected, value)                                                  \
    __atomic_compare_exchange_n((word), (expected), (value), false, __ATOMIC_RELAXED,              \
                                __ATOMIC_RELAXED)
#define mt_replace_acquire(word, expected, value)                                                  \
    __atomic_compare_exchange_n((word), (expected), (value), false, __ATOMIC_ACQUIRE,              \
                                __ATOMIC_RELAXED)
#define mt_replace_both(word, expected, value)                                                     \
    __atomic_compare_exchange_n((word), (expected), (value), false, __ATOMIC_ACQ_REL,              \
                                __ATOMIC_ACQUIRE)

/*
 * Stores two neighbouring words by one instruction, so that a signal handler, or the end of the
 * process, finds both changed or none. Other threads may see one change before the other.
 *
 * On x86-64 this could be a vector store, but the recorder is compiled for general registers alone:
 * it is called where a function may change the vector registers, and uses none of them for anything
 * else.
 */
#if defined(__x86_64__) && !defined(__SSE2__)
static inline __attribute__((always_inline)) void mt_store_pair(void *first, uint64_t a,
                                                                uint64_t b) {
    __asm__ volatile(
        "movq %1, %%xmm0\n\tmovq %2, %%xmm1\n\tpunpcklqdq %%xmm1, %%xmm0\n\tmovups %%xmm0, (%0)"
        :
        : "r"(first), "r"(a), "r"(b)
        : "memory");
}
#elif defined(__SANITIZE_THREAD__) /* the sanitizer is told of each word */
static inline __attribute__((always_inline)) void mt_store_pair(void *first, uint64_t a,
                                                                uint64_t b) {
    __atomic_store_n((uint64_t *)first, a, __ATOMIC_RELAXED);
    __atomic_store_n((uint64_t *)first + 1, b, __ATOMIC_RELAXED);
}
#else
typedef uint64_t mt_pair __attribute__((vector_size(16), aligned(8), may_alias));
static inline __attribute__((always_inline)) void mt_store_pair(void *first, uint64_t a,
                                                                uint64_t b) {
    *(mt_pair *)first = (mt_pair){a, b};
}
#endif

/* Loads before this barrier are done before what comes after it. */
#define mt_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)

/* Whoever sees a store after this barrier also sees the stores before it. */
#define mt_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

/*
 * The compiler turns a plain addition into one instruction, and a relaxed load and store into
 * three; it turns a comparison with a plain word into one, and with a relaxed load into two. An
 * aligned word is loaded and stored whole in any case, so plain accesses are right in two places:
 * for an addition where only the owner writes, with the new value as its value; and for a load that
 * stands between two barriers or calls and is used once, in the hot path. The thread sanitizer is
 * told.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define mt_load_part(word)         mt_load_relaxed(word)
#define mt_store_last(word, value) mt_store_release((word), (value))
#define mt_own_add(word, value)                                                                    \
    ({                                                                                             \
        __auto_type sum_of_it = mt_load_relaxed(word) + (value);                                   \
        mt_store_relaxed((word), sum_of_it);                                                       \
        sum_of_it;                                                                                 \
    })
#else
#define mt_load_part(word) (*(word))
#if defined(__x86_64__) /* on x86-64 every store is a release */
#define mt_store_last(word, value) (*(word) = (value))
#else
#define mt_store_last(word, value) mt_store_release((word), (value))
#endif
#define mt_own_add(word, value) (*(word) += (value))
#endif

#endif
