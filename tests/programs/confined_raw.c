/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -rdynamic
// libs: -ldl
/* `confined_raw LIBRARY`: installs a filter by a system call instruction that is told its number:
 * in a function of its own (the executable segment is of 3 MiB), or, when it has an argument, in
 * that library (tests/support/raw_call.c). Then allocates 40000 blocks of 16 to 115 bytes through
 * 4096 call paths, from memory that the allocator has, and frees every second one. Allowed are
 * write and exit_group; all else kills. */
#include "target.h"
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define raw_call           own_raw_call
#define allocate_elsewhere own_allocate
#include "../support/raw_call.c"
#undef raw_call
#undef allocate_elsewhere

typedef long raw_call_function(long, long, long, long);

enum { BLOCKS = 40000, DEPTH = 12 };

__asm__(".section .text\n.skip 3 << 20, 0xcc\n.previous");

static struct sock_filter narrow[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

/* A call site for each bit. */
__attribute__((noinline)) static void *descend(unsigned path, int depth, size_t bytes) {
    void *block;
    if (depth == 0)
        block = malloc(bytes);
    else if (path & 1)
        block = descend(path >> 1, depth - 1, bytes);
    else
        block = keep(descend(path >> 1, depth - 1, bytes));
    return keep(block);
}

int main(int argc, char **argv) {
    static void *block[BLOCKS];
    raw_call_function *volatile call = own_raw_call;
    void *(*volatile allocate)(size_t) = own_allocate;
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 32 << 20);
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
    uint64_t state = 7;
    for (int i = 0; i < BLOCKS; i++) {
        unsigned path = next_random(&state) % (1u << DEPTH);
        block[i] = descend(path, DEPTH, 16 + next_random(&state) % 100);
    }
    for (int i = 0; i < BLOCKS; i += 2)
        free(block[i]);
    if (write(1, "ok\n", 3) != 3)
        return 1;
    _exit(0);
}
