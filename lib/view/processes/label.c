/* SPDX-License-Identifier: MIT */
/*
 * A build calls its compiler a hundred times with thirty words, of which two differ: these are what
 * a person looks for. So a word that every process of the program has is left out, and so is one
 * that the label has already. Names of temporary files differ every time and say nothing: they are
 * left out when something else is there. Of a path the last name is shown, as the directories above
 * it are those of the project.
 *
 * A process that was forked and executed nothing has the command of its parent: it is said to be
 * forked.
 *
 * Words are counted through the hash of a word with its program, each once for a process: counting
 * a build of ten thousand processes takes as long as reading their words.
 */
#include "view/processes/label.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "view/format/format.h"

enum { MOST_BYTES = 400 }; /* of a label: beyond what any table shows */

struct count {
    uint64_t key;     /* of a word in a program; 0: this place is free */
    uint32_t n, last; /* processes that have it; the last of them + 1 */
};

struct counts {
    struct count *items;
    size_t mask;
};

static uint64_t text_hash(uint64_t hash, const char *text) {
    for (; *text; text++)
        hash = mt_hash_mix(hash, (unsigned char)*text);
    return mt_hash_mix(hash, 1) | 1;
}

static struct count *count_of(const struct counts *counts, uint64_t key) {
    size_t slot = (size_t)(key >> 1) & counts->mask;
    while (counts->items[slot].key && counts->items[slot].key != key)
        slot = (slot + 1) & counts->mask;
    counts->items[slot].key = key;
    return &counts->items[slot];
}

static void note(const struct counts *counts, uint64_t key, size_t process) {
    struct count *count = count_of(counts, key);
    if (count->last == process + 1)
        return;
    count->last = (uint32_t)process + 1;
    count->n++;
}

static bool count_words(const struct mt_processes *processes, struct counts *counts) {
    size_t n = 1, capacity = 16;
    for (size_t i = 0; i < processes->n; i++)
        n += processes->items[i].n_words + 1;
    while (capacity < 2 * n)
        capacity *= 2;
    counts->items = calloc(capacity, sizeof *counts->items);
    counts->mask = capacity - 1;
    for (size_t i = 0; counts->items && i < processes->n; i++) {
        const struct mt_process *p = &processes->items[i];
        uint64_t program = text_hash(0, p->program);
        note(counts, program, i);
        for (size_t w = 1; w < p->n_words; w++)
            note(counts, text_hash(program, p->command[w]), i);
    }
    return counts->items != NULL;
}

/* ---- one label ------------------------------------------------------------------------------- */

/* "/tmp/ccX.s", and "-fresolution=/tmp/ccX.res". */
static bool is_temporary(const char *word) {
    const char *directory = getenv("TMPDIR"), *value = strrchr(word, '=');
    word = value ? value + 1 : word;
    size_t bytes = directory ? strlen(directory) : 0;
    return strncmp(word, "/tmp/", 5) == 0 || strncmp(word, "/var/tmp/", 9) == 0 ||
           (bytes > 1 && strncmp(word, directory, bytes) == 0);
}

static bool is_repeated(const struct mt_process *p, size_t w) {
    for (size_t i = 1; i < w; i++)
        if (strcmp(p->command[i], p->command[w]) == 0)
            return true;
    return false;
}

/* Writes the last name of a path, and any other word as it is. */
static void put_word(FILE *out, const char *word) {
    const char *slash = strrchr(word, '/');
    bool is_path = slash && slash[1] && !strpbrk(word, " \t\n=");
    fputc(' ', out);
    mt_format_word_put(out, is_path ? slash + 1 : word, SIZE_MAX, "");
}

/* Returns whether the word tells this process from the others of its program. */
static bool is_telling(const struct counts *counts, const struct mt_process *p, uint64_t program,
                       size_t w) {
    uint32_t n = count_of(counts, program)->n;
    return n < 2 ||
           (count_of(counts, text_hash(program, p->command[w]))->n < n && !is_repeated(p, w));
}

static size_t count_telling(const struct counts *counts, const struct mt_process *p,
                            uint64_t program, bool with_temporary) {
    size_t n = 0;
    for (size_t w = 1; w < p->n_words; w++)
        n += is_telling(counts, p, program, w) && (with_temporary || !is_temporary(p->command[w]));
    return n;
}

static char *make_label(const struct counts *counts, const struct mt_process *p,
                        const char *ellipsis) {
    uint64_t program = text_hash(0, p->program);
    bool is_only = count_of(counts, program)->n < 2 || count_telling(counts, p, program, true) == 0,
         with_temporary = is_only || count_telling(counts, p, program, false) == 0;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return NULL;
    fputs(p->program, out);
    if (*ellipsis && !is_only && count_telling(counts, p, program, with_temporary) + 1 < p->n_words)
        fprintf(out, " %s", ellipsis);
    for (size_t w = 1; w < p->n_words && bytes < MOST_BYTES; w++) {
        if (is_only ||
            (is_telling(counts, p, program, w) && (with_temporary || !is_temporary(p->command[w]))))
            put_word(out, p->command[w]);
        fflush(out); /* which brings bytes up to date */
    }
    return fclose(out) == 0 ? text : NULL;
}

/* Tells whether the process goes on in the program that it was forked from. */
static bool is_forked(const struct mt_processes *processes, size_t i) {
    const struct mt_process *p = &processes->items[i];
    size_t parent = p->image == 0 ? mt_processes_parent(processes, i) : SIZE_MAX;
    if (parent == SIZE_MAX || processes->items[parent].n_words != p->n_words ||
        strcmp(processes->items[parent].exe, p->exe) != 0)
        return false;
    for (size_t w = 0; w < p->n_words; w++)
        if (strcmp(processes->items[parent].command[w], p->command[w]) != 0)
            return false;
    return true;
}

static char *forked_label(const struct mt_process *p) {
    char *text;
    return asprintf(&text, "%s (forked)", p->program) < 0 ? NULL : text;
}

void mt_processes_label_free(char **labels, size_t n) {
    for (size_t i = 0; labels && i < n; i++)
        free(labels[i]);
    free(labels);
}

char **mt_processes_label(const struct mt_processes *processes, const char *ellipsis) {
    struct counts counts = {0};
    char **labels = calloc(processes->n + 1, sizeof *labels);
    bool done = labels && count_words(processes, &counts);
    for (size_t i = 0; done && i < processes->n; i++)
        done = (labels[i] = is_forked(processes, i)
                                ? forked_label(&processes->items[i])
                                : make_label(&counts, &processes->items[i], ellipsis)) != NULL;
    free(counts.items);
    if (done)
        return labels;
    mt_processes_label_free(labels, processes->n);
    return NULL;
}
