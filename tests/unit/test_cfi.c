/* SPDX-License-Identifier: MIT */
/* Rules for instructions that compilers seldom write, for tables that are not whole, and for tables
 * that lie. That they are right for all that compilers do write is test_cfi_libdw.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "cfi-fixture.h"

enum { PAGE = 4096, ROOM = 2 * PAGE, MUTATIONS = 60000 };

static uint8_t *room_end; /* nothing can be read from here on */

static int setup(void **state) {
    (void)state;
    uint8_t *room =
        mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + ROOM, PAGE, PROT_NONE) != 0)
        return -1;
    room_end = room + ROOM;
    return 0;
}

/* The module ends where memory does. */
static struct mt_cfi build_at_end(const uint8_t *cie, size_t n_cie, const uint8_t *fde,
                                  size_t n_fde, const char *names) {
    uint8_t scratch[CFI_MOST_BYTES + 512];
    struct mt_cfi cfi = cfi_build(scratch, cie, n_cie, fde, n_fde, names);
    return cfi_build(room_end - (cfi.end - cfi.begin), cie, n_cie, fde, n_fde, names);
}

static mt_rule rule_at(const uint8_t *fde, size_t n, uint64_t offset) {
    struct mt_cfi cfi = build_at_end(cfi_usual_cie, sizeof cfi_usual_cie, fde, n, "zR");
    return mt_cfi_rule(&cfi, (cfi.begin + CFI_FUNCTION_AT + offset) | MT_PC_EXACT);
}

#define RULE(offset, ...)                                                                          \
    ({                                                                                             \
        static const uint8_t code[] = {__VA_ARGS__};                                               \
        rule_at(code, sizeof code, offset);                                                        \
    })

static void expect(mt_rule rule, enum mt_rule_kind kind, int64_t cfa, int64_t bp) {
    assert_int_equal(mt_rule_kind_of(rule), kind);
    if (kind == MT_RULE_SP || kind == MT_RULE_BP || kind == MT_RULE_BP_DEREF) {
        assert_int_equal(mt_rule_cfa_offset(rule), cfa);
        assert_int_equal(mt_rule_bp_offset(rule), bp);
    }
}

static void rows_of_a_function(void **state) {
    (void)state;
    /* push %rbp; mov %rsp, %rbp; … leave; ret */
    static const uint8_t code[] = {0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x60, 0x0c, 7, 8};
    expect(rule_at(code, sizeof code, 0), MT_RULE_SP, 8, 0);
    expect(rule_at(code, sizeof code, 1), MT_RULE_SP, 16, -16);
    expect(rule_at(code, sizeof code, 4), MT_RULE_BP, 16, -16);
    expect(rule_at(code, sizeof code, 4 + 31), MT_RULE_BP, 16, -16);
    expect(rule_at(code, sizeof code, 4 + 32), MT_RULE_SP, 8, -16); /* popped: in the red zone */
    assert_int_equal(rule_at(code, sizeof code, CFI_FUNCTION_BYTES), MT_RULE_NONE);
}

static void rare_instructions(void **state) {
    (void)state;
    expect(RULE(0, 0x0a, 0x0e, 64, 0x0b), MT_RULE_SP, 8, 0); /* remember, restore */
    expect(RULE(0, 0x05, 6, 3), MT_RULE_SP, 8, -24);         /* offset_extended */
    expect(RULE(0, 0x11, 6, 4), MT_RULE_SP, 8, -32);         /* offset_extended_sf */
    expect(RULE(0, 0x86, 2, 0xc6), MT_RULE_SP, 8, 0);        /* restore */
    expect(RULE(0, 0x86, 2, 0x06, 6), MT_RULE_SP, 8, 0);     /* restore_extended */
    expect(RULE(0, 0x12, 7, 0x7e), MT_RULE_SP, 16, 0);       /* def_cfa_sf: -2 * -8 */
    expect(RULE(0, 0x13, 0x7d), MT_RULE_SP, 24, 0);          /* def_cfa_offset_sf */
    expect(RULE(0, 0x07, 16), MT_RULE_END, 0, 0);            /* no return address */
    expect(RULE(0, 0x07, 16, 0x06, 16), MT_RULE_SP, 8, 0);   /* and again one */
    expect(RULE(0, 0x2e, 32, 0x00), MT_RULE_SP, 8, 0);       /* GNU_args_size, nop */
    expect(RULE(0, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0), MT_RULE_BP_DEREF, -8, 0);
}

static void what_is_declined(void **state) {
    (void)state;
    expect(RULE(0, 0x0d, 3), MT_RULE_UNKNOWN, 0, 0);       /* CFA from rbx */
    expect(RULE(0, 0x90, 2), MT_RULE_UNKNOWN, 0, 0);       /* the return address elsewhere */
    expect(RULE(0, 0x08, 16), MT_RULE_UNKNOWN, 0, 0);      /* in its register */
    expect(RULE(0, 0x09, 6, 3), MT_RULE_UNKNOWN, 0, 0);    /* rbp in rbx */
    expect(RULE(0, 0x07, 6), MT_RULE_UNKNOWN, 0, 0);       /* rbp lost */
    expect(RULE(0, 0x86, 64), MT_RULE_SLOW, 0, 0);         /* rbp below the red zone */
    expect(RULE(0, 0x0e, 12), MT_RULE_SLOW, 0, 0);         /* no multiple of 8 */
    expect(RULE(0, 0x0e, 0), MT_RULE_SLOW, 0, 0);          /* no room for a return address */
    expect(RULE(0, 0x0d, 6), MT_RULE_SLOW, 0, 0);          /* rbp made its own, and not saved */
    expect(RULE(0, 0x0f, 2, 0x77, 8), MT_RULE_SLOW, 0, 0); /* another expression */
    expect(RULE(0, 0x3e), MT_RULE_NONE, 0, 0);             /* unknown */
    expect(RULE(0, 0x0b), MT_RULE_NONE, 0, 0);             /* restore without remember */
    expect(RULE(0, 0x0f, 100, 0x77, 8), MT_RULE_NONE, 0,
           0);                                             /* an expression that is not all there */
    expect(RULE(0, 0x0e, 0x80, 0x80), MT_RULE_NONE, 0, 0); /* a number that is not all there */
}

static void a_signal_frame(void **state) {
    (void)state;
    struct mt_cfi cfi = build_at_end(cfi_usual_cie, sizeof cfi_usual_cie, NULL, 0, "zRS");
    expect(mt_cfi_rule(&cfi, (cfi.begin + CFI_FUNCTION_AT) | MT_PC_EXACT), MT_RULE_SIGNAL, 0, 0);
}

/* One step through tables that are evaluated, on a stack of 64 words. */
static bool step(const uint8_t *fde, size_t n, uint64_t *words, struct mt_frame_state *frame) {
    struct mt_cfi cfi = build_at_end(cfi_usual_cie, sizeof cfi_usual_cie, fde, n, "zR");
    struct mt_stack_map map = {.now = {(uint64_t)words, (uint64_t)(words + 64)}};
    map.own = map.now;
    frame->pc = cfi.begin + CFI_FUNCTION_AT + 1;
    return mt_cfi_step(&cfi, frame, &map);
}

static void evaluated_steps(void **state) {
    (void)state;
    uint64_t words[64];
    for (uint64_t i = 0; i < 64; i++)
        words[i] = 1000 + i;
    /* As in a procedure linkage table: CFA = rsp + 8 + ((rip & 15) >= 11) * 8, with a word in
     * between. */
    static const uint8_t plt[] = {0x0f, 11,   0x77, 8,    0x80, 0,   0x3f,
                                  0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22};
    struct mt_frame_state s = {.sp = (uint64_t)&words[8], .bp = 77};
    assert_true(step(plt, sizeof plt, words, &s));
    assert_int_equal(s.bp, 77);
    assert_true(s.sp == (uint64_t)&words[9] || s.sp == (uint64_t)&words[10]);
    assert_int_equal(s.pc, 1000 + (s.sp - (uint64_t)words) / 8 - 1);
    /* rbp at CFA + 8, by an expression */
    static const uint8_t saved[] = {0x10, 6, 2, 0x23, 8};
    s = (struct mt_frame_state){.sp = (uint64_t)&words[8], .bp = 77};
    assert_true(step(saved, sizeof saved, words, &s));
    assert_int_equal(s.bp, 1010);
    /* beyond the end of the stack, and below its pointer */
    static const uint8_t far[] = {0x0f, 3, 0x77, 0x80, 0x04};
    s = (struct mt_frame_state){.sp = (uint64_t)&words[8], .bp = 77};
    assert_false(step(far, sizeof far, words, &s));
    static const uint8_t low[] = {0x0f, 3, 0x77, 0x78, 0x06};
    s = (struct mt_frame_state){.sp = (uint64_t)&words[8], .bp = 77};
    assert_false(step(low, sizeof low, words, &s));
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Bytes changed at random, and ends cut off: whatever is said, nothing beyond the module is read,
 * and there is an end. */
static void tables_that_lie(void **state) {
    (void)state;
    static const uint8_t code[] = {0x41, 0x0e, 16,   0x86, 2,    0x43, 0x0d, 6, 0x0a,
                                   0x0f, 3,    0x76, 0x78, 0x06, 0x10, 6,    2, 0x76,
                                   0,    0x60, 0x0b, 0x0c, 7,    8,    0x02, 9, 0x2e,
                                   16,   0x03, 9,    0,    0x04, 1,    0,    0, 0};
    struct mt_cfi whole =
        build_at_end(cfi_usual_cie, sizeof cfi_usual_cie, code, sizeof code, "zR");
    uint8_t copy[512], *bytes = room_end - (whole.end - whole.begin);
    size_t n = whole.end - whole.begin, rules = 0;
    memcpy(copy, bytes, n);
    uint64_t random = 42;
    for (int i = 0; i < MUTATIONS; i++) {
        size_t cut = i % 8 == 0 ? next_random(&random) % n : 0;
        memcpy(bytes, copy, n);
        memmove(bytes + cut, copy, n - cut);
        for (unsigned k = 0; k <= next_random(&random) % 3; k++)
            bytes[cut + next_random(&random) % (n - cut)] = (uint8_t)next_random(&random);
        struct mt_cfi cfi = {
            .header = bytes + cut, .begin = (uint64_t)bytes + cut, .end = whole.end};
        uint64_t pc = (uint64_t)bytes + cut + CFI_FUNCTION_AT + next_random(&random) % 48;
        uint64_t words[64] = {0};
        struct mt_stack_map map = {.now = {(uint64_t)words, (uint64_t)(words + 64)}};
        struct mt_frame_state frame = {pc, (uint64_t)&words[8],
                                       (uint64_t)&words[next_random(&random) % 64]};
        rules += mt_cfi_rule(&cfi, pc | MT_PC_EXACT) != MT_RULE_NONE;
        mt_cfi_step(&cfi, &frame, &map);
    }
    assert_in_range(rules, MUTATIONS / 4, MUTATIONS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_function), cmocka_unit_test(rare_instructions),
        cmocka_unit_test(what_is_declined),   cmocka_unit_test(a_signal_frame),
        cmocka_unit_test(evaluated_steps),    cmocka_unit_test(tables_that_lie),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
