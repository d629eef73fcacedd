/* SPDX-License-Identifier: MIT */
/*
 * Why functions have no names, in sentences: which file, the reason, and what would help. A reader
 * of addresses has to know whether it is worth to look for the file.
 *
 * Notes are stored in profiles, and a profile is read elsewhere, too: so those that say "no names"
 * are dropped before each look, which tries again whatever has none. (Split units are another
 * matter: without theirs, functions have names and lines, and are not tried again.)
 *
 * Of stripped files only those are named that matter: whose unnamed code asked for a twentieth of
 * the bytes.
 */
#include <gelf.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "view/symbols/symbols-local.h"

enum { MAX_FILE_NOTES = 4, NOTE_BYTES = 4600, LEAST_PERCENT = 5 };

static const char no_names[] = " no names";

static void note(struct mt_symbols_notes *notes, const char *text) {
    if (mt_profile_add_note(notes->profile, text) < 0)
        notes->no_memory = true;
}

void mt_symbols_notes_forget(struct mt_profile *profile) {
    size_t kept = 0;
    for (size_t i = 0; i < profile->info.n_notes; i++)
        if (!strstr(mt_profile_text(profile, profile->info.notes[i]), no_names))
            profile->info.notes[kept++] = profile->info.notes[i];
    profile->info.n_notes = kept;
}

void mt_symbols_notes_file(struct mt_symbols_notes *notes, enum mt_symbol_file why,
                           const char *path) {
    static const char *const reasons[] = {
        [MT_SYMBOL_FILE_MISSING] = "cannot be opened here",
        [MT_SYMBOL_FILE_DELETED] =
            ("was deleted before the recording, and only root could read it"),
        [MT_SYMBOL_FILE_CHANGED] = "has changed since (it is another build)",
        [MT_SYMBOL_FILE_UNUSABLE] = "is not a program or library any more",
    };
    char text[NOTE_BYTES];
    if (why == MT_SYMBOL_FILE_NONE || ++notes->n_without > MAX_FILE_NOTES)
        return;
    snprintf(text, sizeof text, "%s %s: its functions have%s.", path, reasons[why], no_names);
    note(notes, text);
}

void mt_symbols_notes_end(struct mt_symbols_notes *notes) {
    char text[NOTE_BYTES];
    if (notes->n_without > MAX_FILE_NOTES) {
        snprintf(text, sizeof text,
                 "%u more file%s changed or cannot be opened: their functions have%s.",
                 notes->n_without - MAX_FILE_NOTES,
                 notes->n_without - MAX_FILE_NOTES == 1 ? "" : "s", no_names);
        note(notes, text);
    }
    if (notes->n_without) {
        snprintf(text, sizeof text,
                 "Files with%s are looked for in --debug-path DIR, and below --sysroot DIR.",
                 no_names);
        note(notes, text);
    }
}

/* ---- what a module lacks --------------------------------------------------------------------- */

static void note_missing_units(struct mt_symbols_notes *notes,
                               const struct mt_symbols_module *module, const char *path) {
    char text[NOTE_BYTES];
    if (!module->n_missing_units)
        return;
    snprintf(text, sizeof text,
             "%s: a part of its split debug information (%.1500s) is missing, so inlined "
             "calls are not shown. Keep the .dwo files, or make %s.dwp of them: dwp -e.",
             path, module->missing_unit ? module->missing_unit : "a .dwo file", path);
    note(notes, text);
}

/* The line that decided to allocate is hardly in one of these. */
static bool is_runtime(const char *path) {
    static const char *const names[] = {"libc.so",    "libc-",      "ld-linux", "ld.so",
                                        "libstdc++",  "libc++",     "libm.so",  "libgcc_s",
                                        "libpthread", "libmemtrack"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(basename(path), names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Returns for each mapping, from 1 on, whether it is one; malloc'ed, NULL: out of memory. */
static bool *find_runtimes(const struct mt_profile *profile) {
    bool *are_runtime = calloc(profile->n_mappings + 1, sizeof *are_runtime);
    for (size_t m = 1; are_runtime && m <= profile->n_mappings; m++)
        are_runtime[m] = is_runtime(mt_profile_text(profile, profile->mappings[m - 1].path));
    return are_runtime;
}

static const struct mt_location *charged(const struct mt_profile *profile,
                                         const struct mt_sample *sample, const bool *are_runtime) {
    for (uint32_t i = 0; i < sample->n_frames; i++) {
        const struct mt_location *location =
            &profile->locations[profile->frames[sample->first_frame + i]];
        if (!are_runtime[location->mapping])
            return location;
    }
    return NULL;
}

/* Returns, of all bytes, those that code without a name in this file asked for. */
static double unnamed_percent(const struct mt_profile *profile, uint32_t mapping) {
    enum mt_value column =
        profile->has_value[MT_VALUE_TOTAL_BYTES] ? MT_VALUE_TOTAL_BYTES : MT_VALUE_LIVE_BYTES;
    double all = 0, unnamed = 0;
    bool *are_runtime = find_runtimes(profile);
    for (size_t i = 0; are_runtime && i < profile->n_samples; i++) {
        const struct mt_sample *sample = &profile->samples[i];
        const struct mt_location *location = charged(profile, sample, are_runtime);
        all += (double)sample->value[column];
        if (location && location->mapping && mt_symbols_nameless_is(profile, location) &&
            profile->mappings[location->mapping - 1].path == profile->mappings[mapping].path)
            unnamed += (double)sample->value[column];
    }
    free(are_runtime);
    return all > 0 ? 100 * unnamed / all : 0;
}

/* ---- what would help ------------------------------------------------------------------------- */

/* Returns the file's text, malloc'ed, with a line's end before its first line as well; NULL: it
 * cannot be read. */
static char *read_lines(const char *file, size_t *n) {
    FILE *in = fopen(file, "re");
    struct stat status;
    char *text = NULL;
    if (in && fstat(fileno(in), &status) == 0 && (text = malloc((size_t)status.st_size + 1))) {
        text[0] = '\n';
        *n = 1 + fread(text + 1, 1, (size_t)status.st_size, in);
    }
    if (in)
        fclose(in);
    return text;
}

static bool has_line(const char *text, size_t n, const char *before, const char *path) {
    char line[PATH_MAX + 8];
    int bytes = snprintf(line, sizeof line, "\n%s%s\n", before, path);
    return bytes > 0 && (size_t)bytes < sizeof line && memmem(text, n, line, (size_t)bytes);
}

/* Debian's lists have paths from before /usr was merged, and after. Their 400,000 lines are searched
 * as text: line by line it was a third of the time of a report. */
static bool lists(const char *list, const char *path) {
    size_t n = 0;
    char *text = read_lines(list, &n);
    bool found = text && (has_line(text, n, "", path) || has_line(text, n, "/usr", path) ||
                          (strncmp(path, "/usr", 4) == 0 && has_line(text, n, "", path + 4)));
    free(text);
    return found;
}

/* Finds the Debian package that has installed the file. Returns false when there is none, or on
 * another distribution. */
static bool find_package(const char *path, char *name, size_t bytes) {
    glob_t all;
    bool found = false;
    if (glob("/var/lib/dpkg/info/*.list", GLOB_NOSORT, NULL, &all) != 0)
        return false;
    for (size_t i = 0; i < all.gl_pathc && !found; i++) {
        const char *list = basename(all.gl_pathv[i]);
        found = lists(all.gl_pathv[i], path);
        snprintf(name, bytes, "%.*s", (int)strcspn(list, ":"), list);
        name[strlen(name) - (strchr(list, ':') ? 0 : sizeof ".list" - 1)] = '\0';
    }
    globfree(&all);
    return found;
}

static void describe_help(const struct mt_symbols_module *module, char *text, size_t bytes) {
    char package[256];
    bool is_installed =
        strcmp(module->path, module->recorded) == 0 && find_package(module->path, package, 200);
    if (is_installed)
        snprintf(text, bytes, "Install %s%s", package,
                 strcmp(package, "libc6") == 0 ? "-dbg" : "-dbgsym");
    else
        snprintf(text, bytes, "Give --debug-path DIR with the file as it was before");
}

/* Is its debug information there, but in a form that nobody here can read? */
static bool is_unreadable(const struct mt_symbols_module *module) {
    GElf_Addr bias;
    GElf_Shdr header;
    size_t names;
    if (!module->dwfl)
        return false;
    Elf *elf =
        module->dwarf ? dwarf_getelf(module->dwarf) : dwfl_module_getelf(module->module, &bias);
    if (!elf || elf_getshdrstrndx(elf, &names) != 0)
        return false;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        const char *name =
            gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name && strcmp(name, ".debug_info") == 0 && header.sh_type != SHT_NOBITS &&
            header.sh_size)
            return !module->dwarf ||
                   (header.sh_flags & SHF_COMPRESSED); /* else libdw has it in the clear by now */
    }
    return false;
}

static void note_unreadable(struct mt_symbols_notes *notes, const char *path) {
    char text[NOTE_BYTES];
    snprintf(text, sizeof text,
             "%s: its lines have%s: the debug information is damaged, or compressed in an "
             "unknown way. objcopy --decompress-debug-sections may help.",
             path, no_names);
    note(notes, text);
}

static void note_stripped(struct mt_symbols_notes *notes, const struct mt_symbols_module *module,
                          const char *path, uint32_t mapping) {
    char text[NOTE_BYTES], help[300];
    if (!module->dwfl || module->dwarf || mt_symbols_table_is_complete(module))
        return;
    double percent = unnamed_percent(notes->profile, mapping);
    if (percent < LEAST_PERCENT || ++notes->n_stripped > MAX_FILE_NOTES)
        return;
    describe_help(module, help, sizeof help);
    snprintf(text, sizeof text, "%s is stripped: functions with %.0f%% of all bytes have%s. %s%s.",
             path, percent, no_names, help, notes->asked_servers ? "" : ", or use --debuginfod");
    note(notes, text);
}

void mt_symbols_notes_module(struct mt_symbols_notes *notes, const struct mt_symbols_module *module,
                             uint32_t mapping) {
    const char *path = mt_profile_text(notes->profile, notes->profile->mappings[mapping].path);
    note_missing_units(notes, module, path);
    if (is_unreadable(module))
        note_unreadable(notes, path);
    else
        note_stripped(notes, module, path, mapping);
}
