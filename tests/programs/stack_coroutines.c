/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-optimize-sibling-calls
/* Coroutines on stacks that are mapped, used, unmapped and mapped again at the same address, and
 * that allocate at different depths between the switches. Some stacks come from malloc. */
#include "target.h"
#include <sys/mman.h>
#include <ucontext.h>

enum { COROUTINES = 8, STACK = 64 * 1024 };

static ucontext_t main_context, context[COROUTINES];
static int running;
static unsigned long sum;

__attribute__((noinline)) static int climb(int depth) {
    void *block = need(malloc((size_t)(depth + 1) * 10));
    if (depth % 3 == 2)
        swapcontext(&context[running], &main_context);
    int result = depth > 0 ? climb(depth - 1) + 1 : 1;
    free(block);
    return result;
}

static void body(int depth) {
    sum += (unsigned long)climb(depth);
}

static void *new_stack(int i) {
    if (i % 4 == 3)
        return need(malloc(STACK));
    void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        die("mmap");
    return stack;
}

static void drop_stack(int i, void *stack) {
    if (i % 4 == 3)
        free(stack);
    else
        munmap(stack, STACK);
}

static void generation(int round) {
    void *stack[COROUTINES];
    int live = COROUTINES;
    for (int i = 0; i < COROUTINES; i++) {
        stack[i] = new_stack(i);
        getcontext(&context[i]);
        context[i].uc_stack.ss_sp = stack[i];
        context[i].uc_stack.ss_size = STACK;
        context[i].uc_link = &main_context;
        makecontext(&context[i], (void (*)(void))body, 1, (round + i) % 12);
    }
    for (int step = 0; live && step < 6; step++) { /* a body has at most 5 parts */
        for (running = 0; running < COROUTINES; running++) {
            int parts = (round + running) % 12 / 3 + ((round + running) % 12 % 3 == 2) + 1;
            if (step < parts)
                swapcontext(&main_context, &context[running]);
            free(need(malloc(5)));
        }
    }
    for (int i = 0; i < COROUTINES; i++)
        drop_stack(i, stack[i]);
}

int main(void) {
    for (int round = 0; round < 300; round++)
        generation(round);
    printf("%lu\n", sum);
    return 0;
}
