/* SPDX-License-Identifier: MIT */
/* Texts that the program gives, and functions of it, as small numbers. See struct mt_name. Any
 * thread. */
#ifndef MT_TRACK_NAMES_H
#define MT_TRACK_NAMES_H

#include "track/ground/state.h"

/* In a new process: forget all. */
MT_HIDDEN bool mt_names_start(void);

/* The one id of a text (its first MT_NAME_MAX_BYTES bytes), or of the function at an address; 0: no
 * room. */
MT_HIDDEN mt_name_id mt_names_find(struct mt_thread *t, const char *text);
MT_HIDDEN mt_name_id mt_names_find_function(struct mt_thread *t, uint64_t address);

#endif
