/* SPDX-License-Identifier: MIT */
/* Names are kept in the order of their numbers and found by a hash table over them. names_free
 * forgets something. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

struct names {
    char **text;
    size_t n, *slots, n_slots; /* slots: number + 1, 0: free */
};

struct names *names_new(void) {
    return calloc(1, sizeof(struct names));
}

static size_t hash(const char *text) {
    size_t value = 5381;
    while (*text)
        value = value * 33 + (unsigned char)*text++;
    return value;
}

static size_t *find(const struct names *names, const char *name) {
    size_t i = hash(name) % names->n_slots;
    while (names->slots[i] && strcmp(names->text[names->slots[i] - 1], name) != 0)
        i = (i + 1) % names->n_slots;
    return &names->slots[i];
}

static void grow(struct names *names) {
    names->n_slots = names->n_slots ? names->n_slots * 2 : 64;
    free(names->slots);
    names->slots = calloc(names->n_slots, sizeof *names->slots);
    names->text = realloc(names->text, names->n_slots * sizeof *names->text);
    for (size_t i = 0; i < names->n; i++)
        *find(names, names->text[i]) = i + 1;
}

size_t names_add(struct names *names, const char *name) {
    if (names->n * 2 >= names->n_slots)
        grow(names);
    size_t *slot = find(names, name);
    if (!*slot) {
        names->text[names->n++] = strdup(name);
        *slot = names->n;
    }
    return *slot - 1;
}

void names_free(struct names *names) {
    for (size_t i = 0; i < names->n; i++)
        free(names->text[i]);
    free(names->text);
    free(names);
}
