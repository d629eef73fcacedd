/* SPDX-License-Identifier: MIT */
/* blocks: what is known of one block, and of all of them. For docs/coming-from-python.md. */
#include <inttypes.h>
#include <memtrack.h>
#include <memtrack/analyze.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *volatile page;

static void keep(size_t bytes) {
    page = malloc(bytes);
}

static void show(const memtrack_blocks *blocks, size_t i) {
    memtrack_live_block block;
    memtrack_stack *stack = NULL;
    if (memtrack_blocks_block(blocks, i, &block) != 0 ||
        memtrack_blocks_stack(blocks, i, &stack) != 0)
        return;
    char *text =
        memtrack_stack_format(stack, 2, MEMTRACK_FORMAT_SOURCE | MEMTRACK_FORMAT_OUTERMOST_FIRST);
    printf("domain %s, %" PRIu64 " bytes, %zu of %zu frames\n%s", block.domain, block.bytes,
           memtrack_stack_count(stack), memtrack_stack_total(stack), text);
    memtrack_text_free(text);
    memtrack_stack_free(stack);
}

int main(void) {
    char self[32];
    memtrack_block block;
    memtrack_blocks *one = NULL, *all = NULL;
    keep(2000);
    if (memtrack_whois(page + 700, &block) == 0) /* an address anywhere in it */
        printf("whois: %" PRIu64 " bytes, %u frames\n", block.bytes, block.n_frames);

    snprintf(self, sizeof self, "%d", (int)getpid());
    if (memtrack_blocks_find(self, (uint64_t)(uintptr_t)page, NULL, &one) == 0)
        show(one, 0);
    if (memtrack_blocks_load(self, NULL, &all) == 0)
        printf("live blocks: %s\n", memtrack_blocks_count(all) > 0 ? "some" : "none");
    memtrack_blocks_free(one);
    memtrack_blocks_free(all);
    return 0;
}
