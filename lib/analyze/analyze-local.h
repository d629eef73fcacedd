/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share. Objects of the public library are handles over those of view/
 * and profile/, with a count of references, so that rows outlive the caller's profile.
 *
 *   memtrack_statistics ─┐
 *   memtrack_comparison ─┼──► memtrack_profile ──base──► memtrack_profile ──► mt_profile
 *   memtrack_stack      ─┘    (a part, a moment)         (as loaded)
 */
#ifndef MT_ANALYZE_LOCAL_H
#define MT_ANALYZE_LOCAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "analyze/pause.h"
#include "base/error.h"
#include "memtrack/analyze.h"
#include "profile/profile.h"
#include "view/rows/frames.h"
#include "view/rows/rows.h"

struct memtrack_profile {
    atomic_uint references;
    struct mt_profile *owned;     /* as loaded; NULL in a derived one */
    const memtrack_profile *base; /* of a derived one: has the arrays; a reference */
    struct mt_profile view;    /* all of base's, but for samples, changes, totals and has_value */
    struct mt_sample *samples; /* a derived one's own */
    struct mt_tick_change *changes; /* a derived one's own, or NULL when they are base's */
    bool is_moment;                 /* live is not what it was at the end */
    bool is_time; /* nor at the peak: of the columns, live alone is of that moment */
    _Atomic(struct mt_rows *) frames; /* for call paths of single traces, made when first needed */
};

static inline const struct mt_profile *mt_analyze_model(const memtrack_profile *profile) {
    return profile->owned ? profile->owned : &profile->view;
}
/* Gives the locations of a model their names, as the options say, and makes a profile of it. The model
 * is taken over, also on failure. */
int mt_analyze_load_adopt(struct mt_profile *model, const memtrack_load_options *options,
                          memtrack_profile **out, struct mt_error *error);
memtrack_profile *mt_analyze_profile_retain(const memtrack_profile *profile);
void mt_analyze_profile_release(const memtrack_profile *profile); /* NULL is fine */

/* ---- errors: of the calling thread ----------------------------------------------------------- */

/* Empties the error and returns it: called first by every public function that can fail. */
struct mt_error *mt_analyze_error(void);
int mt_analyze_error_no_memory(void); /* says so and returns -MEMTRACK_ENOMEM */
/* Says that what the function was given is NULL and may not be, and returns -MEMTRACK_EUSAGE. */
int mt_analyze_error_null(const char *function);
int mt_analyze_error_no_item(const char *what, size_t i, size_t n);

/* ---- filters --------------------------------------------------------------------------------- */

/* Gives the indexes of the samples that pass, malloc'ed, in *keep, and how many they are in *n.
 * Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_EFORMAT. */
int mt_analyze_filter_select(const memtrack_filter *filter, const struct mt_profile *profile,
                             const struct mt_wrapper_options *wrappers, uint32_t **keep, size_t *n);
bool mt_analyze_filter_is_empty(const memtrack_filter *filter); /* NULL is */
/* Gives the profile, or its part that passes: *out is a reference of the caller's either way. */
int mt_analyze_profile_filtered(const memtrack_profile *profile, const memtrack_filter *filter,
                                const struct mt_wrapper_options *wrappers, memtrack_profile **out);

/* ---- views ----------------------------------------------------------------------------------- */

/* Copies what the caller's version of a struct has into ours, and sets the rest of ours to zero.
 * The caller's begins with its size. Returns -MEMTRACK_EUSAGE when it has no size, or when
 * something is set in a part that this version does not know. */
int mt_analyze_options_copy(const void *from, void *to, size_t bytes);
/* Checks a view, which may be NULL. On success *checked and *options are filled; their pointers are
 * the caller's. */
int mt_analyze_options_check(const memtrack_view *view, memtrack_view *checked,
                             struct mt_view_options *options);
bool mt_analyze_options_column(memtrack_column column, enum mt_value *value);
memtrack_values mt_analyze_options_values(const int64_t value[MT_N_VALUES]);
/* Returns the column by which a view is sorted that names none. */
enum mt_value mt_analyze_options_default_sort(const memtrack_profile *profile);

/* A text that is made when it is first asked for; several threads may ask at once. */
typedef _Atomic(char *) mt_analyze_text;
/* Returns what *slot keeps for good: made, which it takes over, or what another thread has put
 * there. Returns NULL when made is NULL. */
const char *mt_analyze_options_keep_text(mt_analyze_text *slot, char *made);

/* ---- call paths ------------------------------------------------------------------------------ */

int mt_analyze_stack(const memtrack_profile *profile, const struct mt_rows *rows,
                     const struct mt_row *row, memtrack_stack **out);
/* What a row is called besides its key. */
struct mt_analyze_place {
    const char *function, *file, *module;
    int64_t line;
};
struct mt_analyze_place mt_analyze_stack_place(const struct mt_rows *rows,
                                               const struct mt_row *row);

/* ---- text ------------------------------------------------------------------------------------ */

/* Returns "key: size=1.5 KiB (+512 B), count=3 (+1), average=512 B", malloc'ed. diff is NULL where
 * there are no differences. */
char *mt_analyze_stack_line(const char *key, enum mt_value sort, const int64_t value[MT_N_VALUES],
                            const int64_t diff[MT_N_VALUES]);

#endif
