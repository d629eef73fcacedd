/* SPDX-License-Identifier: MIT */
/* A name comes from whoever may reach the server: it is bounded, and so is their number. */
#include "serve/marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Cuts at a character: bytes of the form 10xxxxxx are the rest of one. */
static size_t cut(const char *name) {
    size_t n = strlen(name);
    if (n <= MT_MARKS_NAME_BYTES)
        return n;
    for (n = MT_MARKS_NAME_BYTES; n && ((unsigned char)name[n] & 0xc0) == 0x80; n--)
        ;
    return n;
}

static char *name_mark(const struct mt_marks *marks, const char *name) {
    char *made = NULL;
    if (name && *name)
        return strndup(name, cut(name));
    return asprintf(&made, "mark %zu", marks->n_made + 1) < 0 ? NULL : made;
}

int mt_marks_add(struct mt_marks *marks, uint64_t time_ns, uint64_t live_bytes, const char *name,
                 struct mt_error *error) {
    if (marks->n == MT_MARKS_MOST)
        return mt_error_set(error, MEMTRACK_EUSAGE, "", "there are %zu marks, which is the most",
                            marks->n);
    char *own = name_mark(marks, name);
    if (!own ||
        !mt_array_reserve(&marks->items, &marks->capacity, marks->n + 1, sizeof *marks->items)) {
        free(own);
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    marks->items[marks->n++] = (struct mt_export_served_mark){time_ns, live_bytes, own};
    marks->n_made++;
    return 0;
}

void mt_marks_clear(struct mt_marks *marks) {
    for (size_t i = 0; i < marks->n; i++)
        free(marks->items[i].name);
    free(marks->items);
    *marks = (struct mt_marks){.n_made = marks->n_made};
}

int mt_marks_apply(const struct mt_marks *marks, struct mt_profile *profile) {
    int rc = 0;
    for (size_t i = 0; i < marks->n && rc == 0; i++)
        rc = mt_profile_add_mark(profile, marks->items[i].time_ns, marks->items[i].name,
                                 MT_MARK_OUTSIDE);
    return rc;
}
