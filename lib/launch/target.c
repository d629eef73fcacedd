/* SPDX-License-Identifier: MIT */
/*
 * The kernel and the dynamic linker decide whether a preloaded object gets into a program; this
 * file asks the same questions beforehand, in their order: where execvp finds it, what the kernel
 * makes of its first bytes (a script leads to its interpreter), whether there is a dynamic linker
 * and which, whether it would ignore LD_PRELOAD, and whether the program keeps malloc to itself.
 *
 * The file is read with pread and every offset in it is checked by libelf; a program can be hostile
 * and is about to be run anyway, but memtrack itself should not fall over it. A file that may be
 * executed but not read is run unseen: the end of the run tells whether anything was recorded.
 */
#include "launch/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MAX_SCRIPTS = 5, HEAD_BYTES = 256 }; /* both as in the kernel */

/* ---- finding --------------------------------------------------------------------------------- */

static bool is_executable_file(const char *path, int *why) {
    struct stat st;
    if (stat(path, &st) != 0) {
        *why = errno;
        return false;
    }
    if (S_ISDIR(st.st_mode))
        *why = EISDIR;
    else if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
        *why = EACCES;
    else
        return true;
    return false;
}

/* A match in PATH that is not executable is remembered in *why, as execvp does it. */
static char *search_path(const char *program, int *why) {
    const char *directories = getenv("PATH");
    if (!directories)
        directories = "/bin:/usr/bin";
    *why = ENOENT;
    for (const char *at = directories;; at++) {
        size_t bytes = strcspn(at, ":");
        char *path;
        if (asprintf(&path, "%.*s%s%s", (int)bytes, at, bytes ? "/" : "./", program) < 0)
            return NULL;
        int here;
        if (is_executable_file(path, &here))
            return path;
        free(path);
        if (here != ENOENT && here != ENOTDIR)
            *why = here;
        at += bytes;
        if (!*at)
            return NULL;
    }
}

static char *find(const char *program, int *why) {
    *why = ENOENT;
    if (strchr(program, '/'))
        return is_executable_file(program, why) ? strdup(program) : NULL;
    return *program ? search_path(program, why) : NULL;
}

bool mt_target_exists(const char *program) {
    int why;
    char *path = find(program, &why);
    free(path);
    return path != NULL;
}

static int not_executable(const char *program, int why, struct mt_error *error) {
    if (why == ENOENT || why == ENOTDIR) {
        mt_error_set(error, MEMTRACK_ENOTFOUND,
                     strchr(program, '/') ? "Check the path." : "Check the name, or PATH.",
                     "%s: program not found", program);
        return MT_EXIT_NOT_FOUND;
    }
    if (why == EISDIR)
        mt_error_set(error, MEMTRACK_EUSAGE, "Give a program in it.", "%s: is a directory",
                     program);
    else if (why == EACCES)
        mt_error_set(error, MEMTRACK_EUSAGE, "chmod +x makes a program executable.",
                     "%s: cannot be executed: permission denied", program);
    else
        mt_error_set(error, MEMTRACK_EIO, "", "%s: cannot be executed: %s", program, strerror(why));
    return MT_EXIT_CANNOT_EXECUTE;
}

/* ---- what the dynamic linker will do --------------------------------------------------------- */

/* Returns true when the kernel will run it in secure mode, in which LD_PRELOAD with a path is
 * ignored. */
static bool is_secure(int fd, const char **what) {
    struct stat st;
    struct statvfs fs;
    if (fstat(fd, &st) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return false;
    if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOSUID))
        return false;
    *what = "is setuid";
    if ((st.st_mode & S_ISUID) && st.st_uid != geteuid())
        return true;
    *what = "is setgid";
    if ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st.st_gid != getegid())
        return true;
    *what = "has file capabilities";
    return geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

struct dynamic {
    bool defines_malloc, defines_free, wraps; /* wraps: imports a way to reach another malloc */
    const char *sanitizer;
    const char *soname;
};

static void look_at_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                            struct dynamic *d) {
    static const char *const sanitizers[][2] = {{"__asan_init", "AddressSanitizer"},
                                                {"__tsan_init", "ThreadSanitizer"},
                                                {"__msan_init", "MemorySanitizer"},
                                                {"__hwasan_init", "HWAddressSanitizer"},
                                                {"__lsan_init", "LeakSanitizer"}};
    Elf_Data *data = elf_getdata(section, NULL);
    size_t n = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
    for (size_t i = 0; i < n; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol))
            break;
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (!name)
            continue;
        bool defined = symbol.st_shndx != SHN_UNDEF;
        if (defined && strcmp(name, "malloc") == 0)
            d->defines_malloc = true;
        else if (defined && strcmp(name, "free") == 0)
            d->defines_free = true;
        else if (!defined && (strcmp(name, "dlsym") == 0 || strcmp(name, "__libc_malloc") == 0))
            d->wraps = true;
        for (size_t k = 0; k < sizeof sanitizers / sizeof *sanitizers; k++)
            if (strcmp(name, sanitizers[k][0]) == 0)
                d->sanitizer = sanitizers[k][1];
    }
}

static void look_at_dynamic(Elf *elf, struct dynamic *d) {
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header))
            continue;
        if (header.sh_type == SHT_DYNSYM)
            look_at_symbols(elf, section, &header, d);
        Elf_Data *data = header.sh_type == SHT_DYNAMIC ? elf_getdata(section, NULL) : NULL;
        GElf_Dyn entry;
        for (int i = 0; data && gelf_getdyn(data, i, &entry); i++)
            if (entry.d_tag == DT_SONAME)
                d->soname = elf_strptr(elf, header.sh_link, entry.d_un.d_val);
    }
}

/* Reads the path in PT_INTERP; "" when there is none. */
static void read_interpreter(Elf *elf, int fd, char *out, size_t bytes) {
    size_t n;
    out[0] = 0;
    if (elf_getphdrnum(elf, &n) != 0)
        return;
    for (size_t i = 0; i < n && !out[0]; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_INTERP)
            continue;
        size_t length = header.p_filesz < bytes - 1 ? (size_t)header.p_filesz : bytes - 1;
        ssize_t got = pread(fd, out, length, (off_t)header.p_offset);
        out[got > 0 ? got : 0] = 0;
    }
}

static bool begins_with(const char *text, const char *prefix) {
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

static int refuse(struct mt_error *error, const char *path, const char *why, const char *hint) {
    mt_error_set(error, MEMTRACK_EUSAGE, hint, "%s: %s", path, why);
    return MT_EXIT_FAILED;
}

static int check_linking(Elf *elf, int fd, const char *path, struct mt_target *target,
                         struct mt_error *error) {
    struct dynamic d = {0};
    char interpreter[512];
    look_at_dynamic(elf, &d);
    read_interpreter(elf, fd, interpreter, sizeof interpreter);
    const char *base = basename(interpreter);
    if (begins_with(base, "ld-musl") || begins_with(d.soname, "ld-musl") ||
        begins_with(d.soname, "libc.musl"))
        return refuse(error, path, "is built for musl; the tracker needs glibc",
                      "Build it for glibc, or record it on a system where it is.");
    target->is_loader = !interpreter[0] && begins_with(d.soname, "ld-linux");
    if (!interpreter[0] && !target->is_loader)
        return refuse(
            error, path, "is statically linked: the tracker cannot be loaded into it",
            "Link it dynamically, without -static. Go programs have a heap profiler of their "
            "own.");
    if (interpreter[0] && access(interpreter, X_OK) != 0) {
        mt_error_set(error, MEMTRACK_ENOTFOUND, "Install the C library that it was built for.",
                     "%s: its dynamic linker %s is missing or not executable", path, interpreter);
        return MT_EXIT_CANNOT_EXECUTE;
    }
    if (d.sanitizer) {
        char why[128];
        snprintf(why, sizeof why,
                 "is built with %s, which replaces malloc itself and must be the first library",
                 d.sanitizer);
        return refuse(error, path, why, "Build it without -fsanitize.");
    }
    target->brings_malloc = d.defines_malloc && d.defines_free;
    target->wraps_malloc = target->brings_malloc && d.wraps;
    if (target->brings_malloc && !d.wraps)
        return refuse(
            error, path,
            "contains its own malloc, for itself and its libraries: nothing would be recorded",
            "Link its allocator as a shared library, or leave it out.");
    return 0;
}

/* ---- what the kernel will do ----------------------------------------------------------------- */

static const char *machine_name(unsigned machine) {
    switch (machine) {
    case EM_386:
        return "32-bit x86";
    case EM_ARM:
        return "32-bit ARM";
    case EM_AARCH64:
        return "64-bit ARM (aarch64)";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "POWER";
    case EM_S390:
        return "S/390";
    case EM_X86_64:
        return "x86-64";
    default:
        return "another machine";
    }
}

static int check_elf(int fd, const unsigned char *head, const char *path, struct mt_target *target,
                     struct mt_error *error) {
    unsigned machine =
        head[EI_DATA] == ELFDATA2MSB ? head[18] * 256u + head[19] : head[19] * 256u + head[18];
    bool is_32_bit = head[EI_CLASS] == ELFCLASS32;
    if (machine == EM_386 || (machine == EM_X86_64 && is_32_bit))
        return refuse(error, path,
                      "is a 32-bit program; the tracker is 64-bit and cannot be loaded into it",
                      "Build it for x86-64.");
    if (machine != EM_X86_64) {
        mt_error_set(error, MEMTRACK_EUSAGE,
                     "Build it for this machine, or record it where it runs.",
                     "%s: cannot be executed: it is built for %s, this machine is x86-64", path,
                     machine_name(machine));
        return MT_EXIT_CANNOT_EXECUTE;
    }
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    GElf_Ehdr header;
    int rc = 0;
    if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) ||
        (header.e_type != ET_EXEC && header.e_type != ET_DYN)) {
        mt_error_set(error, MEMTRACK_EFORMAT, "Build or install it again.",
                     "%s: cannot be executed: a damaged ELF file, or not a program", path);
        rc = MT_EXIT_CANNOT_EXECUTE;
    } else
        rc = check_linking(elf, fd, path, target, error);
    elf_end(elf);
    return rc;
}

static int inspect_file(const char *path, int depth, struct mt_target *target,
                        struct mt_error *error);

static int bad_script(const char *path, const char *why, struct mt_error *error) {
    mt_error_set(error, MEMTRACK_EUSAGE, "Mend its first line.",
                 "%s: cannot be executed: its #! line %s", path, why);
    return MT_EXIT_CANNOT_EXECUTE;
}

/* head begins with "#!"; what follows is an interpreter and at most one argument. */
static int inspect_script(const char *head, size_t n, const char *path, int depth,
                          struct mt_target *target, struct mt_error *error) {
    char interpreter[HEAD_BYTES];
    const char *from = head + 2 + strspn(head + 2, " \t");
    size_t bytes = strcspn(from, " \t\n");
    if (bytes == 0)
        return bad_script(path, "names no interpreter", error);
    if (from[bytes] == 0 && n == HEAD_BYTES)
        return bad_script(path, "is too long", error);
    if (depth >= MAX_SCRIPTS)
        return bad_script(path, "leads in circles", error);
    memcpy(interpreter, from, bytes);
    interpreter[bytes] = 0;
    int why = 0;
    if (is_executable_file(interpreter, &why))
        return inspect_file(interpreter, depth + 1, target, error);
    bool is_dos = interpreter[bytes - 1] == '\r';
    if (is_dos)
        interpreter[bytes - 1] = 0;
    mt_error_set(error, MEMTRACK_ENOTFOUND,
                 is_dos ? "Its lines end as on Windows; convert it to Unix line ends."
                        : "Install the interpreter, or mend the first line of the script.",
                 "%s: cannot be executed: its interpreter \"%s%s\" %s", path, interpreter,
                 is_dos ? "\\r" : "",
                 why == ENOENT || why == ENOTDIR ? "does not exist" : "is not executable");
    return MT_EXIT_CANNOT_EXECUTE;
}

static int inspect_open_file(int fd, const char *path, int depth, struct mt_target *target,
                             struct mt_error *error) {
    char head[HEAD_BYTES + 1] = {0};
    const char *what = NULL;
    ssize_t n = pread(fd, head, HEAD_BYTES, 0);
    if (n < 0) {
        mt_error_set(error, MEMTRACK_EIO, "", "%s: cannot be read: %s", path, strerror(errno));
        return MT_EXIT_CANNOT_EXECUTE;
    }
    if (head[0] == '#' && head[1] == '!') {
        target->is_script = true;
        return inspect_script(head, (size_t)n, path, depth, target, error);
    }
    if (n >= 20 && memcmp(head, ELFMAG, SELFMAG) == 0) {
        if (is_secure(fd, &what)) {
            mt_error_set(error, MEMTRACK_EUSAGE,
                         "Run a copy without the privilege, or as the user that it becomes.",
                         "%s: %s: the dynamic linker does not preload into such programs", path,
                         what);
            return MT_EXIT_FAILED;
        }
        free(target->loaded);
        target->loaded = strdup(path);
        return check_elf(fd, (const unsigned char *)head, path, target, error);
    }
    if (memchr(head, 0, (size_t)n) !=
        NULL) { /* shells draw the line between text and binaries the same way */
        mt_error_set(error, MEMTRACK_EFORMAT, "Give a program or a script.",
                     "%s: cannot be executed: neither an ELF program nor a script", path);
        return MT_EXIT_CANNOT_EXECUTE;
    }
    target->is_script = true; /* execvp gives a text without #! to the shell */
    return depth < MAX_SCRIPTS ? inspect_file("/bin/sh", depth + 1, target, error)
                               : MT_EXIT_CANNOT_EXECUTE;
}

static int inspect_file(const char *path, int depth, struct mt_target *target,
                        struct mt_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        target->is_unreadable = true;
        return 0;
    }
    int rc = inspect_open_file(fd, path, depth, target, error);
    close(fd);
    return rc;
}

int mt_target_find(const char *program, struct mt_target *target, struct mt_error *error) {
    int why = ENOENT;
    *target = (struct mt_target){.path = find(program, &why)};
    return target->path ? 0 : not_executable(program, why, error);
}

int mt_target_inspect(const char *program, struct mt_target *target, struct mt_error *error) {
    int why = ENOENT;
    *target = (struct mt_target){.path = find(program, &why)};
    if (!target->path)
        return not_executable(program, why, error);
    return inspect_file(target->path, 0, target, error);
}

int mt_target_check_allocator(const char *path, struct mt_error *error) {
    struct dynamic d = {0};
    GElf_Ehdr header;
    elf_version(EV_CURRENT);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    bool fits = elf && gelf_getehdr(elf, &header) && header.e_machine == EM_X86_64 &&
                header.e_type == ET_DYN;
    if (fits)
        look_at_dynamic(elf, &d);
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    if (fits && d.defines_malloc && d.defines_free)
        return 0;
    return mt_error_set(
        error, MEMTRACK_EUSAGE, "Give the shared library of an allocator.", "--allocator %s: %s",
        path, fits ? "defines no malloc and free" : "is not a shared library for this machine");
}

void mt_target_free(struct mt_target *target) {
    free(target->path);
    free(target->loaded);
    *target = (struct mt_target){0};
}
