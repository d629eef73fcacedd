/* SPDX-License-Identifier: MIT */
/*
 * Call paths with the frames of Python between those of C. One evaluation of the interpreter runs
 * many functions of Python, so the native stack alone does not tell them:
 *
 *   malloc  list_append  _PyEval_EvalFrameDefault                         _PyEval_Vector  main
 *   malloc  list_append  _PyEval_EvalFrameDefault  load_rows:12  main:40  _PyEval_Vector  main
 *
 * The frame of the evaluation itself is inside of them: where it is differs with each instruction,
 * and what is outside of it does not.
 *
 * Owner thread only, inside of an event, right after a walk.
 */
#ifndef MT_TRACK_PYTHON_WEAVE_H
#define MT_TRACK_PYTHON_WEAVE_H

#include "track/thread/thread.h"

/* Returns the node of the path that the last walk has found, native, with the frames of Python in
 * it; native itself when the thread is in none. Counts a path of which some could not be read. */
MT_HIDDEN mt_node_id mt_python_weave(struct mt_thread *t, mt_node_id native);

/* Forgets what the thread remembers. */
MT_HIDDEN void mt_python_weave_forget(struct mt_thread *t);

/* Gives the memory back. */
MT_HIDDEN void mt_python_weave_free(struct mt_thread *t);

#endif
