/* SPDX-License-Identifier: MIT */
/* How often the pieces of a function's code have run, of small functions whose bytes are written out
 * here: what is worked out from few counts, tables of jumps, what cannot be known. And damaged code,
 * which must be refused or taken apart, but not read beyond its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/flow/flow.h"
#include "view/flow/instruction.h"

enum { BASE = 0x1000, HOOK = 0x8000, TABLE = 0x4000, MOST_BYTES = 256 };

/* Code as it is written, and the memory beside it. */
struct code {
    uint8_t bytes[MOST_BYTES];
    size_t n;
    int32_t table[8];
    size_t n_table;
};

static void put(struct code *c, size_t n, const uint8_t *bytes) {
    memcpy(c->bytes + c->n, bytes, n);
    c->n += n;
}
#define PUT(c, ...) put(c, sizeof((uint8_t[]){__VA_ARGS__}), (uint8_t[]){__VA_ARGS__})

static void put_with_distance(struct code *c, uint8_t opcode, int32_t distance) {
    PUT(c, opcode);
    memcpy(c->bytes + c->n, &distance, sizeof distance);
    c->n += sizeof distance;
}

/* Returns where the hook returns to. */
static uint64_t put_hook(struct code *c) {
    uint64_t end = BASE + c->n + 5;
    put_with_distance(c, 0xe8, (int32_t)(HOOK - end));
    return end;
}

static bool read_table(void *context, uint64_t address, void *into, size_t bytes) {
    const struct code *c = context;
    size_t at = address - TABLE;
    if (address < TABLE || at + bytes > c->n_table * sizeof *c->table)
        return false;
    memcpy(into, (const char *)c->table + at, bytes);
    return true;
}

static int try_build(struct mt_flow *flow, struct code *c) {
    static const uint64_t target = HOOK;
    const struct mt_flow_range range = {.low = BASE, .high = BASE + c->n, .code = c->bytes};
    const struct mt_flow_hooks hooks = {.targets = &target, .n_targets = 1};
    return mt_flow_build(flow, &range, 1, &hooks, read_table, c);
}

static void set(struct mt_flow *flow, uint64_t hook, uint64_t count) {
    size_t node = mt_flow_find_hook(flow, hook);
    assert_int_not_equal(node, SIZE_MAX);
    flow->nodes[node].is_known = true;
    flow->nodes[node].count = count;
}

static uint64_t entries_of(struct mt_flow *flow, const uint64_t *addresses, size_t n) {
    uint32_t nodes[8];
    uint64_t entries = 0;
    for (size_t i = 0; i < n; i++)
        nodes[i] = (uint32_t)mt_flow_find(flow, addresses[i]);
    assert_true(mt_flow_entries(flow, nodes, n, &entries));
    return entries;
}
#define ENTRIES(flow, ...)                                                                         \
    entries_of(flow, (uint64_t[]){__VA_ARGS__},                                                    \
               sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* ---- counts ---------------------------------------------------------------------------------- */

/* A for loop as gcc lays it out: begin; jmp test; body: …; test: …; jl body; ret. Without a hook at
 * the test, which has run as often as control has come to it. */
static void test_loop(void **state) {
    (void)state;
    struct code c = {0};
    struct mt_flow flow;
    uint64_t first = put_hook(&c);
    PUT(&c, 0xeb, 0x06); /* jmp test */
    uint64_t body = BASE + c.n, hook = put_hook(&c);
    PUT(&c, 0x90); /* nop */
    uint64_t test = BASE + c.n;
    PUT(&c, 0x39, 0xc1, 0x7c, 0xf6); /* cmp; jl body */
    uint64_t end = BASE + c.n;
    PUT(&c, 0xc3);
    assert_int_equal(try_build(&flow, &c), 0);
    assert_int_equal(flow.n_nodes, 4);
    set(&flow, first, 2);
    set(&flow, hook, 20);
    assert_int_equal(mt_flow_solve(&flow), 0);
    assert_int_equal(flow.nodes[mt_flow_find(&flow, test)].count, 22);
    assert_int_equal(flow.nodes[mt_flow_find(&flow, end)].count, 2);
    /* A line that begins the loop, steps and tests; one that has all of the loop; its body. */
    assert_int_equal(ENTRIES(&flow, BASE, body, test), 22);
    assert_int_equal(ENTRIES(&flow, BASE, test), 22);
    assert_int_equal(ENTRIES(&flow, body), 20);
    mt_flow_free(&flow);
}

/* if (…) break; of which the break has no hook: test; jne on; nop; jmp end; on: hook; end: ret. */
static void test_branch(void **state) {
    (void)state;
    struct code c = {0};
    struct mt_flow flow;
    uint64_t first = put_hook(&c);
    PUT(&c, 0x75, 0x03); /* jne on */
    uint64_t leave = BASE + c.n;
    PUT(&c, 0x90, 0xeb, 0x05); /* nop; jmp end */
    uint64_t on = put_hook(&c), end = BASE + c.n;
    PUT(&c, 0xc3);
    assert_int_equal(try_build(&flow, &c), 0);
    set(&flow, first, 10);
    set(&flow, on, 7);
    assert_int_equal(mt_flow_solve(&flow), 0);
    assert_int_equal(ENTRIES(&flow, leave), 3);
    assert_int_equal(ENTRIES(&flow, end), 10);
    assert_int_equal(ENTRIES(&flow, BASE, on - 1), 10);
    mt_flow_free(&flow);
}

/* A call that has not always returned: what stands behind it, and has a hook, tells. */
static void test_call(void **state) {
    (void)state;
    struct code c = {0};
    struct mt_flow flow;
    uint64_t first = put_hook(&c);
    PUT(&c, 0xe8, 0, 1, 0, 0); /* call of something else */
    uint64_t behind = put_hook(&c);
    PUT(&c, 0xc3);
    assert_int_equal(try_build(&flow, &c), 0);
    assert_int_equal(flow.n_nodes, 2);
    assert_true(flow.nodes[0].has_call);
    set(&flow, first, 5);
    set(&flow, behind, 3);
    assert_int_equal(mt_flow_solve(&flow), 0);
    assert_int_equal(ENTRIES(&flow, BASE, behind), 5);
    assert_int_equal(ENTRIES(&flow, behind), 3);
    mt_flow_free(&flow);
}

/* lea table(%rip), %rax; add %rdx, %rax; jmp *%rax, with entries relative to the table. */
static void put_jump_by(struct code *c, uint64_t table) {
    PUT(c, 0x48, 0x8d);
    put_with_distance(c, 0x05, (int32_t)(table - (BASE + c->n + 5)));
    PUT(c, 0x48, 0x01, 0xd0, 0xff, 0xe0);
}

/* The entry of the second table would lead into the function from the first one, too. */
static void test_tables_side_by_side(void **state) {
    (void)state;
    enum { SECOND = TABLE + 2 * sizeof(int32_t) };
    struct code c = {0};
    struct mt_flow flow;
    uint64_t first = put_hook(&c);
    put_jump_by(&c, TABLE);
    uint64_t one = put_hook(&c);
    put_jump_by(&c, SECOND);
    uint64_t two = BASE + c.n;
    PUT(&c, 0x90, 0xc3);
    PUT(&c, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90);
    uint64_t three = BASE + c.n;
    PUT(&c, 0x90, 0xc3);
    c.table[0] = (int32_t)(one - 5 - TABLE);
    c.table[1] = (int32_t)(two - TABLE);
    c.table[2] = (int32_t)(three - SECOND);
    c.table[3] = 1; /* of something else */
    c.n_table = 4;
    assert_int_equal(try_build(&flow, &c), 0);
    set(&flow, first, 9);
    set(&flow, one, 4);
    assert_int_equal(mt_flow_solve(&flow), 0);
    assert_int_equal(ENTRIES(&flow, two), 5);
    mt_flow_free(&flow);
}

static void test_table(void **state) {
    (void)state;
    struct code c = {0};
    struct mt_flow flow;
    uint64_t first = put_hook(&c);
    put_jump_by(&c, TABLE);
    uint64_t one = put_hook(&c);
    PUT(&c, 0xc3);
    uint64_t two = BASE + c.n; /* without a hook */
    PUT(&c, 0x90, 0xc3);
    c.table[0] = (int32_t)(one - 5 - TABLE);
    c.table[1] = (int32_t)(two - TABLE);
    c.table[2] = 1; /* of something else */
    c.n_table = 3;
    assert_int_equal(try_build(&flow, &c), 0);
    set(&flow, first, 9);
    set(&flow, one, 4);
    assert_int_equal(mt_flow_solve(&flow), 0);
    assert_int_equal(ENTRIES(&flow, two), 5);
    mt_flow_free(&flow);

    c.n_table = 0; /* then the jump may lead anywhere, and nothing is said */
    assert_int_equal(try_build(&flow, &c), 0);
    set(&flow, first, 9);
    set(&flow, one, 4);
    assert_int_equal(mt_flow_solve(&flow), 0);
    assert_false(flow.nodes[mt_flow_find(&flow, two)].is_known);
    mt_flow_free(&flow);
}

/* What nothing leads to is reached by an exception, and does not count for a line that has code of
 * its own; a block that does nothing but jump on does not, either. */
static void test_own(void **state) {
    (void)state;
    struct code c = {0};
    struct mt_flow flow;
    put_hook(&c);
    PUT(&c, 0x90, 0xc3);
    uint64_t caught = BASE + c.n;
    put_hook(&c);
    PUT(&c, 0xc3);
    assert_int_equal(try_build(&flow, &c), 0);
    uint32_t nodes[] = {0, (uint32_t)mt_flow_find(&flow, caught)};
    assert_int_equal(mt_flow_own(&flow, nodes, 2), 1);
    assert_int_equal(nodes[0], 0);
    uint32_t only[] = {(uint32_t)mt_flow_find(&flow, caught)};
    assert_int_equal(mt_flow_own(&flow, only, 1), 1);
    flow.nodes[0].is_known = true; /* nothing of the line has run but that */
    uint32_t both[] = {0, (uint32_t)mt_flow_find(&flow, caught)};
    assert_int_equal(mt_flow_own(&flow, both, 2), 2);
    mt_flow_free(&flow);

    c = (struct code){0};
    put_hook(&c);
    PUT(&c, 0x75, 0x01, 0x90); /* jne over; nop; over: */
    uint64_t idle = BASE + c.n;
    put_hook(&c);
    PUT(&c, 0xeb, 0x00);
    PUT(&c, 0x90, 0xc3);
    assert_int_equal(try_build(&flow, &c), 0);
    uint32_t pair[] = {0, (uint32_t)mt_flow_find(&flow, idle)};
    assert_int_equal(mt_flow_own(&flow, pair, 2), 1);
    assert_int_equal(pair[0], 0);
    mt_flow_free(&flow);
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void check(size_t n, const uint8_t *code, size_t bytes, enum mt_instruction_kind kind,
                  uint64_t target) {
    struct mt_instruction i;
    assert_true(mt_instruction_decode(code, n, BASE, &i));
    assert_int_equal(i.bytes, bytes);
    assert_int_equal(i.kind, kind);
    assert_int_equal(i.target, target);
    for (size_t shorter = 0; shorter < bytes; shorter++)
        assert_false(mt_instruction_decode(code, shorter, BASE, &i));
}
#define CHECK(bytes, kind, target, ...)                                                            \
    check(sizeof((uint8_t[]){__VA_ARGS__}), (uint8_t[]){__VA_ARGS__}, bytes,                       \
          MT_INSTRUCTION_##kind, target)

static void test_instructions(void **state) {
    (void)state;
    struct mt_instruction i;
    CHECK(1, PLAIN, 0, 0x90, 0x90);
    CHECK(5, CALL, BASE + 5 + 0x10, 0xe8, 0x10, 0, 0, 0);
    CHECK(6, CALL, BASE + 6 - 2, 0x67, 0xe8, 0xfe, 0xff, 0xff, 0xff);
    CHECK(6, CALL_AT, 0, 0xff, 0x15, 1, 2, 3, 4);
    CHECK(3, CALL_AT, 0, 0x41, 0xff, 0xd4);
    CHECK(3, JUMP_AT, 0, 0x3e, 0xff, 0xe0);
    CHECK(7, JUMP_AT, 0, 0xff, 0x24, 0xc5, 1, 2, 3, 4);
    CHECK(2, JUMP, BASE + 2 - 2, 0xeb, 0xfe);
    CHECK(6, BRANCH, BASE + 6 + 1, 0x0f, 0x84, 1, 0, 0, 0);
    CHECK(2, END, 0, 0xf3, 0xc3);
    CHECK(2, END, 0, 0x0f, 0x0b);
    CHECK(10, PLAIN, 0, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8);
    CHECK(5, PLAIN, 0, 0x66, 0xc7, 0x00, 1, 2);
    CHECK(4, PLAIN, 0, 0xf6, 0x45, 0xff, 1); /* test, which has a constant */
    CHECK(3, PLAIN, 0, 0xf6, 0x5d, 0xff);    /* neg, which has none */
    CHECK(6, PLAIN, 0, 0xc4, 0xe3, 0x7d, 0x19, 0xc1, 1);
    CHECK(7, PLAIN, 0, 0x62, 0xf1, 0x7c, 0x48, 0x28, 0x45, 1);
    assert_false(mt_instruction_decode((uint8_t[]){0x06}, 1, BASE, &i));
    assert_false(mt_instruction_decode((uint8_t[15]){0x66, 0x66, 0x66}, 3, BASE, &i));
    assert_true(mt_instruction_decode((uint8_t[]){0x48, 0x8d, 0x3d, 1, 0, 0, 0}, 7, BASE, &i));
    assert_true(i.sets_argument && i.memory == BASE + 7 + 1);
}

/* Noise: whatever the bytes, what is built holds together, and is freed. */
static void test_noise(void **state) {
    (void)state;
    uint64_t seed = 1;
    size_t n_built = 0;
    for (int round = 0; round < 20000; round++) {
        struct code c = {0};
        struct mt_flow flow;
        for (c.n = 0; c.n < 1 + (size_t)round % 40; c.n++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            c.bytes[c.n] = (uint8_t)(seed >> 56);
        }
        if (try_build(&flow, &c) != 0)
            continue;
        n_built++;
        for (size_t i = 0; i < flow.n_nodes; i++)
            assert_true(flow.nodes[i].start < flow.nodes[i].end);
        for (size_t i = 0; i < flow.n_edges; i++)
            assert_true(flow.edges[i].from < flow.n_nodes && flow.edges[i].to < flow.n_nodes);
        assert_int_equal(mt_flow_solve(&flow), 0);
        mt_flow_free(&flow);
    }
    assert_true(n_built > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_branch),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_tables_side_by_side),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
