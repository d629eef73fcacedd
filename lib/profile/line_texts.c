/* SPDX-License-Identifier: MIT */
/*
 * An array in the order of files and lines, which is searched by halves: a comparison asks once for
 * each line. A line that has two numbers, as when two files have got one name, has the lower one,
 * so that the answer does not depend on the order in which they came.
 *
 * A set is known by a hash of what is in it: two profiles of one page have read one block, and have
 * equal ones without knowing of each other.
 */
#include "profile/line_texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/hash.h"

int mt_line_texts_add(struct mt_profile *profile, mt_string file, int64_t line, uint32_t text) {
    struct mt_line_texts *texts = &profile->line_texts;
    if (!mt_array_reserve(&texts->items, &texts->capacity, texts->n + 1, sizeof *texts->items))
        return -MEMTRACK_ENOMEM;
    texts->items[texts->n++] = (struct mt_line_text){.file = file, .line = line, .text = text};
    return 0;
}

static int compare_lines(const void *x, const void *y) {
    const struct mt_line_text *a = x, *b = y;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static int compare_texts(const void *x, const void *y) {
    const struct mt_line_text *a = x, *b = y;
    int order = compare_lines(a, b);
    return order ? order : (a->text > b->text) - (a->text < b->text);
}

void mt_line_texts_sort(struct mt_profile *profile) {
    struct mt_line_texts *texts = &profile->line_texts;
    size_t n = 0;
    if (texts->n)
        qsort(texts->items, texts->n, sizeof *texts->items, compare_texts);
    for (size_t i = 0; i < texts->n; i++)
        if (n == 0 || compare_lines(&texts->items[n - 1], &texts->items[i]) != 0)
            texts->items[n++] = texts->items[i];
    texts->n = n;
}

static uint64_t hash_numbers(uint64_t hash, const struct mt_line_texts *texts) {
    for (size_t i = 0; i < texts->n; i++)
        hash = mt_hash_mix(mt_hash_mix(hash, (uint64_t)texts->items[i].line), texts->items[i].text);
    return hash;
}

void mt_line_texts_join(struct mt_profile *old, struct mt_profile *new) {
    uint64_t hash = hash_numbers(hash_numbers(1, &old->line_texts), &new->line_texts);
    old->line_texts.set = new->line_texts.set = hash | 1;
}

bool mt_line_texts_are_of_one(const struct mt_profile *a, const struct mt_profile *b) {
    return a->line_texts.set && a->line_texts.set == b->line_texts.set;
}

uint32_t mt_line_texts_at(const struct mt_profile *profile, mt_string file, int64_t line) {
    const struct mt_line_texts *texts = &profile->line_texts;
    const struct mt_line_text key = {.file = file, .line = line};
    const struct mt_line_text *found =
        texts->n ? bsearch(&key, texts->items, texts->n, sizeof key, compare_lines) : NULL;
    return found ? found->text : 0;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void write_side(FILE *stream, const struct mt_profile *profile) {
    const struct mt_line_texts *texts = &profile->line_texts;
    for (size_t i = 0; i < texts->n; i++) {
        const struct mt_line_text *it = &texts->items[i];
        bool is_first = i == 0 || it[-1].file != it->file;
        if (is_first && i)
            fputc('\0', stream);
        if (is_first)
            fprintf(stream, "%s%c", mt_profile_text(profile, it->file), 0);
        fprintf(stream, is_first ? "%lld=%u" : " %lld=%u", (long long)it->line, it->text);
    }
    if (texts->n)
        fputc('\0', stream);
    fputc('\0', stream);
}

int mt_line_texts_write(const struct mt_profile *const profiles[2], char **block, size_t *bytes) {
    FILE *stream = open_memstream(block, bytes);
    if (!stream)
        return -MEMTRACK_ENOMEM;
    write_side(stream, profiles[0]);
    write_side(stream, profiles[1]);
    if (fclose(stream) == 0)
        return 0;
    free(*block);
    *block = NULL;
    return -MEMTRACK_ENOMEM;
}

struct words {
    const char *at, *end;
};

/* Returns the next word; NULL behind the last, which may lack its NUL. */
static const char *next_word(struct words *words) {
    const char *word = words->at;
    const char *end = word < words->end ? memchr(word, '\0', (size_t)(words->end - word)) : NULL;
    words->at = end ? end + 1 : words->end;
    return end ? word : NULL;
}

/* Digits up to something else; numbers that are too large are others. */
static const char *read_number(const char *at, uint64_t *number) {
    for (*number = 0; *at >= '0' && *at <= '9'; at++)
        *number = *number * 10 + (uint64_t)(*at - '0');
    return at;
}

static int read_lines(struct mt_profile *profile, mt_string file, const char *at) {
    int status = 0;
    while (*at && status == 0) {
        uint64_t line, text;
        at = read_number(at, &line);
        if (*at != '=')
            break;
        at = read_number(at + 1, &text);
        if (line && line <= INT64_MAX && text && text <= UINT32_MAX)
            status = mt_line_texts_add(profile, file, (int64_t)line, (uint32_t)text);
        at += *at == ' ';
    }
    return status;
}

/* Goes through the files of a side, and adds them when there is a profile to add them to. */
static int read_side(struct words *words, struct mt_profile *profile) {
    const char *name, *lines;
    int status = 0;
    while ((name = next_word(words)) && *name && (lines = next_word(words)) && status == 0) {
        mt_string file = profile ? mt_profile_intern(profile, name) : 0;
        if (file == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
        if (profile)
            status = read_lines(profile, file, lines);
    }
    return status;
}

int mt_line_texts_read(struct mt_profile *profile, size_t side, const char *block, size_t bytes) {
    struct words words = {block, block + bytes};
    uint64_t hash = bytes;
    if (side)
        read_side(&words, NULL);
    int status = read_side(&words, profile);
    mt_line_texts_sort(profile);
    for (size_t i = 0; i < bytes; i++)
        hash = mt_hash_mix(hash, (uint8_t)block[i]);
    profile->line_texts.set = hash | 1;
    return status;
}
