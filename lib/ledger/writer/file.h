/* SPDX-License-Identifier: MIT */
/* The ledger's file: set pages aside and map them. For the other halves of the writer; threads as
 * in writer.h. */
#ifndef MT_LEDGER_WRITER_FILE_H
#define MT_LEDGER_WRITER_FILE_H

#include "ledger/writer/state.h"

/* Maps the first bytes of a file that has just been made, and makes room to grow into. Returns
 * where they are mapped, or -errno. */
MT_HIDDEN long mt_writer_file_begin(struct mt_writer *w, long fd, size_t bytes);

/* Returns whether the process may have a file of so many bytes (RLIMIT_FSIZE). */
MT_HIDDEN bool mt_writer_file_fits(uint64_t bytes);

/* Tells readers of a further segment. Returns false when they are not to know
 * (mt_writer.is_copy). */
MT_HIDDEN bool mt_writer_file_add(struct mt_writer *w, uint64_t address, uint64_t offset,
                                  uint64_t bytes);

/* Makes a segment of at least wanted bytes w->free. Returns false when there is none; the header
 * then says so. */
MT_HIDDEN bool mt_writer_file_grow(struct mt_writer *w, size_t wanted);

/* Makes a segment of bytes, or of what there is room for, w->reserve. Returns false when there
 * is none. */
MT_HIDDEN bool mt_writer_file_reserve(struct mt_writer *w, size_t bytes);

#endif
