/* SPDX-License-Identifier: MIT */
/*
 * Of what is in both files, the dump is believed where it knows the line; otherwise the map, in which
 * V8 writes where a function begins.
 *
 * A profile holds no times of single allocations, so when an address had several functions one
 * after the other, nobody can tell which of them allocated. The latest is named, as perf does, and
 * a note says how many bytes that concerns.
 *
 * A file that was last written before the process began is of another one, which had its number.
 */
#include "view/jit/jit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "view/jit/dump.h"
#include "view/jit/name.h"
#include "view/jit/owners.h"
#include "view/jit/perf_map.h"

#define CLOCK_GRAIN_NS UINT64_C(1000000000) /* times of files are older than the time of day */

/* ---- asking ---------------------------------------------------------------------------------- */

static bool is_nameless(const struct mt_location *location) {
    return location->n_lines == 0 && location->mapping == 0 && location->address != 0;
}

bool mt_jit_is_needed(const struct mt_profile *profile, size_t first, size_t end) {
    for (size_t i = first; i < end; i++)
        if (is_nameless(&profile->locations[i]))
            return true;
    return false;
}

/* Returns -MEMTRACK_ENOMEM, or 0 with as many owners as there are locations without a name. */
static int collect(const struct mt_profile *profile, size_t first, size_t end,
                   struct mt_owners *owners) {
    size_t n = 0;
    for (size_t i = first; i < end; i++)
        n += is_nameless(&profile->locations[i]);
    owners->items = calloc(n + 1, sizeof *owners->items);
    if (!owners->items)
        return -MEMTRACK_ENOMEM;
    for (size_t i = first; i < end; i++) {
        const struct mt_location *location = &profile->locations[i];
        if (is_nameless(location))
            owners->items[owners->n++] = (struct mt_owner){
                .address = location->address - (location->exact ? 0 : 1), .location = (uint32_t)i};
    }
    mt_owners_sort(owners);
    return 0;
}

static bool is_of_this_process(const struct mt_profile *profile, int fd) {
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        return false;
    uint64_t written_ns =
        (uint64_t)status.st_mtim.tv_sec * UINT64_C(1000000000) + (uint64_t)status.st_mtim.tv_nsec;
    return written_ns + CLOCK_GRAIN_NS >= profile->info.start_time_ns;
}

/* ---- names ----------------------------------------------------------------------------------- */

struct naming {
    struct mt_profile *profile;
    struct mt_jit_name name;
    uint32_t mapping;  /* index + 1 of MT_PROFILE_JIT, 0: not looked for yet */
    bool *is_doubtful; /* of each location that had several functions */
};

static bool intern(struct mt_profile *profile, const char *text, mt_string *string) {
    *string = mt_profile_intern(profile, text);
    return *string != UINT32_MAX;
}

static int find_mapping(struct naming *naming) {
    struct mt_profile *profile = naming->profile;
    for (size_t i = 0; !naming->mapping && i < profile->n_mappings; i++)
        if (strcmp(mt_profile_text(profile, profile->mappings[i].path), MT_PROFILE_JIT) == 0)
            naming->mapping = (uint32_t)i + 1;
    if (naming->mapping)
        return 0;
    struct mt_mapping mapping = {.start = UINT64_MAX, .has_functions = true};
    if (!intern(profile, MT_PROFILE_JIT, &mapping.path))
        return -MEMTRACK_ENOMEM;
    int64_t index = mt_profile_add_mapping(profile, &mapping);
    naming->mapping = (uint32_t)index + 1;
    return index < 0 ? -MEMTRACK_ENOMEM : 0;
}

static void stretch_mapping(struct mt_mapping *mapping, uint64_t address, bool has_file,
                            bool has_line) {
    if (address < mapping->start)
        mapping->start = address;
    if (address >= mapping->limit)
        mapping->limit = address + 1;
    mapping->has_filenames |= has_file;
    mapping->has_line_numbers |= has_line;
}

/* Where the compiler has told the line, it is that; else the one where the function begins. */
static int name_one(struct naming *naming, const struct mt_owner *owner) {
    struct mt_profile *profile = naming->profile;
    struct mt_function function = {0};
    struct mt_location *location = &profile->locations[owner->location];
    mt_jit_name_decode(owner->name, &naming->name);
    const char *file = owner->file && owner->line ? owner->file : naming->name.file;
    function.start_line = strcmp(file, naming->name.file) == 0 ? naming->name.line : 0;
    if (find_mapping(naming) != 0 || !intern(profile, naming->name.function, &function.name) ||
        !intern(profile, owner->name, &function.system_name) ||
        !intern(profile, file, &function.file))
        return -MEMTRACK_ENOMEM;
    int64_t index = mt_profile_add_function(profile, &function);
    struct mt_line line = {.function = (uint32_t)index,
                           .line = owner->file && owner->line ? owner->line : naming->name.line};
    int64_t first = index < 0 ? index : mt_profile_add_lines(profile, &line, 1);
    if (first < 0)
        return -MEMTRACK_ENOMEM;
    location->mapping = naming->mapping;
    location->first_line = (uint32_t)first;
    location->n_lines = 1;
    stretch_mapping(&profile->mappings[naming->mapping - 1], location->address, function.file != 0,
                    line.line != 0);
    naming->is_doubtful[owner->location] = owner->is_one_of_several;
    return 0;
}

/* ---- what is said ---------------------------------------------------------------------------- */

static int note_refusal(struct mt_profile *profile, const struct mt_jit_file *file) {
    static const char *const reasons[] = {
        [MT_JIT_FOREIGN] = "it belongs to another user",
        [MT_JIT_WRITABLE] = "others may write to it (chmod go-w)",
        [MT_JIT_NO_FILE] = "it is not a regular file",
    };
    char text[512];
    if (file->fd >= 0 || file->refusal == MT_JIT_TAKEN)
        return 0;
    snprintf(text, sizeof text, "%s is not read: %s. JIT code stays without names.", file->path,
             reasons[file->refusal]);
    return mt_profile_add_note(profile, text);
}

/* Returns the share of all bytes that lie on paths with such a location. */
static double percent_of(const struct mt_profile *profile, const bool *is_such) {
    double all = 0, such = 0;
    for (size_t i = 0; i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        double bytes = (double)sample->value[MT_VALUE_TOTAL_BYTES];
        all += bytes;
        for (uint32_t f = 0; f < sample->n_frames; f++)
            if (is_such[profile->frames[sample->first_frame + f]]) {
                such += bytes;
                break;
            }
    }
    return all > 0 ? 100 * such / all : 0;
}

static int note_doubt(const struct naming *naming) {
    bool is_any = false;
    char text[256];
    for (size_t i = 0; i < naming->profile->n_locations; i++)
        is_any |= naming->is_doubtful[i];
    if (!is_any)
        return 0;
    snprintf(text, sizeof text,
             "%.1f%% of the bytes come through JIT code at addresses that held several "
             "functions in turn: the latest is named.",
             percent_of(naming->profile, naming->is_doubtful));
    return mt_profile_add_note(naming->profile, text);
}

static int note_cut(struct mt_profile *profile, const struct mt_owners *owners) {
    return owners->is_cut
               ? mt_profile_add_note(
                     profile,
                     "The list of JIT code is too long: a part was read, and names of JIT code are "
                     "approximate.")
               : 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void read_files(const struct mt_profile *profile, const struct mt_jit_files *files,
                       struct mt_owners *mapped, struct mt_owners *dumped) {
    if (is_of_this_process(profile, files->map.fd))
        mt_perf_map_read(files->map.fd, mapped);
    if (is_of_this_process(profile, files->dump.fd))
        mt_jit_dump_read(files->dump.fd, dumped);
}

static int name_all(struct mt_profile *profile, const struct mt_owners *mapped,
                    const struct mt_owners *dumped) {
    struct naming *naming = calloc(1, sizeof *naming);
    int rc = naming ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0) {
        naming->profile = profile;
        naming->is_doubtful = calloc(profile->n_locations + 1, sizeof *naming->is_doubtful);
        rc = naming->is_doubtful ? 0 : -MEMTRACK_ENOMEM;
    }
    for (size_t i = 0; rc == 0 && i < mapped->n; i++) {
        bool by_dump = dumped->items[i].file || !mapped->items[i].name;
        const struct mt_owner *owner = by_dump ? &dumped->items[i] : &mapped->items[i];
        if (owner->name)
            rc = name_one(naming, owner);
    }
    if (rc == 0)
        rc = note_doubt(naming);
    if (rc == 0)
        rc = note_cut(profile, mapped);
    if (rc == 0)
        rc = note_cut(profile, dumped);
    if (naming)
        free(naming->is_doubtful);
    free(naming);
    return rc;
}

int mt_jit_resolve(struct mt_profile *profile, const struct mt_jit_files *files, size_t first,
                   size_t end) {
    struct mt_owners mapped = {0}, dumped = {0};
    int rc = collect(profile, first, end, &mapped);
    if (rc == 0 && mapped.n)
        rc = collect(profile, first, end, &dumped);
    if (rc == 0 && mapped.n) {
        read_files(profile, files, &mapped, &dumped);
        rc = mapped.no_memory || dumped.no_memory ? -MEMTRACK_ENOMEM
                                                  : name_all(profile, &mapped, &dumped);
        if (rc == 0)
            rc = note_refusal(profile, &files->map);
        if (rc == 0)
            rc = note_refusal(profile, &files->dump);
    }
    mt_owners_free(&mapped);
    mt_owners_free(&dumped);
    return rc;
}
