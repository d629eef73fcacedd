/* SPDX-License-Identifier: MIT */
/* The frames of Python that the calling thread is in. Owner thread only, inside of an event. */
#ifndef MT_TRACK_PYTHON_CHAIN_H
#define MT_TRACK_PYTHON_CHAIN_H

#include "base/os.h"
#include "track/thread/python_part.h"

/*
 * Sets p->now to the frames, innermost first, of whole evaluations: none when the thread is not in
 * the interpreter. What is outside of them is p->n_same frames that have been kept, where those are
 * found to be as they were; anew: do without. Returns false when there are further frames outside,
 * which could not be read, or of which there are too many.
 */
MT_HIDDEN bool mt_python_chain_read(struct mt_python_part *p, bool anew);

#endif
