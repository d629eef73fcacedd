/* SPDX-License-Identifier: MIT */
/*
 * One instruction at a time, by the processor's trap flag: SIGTRAP comes after each. And where the
 * recorder's code is, so that a handler knows whether it has interrupted that.
 */
#ifndef MT_TESTS_STEPPING_H
#define MT_TESTS_STEPPING_H

#include "target.h"

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

static uintptr_t text_begin, text_end; /* of the recorder; find_recorder sets them */

static inline __attribute__((always_inline)) void find_recorder(void) {
    char line[512], permissions[8], path[256];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        uintptr_t begin, end;
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &begin, &end, permissions, path) == 4 &&
            permissions[2] == 'x' && strstr(path, "libmemtrack.so")) {
            text_begin = begin;
            text_end = end;
        }
    }
    if (maps)
        fclose(maps);
}

/* What a handler of SIGTRAP has interrupted. */
static inline bool is_in_recorder(const ucontext_t *context) {
    uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    return pc >= text_begin && pc < text_end;
}

static inline void handle_traps(void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
}

/* From the next instruction on. */
static inline __attribute__((always_inline)) void trap_on(void) {
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" : : : "memory", "cc");
}

static inline __attribute__((always_inline)) void trap_off(void) {
    __asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" : : : "memory", "cc");
}

#endif
