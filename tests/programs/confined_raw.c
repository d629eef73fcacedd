/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -rdynamic
// libs: -ldl
/* `confined_raw LIBRARY`: installs a filter by a system call instruction that is told its number:
 * in a function of its own (the executable segment is of 3 MiB), or, when it has an argument, in
 * that library (tests/support/raw_call.c). Then allocates 40000 blocks of 16 to 115 bytes through
 * 4096 call paths, from memory that the allocator has, and frees every second one. Allowed are
 * write and exit_group; all else kills. */
#include "confined.h"
#include <dlfcn.h>

#define raw_call           own_raw_call
#define allocate_elsewhere own_allocate
#include "../support/raw_call.c"
#undef raw_call
#undef allocate_elsewhere

typedef long raw_call_function(long, long, long, long);

__asm__(".section .text\n.skip 3 << 20, 0xcc\n.previous");

static struct sock_filter narrow[] = {
    LOAD_NUMBER,
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    KILL,
};

int main(int argc, char **argv) {
    raw_call_function *volatile call = own_raw_call;
    void *(*volatile allocate)(size_t) = own_allocate;
    take_memory_early();
    if (argc > 1) {
        void *library = dlopen(argv[1], RTLD_NOW);
        call = library ? (raw_call_function *)dlsym(library, "raw_call") : NULL;
        allocate = library ? (void *(*)(size_t))dlsym(library, "allocate_elsewhere") : NULL;
        if (!call || !allocate)
            die("%s", dlerror());
    }
    free(need(allocate(1)));
    struct sock_fprog program = {sizeof narrow / sizeof *narrow, narrow};
    if (call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0) != 0 ||
        call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program) != 0)
        return TARGET_SKIP;
    _exit(work());
}
