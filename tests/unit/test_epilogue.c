/* SPDX-License-Identifier: MIT */
/* The ends of functions, as compilers and assemblers write them, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "unwind/arch.h"

#if defined(__x86_64__)
static bool read(const char *bytes, size_t n, struct mt_arch_epilogue *e) {
    uint8_t code[MT_ARCH_EPILOGUE_BYTES];
    memset(code, 0x90, sizeof code);
    memcpy(code, bytes, n);
    return mt_arch_epilogue(code, e);
}

static void ends_of_functions(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        uint32_t bytes_of_frame, bp_at;
        bool has_bp, by_bp;
    } cases[] = {
        {"\xc3", 1, 0, 0, false, false},                               /* ret */
        {"\xf3\xc3", 2, 0, 0, false, false},                           /* rep ret */
        {"\xc9\xc3", 2, 0, 0, false, true},                            /* leave; ret */
        {"\x48\x83\xc4\x08\xc3", 5, 8, 0, false, false},               /* add $8,%rsp; ret */
        {"\x48\x81\xc4\x00\x01\x00\x00\xc3", 8, 256, 0, false, false}, /* add $256,%rsp */
        {"\x5d\xc3", 2, 8, 0, true, false},                            /* pop %rbp; ret */
        {"\x48\x83\xc4\x18\x5b\x5d\xc3", 7, 40, 32, true, false},      /* add; pop %rbx; pop %rbp */
        {"\x5b\x5d\x41\x5c\x41\x5d\x41\x5e\x41\x5f\xc3", 11, 48, 8, true, false},
        {"\x48\x83\xc4\x08\x5b\x5d\x41\x5c\x41\x5d\x41\x5e\x41\x5f\xc3", 15, 56, 16, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_arch_epilogue e;
        if (!read(cases[i].bytes, cases[i].n, &e) || e.bytes != cases[i].bytes_of_frame ||
            e.has_bp != cases[i].has_bp || e.by_bp != cases[i].by_bp ||
            (e.has_bp && e.bp_at != cases[i].bp_at))
            fail_msg("case %zu: %u %u %d %d", i, e.bytes, e.bp_at, e.has_bp, e.by_bp);
    }
}

static void other_code(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"\x90\xc3", 2},                         /* nop: something else may follow as well */
        {"\xeb\x00\xc3", 3},                     /* a jump */
        {"\xe8\x00\x00\x00\x00\xc3", 6},         /* a call */
        {"\x48\x83\xec\x08\xc3", 5},             /* sub: the frame grows */
        {"\x48\x83\xc4\xf8\xc3", 5},             /* add of a negative number */
        {"\x48\x81\xc4\x00\x00\x00\x80\xc3", 8}, /* the same, and of too much */
        {"\x5c\xc3", 2},                         /* pop %rsp */
        {"\xc2\x08\x00", 3},                     /* ret 8: the caller's arguments go, too */
        {"\xc9\x90\xc3", 3},
        {"\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b"
         "\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b\x5b",
         32}, /* no end within reach */
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mt_arch_epilogue e;
        if (read(cases[i].bytes, cases[i].n, &e))
            fail_msg("case %zu is taken for the end of a function", i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_of_functions),
        cmocka_unit_test(other_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void) {
    return 77;
}
#endif
