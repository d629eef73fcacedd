/* SPDX-License-Identifier: MIT */
/*
 * Which module and which source file of the old profile is which of the new one. What has the same
 * path on both sides is the same. The rest is looked up by the ends of paths: /one/src/x.c and
 * /two/src/x.c share "src/x.c", and are one file when no third one ends so. Each end of each path
 * is an identity (a pair of its first component and the end after it), counted per side: linear in
 * the length of all paths, however many files are called mod.rs.
 *
 * A common file name alone says little of two files, so these must have a function of the same
 * name, too. Of two modules it says enough: there are few, and their names are chosen to be told
 * apart.
 *
 * Another build is one with another build id. Where one side has none (other tools' profiles,
 * linkers told so) a function that starts on another line gives it away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "view/compare/match.h"

static const char *shared_text(const struct mt_match *match, uint32_t id) {
    return mt_strings_text(match->strings, id);
}

/* ---- what is used ---------------------------------------------------------------------------- */

enum kind { MODULES, FILES };

/* These are the texts of one kind that frames have: flags for each shared id. */
struct used {
    uint8_t *by[MT_N_SIDES];
    size_t n;
};

static uint32_t used_text(const struct mt_match *match, enum mt_side side, enum kind kind,
                          const struct mt_frame_entry *entry) {
    const struct mt_match_side *s = &match->side[side];
    return s->text[kind == MODULES ? entry->module : mt_frames_file(s->frames, entry)];
}

static int find_used(const struct mt_match *match, enum kind kind, struct used *used) {
    used->n = mt_strings_count(match->strings);
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        const struct mt_frames *frames = match->side[side].frames;
        used->by[side] = calloc(used->n + 1, 1);
        if (!used->by[side])
            return -MEMTRACK_ENOMEM;
        for (size_t e = 0; e < frames->n_entries; e++)
            used->by[side][used_text(match, side, kind, &frames->entries[e])] = 1;
        used->by[side][0] = 0;
    }
    return 0;
}

static void free_used(struct used *used) {
    free(used->by[MT_OLD]);
    free(used->by[MT_NEW]);
}

static bool is_left(const struct used *used, enum mt_side side, uint32_t id) {
    return used->by[side][id] && !used->by[!side][id];
}

/* ---- ends of paths --------------------------------------------------------------------------- */

struct end {
    uint32_t count[MT_N_SIDES],
        text[MT_N_SIDES]; /* paths of each side that end so, and the last of these */
};

struct ends {
    struct mt_identities ids;
    struct end *items;
    size_t capacity;
};

static struct end *end_at(struct ends *ends, int64_t id) {
    bool has_room = id >= 0 && mt_array_reserve_zeroed(&ends->items, &ends->capacity,
                                                       (size_t)id + 1, sizeof *ends->items);
    return has_room ? &ends->items[id] : NULL;
}

static void free_ends(struct ends *ends) {
    mt_identity_free(&ends->ids);
    free(ends->items);
}

/* Steps from the end of a path to its beginning, one component at a time. */
struct walk {
    const char *path, *at;
    int64_t id; /* of the end so far */
};

static struct walk walk_of(const char *path) {
    return (struct walk){.path = path, .at = path + strlen(path), .id = INT64_MAX};
}

/* Returns false at the beginning of the path, and when out of memory: then id is negative. */
static bool step(struct mt_match *match, struct ends *ends, struct walk *walk) {
    if (walk->at == walk->path)
        return false;
    const char *end = walk->at;
    while (walk->at > walk->path && walk->at[-1] != '/')
        walk->at--;
    uint32_t name = mt_strings_intern(match->strings, walk->at, (size_t)(end - walk->at));
    if (walk->at > walk->path)
        walk->at--; /* the slash */
    struct mt_identity identity = {.tag = MT_ID_PAIR, .a = name, .b = (uint64_t)walk->id};
    walk->id = name == UINT32_MAX ? -1 : mt_identity_id(&ends->ids, identity);
    return walk->id >= 0;
}

static int count_ends(struct mt_match *match, struct ends *ends, enum mt_side side, uint32_t text) {
    struct walk walk = walk_of(shared_text(match, text));
    while (step(match, ends, &walk)) {
        struct end *end = end_at(ends, walk.id);
        if (!end)
            return -MEMTRACK_ENOMEM;
        end->count[side]++;
        end->text[side] = text;
    }
    return walk.id < 0 ? -MEMTRACK_ENOMEM : 0;
}

/* Returns the new file that shares the longest end with an old one, or 0 when there is none or
 * more than one. *n is the number of components. */
static uint32_t longest_end(struct mt_match *match, struct ends *ends, uint32_t text, size_t *n) {
    struct walk walk = walk_of(shared_text(match, text));
    uint32_t best = 0;
    *n = 0;
    while (step(match, ends, &walk)) {
        const struct end *end = end_at(ends, walk.id);
        if (!end || !end->count[MT_NEW])
            break;
        best = end->count[MT_OLD] == 1 && end->count[MT_NEW] == 1 ? end->text[MT_NEW] : 0;
        ++*n;
    }
    return best;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* This tells which functions the files of a side have: identities below *n_new are those of new
 * files. */
static int list_functions(const struct mt_match *match, struct mt_identities *functions) {
    const struct mt_match_side *s = &match->side[MT_NEW];
    for (uint32_t e = 0; e < s->frames->n_entries; e++) {
        struct mt_statement it = mt_match_statement(match, MT_NEW, e);
        if (it.function && it.file &&
            mt_identity_id(
                functions,
                (struct mt_identity){.tag = MT_ID_FUNCTION, .a = it.function, .b = it.file}) < 0)
            return -MEMTRACK_ENOMEM;
    }
    return 0;
}

/* Old files that are paired only by their name stay so when a function of theirs is in the new
 * file. */
static int confirm_weak(struct mt_match *match, const uint32_t *weak) {
    struct mt_identities functions = {0};
    const struct mt_match_side *s = &match->side[MT_OLD];
    int status = list_functions(match, &functions);
    int64_t n_new = (int64_t)functions.n;
    for (uint32_t e = 0; e < s->frames->n_entries && status == 0; e++) {
        uint32_t file = used_text(match, MT_OLD, FILES, &s->frames->entries[e]);
        uint32_t name = s->text[mt_frames_function_name(s->frames, &s->frames->entries[e])];
        if (!weak[file] || !name)
            continue;
        int64_t id = mt_identity_id(
            &functions, (struct mt_identity){.tag = MT_ID_FUNCTION, .a = name, .b = weak[file]});
        status = id < 0 ? -MEMTRACK_ENOMEM : 0;
        if (id >= 0 && id < n_new)
            match->file_of[file] = weak[file];
    }
    mt_identity_free(&functions);
    return status;
}

static int pair_ends(struct mt_match *match, const struct used *used, struct ends *ends,
                     uint32_t *weak) {
    bool any_weak = false;
    for (uint32_t id = 1; id < used->n; id++)
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
            if (is_left(used, side, id) && count_ends(match, ends, side, id) < 0)
                return -MEMTRACK_ENOMEM;
    for (uint32_t id = 1; id < used->n; id++) {
        size_t n;
        uint32_t other = is_left(used, MT_OLD, id) ? longest_end(match, ends, id, &n) : 0;
        if (other && n > 1)
            match->file_of[id] = other;
        else if (other)
            weak[id] = other;
        any_weak |= other && n == 1;
    }
    return any_weak ? confirm_weak(match, weak) : 0;
}

static int pair_files(struct mt_match *match) {
    struct used used = {0};
    struct ends ends = {0};
    int status = find_used(match, FILES, &used);
    uint32_t *weak = calloc(used.n + 1, sizeof *weak);
    status = status < 0 || !weak ? -MEMTRACK_ENOMEM : pair_ends(match, &used, &ends, weak);
    free(weak);
    free_ends(&ends);
    free_used(&used);
    return status;
}

/* ---- modules --------------------------------------------------------------------------------- */

/* Returns "libz.so" for /lib/libz.so.1.2.13, or the file name. */
static const char *module_stem(const char *path, bool is_short, size_t *bytes) {
    const char *name = basename(path), *so = strstr(name, ".so.");
    *bytes = so && is_short ? (size_t)(so - name) + 3 : strlen(name);
    return name;
}

/* Returns the end that a module's stem is, or NULL when out of memory. */
static struct end *stem_end(struct mt_match *match, struct ends *stems, uint32_t id,
                            bool is_short) {
    size_t bytes;
    const char *stem = module_stem(shared_text(match, id), is_short, &bytes);
    uint32_t name = mt_strings_intern(match->strings, stem, bytes);
    return name == UINT32_MAX
               ? NULL
               : end_at(stems, mt_identity_id(&stems->ids, (struct mt_identity){.a = name}));
}

/* Pairs the modules that are left over and whose stems are alike, one on each side. */
static int pair_stems(struct mt_match *match, const struct used *used, bool is_short) {
    struct ends stems = {0};
    int status = 0;
    for (int pass = 0; pass < 2 && status == 0; pass++)
        for (uint32_t id = 1; id < used->n && status == 0; id++) {
            enum mt_side side = is_left(used, MT_OLD, id) ? MT_OLD : MT_NEW;
            if (!is_left(used, side, id) || match->module_of[id] != id)
                continue;
            struct end *end = stem_end(match, &stems, id, is_short);
            if (!end) {
                status = -MEMTRACK_ENOMEM;
            } else if (pass == 0) {
                end->count[side]++;
                end->text[side] = id;
            } else if (side == MT_OLD && end->count[MT_OLD] == 1 && end->count[MT_NEW] == 1) {
                match->module_of[id] = end->text[MT_NEW];
            }
        }
    free_ends(&stems);
    return status;
}

static uint32_t program_of(const struct mt_match *match, enum mt_side side) {
    const struct mt_profile *profile = match->side[side].frames->profile;
    mt_string path = profile->info.exe     ? profile->info.exe
                     : profile->n_mappings ? profile->mappings[0].path
                                           : 0;
    return match->side[side].text[path];
}

static int pair_modules(struct mt_match *match) {
    struct used used = {0};
    int status = find_used(match, MODULES, &used);
    if (status == 0)
        status = pair_stems(match, &used, false);
    if (status == 0)
        status = pair_stems(match, &used, true);
    if (status == 0) {
        uint32_t old = program_of(match, MT_OLD), new = program_of(match, MT_NEW);
        if (is_left(&used, MT_OLD, old) && is_left(&used, MT_NEW, new) &&
            match->module_of[old] == old)
            match->module_of[old] = new;
    }
    free_used(&used);
    return status;
}

/* ---- builds ---------------------------------------------------------------------------------- */

enum { SAME_BUILD, OTHER_BUILD, UNKNOWN_BUILD };

static int compare_build_ids(struct mt_match *match, size_t n) {
    uint32_t *build_id[MT_N_SIDES] = {calloc(n + 1, sizeof **build_id),
                                      calloc(n + 1, sizeof **build_id)};
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && build_id[MT_OLD] && build_id[MT_NEW];
         side++) {
        const struct mt_match_side *s = &match->side[side];
        for (size_t i = 0; i < s->frames->profile->n_mappings; i++) {
            const struct mt_mapping *mapping = &s->frames->profile->mappings[i];
            uint32_t module = s->text[mapping->path];
            uint32_t *known = &build_id[side][side == MT_OLD ? match->module_of[module] : module];
            *known = *known ? *known : s->text[mapping->build_id];
        }
    }
    int status = build_id[MT_OLD] && build_id[MT_NEW] ? 0 : -MEMTRACK_ENOMEM;
    for (size_t id = 1; id < n && status == 0; id++) {
        uint32_t old = build_id[MT_OLD][id], new = build_id[MT_NEW][id];
        match->rebuilt[id] = old && new ? (old == new ? SAME_BUILD : OTHER_BUILD) : UNKNOWN_BUILD;
    }
    free(build_id[MT_OLD]);
    free(build_id[MT_NEW]);
    return status;
}

/* This is where functions start on each side: count is 1 when that is known and 2 when it is
 * ambiguous; text is the line. */
struct starts {
    struct mt_identities functions;
    struct ends lines;
};

static int compare_start(struct mt_match *match, struct starts *starts, enum mt_side side,
                         uint32_t e, bool is_first) {
    const struct mt_frames *frames = match->side[side].frames;
    struct mt_statement it = mt_match_statement(match, side, e);
    const struct mt_function *function = mt_frames_function(frames, &frames->entries[e]);
    if (match->rebuilt[it.module] == SAME_BUILD || !it.function || !it.file ||
        function->start_line <= 0)
        return 0;
    struct mt_identity name = {.tag = MT_ID_FUNCTION, .a = it.function, .b = it.file};
    struct end *start = end_at(&starts->lines, mt_identity_id(&starts->functions, name));
    if (!start)
        return -MEMTRACK_ENOMEM;
    uint32_t line = (uint32_t)function->start_line;
    if (is_first) {
        start->count[side] =
            start->count[side] && (start->count[side] == 2 || start->text[side] != line) ? 2 : 1;
        start->text[side] = line;
    } else if (match->rebuilt[it.module] == UNKNOWN_BUILD && start->count[MT_OLD] == 1 &&
               start->count[MT_NEW] == 1 && start->text[MT_OLD] != start->text[MT_NEW]) {
        match->rebuilt[it.module] = OTHER_BUILD;
    }
    return 0;
}

/* Decides what build ids left open, by a function of one name and file that starts on different
 * lines, once on each side. */
static int compare_starts(struct mt_match *match) {
    struct starts starts = {0};
    int status = 0;
    for (int pass = 0; pass < 2; pass++)
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
            for (uint32_t e = 0; e < match->side[side].frames->n_entries && status == 0; e++)
                status = compare_start(match, &starts, side, e, pass == 0);
    free_ends(&starts.lines);
    mt_identity_free(&starts.functions);
    return status;
}

static int add_note(struct mt_match *match, char *text) {
    if (!text || !mt_array_grow(&match->notes, match->n_notes, sizeof *match->notes)) {
        free(text);
        return -MEMTRACK_ENOMEM;
    }
    match->notes[match->n_notes++] = text;
    return 0;
}

enum { N_NAMED = 3 };

/* Writes "app, libx.so and 4 more modules are …". */
static char *builds_note(const struct mt_match *match, const uint32_t named[N_NAMED], uint32_t n) {
    char *text = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return NULL;
    for (uint32_t i = 0; i < n && i < N_NAMED; i++) {
        size_t length;
        fprintf(stream, "%s%s", i ? ", " : "",
                module_stem(shared_text(match, named[i]), false, &length));
    }
    if (n > N_NAMED)
        fprintf(stream, " and %u more module%s", n - N_NAMED, n == N_NAMED + 1 ? "" : "s");
    fprintf(stream, "%s another build on the new side: lines are paired function by function.",
            n == 1 ? " is" : " are each");
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* Whether the programs have different names: two builds of one, or two that have nothing in common.
 * What is compared with what is all that can be said of both. */
static bool is_renamed(const struct mt_match *match) {
    uint32_t old = program_of(match, MT_OLD), new = program_of(match, MT_NEW);
    return match->module_of[old] ==
           new &&strcmp(basename(shared_text(match, old)), basename(shared_text(match, new))) != 0;
}

static char *programs_note(const struct mt_match *match) {
    char *text;
    int bytes = asprintf(&text,
                         "The program is %s on the old side and %s on the new one: functions of "
                         "the same name and file are compared, and lines within them.",
                         basename(shared_text(match, program_of(match, MT_OLD))),
                         basename(shared_text(match, program_of(match, MT_NEW))));
    return bytes < 0 ? NULL : text;
}

/* Decides every UNKNOWN_BUILD, and says which modules are other builds. */
static int settle(struct mt_match *match, const struct used *used) {
    bool renamed = is_renamed(match);
    uint32_t n = 0, named[N_NAMED], program = program_of(match, MT_NEW);
    for (uint32_t id = 0; id < used->n; id++) {
        match->rebuilt[id] = match->rebuilt[id] == OTHER_BUILD;
        match->any_rebuilt |= match->rebuilt[id] && used->by[MT_NEW][id];
        if (match->rebuilt[id] && used->by[MT_NEW][id] && !(renamed && id == program) &&
            n++ < N_NAMED)
            named[n - 1] = id;
    }
    if (renamed && match->rebuilt[program] && add_note(match, programs_note(match)) < 0)
        return -MEMTRACK_ENOMEM;
    return n ? add_note(match, builds_note(match, named, n)) : 0;
}

static int find_builds(struct mt_match *match, size_t n) {
    struct used used = {0};
    match->rebuilt = calloc(n + 1, 1);
    if (!match->rebuilt)
        return -MEMTRACK_ENOMEM;
    if (match->is_same_process)
        return 0;
    int status = compare_build_ids(match, n);
    if (status == 0)
        status = compare_starts(match);
    if (status == 0)
        status = find_used(match, MODULES, &used);
    if (status == 0) {
        used.n = n; /* texts of profiles; what came later are parts of paths */
        status = settle(match, &used);
    }
    free_used(&used);
    return status;
}

int mt_match_paths(struct mt_match *match) {
    size_t n = mt_strings_count(match->strings);
    match->file_of = calloc(n + 1, sizeof *match->file_of);
    match->module_of = calloc(n + 1, sizeof *match->module_of);
    if (!match->file_of || !match->module_of)
        return -MEMTRACK_ENOMEM;
    for (uint32_t id = 0; id < n; id++)
        match->file_of[id] = match->module_of[id] = id;
    if (!match->is_same_process && (pair_modules(match) < 0 || pair_files(match) < 0))
        return -MEMTRACK_ENOMEM;
    return find_builds(match, n);
}
