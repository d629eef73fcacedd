/* SPDX-License-Identifier: MIT */
/*
 * The files in which a process names its generated code: /tmp/perf-PID.map, and jit-PID.dump
 * wherever the process has mapped it. PID is the number that the process itself has, in its own pid
 * namespace, and /tmp is its own as well.
 *
 * As with perf, a file counts only when it is of root, of who asks, or of the process's user, and
 * when nobody else may write to it: names in a report are believed.
 */
#ifndef MT_VIEW_JIT_FILES_H
#define MT_VIEW_JIT_FILES_H

#include <stdint.h>
#include <sys/types.h>

enum mt_jit_refusal {
    MT_JIT_TAKEN,    /* or not there */
    MT_JIT_FOREIGN,  /* of another user */
    MT_JIT_WRITABLE, /* by its group or by all */
    MT_JIT_NO_FILE,  /* a directory, a pipe, a symbolic link */
};

enum { MT_JIT_PATH_BYTES = 256 /* for people: a longer one is cut */ };

struct mt_jit_file {
    int fd; /* -1: none */
    enum mt_jit_refusal refusal;
    char path[MT_JIT_PATH_BYTES]; /* as the process calls it, of one that was taken or refused */
};

struct mt_jit_files {
    struct mt_jit_file map, dump;
};

void mt_jit_files_init(struct mt_jit_files *files);
void mt_jit_files_close(struct mt_jit_files *files);

/* Opens what a running process has by now, and was not open yet: what is open can be read when the
 * process has ended and its files are gone. */
void mt_jit_files_look(struct mt_jit_files *files, uint32_t process);

/* The same of a process that has ended, in the places where such files are left. pid: its own
 * number; directory: where it ran, "" when that is not known. */
void mt_jit_files_look_left(struct mt_jit_files *files, uint32_t pid, const char *directory);

#endif
