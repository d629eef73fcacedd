/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: folded stacks, DHAT's and massif's files, and pages with a profile in them. The first
 * byte of the input chooses a beginning, so that mutations get at once to where a format is read;
 * what is accepted is written as pprof and must come back.
 *
 *   cmake --preset fuzz && cmake --build --preset fuzz --target fuzz_others
 */
#include "fuzz-check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SNAPSHOT "#-\nsnapshot=0\n#-\ntime=5\nmem_heap_B=70\nmem_heap_extra_B=2\nmem_stacks_B=0\n"

static const char *const beginnings[] = {
    "",
    "main;f (a.c:5) 12\n",
    "{\"dhatFileVersion\":2,\"mode\":\"heap\",\"tu\":\"instrs\",\"te\":200,\"tg\":150,\"pps\":[",
    "{\"dhatFileVersion\":2,\"ftbl\":[\"[root]\",\"0x10: f (a.c:3)\"],\"pps\":[{\"tb\":1,\"fs\":[1",
    "{\"dhatFileVersion\":2,\"x\":",
    "desc: (none)\ncmd: ./a\ntime_unit: ms\n" SNAPSHOT,
    "desc: (none)\ncmd: ./a\ntime_unit: i\n" SNAPSHOT "heap_tree=peak\nn2: 70 (heap)\n",
    "desc: (none)\ncmd: ./a\ntime_unit: B\n" SNAPSHOT
    "heap_tree=detailed\nn2: 70 (heap)\n n1: 50 0x10: f (a.c:3)\n  n0: 40 0x20: main (a.c:9)\n",
    "<html><script id=\"memtrack-profile\" type=\"text/plain\">",
    "<html><script id=\"memtrack-profile\">bWFpbjtmIDEyCg==</script><script "
    "id=\"memtrack-profile",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return read_text(beginnings, sizeof beginnings / sizeof *beginnings, data, size);
}
