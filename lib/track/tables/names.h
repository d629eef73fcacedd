/* SPDX-License-Identifier: MIT */
/* Texts that the program gives, and functions of it, get small numbers here: see struct mt_name.
 * Any thread may ask. */
#ifndef MT_TRACK_NAMES_H
#define MT_TRACK_NAMES_H

#include "base/os.h"
#include "ledger/layout.h"
#include "track/thread/names_part.h"

/* Forgets all names, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_names_start(void);

/* Forgets what a thread remembers of names, which may not be so any more. */
MT_HIDDEN void mt_names_forget(struct mt_names_part *part);

/* Return the one id of a text (its first MT_NAME_MAX_BYTES bytes), or of the function at an
 * address; 0 when there is no room. */
MT_HIDDEN mt_name_id mt_names_find(struct mt_names_part *part, const char *text);
MT_HIDDEN mt_name_id mt_names_find_function(struct mt_names_part *part, uint64_t address);

/* The text of a name that has one, else "". It ends with a NUL, and stays. */
MT_HIDDEN const char *mt_names_text(mt_name_id name);
/* The address of the function that a name stands for, else 0. */
MT_HIDDEN uint64_t mt_names_function(mt_name_id name);
/* When the scopes of a group were forgotten last; see struct mt_name. The lock of growth is taken
 * for setting it. */
MT_HIDDEN uint64_t mt_names_reset_epoch(mt_name_id group);
MT_HIDDEN void mt_names_set_reset_epoch(mt_name_id group, uint64_t epoch);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_names_check(void);
#endif

#endif
