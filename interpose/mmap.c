/* SPDX-License-Identifier: MIT */
/*
 * mmap, munmap, mremap and mprotect, in an object of its own: who does not ask for mappings pays
 * nothing for them. libc's and the loader's own mappings (thread stacks, libraries, glibc's heap)
 * do not come by here: they are internal calls.
 *
 * Calls are passed on as they are to the next definition of the name, since another library may
 * wrap it as well (libtcmalloc does), and are told of afterwards. The telling makes its own system
 * calls raw and leaves errno alone.
 */
#define MT_SECOND_mmap(...) __VA_ARGS__
#define MT_SECOND_LAST      mmap
#include "interpose/second-local.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

/* Tells of a mapping, or of one that failed. always_inline: frame is the hook's own, and must be
 * there as long as it is looked at. */
__attribute__((always_inline)) static inline void mapped(void *address, void *result, size_t bytes,
                                                         int protection, int flags, uint64_t before,
                                                         const struct mt_hook_frame *frame) {
    if (result != MAP_FAILED) {
        memtrack_private_mapped(result, bytes, protection, flags, frame);
        return;
    }
    if (errno == ENOMEM)
        memtrack_private_map_failed();
    if (flags & MAP_FIXED)
        memtrack_private_doubtful(before, address, bytes);
}

HOOK void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset) {
    RESOLVE();
    uint64_t before = memtrack_private_mappings_now();
    void *result = real.mmap(addr, len, prot, flags, fd, offset);
    mapped(addr, result, len, prot, flags, before, FRAME());
    return result;
}

HOOK void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset) {
    RESOLVE();
    uint64_t before = memtrack_private_mappings_now();
    void *result = real.mmap64(addr, len, prot, flags, fd, offset);
    mapped(addr, result, len, prot, flags, before, FRAME());
    return result;
}

HOOK int munmap(void *addr, size_t len) {
    RESOLVE();
    uint64_t before = memtrack_private_mappings_now();
    int result = real.munmap(addr, len);
    if (result == 0)
        memtrack_private_unmapped(before, addr, len);
    return result;
}

/* The fifth argument is there with some flags only. It comes in a register: reading it is harmless
 * where it is not. */
HOOK void *mremap(void *addr, size_t old_len, size_t new_len, int flags, ...) {
    va_list more;
    va_start(more, flags);
    void *wanted = va_arg(more, void *);
    va_end(more);
    RESOLVE();
    struct mt_remap remap = {.old = (uint64_t)addr,
                             .old_bytes = old_len,
                             .bytes = new_len,
                             .flags = flags,
                             .before = memtrack_private_mappings_now()};
    void *result = real.mremap(addr, old_len, new_len, flags, wanted);
    remap.result = (uint64_t)result;
    if (result != MAP_FAILED) {
        memtrack_private_remapped(&remap, FRAME());
        return result;
    }
    /* Without MREMAP_MAYMOVE there only was no room to grow in place. */
    if (errno == ENOMEM && (flags & MREMAP_MAYMOVE))
        memtrack_private_map_failed();
    if (flags & MREMAP_FIXED) {
        memtrack_private_doubtful(remap.before, wanted, new_len);
        memtrack_private_doubtful(remap.before, addr, old_len);
    }
    return result;
}

/* Tells of a change of protection. always_inline: frame is the hook's own here, too. */
__attribute__((always_inline)) static inline void protected(int result, void *address, size_t bytes,
                                                            int protection,
                                                            const struct mt_hook_frame *frame) {
    if (result == 0)
        memtrack_private_protected(address, bytes, protection, frame);
    else if (errno == ENOMEM)
        memtrack_private_protected_in_part(address, bytes, protection, frame);
}

HOOK int mprotect(void *addr, size_t len, int prot) {
    RESOLVE();
    int result = real.mprotect(addr, len, prot);
    protected(result, addr, len, prot, FRAME());
    return result;
}

HOOK int pkey_mprotect(void *addr, size_t len, int prot, int pkey) {
    RESOLVE();
    int result = real.pkey_mprotect(addr, len, prot, pkey);
    protected(result, addr, len, prot, FRAME());
    return result;
}
