/* SPDX-License-Identifier: MIT */
/*
 * Which file to look into. A path alone says little: the file may have been rebuilt, upgraded or deleted since, and
 * wrong names are worse than none. The build id decides; where there is none, the time of the last change.
 *
 *   path as recorded, same build ──► it, and its debug file (symbols_debug.c)
 *   else /usr/lib/debug/.build-id/xx/yyyy.debug of the recorded build ──► that alone: it has symbols and DWARF
 *   else nothing
 *
 * Each file gets a Dwfl of its own at bias 0: modules of one process may overlap in time (dlclose, then another library
 * at the same address), and closing a Dwfl is the only way to free what libdw has read.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "view/symbols-local.h"

enum { MIN_BUILD_ID_BYTES = 3, MAX_BUILD_ID_BYTES = 64 };

static int no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **file, Elf **elf) {
    (void)module, (void)data, (void)name, (void)base, (void)file, (void)elf;
    return -1; /* every module is reported with its file */
}

static char *search_path(const char *debug_path) {
    char *path = NULL;
    return asprintf(&path, "%s%s:.debug:/usr/lib/debug", debug_path ? debug_path : "", debug_path ? ":" : "") > 0
               ? path
               : NULL;
}

/* Takes fd over. */
static bool report(struct mt_symbol_module *module, int fd) {
    module->callbacks = (Dwfl_Callbacks){
        .find_elf = no_elf,
        .find_debuginfo = module->debuginfod ? dwfl_standard_find_debuginfo : mt_symbols_find_debug_file,
        .section_address = dwfl_offline_section_address,
        .debuginfo_path = &module->debug_path,
    };
    module->dwfl = dwfl_begin(&module->callbacks);
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
    return elf && gelf_getehdr(elf, &header) && (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

static uint64_t debug_bytes(Dwarf *dwarf) {
    uint64_t bytes = 0;
    GElf_Shdr header;
    Elf *elf = dwarf ? dwarf_getelf(dwarf) : NULL;
    for (Elf_Scn *section = NULL; elf && (section = elf_nextscn(elf, section)) != NULL;)
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_PROGBITS && !(header.sh_flags & SHF_ALLOC))
            bytes += header.sh_size;
    return bytes;
}

static void load_dwarf(struct mt_symbol_module *module) {
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

static bool changed_since(const char *path, uint64_t time_ns) {
    struct stat status;
    return time_ns && stat(path, &status) == 0 &&
           (uint64_t)status.st_mtim.tv_sec * UINT64_C(1000000000) + (uint64_t)status.st_mtim.tv_nsec > time_ns;
}

static bool same_build(const struct mt_symbol_module *module, const struct mt_symbol_wanted *wanted) {
    char found[2 * MAX_BUILD_ID_BYTES + 1];
    module_build_id(module->module, found);
    if (*wanted->build_id)
        return strcmp(found, wanted->build_id) == 0;
    return !(wanted->must_have_build_id && *found) && !changed_since(module->path, wanted->recorded_end_ns);
}

static enum mt_symbol_file try_file(struct mt_symbol_module **out, const char *path,
                                    const struct mt_symbol_wanted *wanted) {
    int fd = open_file(path);
    if (fd < 0)
        return MT_SYMBOL_FILE_MISSING;
    struct mt_symbol_module *module = calloc(1, sizeof *module);
    char *copy = strdup(path);
    if (!module || !copy) {
        close(fd);
        free(module);
        free(copy);
        return MT_SYMBOL_FILE_UNUSABLE;
    }
    module->path = copy;
    module->debug_path = search_path(wanted->debug_path);
    module->debuginfod = wanted->debuginfod;
    enum mt_symbol_file result = MT_SYMBOL_FILE_UNUSABLE;
    if (!module->debug_path)
        close(fd);
    else if (report(module, fd))
        result = same_build(module, wanted) ? MT_SYMBOL_FILE_FOUND : MT_SYMBOL_FILE_CHANGED;
    if (result != MT_SYMBOL_FILE_FOUND) {
        mt_symbol_module_close(module);
        return result;
    }
    load_dwarf(module);
    *out = module;
    return result;
}

/* The debug file of a build in one directory: DIRECTORY/.build-id/xx/yyyy.debug. */
static enum mt_symbol_file try_debug_file(struct mt_symbol_module **module, const char *directory, size_t bytes,
                                          const struct mt_symbol_wanted *wanted) {
    char *path;
    if (asprintf(&path, "%.*s/.build-id/%.2s/%s.debug", (int)bytes, directory, wanted->build_id, wanted->build_id + 2) <
        0)
        return MT_SYMBOL_FILE_MISSING;
    enum mt_symbol_file result = try_file(module, path, wanted);
    free(path);
    return result;
}

static bool find_debug_file(struct mt_symbol_module **module, const struct mt_symbol_wanted *wanted) {
    if (strlen(wanted->build_id) < 2 * MIN_BUILD_ID_BYTES ||
        strspn(wanted->build_id, "0123456789abcdef") != strlen(wanted->build_id))
        return false;
    for (const char *at = wanted->debug_path; at && *at;) {
        size_t bytes = strcspn(at, ":");
        if (*at == '/' && try_debug_file(module, at, bytes, wanted) == MT_SYMBOL_FILE_FOUND)
            return true;
        at += bytes + (at[bytes] == ':');
    }
    static const char usual[] = "/usr/lib/debug";
    return try_debug_file(module, usual, strlen(usual), wanted) == MT_SYMBOL_FILE_FOUND;
}

enum mt_symbol_file mt_symbol_module_open(struct mt_symbol_module **module, const struct mt_symbol_wanted *wanted) {
    *module = NULL;
    if (wanted->path[0] != '/' || strncmp(wanted->path, "//", 2) == 0 || strncmp(wanted->path, "/memfd:", 7) == 0 ||
        strncmp(wanted->path, "/SYSV", 5) == 0 || strncmp(wanted->path, "/dev/", 5) == 0)
        return MT_SYMBOL_FILE_NONE;
    enum mt_symbol_file result = try_file(module, wanted->path, wanted);
    if (result != MT_SYMBOL_FILE_FOUND && find_debug_file(module, wanted))
        return MT_SYMBOL_FILE_FOUND;
    return result;
}

bool mt_symbol_module_reopen(struct mt_symbol_module *module) {
    dwfl_end(module->dwfl);
    module->dwfl = NULL;
    module->module = NULL;
    module->dwarf = NULL;
    int fd = open_file(module->path);
    if (fd < 0 || !report(module, fd)) {
        if (module->dwfl)
            dwfl_end(module->dwfl);
        module->dwfl = NULL;
        return false;
    }
    load_dwarf(module);
    return module->dwarf != NULL;
}

static bool defines_in(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, const char *name) {
    Elf_Data *data = elf_getdata(section, NULL);
    size_t n = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
    GElf_Sym symbol;
    for (size_t i = 0; i < n && i <= INT32_MAX && gelf_getsym(data, (int)i, &symbol); i++) {
        const char *at = symbol.st_shndx == SHN_UNDEF ? NULL : elf_strptr(elf, header->sh_link, symbol.st_name);
        if (at && strcmp(at, name) == 0)
            return true;
    }
    return false;
}

bool mt_symbol_module_exports(const struct mt_symbol_module *module, const char *name) {
    GElf_Addr bias;
    GElf_Shdr header;
    Elf *elf = dwfl_module_getelf(module->module, &bias);
    for (Elf_Scn *section = NULL; elf && (section = elf_nextscn(elf, section)) != NULL;)
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNSYM)
            return defines_in(elf, section, &header, name);
    return false;
}

void mt_symbol_module_close(struct mt_symbol_module *module) {
    if (!module)
        return;
    mt_line_lookup_free(module->lines);
    if (module->dwfl)
        dwfl_end(module->dwfl);
    free(module->path);
    free(module->key);
    free(module->debug_path);
    free(module);
}

uint64_t mt_symbol_module_address(const struct mt_symbol_module *module, uint64_t offset) {
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(module->module, &bias);
    size_t n;
    if (elf && elf_getphdrnum(elf, &n) == 0) {
        for (size_t i = 0; i < n && i <= INT32_MAX; i++) {
            GElf_Phdr header;
            if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD && offset >= header.p_offset &&
                offset - header.p_offset < header.p_filesz)
                return offset - header.p_offset + header.p_vaddr;
        }
    }
    return offset;
}
