/* SPDX-License-Identifier: MIT */
/*
 * A path in a sentence is a run of characters with a slash in it, up to a blank, a quote, a bracket
 * or another sign that ends a word. Rather a word too much is cut than one too few: of "read/write"
 * "write" remains. What is known to be a path although it has a blank in it, and what the command
 * line said, is replaced as a phrase beforehand.
 */
#include "view/redact/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"

#define ENDS_OF_WORDS " \t\n\r\"'`()<>[]{},;|=@"
#define ELLIPSIS      "…"

/* "C:\folder\file", which a compiler for Windows writes. */
static bool has_drive(const char *path) {
    return isalpha((unsigned char)path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
}

const char *mt_redact_text_base(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *back = has_drive(path) ? strrchr(path, '\\') : NULL;
    const char *last = slash && (!back || slash > back) ? slash : back;
    return last ? last + 1 : path;
}

/* "MiB/s", "3/s", "blocks/s" */
static bool is_rate(const char *run, size_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "bytes", "blocks"};
    while (bytes && (isdigit((unsigned char)*run) || *run == '.')) {
        run++;
        bytes--;
    }
    if (bytes == 2 || (bytes == 3 && strchr("KMGT", *run)))
        return memcmp(run + bytes - 2, "/s", 2) == 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t unit = strlen(units[i]);
        if (bytes == unit + 2 && memcmp(run, units[i], unit) == 0 &&
            memcmp(run + unit, "/s", 2) == 0)
            return true;
    }
    return false;
}

/* "operator/", "ns::operator/=" */
static bool is_operator(const char *run, size_t bytes) {
    static const char name[] = "operator/";
    size_t length = sizeof name - 1;
    const char *at = memmem(run, bytes, name, length);
    return at && !memchr(run, '/', (size_t)(at - run)) &&
           !memchr(at + length, '/', bytes - (size_t)(at - run) - length);
}

static void put_run(FILE *out, const char *run, size_t bytes) {
    char *copy = strndup(run, bytes);
    const char *base = copy ? mt_redact_text_base(copy) : "";
    if (copy && (base == copy || is_rate(run, bytes) || is_operator(run, bytes)))
        fputs(copy, out);
    else
        fputs(*base ? base : ELLIPSIS, out);
    free(copy);
}

char *mt_redact_text_without_paths(const char *text) {
    char *result = NULL;
    size_t bytes;
    FILE *out = open_memstream(&result, &bytes);
    if (!out)
        return NULL;
    while (*text) {
        size_t run = strcspn(text, ENDS_OF_WORDS);
        put_run(out, text, run);
        text += run;
        if (*text)
            fputc(*text++, out);
    }
    if (fclose(out) == 0)
        return result;
    free(result);
    return NULL;
}

/* ---- phrases --------------------------------------------------------------------------------- */

int mt_redact_text_add(struct mt_redact_phrases *phrases, const char *text, const char *by,
                       bool is_word) {
    if (!mt_array_reserve(&phrases->items, &phrases->capacity, phrases->n + 1,
                          sizeof *phrases->items))
        return -MEMTRACK_ENOMEM;
    struct mt_redact_phrase *phrase = &phrases->items[phrases->n];
    *phrase = (struct mt_redact_phrase){strdup(text), strdup(by), is_word};
    phrases->n++;
    return phrase->text && phrase->by ? 0 : -MEMTRACK_ENOMEM;
}

static int compare_lengths(const void *x, const void *y) {
    const struct mt_redact_phrase *a = x, *b = y;
    size_t m = strlen(a->text), n = strlen(b->text);
    return m != n ? (m < n) - (m > n) : strcmp(a->text, b->text);
}

void mt_redact_text_sort(struct mt_redact_phrases *phrases) {
    if (phrases->n)
        qsort(phrases->items, phrases->n, sizeof *phrases->items, compare_lengths);
}

void mt_redact_text_free(struct mt_redact_phrases *phrases) {
    for (size_t i = 0; i < phrases->n; i++) {
        free(phrases->items[i].text);
        free(phrases->items[i].by);
    }
    free(phrases->items);
    *phrases = (struct mt_redact_phrases){0};
}

/* Returns the phrase that begins there, or NULL. before: what stands in front of it. */
static const struct mt_redact_phrase *phrase_at(const struct mt_redact_phrases *phrases,
                                                const char *text, char before) {
    for (size_t i = 0; i < phrases->n; i++) {
        const struct mt_redact_phrase *phrase = &phrases->items[i];
        size_t bytes = strlen(phrase->text);
        if (strncmp(text, phrase->text, bytes) == 0 &&
            !(phrase->is_word &&
              (isalnum((unsigned char)before) || isalnum((unsigned char)text[bytes]))))
            return phrase;
    }
    return NULL;
}

static char *replace_phrases(const struct mt_redact_phrases *phrases, const char *text) {
    char *result = NULL, before = '\0';
    size_t bytes;
    FILE *out = open_memstream(&result, &bytes);
    if (!out)
        return NULL;
    while (*text) {
        const struct mt_redact_phrase *phrase = phrase_at(phrases, text, before);
        if (phrase)
            fputs(phrase->by, out);
        else
            fputc(*text, out);
        text += phrase ? strlen(phrase->text) : 1;
        before = text[-1];
    }
    if (fclose(out) == 0)
        return result;
    free(result);
    return NULL;
}

char *mt_redact_text(const struct mt_redact_phrases *phrases, const char *text) {
    char *replaced = replace_phrases(phrases, text),
         *result = replaced ? mt_redact_text_without_paths(replaced) : NULL;
    free(replaced);
    return result;
}
