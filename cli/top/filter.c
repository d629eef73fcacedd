/* SPDX-License-Identifier: MIT */
/*
 * Who looks for something in a list that moves types a part of a name: a word without a wildcard
 * matches anywhere in it.
 */
#include "top/filter.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Makes "*parse*" of "parse", "*a.c:12" of "a.c:12" (with a '*' at its end it would match line 120
 * as well), and "scope:*x*" of "scope:x". */
static char *widen(const char *word) {
    static const char *const labels[] = {"scope:", "domain:", "thread:"};
    char *pattern = NULL;
    size_t label = 0;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strncmp(word, labels[i], strlen(labels[i])) == 0)
            label = strlen(labels[i]);
    const char *text = word + label, *colon = label ? NULL : strrchr(text, ':');
    bool has_line = colon && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1);
    if (strpbrk(text, "*?["))
        return strdup(word);
    int n = asprintf(&pattern, "%.*s*%s%s", (int)label, word, text, has_line ? "" : "*");
    return n < 0 ? NULL : pattern;
}

static bool append(const char *const **list, size_t *n, char *pattern) {
    if (!pattern || !mt_array_grow(list, *n, sizeof pattern)) {
        free(pattern);
        return false;
    }
    ((const char **)(uintptr_t)*list)[(*n)++] = pattern;
    return true;
}

bool mt_top_filter_parse(const char *text, struct mt_filter *filter) {
    char *copy = strdup(text), *state = NULL;
    bool ok = copy != NULL;
    *filter = (struct mt_filter){0};
    for (char *word = copy ? strtok_r(copy, " ", &state) : NULL; word && ok;
         word = strtok_r(NULL, " ", &state)) {
        if (*word != '!')
            ok = append(&filter->include, &filter->n_include, widen(word));
        else if (word[1])
            ok = append(&filter->exclude, &filter->n_exclude, widen(word + 1));
    }
    free(copy);
    if (!ok)
        mt_top_filter_free(filter);
    return ok;
}

void mt_top_filter_free(struct mt_filter *filter) {
    for (size_t i = 0; i < filter->n_include; i++)
        free((void *)(uintptr_t)filter->include[i]);
    for (size_t i = 0; i < filter->n_exclude; i++)
        free((void *)(uintptr_t)filter->exclude[i]);
    free((void *)(uintptr_t)filter->include);
    free((void *)(uintptr_t)filter->exclude);
    *filter = (struct mt_filter){0};
}
