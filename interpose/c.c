/* SPDX-License-Identifier: MIT */
/*
 * malloc and its family. Arguments, results, errno, alignment and the block itself are the real
 * allocator's; a hook only looks. The order of looking and calling is that of track/record.h.
 */
#include "interpose/hook.h"
#include "track/tracker.h"

#include <errno.h>
#include <stdint.h>

/* Saturated: a request for more than there is fails, and must not pass for one for nothing. */
static inline size_t product(size_t count, size_t bytes) {
    size_t total;
    return mt_unlikely(__builtin_mul_overflow(count, bytes, &total)) ? SIZE_MAX : total;
}

MT_HOOK void *malloc(size_t bytes) {
    MT_RESOLVE();
    void *block = mt_next.malloc(bytes);
    mt_record_allocation(block, bytes, MT_CALLER());
    return block;
}

MT_HOOK void *calloc(size_t count, size_t bytes) {
    MT_RESOLVE();
    void *block = mt_next.calloc(count, bytes);
    mt_record_allocation(block, product(count, bytes), MT_CALLER());
    return block;
}

MT_HOOK void free(void *block) {
    MT_RESOLVE();
    if (block != NULL)
        mt_record_free(block);
    mt_next.free(block);
}

MT_HOOK void free_sized(void *block, size_t bytes) {
    MT_RESOLVE();
    if (block != NULL)
        mt_record_free(block);
    if (mt_next.free_sized != NULL)
        mt_next.free_sized(block, bytes);
    else
        mt_next.free(block);
}

MT_HOOK void free_aligned_sized(void *block, size_t alignment, size_t bytes) {
    MT_RESOLVE();
    if (block != NULL)
        mt_record_free(block);
    if (mt_next.free_aligned_sized != NULL)
        mt_next.free_aligned_sized(block, alignment, bytes);
    else
        mt_next.free(block);
}

/* What realloc returned, and so what has become of block: a NULL result for 0 bytes is a free
 * (glibc, tcmalloc), for more it is a failure. moving: begun, unless block is NULL. */
static inline void moved(const void *block, struct mt_moving_block *moving, void *result,
                         size_t bytes, const struct mt_hook_frame *frame) {
    if (block == NULL)
        mt_record_allocation(result, bytes, frame);
    else if (result == NULL && bytes != 0)
        mt_record_realloc_failed(moving, frame);
    else
        mt_record_realloc_end(moving, result, bytes, frame);
}

MT_HOOK void *realloc(void *block, size_t bytes) {
    MT_RESOLVE();
    struct mt_moving_block moving;
    if (block != NULL)
        mt_record_realloc_begin(&moving, block);
    void *result = mt_next.realloc(block, bytes);
    moved(block, &moving, result, bytes, MT_CALLER());
    return result;
}

/* Most reallocarrays call realloc, and so the hook above; mimalloc's does not, and sets errno where
 * its realloc does not. */
static void *next_reallocarray(void *block, size_t count, size_t bytes) {
    size_t total;
    if (mt_next.reallocarray != NULL && mt_tracker.allocator == MT_ALLOCATOR_MIMALLOC)
        return mt_next.reallocarray(block, count, bytes);
    if (!__builtin_mul_overflow(count, bytes, &total))
        return mt_next.realloc(block, total);
    errno = ENOMEM;
    return NULL;
}

MT_HOOK void *reallocarray(void *block, size_t count, size_t bytes) {
    if (mt_unlikely(mt_next_realloc_is_others()))
        return mt_next_libc_reallocarray(block, count, bytes);
    MT_RESOLVE();
    struct mt_moving_block moving;
    if (block != NULL)
        mt_record_realloc_begin(&moving, block);
    void *result = next_reallocarray(block, count, bytes);
    moved(block, &moving, result, product(count, bytes), MT_CALLER());
    return result;
}

/* ---- aligned --------------------------------------------------------------------------------- */

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

/* The allocator's own calls are parts of a call that is recorded anyway. */
#define PASS_ON(call)                                                                              \
    MT_RESOLVE();                                                                                  \
    if (mt_unlikely(mt_next_is_allocator(MT_CALLER()->return_address)))                            \
    return call

static void *next_aligned_alloc(size_t alignment, size_t bytes) {
    return mt_next.aligned_alloc != NULL ? mt_next.aligned_alloc(alignment, bytes)
                                         : next_memalign(alignment, bytes);
}

static void *next_valloc(size_t bytes) {
    return mt_next.valloc != NULL ? mt_next.valloc(bytes) : next_memalign(MT_OS_PAGE, bytes);
}

MT_HOOK void *memalign(size_t alignment, size_t bytes) {
    PASS_ON(next_memalign(alignment, bytes));
    mt_record_expect();
    void *block = next_memalign(alignment, bytes);
    mt_record_expected(block, bytes, MT_CALLER());
    return block;
}

MT_HOOK void *aligned_alloc(size_t alignment, size_t bytes) {
    PASS_ON(next_aligned_alloc(alignment, bytes));
    mt_record_expect();
    void *block = next_aligned_alloc(alignment, bytes);
    mt_record_expected(block, bytes, MT_CALLER());
    return block;
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

MT_HOOK int posix_memalign(void **result, size_t alignment, size_t bytes) {
    PASS_ON(next_posix_memalign(result, alignment, bytes));
    mt_record_expect();
    int error = next_posix_memalign(result, alignment, bytes);
    mt_record_expected(error == 0 ? *result : NULL, bytes, MT_CALLER());
    return error;
}

MT_HOOK void *valloc(size_t bytes) {
    PASS_ON(next_valloc(bytes));
    mt_record_expect();
    void *block = next_valloc(bytes);
    mt_record_expected(block, bytes, MT_CALLER());
    return block;
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

MT_HOOK void *pvalloc(size_t bytes) {
    PASS_ON(next_pvalloc(bytes));
    mt_record_expect();
    void *block = next_pvalloc(bytes);
    mt_record_expected(block, bytes, MT_CALLER());
    return block;
}

/* ---- libc's own names ------------------------------------------------------------------------ */

void *__libc_malloc(size_t bytes);
MT_HOOK void *__libc_malloc(size_t bytes) {
    PASS_ON(mt_next_libc.__libc_malloc(bytes));
    void *block = mt_next_libc.__libc_malloc(bytes);
    mt_record_allocation(block, bytes, MT_CALLER());
    return block;
}

void *__libc_calloc(size_t count, size_t bytes);
MT_HOOK void *__libc_calloc(size_t count, size_t bytes) {
    PASS_ON(mt_next_libc.__libc_calloc(count, bytes));
    void *block = mt_next_libc.__libc_calloc(count, bytes);
    mt_record_allocation(block, product(count, bytes), MT_CALLER());
    return block;
}

void *__libc_realloc(void *block, size_t bytes);
MT_HOOK void *__libc_realloc(void *block, size_t bytes) {
    PASS_ON(mt_next_libc.__libc_realloc(block, bytes));
    struct mt_moving_block moving;
    if (block != NULL)
        mt_record_realloc_begin(&moving, block);
    void *result = mt_next_libc.__libc_realloc(block, bytes);
    moved(block, &moving, result, bytes, MT_CALLER());
    return result;
}

void __libc_free(void *block);
MT_HOOK void __libc_free(void *block) {
    MT_RESOLVE();
    if (block != NULL && !mt_next_is_allocator(MT_CALLER()->return_address))
        mt_record_free(block);
    mt_next_libc.__libc_free(block);
}

#define ALIGNED_HOOK(name, parameters, arguments)                                                  \
    void *name parameters;                                                                         \
    MT_HOOK void *name parameters {                                                                \
        PASS_ON(mt_next_libc.name arguments);                                                      \
        mt_record_expect();                                                                        \
        void *block = mt_next_libc.name arguments;                                                 \
        mt_record_expected(block, bytes, MT_CALLER());                                             \
        return block;                                                                              \
    }
ALIGNED_HOOK(__libc_memalign, (size_t alignment, size_t bytes), (alignment, bytes))
ALIGNED_HOOK(__libc_valloc, (size_t bytes), (bytes))
ALIGNED_HOOK(__libc_pvalloc, (size_t bytes), (bytes))

int __posix_memalign(void **result, size_t alignment, size_t bytes);
MT_HOOK int __posix_memalign(void **result, size_t alignment, size_t bytes) {
    PASS_ON(mt_next_libc.__posix_memalign(result, alignment, bytes));
    mt_record_expect();
    int error = mt_next_libc.__posix_memalign(result, alignment, bytes);
    mt_record_expected(error == 0 ? *result : NULL, bytes, MT_CALLER());
    return error;
}
