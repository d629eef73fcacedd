/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: the CFI reader on tables that say anything. The first byte says what the rest is: a
 * whole module from .eh_frame_hdr on, or the instructions of a CIE (as many bytes as the second
 * byte says) and of an FDE. Memory ends where the module does. Every rule is asked for, and taken
 * as a step on a small stack.
 *
 * The reader is part of what is loaded into other programs, which is not built with sanitizers:
 * here it is, from its source.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_cfi
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/os.c"
#include "cfi-fixture.h"
#include "unwind/cfi.c"
#include "unwind/cfi_step.c"
#include "unwind/stack.c"

enum { WORDS = 64, ASKED = 16 };

static void ask(const struct mt_cfi *cfi, uint64_t pc) {
    uint64_t words[WORDS];
    for (uint64_t i = 0; i < WORDS; i++)
        words[i] = (uint64_t)&words[(i * 7 + 3) % WORDS];
    for (uint64_t i = 0; i < ASKED; i++) {
        struct mt_stack_map map = {.now = {(uint64_t)words, (uint64_t)(words + WORDS)}};
        struct mt_frame_state frame = {(pc + i) | (i % 2 ? MT_PC_EXACT : 0), (uint64_t)&words[20],
                                       words[i]};
        uint64_t sp = frame.sp;
        mt_rule rule = mt_cfi_rule(cfi, frame.pc);
        if (mt_rule_kind_of(rule) == MT_RULE_SP &&
            (mt_rule_cfa_offset(rule) < 8 || mt_rule_bp_offset(rule) > 0))
            abort();
        if (mt_cfi_step(cfi, &frame, &map) && (frame.sp <= sp || frame.sp > map.now.high))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes) {
    if (bytes < 2 || bytes > 4096)
        return 0;
    size_t n = bytes - 2, n_cie = input[1] < n ? input[1] : n;
    uint8_t *memory = malloc(n + CFI_MOST_BYTES), *module;
    struct mt_cfi cfi;
    if (input[0] & 1) {
        cfi = (struct mt_cfi){memory, (uint64_t)memory, (uint64_t)memory + n};
        memcpy(memory, input + 2, n);
    } else {
        cfi = cfi_build(memory, input + 2, n_cie, input + 2 + n_cie, n - n_cie,
                        input[0] & 2 ? "zRS" : "zR");
    }
    size_t used = cfi.end - cfi.begin;
    module = malloc(used); /* exactly as large, so that a sanitizer sees every byte beyond */
    memcpy(module, memory, used);
    uint64_t moved = (uint64_t)module - (uint64_t)memory;
    struct mt_cfi exact = {module, cfi.begin + moved, cfi.end + moved};
    ask(&exact, exact.begin + CFI_FUNCTION_AT);
    free(module);
    free(memory);
    return 0;
}
