/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a command: it stops where it takes a lock on a ledger to read it, once the file of
 * GATE is there, until somebody reads from that, which is a FIFO; GATE_REACHED is made
 * before. So a test has a snapshot that
 * is being made for as long as it wants.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

int flock(int fd, int operation) {
    const char *gate = getenv("GATE"), *reached = getenv("GATE_REACHED");
    if (gate && reached && (operation & LOCK_EX) && access(gate, F_OK) == 0) {
        close(open(reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        close(open(gate, O_WRONLY | O_CLOEXEC)); /* returns when there is a reader */
    }
    return (int)syscall(SYS_flock, fd, operation);
}
