/* SPDX-License-Identifier: MIT */
/*
 * A program that locks all of its memory has a limit to keep (RLIMIT_MEMLOCK), and what the
 * recorder has mapped counts: in the question whether all that is mapped fits, in what is locked,
 * and, with MCL_FUTURE, in each mapping from then on.
 *
 * So the call is made in two steps. What is mapped now is locked, and ours is unlocked again. If
 * the kernel says that it is too much, and it is not without ours, the program's mappings are
 * locked one by one. Then memory is set aside, which is not locked, and only after that future
 * mappings are; ours come from what has been set aside, and the ledger grows by mremap, which
 * leaves a mapping as it was. A mapping that another thread makes between the two steps is not
 * locked.
 */
#include "track/process/memory_lock.h"

#include "base/pages.h"
#include "base/text.h"
#include "track/ground/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { RESERVE = 64 << 20, LINE_BYTES = 64, PIECE_BYTES = 512 };

/* The beginning and the end of this object, as it is mapped. */
extern const char __ehdr_start[] MT_HIDDEN, _end[] MT_HIDDEN;

static void each_of_ours(void (*visit)(void *context, uint64_t begin, uint64_t end),
                         void *context) {
    const struct mt_ledger_header *h = mt_state.header;
    mt_pages_each(visit, context);
    for (uint32_t i = 0; h != NULL && i < h->n_segments; i++)
        visit(context, h->segment[i].address, h->segment[i].address + h->segment[i].bytes);
    if (h != NULL && mt_state.ledger.family != NULL)
        visit(context, (uint64_t)mt_state.ledger.family,
              (uint64_t)mt_state.ledger.family + MT_OS_PAGE);
    visit(context, (uint64_t)__ehdr_start & ~(uint64_t)(MT_OS_PAGE - 1),
          ((uint64_t)_end + MT_OS_PAGE - 1) & ~(uint64_t)(MT_OS_PAGE - 1));
}

static void unlock(void *context, uint64_t begin, uint64_t end) {
    (void)context;
    mt_os_call(SYS_munlock, (long)begin, (long)(end - begin), 0, 0, 0, 0);
}

static void add_up(void *context, uint64_t begin, uint64_t end) {
    *(uint64_t *)context += end - begin;
}

static bool fits_without_ours(void) {
    struct rlimit limit = {0};
    uint64_t ours = 0, all = (uint64_t)mt_os_number_in("/proc/self/statm", "", 0) * MT_OS_PAGE;
    if (all == 0 || mt_os_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, (long)&limit, 0, 0) != 0)
        return false;
    each_of_ours(add_up, &ours);
    return all > ours && all - ours <= limit.rlim_cur;
}

/* ---- one by one ------------------------------------------------------------------------------ */

struct overlap {
    uint64_t begin, end;
    bool found;
};

static void look(void *context, uint64_t begin, uint64_t end) {
    struct overlap *o = context;
    o->found |= begin < o->end && o->begin < end;
}

/* Locks a mapping that is not ours. The kernel may show one of ours and a neighbour of the
 * program's as one mapping: then neither is locked. */
static void lock_range(uint64_t begin, uint64_t end, int flags) {
    struct overlap o = {begin, end, false};
    each_of_ours(look, &o);
    if (!o.found && begin < UINT64_C(1) << 47)
        mt_os_call(SYS_mlock2, (long)begin, (long)(end - begin),
                   (flags & MCL_ONFAULT) ? MLOCK_ONFAULT : 0, 0, 0, 0);
}

/* Reads a line of /proc/self/maps, which begins with BEGIN-END, and locks that range. */
static void lock_line(const char *line, int flags) {
    uint64_t begin = mt_text_read_number(&line, 16);
    if (*line++ != '-')
        return;
    uint64_t end = mt_text_read_number(&line, 16);
    if (begin < end)
        lock_range(begin, end, flags);
}

static int lock_each(int flags) {
    char line[LINE_BYTES] = {0},
         piece[PIECE_BYTES] = {0}; /* line keeps the range at the beginning of a line */
    size_t length = 0;
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0,
                         0),
         n;
    if (mt_os_failed(fd))
        return ENOMEM;
    while ((n = mt_os_call(SYS_read, fd, (long)piece, sizeof piece, 0, 0, 0)) > 0)
        for (long i = 0; i < n; i++) {
            if (piece[i] == '\n') {
                line[length] = 0;
                lock_line(line, flags);
                length = 0;
            } else if (length < sizeof line - 1) {
                line[length++] = piece[i];
            }
        }
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return 0;
}

/* ---- the two steps --------------------------------------------------------------------------- */

static int lock_now(int flags, int (*next)(int)) {
    int saved = errno, result = next(flags & ~MCL_FUTURE);
    if (result != 0 && errno == ENOMEM && fits_without_ours() && lock_each(flags) == 0) {
        errno = saved;
        result = 0;
    }
    if (result == 0)
        each_of_ours(unlock, NULL);
    return result;
}

int mt_memory_lock_all(int flags, int (*next)(int)) {
    const int known = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
    if (mt_state.header == NULL || (flags & ~known) || !(flags & (MCL_CURRENT | MCL_FUTURE)))
        return next(flags);
    if ((flags & MCL_CURRENT) && lock_now(flags, next) != 0)
        return -1;
    if (!(flags & MCL_FUTURE)) {
        mt_pages_are_locked = false;
        return 0;
    }
    mt_pages_reserve(RESERVE);
    int result = next(flags & ~MCL_CURRENT);
    mt_pages_are_locked |= result == 0;
    return result;
}
