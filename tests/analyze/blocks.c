/* SPDX-License-Identifier: MIT */
/*
 * blocks WHAT [ADDRESS]: prints the live blocks of WHAT, or the one that holds ADDRESS: address,
 * bytes, its two ages, thread and the functions of its call path, tabs between. With "self" as WHAT
 * it makes three blocks, and looks for them itself.
 */
#include <inttypes.h>
#include <memtrack/analyze.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(void) {
    fprintf(stderr, "%s\n", memtrack_analyze_error());
    return 3;
}

static void print(const memtrack_blocks *blocks, size_t i) {
    memtrack_live_block block;
    memtrack_stack *stack = NULL;
    memtrack_frame frame;
    if (memtrack_blocks_block(blocks, i, &block) < 0 ||
        memtrack_blocks_stack(blocks, i, &stack) < 0)
        exit(fail());
    printf("%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\t", block.address,
           block.bytes, block.age_from_ns, block.age_to_ns, block.thread, block.domain);
    for (size_t k = 0; k < memtrack_stack_count(stack); k++)
        if (memtrack_stack_frame(stack, k, &frame) == 0)
            printf("%s%s", k ? "," : "", frame.function);
    putchar('\n');
    memtrack_stack_free(stack);
}

__attribute__((noinline)) static void *keep(size_t bytes) {
    void *volatile block = malloc(bytes);
    return block;
}

/* Each of them, and an address in its middle, is found with its size; one that was freed is not. */
static int look_at_itself(void) {
    char pid[32];
    memtrack_blocks *blocks = NULL;
    memtrack_live_block found;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    for (size_t bytes = 1000; bytes <= 100000000; bytes *= 100) {
        char *block = keep(bytes);
        if (memtrack_blocks_find(pid, (uint64_t)(uintptr_t)block + bytes / 2, NULL, &blocks) < 0 ||
            memtrack_blocks_count(blocks) != 1 || memtrack_blocks_block(blocks, 0, &found) < 0 ||
            found.address != (uint64_t)(uintptr_t)block || found.bytes != bytes)
            return fail() + 1;
        print(blocks, 0);
        memtrack_blocks_free(blocks);
        uint64_t address = (uint64_t)(uintptr_t)block;
        free(block);
        if (memtrack_blocks_find(pid, address, NULL, &blocks) < 0 ||
            memtrack_blocks_count(blocks) != 0)
            return fail() + 2;
        memtrack_blocks_free(blocks);
    }
    return 0;
}

int main(int argc, char **argv) {
    memtrack_blocks *blocks = NULL;
    if (argc == 2 && strcmp(argv[1], "self") == 0)
        return look_at_itself();
    if (argc < 2)
        return 2;
    int status = argc > 2 ? memtrack_blocks_find(argv[1], strtoull(argv[2], NULL, 0), NULL, &blocks)
                          : memtrack_blocks_load(argv[1], NULL, &blocks);
    if (status < 0)
        return fail();
    for (size_t i = 0; i < memtrack_blocks_count(blocks); i++)
        print(blocks, i);
    memtrack_blocks_free(blocks);
    return 0;
}
