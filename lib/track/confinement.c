/* SPDX-License-Identifier: MIT */
/*
 * A system call that a filter does not expect is the end of the process. There are three ways to get under one.
 *
 * Before exec (a container, a service manager, a sandbox that starts programs): /proc/self/status says so. Then only what
 * the loader has just done is done. If the first process of the container has as many filters, they are the container's,
 * and those answer with an error what they do not allow; else half of a container's processes would lose their detail.
 *
 * Later, through libc's prctl or syscall, as everybody does it (libseccomp, too): the filter's text is asked what it will
 * say (base/filter.h). If the ledger could not grow under it, room is set aside before.
 *
 * Later, by a system call instruction of the program's own: nothing tells of that. In strict mode not even a question can
 * be asked, so who could do this is looked for beforehand, by its code: an instruction for a system call with the number
 * of seccomp or prctl before it. Such a program gets the room that is set aside, and no system call after the start. Only
 * the executable is looked at, and only up to a megabyte of code: it costs a tenth of a millisecond, and would cost large
 * programs more than it is worth to them.
 *
 * What was rejected: asking from a child (to make one can be what kills); growing only when the allocator has just grown
 * (call paths come without that, and its calls are not ours); touching pages of the file that are not set aside.
 */
#include "track/confinement.h"

#include "base/filter.h"
#include "track/threads.h"
#include "track/tracker.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

enum {
    LEDGER_RESERVE = 4 << 20, /* or as much as the ledger has already */
    LEDGER_RESERVE_MOST = 32 << 20,
    PRIVATE_RESERVE = 64 << 20, /* of address space */
    CODE_MOST = 1 << 20,
};

/* ---- from before ------------------------------------------------------------------------------------------------ */

static bool exists(const char *path) {
    long fd = mt_os_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (!mt_os_failed(fd))
        mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return !mt_os_failed(fd);
}

/* The filters are those that the container's first process began with, or that process is this one. */
static bool is_of_container(void) {
    long mine = mt_os_number_in("/proc/self/status", "\nSeccomp_filters:", -1);
    if (mine <= 0 || mine != mt_os_number_in("/proc/1/status", "\nSeccomp_filters:", -2))
        return false;
    return mt_os_number_in("/proc/self/status", "\nPid:", 1) != 1 || exists("/.dockerenv") ||
           exists("/run/.containerenv");
}

/* Without /proc the kernel is asked. That could be minded, too, but not even our own number is to be had then. */
static bool is_filtered(void) {
    long mode = mt_os_number_in("/proc/self/status", "\nSeccomp:", -1);
    return (mode >= 0 ? mode : mt_os_call(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0, 0)) != 0;
}

void mt_confinement_look(void) {
    if (is_filtered() && !is_of_container())
        __atomic_store_n(&mt_os_denied, MT_OS_ALL_CALLS & ~mt_os_calls_of_loader(), __ATOMIC_RELAXED);
}

/* ---- unseen ----------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
static uint32_t word_at(const uint8_t *p) {
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

/* Whether one of the numbers is put into eax (b8 number) or rax (48 c7 c0 number) between begin and end. */
static bool loads_number(const uint8_t *begin, const uint8_t *end) {
    for (const uint8_t *p = begin; p + 5 <= end; p++) {
        bool is_long = p[0] == 0xc7 && p[1] == 0xc0 && p + 6 <= end;
        uint32_t number = is_long ? word_at(p + 2) : p[0] == 0xb8 ? word_at(p + 1) : 0;
        if (number == SYS_seccomp || number == SYS_prctl)
            return true;
    }
    return false;
}

/* Where 05 is from at on, eight bytes at a time; bytes: nowhere. */
static size_t find_05(const uint8_t *code, size_t at, size_t bytes) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    for (uint64_t word; at + sizeof word <= bytes; at += sizeof word) {
        __builtin_memcpy(&word, code + at, sizeof word);
        word ^= ones * 0x05;
        word = (word - ones) & ~word & ones << 7;
        if (word != 0)
            return at + (size_t)__builtin_ctzll(word) / 8;
    }
    while (at < bytes && code[at] != 0x05)
        at++;
    return at;
}

/* The instruction is 0f 05; the number is in eax, which compilers load shortly before. */
static bool can_confine(const uint8_t *code, size_t bytes) {
    enum { BEFORE = 64 };
    for (size_t i = find_05(code, 1, bytes); i < bytes; i = find_05(code, i + 1, bytes))
        if (code[i - 1] == 0x0f && loads_number(code + (i > BEFORE ? i - BEFORE : 0), code + i))
            return true;
    return false;
}
#else
/* svc #0, and before it mov w8, #number or mov x8, #number. */
static bool can_confine(const uint8_t *code, size_t bytes) {
    enum { BEFORE = 16 };
    const uint32_t *word = (const uint32_t *)code;
    for (size_t i = 0; i < bytes / sizeof *word; i++)
        for (size_t k = i > BEFORE ? i - BEFORE : 0; word[i] == 0xd4000001 && k < i; k++) {
            uint32_t number = (word[k] & 0x7fe0001f) == 0x52800008 ? word[k] >> 5 & 0xffff : 0;
            if (number == SYS_seccomp || number == SYS_prctl)
                return true;
        }
    return false;
}
#endif

static bool program_can_confine(void) {
    const ElfW(Phdr) *header = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t n = header != NULL ? getauxval(AT_PHNUM) : 0;
    uint64_t bias = 0;
    for (size_t i = 0; i < n; i++)
        if (header[i].p_type == PT_PHDR)
            bias = (uint64_t)header - header[i].p_vaddr;
    for (size_t i = 0; i < n; i++)
        if (header[i].p_type == PT_LOAD && (header[i].p_flags & PF_X) && (header[i].p_flags & PF_R) &&
            header[i].p_filesz <= (size_t)CODE_MOST &&
            can_confine((const uint8_t *)(bias + header[i].p_vaddr), header[i].p_filesz))
            return true;
    return false;
}

/* ---- what will be needed ---------------------------------------------------------------------------------------- */

static void set_aside(void) {
    struct mt_ledger_writer *w = &mt_tracker.ledger;
    uint64_t bytes = w->file_bytes < (uint64_t)LEDGER_RESERVE        ? (uint64_t)LEDGER_RESERVE
                     : w->file_bytes > (uint64_t)LEDGER_RESERVE_MOST ? (uint64_t)LEDGER_RESERVE_MOST
                                                                     : w->file_bytes;
    if (w->max_bytes != 0 && w->file_bytes + bytes > w->max_bytes)
        bytes = w->max_bytes > w->file_bytes ? w->max_bytes - w->file_bytes : 0;
    mt_ledger_reserve(w, bytes);
}

static void prepare(uint64_t denied) {
    const uint64_t growth = mt_os_bit(SYS_mremap) | mt_os_bit(SYS_madvise);
    if (mt_tracker.header == NULL)
        return;
    mt_tracker_flag(MT_FLAG_CONFINED);
    if (denied & mt_os_bit(SYS_membarrier))
        mt_threads_share_early();
    if (denied & mt_os_bit(SYS_mmap))
        mt_os_reserve(PRIVATE_RESERVE);
    if ((denied & growth) != 0 && mt_growth_lock()) {
        set_aside();
        mt_growth_unlock();
    }
}

void mt_confinement_expect(void) {
    if (mt_os_denied == MT_OS_ALL_CALLS || !program_can_confine())
        return;
    prepare(MT_OS_ALL_CALLS);
    __atomic_store_n(&mt_os_denied, MT_OS_ALL_CALLS, __ATOMIC_RELAXED);
}

uint64_t mt_confinement_begin(const struct sock_fprog *filter) {
    uint64_t before = mt_os_denied;
    uint64_t denied = before | (filter != NULL ? mt_filter_denies(filter) : MT_OS_ALL_CALLS);
    if (denied != before)
        prepare(denied);
    __atomic_fetch_or(&mt_os_denied, denied, __ATOMIC_RELAXED);
    return before;
}

void mt_confinement_failed(uint64_t denied_before) {
    __atomic_store_n(&mt_os_denied, denied_before, __ATOMIC_RELAXED);
}
