/* SPDX-License-Identifier: MIT */
/*
 * The incremental walk against the plain one, on this program's own frames: a random walk up and
 * down a tree of functions, of which some have frame pointers and some large frames, on the
 * thread's stack and on that of a coroutine. Paths are named by a table that the test keeps; the
 * kept stack is checked after each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "unwind/walk.h"

enum {
    MOST_FRAMES = 400,
    MOST_NODES = 1 << 16,
    STEPS = 20000,
    ROOT = 1,
    CUT = 2,
    STACK_BYTES = 1 << 18
};

static struct node {
    uint32_t parent;
    uint64_t pc;
} node[MOST_NODES];
static uint32_t n_nodes = 3;
static struct mt_walk_frame frames[MOST_FRAMES + 1];
static struct mt_fresh_frame fresh[MOST_FRAMES];
static struct mt_stack stack = {.frame = frames + 1, .fresh = fresh, .max_frames = MOST_FRAMES};
static uint64_t random_state = 7;
static size_t n_walks, n_frames, n_steps;

static uint32_t find_module(uint64_t address, struct mt_cfi *cfi) {
    struct dl_find_object o;
    if (_dl_find_object((void *)address, &o) != 0)
        return 0;
    *cfi = (struct mt_cfi){o.dlfo_eh_frame, (uint64_t)o.dlfo_map_start, (uint64_t)o.dlfo_map_end};
    return 1 | MT_MODULE_STAYS;
}

static uint32_t child(void *unused, uint32_t parent, uint64_t pc, mt_rule rule) {
    (void)unused;
    (void)rule;
    for (uint32_t i = 3; i < n_nodes; i++)
        if (node[i].parent == parent && node[i].pc == pc)
            return i;
    assert_true(n_nodes < MOST_NODES);
    node[n_nodes] = (struct node){parent, pc};
    return n_nodes++;
}

static uint64_t next_random(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 33;
}

__attribute__((noinline)) static void look(void) {
    static uint64_t plain[MOST_FRAMES];
    const uint64_t *frame = __builtin_frame_address(0);
    struct mt_frame_state state = {(uint64_t)__builtin_return_address(0), (uint64_t)(frame + 2),
                                   frame[0]};
    uint32_t path = mt_walk(&stack, state, child, NULL, ROOT, CUT);
    assert_true(mt_walk_check(&stack));
    assert_int_equal(stack.n_frames == 0 ? 0 : stack.frame[stack.n_frames - 1].node, path);
    uint32_t n = mt_walk_plain(&stack, state, plain, MOST_FRAMES), i = 0;
    for (; path > CUT; path = node[path].parent)
        assert_int_equal(node[path].pc, plain[i++]);
    assert_int_equal(path, ROOT);
    assert_int_equal(i, n);
    n_walks++;
    n_frames += n;
}

__attribute__((noinline)) static void go(int depth);

__attribute__((noinline)) static void wide(int depth) {
    volatile char pad[3000];
    pad[0] = 1;
    go(depth - 1);
    pad[1] = pad[0];
}

__attribute__((noinline)) static void of_any_size(int depth) { /* rbp is its frame's */
    volatile char *pad = __builtin_alloca(16 + next_random() % 200);
    pad[0] = 1;
    go(depth - 1);
    pad[1] = pad[0];
}

__attribute__((noinline)) static void realigned(int depth) {
    volatile char pad[64] __attribute__((aligned(64)));
    pad[0] = 1;
    go(depth - 1);
    pad[1] = pad[0];
}

static void go(int depth) {
    static void (*const way[])(int) = {wide, of_any_size, realigned, go};
    while (depth > 0 && n_steps < STEPS && next_random() % 5 != 0) {
        n_steps++;
        if (next_random() % 3 == 0)
            look();
        way[next_random() % 4](depth - 1);
        look();
    }
}

static void from(void (*begin)(void)) {
    for (n_steps = n_walks = n_frames = 0; n_steps < STEPS; n_steps++)
        begin();
    assert_true(n_walks > STEPS / 2 && n_frames > 4 * n_walks);
}

static void begin(void) {
    go(40);
}

static void on_the_own_stack(void **state) {
    (void)state;
    from(begin);
    assert_true(mt_stack_contains(&stack.map, (uint64_t)__builtin_frame_address(0)));
}

/* A thread that is told to forget has no rule left for the address where stacks end. */
static void nothing_lies_at_address_0(void **state) {
    (void)state;
    uint64_t pc = (uint64_t)go;
    while ((++pc * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - MT_EDGES_BITS) != 0 ||
           mt_rules_find(pc) == MT_RULE_NONE)
        ;
    assert_true(mt_walk_rule(&stack, pc) != MT_RULE_NONE);
    mt_walk_reset(&stack);
    assert_int_equal(mt_walk_rule(&stack, 0), MT_RULE_NONE);
}

/* Coroutine libraries put the address of a function where the first frame's return address would
 * be. */
static void built_stacks_end(void **state) {
    (void)state;
    assert_int_equal(mt_rule_kind_of(mt_rules_compute((uint64_t)dlsym(RTLD_DEFAULT, "abort"))),
                     MT_RULE_END);
    assert_int_equal(mt_rule_kind_of(mt_rules_compute((uint64_t)dlsym(RTLD_DEFAULT, "exit"))),
                     MT_RULE_END);
    assert_int_equal(mt_rule_kind_of(mt_rules_compute((uint64_t)__builtin_return_address(0))),
                     MT_RULE_SP);
}

static ucontext_t home, context;

static void body(void) {
    go(40);
    swapcontext(&context, &home);
}

/* Each has a stack of its own, which is gone before the next. */
static void begin_coroutine(void) {
    char *at = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    getcontext(&context);
    context.uc_stack.ss_sp = at;
    context.uc_stack.ss_size = STACK_BYTES;
    context.uc_link = NULL;
    makecontext(&context, body, 0);
    swapcontext(&home, &context);
    munmap(at, STACK_BYTES);
}

static void on_coroutines(void **state) {
    (void)state;
    from(begin_coroutine);
    assert_false(mt_stack_contains(&stack.map, (uint64_t)__builtin_frame_address(0)));
}

static int setup(void **state) {
    (void)state;
    mt_rules_init(find_module);
    frames[0].slot = UINT64_MAX;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_own_stack), cmocka_unit_test(on_coroutines),
        cmocka_unit_test(nothing_lies_at_address_0), cmocka_unit_test(built_stacks_end),
        cmocka_unit_test(on_the_own_stack)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
