/* SPDX-License-Identifier: MIT */
/*
 * Growing the ledger file.
 *
 * No page is touched before the kernel has set it aside: a sparse shared mapping on a full tmpfs is
 * a SIGBUS in the target, a reservation that fails is an error code. Segments start small and grow
 * with the file, an eighth of it each, so that neither a tiny program nor a large one pays for room
 * it does not use, and they are populated: one call instead of a page fault per 4 KiB.
 *
 * No descriptor outlives the creation: targets close, reuse and inherit descriptors. The file is
 * given a large, sparse size at first; to grow, mremap with an old size of 0 makes a second mapping
 * of its last mapped page that goes on beyond it, and MADV_POPULATE_WRITE allocates the new pages
 * or fails. That needs no path and no permission, so it works after chroot and setuid. Before Linux
 * 5.14, and where a filter may not like it, the file is opened again instead, and must be the same;
 * without fallocate, zeros are written. A process that is about to confine itself sets a segment
 * aside before, which is used when nothing else is to be had.
 *
 * The first page is mapped twice, and the second mapping is inherited by forks: a child that can
 * have no ledger says so there, and nowhere else does a process write into another one's.
 *
 * Rejected: one huge reservation (RLIMIT_AS); pages that are touched unasked as long as the file
 * system seems to have room (another process can fill it meanwhile).
 */
#include "ledger/writer/file.h"

#include "base/atomic.h"
#include "base/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
    MIN_SEGMENT = 128 << 10,
    MAX_SEGMENT = 8 << 20,
    SPARSE_BYTES_LOG = 36, /* 64 GiB */
};

static size_t round_to_pages(size_t bytes) {
    return (bytes + MT_OS_PAGE - 1) & ~(size_t)(MT_OS_PAGE - 1);
}

/* Beyond the limit the kernel sends SIGXFSZ, so the limit is asked for first. */
bool mt_writer_file_fits(uint64_t bytes) {
    struct rlimit limit = {0};
    if (mt_os_call(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) != 0)
        return true;
    return limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur;
}

static void leave_out_of_forks(const struct mt_writer *w, long address, size_t bytes) {
    if (!w->is_in_forks)
        mt_os_call(SYS_madvise, address, (long)bytes, MADV_DONTFORK, 0, 0, 0);
    mt_os_call(SYS_madvise, address, (long)bytes, MADV_DONTDUMP, 0, 0, 0);
}

/* Without fallocate, zeros are written. Without pwrite as well, they go to the end of the file,
 * where the descriptor is. */
static long write_zeros(const struct mt_writer *w, long fd, uint64_t offset, size_t bytes) {
    static const char zeros[MT_OS_PAGE];
    bool anywhere = mt_os_may(SYS_pwrite64);
    if (!anywhere && w->sparse_bytes != 0)
        return -EPERM;
    while (bytes != 0 && !w->is_copy) {
        long now = (long)(bytes < sizeof zeros ? bytes : sizeof zeros);
        long r = mt_os_call(anywhere ? SYS_pwrite64 : SYS_write, fd, (long)zeros, now, (long)offset,
                            0, 0);
        if (r == -EINTR)
            continue;
        if (r <= 0)
            return r == 0 ? -ENOSPC : r;
        bytes -= (size_t)r;
        offset += (uint64_t)r;
    }
    return 0;
}

static long set_aside(const struct mt_writer *w, long fd, uint64_t offset, size_t bytes) {
    long r;
    if (!mt_os_may(SYS_fallocate))
        return write_zeros(w, fd, offset, bytes);
    do
        r = mt_os_call(SYS_fallocate, fd, 0, (long)offset, (long)bytes, 0, 0);
    while (r == -EINTR);
    return r;
}

/* Extends the file by bytes and maps them, by descriptor. Returns the address or -errno. */
static long extend(const struct mt_writer *w, long fd, uint64_t offset, size_t bytes) {
    if (!mt_writer_file_fits(offset + bytes))
        return -EFBIG;
    long r = set_aside(w, fd, offset, bytes);
    if (mt_os_failed(r))
        return r;
    long address = mt_os_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_POPULATE, fd, (long)offset);
    if (mt_os_failed(address))
        return address;
    leave_out_of_forks(w, address, bytes);
    if (mt_pages_are_locked)
        mt_os_call(SYS_munlock, address, (long)bytes, 0, 0, 0, 0);
    return address;
}

/* Does the same without a descriptor. The new mapping begins with the page at tail, the last one
 * of the file so far. */
static long extend_from(const struct mt_writer *w, uint64_t tail, size_t bytes) {
    long first =
        mt_os_call(SYS_mremap, (long)tail, 0, (long)bytes + MT_OS_PAGE, MREMAP_MAYMOVE, 0, 0);
    if (mt_os_failed(first))
        return first;
    leave_out_of_forks(w, first, bytes + MT_OS_PAGE);
    long address = first + MT_OS_PAGE;
    long r;
    do
        r = mt_os_call(SYS_madvise, address, (long)bytes, MADV_POPULATE_WRITE, 0, 0, 0);
    while (r == -EINTR);
    if (!mt_os_failed(r)) {
        mt_os_call(SYS_munmap, first, MT_OS_PAGE, 0, 0, 0, 0); /* this page is there twice */
        return address;
    }
    mt_os_call(SYS_munmap, first, (long)bytes + MT_OS_PAGE, 0, 0, 0, 0);
    /* This is how MADV_POPULATE_WRITE reports what would have been a SIGBUS. */
    return r == -EFAULT ? -ENOSPC : r;
}

/* Makes room to grow into, as large as the limit on file sizes allows. */
static void make_sparse(struct mt_writer *w, long fd, size_t first) {
    uint64_t bytes = UINT64_C(1) << SPARSE_BYTES_LOG;
    while (bytes > first && !mt_writer_file_fits(bytes))
        bytes /= 2;
    if (bytes > first && mt_os_call(SYS_ftruncate, fd, (long)bytes, 0, 0, 0, 0) == 0)
        w->sparse_bytes = bytes;
}

bool mt_writer_file_add(struct mt_writer *w, uint64_t address, uint64_t offset, uint64_t bytes) {
    struct mt_ledger_header *h = w->header;
    h->segment[h->n_segments] =
        (struct mt_segment){.address = address, .offset = offset, .bytes = bytes};
    mt_barrier();
    /* The bound is that of a ledger that was forked before what is mapped here was known. */
    if (mt_unlikely(w->is_copy))
        return false;
    w->file_bytes = offset + bytes;
    h->file_bytes = w->file_bytes;
    /* Release: the segment that it counts is whole. */
    mt_store_release(&h->n_segments, h->n_segments + 1);
    return true;
}

/* ---- further ones ---------------------------------------------------------------------------- */

static bool is_same_inode(const struct mt_writer *w, long fd) {
    struct stat st = {0};
    return mt_os_call(SYS_fstat, fd, (long)&st, 0, 0, 0, 0) == 0 && st.st_dev == w->device &&
           st.st_ino == w->inode;
}

/* When a filter lets us read a file but not ask about it, it is ours when it says what ours
 * says. */
static bool has_same_beginning(const struct mt_writer *w, long fd) {
    enum { BYTES = (int)offsetof(struct mt_ledger_header, sample_bytes) };
    const struct mt_ledger_header *mine = w->header;
    union {
        char bytes[BYTES];
        uint64_t aligned;
    } read = {{0}};
    if (mt_os_call(SYS_read, fd, (long)read.bytes, BYTES, 0, 0, 0) != BYTES)
        return false;
    for (size_t i = offsetof(struct mt_ledger_header, pid); i < (size_t)BYTES; i++)
        if (read.bytes[i] != ((const char *)mine)[i])
            return false;
    return true;
}

static long open_again(const struct mt_writer *w) {
    int at_end = mt_os_may(SYS_fallocate) || mt_os_may(SYS_pwrite64) ? 0 : O_APPEND;
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)w->path,
                         O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | at_end, 0, 0, 0);
    if (mt_os_failed(fd) || (w->inode != 0 ? is_same_inode(w, fd) : has_same_beginning(w, fd)))
        return fd;
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return -ESTALE;
}

static size_t next_segment_bytes(const struct mt_writer *w, size_t wanted) {
    size_t bytes = w->file_bytes / 8;
    if (bytes < MIN_SEGMENT)
        bytes = MIN_SEGMENT;
    if (bytes > MAX_SEGMENT)
        bytes = MAX_SEGMENT;
    if (w->max_bytes > w->file_bytes && bytes > w->max_bytes - w->file_bytes)
        bytes = w->max_bytes - w->file_bytes;
    return round_to_pages(bytes < wanted ? wanted : bytes);
}

static long extend_reopened(struct mt_writer *w, size_t bytes) {
    long fd = open_again(w);
    if (mt_os_failed(fd))
        return fd;
    long r = extend(w, fd, w->file_bytes, bytes);
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return r;
}

static long extend_ledger(struct mt_writer *w, size_t bytes) {
    const struct mt_ledger_header *h = w->header;
    if (h->n_segments >= MT_MAX_SEGMENTS)
        return -ENOSPC;
    long r = -EINVAL;
    if (w->file_bytes + bytes <= w->sparse_bytes) {
        const struct mt_segment *last = &h->segment[h->n_segments - 1];
        r = extend_from(w, last->address + last->bytes - MT_OS_PAGE, bytes);
    }
    return r == -EINVAL || r == -EPERM ? extend_reopened(w, bytes) : r;
}

/* Makes what was set aside the newest segment. */
static bool use_reserve(struct mt_writer *w, size_t wanted) {
    if (w->reserve.begin == NULL || wanted > (size_t)(w->reserve.end - w->reserve.begin))
        return false;
    mt_store_pair(&w->free, (uint64_t)w->reserve.begin, (uint64_t)w->reserve.end);
    w->reserve = (struct mt_writer_room){NULL, NULL};
    return true;
}

static long add(struct mt_writer *w, size_t bytes) {
    const struct mt_segment *last = &w->header->segment[w->header->n_segments - 1];
    w->file_bytes =
        last->offset +
        last->bytes; /* an earlier growth may have been left before the segment was counted */
    long r = extend_ledger(w, bytes);
    if (!mt_os_failed(r) && !mt_writer_file_add(w, (uint64_t)r, w->file_bytes, bytes))
        return -ENOSPC;
    return r;
}

static bool grow(struct mt_writer *w, size_t wanted) {
    size_t bytes = next_segment_bytes(w, wanted);
    long r = add(w, bytes);
    if (mt_os_failed(r) && bytes > round_to_pages(wanted))
        r = add(w, bytes = round_to_pages(wanted));
    if (mt_os_failed(r)) {
        w->exhausted = true;
        w->header->lossy_errno = (uint32_t)-r;
        return false;
    }
    mt_store_pair(&w->free, (uint64_t)r, (uint64_t)r + bytes);
    return true;
}

bool mt_writer_file_grow(struct mt_writer *w, size_t wanted) {
    if (w->header == NULL)
        return false;
    if ((!w->exhausted && grow(w, wanted)) || use_reserve(w, wanted))
        return true;
    mt_or_relaxed(&w->header->flags, MT_FLAG_NO_SPACE);
    return false;
}

bool mt_writer_file_reserve(struct mt_writer *w, size_t bytes) {
    long r = -ENOSPC;
    if (w->reserve.begin != NULL)
        return true;
    for (bytes = round_to_pages(bytes); mt_os_failed(r) && bytes >= (size_t)MIN_SEGMENT; bytes /= 2)
        if (!mt_os_failed(r = add(w, round_to_pages(bytes))))
            w->reserve = (struct mt_writer_room){(char *)r, (char *)r + round_to_pages(bytes)};
    return w->reserve.begin != NULL;
}

/* ---- the first ------------------------------------------------------------------------------- */

long mt_writer_file_begin(struct mt_writer *w, long fd, size_t bytes) {
    struct stat st = {0};
    if (mt_os_call(SYS_fstat, fd, (long)&st, 0, 0, 0, 0) == 0) {
        w->device = st.st_dev;
        w->inode = st.st_ino;
    }
    long address = extend(w, fd, 0, bytes);
    if (mt_os_failed(address))
        return address;
    make_sparse(w, fd, bytes);
    long family = mt_os_call(SYS_mmap, 0, MT_OS_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    w->family = mt_os_failed(family) ? NULL : (struct mt_ledger_header *)family;
    return address;
}
