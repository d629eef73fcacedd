/* SPDX-License-Identifier: MIT */
/*
 * Is this the file? A path alone says little: the file may have been rebuilt, upgraded or deleted
 * since, and wrong names are worse than none. The build id decides. Where the recorded file had
 * none, a file
 *
 *   that is known to be the mapped one (kept open, or asked of the process)   is believed
 *   at the recorded path    is believed if nothing was written to it since the recording ended, and
 *                           its segments would take the room that was mapped
 *   of the same name in a directory that the user has given                   if its segments would
 *   that has a build id     never
 *
 * Each file gets a Dwfl of its own at bias 0: modules of one process may overlap in time (dlclose,
 * then another library at the same address), and closing a Dwfl is the only way to free what libdw
 * has read.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "view/symbols/symbols-local.h"

enum {
    MAX_BUILD_ID_BYTES = 64,
    PAGE_BYTES = 4096,
    MAX_GAP = 1 << 21 /* the largest pages that linkers align to */
};

static int no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **file,
                  Elf **elf) {
    (void)module, (void)data, (void)name, (void)base, (void)file, (void)elf;
    return -1; /* every module is reported with its file */
}

/* An empty element is the directory of the file. */
static char *search_path(const struct mt_symbol_wanted *wanted) {
    char *path = NULL, process[64] = "";
    const char *given = wanted->debug_path ? wanted->debug_path : "",
               *root = wanted->sysroot ? wanted->sysroot : "";
    if (wanted->process)
        snprintf(process, sizeof process, ":/proc/%u/root/usr/lib/debug", wanted->process);
    return asprintf(&path, "%s%s:.debug%s%s%s:/usr/lib/debug%s", given, *given ? ":" : "",
                    *root ? ":" : "", root, *root ? "/usr/lib/debug" : "", process) > 0
               ? path
               : NULL;
}

static bool report(struct mt_symbols_module *module) {
    module->callbacks = (Dwfl_Callbacks){
        .find_elf = no_elf,
        .find_debuginfo = mt_symbols_debug_find,
        .section_address = dwfl_offline_section_address,
        .debuginfo_path = &module->debug_path,
    };
    int fd = fcntl(module->fd, F_DUPFD_CLOEXEC, 0);
    module->dwfl = fd >= 0 ? dwfl_begin(&module->callbacks) : NULL;
    if (!module->dwfl) {
        close(fd);
        return false;
    }
    dwfl_report_begin(module->dwfl);
    module->module = dwfl_report_elf(module->dwfl, module->path, module->path, fd, 0, true);
    if (!module->module) {
        close(fd);
        return false;
    }
    dwfl_report_end(module->dwfl, NULL, NULL);
    void **data;
    dwfl_module_info(module->module, &data, NULL, NULL, NULL, NULL, NULL, NULL);
    *data = module;
    GElf_Addr elf_bias;
    GElf_Ehdr header;
    Elf *elf = dwfl_module_getelf(module->module, &elf_bias);
    module->elf_bias = elf_bias;
    return elf && gelf_getehdr(elf, &header) &&
           (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

static uint64_t debug_bytes(Dwarf *dwarf) {
    uint64_t bytes = 0;
    GElf_Shdr header;
    Elf *elf = dwarf ? dwarf_getelf(dwarf) : NULL;
    for (Elf_Scn *section = NULL; elf && (section = elf_nextscn(elf, section)) != NULL;)
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_PROGBITS &&
            !(header.sh_flags & SHF_ALLOC))
            bytes += header.sh_size;
    return bytes;
}

static void load_dwarf(struct mt_symbols_module *module) {
    Dwarf_Addr bias = 0;
    module->dwarf = dwfl_module_getdwarf(module->module, &bias);
    module->dwarf_bias = bias;
    module->debug_bytes = debug_bytes(module->dwarf);
    module->n_rows = 0;
}

static int open_file(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

static void module_build_id(Dwfl_Module *module, char hex[2 * MAX_BUILD_ID_BYTES + 1]) {
    const unsigned char *bits = NULL;
    GElf_Addr address;
    int n = dwfl_module_build_id(module, &bits, &address);
    n = n < 0 ? 0 : n > MAX_BUILD_ID_BYTES ? MAX_BUILD_ID_BYTES : n;
    for (int i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", bits[i]);
    hex[2 * n] = '\0';
}

static bool changed_since(int fd, uint64_t time_ns) {
    struct stat status;
    return time_ns && fstat(fd, &status) == 0 &&
           (uint64_t)status.st_mtim.tv_sec * UINT64_C(1000000000) +
                   (uint64_t)status.st_mtim.tv_nsec >
               time_ns;
}

/* Returns whether the file would be mapped as long as that one was. Segments apart from each
 * other are not seen as a whole. */
static bool fits(const struct mt_symbols_module *module, const struct mt_symbol_wanted *wanted) {
    GElf_Addr bias;
    GElf_Phdr header;
    Elf *elf = dwfl_module_getelf(module->module, &bias);
    uint64_t first = UINT64_MAX, end = 0;
    size_t n;
    if (wanted->limit <= wanted->start || !elf || elf_getphdrnum(elf, &n) != 0)
        return true;
    for (size_t i = 0; i < n && i <= INT32_MAX; i++) {
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD)
            continue;
        if (end && header.p_vaddr > end + MAX_GAP)
            return true;
        first = header.p_vaddr < first ? header.p_vaddr & ~(uint64_t)(PAGE_BYTES - 1) : first;
        end = header.p_vaddr + header.p_memsz;
    }
    uint64_t found = end - first, recorded = wanted->limit - wanted->start;
    return first < end && (found > recorded ? found - recorded : recorded - found) < PAGE_BYTES;
}

/* Without a build id to compare, this depends on how the file was found. */
static bool same_build(const struct mt_symbols_module *module,
                       const struct mt_symbol_wanted *wanted, enum mt_symbol_trust trust,
                       bool is_newer) {
    char found[2 * MAX_BUILD_ID_BYTES + 1];
    module_build_id(module->module, found);
    if (*wanted->build_id)
        return strcmp(found, wanted->build_id) == 0;
    if (wanted->must_have_build_id && *found)
        return false;
    if (trust == MT_SYMBOL_THE_FILE)
        return true;
    return fits(module, wanted) && !(trust == MT_SYMBOL_THE_PATH && is_newer);
}

static struct mt_symbols_module *new_module(int fd, const char *path,
                                            const struct mt_symbol_wanted *wanted) {
    struct mt_symbols_module *module = calloc(1, sizeof *module);
    if (!module) {
        close(fd);
        return NULL;
    }
    module->fd = fd;
    module->path = strdup(path);
    module->recorded = strdup(wanted->path);
    module->sysroot = wanted->sysroot ? strdup(wanted->sysroot) : NULL;
    module->debug_path = search_path(wanted);
    module->debuginfod = wanted->debuginfod;
    return module;
}

/* Takes fd over; with -1 the path is opened. */
static enum mt_symbol_file try_file(struct mt_symbols_module **out, int fd, const char *path,
                                    const struct mt_symbol_wanted *wanted,
                                    enum mt_symbol_trust trust) {
    if (fd < 0)
        fd = open_file(path);
    if (fd < 0)
        return MT_SYMBOL_FILE_MISSING;
    bool is_newer = changed_since(fd, wanted->recorded_end_ns);
    struct mt_symbols_module *module = new_module(mt_symbols_zstd_plain(fd), path, wanted);
    enum mt_symbol_file result = MT_SYMBOL_FILE_UNUSABLE;
    if (module && module->path && module->recorded && module->debug_path && report(module))
        result = same_build(module, wanted, trust, is_newer) ? MT_SYMBOL_FILE_FOUND
                                                             : MT_SYMBOL_FILE_CHANGED;
    if (result != MT_SYMBOL_FILE_FOUND) {
        mt_symbols_module_close(module);
        return result;
    }
    load_dwarf(module);
    *out = module;
    return result;
}

struct opening {
    const struct mt_symbol_wanted *wanted;
    struct mt_symbols_module **module;
};

static enum mt_symbol_file try_place(void *context, int fd, const char *path,
                                     enum mt_symbol_trust trust) {
    const struct opening *opening = context;
    return try_file(opening->module, fd, path, opening->wanted, trust);
}

enum mt_symbol_file mt_symbols_module_open(struct mt_symbols_module **module,
                                           const struct mt_symbol_wanted *wanted) {
    struct opening opening = {wanted, module};
    *module = NULL;
    return mt_symbols_find(wanted, try_place, &opening);
}

bool mt_symbols_module_reopen(struct mt_symbols_module *module) {
    mt_split_free(module->split);
    module->split = NULL;
    dwfl_end(module->dwfl);
    module->dwfl = NULL;
    module->module = NULL;
    module->dwarf = NULL;
    if (!report(module)) {
        if (module->dwfl)
            dwfl_end(module->dwfl);
        module->dwfl = NULL;
        return false;
    }
    load_dwarf(module);
    return module->dwarf != NULL;
}

void mt_symbols_module_close(struct mt_symbols_module *module) {
    if (!module)
        return;
    mt_symbols_lines_free(module->lines);
    mt_split_free(module->split);
    if (module->dwfl)
        dwfl_end(module->dwfl);
    if (module->fd >= 0)
        close(module->fd);
    free(module->path);
    free(module->recorded);
    free(module->sysroot);
    free(module->missing_unit);
    free(module->key);
    free(module->debug_path);
    free(module);
}

uint64_t mt_symbols_module_address(const struct mt_symbols_module *module, uint64_t offset) {
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(module->module, &bias);
    size_t n;
    if (elf && elf_getphdrnum(elf, &n) == 0) {
        for (size_t i = 0; i < n && i <= INT32_MAX; i++) {
            GElf_Phdr header;
            if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD &&
                offset >= header.p_offset && offset - header.p_offset < header.p_filesz)
                return offset - header.p_offset + header.p_vaddr;
        }
    }
    return offset;
}
