/* SPDX-License-Identifier: MIT */
/* Paths, and what else must not leave the house, in texts that are no paths themselves. Private to
 * lib/view. */
#ifndef MT_VIEW_REDACT_TEXT_H
#define MT_VIEW_REDACT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the part of a path that may be shown: what stands behind its last separator. It points
 * into path. */
const char *mt_redact_text_base(const char *path);

/* Returns the text with every path in it cut down to its last part, malloc'ed; NULL when out of
 * memory. "operator/" and "MiB/s" are none. */
char *mt_redact_text_without_paths(const char *text);

/* Texts that are replaced wherever they occur. */
struct mt_redact_phrase {
    char *text, *by;
    bool is_word; /* only where neither a letter nor a digit is beside it */
};
struct mt_redact_phrases {
    struct mt_redact_phrase *items;
    size_t n, capacity;
};
/* Adds a copy. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_redact_text_add(struct mt_redact_phrases *phrases, const char *text, const char *by,
                       bool is_word);
/* To be called once all are there: a longer one goes before one that is a part of it. */
void mt_redact_text_sort(struct mt_redact_phrases *phrases);
void mt_redact_text_free(struct mt_redact_phrases *phrases);

/* Returns the text with the phrases replaced, and then without paths, malloc'ed; NULL when out of
 * memory. */
char *mt_redact_text(const struct mt_redact_phrases *phrases, const char *text);

#endif
