/* SPDX-License-Identifier: MIT */
/*
 * The CFI reader against libdw's, for every function of whole libraries and at every change of the
 * row: where ours has a rule, the CFA, the return address and the caller's rbp are what libdw
 * finds; where it has none, that is counted, and seldom. The large library is sampled unless
 * MEMTRACK_SOAK is 1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind/cfi.h"

enum { RBP = 6, RSP = 7, RA = 16, PAGE = 4096, SAMPLE = 40, SHOWN = 5 };

struct library {
    int fd;
    Elf *elf;
    Dwarf_CFI *cfi;
    char *image; /* as the loader maps it, without relocations: unwind tables have none */
    size_t bytes;
    struct mt_cfi ours;
    size_t entries, rows, slow, unknown, none, wrong;
};

static const char *find_library(const char *soname) {
    static const char *const directory[] = {"/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu",
                                            "/usr/lib64", "/usr/lib"};
    static char path[256];
    for (size_t i = 0; i < sizeof directory / sizeof *directory; i++) {
        snprintf(path, sizeof path, "%s/%s", directory[i], soname);
        if (access(path, R_OK) == 0)
            return path;
    }
    return NULL;
}

static void map_segments(struct library *l) {
    size_t n;
    assert_int_equal(elf_getphdrnum(l->elf, &n), 0);
    GElf_Phdr p;
    for (size_t i = 0; i < n; i++)
        if (gelf_getphdr(l->elf, (int)i, &p) && p.p_type == PT_LOAD &&
            p.p_vaddr + p.p_memsz > l->bytes)
            l->bytes = p.p_vaddr + p.p_memsz;
    l->image = mmap(NULL, l->bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(l->image, MAP_FAILED);
    for (size_t i = 0; i < n; i++) {
        gelf_getphdr(l->elf, (int)i, &p);
        uint64_t skip = p.p_vaddr % PAGE;
        if (p.p_type == PT_LOAD && p.p_filesz != 0)
            assert_ptr_not_equal(mmap(l->image + p.p_vaddr - skip, p.p_filesz + skip, PROT_READ,
                                      MAP_PRIVATE | MAP_FIXED, l->fd, (off_t)(p.p_offset - skip)),
                                 MAP_FAILED);
        if (p.p_type == PT_GNU_EH_FRAME)
            l->ours.header = (const uint8_t *)l->image + p.p_vaddr;
    }
    l->ours.begin = (uint64_t)l->image;
    l->ours.end = l->ours.begin + l->bytes;
}

static void open_library(struct library *l, const char *path) {
    *l = (struct library){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    assert_true(l->fd >= 0);
    elf_version(EV_CURRENT);
    l->elf = elf_begin(l->fd, ELF_C_READ_MMAP, NULL);
    assert_non_null(l->elf);
    l->cfi = dwarf_getcfi_elf(l->elf);
    assert_non_null(l->cfi);
    map_segments(l);
    assert_non_null(l->ours.header);
}

static void close_library(struct library *l) {
    dwarf_cfi_end(l->cfi);
    elf_end(l->elf);
    munmap(l->image, l->bytes);
    close(l->fd);
}

/* The CFA is register + offset. */
static bool theirs_is_simple(Dwarf_Frame *frame, int *reg, int64_t *offset) {
    Dwarf_Op *ops;
    size_t n;
    if (dwarf_frame_cfa(frame, &ops, &n) != 0 || n != 1)
        return false;
    if (ops[0].atom == DW_OP_bregx) {
        *reg = (int)ops[0].number;
        *offset = (int64_t)ops[0].number2;
    } else if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
        *reg = ops[0].atom - DW_OP_breg0;
        *offset = (int64_t)ops[0].number;
    } else {
        return false;
    }
    return true;
}

enum saved { SAME, UNDEFINED, AT_CFA, OTHERWISE };

static enum saved theirs(Dwarf_Frame *frame, int reg, int64_t *offset) {
    Dwarf_Op memory[3], *ops;
    size_t n;
    if (dwarf_frame_register(frame, reg, memory, &ops, &n) != 0)
        return OTHERWISE;
    if (n == 0)
        return ops == NULL ? SAME : UNDEFINED;
    if (ops[0].atom != DW_OP_call_frame_cfa || n > 2)
        return OTHERWISE;
    *offset = n == 2 ? (int64_t)ops[1].number : 0;
    return n == 1 || ops[1].atom == DW_OP_plus_uconst ? AT_CFA : OTHERWISE;
}

/* rbp at the address that rbp holds, as in a realigned frame. */
static bool is_at_rbp(Dwarf_Frame *frame) {
    Dwarf_Op memory[3], *ops;
    size_t n;
    return dwarf_frame_register(frame, RBP, memory, &ops, &n) == 0 && n > 0 &&
           ops[n - 1].atom != DW_OP_stack_value && ops[0].atom == DW_OP_breg6 && ops[0].number == 0;
}

static bool bp_agrees(Dwarf_Frame *frame, mt_rule rule) {
    int64_t offset = 0;
    if (mt_rule_bp_at_bp(rule))
        return is_at_rbp(frame);
    switch (theirs(frame, RBP, &offset)) {
    case SAME:
        return !mt_rule_reloads_bp(rule);
    case UNDEFINED: /* what libdw says of a register that the tables do not mention */
        return !mt_rule_reloads_bp(rule);
    case AT_CFA:
        return mt_rule_bp_offset(rule) == offset;
    default:
        return false;
    }
}

/* The CFA is what lies at rbp + offset. */
static bool is_deref(Dwarf_Frame *frame, mt_rule rule) {
    Dwarf_Op *ops;
    size_t n;
    return dwarf_frame_cfa(frame, &ops, &n) == 0 && n >= 2 && ops[0].atom == DW_OP_breg6 &&
           (int64_t)ops[0].number == mt_rule_cfa_offset(rule) && ops[1].atom == DW_OP_deref;
}

static bool agrees(struct library *l, Dwarf_Frame *frame, bool is_signal, mt_rule rule) {
    int reg;
    int64_t cfa, ra = 0;
    enum saved where = theirs(frame, RA, &ra);
    switch (mt_rule_kind_of(rule)) {
    case MT_RULE_END:
        return where == UNDEFINED;
    case MT_RULE_SIGNAL:
        return is_signal;
    case MT_RULE_SP:
    case MT_RULE_BP:
        return theirs_is_simple(frame, &reg, &cfa) &&
               reg == (mt_rule_kind_of(rule) == MT_RULE_SP ? RSP : RBP) &&
               cfa == mt_rule_cfa_offset(rule) && where == AT_CFA && ra == -8 &&
               bp_agrees(frame, rule);
    case MT_RULE_BP_DEREF:
        return where == AT_CFA && ra == -8 && is_deref(frame, rule) && bp_agrees(frame, rule);
    case MT_RULE_SLOW:
        l->slow++;
        return where == AT_CFA && ra == -8;
    case MT_RULE_UNKNOWN:
        l->unknown++;
        return true;
    default:
        l->none++;
        return true;
    }
}

/* Every row of the function that begins at address (of the file). */
static void compare_function(struct library *l, uint64_t address, uint64_t end) {
    l->entries++;
    while (address < end) {
        Dwarf_Frame *frame;
        Dwarf_Addr low, high;
        bool is_signal;
        if (dwarf_cfi_addrframe(l->cfi, address, &frame) != 0)
            return;
        assert_int_equal(dwarf_frame_info(frame, &low, &high, &is_signal), RA);
        mt_rule first = mt_cfi_rule(&l->ours, (l->ours.begin + address) | MT_PC_EXACT);
        mt_rule last =
            mt_cfi_rule(&l->ours, l->ours.begin + high); /* the row of a call that ends there */
        bool good = agrees(l, frame, is_signal, first) && first == last;
        if (!good && l->wrong++ < SHOWN)
            print_message("0x%lx..0x%lx: rules %lx, %lx\n", (long)address, (long)high, (long)first,
                          (long)last);
        l->rows++;
        free(frame);
        if (high <= address)
            return;
        address = high;
    }
}

static void compare(const char *soname, unsigned sample) {
    const char *path = find_library(soname);
    struct library l;
    if (path == NULL)
        skip();
    open_library(&l, path);
    const int32_t *pair = (const int32_t *)(const void *)(l.ours.header + 12);
    uint32_t n = ((const uint32_t *)(const void *)l.ours.header)[2];
    uint64_t base = (uint64_t)l.ours.header - l.ours.begin;
    for (uint32_t i = 0; i < n; i += sample) {
        uint64_t begin = base + (uint64_t)(int64_t)pair[2 * i];
        uint64_t end = i + 1 < n ? base + (uint64_t)(int64_t)pair[2 * i + 2] : begin + 1;
        compare_function(&l, begin, end);
    }
    print_message("%s: %zu functions, %zu rows; evaluated each time %zu, declined %zu, without "
                  "%zu; wrong %zu\n",
                  soname, l.entries, l.rows, l.slow, l.unknown, l.none, l.wrong);
    assert_int_equal(l.wrong, 0);
    assert_true(l.rows > 2 * l.entries);
    assert_true(l.unknown + l.none <= 20);
    assert_true(l.slow <= 10);
    close_library(&l);
}

static unsigned large(void) {
    const char *soak = getenv("MEMTRACK_SOAK");
    return soak != NULL && strcmp(soak, "1") == 0 ? 1 : SAMPLE;
}

static void c_library(void **state) {
    (void)state;
    compare("libc.so.6", 1);
}

static void cpp_library(void **state) {
    (void)state;
    compare("libstdc++.so.6", 1);
}

static void compiler(void **state) {
    (void)state;
    compare("libLLVM-14.so.1", large());
}

static void loader(void **state) {
    (void)state;
    compare("ld-linux-x86-64.so.2", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(c_library), cmocka_unit_test(cpp_library),
                                       cmocka_unit_test(compiler), cmocka_unit_test(loader)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
