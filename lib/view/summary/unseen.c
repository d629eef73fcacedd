/* SPDX-License-Identifier: MIT */
/*
 * A Go program that holds 200 MiB and calls malloc for a host name has "peak 1.2 KiB, every
 * allocation was recorded": true, and worth nothing. The kernel knows how much memory of its own a
 * process had (anonymous, from outside, at each tick), so the two are compared, and a recording
 * that explains less than half of it, with at least 2 MiB unexplained, says so in one line: how
 * much there was, how much of it is not malloc's, and what it found in the program's files that has
 * a heap of its own, or else that --mmap may show it. Sentences with advice follow in the note.
 *
 *   anonymous ├──────────────────────────────────────────────────────┤ at the highest tick
 *   recorded  ├────┤ highest heap, and what blocks are rounded up by
 *
 * What is found is evidence: a section or a symbol that only that runtime has, in a module whose
 * calls were recorded, or a text in its constants; names of files say nothing. All that fit are
 * named. Static variables are no guess: the program headers say how many bytes they take.
 *
 * The recorded side is generous (the highest heap, as free() need not return anything to the
 * system, and a block may be under way at a tick), so that the note is missing rather than wrong.
 * What a process got while recording was off, or inherited as a fork, is malloc's and not recorded;
 * then the note says no more than that.
 * Rejected: smaps, which tells a thread's stack from a heap no better than this does, and holds the
 * program up.
 */
#include "view/summary/unseen.h"

#include <elf.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "view/format/format.h"
#include "view/summary/anonymous.h"

enum { TEXT_BYTES = 2048 };

enum kind {
    SECTION,     /* begins so */
    SYMBOL,      /* defined, exactly so */
    SYMBOL_FROM, /* defined, begins so */
    CONSTANT     /* a text in the executable's constants */
};

/* Several signs of one thing stand in a row and have one advice, which is at the first. */
static const struct sign {
    enum kind kind;
    bool in_program; /* look into the executable only: a shared allocator is recorded */
    const char *sign, *what, *advice;
} signs[] = {
    {SECTION, false, ".go.buildinfo", "the Go runtime",
     "have the program write a heap profile (runtime/pprof), which memtrack report reads, or "
     "look at its size with GODEBUG=gctrace=1"},
    {SECTION, false, ".gopclntab", "the Go runtime", NULL},
    {SECTION, false, ".note.go.buildid", "the Go runtime", NULL},
    {SYMBOL_FROM, false, "_ZN2v87Isolate", "V8 (JavaScript)",
     "--mmap shows where it maps its heap; node --heap-prof shows what in JavaScript holds it"},
    {SYMBOL, false, "JNI_CreateJavaVM", "the Java virtual machine",
     "--mmap shows where it maps its heap; -XX:NativeMemoryTracking=summary and jcmd PID "
     "VM.native_memory what for"},
    {SYMBOL, false, "PyObject_GetArenaAllocator", "Python's pymalloc",
     "PYTHONMALLOC=malloc lets each object be recorded"},
    {SYMBOL_FROM, false, "_Z18ggc_internal_alloc", "gcc's garbage collector (ggc)",
     "--mmap shows where it maps pages"},
    {SYMBOL, false, "coreclr_initialize", ".NET",
     "--mmap shows where it maps its heap; dotnet-gcdump what holds it"},
    {SYMBOL, false, "mono_jit_init", "Mono", "--mmap shows where it maps its heap"},
    {SYMBOL, false, "ruby_init", "Ruby", "--mmap shows where it maps the pages of its objects"},
    {SYMBOL, false, "zend_mm_gc", "PHP's memory manager",
     "USE_ZEND_ALLOC=0 lets each block be recorded"},
    {SYMBOL, false, "erl_start", "Erlang's allocators", "erl +Mea min lets each block be recorded"},
    {SYMBOL, false, "caml_startup", "OCaml", "--mmap shows where it maps its heap"},
    {SYMBOL, false, "hs_init", "Haskell's runtime",
     "--mmap shows where it maps its heap; +RTS -hT what holds it"},
    {SYMBOL, false, "jl_gc_collect", "Julia", "--mmap shows where it maps its heap"},
    {SYMBOL, false, "GC_malloc", "the Boehm collector", "--mmap shows where it maps its heap"},
    {SYMBOL, false, "luaJIT_setmode", "LuaJIT", "--mmap shows where it maps its heap"},
    {SYMBOL, true, "mallctl", "jemalloc inside the executable",
     "link it as a shared library, or build the program without it"},
    {SYMBOL, true, "je_mallctl", "jemalloc inside the executable", NULL},
    {SYMBOL, true, "_rjem_mallctl", "jemalloc inside the executable", NULL},
    {CONSTANT, true, "<jemalloc>", "jemalloc inside the executable", NULL},
    {SYMBOL, true, "tc_malloc", "tcmalloc inside the executable",
     "link it as a shared library, or build the program without it"},
    {CONSTANT, true, "tcmalloc: large alloc", "tcmalloc inside the executable", NULL},
    {SYMBOL, true, "mi_malloc", "mimalloc inside the executable",
     "link it as a shared library, or build the program without it"},
    {CONSTANT, true, "mimalloc: ", "mimalloc inside the executable", NULL},
    {SYMBOL, true, "rpmalloc", "rpmalloc inside the executable",
     "link it as a shared library, or build the program without it"},
    {SYMBOL_FROM, true, "_ZN15partition_alloc", "PartitionAlloc inside the executable",
     "build the program without it (Chromium: use_partition_alloc_as_malloc=false)"},
    {CONSTANT, true, "PartitionAlloc", "PartitionAlloc inside the executable", NULL},
    {SYMBOL, true, "malloc", "a malloc of the program's own",
     "link its allocator as a shared library, or leave it out"},
};
enum { N_SIGNS = sizeof signs / sizeof *signs };

struct found {
    bool is_there[N_SIGNS];
    const char *where[N_SIGNS]; /* path of the module */
    uint64_t static_bytes;      /* of the module that has most of them */
    const char *static_where;
};

struct module {
    const char *path, *build_id;
    bool is_program;
};

/* ---- evidence -------------------------------------------------------------------------------- */

static void look_for(struct found *found, enum kind kind, const char *name,
                     const struct module *module) {
    for (size_t i = 0; i < N_SIGNS; i++) {
        const struct sign *sign = &signs[i];
        if (sign->kind != kind || found->is_there[i] || (sign->in_program && !module->is_program))
            continue;
        bool is_exact = kind == SYMBOL;
        if (is_exact ? strcmp(name, sign->sign) != 0
                     : strncmp(name, sign->sign, strlen(sign->sign)) != 0)
            continue;
        found->is_there[i] = true;
        found->where[i] = module->path;
    }
}

static void look_at_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                            struct found *found, const struct module *module) {
    Elf_Data *data = elf_getdata(section, NULL);
    size_t n = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
    GElf_Sym symbol;
    for (size_t i = 0; i < n && gelf_getsym(data, (int)i, &symbol); i++) {
        const char *name =
            symbol.st_shndx != SHN_UNDEF ? elf_strptr(elf, header->sh_link, symbol.st_name) : NULL;
        if (!name)
            continue;
        look_for(found, SYMBOL, name, module);
        if (name[0] == '_' && name[1] == 'Z')
            look_for(found, SYMBOL_FROM, name, module);
    }
}

static void look_at_constants(Elf_Scn *section, struct found *found, const struct module *module) {
    Elf_Data *data = module->is_program ? elf_getdata(section, NULL) : NULL;
    for (size_t i = 0; data && data->d_buf && i < N_SIGNS; i++)
        if (signs[i].kind == CONSTANT && !found->is_there[i] &&
            memmem(data->d_buf, data->d_size, signs[i].sign, strlen(signs[i].sign))) {
            found->is_there[i] = true;
            found->where[i] = module->path;
        }
}

static void look_at_sections(Elf *elf, struct found *found, const struct module *module) {
    size_t names = 0;
    elf_getshdrstrndx(elf, &names);
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        const char *name =
            gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (!name)
            continue;
        look_for(found, SECTION, name, module);
        if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB)
            look_at_symbols(elf, section, &header, found, module);
        else if (header.sh_type == SHT_PROGBITS && strncmp(name, ".rodata", 7) == 0)
            look_at_constants(section, found, module);
    }
}

/* Finds the module with the most bytes that can be written to, in the pages that the file and
 * .bss take. */
static void look_at_static_data(Elf *elf, struct found *found, const struct module *module) {
    size_t n;
    uint64_t bytes = 0;
    if (elf_getphdrnum(elf, &n) != 0)
        return;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD &&
            (header.p_flags & PF_W))
            bytes += header.p_memsz;
    }
    if (bytes > found->static_bytes) {
        found->static_bytes = bytes;
        found->static_where = module->path;
    }
}

/* The file may have been replaced since. */
static bool is_the_build(Elf *elf, const char *build_id) {
    const void *bits;
    ssize_t n = dwelf_elf_gnu_build_id(elf, &bits);
    if (!*build_id || n <= 0)
        return true;
    if (strlen(build_id) != 2 * (size_t)n)
        return false;
    for (size_t i = 0; i < (size_t)n; i++) {
        char hex[3];
        snprintf(hex, sizeof hex, "%02x", ((const unsigned char *)bits)[i]);
        if (strncmp(build_id + 2 * i, hex, 2) != 0)
            return false;
    }
    return true;
}

static void look_at_module(const struct module *module, struct found *found) {
    struct stat status;
    int fd = open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    elf_version(EV_CURRENT);
    Elf *elf = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
                   ? elf_begin(fd, ELF_C_READ_MMAP, NULL)
                   : NULL;
    if (elf && elf_kind(elf) == ELF_K_ELF && is_the_build(elf, module->build_id)) {
        look_at_sections(elf, found, module);
        look_at_static_data(elf, found, module);
    }
    elf_end(elf);
    if (fd >= 0)
        close(fd);
}

/* The program itself is there even if no allocation came from it. */
static void look_at_modules(const struct mt_profile *profile, struct found *found) {
    struct module module = {mt_profile_text(profile, profile->info.exe), "", true};
    bool has_program = false;
    for (size_t i = 0; i < profile->n_mappings; i++) {
        const struct mt_mapping *m = &profile->mappings[i];
        const struct module other = {mt_profile_text(profile, m->path),
                                     mt_profile_text(profile, m->build_id),
                                     m->path == profile->info.exe};
        has_program |= other.is_program;
        look_at_module(&other, found);
    }
    if (!has_program)
        look_at_module(&module, found);
}

/* ---- the note -------------------------------------------------------------------------------- */

static bool has_mappings_recorded(const struct mt_profile *profile) {
    for (size_t i = 0; i < profile->n_samples; i++)
        if (strcmp(mt_profile_text(profile, profile->samples[i].domain), "mmap") == 0)
            return true;
    return false;
}

/* Returns the i-th sign from *i on that stands for something new. A malloc in the executable is
 * that of an allocator which was named already. */
static const struct sign *next_found(const struct found *found, size_t *i, const char **advice) {
    const char *last = *i ? signs[*i - 1].what : "";
    for (; *i < N_SIGNS; *i += 1) {
        const struct sign *sign = &signs[*i];
        *advice = sign->advice ? sign->advice : *advice;
        bool is_named =
            strcmp(sign->what, last) == 0 || (*last && strcmp(sign->sign, "malloc") == 0);
        if (found->is_there[*i] && !is_named) {
            *i += 1;
            return sign;
        }
    }
    return NULL;
}

static bool is_static(const struct found *found, uint64_t unseen_bytes) {
    return found->static_bytes > unseen_bytes / 2;
}

/* Writes the names of what there is: "the Go runtime, static variables". Returns how many. */
static size_t put_names(FILE *out, const struct found *found, uint64_t unseen_bytes,
                        bool has_blocks) {
    const struct sign *sign;
    const char *advice = NULL;
    size_t n = has_blocks, i = 0;
    if (has_blocks)
        fputs("blocks that are not counted", out);
    while ((sign = next_found(found, &i, &advice)) != NULL)
        fprintf(out, "%s%s", n++ ? ", " : "", sign->what);
    if (is_static(found, unseen_bytes))
        fprintf(out, "%sstatic variables", n++ ? ", " : "");
    return n;
}

/* Writes where each was found and how it can be seen: " In /usr/bin/x: its heap is …." */
static void put_advice(FILE *out, const struct found *found, uint64_t unseen_bytes) {
    const struct sign *sign;
    const char *advice = NULL;
    char size[MT_FORMAT_BYTES];
    size_t i = 0;
    while ((sign = next_found(found, &i, &advice)) != NULL)
        fprintf(out, " For %s (%s): %s.", sign->what, found->where[sign - signs], advice);
    if (is_static(found, unseen_bytes))
        fprintf(out, " There are %s of static variables (%s): those that were written to count.",
                mt_format_size(size, (int64_t)found->static_bytes, false), found->static_where);
}

static const char *whole_note(const struct mt_profile *profile, const struct found *found,
                              char *text, size_t bytes) {
    const struct mt_anonymous *a = &profile->info.anonymous;
    bool maps = has_mappings_recorded(profile),
         has_blocks = mt_anonymous_has_blocks(&profile->info);
    uint64_t unseen = a->bytes > a->recorded_bytes ? a->bytes - a->recorded_bytes : 0;
    char all[MT_FORMAT_BYTES];
    FILE *out = fmemopen(text, bytes, "w");
    if (!out)
        return NULL;
    fprintf(out, MT_ANONYMOUS_NOTE "%s%s, %.0f%% of it not %s: ", a->is_estimate ? "at least " : "",
            mt_format_size(all, (int64_t)a->bytes, false),
            100 * (double)unseen / (double)(a->bytes ? a->bytes : 1),
            maps || has_blocks ? "recorded" : "malloc's");
    if (put_names(out, found, unseen, has_blocks) == 0)
        fputs(maps ? "stacks of threads, static variables" : "memtrack run --mmap", out);
    fputs(". Pages of files are not counted.", out);
    put_advice(out, found, unseen);
    fclose(out);
    return text;
}

int mt_unseen_note(struct mt_profile *profile) {
    struct found found = {.static_bytes = 0};
    char text[TEXT_BYTES];
    if (!mt_anonymous_is_much(&profile->info.anonymous))
        return 0;
    look_at_modules(profile, &found);
    const char *note = whole_note(profile, &found, text, sizeof text);
    return note ? mt_profile_add_note(profile, note) : -MEMTRACK_ENOMEM;
}
