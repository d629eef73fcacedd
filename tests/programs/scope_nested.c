/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Regions within regions, at random: blocks are freed in other regions than those that allocated
 * them, some are resized; and a recursion whose every level is a region of the same name. */
#include "scope_oracle.h"

enum { BLOCKS = 64, DEPTH = 12, ROUNDS = 400, RECURSION = 300 };

static const char *const names[] = {"parse", "load", "index", "query", "render"};
static void *blocks[BLOCKS];
static uint64_t seed = 42;

static void allocate(void) {
    void **block = &blocks[pick(&seed, BLOCKS)];
    unsigned bytes = 1u << pick(&seed, 20);
    bytes = bytes + pick(&seed, bytes);
    if (*block && pick(&seed, 4) == 0) {
        *block = resize(*block, bytes);
        return;
    }
    give(*block);
    *block = pick(&seed, 3) ? take(bytes) : NULL;
}

static void work(unsigned depth) {
    struct region region;
    begin(&region, names[pick(&seed, 5)]);
    for (unsigned i = pick(&seed, 6); i > 0; i--) {
        allocate();
        if (depth < DEPTH && pick(&seed, 3) == 0)
            work(depth + 1);
    }
    end(&region);
}

static void recurse(unsigned depth) {
    struct region region;
    begin(&region, "recurse");
    void *block = take(depth * 16);
    if (depth < RECURSION)
        recurse(depth + 1);
    give(block);
    end(&region);
}

int main(void) {
    for (int i = 0; i < ROUNDS; i++)
        work(0);
    recurse(1);
    for (int i = 0; i < BLOCKS; i++)
        give(blocks[i]);
    return finish();
}
