/* SPDX-License-Identifier: MIT */
/*
 * malloc and its family. Arguments, results, errno, alignment and the block itself are the real
 * allocator's; a hook only looks. The order of looking and calling is that of track/record.h. What
 * an allocator lacks is built of what it has; the table of hooks says which body is whose.
 */
#include "interpose/hook.h"
#include "track/ground/state.h"

#include <errno.h>
#include <stdint.h>

/* Returns the product, or SIZE_MAX when it overflows: a request for more than there is fails, and
 * must not pass for one for nothing. */
static inline size_t product(size_t count, size_t bytes) {
    size_t total;
    return mt_unlikely(__builtin_mul_overflow(count, bytes, &total)) ? SIZE_MAX : total;
}

/* Records what has become of block, by what realloc returned. A NULL result for 0 bytes is a free
 * (glibc, tcmalloc), for more bytes it is a failure. moving has been begun, unless block is
 * NULL. */
static inline void moved(const void *block, struct mt_moving_block *moving, void *result,
                         size_t bytes, const struct mt_hook_frame *frame) {
    if (block == NULL)
        mt_record_allocation(result, bytes, frame);
    else if (result == NULL && bytes != 0)
        mt_record_realloc_failed(moving, frame);
    else
        mt_record_realloc_end(moving, result, bytes, frame);
}

/* ---- what the hooks call --------------------------------------------------------------------- */

#define next_malloc  mt_next.malloc
#define next_free    mt_next.free
#define next_calloc  mt_next.calloc
#define next_realloc mt_next.realloc

static inline void next_free_sized(void *block, size_t bytes) {
    if (mt_next.free_sized != NULL)
        mt_next.free_sized(block, bytes);
    else
        mt_next.free(block);
}

static inline void next_free_aligned_sized(void *block, size_t alignment, size_t bytes) {
    if (mt_next.free_aligned_sized != NULL)
        mt_next.free_aligned_sized(block, alignment, bytes);
    else
        mt_next.free(block);
}

/* Most reallocarrays call realloc, and so the hook above; mimalloc's does not, and sets errno where
 * its realloc does not. */
static void *next_reallocarray(void *block, size_t count, size_t bytes) {
    size_t total;
    if (mt_next.reallocarray != NULL && mt_state.allocator == MT_ALLOCATOR_MIMALLOC)
        return mt_next.reallocarray(block, count, bytes);
    if (!__builtin_mul_overflow(count, bytes, &total))
        return mt_next.realloc(block, total);
    errno = ENOMEM;
    return NULL;
}

static void *next_memalign(size_t alignment, size_t bytes) {
    if (mt_next.memalign != NULL)
        return mt_next.memalign(alignment, bytes);
    void *block = NULL;
    if (mt_next.posix_memalign != NULL) {
        int error = mt_next.posix_memalign(
            &block, alignment < sizeof(void *) ? sizeof(void *) : alignment, bytes);
        if (error != 0)
            errno = error;
        return error == 0 ? block : NULL;
    }
    return mt_next.aligned_alloc != NULL ? mt_next.aligned_alloc(alignment, bytes) : NULL;
}

static void *next_aligned_alloc(size_t alignment, size_t bytes) {
    return mt_next.aligned_alloc != NULL ? mt_next.aligned_alloc(alignment, bytes)
                                         : next_memalign(alignment, bytes);
}

static void *next_valloc(size_t bytes) {
    return mt_next.valloc != NULL ? mt_next.valloc(bytes) : next_memalign(MT_OS_PAGE, bytes);
}

static int next_posix_memalign(void **result, size_t alignment, size_t bytes) {
    if (mt_next.posix_memalign != NULL)
        return mt_next.posix_memalign(result, alignment, bytes);
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)))
        return EINVAL;
    int saved = errno;
    void *block = next_memalign(alignment, bytes);
    errno = saved;
    if (block == NULL)
        return ENOMEM;
    *result = block;
    return 0;
}

static void *next_pvalloc(size_t bytes) {
    if (mt_next.pvalloc != NULL)
        return mt_next.pvalloc(bytes);
    if (bytes > SIZE_MAX - MT_OS_PAGE) {
        errno = ENOMEM;
        return NULL;
    }
    size_t pages = (bytes + MT_OS_PAGE - 1) / MT_OS_PAGE;
    return next_memalign(MT_OS_PAGE, (pages ? pages : 1) * MT_OS_PAGE);
}

/* ---- the bodies ------------------------------------------------------------------------------ */

/*
 * begin is what comes first, call is the call of the function below. A body uses the parameters by
 * the names that they have in the table. MT_CALLER must stand in the hook itself.
 */
#define ALLOCATE_AS(begin, name, parameters, call, asked)                                          \
    MT_HOOK void *name parameters {                                                                \
        begin;                                                                                     \
        void *result = call;                                                                       \
        mt_record_allocation(result, asked, MT_CALLER());                                          \
        return result;                                                                             \
    }
#define ALLOCATE(begin, name, parameters, call) ALLOCATE_AS(begin, name, parameters, call, bytes)
#define ALLOCATE_ARRAY(begin, name, parameters, call)                                              \
    ALLOCATE_AS(begin, name, parameters, call, product(count, bytes))

#define FREE(begin, name, parameters, call)                                                        \
    MT_HOOK void name parameters {                                                                 \
        begin;                                                                                     \
        if (block != NULL)                                                                         \
            mt_record_free(block);                                                                 \
        call;                                                                                      \
    }

#define REALLOCATE_AS(begin, name, parameters, call, asked)                                        \
    MT_HOOK void *name parameters {                                                                \
        begin;                                                                                     \
        struct mt_moving_block moving;                                                             \
        if (block != NULL)                                                                         \
            mt_record_realloc_begin(&moving, block);                                               \
        void *result = call;                                                                       \
        moved(block, &moving, result, asked, MT_CALLER());                                         \
        return result;                                                                             \
    }
#define REALLOCATE(begin, name, parameters, call)                                                  \
    REALLOCATE_AS(begin, name, parameters, call, bytes)
/* libc's reallocarray leads to the first realloc of the process, which can be another's. */
#define PASS_BY(call)                                                                              \
    if (mt_unlikely(mt_next_realloc_is_others()))                                                  \
    return call
#define REALLOCATE_ARRAY(begin, name, parameters, call)                                            \
    REALLOCATE_AS(PASS_BY(mt_next_libc_reallocarray(block, count, bytes));                         \
                  begin, name, parameters, call, product(count, bytes))

/* The allocator's own calls are parts of a call that is recorded anyway. */
#define PASS_ON(call)                                                                              \
    MT_RESOLVE();                                                                                  \
    if (mt_unlikely(mt_next_is_allocator(MT_CALLER()->return_address)))                            \
    return call

#define ALIGNED(begin, name, parameters, call)                                                     \
    MT_HOOK void *name parameters {                                                                \
        PASS_ON(call);                                                                             \
        mt_record_expect();                                                                        \
        void *result = call;                                                                       \
        mt_record_expected(result, bytes, MT_CALLER());                                            \
        return result;                                                                             \
    }
#define ALIGNED_OUT(begin, name, parameters, call)                                                 \
    MT_HOOK int name parameters {                                                                  \
        PASS_ON(call);                                                                             \
        mt_record_expect();                                                                        \
        int error = call;                                                                          \
        mt_record_expected(error == 0 ? *result : NULL, bytes, MT_CALLER());                       \
        return error;                                                                              \
    }

#define MT_HOOK_FAMILY(how, result, name, parameters, arguments)                                   \
    how(MT_RESOLVE(), name, parameters, next_##name arguments)
#define MT_HOOK_LIBC(how, result, name, parameters, arguments)                                     \
    how(PASS_ON(mt_next_libc.name arguments), name, parameters, mt_next_libc.name arguments)
#include "interpose/hooks.def"
