/* SPDX-License-Identifier: MIT */
/*
 * The frames of a profile with the program's own allocation wrappers recognised: what wrappers.h
 * cannot know by name is told from how it is called.
 */
#ifndef MT_VIEW_ROWS_INFER_H
#define MT_VIEW_ROWS_INFER_H

#include "view/rows/frames.h"

/* Does the same as mt_frames_init, and then passes on to their callers the functions that are
 * wrappers by the measure in infer.c: frames->inferred lists them. With options->keep_all none is
 * looked for; with options->inferred just those in that list are passed on. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_infer_frames(struct mt_frames *frames, const struct mt_profile *profile,
                    const struct mt_wrapper_options *options);

/* Sets options->inferred to the wrappers that are recognised in any of the profiles, so that one
 * function is not charged in one of them and skipped in another; nothing is done when it is set
 * already, or with keep_all. Texts stay the profiles'. *names: free it when the options are used
 * up, also after an error. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_infer_join(struct mt_wrapper_options *options, const struct mt_profile *const *profiles,
                  size_t n, struct mt_wrapper_name **names);

#endif
