/* SPDX-License-Identifier: MIT */
/*
 * Creating and growing the ledger file.
 *
 * No page is touched before the kernel has set it aside: a sparse shared mapping on a full tmpfs (or in a full memory
 * cgroup) is a SIGBUS in the target, a reservation that fails is an error code. Segments start small and grow with the
 * file, an eighth of it each, so that neither a tiny program nor a large one pays for room it does not use, and they
 * are populated: one call instead of a page fault per 4 KiB.
 *
 * No descriptor outlives the creation: targets close, reuse and inherit descriptors. The file is given a large, sparse
 * size at first; to grow, mremap with an old size of 0 makes a second mapping of its last mapped page that goes on
 * beyond it, and MADV_POPULATE_WRITE allocates the new pages or fails. That needs no path, no permission and none but
 * system calls that allocators make, so it works after chroot, setuid and in a sandbox. Before Linux 5.14 the file is
 * opened again instead, and must be the same inode. Rejected: one huge reservation (RLIMIT_AS).
 */
#include "ledger/writer.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum {
    HEADER_SEGMENT = (int)((sizeof(struct mt_ledger_header) + MT_OS_PAGE - 1) / MT_OS_PAGE * MT_OS_PAGE),
    FIRST_CHUNKS = 832 << 10, /* one of everything, so that a start is whole or is none */
    FIRST_SEGMENT = HEADER_SEGMENT + FIRST_CHUNKS,
    MIN_SEGMENT = 128 << 10,
    MAX_SEGMENT = 8 << 20,
    SPARSE_BYTES_LOG = 36, /* 64 GiB */
    MAX_COUNTER = 10000,
};

static size_t round_to_pages(size_t bytes) {
    return (bytes + MT_OS_PAGE - 1) & ~(size_t)(MT_OS_PAGE - 1);
}

/* Field 22 of /proc/self/stat; the fields before it are counted from the last ')' since comm can hold anything. */
static uint64_t start_ticks(void) {
    char stat[640]; /* the fields up to the 22nd are at most 22 * 21 + 64 */
    long n = mt_os_read_file("/proc/self/stat", stat, sizeof stat - 1);
    if (n <= 0)
        return 0;
    stat[n] = 0;
    const char *p = stat + n;
    while (p > stat && *p != ')')
        p--;
    for (int field = 2; field < 22 && *p; p++)
        if (*p == ' ')
            field++;
    uint64_t ticks = 0;
    while (*p >= '0' && *p <= '9')
        ticks = ticks * 10 + (uint64_t)(*p++ - '0');
    return ticks;
}

/* Past the limit the kernel sends SIGXFSZ, so ask first. */
static bool fits_file_size_limit(uint64_t bytes) {
    struct rlimit limit = {0};
    if (mt_os_call(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) != 0)
        return true;
    return limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur;
}

static void leave_out_of_forks(long address, size_t bytes) {
    mt_os_call(SYS_madvise, address, (long)bytes, MADV_DONTFORK, 0, 0, 0);
    mt_os_call(SYS_madvise, address, (long)bytes, MADV_DONTDUMP, 0, 0, 0);
}

/* Extend the file by bytes and map them, by descriptor. Address or -errno. */
static long extend(long fd, uint64_t offset, size_t bytes) {
    if (!fits_file_size_limit(offset + bytes))
        return -EFBIG;
    long r;
    do
        r = mt_os_call(SYS_fallocate, fd, 0, (long)offset, (long)bytes, 0, 0);
    while (r == -EINTR);
    if (mt_os_failed(r))
        return r;
    long address =
        mt_os_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (long)offset);
    if (mt_os_failed(address))
        return address;
    leave_out_of_forks(address, bytes);
    return address;
}

/* The same without a descriptor: the new mapping begins with the page at tail, the last one of the file so far. */
static long extend_from(uint64_t tail, size_t bytes) {
    long first = mt_os_call(SYS_mremap, (long)tail, 0, (long)bytes + MT_OS_PAGE, MREMAP_MAYMOVE, 0, 0);
    if (mt_os_failed(first))
        return first;
    leave_out_of_forks(first, bytes + MT_OS_PAGE);
    long address = first + MT_OS_PAGE;
    long r;
    do
        r = mt_os_call(SYS_madvise, address, (long)bytes, MADV_POPULATE_WRITE, 0, 0, 0);
    while (r == -EINTR);
    if (!mt_os_failed(r))
        return address;
    mt_os_call(SYS_munmap, first, (long)bytes + MT_OS_PAGE, 0, 0, 0, 0);
    return r == -EFAULT ? -ENOSPC : r; /* how MADV_POPULATE_WRITE reports what would have been a SIGBUS */
}

/* Room to grow into: as large as the limit on file sizes lets it be. */
static void make_sparse(struct mt_ledger_writer *w, long fd) {
    uint64_t bytes = UINT64_C(1) << SPARSE_BYTES_LOG;
    while (bytes > FIRST_SEGMENT && !fits_file_size_limit(bytes))
        bytes /= 2;
    if (bytes > FIRST_SEGMENT && mt_os_call(SYS_ftruncate, fd, (long)bytes, 0, 0, 0, 0) == 0)
        w->sparse_bytes = bytes;
}

static void add_segment(struct mt_ledger_writer *w, uint64_t address, uint64_t offset, uint64_t bytes) {
    struct mt_ledger_header *h = w->header;
    h->segment[h->n_segments] = (struct mt_segment){.address = address, .offset = offset, .bytes = bytes};
    w->file_bytes = offset + bytes;
    h->file_bytes = w->file_bytes;
    __atomic_store_n(&h->n_segments, h->n_segments + 1, __ATOMIC_RELEASE);
}

static long read_link(const char *path, char *out, size_t capacity) {
    long n = mt_os_call(SYS_readlinkat, AT_FDCWD, (long)path, (long)out, (long)capacity, 0, 0);
    return mt_os_failed(n) ? 0 : n;
}

static void fill_identity(struct mt_ledger_header *h) {
    h->magic = MT_LEDGER_MAGIC;
    h->version = MT_LEDGER_VERSION;
    h->header_bytes = sizeof *h;
    h->pid = (uint32_t)mt_os_pid();
    h->ppid = (uint32_t)mt_os_call(SYS_getppid, 0, 0, 0, 0, 0, 0);
    h->start_realtime_ns = mt_os_clock_ns(CLOCK_REALTIME);
    h->start_monotonic_ns = mt_os_clock_ns(CLOCK_MONOTONIC);
    h->exe_bytes = (uint32_t)read_link("/proc/self/exe", h->exe, sizeof h->exe);
    long n = mt_os_read_file("/proc/self/cmdline", h->command, sizeof h->command);
    h->command_bytes = n > 0 ? (uint32_t)n : 0;
    n = mt_os_call(SYS_getcwd, (long)h->cwd, sizeof h->cwd, 0, 0, 0, 0);
    h->cwd_bytes = mt_os_failed(n) || n < 1 ? 0 : (uint32_t)n - 1;
    h->n_nodes = MT_NODE_FIRST;
    h->n_sites = h->n_banks = h->n_modules = 1;
}

/* Open a new file DIRECTORY/PID.TICKS.COUNTER.ledger; the path goes to w->path. Descriptor or -errno. */
static long open_new(struct mt_ledger_writer *w, const char *directory) {
    uint64_t ticks = start_ticks();
    const char *end = w->path + sizeof w->path - 1;
    for (uint64_t counter = 0; counter < MAX_COUNTER; counter++) {
        char *p = mt_text_put(w->path, end, directory);
        p = mt_text_put(p, end, "/");
        p = mt_text_put_number(p, end, (uint64_t)mt_os_pid());
        p = mt_text_put(p, end, ".");
        p = mt_text_put_number(p, end, ticks);
        p = mt_text_put(p, end, ".");
        p = mt_text_put_number(p, end, counter);
        p = mt_text_put(p, end, MT_LEDGER_SUFFIX);
        if (p >= end)
            return -ENAMETOOLONG;
        *p = 0;
        long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)w->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                             0600, 0, 0);
        if (fd != -EEXIST)
            return fd;
    }
    return -EEXIST;
}

/* A fork child has not inherited the mapping of its parent. */
static void forget(struct mt_ledger_writer *w) {
    w->header = NULL;
    w->free_begin = w->free_end = NULL;
    w->file_bytes = w->sparse_bytes = 0;
    w->directory = NULL;
    w->exhausted = false;
    w->path[0] = 0;
}

int mt_ledger_create(struct mt_ledger_writer *w, const char *directory) {
    forget(w);
    long fd = open_new(w, directory);
    if (mt_os_failed(fd))
        return (int)fd;
    struct stat st = {0};
    long address = mt_os_call(SYS_fstat, fd, (long)&st, 0, 0, 0, 0);
    if (!mt_os_failed(address))
        address = extend(fd, 0, FIRST_SEGMENT);
    if (!mt_os_failed(address))
        make_sparse(w, fd);
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    if (mt_os_failed(address)) {
        mt_os_call(SYS_unlinkat, AT_FDCWD, (long)w->path, 0, 0, 0, 0);
        return (int)address;
    }
    w->device = st.st_dev;
    w->inode = st.st_ino;
    w->header = (struct mt_ledger_header *)address;
    w->free_begin = (char *)address + HEADER_SEGMENT;
    w->free_end = (char *)address + FIRST_SEGMENT;
    add_segment(w, (uint64_t)address, 0, FIRST_SEGMENT);
    fill_identity(w->header);
    return 0;
}

void mt_ledger_remove(struct mt_ledger_writer *w) {
    mt_os_call(SYS_unlinkat, AT_FDCWD, (long)w->path, 0, 0, 0, 0);
    forget(w);
}

static long open_again(const struct mt_ledger_writer *w) {
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)w->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0, 0, 0);
    if (mt_os_failed(fd))
        return fd;
    struct stat st = {0};
    long r = mt_os_call(SYS_fstat, fd, (long)&st, 0, 0, 0, 0);
    if (mt_os_failed(r) || st.st_dev != w->device || st.st_ino != w->inode) {
        mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
        return -ESTALE;
    }
    return fd;
}

static size_t next_segment_bytes(const struct mt_ledger_writer *w, size_t wanted) {
    size_t bytes = w->file_bytes / 8;
    if (bytes < MIN_SEGMENT)
        bytes = MIN_SEGMENT;
    if (bytes > MAX_SEGMENT)
        bytes = MAX_SEGMENT;
    return round_to_pages(bytes < wanted ? wanted : bytes);
}

static long extend_reopened(struct mt_ledger_writer *w, size_t bytes) {
    long fd = open_again(w);
    if (mt_os_failed(fd))
        return fd;
    long r = extend(fd, w->file_bytes, bytes);
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return r;
}

static long extend_ledger(struct mt_ledger_writer *w, size_t bytes) {
    const struct mt_ledger_header *h = w->header;
    if (h->n_segments >= MT_MAX_SEGMENTS)
        return -ENOSPC;
    long r = -EINVAL;
    if (w->file_bytes + bytes <= w->sparse_bytes) {
        const struct mt_segment *last = &h->segment[h->n_segments - 1];
        r = extend_from(last->address + last->bytes - MT_OS_PAGE, bytes);
    }
    return r == -EINVAL ? extend_reopened(w, bytes) : r;
}

static bool grow(struct mt_ledger_writer *w, size_t wanted) {
    struct mt_ledger_header *h = w->header;
    if (w->exhausted)
        return false;
    size_t bytes = next_segment_bytes(w, wanted);
    long r = extend_ledger(w, bytes);
    if (mt_os_failed(r) && bytes > round_to_pages(wanted))
        r = extend_ledger(w, bytes = round_to_pages(wanted));
    if (!mt_os_failed(r)) {
        add_segment(w, (uint64_t)r, w->file_bytes, bytes);
        w->free_begin = (char *)r;
        w->free_end = (char *)r + bytes;
        return true;
    }
    w->exhausted = true;
    h->lossy_errno = (uint32_t)-r;
    __atomic_fetch_or(&h->flags, MT_FLAG_NO_SPACE, __ATOMIC_RELAXED);
    return false;
}

void *mt_ledger_allocate(struct mt_ledger_writer *w, size_t bytes, size_t align) {
    for (int attempt = 0; attempt < 2; attempt++) {
        char *p = (char *)(((uintptr_t)w->free_begin + align - 1) & ~(uintptr_t)(align - 1));
        if (w->free_begin != NULL && p <= w->free_end && bytes <= (size_t)(w->free_end - p)) {
            w->free_begin = p + bytes;
            return p;
        }
        if (!grow(w, bytes + align))
            break;
    }
    return NULL;
}

static bool add_directory(struct mt_ledger_writer *w) {
    struct mt_directory *d = mt_ledger_allocate(w, sizeof *d, 64);
    if (d == NULL)
        return false;
    if (w->directory == NULL)
        w->header->directory = (uint64_t)d;
    else
        w->directory->next = (uint64_t)d;
    w->directory = d;
    return true;
}

bool mt_ledger_publish(struct mt_ledger_writer *w, enum mt_extent_kind kind, uint32_t index, const void *memory,
                       size_t bytes) {
    struct mt_ledger_header *h = w->header;
    struct mt_extent *slot;
    if (h->n_extents < MT_FIRST_EXTENTS) {
        slot = &h->extent[h->n_extents];
    } else {
        uint32_t in_block = (h->n_extents - MT_FIRST_EXTENTS) % MT_DIRECTORY_EXTENTS;
        if (in_block == 0 && !add_directory(w))
            return false;
        slot = &w->directory->extent[in_block];
    }
    *slot = (struct mt_extent){.address = (uint64_t)memory, .bytes = bytes, .kind = kind, .index = index};
    __atomic_store_n(&h->n_extents, h->n_extents + 1, __ATOMIC_RELEASE);
    return true;
}

uint64_t mt_ledger_text(struct mt_ledger_writer *w, const char *text, size_t bytes) {
    char *copy = mt_ledger_allocate(w, bytes + 1, 1);
    if (copy == NULL)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        copy[i] = text[i];
    return (uint64_t)copy;
}
