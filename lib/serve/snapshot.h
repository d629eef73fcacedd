/* SPDX-License-Identifier: MIT */
/*
 * One instant of what is served, in each form that somebody has asked for. A snapshot does not
 * change; who sends a form of it holds it meanwhile, and several may. By one thread, but for the
 * forms: a worker makes them, which reads the profile.
 */
#ifndef MT_SERVE_SNAPSHOT_H
#define MT_SERVE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "serve/worker.h"
#include "view/processes/processes.h"
#include "view/rows/wrappers.h"

enum mt_snapshot_form {
    MT_SNAPSHOT_PROFILE,     /* what memtrack snapshot writes */
    MT_SNAPSHOT_HEAP,        /* what memtrack export --format pprof writes */
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

struct mt_snapshot_made { /* a form */
    enum { MT_MADE_NOT, MT_MADE_SOON, MT_MADE_BYTES, MT_MADE_FAILED } state;
    struct mt_body body;
    int rc; /* why it failed, */
    struct mt_error error;
    uint64_t failed_ns; /* and when */
};

struct mt_snapshot {
    struct mt_profile *profile;                         /* with names */
    uint64_t time_ns;                                   /* when it was taken, CLOCK_MONOTONIC */
    char tag[40];                                       /* of this one alone, in quotes: an ETag */
    struct mt_snapshot_about about;                     /* its texts outlive the snapshot */
    struct mt_snapshot_made forms[MT_N_SNAPSHOT_FORMS]; /* private */
    unsigned n_holders;                                 /* private */
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

/* Finds a form, which the worker makes when it is first asked for: *bytes NULL means that it is being
 * made, and is to be asked for again when the worker has done something. *bytes belong to the
 * snapshot. One that has failed is made again for who asked (asked_ns) after that. Returns 0 or an
 * error of mt_pprof_write or mt_export. */
int mt_snapshot_form(struct mt_snapshot *snapshot, enum mt_snapshot_form form,
                     struct mt_worker *worker, uint64_t asked_ns, const struct mt_body **bytes,
                     struct mt_error *error);

/* Writes a profile as pprof, which opens on a column, for the worker. Returns 0, -MEMTRACK_ENOMEM,
 * -MEMTRACK_EIO or -MEMTRACK_EUSAGE; the caller frees out->data, also then. */
int mt_snapshot_write_pprof(const struct mt_profile *profile, enum mt_value preferred,
                            const char *drop_frames, struct mt_body *out, struct mt_error *error);
/* Returns what go pprof is to leave out of a profile with these call paths, see
 * export/pprof_drop.h, for the worker. malloc'ed; NULL with an error. */
char *mt_snapshot_drop(const struct mt_snapshot *snapshot, struct mt_error *error);

#endif
