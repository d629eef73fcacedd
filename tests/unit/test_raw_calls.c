/* SPDX-License-Identifier: MIT */
/* Which code could confine the process unseen. The bytes are what gcc and clang make of inline
 * assembly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "track/process/raw_calls.h"

#if defined(__x86_64__)

/* In the middle of other code, at every distance from the blocks in which it is looked through. */
static bool can_confine(const void *code, size_t bytes) {
    uint8_t text[512];
    bool first = false;
    for (size_t at = 0; at < 64; at++) {
        memset(text, 0x90, sizeof text);
        memcpy(text + 100 + at, code, bytes);
        bool can = mt_raw_calls_can_confine(text, sizeof text);
        assert_int_equal(can, mt_raw_calls_can_confine(text, 100 + at + bytes));
        if (at == 0)
            first = can;
        assert_int_equal(first, can);
    }
    return first;
}
#define CAN(bytes) can_confine("" bytes, sizeof("" bytes) - 1)

static void test_numbers(void **state) {
    (void)state;
    assert_true(CAN("\xb8\x9d\0\0\0\xbf\x16\0\0\0\x0f\x05")); /* mov eax, prctl; mov edi, 22 */
    assert_true(CAN("\x48\xc7\xc0\x3d\x01\0\0\x0f\x05"));     /* mov rax, seccomp */
    assert_true(CAN("\x41\xb8\x9d\0\0\0\x31\xf6\x44\x89\xc0\x0f\x05")); /* mov r8d, prctl; xor esi,
                                                                           esi; mov eax, r8d */
    assert_false(CAN("\xb8\x01\0\0\0\xbf\x02\0\0\0\x0f\x05"));          /* mov eax, write */
    assert_false(
        CAN("\xbd\xca\0\0\0\x45\x31\xd2\x48\x89\xdf\x89\xe8\x0f\x05")); /* mov ebp, futex; …; mov
                                                                           eax, ebp */
    assert_false(CAN("\x31\xc0\x31\xff\x0f\x05"));                      /* xor eax, eax: read */
}

static void test_wrappers(void **state) {
    (void)state;
    assert_true(
        CAN("\xc3\x48\x89\xf8\x48\x89\xf7\x48\x89\xd6\x48\x89\xca\x0f\x05")); /* mov rax, rdi; … */
    assert_true(
        CAN("\x48\x8b\x45\xe8\x48\x8b\x7d\xe0\x48\x8b\x75\xd8\x0f\x05")); /* mov rax, [rbp-24]; … */
    assert_true(CAN("\xc3\x48\x63\xc6\x48\x89\xd7\x0f\x05")); /* movsxd rax, esi; mov rdi, rdx */
    assert_true(CAN("\x48\x8b\x44\x24\x08\x48\x8b\x7c\x24\x10\x0f\x05")); /* mov rax, [rsp+8]; … */
    /* the number of another function before it is not its own */
    assert_true(CAN("\xbf\x01\0\0\0\x0f\x1f\0\xc3\x48\x89\xf8\x48\x89\xf7\x0f\x05"));
}

static void test_inside_of_others(void **state) {
    (void)state;
    assert_false(CAN("\xe8\x0f\x05\0\0"));         /* call */
    assert_false(CAN("\x48\x8d\x3d\x0f\x05\0\0")); /* lea rdi, [rip+0x50f] */
    assert_false(CAN("\x0f\x0f\x05"));
    assert_false(CAN("\x0f"));
}

static void test_ends(void **state) {
    (void)state;
    const uint8_t call[] = {0x0f, 0x05};
    assert_false(mt_raw_calls_can_confine(call, 0));
    assert_false(mt_raw_calls_can_confine(call, 1));
    assert_false(mt_raw_calls_can_confine(call, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_wrappers),
        cmocka_unit_test(test_inside_of_others),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    return 0;
}

#endif
