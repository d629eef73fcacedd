/* SPDX-License-Identifier: MIT */
/*
 * One instant of what is served, in each form that somebody has asked for. A snapshot does not
 * change; who sends a form of it holds it meanwhile, and several may. By one thread.
 */
#ifndef MT_SERVE_SNAPSHOT_H
#define MT_SERVE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/processes/processes.h"
#include "view/rows/wrappers.h"

enum mt_snapshot_form {
    MT_SNAPSHOT_PROFILE,     /* what memtrack snapshot writes */
    MT_SNAPSHOT_ALLOCATIONS, /* the same, which opens on what was allocated */
    MT_SNAPSHOT_PAGE,        /* which fetches what comes later, if there is anything */
    MT_SNAPSHOT_OPENMETRICS,
    MT_SNAPSHOT_PROMETHEUS,
    MT_SNAPSHOT_TEXT, /* gperftools' heap profile, whole call paths */
    MT_N_SNAPSHOT_FORMS
};

/* Bytes that do not change. */
struct mt_body {
    char *data; /* malloc'ed */
    size_t n;
};

/* What all snapshots of a served thing have in common. */
struct mt_snapshot_about {
    struct mt_wrapper_options wrappers; /* of rows; the patterns are those of who made it */
    const char *file; /* the page has this file in it; NULL: it fetches profiles */
    const struct mt_processes *processes; /* of a run of several, or NULL */
};

struct mt_snapshot {
    struct mt_profile *profile;                /* with names */
    uint64_t time_ns;                          /* when it was taken, CLOCK_MONOTONIC */
    char tag[40];                              /* of this one alone, in quotes: an ETag */
    struct mt_snapshot_about about;            /* its texts outlive the snapshot */
    struct mt_body forms[MT_N_SNAPSHOT_FORMS]; /* private; data NULL: not asked for yet */
    unsigned n_holders;                        /* private */
};

/* Takes the profile, also when this fails. Returns a snapshot that the caller holds; NULL: out of
 * memory. */
struct mt_snapshot *mt_snapshot_new(struct mt_profile *profile, uint64_t time_ns,
                                    const struct mt_snapshot_about *about);
struct mt_snapshot *mt_snapshot_hold(struct mt_snapshot *snapshot); /* returns it */
void mt_snapshot_release(struct mt_snapshot *snapshot);             /* NULL is fine */

/* Forgets its forms and gets another tag, after the profile was changed. Returns false, and does
 * nothing, when it has other holders than the caller. */
bool mt_snapshot_change(struct mt_snapshot *snapshot);

/* Finds a form, which is made at the first call. *bytes belong to the snapshot. Returns 0 or an
 * error of mt_pprof_write or mt_export. */
int mt_snapshot_form(struct mt_snapshot *snapshot, enum mt_snapshot_form form,
                     const struct mt_body **bytes, struct mt_error *error);

/* Writes what was allocated and freed from one snapshot to a later one, as a profile. Columns that
 * have no difference (the peak, a site's own maximum) are left out. Returns 0, -MEMTRACK_ENOMEM or
 * -MEMTRACK_ELIMIT; the caller frees out->data. */
int mt_snapshot_difference(struct mt_snapshot *from, const struct mt_snapshot *to,
                           bool of_allocations, struct mt_body *out, struct mt_error *error);

#endif
