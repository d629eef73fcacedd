/* SPDX-License-Identifier: MIT */
/* A frame without unwind tables, in which rbp is whatever its caller likes. */
#ifndef MT_TESTS_LYING_FRAME_H
#define MT_TESTS_LYING_FRAME_H

__asm__(".text\n"
        ".globl through\n"
        ".type through,@function\n"
        "through:\n"
        "  push %rbp\n"
        "  push %rbx\n"
        "  sub $24, %rsp\n"
        "  mov %rdi, %rbp\n"
        "  call *%rsi\n"
        "  xor %eax, %eax\n" /* so that more than an epilogue follows the call */
        "  add $24, %rsp\n"
        "  pop %rbx\n"
        "  pop %rbp\n"
        "  ret\n"
        ".size through,.-through\n");
void through(void *rbp, void (*call)(void));

#endif
