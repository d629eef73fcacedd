/* SPDX-License-Identifier: MIT */
/*
 * A child that goes on with what its parent was doing to the ledger when it forked: it gets the
 * ledger's memory under the same addresses, as a copy that no reader sees. One thread at a time;
 * any context.
 */
#ifndef MT_LEDGER_WRITER_COPY_H
#define MT_LEDGER_WRITER_COPY_H

#include "ledger/writer/state.h"

struct mt_writer_copy {
    char *memory; /* all segments, one after the other; NULL: there was no memory for them */
    size_t bytes;
    uint32_t n; /* segments */
};

/* To be called right before the fork. Until one of the other two is called, forks inherit the
 * ledger. */
MT_HIDDEN void mt_writer_copy_begin(const struct mt_writer *w, struct mt_writer_copy *copy);
/* To be called in the parent, also when the fork has failed. */
MT_HIDDEN void mt_writer_copy_drop(const struct mt_writer *w, struct mt_writer_copy *copy);
/* To be called in the child. When there was no memory for a copy, the ledger that the child goes
 * on with is its parent's. */
MT_HIDDEN void mt_writer_copy_use(struct mt_writer *w, const struct mt_writer_copy *copy);
/* To be called when the child is done with the copy and will have a ledger of its own: gives the
 * memory back. */
MT_HIDDEN void mt_writer_copy_unmap(struct mt_writer *w);

#endif
