/* SPDX-License-Identifier: MIT */
/*
 * The frames of a profile, flattened and classified once, so that walking 10^7 frames costs an
 * array look-up each.
 *
 * A location with n lines has n entries (its inlined frames, innermost first); one without lines
 * has a single entry. Entry ids are dense: those of location l are first_entry[l] .. first_entry[l
 * + 1] - 1.
 */
#ifndef MT_VIEW_ROWS_FRAMES_H
#define MT_VIEW_ROWS_FRAMES_H

#include "profile/profile.h"
#include "view/rows/wrappers.h"

#define MT_NO_ENTRY UINT32_MAX

struct mt_frame_entry {
    uint32_t location;
    uint32_t function; /* index + 1, 0: unknown */
    int64_t line;
    mt_string module;
    uint8_t kind; /* enum mt_frame_kind */
    bool is_inlined;
    uint8_t place; /* enum mt_managed_place */
};

/* This is where in a location attribution takes a turn; MT_NO_ENTRY: nowhere. It is in one
 * piece, which is in one line of the cache, because each sample asks for that of another
 * location. */
struct mt_landmarks {
    uint32_t system;           /* first entry inside a library of the system, before the stop */
    uint32_t stop;             /* first entry that is user's or run-time's: attribution ends here */
    uint32_t standard_library; /* first entry inside a standard library */
    uint32_t shown;            /* first entry that is not the tracker's */
    uint8_t stop_kind;         /* enum mt_frame_kind, when there is a stop */
    bool is_managed;           /* the stop is a user's function of managed code */
    bool yields; /* the stop is native, and leaves the charge to managed code further out */
};

/* A function that was recognised as a wrapper, with the sums of what was passed on to its callers. */
struct mt_inferred {
    uint32_t function; /* index + 1 */
    int64_t value[MT_N_VALUES];
};

/* What mt_frames_charged says of a sample. */
struct mt_charge {
    uint32_t entry, position;
};

struct mt_frames {
    const struct mt_profile *profile;
    struct mt_frame_entry *entries;
    size_t n_entries;
    uint32_t *first_entry;          /* n_locations + 1 */
    struct mt_landmarks *landmarks; /* per location */
    struct mt_inferred *inferred;   /* see infer.h */
    size_t n_inferred;
    uint8_t *places;           /* enum mt_managed_place of each mapping, from 1 on */
    bool passes_native;        /* managed code is charged before native code */
    struct mt_charge *charges; /* per sample; NULL: searched each time, see mt_frames_remember */
    struct mt_parts *digest;   /* see digest.h; NULL: samples are added up each time */
};

/* Returns what a frame is by its names alone. */
enum mt_frame_kind mt_frames_judge(const struct mt_frame_text *text,
                                   const struct mt_wrapper_options *wrappers);

/* Returns whether call paths name frames that are in the profile, without which nothing of this
 * header may be called. */
bool mt_frames_are_sound(const struct mt_profile *profile);

/* Patterns that the profile has stored count as well. 0 or -MEMTRACK_ENOMEM. */
int mt_frames_init(struct mt_frames *frames, const struct mt_profile *profile,
                   const struct mt_wrapper_options *wrappers);
void mt_frames_free(struct mt_frames *frames);
/* From now on charges the callers of those functions (at index + 1) that are not 0. */
void mt_frames_pass_on(struct mt_frames *frames, const uint8_t *functions);

/* Searches the charged entries of all samples, for who will ask for them again and again. Nothing
 * may change the frames from now on. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_frames_remember(struct mt_frames *frames);

/* Returns the entry that the sample is charged to, or MT_NO_ENTRY when its path is empty.
 * *position is its index in the path. */
uint32_t mt_frames_charged(const struct mt_frames *frames, const struct mt_sample *sample,
                           uint32_t *position);

/* The entries of a path that are shown, from the charged one outwards. */
struct mt_frames_walk {
    const struct mt_frames *frames;
    const uint32_t *path, *end; /* locations */
    uint32_t entry;             /* the next one, in the location at path */
    bool hides_interpreter;
};
/* Returns whether the sample has a charged frame; then each call of next returns an entry, and
 * MT_NO_ENTRY behind the last. */
bool mt_frames_walk_begin(struct mt_frames_walk *walk, const struct mt_frames *frames,
                          const struct mt_sample *sample);
uint32_t mt_frames_walk_next(struct mt_frames_walk *walk);

/* Returns whether nobody has given the frame's function a name: it has none, or one that was made
 * up of its address (sub_1ee30). */
bool mt_frames_is_nameless(const struct mt_frames *frames, const struct mt_frame_entry *entry);

/* Returns whether a frame can be the one that wanted the memory. */
bool mt_frames_can_be_charged(const struct mt_frame_entry *entry);

/* Returns the innermost entry inside a library of the system that was passed over to charge a
 * frame of the sample, whose index in the path is given; MT_NO_ENTRY: there is none. */
uint32_t mt_frames_passed_over(const struct mt_frames *frames, const struct mt_sample *sample,
                               uint32_t charged, uint32_t position);

const struct mt_function *mt_frames_function(const struct mt_frames *frames,
                                             const struct mt_frame_entry *entry);
mt_string mt_frames_function_name(const struct mt_frames *frames,
                                  const struct mt_frame_entry *entry); /* 0: unknown */
mt_string mt_frames_file(const struct mt_frames *frames, const struct mt_frame_entry *entry);
/* Returns where the entry's address is in the file of its module. */
uint64_t mt_frames_module_address(const struct mt_frames *frames,
                                  const struct mt_frame_entry *entry);
/* Returns the offset from the start of its function, UINT64_MAX when it is not known. */
uint64_t mt_frames_function_offset(const struct mt_frames *frames,
                                   const struct mt_frame_entry *entry);

#endif
