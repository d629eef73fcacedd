/* SPDX-License-Identifier: MIT */
/* The block that an address lies in, for the process itself. */
#ifndef MT_TRACK_WHOIS_H
#define MT_TRACK_WHOIS_H

#include "memtrack.h"
#include "track/thread/thread.h"

/* Fills *out with the block that the address lies in. Returns false when it lies in no live block
 * that is known. To be called inside an event. */
MT_HIDDEN bool mt_whois(struct mt_thread *t, uint64_t address, memtrack_block *out);

#endif
