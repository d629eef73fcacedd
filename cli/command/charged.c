/* SPDX-License-Identifier: MIT */
/*
 * Patterns come from the command line, the environment and the project, and count alike; a profile
 * adds what it has stored (view/rows/patterns.h). There are at most as many as a profile can store,
 * so that every later view has all of them.
 */
#include "command/charged.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "command/options.h"
#include "command/project.h"
#include "profile/profile.h"
#include "text/terminal.h"

#define VARIABLE "MEMTRACK_WRAPPERS"
#define BLANKS   " \t\n\r"

struct source {
    const char *program;
    struct mt_charged *charged;
    size_t n_left_out;
    const char *from; /* of the first that was left out */
};

static bool is_there(const struct mt_charged *charged, const char *pattern) {
    for (size_t i = 0; i < charged->n; i++)
        if (strcmp(charged->patterns[i], pattern) == 0)
            return true;
    return false;
}

static bool has_room(const struct mt_charged *charged, const char *pattern) {
    return charged->n < MT_PROFILE_WRAPPERS && strlen(pattern) <= MT_PROFILE_WRAPPER_BYTES;
}

/* Adds a copy. */
static void add(struct source *source, const char *pattern, const char *from) {
    struct mt_charged *charged = source->charged;
    if (is_there(charged, pattern))
        return;
    char *own = has_room(charged, pattern) ? strdup(pattern) : NULL;
    if (own && mt_array_grow(&charged->owned, charged->n_owned, sizeof *charged->owned) &&
        mt_array_grow(&charged->patterns, charged->n, sizeof *charged->patterns)) {
        charged->patterns[charged->n++] = charged->owned[charged->n_owned++] = own;
        return;
    }
    free(own);
    source->from = source->n_left_out++ ? source->from : from;
}

static void take_environment(struct source *source) {
    const char *list = getenv(VARIABLE);
    char *copy = list ? strdup(list) : NULL, *state = NULL;
    for (char *word = copy ? strtok_r(copy, ",", &state) : NULL; word;
         word = strtok_r(NULL, ",", &state)) {
        word += strspn(word, BLANKS);
        size_t n = strlen(word);
        while (n > 0 && strchr(BLANKS, word[n - 1]))
            word[--n] = '\0';
        if (n > 0)
            add(source, word, VARIABLE);
    }
    free(copy);
}

static void take_setting(void *context, const struct mt_project_setting *wrapper) {
    add(context, wrapper->value, MT_PROJECT_FILE);
}

void mt_charged_complete(const char *program, struct mt_charged *charged) {
    struct source source = {.program = program, .charged = charged};
    struct mt_project project;
    take_environment(&source);
    mt_project_read(program, &project);
    mt_project_each(program, &project, take_setting, &source);
    mt_project_free(&project);
    if (source.n_left_out)
        mt_terminal_print_problem(
            program, "One pattern can stand for many names, such as my_*alloc.",
            "%zu wrapper pattern%s of %s left out: at most %d count, of at most %d bytes each",
            source.n_left_out, source.n_left_out == 1 ? "" : "s", source.from, MT_PROFILE_WRAPPERS,
            MT_PROFILE_WRAPPER_BYTES);
}

static void add_option(const struct argp_state *state, const char *text,
                       struct mt_charged *charged) {
    if (!has_room(charged, text))
        argp_error(state, "--wrapper %.40s: needs at most %d patterns, of at most %d bytes", text,
                   MT_PROFILE_WRAPPERS, MT_PROFILE_WRAPPER_BYTES);
    mt_options_pattern(state, "--wrapper", MT_NEEDED_FRAME, text, &charged->patterns, &charged->n);
}

bool mt_charged_parse(int key, const char *text, const struct argp_state *state,
                      struct mt_charged *charged) {
    switch (key) {
    case MT_KEY_WRAPPER:
        add_option(state, text, charged);
        return true;
    case MT_KEY_KEEP_STD:
        return charged->keep_std = true;
    case MT_KEY_KEEP_WRAPPERS:
        return charged->keep_wrappers = true;
    default:
        return false;
    }
}

void mt_charged_free(struct mt_charged *charged) {
    for (size_t i = 0; i < charged->n_owned; i++)
        free(charged->owned[i]);
    free(charged->owned);
    free(charged->patterns);
    *charged = (struct mt_charged){.n = 0};
}

struct mt_wrapper_options mt_charged_wrappers(const struct mt_charged *charged) {
    return (struct mt_wrapper_options){.patterns = charged->patterns,
                                       .n_patterns = charged->n,
                                       .keep_libraries = charged->keep_std,
                                       .keep_all = charged->keep_wrappers};
}
