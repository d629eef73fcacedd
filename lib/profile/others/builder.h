/* SPDX-License-Identifier: MIT */
/*
 * Makes a profile of call paths in text: frames that are described in words, and figures for paths.
 * What is described equally is one location, and an equal path is one sample. Private to
 * lib/profile; not thread-safe.
 *
 *   "0x1091A5: main (a.c:5)" ──mt_builder_frame──► location ──b.frames[]──mt_builder_sample──► sample
 */
#ifndef MT_PROFILE_OTHERS_BUILDER_H
#define MT_PROFILE_OTHERS_BUILDER_H

#include "base/error.h"
#include "profile/ids.h"
#include "profile/inflate.h"
#include "profile/profile.h"
#include "profile/strings.h"

/* Readers may look at profile and frames; the rest is the builder's own. */
struct mt_builder {
    struct mt_profile *profile;
    struct mt_inflate *in;
    const char *name;
    struct mt_error *error;
    uint32_t *frames; /* the path at hand: locations, innermost first */
    size_t n_frames, frame_capacity;

    struct mt_strings *texts; /* descriptions */
    struct mt_ids locations, mappings, nodes, samples;
    size_t n_nodes;
    mt_string domain;
};

/* Begins a profile of the file that in reads, which name calls in messages; both outlive the
 * builder. This and all below return an error that is filled, or what they are said to. The builder
 * is freed by mt_builder_end in any case. */
int mt_builder_begin(struct mt_builder *b, struct mt_inflate *in, const char *name,
                     struct mt_error *error);
/* Frees the builder. With status 0 *out becomes the profile, which is the caller's to free, with
 * the totals that are the sums of its columns; else NULL. Returns status. */
int mt_builder_end(struct mt_builder *b, int status, struct mt_profile **out);

/* Returns the location of a frame that is described so. */
int64_t mt_builder_frame(struct mt_builder *b, const char *text, size_t bytes);
/* Appends a location to the path at hand; n_frames = 0 empties it. Returns 0. */
int mt_builder_push(struct mt_builder *b, int64_t location);
/* Returns the sample of the path at hand: that which it has already, or a new one without figures.
 * is_cut: its outer end is missing. */
int64_t mt_builder_sample(struct mt_builder *b, bool is_cut);
/* Adds to a figure of a sample; sums saturate. */
void mt_builder_add(struct mt_builder *b, int64_t sample, enum mt_value value, int64_t amount);

/* Says who wrote the file, and with what command if it tells ("a b\ c"; NULL: it does not). The
 * program becomes the first mapping, so this comes before the first frame if it can. Returns 0. */
int mt_builder_tool(struct mt_builder *b, const char *tool);
int mt_builder_command(struct mt_builder *b, const char *command, size_t bytes);
int mt_builder_note(struct mt_builder *b, const char *note);

/* Returns -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT, which were passed to it, with a message; what is
 * not negative as 0. */
int mt_builder_status(struct mt_builder *b, int64_t status);

#endif
