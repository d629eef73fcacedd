/* SPDX-License-Identifier: MIT */
/*
 * Every text of the profile is taken in its role and given another one (profile/texts.h). Roles
 * that hold nothing but a name of their kind are simple. What people wrote, or programs, may hold
 * anything: there the paths that are known and the words of the command line are replaced as
 * phrases, and what else looks like a path is cut.
 *
 * Wrappers are patterns that may be about folders. A file that one of them matches only by those is
 * put beside the pattern by its new name, and a pattern with a folder in it goes.
 */
#include "view/redact/redact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/texts.h"
#include "view/redact/names.h"
#include "view/redact/text.h"
#include "view/rows/pattern.h"

enum { LEAST_ARGUMENT = 4, LEAST_USER = 3 };
#define REDACTED "[redacted]"

struct redaction {
    struct mt_profile *profile;
    struct mt_redact_paths paths;
    struct mt_redact_phrases phrases;
    char *text;    /* what was returned last */
    char *program; /* what the command is called from now on */
};

/* ---- texts ----------------------------------------------------------------------------------- */

/* Returns "1234 cc1" of "1234 cc1 … a.c"; what was forked stays so. malloc'ed. */
static char *process_name(const char *process) {
    const char *program = strchr(process, ' ');
    size_t bytes =
        program ? (size_t)(program - process) + 1 + strcspn(program + 1, " ") : strlen(process);
    const char *forked = strcmp(process + bytes, " (forked)") == 0 ? process + bytes : "";
    char *name = NULL, *whole = strndup(process, bytes);
    if (whole && asprintf(&name, "%.*s%s%s", program ? (int)(program + 1 - process) : 0, whole,
                          mt_redact_text_base(program ? whole + (program + 1 - process) : whole),
                          forked) < 0)
        name = NULL;
    free(whole);
    return name;
}

static char *new_text(const struct redaction *r, enum mt_texts_role role, const char *text) {
    switch (role) {
    case MT_TEXTS_FUNCTION:
        return mt_redact_text_without_paths(text);
    case MT_TEXTS_FILE:
        return strdup(mt_redact_names_of(&r->paths.files, text));
    case MT_TEXTS_MODULE:
        return strdup(mt_redact_names_of(&r->paths.modules, text));
    case MT_TEXTS_FOLDER:
        return strdup("");
    case MT_TEXTS_WORD:
        return strdup(r->program);
    case MT_TEXTS_PROCESS:
        return process_name(text);
    case MT_TEXTS_LABEL:
    case MT_TEXTS_SENTENCE:
        return mt_redact_text(&r->phrases, text);
    case MT_TEXTS_VALUE:
        return strdup(REDACTED);
    default:
        return strdup(text);
    }
}

static const char *rename_text(void *context, enum mt_texts_role role, const char *text) {
    struct redaction *r = context;
    free(r->text);
    r->text = new_text(r, role, text);
    return r->text;
}

/* ---- phrases --------------------------------------------------------------------------------- */

static int add_paths(struct redaction *r, const struct mt_redact_names *names) {
    int status = 0;
    for (size_t i = 0; i < names->n && status == 0; i++)
        if (strpbrk(names->items[i].path, " \t'(),;=@") && strchr(names->items[i].path, '/'))
            status =
                mt_redact_text_add(&r->phrases, names->items[i].path, names->items[i].name, false);
    return status;
}

/* The name of the user, if the path is below a home. */
static int add_user(struct redaction *r, const char *path) {
    static const char *const homes[] = {"/home/", "/Users/", "/var/home/", "/export/home/"};
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        size_t bytes = strlen(homes[i]);
        if (strncmp(path, homes[i], bytes) != 0)
            continue;
        size_t length = strcspn(path + bytes, "/");
        char *user = strndup(path + bytes, length);
        int status = user ? 0 : -MEMTRACK_ENOMEM;
        if (user && length >= LEAST_USER)
            status = mt_redact_text_add(&r->phrases, user, REDACTED, true);
        free(user);
        return status;
    }
    return 0;
}

/* An argument that is a plain word ("build") may be a word of any sentence, and says little. */
static bool is_telling(const char *argument) {
    size_t letters = strspn(argument, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    return strlen(argument) >= LEAST_ARGUMENT && argument[letters];
}

static int add_arguments(struct redaction *r) {
    const struct mt_profile_info *info = &r->profile->info;
    int status = 0;
    for (size_t i = 1; i < info->n_command && status == 0; i++) {
        const char *argument = mt_profile_text(r->profile, info->command[i]);
        const char *value = strchr(argument, '=');
        if (is_telling(argument))
            status = mt_redact_text_add(&r->phrases, argument, REDACTED, false);
        if (status == 0 && value && is_telling(value + 1))
            status = mt_redact_text_add(&r->phrases, value + 1, REDACTED, false);
        if (status == 0)
            status = add_user(r, argument);
    }
    return status;
}

static int add_processes(struct redaction *r) {
    mt_string last = 0;
    int status = 0;
    for (size_t i = 0; i < r->profile->n_samples && status == 0; i++) {
        mt_string process = r->profile->samples[i].process;
        const char *text = mt_profile_text(r->profile, process);
        if (process == last || !*text)
            continue;
        last = process;
        char *name = process_name(text);
        const char *words = strchr(text, ' '), *shorter = name ? strchr(name, ' ') : NULL;
        if (!name)
            status = -MEMTRACK_ENOMEM;
        else if (words && shorter && strcmp(words, shorter) != 0)
            status = mt_redact_text_add(&r->phrases, words, shorter, false);
        free(name);
    }
    return status;
}

static int add_users(struct redaction *r) {
    const struct mt_redact_names *names[] = {&r->paths.modules, &r->paths.files};
    int status = add_user(r, mt_profile_text(r->profile, r->profile->info.cwd));
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < names[k]->n && status == 0; i++)
            status = add_user(r, names[k]->items[i].path);
    return status;
}

static void make_phrases_unique(struct mt_redact_phrases *phrases) {
    size_t n = 0;
    for (size_t i = 0; i < phrases->n; i++) {
        if (n && strcmp(phrases->items[n - 1].text, phrases->items[i].text) == 0) {
            free(phrases->items[i].text);
            free(phrases->items[i].by);
        } else {
            phrases->items[n++] = phrases->items[i];
        }
    }
    phrases->n = n;
}

static int find_phrases(struct redaction *r) {
    const char *cwd = mt_profile_text(r->profile, r->profile->info.cwd);
    int status = add_paths(r, &r->paths.modules);
    if (status == 0)
        status = add_paths(r, &r->paths.files);
    if (status == 0 && *cwd && strcmp(cwd, "/") != 0)
        status = mt_redact_text_add(&r->phrases, cwd, REDACTED, true);
    if (status == 0)
        status = add_users(r);
    if (status == 0)
        status = add_arguments(r);
    if (status == 0)
        status = add_processes(r);
    mt_redact_text_sort(&r->phrases);
    make_phrases_unique(&r->phrases);
    return status;
}

/* ---- wrappers -------------------------------------------------------------------------------- */

static int keep_pattern(struct mt_profile *profile, const char *pattern) {
    int status = mt_profile_add_wrapper(profile, pattern);
    return status == -MEMTRACK_ELIMIT ? 0 : status;
}

/* A name as a pattern that matches it alone. */
static char *literal(const char *name) {
    char *pattern = malloc(2 * strlen(name) + 1), *end = pattern;
    for (; pattern && *name; name++) {
        if (strchr("*?[\\", *name))
            *end++ = '\\';
        *end++ = *name;
    }
    if (pattern)
        *end = '\0';
    return pattern;
}

/* Of the files that the pattern matches by their folders, the new names. */
static int keep_files(struct redaction *r, const char *pattern) {
    int status = 0;
    for (size_t i = 0; i < r->paths.files.n && status == 0; i++) {
        const struct mt_redact_name *file = &r->paths.files.items[i];
        if (!mt_pattern_matches(pattern, file->path) ||
            (!strchr(pattern, '/') && mt_pattern_matches(pattern, mt_redact_text_base(file->name))))
            continue;
        char *name = literal(mt_redact_text_base(file->name));
        status = name ? keep_pattern(r->profile, name) : -MEMTRACK_ENOMEM;
        free(name);
    }
    return status;
}

static int rename_wrappers(struct redaction *r) {
    struct mt_profile_info *info = &r->profile->info;
    size_t n = info->n_wrappers;
    mt_string *old = info->wrappers;
    int status = 0;
    info->wrappers = NULL;
    info->n_wrappers = 0;
    for (size_t i = 0; i < n && status == 0; i++) {
        const char *pattern = mt_profile_text(r->profile, old[i]);
        if (!strchr(pattern, '/'))
            status = keep_pattern(r->profile, pattern);
        if (status == 0)
            status = keep_files(r, pattern);
    }
    free(old);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* A title that a process gave itself ("sshd: alice@pts/0") is no name of a program. */
static int name_program(struct redaction *r) {
    struct mt_profile_info *info = &r->profile->info;
    const char *called = info->n_command ? mt_profile_text(r->profile, info->command[0]) : "";
    if (!*called || strpbrk(called, " \t=:@"))
        called = mt_profile_text(r->profile, info->exe);
    r->program = strdup(mt_redact_text_base(called));
    if (info->n_command > 1)
        info->n_command = 1;
    return r->program ? 0 : -MEMTRACK_ENOMEM;
}

static int rename_sources(struct redaction *r, struct mt_sources *sources) {
    for (size_t i = 0; sources && i < sources->n; i++) {
        char *name = strdup(mt_redact_names_of(&r->paths.files, sources->items[i].path));
        if (!name)
            return -MEMTRACK_ENOMEM;
        free(sources->items[i].path);
        sources->items[i].path = name;
    }
    return 0;
}

int mt_redact(struct mt_profile *profile, struct mt_sources *sources, struct mt_error *error) {
    struct redaction r = {.profile = profile};
    int status = mt_redact_names_init(&r.paths, profile);
    if (status == 0)
        status = find_phrases(&r);
    if (status == 0)
        status = name_program(&r);
    if (status == 0)
        status = rename_wrappers(&r);
    if (status == 0)
        status = rename_sources(&r, sources);
    if (status == 0)
        status = mt_texts_replace(profile, rename_text, &r);
    mt_redact_names_free(&r.paths);
    mt_redact_text_free(&r.phrases);
    free(r.text);
    free(r.program);
    return status == 0 ? 0
                       : mt_error_set(error, MEMTRACK_ENOMEM, "Close other programs.",
                                      "out of memory while removing names from the profile");
}
