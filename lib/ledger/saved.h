/* SPDX-License-Identifier: MIT */
/*
 * The cut that a reader has asked for (cut.h), and how what was read just now is replaced by what
 * was true then. The three functions that replace do nothing when no cut is open. For the reading
 * side of lib/ledger alone.
 */
#ifndef MT_LEDGER_SAVED_H
#define MT_LEDGER_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/file.h"

struct mt_ledger_cut {
    int fd;          /* the file open for writing, which holds the lock; -1: none */
    uint32_t number; /* odd: the cut is open, and the process is asked for it */
    bool is_begun;   /* there has been a cut */
    bool is_exact;   /* what was read since the last begin is of one instant, as far as is known */
    struct mt_saved_site *chunk; /* room for mt_ledger_saved_sites; NULL: not yet */
};

void mt_ledger_saved_control(const struct mt_ledger_cut *cut, const struct mt_ledger_file *file,
                             struct mt_control *control);
void mt_ledger_saved_banks(const struct mt_ledger_cut *cut, struct mt_ledger_file *file,
                           size_t first, size_t n, struct mt_bank *banks);
/* The tables of file are newer than the sites. Without memory the cut is not exact. */
void mt_ledger_saved_sites(struct mt_ledger_cut *cut, struct mt_ledger_file *file, size_t first,
                           size_t n, struct mt_site *sites);

/* Let the process forget the cut, and give up the lock. */
void mt_ledger_saved_release(struct mt_ledger_cut *cut);

#endif
