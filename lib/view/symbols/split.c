/* SPDX-License-Identifier: MIT */
/*
 * Split units (-gsplit-dwarf): the program has skeletons, with addresses and lines, and names and
 * inlined calls are in .dwo files, or in one package for the program. libdw 0.188 reads .dwo files
 * where the compiler put them, and nothing else: without the unit a function's inlined calls become
 * the function itself, and nothing says so.
 *
 *   skeleton's id ──► 1. FILE.dwp of the program, or of its debug file; a file of that name in the
 *                        directories given
 *                     2. the .dwo or object file that the skeleton names: where it was made, beside
 *                        the program, below the sysroot, in the directories given
 *                 ──► libdw, as a pair of small files (pair.c)
 *
 * The id decides, as the build id does for files: a package or .dwo of another build is not used.
 * What was found is kept until the module is closed; what was not is counted, and a note says which
 * file was missing.
 */
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/search.h"
#include "view/symbols/split-local.h"
#include "view/symbols/symbols-local.h"

struct found {
    uint64_t id;
    Dwarf_Die die; /* addr NULL: it cannot be found */
    struct mt_pair pair;
};

struct bases {
    uint64_t *at;
    size_t n;
};

struct mt_split {
    struct mt_symbols_module *module;
    void *units; /* of struct found, by id */
    bool packages_tried, bases_known;
    struct {
        int fd;
        Elf *elf;
    } packages[4];
    size_t n_packages;
    struct bases addresses, ranges; /* DWARF 4: where the parts of the units begin */
};

/* ---- the skeleton ---------------------------------------------------------------------------- */

static bool number_of(Dwarf_Die *die, unsigned name, uint64_t *value) {
    Dwarf_Attribute attribute;
    Dwarf_Word word;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &word) != 0)
        return false;
    *value = word;
    return true;
}

static const char *text_of(Dwarf_Die *die, unsigned name, unsigned gnu_name) {
    Dwarf_Attribute attribute;
    if (!dwarf_attr(die, name, &attribute) && !dwarf_attr(die, gnu_name, &attribute))
        return NULL;
    return dwarf_formstring(&attribute);
}

static int compare_numbers(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void add_base(struct bases *bases, Dwarf_Die *die, unsigned name) {
    uint64_t base;
    if (!number_of(die, name, &base))
        return;
    if (!mt_array_grow(&bases->at, bases->n, sizeof *bases->at))
        return;
    bases->at[bases->n++] = base;
}

static void find_bases(struct mt_split *split) {
    Dwarf_CU *cu = NULL;
    Dwarf_Half version;
    Dwarf_Die die;
    while (dwarf_get_units(split->module->dwarf, cu, &cu, &version, NULL, &die, NULL) == 0)
        if (version < 5) {
            add_base(&split->addresses, &die, DW_AT_GNU_addr_base);
            add_base(&split->ranges, &die, DW_AT_GNU_ranges_base);
        }
    if (split->addresses.n)
        qsort(split->addresses.at, split->addresses.n, sizeof(uint64_t), compare_numbers);
    if (split->ranges.n)
        qsort(split->ranges.at, split->ranges.n, sizeof(uint64_t), compare_numbers);
    split->bases_known = true;
}

/* Takes what is from a base to the next one, or to the end. */
static struct mt_bytes part_from(const struct bases *bases, struct mt_bytes section,
                                 uint64_t base) {
    size_t low = MT_PARTITION_POINT(i, bases->n, bases->at[i] <= base);
    return mt_section_part(section, base, low < bases->n ? bases->at[low] - base : UINT64_MAX);
}

static void take_old_parts(struct mt_split *split, Dwarf_Die *die, struct mt_skeleton *skeleton) {
    Elf *elf = dwarf_getelf(split->module->dwarf);
    uint64_t base = 0;
    if (!split->bases_known)
        find_bases(split);
    if (number_of(die, DW_AT_GNU_addr_base, &base))
        skeleton->addresses =
            part_from(&split->addresses, mt_section_find(elf, ".debug_addr"), base);
    base = 0;
    number_of(die, DW_AT_GNU_ranges_base, &base);
    skeleton->ranges = part_from(&split->ranges, mt_section_find(elf, ".debug_ranges"), base);
}

/* In DWARF 5 the part has a header, which says how long it is. */
static void take_new_part(const struct mt_split *split, Dwarf_Die *die,
                          struct mt_skeleton *skeleton) {
    uint64_t base;
    uint32_t bytes;
    if (!number_of(die, DW_AT_addr_base, &base) || base < 8)
        return;
    struct mt_bytes part = mt_section_find(dwarf_getelf(split->module->dwarf), ".debug_addr");
    part = mt_section_part(part, base - 8, UINT64_MAX);
    if (part.n < 8)
        return;
    memcpy(&bytes, part.data, sizeof bytes);
    skeleton->addresses = mt_section_part(part, 0, (uint64_t)bytes + 4);
}

static void describe(struct mt_split *split, Dwarf_Die *die, struct mt_skeleton *skeleton) {
    Dwarf_Addr low;
    if (dwarf_lowpc(die, &low) == 0)
        skeleton->low_address = low;
    if (skeleton->version < 5)
        take_old_parts(split, die, skeleton);
    else
        take_new_part(split, die, skeleton);
}

/* ---- files ----------------------------------------------------------------------------------- */

static Elf *open_elf(const char *path, int *fd) {
    *fd = mt_symbols_zstd_plain(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    Elf *elf = *fd >= 0 ? elf_begin(*fd, ELF_C_READ_MMAP_PRIVATE, NULL) : NULL;
    if (elf && elf_kind(elf) == ELF_K_ELF)
        return elf;
    elf_end(elf);
    if (*fd >= 0)
        close(*fd);
    return NULL;
}

/* Takes path over. */
static void add_package(struct mt_split *split, char *path) {
    int fd;
    if (!path || split->n_packages == sizeof split->packages / sizeof *split->packages) {
        free(path);
        return;
    }
    Elf *elf = open_elf(path, &fd);
    free(path);
    if (!elf)
        return;
    split->packages[split->n_packages].fd = fd;
    split->packages[split->n_packages++].elf = elf;
}

__attribute__((format(printf, 1, 2))) static char *format(const char *text, ...) {
    char *made = NULL;
    va_list arguments;
    va_start(arguments, text);
    int n = vasprintf(&made, text, arguments);
    va_end(arguments);
    return n < 0 ? NULL : made;
}

static void find_packages(struct mt_split *split) {
    const struct mt_symbols_module *module = split->module;
    const char *main_file = NULL, *debug_file = NULL;
    dwfl_module_info(module->module, NULL, NULL, NULL, NULL, NULL, &main_file, &debug_file);
    split->packages_tried = true;
    add_package(split, format("%s.dwp", module->path));
    if (strcmp(module->recorded, module->path) != 0)
        add_package(split, format("%s.dwp", module->recorded));
    if (debug_file && strcmp(debug_file, module->path) != 0)
        add_package(split, format("%s.dwp", debug_file));
    for (const char *at = module->debug_path; *at;) {
        int bytes = (int)strcspn(at, ":");
        if (bytes)
            add_package(split, format("%.*s/%s.dwp", bytes, at, basename(module->recorded)));
        at += bytes + (at[bytes] == ':');
    }
}

/* ---- one unit -------------------------------------------------------------------------------- */

static bool try_unit(struct found *found, const struct mt_skeleton *skeleton,
                     struct mt_split_unit *unit) {
    bool good = mt_pair_open(&found->pair, skeleton, unit, &found->die);
    mt_dwp_unit_free(unit);
    return good;
}

static bool try_packages(struct mt_split *split, struct found *found,
                         const struct mt_skeleton *skeleton) {
    struct mt_split_unit unit;
    if (!split->packages_tried)
        find_packages(split);
    for (size_t i = 0; i < split->n_packages; i++)
        if (mt_dwp_find(split->packages[i].elf, found->id, &unit) &&
            try_unit(found, skeleton, &unit))
            return true;
    return false;
}

/* Takes path over. */
static bool try_file(struct found *found, const struct mt_skeleton *skeleton, char *path) {
    struct mt_split_unit unit;
    int fd;
    Elf *elf = path ? open_elf(path, &fd) : NULL;
    bool good = elf && mt_dwp_take_dwo(elf, &unit) && try_unit(found, skeleton, &unit);
    free(path);
    if (elf) {
        elf_end(elf);
        close(fd);
    }
    return good;
}

/* Looks for a name in a directory, then in what is above it, as far as the end of the path goes:
 * DIR/a/b/c.dwo, DIR/b/c.dwo, … */
static bool try_directory(struct found *found, const struct mt_skeleton *skeleton,
                          const char *directory, int bytes, const char *path) {
    for (const char *end = path; end; end = strchr(end + 1, '/'))
        if (try_file(found, skeleton, format("%.*s/%s", bytes, directory, end + (*end == '/'))))
            return true;
    return false;
}

static bool try_files(struct mt_split *split, struct found *found,
                      const struct mt_skeleton *skeleton, const char *directory, const char *name) {
    const struct mt_symbols_module *module = split->module;
    char *path = *name == '/' || !directory ? strdup(name) : format("%s/%s", directory, name);
    const char *slash = strrchr(module->path, '/');
    bool good = path && try_file(found, skeleton, strdup(path));
    if (path && !good && module->sysroot)
        good = try_file(found, skeleton, format("%s%s", module->sysroot, path));
    if (path && !good && slash)
        good = try_directory(found, skeleton, module->path, (int)(slash - module->path),
                             *name == '/' ? path : name);
    for (const char *at = module->debug_path; path && !good && *at;) {
        int bytes = (int)strcspn(at, ":");
        if (bytes)
            good = try_directory(found, skeleton, at, bytes, path);
        at += bytes + (at[bytes] == ':');
    }
    free(path);
    return good;
}

static void find_unit(struct mt_split *split, struct found *found, Dwarf_Die *die,
                      struct mt_skeleton *skeleton) {
    const char *name = text_of(die, DW_AT_dwo_name, DW_AT_GNU_dwo_name);
    const char *directory = text_of(die, DW_AT_comp_dir, DW_AT_comp_dir);
    describe(split, die, skeleton);
    if (try_packages(split, found, skeleton) ||
        (name && try_files(split, found, skeleton, directory, name)))
        return;
    found->die.addr = NULL;
    if (!split->module->missing_unit && name)
        split->module->missing_unit =
            *name == '/' || !directory ? strdup(name) : format("%s/%s", directory, name);
    split->module->n_missing_units++;
}

/* ---- all ------------------------------------------------------------------------------------- */

static int compare_found(const void *a, const void *b) {
    uint64_t left = ((const struct found *)a)->id, right = ((const struct found *)b)->id;
    return left < right ? -1 : left > right;
}

static struct mt_split *split_of(struct mt_symbols_module *module) {
    if (!module->split && (module->split = calloc(1, sizeof *module->split)) != NULL)
        module->split->module = module;
    return module->split;
}

bool mt_split_find(struct mt_symbols_module *module, Dwarf_Die *die, Dwarf_Die *out) {
    struct mt_skeleton skeleton = {0};
    uint64_t id;
    Dwarf_Half version;
    struct mt_split *split = split_of(module);
    if (!split ||
        dwarf_cu_info(die->cu, &version, NULL, NULL, NULL, &id, &skeleton.address_bytes, NULL) != 0)
        return false;
    skeleton.version = version;
    skeleton.id = id;
    struct found key = {.id = id}, *const *node = tfind(&key, &split->units, compare_found);
    struct found *found = node ? *node : calloc(1, sizeof *found);
    if (!node && found) {
        found->id = id;
        if (!tsearch(found, &split->units, compare_found)) {
            free(found);
            return false;
        }
        find_unit(split, found, die, &skeleton);
    }
    if (!found || !found->die.addr)
        return false;
    *out = found->die;
    return true;
}

static void free_found(void *item) {
    struct found *found = item;
    mt_pair_close(&found->pair);
    free(found);
}

void mt_split_free(struct mt_split *split) {
    if (!split)
        return;
    tdestroy(split->units, free_found);
    for (size_t i = 0; i < split->n_packages; i++) {
        elf_end(split->packages[i].elf);
        close(split->packages[i].fd);
    }
    free(split->addresses.at);
    free(split->ranges.at);
    free(split);
}
