/* SPDX-License-Identifier: MIT */
/*
 * The program's mappings, as blocks of the domain "mmap", those of files of "mmap-file". Each
 * function is one event, called after the system call that it tells of has succeeded (but for
 * mt_mappings_now). A mapping's bytes are those of its pages. What cannot be touched (PROT_NONE) is
 * reserved: known, but no block before mprotect, or a mapping in its place, makes it accessible.
 *
 * Any thread, any context; errno is not touched.
 */
#ifndef MT_TRACK_MAPPINGS_H
#define MT_TRACK_MAPPINGS_H

#include "base/os.h"
#include "track/ground/hook_frame.h"

/*
 * Returns the present moment, to be asked for before a call that unmaps and passed on after it.
 * Between the kernel's unmapping and our learning of it, another thread may be given the same
 * addresses and tell of that first: what came after this moment stays.
 */
MT_HIDDEN uint64_t mt_mappings_now(void);

/* Records that a mapping has been made by a call for bytes, with these PROT_* and MAP_*; what it
 * covers is gone. is_ours says that the program has made it. Otherwise it is an allocator's, whose
 * blocks are recorded, and is no block itself. */
MT_HIDDEN void mt_mappings_mapped(uint64_t address, uint64_t bytes, int protection, int flags,
                                  bool is_ours, const struct mt_hook_frame *frame);

/* Records that [address, address + bytes) has been unmapped. before is what mt_mappings_now
 * returned before the call. */
MT_HIDDEN void mt_mappings_unmapped(uint64_t before, uint64_t address, uint64_t bytes);

struct mt_remap {
    uint64_t old, old_bytes, result, bytes;
    uint64_t before; /* what mt_mappings_now returned before the call */
    int flags;       /* MREMAP_* */
};
/* Records an mremap as a realloc: what was at old is freed, and result is allocated by the caller
 * of mremap. But a mapping that becomes smaller without moving stays what it was, and loses its
 * end. */
MT_HIDDEN void mt_mappings_remapped(const struct mt_remap *remap, bool is_ours,
                                    const struct mt_hook_frame *frame);

/* Records that mprotect has succeeded with this PROT_*. */
MT_HIDDEN void mt_mappings_protected(uint64_t address, uint64_t bytes, int protection,
                                     const struct mt_hook_frame *frame);
/* Records that mprotect has met a gap between mappings, and has failed after changing what lies
 * before the gap. */
MT_HIDDEN void mt_mappings_protected_in_part(uint64_t address, uint64_t bytes, int protection,
                                             const struct mt_hook_frame *frame);

/* Return how many bytes of blocks a call would add, for who asks before it is made: what a mapping
 * in its place would give back is not subtracted. frame is that of the hook. */
MT_HIDDEN uint64_t mt_mappings_of_mmap(uint64_t bytes, int protection, int flags,
                                       const struct mt_hook_frame *frame);
MT_HIDDEN uint64_t mt_mappings_of_mremap(uint64_t address, uint64_t before, uint64_t bytes,
                                         const struct mt_hook_frame *frame);
MT_HIDDEN uint64_t mt_mappings_of_mprotect(uint64_t address, uint64_t bytes, int protection);

/* Counts a call that has failed for want of memory. */
MT_HIDDEN void mt_mappings_failed(void);
/* Asks the kernel what is still mapped, after a call has failed that may have unmapped something
 * before that (MAP_FIXED, MREMAP_FIXED). before is as for mt_mappings_unmapped. */
MT_HIDDEN void mt_mappings_doubtful(uint64_t before, uint64_t address, uint64_t bytes);

#endif
