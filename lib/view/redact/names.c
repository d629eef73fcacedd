/* SPDX-License-Identifier: MIT */
/*
 * A path becomes its base name. Two files of one base name stay two: those behind the first, in the
 * order of their paths, get a number, "util(2).c", so that lines are not added up that have nothing
 * in common. (Files of the system need not, and lists of them would not know the number.)
 *
 * But the path tells what a frame is: /usr/include/c++/12/bits/stl_vector.h is the standard
 * library's, stl_vector.h would be somebody's own, and every report of the redacted profile would
 * charge other lines. So where the base name alone is judged differently, one of a few fixed roots
 * stands before it, which say no more than the verdict does: "/usr/include/c++/stl_vector.h". What
 * judges is what judges in views (mt_frames_judge), so its lists are not repeated here; of the
 * roots below, in this order, the first is taken with which every function of the file, or of the
 * module, is what it was. Those that the path had itself are tried before the others.
 *
 *   module, function ─► pairs, sorted by module: root of the module
 *                       then sorted by file:    root of the file, with the new names of the others
 */
#include "view/redact/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "view/redact/text.h"
#include "view/rows/frames.h"
#include "view/rows/system.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const module_roots[] = {"", "/usr/lib/", "/usr/bin/",
                                           "/usr/lib/python3/site-packages/", "/redacted/"};
static const char *const file_roots[] = {
    "",
    "/usr/include/",
    "/usr/include/c++/",
    "/usr/include/c++/bits/",
    "/usr/include/c++/__memory/",
    "/include/c++/",
    "/include/c++/bits/",
    "/include/c++/__memory/",
    "/usr/include/bits/",
    "/rustc/library/alloc/src/",
    "/rustc/library/alloc/src/raw_vec/",
    "/rustc/library/core/src/alloc/",
    "boost/container/",
    "QtCore/",
    "node:",
};

/* A function as it occurs in a module. */
struct pair {
    uint32_t function; /* + 1; 0: not known */
    mt_string module;
};

struct judging {
    const struct mt_profile *profile;
    struct mt_redact_paths *paths;
    struct pair *pairs;
    size_t n_pairs, capacity;
    mt_string program; /* the path by which the program is somebody's own */
};

/* ---- names ----------------------------------------------------------------------------------- */

static int compare_paths(const void *x, const void *y) {
    const struct mt_redact_name *a = x, *b = y;
    return strcmp(a->path, b->path);
}

static struct mt_redact_name *find(const struct mt_redact_names *names, const char *path) {
    const struct mt_redact_name key = {.path = path};
    return names->n ? bsearch(&key, names->items, names->n, sizeof key, compare_paths) : NULL;
}

const char *mt_redact_names_of(const struct mt_redact_names *names, const char *path) {
    const struct mt_redact_name *found = find(names, path);
    return found ? found->name : mt_redact_text_base(path);
}

/* The same base name and root, then in the order of paths. */
static int compare_names(const void *x, const void *y) {
    const struct mt_redact_name *a = x, *b = y;
    int order = strcmp(a->root, b->root);
    if (order == 0)
        order = strcmp(mt_redact_text_base(a->path), mt_redact_text_base(b->path));
    return order ? order : strcmp(a->path, b->path);
}

/* Returns where a number goes: in a source before the ending, by which its kind is known, but
 * libx.so.1 is known by its beginning. */
static size_t stem_bytes(const char *base) {
    const char *end = strrchr(*base ? base + 1 : base, '.');
    return end && !strstr(base, ".so") ? (size_t)(end - base) : strlen(base);
}

static char *make_name(const struct mt_redact_name *name, size_t number) {
    const char *base = mt_redact_text_base(name->path);
    size_t stem = stem_bytes(base);
    char *text;
    int bytes = number < 2 ? asprintf(&text, "%s%s", name->root, base)
                           : asprintf(&text, "%s%.*s(%zu)%s", name->root, (int)stem, base, number,
                                      base + stem);
    return bytes < 0 ? NULL : text;
}

static int number_names(struct mt_redact_names *names) {
    size_t number = 0;
    if (names->n == 0)
        return 0;
    qsort(names->items, names->n, sizeof *names->items, compare_names);
    for (size_t i = 0; i < names->n; i++) {
        struct mt_redact_name *name = &names->items[i];
        bool is_same =
            i && !*name->root && !*name[-1].root &&
            strcmp(mt_redact_text_base(name->path), mt_redact_text_base(name[-1].path)) == 0;
        number = is_same ? number + 1 : 1;
        name->name = make_name(name, number);
        if (!name->name)
            return -MEMTRACK_ENOMEM;
    }
    qsort(names->items, names->n, sizeof *names->items, compare_paths);
    return 0;
}

static void add(struct mt_redact_names *names, const char *path) {
    if (*path)
        names->items[names->n++] = (struct mt_redact_name){.path = path, .root = ""};
}

static void make_unique(struct mt_redact_names *names) {
    size_t n = 0;
    if (names->n)
        qsort(names->items, names->n, sizeof *names->items, compare_paths);
    for (size_t i = 0; i < names->n; i++)
        if (n == 0 || strcmp(names->items[n - 1].path, names->items[i].path) != 0)
            names->items[n++] = names->items[i];
    names->n = n;
}

static int collect(struct mt_redact_paths *paths, const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    paths->modules.items = calloc(profile->n_mappings + 2, sizeof *paths->modules.items);
    paths->files.items = calloc(profile->n_functions + 1, sizeof *paths->files.items);
    if (!paths->modules.items || !paths->files.items)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < profile->n_mappings; i++)
        add(&paths->modules, mt_profile_text(profile, profile->mappings[i].path));
    add(&paths->modules, mt_profile_text(profile, info->exe));
    add(&paths->modules, mt_profile_text(profile, info->allocator_path));
    for (size_t i = 0; i < profile->n_functions; i++)
        add(&paths->files, mt_profile_text(profile, profile->functions[i].file));
    make_unique(&paths->modules);
    make_unique(&paths->files);
    return 0;
}

/* ---- judging --------------------------------------------------------------------------------- */

static int add_pair(struct judging *j, struct pair pair, mt_string *last_module) {
    if (last_module[pair.function] == pair.module + 1)
        return 0;
    last_module[pair.function] = pair.module + 1;
    if (!mt_array_reserve(&j->pairs, &j->capacity, j->n_pairs + 1, sizeof *j->pairs))
        return -MEMTRACK_ENOMEM;
    j->pairs[j->n_pairs++] = pair;
    return 0;
}

static int add_location(struct judging *j, const struct mt_location *location,
                        mt_string *last_module) {
    const struct mt_profile *profile = j->profile;
    bool has_mapping = location->mapping && location->mapping <= profile->n_mappings;
    struct pair pair = {.module = has_mapping ? profile->mappings[location->mapping - 1].path : 0};
    size_t n = location->n_lines;
    int status = 0;
    if (location->first_line > profile->n_lines || n > profile->n_lines - location->first_line)
        n = 0;
    if (n == 0)
        return add_pair(j, pair, last_module);
    for (size_t i = 0; i < n && status == 0; i++) {
        uint32_t function = profile->lines[location->first_line + i].function;
        pair.function = function < profile->n_functions ? function + 1 : 0;
        status = add_pair(j, pair, last_module);
    }
    return status;
}

static int find_pairs(struct judging *j) {
    mt_string *last_module = calloc(j->profile->n_functions + 1, sizeof *last_module);
    int status = last_module ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < j->profile->n_locations && status == 0; i++)
        status = add_location(j, &j->profile->locations[i], last_module);
    free(last_module);
    return status;
}

static const struct mt_function *function_of(const struct judging *j, const struct pair *pair) {
    static const struct mt_function none;
    return pair->function ? &j->profile->functions[pair->function - 1] : &none;
}

static struct mt_frame_text text_of(const struct judging *j, const struct pair *pair) {
    const struct mt_function *function = function_of(j, pair);
    return (struct mt_frame_text){.function = mt_profile_text(j->profile, function->name),
                                  .system_name = mt_profile_text(j->profile, function->system_name),
                                  .file = mt_profile_text(j->profile, function->file),
                                  .module = mt_profile_text(j->profile, pair->module)};
}

/* Returns how many of the functions are something else when their module, or with is_file their
 * file, gets this name, and the module its new one. */
static size_t count_misjudged(const struct judging *j, const struct pair *pairs, size_t n,
                              const char *name, bool is_file) {
    static const struct mt_wrapper_options by_names_alone;
    size_t misjudged = 0;
    for (size_t i = 0; i < n; i++) {
        struct mt_frame_text text = text_of(j, &pairs[i]);
        enum mt_frame_kind kind = mt_frames_judge(&text, &by_names_alone);
        text.module = is_file ? mt_redact_names_of(&j->paths->modules, text.module) : name;
        if (is_file)
            text.file = name;
        misjudged += mt_frames_judge(&text, &by_names_alone) != kind;
    }
    return misjudged;
}

/* Whose own the program is decides on the frames of all libraries. */
static bool changes_owner(const struct judging *j, const char *path, const char *name) {
    return strcmp(path, mt_profile_text(j->profile, j->program)) == 0 &&
           mt_system_is_own(path) != mt_system_is_own(name);
}

/* Returns whether each folder of the root is one of the path. */
static bool has_folders(const char *path, const char *root) {
    for (root += strspn(root, "/"); *root; root += strcspn(root, "/"), root += strspn(root, "/")) {
        size_t bytes = strcspn(root, "/") + 1;
        const char *at = memmem(path, strlen(path), root, bytes);
        if (!at || (at != path && at[-1] != '/'))
            return false;
    }
    return true;
}

static void choose_root(const struct judging *j, struct mt_redact_name *name,
                        const struct pair *pairs, size_t n, bool is_file) {
    const char *const *roots = is_file ? file_roots : module_roots;
    size_t n_roots = is_file ? COUNT(file_roots) : COUNT(module_roots), least = SIZE_MAX;
    for (size_t k = 0; k < 2 * n_roots && least > 0; k++) {
        size_t i = k % n_roots;
        char *tried;
        if (has_folders(name->path, roots[i]) != (k < n_roots))
            continue;
        if (asprintf(&tried, "%s%s", roots[i], mt_redact_text_base(name->path)) < 0)
            return;
        size_t misjudged = count_misjudged(j, pairs, n, tried, is_file);
        if (!is_file && changes_owner(j, name->path, tried))
            misjudged += n + 1;
        if (misjudged < least) {
            least = misjudged;
            name->root = roots[i];
        }
        free(tried);
    }
}

static mt_string key_of(const struct judging *j, const struct pair *pair, bool is_file) {
    return is_file ? function_of(j, pair)->file : pair->module;
}

static int compare_keys(const struct judging *j, const struct pair *x, const struct pair *y,
                        bool is_file) {
    mt_string a = key_of(j, x, is_file), b = key_of(j, y, is_file);
    return (a > b) - (a < b);
}

static int compare_modules(const void *x, const void *y, void *judging) {
    return compare_keys(judging, x, y, false);
}

static int compare_files(const void *x, const void *y, void *judging) {
    return compare_keys(judging, x, y, true);
}

static void choose_roots(struct judging *j, struct mt_redact_names *names, bool is_file) {
    if (j->n_pairs)
        qsort_r(j->pairs, j->n_pairs, sizeof *j->pairs, is_file ? compare_files : compare_modules,
                j);
    for (size_t first = 0, end; first < j->n_pairs; first = end) {
        mt_string key = key_of(j, &j->pairs[first], is_file);
        for (end = first; end < j->n_pairs && key_of(j, &j->pairs[end], is_file) == key;)
            end++;
        struct mt_redact_name *name = key ? find(names, mt_profile_text(j->profile, key)) : NULL;
        if (name)
            choose_root(j, name, &j->pairs[first], end - first, is_file);
    }
}

/* A program of which no frame was recorded is nevertheless somebody's own, or not. */
static void choose_program(struct judging *j) {
    struct mt_redact_name *name = find(&j->paths->modules, mt_profile_text(j->profile, j->program));
    if (name && changes_owner(j, name->path, mt_redact_text_base(name->path)) && !*name->root)
        choose_root(j, name, NULL, 0, false);
}

int mt_redact_names_init(struct mt_redact_paths *paths, const struct mt_profile *profile) {
    struct judging j = {.profile = profile, .paths = paths, .program = profile->info.exe};
    if (!j.program && profile->n_mappings)
        j.program = profile->mappings[0].path;
    *paths = (struct mt_redact_paths){0};
    int status = collect(paths, profile);
    if (status == 0)
        status = find_pairs(&j);
    if (status == 0) {
        choose_roots(&j, &paths->modules, false);
        choose_program(&j);
        status = number_names(&paths->modules);
    }
    if (status == 0) {
        choose_roots(&j, &paths->files, true);
        status = number_names(&paths->files);
    }
    free(j.pairs);
    return status;
}

static void free_names(struct mt_redact_names *names) {
    for (size_t i = 0; i < names->n; i++)
        free(names->items[i].name);
    free(names->items);
    *names = (struct mt_redact_names){0};
}

void mt_redact_names_free(struct mt_redact_paths *paths) {
    free_names(&paths->modules);
    free_names(&paths->files);
}
