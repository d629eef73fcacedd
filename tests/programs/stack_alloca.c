/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-stack-protector
/*
 * The same function at the same place of the stack, called by the same instruction, and yet not
 * from the same: in `grow` the stack pointer moves by as much as is asked for, so that what it
 * calls finds itself where it was before, while grow's own frame lies elsewhere. What lies where
 * that frame was is not overwritten. Only the frame pointer tells the two apart.
 *
 * And a function that aligns its frame to a page, by which it takes the same place wherever its
 * callers' frames end: only what it has noted of them tells these apart.
 */
#include "target.h"

enum { ROUNDS = 200, PAD = 2048, STEP = 16, MOST = 2 * PAD };

static uintptr_t place;
static enum { NOBODY, LEAF, GROW } who; /* allocates */

__attribute__((noinline)) static void leaf(void) {
    place = (uintptr_t)__builtin_frame_address(0);
    if (who == LEAF)
        free(need(malloc(48)));
}

__attribute__((noinline)) static void grow(size_t bytes) {
    char *room = __builtin_alloca(bytes);
    __asm__ volatile("" : : "r"(room) : "memory");
    if (who == GROW)
        free(need(malloc(32)));
    leaf();
    __asm__ volatile("" : : "r"(room) : "memory");
}

__attribute__((noinline)) static void directly(size_t bytes) {
    grow(bytes);
    __asm__ volatile("" ::: "memory");
}

/* Leaves what lies in its pad as it is. */
__attribute__((noinline)) static void by_way_of_a_pad(size_t bytes) {
    char pad[PAD];
    __asm__ volatile("" : : "r"(pad) : "memory");
    grow(bytes);
    __asm__ volatile("" : : "r"(pad) : "memory");
}

/* How much grow has to take for leaf to lie where it lies by the other way with nothing; MOST:
 * there is no such amount. */
static size_t find_amount(void) {
    size_t bytes = 0;
    by_way_of_a_pad(STEP);
    uintptr_t wanted = place;
    for (; bytes < MOST; bytes += STEP) {
        directly(bytes);
        if (place == wanted)
            break;
    }
    return bytes;
}

/* With room of unknown size besides, a register points to the caller's end, and is kept in the
 * frame. */
__attribute__((noinline)) static void realigned(size_t bytes) {
    _Alignas(4096) char room[4096];
    char *more = __builtin_alloca(bytes);
    __asm__ volatile("" : : "r"(room), "r"(more) : "memory");
    leaf();
    __asm__ volatile("" : : "r"(room), "r"(more) : "memory");
}

__attribute__((noinline)) static void shallow(size_t bytes) {
    __asm__ volatile("" : : "r"(bytes) : "memory");
    realigned(bytes);
    __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void deeper(size_t bytes) {
    char pad[64];
    __asm__ volatile("" : : "r"(pad), "r"(bytes) : "memory");
    realigned(bytes);
    __asm__ volatile("" : : "r"(pad) : "memory");
}

/* Both lie in one page, or will after a step of so many bytes. */
static int is_in_one_page(void) {
    shallow(STEP);
    uintptr_t one = place;
    deeper(STEP);
    return place == one;
}

static void realign(void) {
    static void (*volatile callers[])(size_t) = {shallow, deeper};
    who = NOBODY;
    char *step = is_in_one_page() ? NULL : __builtin_alloca(512);
    __asm__ volatile("" : : "r"(step) : "memory");
    who = is_in_one_page() ? LEAF : NOBODY;
    for (int i = 0; i < 2 * ROUNDS; i++)
        callers[i % 2](STEP);
}

static void (*volatile ways[])(size_t) = {directly, by_way_of_a_pad};

int main(void) {
    size_t bytes = find_amount();
    if (bytes == MOST) {
        puts("the frames cannot be brought to lie over each other");
        return TARGET_SKIP;
    }
    for (who = LEAF; who <= GROW; who++)
        for (int i = 0; i < 2 * ROUNDS; i++)
            ways[i % 2](i % 2 ? STEP : bytes); /* one instruction */
    realign();
    return 0;
}
