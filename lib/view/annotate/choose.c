/* SPDX-License-Identifier: MIT */
/*
 * "reader.c", "io/reader.c:read_all", "reader.c:64": sources are matched as filters match them, so
 * that what a report prints can be typed. A name without wildcards means one file; where several
 * are called so, they are named, and none is taken. Files that have figures come first: a profile
 * names thousands that have none.
 *
 * The lines of a function are known by its frames: from its beginning, or else its first call, to
 * the last line in which anything was called. Inlined copies of it are frames as well, with the
 * same lines. Overloads of one name make several ranges.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/annotate/annotate-local.h"
#include "view/rows/rows-local.h"

enum { AROUND_LINE = 10, MOST_NAMED = 4 };

struct asking {
    struct mt_annotate *out;
    struct mt_annotate_choice *choice;
    const struct mt_profile *profile;
    char *source, *function; /* function NULL: none, or a line */
    int64_t line;            /* 0: none */
    bool *is_known;          /* by file */
    size_t n_known;
    struct mt_error *error;
};

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "Close other programs, or use --include.",
                        "out of memory while looking for sources");
}

/* ---- what was asked -------------------------------------------------------------------------- */

/* Returns the colon that ends SOURCE, which none of "::" does. */
static char *separator(char *text) {
    for (char *at = strchr(text, ':'); at; at = strchr(at, ':')) {
        if (at != text && at[1] && at[1] != ':')
            return at;
        at += strspn(at, ":");
    }
    return NULL;
}

static bool split(struct asking *a, const char *source) {
    a->source = strdup(source);
    char *colon = a->source ? separator(a->source) : NULL;
    if (!colon)
        return a->source != NULL;
    *colon = '\0';
    a->function = colon + 1;
    size_t digits = strspn(a->function, "0123456789");
    if (digits && digits < 10 && !a->function[digits]) {
        int64_t line = strtoll(a->function, NULL, 10);
        a->line = line ? line : 1;
        a->function = NULL;
    }
    return true;
}

static bool matches(const struct asking *a, mt_string file) {
    const struct mt_filter_frame frame = {
        .function = "", .module = "", .file = mt_profile_text(a->profile, file)};
    return mt_filter_pattern_matches(a->source, &frame);
}

static bool is_pattern(const char *source) {
    return strpbrk(source, "*?[") || strstr(source, "…") || strstr(source, "...");
}

/* ---- files ----------------------------------------------------------------------------------- */

static int compare_files(const void *x, const void *y) {
    const struct mt_annotate_chosen *a = x, *b = y;
    return (a->file > b->file) - (a->file < b->file);
}

const struct mt_annotate_chosen *mt_annotate_choose_find(const struct mt_annotate_choice *choice,
                                                         mt_string file) {
    static const struct mt_annotate_chosen whole;
    const struct mt_annotate_chosen key = {.file = file};
    if (choice->is_all)
        return &whole;
    return choice->n ? bsearch(&key, choice->files, choice->n, sizeof key, compare_files) : NULL;
}

/* Each file is looked at once, however many rows it has. */
static int add_file(struct asking *a, mt_string file) {
    if (!mt_array_reserve_zeroed(&a->is_known, &a->n_known, (size_t)file + 1, sizeof *a->is_known))
        return -MEMTRACK_ENOMEM;
    if (!file || a->is_known[file])
        return 0;
    a->is_known[file] = true;
    if (!matches(a, file))
        return 0;
    if (!mt_array_grow(&a->choice->files, a->choice->n, sizeof *a->choice->files))
        return -MEMTRACK_ENOMEM;
    a->choice->files[a->choice->n++] = (struct mt_annotate_chosen){.file = file};
    return 0;
}

/* Of those that have figures; everywhere: of all that the profile names. */
static int find_files(struct asking *a, bool everywhere) {
    const struct mt_rows *rows = a->out->rows;
    int status = 0;
    a->choice->n = 0;
    if (a->n_known)
        memset(a->is_known, 0, a->n_known * sizeof *a->is_known);
    for (size_t i = 0; i < rows->n && status == 0 && !everywhere; i++)
        if (rows->items[i].line)
            status = add_file(a, rows->items[i].file);
    for (size_t i = 0; i < a->profile->n_functions && status == 0 && everywhere; i++)
        status = add_file(a, a->profile->functions[i].file);
    if (a->choice->n)
        qsort(a->choice->files, a->choice->n, sizeof *a->choice->files, compare_files);
    return status;
}

/* ---- names for messages ---------------------------------------------------------------------- */

static bool names_file(const char *names, const char *base) {
    size_t bytes = strlen(base);
    for (const char *at = strstr(names, base); at; at = strstr(at + 1, base))
        if ((at == names || at[-1] == ' ') && (!at[bytes] || strchr(", ", at[bytes])))
            return true;
    return false;
}

/* Appends ", NAME" where there is room. Returns whether it did. */
static bool append(char *names, size_t bytes, const char *name) {
    size_t used = strlen(names);
    if (used + strlen(name) + sizeof ", and 1000000 more" > bytes)
        return false;
    snprintf(names + used, bytes - used, "%s%s", used ? ", " : "", name);
    return true;
}

static const char *base_of(const struct asking *a, mt_string file) {
    const char *path = mt_profile_text(a->profile, file), *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Names the files that hold most, those first that are called nearly so. */
static void name_some(const struct asking *a, char *names, size_t bytes) {
    const struct mt_rows *rows = a->out->rows;
    size_t n = 0;
    for (int alike = 1; alike >= 0; alike--)
        for (size_t i = 0; i < rows->n && n < MOST_NAMED; i++) {
            const char *base = base_of(a, rows->items[i].file);
            bool is_alike = strcasestr(base, a->source) || (*base && strcasestr(a->source, base));
            if (*base && rows->items[i].line && is_alike == alike && !names_file(names, base))
                n += append(names, bytes, base);
        }
}

static int not_found(struct asking *a) {
    char names[160] = "", hint[256] = "memtrack report shows what there is.";
    name_some(a, names, sizeof names);
    if (*names)
        snprintf(hint, sizeof hint, "Those that hold most: %s.", names);
    return mt_error_set(a->error, MEMTRACK_EUSAGE, hint, "no source of this profile is called %s",
                        a->source);
}

static int ambiguous(struct asking *a) {
    char names[400] = "";
    size_t n = 0;
    while (n < a->choice->n && n < MOST_NAMED &&
           append(names, sizeof names, mt_profile_text(a->profile, a->choice->files[n].file)))
        n++;
    if (n < a->choice->n)
        snprintf(names + strlen(names), sizeof names - strlen(names), " and %zu more",
                 a->choice->n - n);
    return mt_error_set(a->error, MEMTRACK_EUSAGE,
                        "Give more of the path, or a wildcard for all of them.",
                        "%zu sources are called %s: %s", a->choice->n, a->source, names);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int compare_ranges(const void *x, const void *y) {
    const struct mt_annotate_range *a = x, *b = y;
    return a->from != b->from ? (a->from > b->from) - (a->from < b->from)
                              : (a->to > b->to) - (a->to < b->to);
}

static int add_range(struct asking *a, struct mt_annotate_chosen *file, int64_t from, int64_t to) {
    struct mt_annotate *out = a->out;
    if (!mt_array_grow(&out->ranges, out->n_ranges, sizeof *out->ranges))
        return -MEMTRACK_ENOMEM;
    out->ranges[out->n_ranges++] = (struct mt_annotate_range){from, to};
    file->n_ranges++;
    return 0;
}

/* Makes ranges of one that touch each other. */
static void join_ranges(struct mt_annotate *out, struct mt_annotate_chosen *file) {
    struct mt_annotate_range *ranges = &out->ranges[file->first_range];
    size_t n = 0;
    if (file->n_ranges)
        qsort(ranges, file->n_ranges, sizeof *ranges, compare_ranges);
    for (size_t i = 0; i < file->n_ranges; i++) {
        if (n && ranges[i].from - 1 <= ranges[n - 1].to) {
            if (ranges[n - 1].to < ranges[i].to)
                ranges[n - 1].to = ranges[i].to;
        } else {
            ranges[n++] = ranges[i];
        }
    }
    file->n_ranges = n;
    out->n_ranges = file->first_range + n;
}

static bool is_function(const struct asking *a, const struct mt_function *function) {
    const struct mt_filter_frame frame = {
        .function = mt_profile_text(a->profile, function->name), .file = "", .module = ""};
    return mt_filter_pattern_matches(a->function, &frame);
}

/* Finds the lines of the functions of that name in the file, by all frames that the profile has. */
static int find_function(struct asking *a, struct mt_annotate_chosen *file,
                         struct mt_annotate_range *lines) {
    const struct mt_frames *frames = &a->out->rows->frames;
    int status = 0;
    for (size_t i = 0; i < a->profile->n_functions; i++)
        lines[i] = (struct mt_annotate_range){INT64_MAX, 0};
    for (size_t e = 0; e < frames->n_entries; e++) {
        const struct mt_frame_entry *entry = &frames->entries[e];
        struct mt_annotate_range *line = entry->function ? &lines[entry->function - 1] : NULL;
        if (!line || entry->line <= 0)
            continue;
        line->from = entry->line < line->from ? entry->line : line->from;
        line->to = entry->line > line->to ? entry->line : line->to;
    }
    file->first_range = a->out->n_ranges;
    for (size_t i = 0; i < a->profile->n_functions && status == 0; i++) {
        const struct mt_function *function = &a->profile->functions[i];
        if (function->file != file->file || lines[i].to == 0 || !is_function(a, function))
            continue;
        bool has_start = function->start_line > 0 && function->start_line <= lines[i].from;
        status = add_range(a, file, has_start ? function->start_line : lines[i].from, lines[i].to);
    }
    join_ranges(a->out, file);
    return status;
}

static int no_function(struct asking *a) {
    char names[160] = "", hint[256] = "It has none with a frame in this profile.";
    for (size_t i = 0, n = 0; i < a->out->rows->n && n < MOST_NAMED; i++) {
        const struct mt_row *row = &a->out->rows->items[i];
        const char *name, *function = mt_profile_text(a->profile, row->function);
        char *qualified = strndup(name = function, strcspn(function, "(<"));
        if (*name && qualified && *qualified && mt_annotate_choose_find(a->choice, row->file) &&
            !names_file(names, qualified))
            n += append(names, sizeof names, qualified);
        free(qualified);
    }
    if (*names)
        snprintf(hint, sizeof hint, "Those that hold most: %s.", names);
    return mt_error_set(a->error, MEMTRACK_EUSAGE, hint, "%s has no function called %s", a->source,
                        a->function);
}

/* Leaves the files that have the function. */
static int find_functions(struct asking *a) {
    struct mt_annotate_range *lines = calloc(a->profile->n_functions + 1, sizeof *lines);
    int status = lines ? 0 : -MEMTRACK_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < a->choice->n && status == 0; i++) {
        struct mt_annotate_chosen file = a->choice->files[i];
        status = find_function(a, &file, lines);
        if (status == 0 && file.n_ranges)
            a->choice->files[n++] = file;
    }
    free(lines);
    a->choice->n = n;
    return status;
}

static int find_line(struct asking *a) {
    int status = 0;
    for (size_t i = 0; i < a->choice->n && status == 0; i++) {
        struct mt_annotate_chosen *file = &a->choice->files[i];
        file->first_range = a->out->n_ranges;
        status = add_range(a, file, a->line > AROUND_LINE ? a->line - AROUND_LINE : 1,
                           a->line + AROUND_LINE);
    }
    return status;
}

static int find(struct asking *a) {
    int status = find_files(a, false);
    if (status == 0 && a->function)
        status = find_functions(a);
    if (status < 0 || a->choice->n)
        return status;
    status = find_files(a, true);
    if (status < 0 || !a->function || a->choice->n == 0)
        return status;
    size_t n = a->choice->n;
    status = find_functions(a);
    if (status < 0 || a->choice->n)
        return status;
    a->choice->n = n; /* which are in their order still, and have not the function */
    return no_function(a);
}

int mt_annotate_choose(const struct mt_annotate_request *request, struct mt_annotate *out,
                       struct mt_annotate_choice *choice, struct mt_error *error) {
    struct asking a = {.out = out, .choice = choice, .profile = out->rows->profile, .error = error};
    *choice = (struct mt_annotate_choice){.is_all = !request->source};
    if (choice->is_all)
        return 0;
    int status = split(&a, request->source) ? find(&a) : -MEMTRACK_ENOMEM;
    if (status == 0 && choice->n == 0)
        status = not_found(&a);
    else if (status == 0 && choice->n > 1 && !is_pattern(a.source))
        status = ambiguous(&a);
    else if (status == 0 && a.line)
        status = find_line(&a);
    if (status == 0 && a.function && !(out->function = strdup(a.function)))
        status = -MEMTRACK_ENOMEM;
    out->line = a.line;
    free(a.source);
    free(a.is_known);
    return status == -MEMTRACK_ENOMEM ? out_of_memory(error) : status;
}
