/* SPDX-License-Identifier: MIT */
/*
 * mi_malloc and tc_malloc are entries beside malloc: a program that is linked with the allocator
 * may call them, and no malloc is seen. "Every allocation was recorded" would be untrue then, and
 * its free() of such a block is one of a block that nobody knows. (jemalloc's mallocx and its like
 * are recorded.)
 *
 * The names that a file takes from others are in its dynamic symbol table, undefined. That it has
 * one does not prove that it is called, so the note says what is there and what is not recorded.
 * What is found at run time by dlsym is not seen here.
 */
#include "view/summary/own_calls.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static const struct family {
    const char *allocator, *prefix,
        *parts[6]; /* a name of the family that allocates has one of these in it */
} families[] = {
    {"mimalloc", "mi_", {"alloc", "mi_new", "_new", "dup", "realpath"}},
    {"tcmalloc", "tc_", {"alloc", "memalign", "tc_new", "tc_newarray"}},
};

static const struct family *family_of(const char *allocator) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i].allocator, allocator) == 0)
            return &families[i];
    return NULL;
}

/* mi_heap_new makes a heap and no block, and mi_malloc_size asks for a size. */
static bool allocates(const struct family *family, const char *name) {
    static const char *const others[] = {"mi_heap_new", "_size", "_stats", "_set_", "_usable"};
    if (strncmp(name, family->prefix, strlen(family->prefix)) != 0)
        return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strstr(name, others[i]))
            return false;
    for (size_t i = 0; family->parts[i]; i++)
        if (strstr(name, family->parts[i]))
            return true;
    return false;
}

/* Returns the first such name that the file does not define itself; valid until the Elf ends. */
static const char *find_in_section(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                                   const struct family *family) {
    Elf_Data *data = elf_getdata(section, NULL);
    size_t n = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
    GElf_Sym symbol;
    for (size_t i = 0; i < n && gelf_getsym(data, (int)i, &symbol); i++) {
        const char *name =
            symbol.st_shndx == SHN_UNDEF ? elf_strptr(elf, header->sh_link, symbol.st_name) : NULL;
        if (name && allocates(family, name))
            return name;
    }
    return NULL;
}

static const char *find_call(Elf *elf, const struct family *family) {
    const char *name = NULL;
    for (Elf_Scn *section = NULL; !name && (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNSYM)
            name = find_in_section(elf, section, &header, family);
    }
    return name;
}

static int note_call(struct mt_profile *profile, const struct family *family, const char *path,
                     const char *name) {
    char text[4096];
    snprintf(text, sizeof text,
             "%s calls %s's own functions (%s): their blocks are not recorded, only those of "
             "malloc and new.",
             path, family->allocator, name);
    return mt_profile_add_note(profile, text);
}

static int look_at(struct mt_profile *profile, const struct family *family, const char *path) {
    struct stat status;
    int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    elf_version(EV_CURRENT);
    Elf *elf = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
                   ? elf_begin(fd, ELF_C_READ_MMAP, NULL)
                   : NULL;
    const char *name = elf && elf_kind(elf) == ELF_K_ELF ? find_call(elf, family) : NULL;
    if (name)
        rc = note_call(profile, family, path, name);
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* The program is there even if no allocation came from it. A module that is mapped twice gets
 * its note once. */
int mt_own_calls_note(struct mt_profile *profile) {
    const struct family *family = family_of(mt_profile_text(profile, profile->info.allocator));
    if (!family)
        return 0;
    int rc = look_at(profile, family, mt_profile_text(profile, profile->info.exe));
    for (size_t i = 0; i < profile->n_mappings && rc == 0; i++)
        if (profile->mappings[i].path != profile->info.allocator_path &&
            profile->mappings[i].path != profile->info.exe)
            rc = look_at(profile, family, mt_profile_text(profile, profile->mappings[i].path));
    return rc;
}
