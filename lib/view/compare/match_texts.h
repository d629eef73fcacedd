/* SPDX-License-Identifier: MIT */
/*
 * What stands on lines of source, as numbers: lines of either side that say the same have the same
 * one. They are read from the sources where these are, once for each line; where the profiles have
 * them from a comparison that was made there (profile/line_texts.h), they are what they were.
 * Private to lib/view.
 */
#ifndef MT_VIEW_COMPARE_MATCH_TEXTS_H
#define MT_VIEW_COMPARE_MATCH_TEXTS_H

#include "profile/strings.h"
#include "view/compare/side.h"
#include "view/rows/frames.h"
#include "view/rows/identity.h"
#include "view/source.h"

struct mt_match_texts {
    bool are_stored;            /* in the profiles */
    bool are_wanted;            /* somebody asked for evidence */
    struct mt_strings *numbers; /* the number of a text is its index */
    struct {
        struct mt_source *source;
        struct mt_identities lines; /* that were asked for: a: file, b: line */
        uint32_t *texts;            /* of each, 0: not known */
        size_t capacity, n_known;
    } side[MT_N_SIDES];
};

/* Returns 0 or -MEMTRACK_ENOMEM; ended by mt_match_texts_free in either case. */
int mt_match_texts_init(struct mt_match_texts *texts,
                        const struct mt_profile *const profiles[MT_N_SIDES]);
/* Closes the sources: nothing more is asked. */
void mt_match_texts_close(struct mt_match_texts *texts);
void mt_match_texts_free(struct mt_match_texts *texts);

/* Returns whether the texts of two files are evidence, given a frame in each: when both sides have
 * the same path, the file is that of at most one of them. */
bool mt_match_texts_are_evidence(struct mt_match_texts *texts,
                                 const struct mt_frames *const frames[MT_N_SIDES],
                                 const uint32_t entries[MT_N_SIDES]);

/* Returns the number of what stood on the frame's line when the program was built; 0: not known; or
 * -MEMTRACK_ENOMEM. What was edited since says something else, and is not known. */
int64_t mt_match_texts_at(struct mt_match_texts *texts, const struct mt_frames *frames,
                          enum mt_side side, uint32_t entry);

/* Returns whether there could be evidence, and there was none. */
bool mt_match_texts_are_lacking(const struct mt_match_texts *texts);
/* Stores what was found in the profiles. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_match_texts_store(const struct mt_match_texts *texts,
                         struct mt_profile *const profiles[MT_N_SIDES]);

#endif
