/* SPDX-License-Identifier: MIT */
/*
 * jemalloc's own API, in an object of its own: programs find out whether jemalloc is there by
 * whether mallocx is (weak symbols, dlsym), so these names must not exist where it is not. Queries
 * (sallocx, nallocx) are not interposed. mallctl is: arena.<i>.reset and arena.<i>.destroy give up
 * all blocks of an arena at once. Which ones these are jemalloc says itself (arenas.lookup, since
 * 5.1), for each block that is live. See jemalloc(3), "Non-standard API".
 */
#define MT_SECOND_jemalloc(...) __VA_ARGS__
#define MT_SECOND_LAST          mallocx
#include "interpose/second-local.h"

#include "base/text.h"

__attribute__((constructor)) static void start(void) {
    memtrack_private_present();
}

HOOK void *mallocx(size_t bytes, int flags) {
    RESOLVE();
    void *block = real.mallocx(bytes, flags);
    memtrack_private_allocation(block, bytes, FRAME());
    return block;
}

HOOK void *rallocx(void *block, size_t bytes, int flags) {
    RESOLVE();
    struct mt_moving_block moving;
    memtrack_private_realloc_begin(&moving, block);
    void *result = real.rallocx(block, bytes, flags);
    if (result == NULL)
        memtrack_private_realloc_failed(&moving, FRAME());
    else
        memtrack_private_realloc_end(&moving, result, bytes, FRAME());
    return result;
}

/* xallocx resizes in place, if at all: the block stays the one that it is, with another size. */
HOOK size_t xallocx(void *block, size_t bytes, size_t extra, int flags) {
    RESOLVE();
    size_t before = real.sallocx(block, flags);
    size_t after = real.xallocx(block, bytes, extra, flags);
    size_t most = bytes > SIZE_MAX - extra ? SIZE_MAX : bytes + extra;
    if (after != before)
        memtrack_private_resize(block, after < most ? after : most);
    return after;
}

HOOK void dallocx(void *block, int flags) {
    RESOLVE();
    memtrack_private_free(block);
    real.dallocx(block, flags);
}

HOOK void sdallocx(void *block, size_t bytes, int flags) {
    RESOLVE();
    memtrack_private_free(block);
    real.sdallocx(block, bytes, flags);
}

/* ---- arenas ---------------------------------------------------------------------------------- */

enum { ARENA_MIB = 3, LOOKUP_MIB = 2 };

struct arena {
    unsigned index;
    size_t lookup[LOOKUP_MIB];
};

static bool belongs(void *context, const void *block, bool is_over) {
    struct arena *arena = context;
    unsigned index;
    size_t bytes = sizeof index;
    if (real.mallctlbymib(arena->lookup, LOOKUP_MIB, &index, &bytes, &block, sizeof block) != 0)
        return is_over; /* the memory is gone, or was never jemalloc's */
    return index == arena->index;
}

static bool can_tell(struct arena *arena) {
    size_t n = LOOKUP_MIB;
    return real.mallctlnametomib("arenas.lookup", arena->lookup, &n) == 0 && n == LOOKUP_MIB;
}

/* Tells whether name is "arena.<number>.reset" or "arena.<number>.destroy". */
static bool gives_up(const char *name, unsigned *index) {
    const char *rest = mt_text_behind(name, "arena.");
    if (rest == NULL || !mt_text_is_decimal(*rest))
        return false;
    *index = (unsigned)mt_text_read_number(&rest, 10);
    return mt_text_is(rest, ".reset") || mt_text_is(rest, ".destroy");
}

/* Tells whether mib is one of these names as numbers, of which only the second is not fixed. */
static bool gives_up_by_mib(const size_t *mib, unsigned *index) {
    static const char *const name[] = {"arena.0.reset", "arena.0.destroy"};
    *index = (unsigned)mib[1];
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        size_t same[ARENA_MIB], n = ARENA_MIB;
        if (real.mallctlnametomib(name[i], same, &n) == 0 && n == ARENA_MIB && same[0] == mib[0] &&
            same[2] == mib[2])
            return true;
    }
    return false;
}

#define GIVE_UP(call)                                                                              \
    struct mt_discard *discard = NULL;                                                             \
    bool is_told = can_tell(&arena);                                                               \
    if (is_told)                                                                                   \
        discard = memtrack_private_discard_begin(belongs, &arena, FRAME());                        \
    int error = call;                                                                              \
    if (is_told)                                                                                   \
        memtrack_private_discard_end(discard, error == 0, belongs, &arena);                        \
    else if (error == 0)                                                                           \
        memtrack_private_discard_unseen();                                                         \
    return error

HOOK int mallctl(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen) {
    struct arena arena;
    RESOLVE();
    if (!gives_up(name, &arena.index))
        return real.mallctl(name, oldp, oldlenp, newp, newlen);
    GIVE_UP(real.mallctl(name, oldp, oldlenp, newp, newlen));
}

HOOK int mallctlbymib(const size_t *mib, size_t miblen, void *oldp, size_t *oldlenp, void *newp,
                      size_t newlen) {
    struct arena arena;
    RESOLVE();
    if (miblen != ARENA_MIB || oldp != NULL || newp != NULL || !gives_up_by_mib(mib, &arena.index))
        return real.mallctlbymib(mib, miblen, oldp, oldlenp, newp, newlen);
    GIVE_UP(real.mallctlbymib(mib, miblen, oldp, oldlenp, newp, newlen));
}
