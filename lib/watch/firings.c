/* SPDX-License-Identifier: MIT */
/*
 * Apart from the triggers (trigger.h), because it belongs to a process: who follows many keeps it
 * with each of them, and lets go of it together with the rest.
 */
#include "watch/firings.h"

#include <stdlib.h>

#include "base/array.h"

struct mt_firings *mt_firings_new(const struct mt_condition *conditions, size_t n) {
    struct mt_firings *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->watches = calloc(n + 1, sizeof *f->watches);
    f->n_fired = calloc(n + 1, sizeof *f->n_fired);
    if (!f->watches || !f->n_fired) {
        mt_firings_free(f);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        mt_condition_watch_init(&f->watches[i], &conditions[i]);
    return f;
}

void mt_firings_free(struct mt_firings *f) {
    if (!f)
        return;
    free(f->watches);
    free(f->n_fired);
    free(f->marks);
    free(f);
}

void mt_firings_mark(struct mt_firings *f, uint64_t time_ns, const char *name) {
    if (mt_array_grow(&f->marks, f->n_marks, sizeof *f->marks)) /* the action is what matters */
        f->marks[f->n_marks++] = (struct mt_firings_mark){time_ns, name};
}

int mt_firings_apply(const struct mt_firings *f, struct mt_profile *profile) {
    int rc = 0;
    for (size_t i = 0; f && rc == 0 && i < f->n_marks; i++)
        rc = mt_profile_add_mark(profile, f->marks[i].time_ns, f->marks[i].name, MT_MARK_TRIGGER);
    return rc;
}
