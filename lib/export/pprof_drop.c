/* SPDX-License-Identifier: MIT */
/*
 * A pprof file has whole call paths, which end in operator new, and there go pprof puts every byte.
 * The format has a field for that: functions whose frames are left out together with what they
 * call. It goes by names, and from the outside in. So only those names are in it that stand on no
 * path outside of the frame that is charged: std::sort is not, when a comparison of the program
 * allocates in it, or what is charged would go with it.
 *
 * pprof compares names without their parameters, up to the first bracket that is not of
 * "(anonymous namespace)" or "operator()", with the whole of the expression. Names of other than
 * ASCII are left out, since one bad byte makes the expression void; so are those that are too long
 * to be worth it. What is not in it is shown, as without it.
 */
#include "export/pprof_drop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "export/stacks.h"
#include "profile/strings.h"

enum { KEPT = 1, SKIPPED = 2, LONGEST_NAME = 4096, MOST_BYTES = 1 << 18 };

struct names {
    const struct mt_export_profile *what;
    uint8_t *bits; /* of each string of the profile */
    mt_string *skipped;
    size_t capacity;
};

static bool mark_kept(struct names *names) {
    struct mt_stacks stacks;
    bool done = true;
    mt_stacks_init(&stacks, names->what->rows);
    for (size_t i = 0; done && i < mt_export_profile_rows(names->what); i++) {
        done = mt_stacks_read(&stacks, mt_rows_at(names->what->rows, i));
        for (size_t f = 0; done && f < stacks.n; f++)
            names->bits[stacks.frames[f].function] |= KEPT;
    }
    mt_stacks_free(&stacks);
    return done;
}

static bool mark_skipped(struct names *names) {
    size_t n_samples, n_rows = mt_export_profile_rows(names->what);
    const uint32_t *row_of = mt_rows_of_samples(names->what->rows, &n_samples);
    for (uint32_t s = 0; s < n_samples; s++) {
        if (row_of[s] >= n_rows)
            continue;
        size_t n = mt_rows_skipped(names->what->rows, s, NULL, 0);
        if (!mt_array_reserve(&names->skipped, &names->capacity, n, sizeof *names->skipped))
            return false;
        mt_rows_skipped(names->what->rows, s, names->skipped, n);
        for (size_t i = 0; i < n; i++)
            names->bits[names->skipped[i]] |= SKIPPED;
    }
    return true;
}

/* ---- names as pprof compares them ------------------------------------------------------------ */

/* Returns the bytes of a bracket that does not begin parameters, 0: there is none here. */
static size_t reserved_at(const char *text) {
    static const char *const reserved[] = {"(anonymous namespace)", "operator()"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strncmp(text, reserved[i], strlen(reserved[i])) == 0)
            return strlen(reserved[i]);
    return 0;
}

/* Returns how much of a name counts. */
static size_t length_of(const char *name) {
    size_t n = 0, reserved;
    while (name[n]) {
        reserved = reserved_at(name + n);
        if (!reserved && name[n] == '(')
            break;
        n += reserved ? reserved : 1;
    }
    return n;
}

static bool is_plain(const char *name, size_t length) {
    bool plain = length > 0 && length <= LONGEST_NAME;
    for (size_t i = 0; plain && i < length; i++)
        plain = name[i] >= ' ' && name[i] < 127;
    return plain;
}

static void put_quoted(FILE *out, const char *name, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (strchr("\\.+*?()|[]{}^$", name[i]))
            putc('\\', out);
        putc(name[i], out);
    }
}

/* Takes the beginnings of all kept names, so that a skipped one of the same is found in it. */
static bool take_kept(const struct names *names, struct mt_strings *kept, uint32_t n) {
    const struct mt_profile *profile = mt_rows_profile(names->what->rows);
    bool done = true;
    for (uint32_t i = 0; done && i < n; i++) {
        const char *name = mt_profile_text(profile, i);
        if (names->bits[i] & KEPT)
            done = mt_strings_intern(kept, name, length_of(name)) != UINT32_MAX;
    }
    return done;
}

static bool put_skipped(const struct names *names, struct mt_strings *known, uint32_t n,
                        FILE *out) {
    const struct mt_profile *profile = mt_rows_profile(names->what->rows);
    size_t bytes = 0;
    for (uint32_t i = 0; i < n && bytes < MOST_BYTES; i++) {
        const char *name = mt_profile_text(profile, i);
        size_t length = length_of(name);
        uint32_t before = mt_strings_count(known);
        if (!(names->bits[i] & SKIPPED) || !is_plain(name, length))
            continue;
        uint32_t id = mt_strings_intern(known, name, length);
        if (id == UINT32_MAX)
            return false;
        if (id < before) /* it is kept, or was written */
            continue;
        if (bytes)
            putc('|', out);
        put_quoted(out, name, length);
        bytes += length + 1;
    }
    return true;
}

static char *make(struct names *names, uint32_t n) {
    char *text = NULL;
    size_t bytes;
    struct mt_strings *known = mt_strings_new();
    FILE *out = open_memstream(&text, &bytes);
    bool done = known && out && take_kept(names, known, n) && put_skipped(names, known, n, out);
    done = out && fclose(out) == 0 && done;
    mt_strings_free(known);
    if (done)
        return text;
    free(text);
    return NULL;
}

char *mt_pprof_drop_make(const struct mt_export_profile *profile) {
    uint32_t n = mt_strings_count(mt_rows_profile(profile->rows)->strings);
    struct names names = {.what = profile, .bits = calloc((size_t)n + 1, 1)};
    char *text = names.bits && mark_kept(&names) && mark_skipped(&names) ? make(&names, n) : NULL;
    free(names.bits);
    free(names.skipped);
    return text;
}
