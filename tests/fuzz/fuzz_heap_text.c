/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: heap profiles in text. The first byte of the input chooses a beginning, so that
 * mutations get at once to where records, comments and mappings are read; what is accepted is
 * written as pprof and must come back.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_heap_text
 */
#include "fuzz-check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const beginnings[] = {
    "",
    "heap profile: 1: 2 [3: 4] @ heapprofile\n",
    "heap profile: 1: 2 [1: 2] @ heap_v2/4096\n1: 64 [1: 64] @ 0x10 0x20\n",
    "heap profile: 1: 2 [3: 4] @ heap/4096\n1: 2 [3: 4] @ 0x482f7c 0x4830a5 "
    "0x10\n#\t0x482f7b\tmain.f+0x3b\t/a.go:1\n",
    "heap profile: 1: 2 [1: 2]\n1: 2 [1: 2] @ 0x10\n",
    "heap profile: 1: 2 [1: 2] @ growthz\n",
    "heap_v2/4096\n  t*: 1: 7 [0: 0]\n@ 0x10 0x20\n  t*: 1: 7 [0: 0]\n",
    "--- symbol\nbinary=/a\n0x10 f--g\n---\n--- heap\nheap profile: 1: 2 [3: 4] @ heapprofile\n1: "
    "2 [3: 4] @ 0x10\n",
    "--- symbol\nbinary=/a\n0x10 f--",
    "heap_v2/1\n@ 0x10\n  t*: 1: 7 [9: 9]\n\nMAPPED_LIBRARIES:\n0-20 r-xp 00000000 08:01 1234 /a\n",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return read_text(beginnings, sizeof beginnings / sizeof *beginnings, data, size);
}
