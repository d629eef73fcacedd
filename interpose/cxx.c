/* SPDX-License-Identifier: MIT */
/*
 * operator new and delete, under their Itanium ABI names. libstdc++'s operators call malloc and
 * free, which our hooks see, so such a call is passed on with a jump that leaves no frame.
 * libjemalloc's and libtcmalloc's go to their own internals: those are recorded here. A hook never
 * catches anything: std::bad_alloc and what a new_handler throws fly through it, and no state of
 * the tracker is held across the call. That one has flown by is how an allocator's own operator
 * says that it has failed. It is noticed by the personality routine of the frame that called it,
 * which the unwinder asks about each frame on its way (Itanium C++ ABI: Exception Handling, 1.6):
 * it says to go on, and counts. A handler in C++ would need a library that the target may not have.
 */
#include "interpose/hook.h"

/* Serves a program that calls operator new without any C++ library in it: nothing can be thrown. */
static void *without_library(size_t bytes) {
    MT_RESOLVE();
    void *block = mt_next.malloc(bytes ? bytes : 1);
    if (block == NULL)
        __builtin_trap();
    return block;
}

enum { PERSONALITY_VERSION = 1, ACTION_CLEANUP = 2, ACTION_FORCED = 8, CONTINUE_UNWIND = 8 };

/* Counts an exception that flies by as a failed allocation. A forced unwinding, by which a thread
 * is cancelled, does not count. */
int mt_cxx_personality(int version, int actions, uint64_t kind, void *exception, void *context);
MT_HIDDEN __attribute__((used)) int mt_cxx_personality(int version, int actions, uint64_t kind,
                                                       void *exception, void *context) {
    (void)kind;
    (void)exception;
    (void)context;
    if (version == PERSONALITY_VERSION && (actions & ACTION_CLEANUP) && !(actions & ACTION_FORCED))
        mt_record_allocation(NULL, 1, MT_CALLER());
    return CONTINUE_UNWIND;
}

/* Gives the function that it stands in that personality, in the pc-relative encoding of 4 bytes
 * that needs no relocation. */
#define COUNT_WHAT_IS_THROWN() __asm__ volatile(".cfi_personality 0x1b, mt_cxx_personality")

#define ONE(...) (__VA_ARGS__)

/* most is for mt_record_asked, since libstdc++ asks malloc for 1 byte instead of 0, and rounds
 * aligned sizes up; with 0, malloc is asked for bytes. */
#define NEW_HOOK(which, mangled, most, parameters, arguments)                                      \
    static MT_NOINLINE void *call_##which parameters {                                             \
        bool recorded;                                                                             \
        COUNT_WHAT_IS_THROWN();                                                                    \
        void *(*next)parameters =                                                                  \
            (void *(*)parameters)mt_next_operator(MT_OPERATOR_##which, &recorded);                 \
        void *block = next arguments;                                                              \
        __asm__ volatile("" : "+r"(block)); /* no jump: that would leave no frame */               \
        return block;                                                                              \
    }                                                                                              \
    void *mangled parameters;                                                                      \
    MT_HOOK void *mangled parameters {                                                             \
        bool recorded = false;                                                                     \
        void *(*next)parameters =                                                                  \
            (void *(*)parameters)mt_next_operator(MT_OPERATOR_##which, &recorded);                 \
        if (mt_unlikely((most) != 0))                                                              \
            mt_record_asked(bytes, most);                                                          \
        if (mt_likely(recorded))                                                                   \
            return next arguments;                                                                 \
        mt_record_expect();                                                                        \
        void *block = next != NULL ? call_##which arguments : without_library(bytes);              \
        mt_record_expected(block, bytes, MT_CALLER());                                             \
        return block;                                                                              \
    }

#define DELETE_HOOK(which, mangled, parameters, arguments)                                         \
    void mangled parameters;                                                                       \
    MT_HOOK void mangled parameters {                                                              \
        bool recorded = false;                                                                     \
        void(*next) parameters =                                                                   \
            (void(*) parameters)mt_next_operator(MT_OPERATOR_##which, &recorded);                  \
        if (mt_unlikely(!recorded)) {                                                              \
            MT_RESOLVE();                                                                          \
            if (block != NULL)                                                                     \
                mt_record_delete(block);                                                           \
            if (next == NULL) {                                                                    \
                mt_next.free(block);                                                               \
                return;                                                                            \
            }                                                                                      \
        }                                                                                          \
        next arguments;                                                                            \
    }

/* std::align_val_t is passed as a size_t, std::nothrow_t by reference. */
#define PLAIN   (bytes == 0), ONE(size_t bytes), ONE(bytes)
#define NOTHROW (bytes == 0), ONE(size_t bytes, const void *tag), ONE(bytes, tag)
#define ALIGNED bytes + alignment, ONE(size_t bytes, size_t alignment), ONE(bytes, alignment)
#define ALIGNED_NOTHROW                                                                            \
    bytes + alignment, ONE(size_t bytes, size_t alignment, const void *tag),                       \
        ONE(bytes, alignment, tag)
#define APPLY(hook, which, mangled, ...) hook(which, mangled, __VA_ARGS__)

#define FREE_PLAIN   ONE(void *block), ONE(block)
#define FREE_SIZED   ONE(void *block, size_t bytes), ONE(block, bytes)
#define FREE_NOTHROW ONE(void *block, const void *tag), ONE(block, tag)
#define FREE_ALIGNED ONE(void *block, size_t alignment), ONE(block, alignment)
#define FREE_SIZED_ALIGNED                                                                         \
    ONE(void *block, size_t bytes, size_t alignment), ONE(block, bytes, alignment)
#define FREE_ALIGNED_NOTHROW                                                                       \
    ONE(void *block, size_t alignment, const void *tag), ONE(block, alignment, tag)

#define MT_HOOK_NEW(shape, which, mangled)    APPLY(NEW_HOOK, which, mangled, shape)
#define MT_HOOK_DELETE(shape, which, mangled) APPLY(DELETE_HOOK, which, mangled, FREE_##shape)
#include "interpose/hooks.def"
