/* SPDX-License-Identifier: MIT */
/*
 * Writes down every call of mmap, munmap, mremap and mprotect that reaches it, with what it
 * returned, as eight words each: into MAPCALLS_DIR/PID. Preloaded behind memtrack it sees what
 * memtrack passes on. Single-threaded programs only.
 *
 * With MAPCALLS_FAIL, every fifth call that replaces mappings does as some kernels do when memory
 * is short: it unmaps what is in its way, and fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAP, UNMAP, REMAP, PROTECT };

static void note(uint64_t what, uint64_t result, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                 uint64_t e) {
    static int pid, fd = -1;
    uint64_t words[8] = {what, result, a, b, c, d, e, 0};
    int saved = errno;
    if (pid != (int)syscall(SYS_getpid)) {
        char path[4096];
        pid = (int)syscall(SYS_getpid);
        snprintf(path, sizeof path, "%s/%d", getenv("MAPCALLS_DIR"), pid);
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    if (write(fd, words, sizeof words) != sizeof words)
        abort();
    errno = saved;
}

static int fails_halfway(void *address, size_t bytes) {
    static int n;
    if (getenv("MAPCALLS_FAIL") == NULL || ++n % 5 != 0 || syscall(SYS_munmap, address, bytes) != 0)
        return 0;
    errno = ENOMEM;
    return 1;
}

static void *map(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
    if ((flags & MAP_FIXED) && fails_halfway(address, bytes))
        return MAP_FAILED;
    void *result = (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
    note(MAP, (uint64_t)result, (uint64_t)address, bytes, (uint64_t)protection, (uint64_t)flags, 0);
    return result;
}

void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
    return map(address, bytes, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
    return map(address, bytes, protection, flags, fd, offset);
}

int munmap(void *address, size_t bytes) {
    int result = (int)syscall(SYS_munmap, address, bytes);
    note(UNMAP, (uint64_t)result, (uint64_t)address, bytes, 0, 0, 0);
    return result;
}

void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...) {
    va_list more;
    va_start(more, flags);
    void *wanted = va_arg(more, void *);
    va_end(more);
    if ((flags & MREMAP_FIXED) && fails_halfway(wanted, bytes))
        return MAP_FAILED;
    void *result = (void *)syscall(SYS_mremap, old, old_bytes, bytes, flags, wanted);
    note(REMAP, (uint64_t)result, (uint64_t)old, old_bytes, bytes, (uint64_t)flags,
         (uint64_t)wanted);
    return result;
}

int mprotect(void *address, size_t bytes, int protection) {
    int result = (int)syscall(SYS_mprotect, address, bytes, protection);
    note(PROTECT, (uint64_t)result, (uint64_t)address, bytes, (uint64_t)protection, 0, 0);
    return result;
}
