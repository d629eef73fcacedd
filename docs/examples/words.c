/* SPDX-License-Identifier: MIT */
/*
 * words: an index of the words on standard input, the example of the README. It keeps more than it
 * needs to and frees less than it should, so that a tracker has something to say.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

struct word {
    struct word *next;
    char *text;
    int *lines;
    int n_lines, capacity;
};

struct index {
    struct word *bucket[BUCKETS];
    char **line;
    int n_lines, capacity;
};

static void add_line_number(struct word *word, int line) {
    if (word->n_lines == word->capacity) {
        word->capacity = word->capacity ? word->capacity * 2 : 8;
        word->lines = realloc(word->lines, (size_t)word->capacity * sizeof *word->lines);
    }
    word->lines[word->n_lines++] = line;
}

static struct word *find_word(struct index *index, const char *text) {
    unsigned hash = 5381;
    for (const char *p = text; *p; p++)
        hash = hash * 33 + (unsigned char)*p;
    struct word **slot = &index->bucket[hash % BUCKETS];
    for (struct word *word = *slot; word; word = word->next)
        if (!strcmp(word->text, text))
            return word;
    struct word *word = calloc(1, sizeof *word);
    word->text = strdup(text);
    word->next = *slot;
    *slot = word;
    return word;
}

static void index_line(struct index *index, const char *line, int number) {
    char *copy = strdup(line);
    for (char *token = strtok(copy, " \t\n"); token; token = strtok(NULL, " \t\n")) {
        for (char *p = token; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        add_line_number(find_word(index, token), number);
    }
    free(copy);
}

static void keep_line(struct index *index, const char *line) {
    if (index->n_lines == index->capacity) {
        index->capacity = index->capacity ? index->capacity * 2 : 64;
        index->line = realloc(index->line, (size_t)index->capacity * sizeof *index->line);
    }
    index->line[index->n_lines++] = strdup(line);
}

int main(void) {
    struct index *index = calloc(1, sizeof *index);
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        keep_line(index, line);
        index_line(index, line, index->n_lines);
    }
    int words = 0;
    for (int i = 0; i < BUCKETS; i++)
        for (struct word *word = index->bucket[i]; word; word = word->next)
            words++;
    printf("%d lines, %d words\n", index->n_lines, words);
    for (int i = 0; i < index->n_lines; i++)
        free(index->line[i]);
    free(index->line);
    return 0;
}
