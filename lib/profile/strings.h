/* SPDX-License-Identifier: MIT */
/*
 * A table of strings: a text is kept once and known by a 32-bit index. That of a profile is reached
 * by mt_profile_intern and mt_profile_text. Not thread-safe.
 */
#ifndef MT_PROFILE_STRINGS_H
#define MT_PROFILE_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct mt_strings;

/* Returns a table that holds "" as index 0, or NULL when out of memory. */
struct mt_strings *mt_strings_new(void);
void mt_strings_free(struct mt_strings *strings); /* NULL is fine */

/* Returns the index of the text up to bytes or its first NUL, which is added when it is new;
 * UINT32_MAX when out of memory. */
uint32_t mt_strings_intern(struct mt_strings *strings, const char *text, size_t bytes);

/* Returns the text, NUL-terminated and valid until the table is freed; "" for an index out of
 * range. */
const char *mt_strings_text(const struct mt_strings *strings, uint32_t index);

uint32_t mt_strings_count(const struct mt_strings *strings);

#endif
