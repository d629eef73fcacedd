/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * A program with an allocator of its own, get_block, which two functions call. With an argument it
 * says where the block of make_words is, and waits for a signal.
 */
#include <stdio.h>
#include <unistd.h>

#include "target.h"

__attribute__((noinline)) static void *get_block(size_t bytes) {
    void *block = need(malloc(bytes));
    return keep(block);
}

__attribute__((noinline)) static void *make_words(void) {
    void *words = get_block(30000);
    return keep(words);
}

__attribute__((noinline)) static void *make_lines(void) {
    void *lines = get_block(20000);
    return keep(lines);
}

int main(int argc, char **argv) {
    (void)argv;
    void *words = make_words();
    make_lines();
    if (argc > 1) {
        printf("%p\n", words);
        fflush(stdout);
        pause();
    }
    return 0;
}
