/* SPDX-License-Identifier: MIT */
/*
 * Symbolizing a profile. Locations without lines are sorted by file and address, so that each file
 * is opened once and read forwards, and closed before the next one: what is in memory is one file's
 * tables at a time.
 *
 * The key of a file is (path, build id): several mappings of one file (loaded again after dlclose,
 * or the segments that another tool lists one by one) are looked up together.
 */
#include "view/symbols/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/jit/jit.h"
#include "view/symbols/demangle.h"
#include "view/symbols/scopes.h"
#include "view/symbols/symbols-local.h"

struct pending {
    uint32_t mapping, location;
    uint64_t address;
};

struct resolver {
    struct mt_profile *profile;
    const struct mt_symbols_options *options;
    struct pending *pending;
    size_t n_pending;
    mt_string *demangled; /* by system name: name + 1, 0: not known yet */
    size_t n_demangled;
    char *room; /* MT_DEMANGLE_MAX_BYTES */
    struct mt_symbols_notes notes;
    bool no_memory;
};

/* This is one file's share of the work. */
struct job {
    struct mt_symbols_module *module;
    struct mt_symbol_query *queries;
    struct mt_symbol *symbols; /* NULL until needed */
    uint64_t *bias;            /* of each query: what it takes from file to target */
    size_t n;
};

/* ---- names ----------------------------------------------------------------------------------- */

static mt_string intern(struct resolver *resolver, const char *text, size_t bytes) {
    mt_string string = mt_profile_intern_n(resolver->profile, text, bytes);
    if (string == UINT32_MAX) {
        resolver->no_memory = true;
        return 0;
    }
    return string;
}

static mt_string demangle(struct resolver *resolver, mt_string symbol) {
    if (!mt_array_reserve_zeroed(&resolver->demangled, &resolver->n_demangled, (size_t)symbol + 1,
                                 sizeof *resolver->demangled)) {
        resolver->no_memory = true;
        return symbol;
    }
    if (!resolver->demangled[symbol]) {
        mt_string name = symbol;
        if (mt_demangle(mt_profile_text(resolver->profile, symbol), resolver->room,
                        MT_DEMANGLE_MAX_BYTES))
            name = intern(resolver, resolver->room, strlen(resolver->room));
        resolver->demangled[symbol] = name + 1;
    }
    return resolver->demangled[symbol] - 1;
}

struct path {
    char text[4096];
    size_t bytes;
};

/* Appends one component; "" and "." are nothing, and ".." takes the last one away if there is
 * one. Returns false when there is no room. */
static bool append_component(struct path *path, const char *component, size_t bytes,
                             bool absolute) {
    size_t last = path->bytes; /* where the last component begins */
    while (last > 0 && path->text[last - 1] != '/')
        last--;
    bool up = bytes == 2 && memcmp(component, "..", 2) == 0;
    bool last_is_up = path->bytes - last == 2 && memcmp(path->text + last, "..", 2) == 0;
    if (bytes == 0 || (bytes == 1 && *component == '.') || (up && absolute && path->bytes == 0))
        return true;
    if (up && path->bytes > 0 && !last_is_up) {
        path->bytes = last > 0 ? last - 1 : 0;
        return true;
    }
    if (path->bytes + 1 + bytes > sizeof path->text)
        return false;
    if (path->bytes > 0 || absolute)
        path->text[path->bytes++] = '/';
    memcpy(path->text + path->bytes, component, bytes);
    path->bytes += bytes;
    return true;
}

static bool append_components(struct path *path, const char *components, bool absolute) {
    for (const char *at = components; *at;) {
        size_t bytes = strcspn(at, "/");
        if (!append_component(path, at, bytes, absolute))
            return false;
        at += bytes + (at[bytes] == '/');
    }
    return true;
}

/* Makes a path without "//", "/./" and "/../": one header has one name, however the compiler
 * found it. */
static mt_string intern_path(struct resolver *resolver, const char *directory, const char *file) {
    struct path path = {.bytes = 0};
    if (!file)
        return 0;
    bool absolute = *(directory ? directory : file) == '/';
    if ((directory && !append_components(&path, directory, absolute)) ||
        !append_components(&path, file, absolute))
        return intern(resolver, file, strlen(file));
    return intern(resolver, path.text, path.bytes);
}

/* ---- results --------------------------------------------------------------------------------- */

static void store_lines(struct resolver *resolver, uint32_t location, const struct mt_line *lines,
                        size_t n) {
    int64_t first = mt_profile_add_lines(resolver->profile, lines, n);
    if (first < 0) {
        resolver->no_memory = true;
        return;
    }
    resolver->profile->locations[location].first_line = (uint32_t)first;
    resolver->profile->locations[location].n_lines = (uint32_t)n;
}

static uint32_t store_function(struct resolver *resolver, const struct mt_function *function) {
    int64_t index = mt_profile_add_function(resolver->profile, function);
    if (index < 0) {
        resolver->no_memory = true;
        return 0;
    }
    return (uint32_t)index;
}

/* Takes the name up to the first of these characters: '@' begins the version in
 * "memcpy@@GLIBC_2.14", '.' what the compiler calls a part or a clone of a function, as in
 * "f.cold". */
static mt_string symbol_name(struct resolver *resolver, const char *name, const char *end) {
    return intern(resolver, name, strcspn(name, end));
}

/* A made-up name is none that the file has: the mapping's has_functions stays as it is. */
static void store_nameless(struct resolver *resolver, const struct job *job, size_t i) {
    char name[MT_SYMBOLS_NAMELESS_BYTES];
    uint64_t start;
    if (!mt_symbols_nameless_find(job->module, job->queries[i].address, &start))
        return;
    mt_symbols_nameless_name(start, name);
    struct mt_function function = {.name = intern(resolver, name, strlen(name)),
                                   .address = start + job->bias[i]};
    struct mt_line line = {.function = store_function(resolver, &function)};
    store_lines(resolver, job->queries[i].location, &line, 1);
}

static void store_symbol(struct resolver *resolver, struct job *job, size_t i) {
    const struct mt_symbol *symbol = &job->symbols[i];
    if (!symbol->name) {
        store_nameless(resolver, job, i);
        return;
    }
    struct mt_function function = {.system_name = symbol_name(resolver, symbol->name, "@")};
    function.name = demangle(resolver, function.system_name);
    function.address = symbol->start + job->bias[i];
    struct mt_line line = {.function = store_function(resolver, &function)};
    uint32_t location = job->queries[i].location;
    store_lines(resolver, location, &line, 1);
    resolver->profile->mappings[resolver->profile->locations[location].mapping - 1].has_functions =
        true;
}

static void need_symbols(struct resolver *resolver, struct job *job) {
    if (!job->symbols) {
        job->symbols = malloc(job->n * sizeof *job->symbols);
        if (!job->symbols) {
            resolver->no_memory = true;
            return;
        }
        mt_symbols_table_find(job->module, job->queries, job->n, job->symbols);
    }
}

static void name_function(struct resolver *resolver, struct job *job, size_t i,
                          const struct mt_symbol_frame *frame, bool outermost,
                          struct mt_function *function) {
    const char *linkage_name = frame->linkage_name, *end = "@";
    if (!linkage_name && outermost && (frame->is_mangled_language || !frame->name)) {
        need_symbols(resolver, job);
        linkage_name = job->symbols ? job->symbols[i].name : NULL;
        end = frame->name ? "@." : "@"; /* the source knows one function */
    }
    if (linkage_name) {
        function->system_name = symbol_name(resolver, linkage_name, end);
        function->name = demangle(resolver, function->system_name);
        if (function->name == function->system_name && frame->name && frame->linkage_name)
            function->name =
                intern(resolver, frame->name, strlen(frame->name)); /* an alias, or not demangled */
    } else if (frame->name) {
        function->name = function->system_name = intern(resolver, frame->name, strlen(frame->name));
    }
}

static void store_frames(struct resolver *resolver, struct job *job, size_t i,
                         const struct mt_symbol_frame *frames, size_t n) {
    struct mt_line lines[MT_MAX_INLINED_FRAMES];
    uint32_t location = job->queries[i].location;
    struct mt_mapping *mapping =
        &resolver->profile->mappings[resolver->profile->locations[location].mapping - 1];
    for (size_t f = 0; f < n; f++) {
        struct mt_function function = {.start_line = frames[f].start_line};
        name_function(resolver, job, i, &frames[f], f + 1 == n, &function);
        function.file = intern_path(resolver, frames[f].directory, frames[f].file);
        lines[f] = (struct mt_line){.function = store_function(resolver, &function),
                                    .line = frames[f].line};
        mapping->has_filenames |= function.file != 0;
        mapping->has_line_numbers |= frames[f].line > 0;
    }
    mapping->has_functions = true;
    mapping->has_inline_frames |= mapping->has_line_numbers;
    store_lines(resolver, location, lines, n);
}

/* ---- one file -------------------------------------------------------------------------------- */

/* Lets libdw give back the memory of the line tables that it holds. */
static void open_again(struct job *job) {
    mt_symbols_lines_forget_tables(job->module->lines);
    mt_symbols_module_reopen(job->module); /* without its debug information nothing is found */
    free(job->symbols);                    /* the names are gone */
    job->symbols = NULL;
}

/* Finds the lines of each query, as far as there is debug information; found[i] tells. */
static void look_up_lines(struct resolver *resolver, struct job *job, bool *found) {
    struct mt_symbol_frame frames[MT_MAX_INLINED_FRAMES];
    struct mt_symbols_module *module = job->module;
    if (!module->lines)
        module->lines = mt_symbols_lines_new(module);
    if (!module->lines) {
        resolver->no_memory = true;
        return;
    }
    for (size_t i = 0; !resolver->no_memory && i < job->n; i++) {
        if (mt_symbols_lines_are_many(module->lines))
            open_again(job);
        size_t n = mt_symbols_lines_find(module->lines, job->queries[i].address, frames);
        if (n) {
            store_frames(resolver, job, i, frames, n);
            found[i] = true;
        }
    }
}

static void look_up(struct resolver *resolver, struct job *job) {
    bool *found = calloc(job->n, sizeof *found);
    if (!found) {
        resolver->no_memory = true;
        return;
    }
    if (job->module->dwarf)
        look_up_lines(resolver, job, found);
    for (size_t i = 0; !resolver->no_memory && i < job->n; i++) {
        if (!found[i] && job->module->dwfl) {
            need_symbols(resolver, job);
            if (job->symbols)
                store_symbol(resolver, job, i);
        }
    }
    free(found);
}

static int compare_queries(const void *a, const void *b) {
    uint64_t left = ((const struct mt_symbol_query *)a)->address,
             right = ((const struct mt_symbol_query *)b)->address;
    return left < right ? -1 : left > right;
}

/* Sorts queries by their addresses in the file. */
static void fill_job(struct resolver *resolver, struct job *job, const struct pending *pending) {
    const struct mt_profile *profile = resolver->profile;
    for (size_t i = 0; i < job->n; i++) {
        const struct mt_mapping *mapping = &profile->mappings[pending[i].mapping];
        const struct mt_location *location = &profile->locations[pending[i].location];
        uint64_t address = pending[i].address - mapping->bias;
        if (!profile->info.is_memtrack) /* other tools tell the offset in the file, not the bias */
            address = mt_symbols_module_address(job->module, pending[i].address - mapping->start +
                                                                 mapping->offset);
        job->queries[i].address = address - (location->exact ? 0 : 1);
        job->queries[i].location = pending[i].location;
    }
    qsort(job->queries, job->n, sizeof *job->queries, compare_queries);
    for (size_t i = 0; i < job->n; i++) {
        const struct mt_location *location = &profile->locations[job->queries[i].location];
        job->bias[i] = location->address - (location->exact ? 0 : 1) - job->queries[i].address;
    }
}

/* ---- all ------------------------------------------------------------------------------------- */

struct mt_symbol_wanted mt_symbols_wanted(const struct mt_profile *profile,
                                          const struct mt_symbols_options *options,
                                          const struct mt_mapping *mapping) {
    bool is_ours = profile->info.is_memtrack;
    return (struct mt_symbol_wanted){
        .path = mt_profile_text(profile, mapping->path),
        .build_id = mt_profile_text(profile, mapping->build_id),
        .must_have_build_id = is_ours,
        .recorded_end_ns =
            profile->info.duration_ns ? profile->info.start_time_ns + profile->info.duration_ns : 0,
        .start = is_ours ? mapping->start : 0,
        .limit = is_ours ? mapping->limit : 0,
        .process = profile->info.process,
        .debug_path = options->debug_path,
        .sysroot = options->sysroot,
        .kept = options->kept,
        .debuginfod = options->debuginfod,
    };
}

static void resolve_file(struct resolver *resolver, const struct pending *pending, size_t n) {
    const struct mt_symbol_wanted wanted = mt_symbols_wanted(
        resolver->profile, resolver->options, &resolver->profile->mappings[pending[0].mapping]);
    struct job job = {.n = n};
    struct mt_symbols_cache *cache = resolver->options->cache;
    enum mt_symbol_file opened = mt_symbols_cache_open(cache, &job.module, &wanted);
    if (opened != MT_SYMBOL_FILE_FOUND) {
        mt_symbols_notes_file(&resolver->notes, opened, wanted.path);
        return;
    }
    job.queries = malloc(n * sizeof *job.queries);
    job.bias = malloc(n * sizeof *job.bias);
    if (job.queries && job.bias) {
        fill_job(resolver, &job, pending);
        look_up(resolver, &job);
        mt_symbols_notes_module(&resolver->notes, job.module, pending[0].mapping);
    } else {
        resolver->no_memory = true;
    }
    free(job.queries);
    free(job.bias);
    free(job.symbols);
    mt_symbols_cache_close(cache, job.module);
}

static bool same_file(const struct mt_profile *profile, uint32_t a, uint32_t b) {
    return profile->mappings[a].path == profile->mappings[b].path &&
           profile->mappings[a].build_id == profile->mappings[b].build_id;
}

static int compare_pending(const void *a, const void *b, void *profile) {
    const struct pending *left = a, *right = b;
    const struct mt_mapping *mappings = ((const struct mt_profile *)profile)->mappings;
    const struct mt_mapping *l = &mappings[left->mapping], *r = &mappings[right->mapping];
    if (l->path != r->path)
        return l->path < r->path ? -1 : 1;
    if (l->build_id != r->build_id)
        return l->build_id < r->build_id ? -1 : 1;
    return left->location < right->location ? -1 : left->location > right->location;
}

static bool collect(struct resolver *resolver) {
    const struct mt_profile *profile = resolver->profile;
    const struct mt_symbols_options *options = resolver->options;
    size_t first = options->first;
    size_t end =
        options->end && options->end < profile->n_locations ? options->end : profile->n_locations;
    resolver->pending = malloc((end > first ? end - first : 0) * sizeof *resolver->pending + 1);
    resolver->room = malloc(MT_DEMANGLE_MAX_BYTES);
    if (!resolver->pending || !resolver->room)
        return false;
    for (size_t i = first; i < end; i++) {
        const struct mt_location *location = &profile->locations[i];
        if (mt_symbols_nameless_is(profile, location) && location->mapping &&
            location->mapping <= profile->n_mappings && location->address) {
            resolver->pending[resolver->n_pending++] =
                (struct pending){.mapping = location->mapping - 1,
                                 .location = (uint32_t)i,
                                 .address = location->address};
        }
    }
    qsort_r(resolver->pending, resolver->n_pending, sizeof *resolver->pending, compare_pending,
            resolver->profile);
    return true;
}

static void resolve_all(struct resolver *resolver) {
    size_t end;
    for (size_t i = 0; i < resolver->n_pending && !resolver->no_memory; i = end) {
        for (end = i + 1; end < resolver->n_pending; end++)
            if (!same_file(resolver->profile, resolver->pending[i].mapping,
                           resolver->pending[end].mapping))
                break;
        resolve_file(resolver, resolver->pending + i, end - i);
    }
    mt_symbols_notes_end(&resolver->notes);
    resolver->no_memory |= resolver->notes.no_memory;
}

/* The files of JIT code are asked for only if there is such code. */
static void resolve_jit(struct resolver *resolver) {
    const struct mt_profile *profile = resolver->profile;
    const struct mt_symbols_options *options = resolver->options;
    struct mt_jit_files files;
    bool is_asked = !options->jit && profile->info.process != 0;
    size_t end =
        options->end && options->end < profile->n_locations ? options->end : profile->n_locations;
    if ((!is_asked && !options->jit) || !mt_jit_is_needed(profile, options->first, end))
        return;
    if (is_asked) {
        mt_jit_files_init(&files);
        mt_jit_files_look(&files, profile->info.process);
    }
    resolver->no_memory |= mt_jit_resolve(resolver->profile, is_asked ? &files : options->jit,
                                          options->first, end) != 0;
    if (is_asked)
        mt_jit_files_close(&files);
}

int mt_symbols_resolve(struct mt_profile *profile, const struct mt_symbols_options *options,
                       struct mt_error *error) {
    struct mt_symbols_options all = options ? *options : (struct mt_symbols_options){0};
    if (!all.debug_path)
        all.debug_path = secure_getenv("MEMTRACK_DEBUG_PATH");
    if (!all.sysroot)
        all.sysroot = secure_getenv("MEMTRACK_SYSROOT");
    struct resolver resolver = {.profile = profile,
                                .options = &all,
                                .notes = {.profile = profile, .asked_servers = all.debuginfod}};
    if (!all.first && !all.end)
        mt_symbols_notes_forget(profile);
    if (!all.first && !all.end) /* of a profile that still grows it is too early */
        resolver.no_memory = mt_symbols_blocks_resolve(profile, &all) != 0;
    if (!resolver.no_memory && collect(&resolver))
        resolve_all(&resolver);
    else
        resolver.no_memory = true;
    if (!resolver.no_memory)
        resolve_jit(&resolver);
    free(resolver.pending);
    free(resolver.demangled);
    free(resolver.room);
    resolver.no_memory |= mt_symbols_scopes_resolve(profile) != 0;
    return resolver.no_memory
               ? mt_error_set(error, MEMTRACK_ENOMEM, "", "cannot resolve symbols: out of memory")
               : 0;
}
