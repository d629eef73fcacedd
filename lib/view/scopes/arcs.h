/* SPDX-License-Identifier: MIT */
/*
 * Who called whom, of functions that are scopes: for each function its callers, or what it called.
 * Pure functions over a profile, whose numbers may be anything.
 */
#ifndef MT_VIEW_SCOPES_ARCS_H
#define MT_VIEW_SCOPES_ARCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

enum mt_scopes_arcs_side { MT_ARCS_CALLERS, MT_ARCS_CALLEES };

/* These are all calls of one function by another. sum is with what the called one called, and of
 * calls alone that were not inside of another call of it; own is without. */
struct mt_scopes_arc {
    mt_string function; /* whose callers, or callees, are listed */
    mt_string other;    /* 0: what began the thread, or is not known */
    uint64_t count, outermost;
    int64_t sum[MT_N_CALL_VALUES], own[MT_N_CALL_VALUES];
};

/* Arcs of one function follow one another; among them, what took longest comes first. */
struct mt_scopes_arcs {
    struct mt_scopes_arc *items;
    size_t n;
};

/* Returns 0 or -MEMTRACK_ENOMEM. The arcs are freed by mt_scopes_arcs_free. */
int mt_scopes_arcs_build(const struct mt_profile *profile, enum mt_scopes_arcs_side side,
                         struct mt_scopes_arcs *out, struct mt_error *error);
void mt_scopes_arcs_free(struct mt_scopes_arcs *arcs);

/* Returns the first arc of a function, and how many there are; NULL when there is none. */
const struct mt_scopes_arc *mt_scopes_arcs_of(const struct mt_scopes_arcs *arcs, mt_string function,
                                              size_t *n);

/* Returns what exports call the values: "duration_ns", ... */
const char *mt_scopes_arcs_value_key(enum mt_call_value value);

#endif
