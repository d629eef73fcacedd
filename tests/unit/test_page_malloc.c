/* SPDX-License-Identifier: MIT */
/* The memory of the page's core, with a range of this process in the place of WebAssembly's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BYTES = 65536, MOST_PAGES = 64 };
char page_range[MOST_PAGES * PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static size_t n_pages = 1;

/* What the machine does for the core: the range grows, up to its end. */
static size_t page_grow(size_t more) {
    size_t had = n_pages;
    if (more > MOST_PAGES - n_pages)
        return SIZE_MAX;
    n_pages += more;
    return had;
}

#define __heap_base                      page_range
#define __builtin_wasm_memory_grow(i, n) page_grow(n)
#define __builtin_wasm_memory_size(i)    ((uintptr_t)page_range / PAGE_BYTES + n_pages)
#define malloc                           page_malloc
#define calloc                           page_calloc
#define realloc                          page_realloc
#define free                             page_free
#define aligned_alloc                    page_aligned_alloc
#include "page/core/wasm/malloc.c"
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef aligned_alloc

/* Every chunk knows the one before it, no two free ones are neighbours, and all are in the range. */
static void assert_whole(void) {
    size_t before = 0;
    bool was_free = false;
    struct chunk *chunk = (struct chunk *)(page_range + HEADER);
    while (chunk != end) {
        bool is_free = chunk->bytes & FREE;
        assert_int_equal(chunk->before, before);
        assert_false(was_free && is_free);
        before = chunk->bytes & ~(size_t)FREE;
        assert_in_range(before, UNIT, (uintptr_t)end - (uintptr_t)chunk);
        chunk = at(chunk, before);
        was_free = is_free;
    }
    assert_int_equal(end->before, before);
    assert_int_equal(end->bytes, 0);
}

struct block {
    unsigned char *memory, is;
    size_t bytes;
};

static void assert_holds(const struct block *block, size_t bytes) {
    assert_int_equal((uintptr_t)block->memory % UNIT, 0);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(block->memory[i], block->is);
}

static uint32_t next_number(void) {
    static uint32_t number = 1;
    number = number * 1664525 + 1013904223;
    return number >> 8;
}

static size_t some_bytes(void) {
    return next_number() % (1u << next_number() % 15);
}

/* What is there stays, or goes, or becomes larger or smaller, or something else comes. */
static void change(struct block *block, unsigned char is) {
    size_t bytes = some_bytes(), kept = block->bytes < bytes ? block->bytes : bytes;
    if (block->memory)
        assert_holds(block, block->bytes);
    switch (next_number() % 5) {
    case 0:
        page_free(block->memory);
        *block = (struct block){0};
        return;
    case 1:
        page_free(block->memory);
        block->memory = page_calloc(bytes, 1);
        block->is = 0;
        assert_holds(block, bytes);
        break;
    case 2:
        page_free(block->memory);
        block->memory = page_aligned_alloc(4096, bytes);
        assert_int_equal((uintptr_t)block->memory % 4096, 0);
        break;
    default:
        block->memory = page_realloc(block->memory, bytes);
        assert_holds(block, kept);
    }
    assert_non_null(block->memory);
    block->is = is;
    block->bytes = bytes;
    memset(block->memory, is, bytes);
}

static void holds_what_is_put_in(void **state) {
    static struct block blocks[100];
    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        change(&blocks[next_number() % 100], (unsigned char)next_number());
        if (i % 100 == 0)
            assert_whole();
    }
    for (size_t i = 0; i < 100; i++)
        page_free(blocks[i].memory);
    assert_whole();
    /* all that was there is one chunk again */
    assert_int_equal(((struct chunk *)(page_range + HEADER))->bytes - FREE, end->before);
}

/* What becomes free serves what comes: a hundred times the range goes through it. */
static void takes_what_was_freed(void **state) {
    (void)state;
    for (size_t i = 0; i < 300; i++) {
        void *large = page_malloc(MOST_PAGES * PAGE_BYTES / 3);
        void *small = page_malloc(100);
        assert_non_null(large);
        assert_non_null(small);
        page_free(large);
        page_free(small);
    }
    assert_whole();
}

static void says_that_there_is_no_more(void **state) {
    (void)state;
    assert_null(page_malloc(MOST_PAGES * PAGE_BYTES));
    assert_null(page_malloc(SIZE_MAX));
    assert_null(page_calloc(SIZE_MAX / 2, 4));
    assert_null(page_aligned_alloc(4096, SIZE_MAX - 8));
    char *memory = page_malloc(3);
    memcpy(memory, "ab", 3);
    assert_null(page_realloc(memory, SIZE_MAX - 8));
    assert_null(page_realloc(memory, MOST_PAGES * PAGE_BYTES));
    assert_string_equal(memory, "ab");
    page_free(memory);
    page_free(NULL);
    assert_whole();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_is_put_in),
        cmocka_unit_test(takes_what_was_freed),
        cmocka_unit_test(says_that_there_is_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
