/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-omit-frame-pointer
/*
 * Hand-written frames with call frame information that compilers seldom or never write, but may:
 * the wider steps between instructions, states that are remembered, factored offsets, expressions.
 * Each calls `allocate` once, and says by its name what it is about. main has a frame pointer, so
 * rbp has to be found for the path to go on.
 */
#include "target.h"

#define FRAME(name, body)                                                                          \
    __asm__(".text\n"                                                                              \
            ".p2align 4\n"                                                                         \
            ".globl " #name "\n"                                                                   \
            ".type " #name ",@function\n" #name ":\n"                                              \
            "  .cfi_startproc\n" body "  .cfi_endproc\n"                                           \
            ".size " #name ",.-" #name "\n");                                                      \
    void name(void (*call)(void))
#define PUSH "  sub $24, %rsp\n  .cfi_adjust_cfa_offset 24\n"
#define POP  "  add $24, %rsp\n  .cfi_adjust_cfa_offset -24\n  ret\n"
#define LOSE "  mov $0x41414141, %ebp\n"

FRAME(near_step, PUSH "  call *%rdi\n" POP);
FRAME(step_of_a_byte, "  jmp 1f\n  .skip 100, 0x90\n1:\n" PUSH "  call *%rdi\n" POP);
FRAME(step_of_two_bytes, "  jmp 1f\n  .skip 1000, 0x90\n1:\n" PUSH "  call *%rdi\n" POP);
FRAME(step_of_four_bytes, "  jmp 1f\n  .skip 70000, 0x90\n1:\n" PUSH "  call *%rdi\n" POP);

FRAME(remembered, PUSH "  .cfi_remember_state\n"
                       "  jmp 1f\n" POP "1:\n"
                       "  .cfi_restore_state\n"
                       "  call *%rdi\n" POP);
FRAME(remembered_twice, PUSH "  .cfi_remember_state\n"
                             "  sub $32, %rsp\n  .cfi_adjust_cfa_offset 32\n"
                             "  .cfi_remember_state\n"
                             "  jmp 1f\n  add $32, %rsp\n  .cfi_adjust_cfa_offset -32\n1:\n"
                             "  .cfi_restore_state\n"
                             "  call *%rdi\n"
                             "  add $32, %rsp\n"
                             "  .cfi_restore_state\n"
                             "  call *%rbx\n" POP);

/* rsp + 32, as -4 times the data alignment of -8 */
FRAME(cfa_factored, "  sub $24, %rsp\n  .cfi_escape 0x12, 7, 0x7c\n  call *%rdi\n" POP);
FRAME(cfa_offset_factored, "  sub $24, %rsp\n  .cfi_escape 0x13, 0x7c\n  call *%rdi\n" POP);
FRAME(size_of_arguments, PUSH "  .cfi_escape 0x2e, 16\n  call *%rdi\n" POP);

/* rsp + 0 + 32; and the procedure linkage table's, right where it turns: rsp + 8 + ((rip & 15) >=
 * 11) * 8 */
FRAME(cfa_expression,
      "  sub $24, %rsp\n  .cfi_escape 0x0f, 5, 0x77, 0, 0x08, 32, 0x22\n  call *%rdi\n" POP);
FRAME(cfa_of_a_linkage_table,
      "  .cfi_escape 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22\n"
      "  sub $8, %rsp\n  nop\n  nop\n  nop\n  nop\n  nop\n  call *%rdi\n  add $8, %rsp\n  ret\n");

/* rbp at CFA - 16: by a plain offset, by one with a sign, by an expression; and given back before
 * the call */
#define SAVE "  push %rbp\n  .cfi_adjust_cfa_offset 8\n"
#define BACK "  pop %rbp\n  .cfi_adjust_cfa_offset -8\n  ret\n"
FRAME(rbp_by_offset, SAVE "  .cfi_offset %rbp, -16\n" LOSE "  call *%rdi\n" BACK);
FRAME(rbp_by_extended_offset, SAVE "  .cfi_escape 0x05, 6, 2\n" LOSE "  call *%rdi\n" BACK);
FRAME(rbp_by_signed_offset, SAVE "  .cfi_escape 0x11, 6, 2\n" LOSE "  call *%rdi\n" BACK);
FRAME(rbp_by_expression, SAVE "  .cfi_escape 0x10, 6, 2, 0x40, 0x1c\n" LOSE "  call *%rdi\n" BACK);
FRAME(rbp_restored,
      SAVE "  .cfi_offset %rbp, -16\n" LOSE "  pop %rbp\n  .cfi_adjust_cfa_offset -8\n"
           "  .cfi_restore %rbp\n  sub $8, %rsp\n  .cfi_adjust_cfa_offset 8\n  movq $1, (%rsp)\n"
           "  call *%rdi\n  add $8, %rsp\n  .cfi_adjust_cfa_offset -8\n  ret\n");
FRAME(rbp_the_same,
      SAVE "  .cfi_offset %rbp, -16\n  movq $1, (%rsp)\n  .cfi_same_value %rbp\n  call *%rdi\n"
           "  add $8, %rsp\n  .cfi_adjust_cfa_offset -8\n  ret\n");

/* What rbp was is computed and not loaded, which the recorder does not follow: the path is cut
 * here. */
FRAME(rbp_by_value, SAVE "  .cfi_escape 0x16, 6, 2, 0x40, 0x1c\n" LOSE "  call *%rdi\n" BACK);

/* The path ends here, and is whole. */
FRAME(outermost, PUSH "  .cfi_undefined %rip\n  call *%rdi\n" POP);

static void allocate(void) {
    keep(need(malloc(40)));
}

static void call_twice(void (*call)(void)) {
    __asm__ volatile("mov %0, %%rbx\n  mov %0, %%rdi\n  sub $128, %%rsp\n  call remembered_twice\n "
                     " add $128, %%rsp"
                     :
                     : "r"(call)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory",
                       "cc");
}

int main(void) {
    void (*const frames[])(void (*)(void)) = {
        near_step,
        step_of_a_byte,
        step_of_two_bytes,
        step_of_four_bytes,
        remembered,
        cfa_factored,
        cfa_offset_factored,
        size_of_arguments,
        cfa_expression,
        cfa_of_a_linkage_table,
        rbp_by_offset,
        rbp_by_extended_offset,
        rbp_by_signed_offset,
        rbp_by_expression,
        rbp_restored,
        rbp_the_same,
        rbp_by_value,
        outermost,
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        frames[i](allocate);
    call_twice(allocate);
    return 0;
}
