/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Allocates before anybody expects it: in an IFUNC resolver, in .preinit_array, in constructors of
 * both ends of the order, and after main: in atexit handlers and destructors. 10 blocks each of
 * sizes 1000 to 1006. */
#include "target.h"

static void make(size_t bytes) {
    for (int i = 0; i < 10; i++)
        keep(need(malloc(bytes)));
}

static int answer(void) {
    return 42;
}

/* A resolver runs while the program is being relocated, before any constructor, libc's too. */
__attribute__((used)) static int (*resolve_question(void))(void) {
    make(1000);
    return answer;
}
int question(void) __attribute__((ifunc("resolve_question")));

static void before_everything(int argc, char **argv, char **environment) {
    (void)argc;
    (void)argv;
    (void)environment;
    make(1001);
}
__attribute__((section(".preinit_array"), used)) static void (*first)(int, char **,
                                                                      char **) = before_everything;

__attribute__((constructor(101))) static void early(void) {
    make(1002);
}
__attribute__((constructor)) static void late(void) {
    make(1003);
}
__attribute__((destructor(101))) static void after_all(void) {
    make(1006);
}
static void at_exit(void) {
    make(1005);
}

int main(void) {
    atexit(at_exit);
    make(1004);
    return question() - 42;
}
