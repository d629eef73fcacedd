/* SPDX-License-Identifier: MIT */
/*
 * A system call that a filter does not expect is the end of the process. There are three ways to
 * get under one.
 *
 * Before exec (a container, a service manager, a sandbox that starts programs): /proc/self/status
 * says so. Then only what the loader has just done is done. If the first process of the container
 * has as many filters, they are the container's, and those answer with an error what they do not
 * allow; else half of a container's processes would lose their detail.
 *
 * Later, through libc's prctl or syscall, as everybody does it (libseccomp, too): the filter's text
 * is asked what it will say (base/filter.h). If the ledger could not grow under it, room is set
 * aside before.
 *
 * Later, by a system call instruction of the program's own: nothing tells of that. In strict mode
 * not even a question can be asked, so who could do this is looked for beforehand, by its code
 * (track/process/raw_calls.h): that of all objects that come with the program but for libc and the
 * loader, whose calls are seen, and of what is loaded later, when a call path first leads through
 * it. Such a program gets the room that is set aside, and no system call after that. The look costs
 * a tenth of a millisecond for a mebibyte, and has a bound: of a program with more than 16 MiB of
 * code the objects that no longer fit are taken for harmless.
 *
 * What was rejected: asking from a child (to make one can be what kills); growing only when the
 * allocator has just grown (call paths come without that, and its calls are not ours); touching
 * pages of the file that are not set aside.
 */
#include "track/process/confinement.h"

#include "base/atomic.h"
#include "base/filter.h"
#include "base/loader.h"
#include "base/pages.h"
#include "base/text.h"
#include "track/ground/state.h"
#include "track/process/raw_calls.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#pragma weak _dl_find_object /* glibc 2.35 */

enum {
    LEDGER_RESERVE = 4 << 20, /* or as much as the ledger already has, if that is more */
    LEDGER_RESERVE_MOST = 32 << 20,
    PRIVATE_RESERVE = 64 << 20, /* this is address space */
    CODE_MOST = 16 << 20,
};

/* ---- from before ----------------------------------------------------------------------------- */

static bool exists(const char *path) {
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (!mt_os_failed(fd))
        mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return !mt_os_failed(fd);
}

/* Tells whether the filters are the container's: its first process has as many. If this process is
 * that one, a file has to say that there is a container. */
static bool is_of_container(void) {
    long mine = mt_os_number_in("/proc/self/status", "\nSeccomp_filters:", -1);
    if (mine <= 0 || mine != mt_os_number_in("/proc/1/status", "\nSeccomp_filters:", -2))
        return false;
    return mt_os_number_in("/proc/self/status", "\nPid:", 1) != 1 || exists("/.dockerenv") ||
           exists("/run/.containerenv");
}

/* Tells whether a filter is there. Without /proc the kernel is asked. A filter could mind that too,
 * but without /proc not even our own number is to be had. */
static bool is_filtered(void) {
    long mode = mt_os_number_in("/proc/self/status", "\nSeccomp:", -1);
    return (mode >= 0 ? mode : mt_os_call(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0, 0)) != 0;
}

void mt_confinement_look(void) {
    if (is_filtered() && !is_of_container())
        mt_store_relaxed(&mt_os_denied,
                         MT_OS_ALL_CALLS & ~mt_os_calls_of_loader()); /* relaxed: see mt_os_may */
}

/* ---- unseen ---------------------------------------------------------------------------------- */

struct program_headers {
    const ElfW(Phdr) * header;
    size_t n;
    uint64_t bias;
};

/* Returns false when the headers are the loader's, which was called as a program, or nothing says
 * what they belong to. */
static bool are_of_program(struct program_headers h) {
    for (size_t i = 0; i < h.n; i++)
        if (h.header[i].p_type == PT_PHDR)
            return h.bias == (uint64_t)h.header - h.header[i].p_vaddr;
    return false;
}

/* Finds the program headers in the first page of an object. */
static struct program_headers headers_at(uint64_t start, uint64_t bias) {
    const ElfW(Ehdr) *e = (const ElfW(Ehdr) *)start;
    struct program_headers h = {NULL, 0, bias};
    if (start != 0 && mt_os_is_readable(start, start + sizeof *e) &&
        __builtin_memcmp(e->e_ident, ELFMAG, SELFMAG) == 0 &&
        e->e_phentsize == sizeof(ElfW(Phdr)) &&
        e->e_phoff + e->e_phnum * sizeof(ElfW(Phdr)) <= MT_OS_PAGE) {
        h.header = (const ElfW(Phdr) *)(start + e->e_phoff);
        h.n = e->e_phnum;
    }
    return h;
}

static bool is_code(const ElfW(Phdr) * p) {
    return p->p_type == PT_LOAD && (p->p_flags & PF_X) && (p->p_flags & PF_R);
}

/* Tells whether an object's code can confine the process. *left is how many bytes of code may still
 * be looked at. */
static bool can_confine(struct program_headers h, size_t *left) {
    for (size_t i = 0; i < h.n; i++) {
        const ElfW(Phdr) *p = &h.header[i];
        if (!is_code(p) || p->p_filesz > *left)
            continue;
        *left -= p->p_filesz;
        if (mt_raw_calls_can_confine((const uint8_t *)(h.bias + p->p_vaddr), p->p_filesz))
            return true;
    }
    return false;
}

/* Runtimes of sanitizers go around libc with wrappers, but confine nobody. */
static bool is_of_sanitizer(const char *path) {
    static const char *const names[] = {"/libasan.so", "/liblsan.so", "/libtsan.so", "/libubsan.so",
                                        "/libclang_rt."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (const char *p = path; *p != 0; p++)
            if (mt_text_begins(p, names[i]))
                return true;
    return false;
}

/* Tells whether an object need not be looked at. libc's functions are watched, and the loader has
 * none that matter. The allocator has mostly been asked for by name; tcmalloc's calls are those of
 * its heap checker. */
static bool is_trusted(const struct link_map *map, uint64_t start) {
    uint64_t ours = (uint64_t)mt_confinement_look;
    struct dl_find_object o;
    void *of_libc = (void *)getauxval;
    if (map->l_addr == _r_debug.r_ldbase || start == getauxval(AT_SYSINFO_EHDR) ||
        map->l_name == mt_state.allocator_path || is_of_sanitizer(map->l_name))
        return true;
    if (_dl_find_object == NULL)
        return true;
    if (_dl_find_object(of_libc, &o) == 0 && o.dlfo_link_map == map)
        return true;
    return _dl_find_object((void *)ours, &o) == 0 && o.dlfo_link_map == map;
}

/* Returns the first byte of an object, or 0 when it cannot be found. */
static uint64_t start_of(const struct link_map *map) {
    struct dl_find_object o;
    return _dl_find_object != NULL && _dl_find_object(map->l_ld, &o) == 0
               ? (uint64_t)o.dlfo_map_start
               : 0;
}

/* Looks at all objects that came with the program: nobody unloads anything yet. */
static bool program_can_confine(void) {
    size_t left = CODE_MOST;
    const struct link_map *first = mt_loader_first();
    for (const struct link_map *map = first; map != NULL; map = map->l_next) {
        struct program_headers h = {(const ElfW(Phdr) *)getauxval(AT_PHDR), getauxval(AT_PHNUM),
                                    map->l_addr};
        uint64_t start = start_of(map);
        if (map != first || !are_of_program(h))
            h = headers_at(start, map->l_addr);
        if ((map == first || !is_trusted(map, start)) && can_confine(h, &left))
            return true;
    }
    return false;
}

/* ---- what will be needed --------------------------------------------------------------------- */

static void set_aside(void) {
    struct mt_writer *w = &mt_state.ledger;
    uint64_t bytes = w->file_bytes < (uint64_t)LEDGER_RESERVE        ? (uint64_t)LEDGER_RESERVE
                     : w->file_bytes > (uint64_t)LEDGER_RESERVE_MOST ? (uint64_t)LEDGER_RESERVE_MOST
                                                                     : w->file_bytes;
    if (w->max_bytes != 0 && w->file_bytes + bytes > w->max_bytes)
        bytes = w->max_bytes > w->file_bytes ? w->max_bytes - w->file_bytes : 0;
    mt_writer_reserve(w, bytes);
}

static void prepare(uint64_t denied) {
    const uint64_t growth = mt_os_bit(SYS_mremap) | mt_os_bit(SYS_madvise);
    if (mt_state.header == NULL)
        return;
    mt_state_flag(MT_FLAG_CONFINED);
    if (denied & mt_os_bit(SYS_clock_gettime))
        mt_os_keep_clock();
    if (denied & mt_os_bit(SYS_membarrier))
        mt_state_share_early();
    if (denied & mt_os_bit(SYS_mprotect))
        mt_pages_open_all();
    if (denied & mt_os_bit(SYS_mmap))
        mt_pages_reserve(PRIVATE_RESERVE);
    if ((denied & growth) != 0 && mt_state_lock_growth()) {
        set_aside();
        mt_state_unlock_growth();
    }
}

static void expect(void) {
    mt_state_flag(MT_FLAG_EXPECTED);
    prepare(MT_OS_ALL_CALLS);
    mt_store_relaxed(&mt_os_denied, MT_OS_ALL_CALLS); /* relaxed: see mt_os_may */
}

void mt_confinement_expect(void) {
    if (mt_os_denied != MT_OS_ALL_CALLS && program_can_confine())
        expect();
}

/* Room is to be set aside at the next event: the caller of mt_confinement_look_at holds locks. */
static bool is_expected;

void mt_confinement_look_at(uint64_t start, uint64_t bias) {
    size_t left = CODE_MOST;
    if (mt_os_denied == MT_OS_ALL_CALLS || !can_confine(headers_at(start, bias), &left))
        return;
    /* Relaxed: the state of the page, which changes after it, orders them. */
    mt_store_relaxed(&is_expected, true);
    mt_state_changed();
}

void mt_confinement_expect_loaded(void) {
    if (mt_unlikely(mt_load_relaxed(&is_expected)) && mt_swap_relaxed(&is_expected, false))
        expect();
}

uint64_t mt_confinement_begin(const struct sock_fprog *filter) {
    uint64_t before = mt_os_denied;
    uint64_t denied = before | (filter != NULL ? mt_filter_denies(filter) : MT_OS_ALL_CALLS);
    if (denied != before)
        prepare(denied);
    mt_or_relaxed(&mt_os_denied, denied);
    return before;
}

void mt_confinement_failed(uint64_t denied_before) {
    mt_store_relaxed(&mt_os_denied, denied_before);
}
