/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Handlers on an alternate stack of the smallest size that allocate: raised at known places, in
 * leaf and non-leaf functions, nested two deep. */
#include "target.h"
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int depth;

static void inner(int signal) {
    (void)signal;
    free(need(malloc(21)));
}

static void outer(int signal) {
    (void)signal;
    void *block = need(malloc(22));
    if (depth++ % 2)
        raise(SIGUSR2);
    free(block);
}

__attribute__((noinline)) static void leaf(void) {
    __asm__ volatile("ud2");
}

static void skip_ud2(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    free(need(malloc(23)));
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

int main(void) {
    size_t bytes = (size_t)sysconf(_SC_SIGSTKSZ);
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = bytes};
    if (memory == MAP_FAILED || sigaltstack(&stack, NULL))
        die("sigaltstack");
    struct sigaction action = {.sa_handler = outer, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = inner;
    sigaction(SIGUSR2, &action, NULL);
    action.sa_sigaction = skip_ud2;
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    sigaction(SIGILL, &action, NULL);
    for (int i = 0; i < 1000; i++) {
        raise(SIGUSR1);
        leaf();
        free(need(malloc(24)));
    }
    printf("%d\n", depth);
    return 0;
}
