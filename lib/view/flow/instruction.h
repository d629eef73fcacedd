/* SPDX-License-Identifier: MIT */
/* Where one instruction of x86-64 ends and the next begins, and where each leads. Pure functions of
 * bytes, for any thread. */
#ifndef MT_VIEW_FLOW_INSTRUCTION_H
#define MT_VIEW_FLOW_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mt_instruction_kind {
    MT_INSTRUCTION_PLAIN,   /* leads to the next one */
    MT_INSTRUCTION_CALL,    /* calls target */
    MT_INSTRUCTION_CALL_AT, /* calls what a register or memory says */
    MT_INSTRUCTION_JUMP,    /* leads to target alone */
    MT_INSTRUCTION_BRANCH,  /* leads to target, or to the next one */
    MT_INSTRUCTION_JUMP_AT, /* leads to what a register or memory says */
    MT_INSTRUCTION_END,     /* returns, or traps */
};

struct mt_instruction {
    enum mt_instruction_kind kind;
    uint8_t bytes;   /* how many it has, 1 to 15 */
    uint64_t target; /* of a call, a jump or a branch */
    /* The address that an operand in memory has or begins from, relative to the instruction pointer
     * or absolute without a base register; 0: none. */
    uint64_t memory;
    /* Loads a constant or an address into the register of a call's first argument, or adds to it, and
     * does nothing else. */
    bool sets_argument;
};

/* Decodes the instruction at an address, of which n bytes are at hand. Returns false for what is
 * none in 64-bit code, or is not known, and when it does not end within them. */
bool mt_instruction_decode(const uint8_t *code, size_t n, uint64_t address,
                           struct mt_instruction *out);

#endif
