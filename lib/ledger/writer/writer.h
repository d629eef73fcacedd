/* SPDX-License-Identifier: MIT */
/*
 * The target's side of the ledger: create the file, hand out pieces of it, grow it. See
 * ledger/layout.h for what is in it. No function here allocates with malloc, sets errno, or keeps a
 * file descriptor.
 *
 * Threads: create and remove while no other thread records; allocate and publish under the caller's
 * growth lock.
 */
#ifndef MT_LEDGER_WRITER_H
#define MT_LEDGER_WRITER_H

#include "ledger/writer/state.h"

/*
 * Creates PID.STARTTICKS.COUNTER.ledger in directory (which must exist), sized for a small program,
 * with a valid header whose identity fields (pid, times, exe, command) are filled in. Returns 0 or
 * -errno; then nothing is left behind.
 */
MT_HIDDEN int mt_writer_create(struct mt_writer *w, const char *directory);

/* For a fork for which no ledger could be made: counts it in the ledger of its parent, where
 * family is. */
MT_HIDDEN void mt_writer_count_unrecorded(struct mt_writer *w, struct mt_ledger_header *family,
                                          int error);

/* For the child of a fork, which has not inherited the mapping of its parent. */
MT_HIDDEN void mt_writer_forget(struct mt_writer *w);

/* Takes back a ledger that has come to nothing. */
MT_HIDDEN void mt_writer_remove(struct mt_writer *w);

/* Returns zeroed bytes of the ledger, aligned to align (a power of two), or NULL when the ledger
 * is full (the header then says so). */
MT_HIDDEN void *mt_writer_allocate(struct mt_writer *w, size_t bytes, size_t align);

/* Returns the same for what the totals can do without: call paths, names, copies. NULL also when
 * that has reached its bound. */
MT_HIDDEN void *mt_writer_allocate_detail(struct mt_writer *w, size_t bytes, size_t align);

/* Returns the same for the table of live blocks, without which no total is exact. When the
 * ledger is full, this is memory of the process's own (*is_private), where readers do not see
 * it. NULL when there is no memory at all. */
MT_HIDDEN void *mt_writer_allocate_blocks(struct mt_writer *w, size_t bytes, size_t align,
                                          bool *is_private);

/* Sets bytes of the file aside for the time when it cannot grow any more. Returns false when
 * there is no room for them. */
MT_HIDDEN bool mt_writer_reserve(struct mt_writer *w, size_t bytes);

/* Tells readers that [memory, memory + bytes) is the index-th extent of its kind. Returns false
 * when that found no room. */
MT_HIDDEN bool mt_writer_publish(struct mt_writer *w, enum mt_extent_kind kind, uint32_t index,
                                 const void *memory, size_t bytes);

/* Returns a copy of text in the ledger, not NUL-terminated (0: no room). */
MT_HIDDEN uint64_t mt_writer_put_text(struct mt_writer *w, const char *text, size_t bytes);

#endif
