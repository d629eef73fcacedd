/* SPDX-License-Identifier: MIT */
/*
 * The hooks call the real functions through tables. With a limit, the tables lead to the functions
 * here, which ask for room first (track/admit.h): so a process without a limit does not run one
 * instruction more for it.
 *
 *   hook ─► mt_next.malloc ─► limited_malloc ─► the real malloc
 *     └ records the block            └ no room: NULL, ENOMEM
 *
 * A call that is refused fails as the real function fails. Of an allocator's own operator new that
 * means to call the new_handler, and to throw std::bad_alloc: it is called for more than there can
 * be, and does both. A handler that makes room is called here before, so that the request can be
 * repeated.
 *
 * The frame of the hook, which the call path begins at, is that of the caller: it is at the frame
 * pointer, which every function of this object keeps.
 */
#include "interpose/limit.h"

#include "base/text.h"
#include "interpose/hook.h"
#include "track/admit.h"
#include "track/mappings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>

static struct mt_next_c real;
static struct mt_next_libc real_libc;
static void *real_operator[MT_N_OPERATORS];

#define HOOK_FRAME() ((const struct mt_hook_frame *)MT_CALLER()->caller_bp)
/* A part of a call that is recorded anyway is not asked about. The first is what a hook has passed
 * on with a jump, which leaves no frame of its own. */
#define IS_PART()                                                                                  \
    (mt_next_is_allocator(MT_CALLER()->return_address) ||                                          \
     mt_next_is_allocator(HOOK_FRAME()->return_address))
#define ASK(bytes) (IS_PART() ? MT_ADMIT_PASSED : mt_admit_block((bytes), HOOK_FRAME()))
#define ASK_GROWTH(block, moving, bytes)                                                           \
    (IS_PART() ? MT_ADMIT_PASSED : mt_admit_growth((block), (moving), (bytes), HOOK_FRAME()))

static inline size_t product(size_t count, size_t bytes) {
    size_t total;
    return __builtin_mul_overflow(count, bytes, &total) ? SIZE_MAX : total;
}

static MT_NOINLINE void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

/* Ends a call that has room: when it has failed, nothing is recorded, and the room is free. */
static inline void end_call(enum mt_admit answer, bool has_failed) {
    if (answer == MT_ADMIT_TAKEN && has_failed)
        mt_admit_end();
}

/* ---- malloc's family ------------------------------------------------------------------------- */

#define ALLOCATE_AS(own, name, parameters, arguments, asked)                                       \
    static void *limited_##name parameters {                                                       \
        enum mt_admit answer = ASK(asked);                                                         \
        if (answer == MT_ADMIT_REFUSED)                                                            \
            return no_memory();                                                                    \
        void *result = own.name arguments;                                                         \
        end_call(answer, result == NULL);                                                          \
        return result;                                                                             \
    }
#define ALLOCATE(own, name, parameters, arguments)                                                 \
    ALLOCATE_AS(own, name, parameters, arguments, bytes)
#define ALLOCATE_ARRAY(own, name, parameters, arguments)                                           \
    ALLOCATE_AS(own, name, parameters, arguments, product(count, bytes))
#define ALIGNED(own, name, parameters, arguments)                                                  \
    ALLOCATE_AS(own, name, parameters, arguments, bytes)
#define ALIGNED_OUT(own, name, parameters, arguments)                                              \
    static int limited_##name parameters {                                                         \
        enum mt_admit answer = ASK(bytes);                                                         \
        if (answer == MT_ADMIT_REFUSED)                                                            \
            return ENOMEM;                                                                         \
        int error = own.name arguments;                                                            \
        end_call(answer, error != 0);                                                              \
        return error;                                                                              \
    }
#define REALLOCATE_AS(own, name, parameters, arguments, asked)                                     \
    static void *limited_##name parameters {                                                       \
        enum mt_admit answer = block == NULL ? ASK(asked) : ASK_GROWTH(block, true, asked);        \
        if (answer == MT_ADMIT_REFUSED)                                                            \
            return no_memory();                                                                    \
        void *result = own.name arguments;                                                         \
        end_call(answer, result == NULL);                                                          \
        return result;                                                                             \
    }
#define REALLOCATE(own, name, parameters, arguments)                                               \
    REALLOCATE_AS(own, name, parameters, arguments, bytes)
#define REALLOCATE_ARRAY(own, name, parameters, arguments)                                         \
    REALLOCATE_AS(own, name, parameters, arguments, product(count, bytes))
#define FREE(own, name, parameters, arguments)

#define MT_HOOK_FAMILY(how, result, name, parameters, arguments)                                   \
    how(real, name, parameters, arguments)
#define MT_HOOK_LIBC(how, result, name, parameters, arguments)                                     \
    how(real_libc, name, parameters, arguments)
#include "interpose/hooks.def"

#undef ALLOCATE
#undef ALLOCATE_ARRAY
#undef ALIGNED
#undef ALIGNED_OUT
#undef REALLOCATE
#undef REALLOCATE_ARRAY
#undef FREE
#define STAND_BEFORE(table, name)                                                                  \
    if ((table)->name != NULL)                                                                     \
    (table)->name = limited_##name
#define ALLOCATE         STAND_BEFORE
#define ALLOCATE_ARRAY   STAND_BEFORE
#define ALIGNED          STAND_BEFORE
#define ALIGNED_OUT      STAND_BEFORE
#define REALLOCATE       STAND_BEFORE
#define REALLOCATE_ARRAY STAND_BEFORE
#define FREE(table, name)

static void stand_before(struct mt_next_c *next) {
    if (!mt_admit_is_asked())
        return;
    real = *next;
    real_libc = mt_next_libc;
#define MT_HOOK_FAMILY(how, result, name, parameters, arguments) how(next, name);
#define MT_HOOK_LIBC(how, result, name, parameters, arguments)   how(&mt_next_libc, name);
#include "interpose/hooks.def"
}

/* ---- operators ------------------------------------------------------------------------------- */

#define TOO_MANY_BYTES ((size_t)PTRDIFF_MAX + 1)

/* Between the hook and what is called in place of the operator stands a function of ours (cxx.c).
 */
#define NEW_FRAME() ((const struct mt_hook_frame *)HOOK_FRAME()->caller_bp)
#define ASK_NEW(bytes)                                                                             \
    (mt_next_is_allocator(NEW_FRAME()->return_address) ? MT_ADMIT_PASSED                           \
                                                       : mt_admit_block((bytes), NEW_FRAME()))

typedef void new_handler(void);

/* Returns the handler that may make room, or NULL. It is looked up at each refusal, since the
 * library may be loaded late. */
static new_handler *handler_now(void) {
    typedef new_handler *get_new_handler(void);
    get_new_handler *get = (get_new_handler *)mt_next_symbol("_ZSt15get_new_handlerv");
    return get != NULL ? get() : NULL;
}

/* What an exception of the handler flies through has nothing to clean up. Out of an operator that
 * does not throw it must not fly, and so the handler is the allocator's there. */
#define OPERATOR(which, throws, parameters, arguments)                                             \
    static void *limited_##which parameters {                                                      \
        enum mt_admit answer;                                                                      \
        new_handler *handler;                                                                      \
        while ((answer = ASK_NEW(bytes)) == MT_ADMIT_REFUSED && (throws) &&                        \
               (handler = handler_now()) != NULL)                                                  \
            handler();                                                                             \
        if (answer == MT_ADMIT_REFUSED)                                                            \
            bytes = TOO_MANY_BYTES;                                                                \
        void *(*own)parameters = (void *(*)parameters)real_operator[MT_OPERATOR_##which];          \
        void *result = own arguments;                                                              \
        end_call(answer, result == NULL);                                                          \
        return result;                                                                             \
    }
#define ONE(...) (__VA_ARGS__)
#define PLAIN    true, ONE(size_t bytes), ONE(bytes)
#define NOTHROW  false, ONE(size_t bytes, const void *tag), ONE(bytes, tag)
#define OVER     true, ONE(size_t bytes, size_t alignment), ONE(bytes, alignment)
#define OVER_NOTHROW                                                                               \
    false, ONE(size_t bytes, size_t alignment, const void *tag), ONE(bytes, alignment, tag)
#undef ALIGNED
#define ALIGNED                            OVER
#define ALIGNED_NOTHROW                    OVER_NOTHROW
#define APPLY(which, ...)                  OPERATOR(which, __VA_ARGS__)
#define MT_HOOK_NEW(shape, which, mangled) APPLY(which, shape)
#include "interpose/hooks.def"

static void *replace_operator(enum mt_operator which, void *found) {
    static void *const limited[MT_N_OPERATORS] = {
#define MT_HOOK_NEW(shape, which, mangled) [MT_OPERATOR_##which] = (void *)limited_##which,
#include "interpose/hooks.def"
    };
    if (limited[which] == NULL || !mt_admit_is_asked())
        return found;
    real_operator[which] = found;
    return limited[which];
}

const struct mt_next_limit mt_next_limit = {stand_before, replace_operator};

/* ---- jemalloc's own API ---------------------------------------------------------------------- */

static struct {
    void *(*mallocx)(size_t bytes, int flags);
    void *(*rallocx)(void *block, size_t bytes, int flags);
    size_t (*xallocx)(void *block, size_t bytes, size_t extra, int flags);
    size_t (*sallocx)(const void *block, int flags);
    void *(*mmap)(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
    void *(*mmap64)(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
    void *(*mremap)(void *address, size_t before, size_t bytes, int flags, ...);
    int (*mprotect)(void *address, size_t bytes, int protection);
    int (*pkey_mprotect)(void *address, size_t bytes, int protection, int key);
} second;

static void *limited_mallocx(size_t bytes, int flags) {
    enum mt_admit answer = ASK(bytes);
    if (answer == MT_ADMIT_REFUSED)
        return NULL;
    void *result = second.mallocx(bytes, flags);
    end_call(answer, result == NULL);
    return result;
}

static void *limited_rallocx(void *block, size_t bytes, int flags) {
    enum mt_admit answer = ASK_GROWTH(block, true, bytes);
    if (answer == MT_ADMIT_REFUSED)
        return NULL;
    void *result = second.rallocx(block, bytes, flags);
    end_call(answer, result == NULL);
    return result;
}

/* It cannot fail: what finds no room stays as large as it is. */
static size_t limited_xallocx(void *block, size_t bytes, size_t extra, int flags) {
    size_t before = second.sallocx(block, flags);
    size_t most = bytes > SIZE_MAX - extra ? SIZE_MAX : bytes + extra;
    enum mt_admit answer = ASK_GROWTH(block, false, most);
    if (answer == MT_ADMIT_REFUSED)
        return before;
    size_t after = second.xallocx(block, bytes, extra, flags);
    end_call(answer, after == before); /* it has nothing to record then */
    return after;
}

/* ---- mappings -------------------------------------------------------------------------------- */

/* bytes are of blocks that the call would make; 0: it makes none. */
#define ASK_MAPPING(bytes)                                                                         \
    uint64_t asked = IS_PART() ? 0 : (bytes);                                                      \
    enum mt_admit answer = asked != 0 ? mt_admit_block(asked, HOOK_FRAME()) : MT_ADMIT_PASSED

static void *no_mapping(void) {
    errno = ENOMEM;
    return MAP_FAILED;
}

static void *limited_mmap(void *address, size_t bytes, int protection, int flags, int fd,
                          off_t offset) {
    ASK_MAPPING(mt_mappings_of_mmap(bytes, protection, flags, HOOK_FRAME()));
    if (answer == MT_ADMIT_REFUSED)
        return no_mapping();
    void *result = second.mmap(address, bytes, protection, flags, fd, offset);
    end_call(answer, result == MAP_FAILED);
    return result;
}

static void *limited_mmap64(void *address, size_t bytes, int protection, int flags, int fd,
                            off_t offset) {
    ASK_MAPPING(mt_mappings_of_mmap(bytes, protection, flags, HOOK_FRAME()));
    if (answer == MT_ADMIT_REFUSED)
        return no_mapping();
    void *result = second.mmap64(address, bytes, protection, flags, fd, offset);
    end_call(answer, result == MAP_FAILED);
    return result;
}

static void *limited_mremap(void *address, size_t before, size_t bytes, int flags, ...) {
    va_list more;
    va_start(more, flags);
    void *wanted = va_arg(more, void *); /* see the hook */
    va_end(more);
    ASK_MAPPING(mt_mappings_of_mremap((uint64_t)address, before, bytes, HOOK_FRAME()));
    if (answer == MT_ADMIT_REFUSED)
        return no_mapping();
    void *result = second.mremap(address, before, bytes, flags, wanted);
    end_call(answer, result == MAP_FAILED);
    return result;
}

static int limited_mprotect(void *address, size_t bytes, int protection) {
    ASK_MAPPING(mt_mappings_of_mprotect((uint64_t)address, bytes, protection));
    if (answer == MT_ADMIT_REFUSED) {
        errno = ENOMEM;
        return -1;
    }
    int result = second.mprotect(address, bytes, protection);
    end_call(answer, result != 0);
    return result;
}

static int limited_pkey_mprotect(void *address, size_t bytes, int protection, int key) {
    ASK_MAPPING(mt_mappings_of_mprotect((uint64_t)address, bytes, protection));
    if (answer == MT_ADMIT_REFUSED) {
        errno = ENOMEM;
        return -1;
    }
    int result = second.pkey_mprotect(address, bytes, protection, key);
    end_call(answer, result != 0);
    return result;
}

void *mt_limit_second(const char *name, void *found) {
    if (found == NULL || !mt_admit_is_asked())
        return found;
    if (mt_text_is(name, "sallocx"))
        second.sallocx = (__typeof__(second.sallocx))found;
#define REPLACE(own)                                                                               \
    if (mt_text_is(name, #own)) {                                                                  \
        second.own = (__typeof__(second.own))found;                                                \
        return (void *)limited_##own;                                                              \
    }
    REPLACE(mallocx)
    REPLACE(rallocx)
    REPLACE(xallocx)
    REPLACE(mmap)
    REPLACE(mmap64)
    REPLACE(mremap)
    REPLACE(mprotect)
    REPLACE(pkey_mprotect)
    return found;
}
