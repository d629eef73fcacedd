/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Hand-written frames that lie to an unwinder: no call frame information, and rbp full of garbage:
 * zero, odd, not canonical, an unmapped page, the heap, the code, its own slot (a loop), the end of
 * the stack. `stack_asm [TIMES]`: 10,000 or so many allocations through each.
 */
#include "lying_frame.h"
#include "target.h"
#include <sys/mman.h>

/* As through(), but rbp points at a frame that names itself as its caller. */
__asm__(".text\n"
        ".globl in_a_loop\n"
        ".type in_a_loop,@function\n"
        "in_a_loop:\n"
        "  push %rbp\n"
        "  sub $16, %rsp\n"
        "  mov %rsp, (%rsp)\n"
        "  lea in_a_loop(%rip), %rax\n"
        "  mov %rax, 8(%rsp)\n"
        "  mov %rsp, %rbp\n"
        "  call *%rdi\n"
        "  xor %eax, %eax\n"
        "  add $16, %rsp\n"
        "  pop %rbp\n"
        "  ret\n"
        ".size in_a_loop,.-in_a_loop\n");
void in_a_loop(void (*call)(void));

static void allocate(void) {
    void *block = need(malloc(40));
    free(block);
}

static int times = 10000;

static void loop(void) {
    for (int i = 0; i < times; i++)
        in_a_loop(allocate);
}

int main(int argc, char **argv) {
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *heap = need(malloc(64));
    times = argc > 1 ? atoi(argv[1]) : times;
    if (page == MAP_FAILED)
        die("mmap");
    munmap(page + 4096, 4096);
    memset(heap, 0x41, 64);
    void *garbage[] = {
        NULL,
        (void *)1,
        (void *)0x4141414141414141,
        (void *)0x00007ffffffff000,
        (void *)0xffffffffffffffff,
        page + 4096,
        page,
        page + 4096 - 8,
        heap,
        (void *)(uintptr_t)main,
        (char *)&heap,
        (char *)&heap + 3,
        (void *)0x8000000000000000,
    };
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
        for (int k = 0; k < times; k++)
            through(garbage[i], allocate);
    loop();
    free(heap);
    puts("still here");
    return 0;
}
