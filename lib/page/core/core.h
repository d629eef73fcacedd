/* SPDX-License-Identifier: MIT */
/*
 * What the page's script calls: the profile and its views, compiled to WebAssembly, so that the
 * page says what the command says because it is the same code.
 *
 *   page.ts ──calls──► core (this folder) ──► lib/view, lib/profile
 *           ◄──reads── memory: numbers as arrays, text as UTF-8 with a NUL
 *
 * The script asks for a profile, for views of it, and reads what it needs of them where it lies in
 * the module's memory. Pointers are the handles; what a function returns that is not said to be the
 * caller's belongs to the handle it was asked of, or is valid until the next call. One thread.
 * Errors are kept for mt_core_error_message and mt_core_error_hint. Numbers are doubles, which hold
 * every integer up to 2^53 (8 PiB) exactly.
 *
 * Options are text: key, NUL, value, NUL, … and an empty key at the end; keys are the names of the
 * command's options (options.h).
 */
#ifndef MT_PAGE_CORE_H
#define MT_PAGE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/rows/frames.h"

#ifdef __wasm__
#define MT_CORE_EXPORT(name) __attribute__((export_name(#name))) name
#else /* built for tests */
#define MT_CORE_EXPORT(name) name
#endif

/* Frames that were classified for these options; building rows takes longer without. */
struct mt_core_frames {
    struct mt_frames frames;
    char *wrappers; /* the options, as text; NULL: empty */
};
struct mt_core_profile {
    struct mt_profile *profile;
    struct mt_core_frames frames[2]; /* [1]: by module */
};

/* Of the call that failed last. */
extern struct mt_error mt_core_error;

/* Text that a script may read until the next call: valid UTF-8. */
const char *mt_core_text(const char *raw);

/* Key and value behind each other, as the options are; returned by mt_core_pairs_end. */
void mt_core_pairs_begin(void);
void mt_core_pairs_text(const char *key, const char *value);
void mt_core_pairs_number(const char *key, double value); /* a whole one */
void mt_core_pairs_real(const char *key, double value);
const char *mt_core_pairs_end(void);

#endif
