/* SPDX-License-Identifier: MIT */
/*
 * Looks at a program before it is run: whether it can be executed, and whether its allocations can
 * be seen at all. What is out of reach is refused here, with the reason, instead of being reported
 * as a program without allocations.
 */
#ifndef MT_LAUNCH_TARGET_H
#define MT_LAUNCH_TARGET_H

#include <stdbool.h>

#include "base/error.h"

enum { MT_EXIT_FAILED = 125, MT_EXIT_CANNOT_EXECUTE = 126, MT_EXIT_NOT_FOUND = 127 };

struct mt_target {
    char *path;         /* what execve is to be given; malloc'ed */
    char *loaded;       /* the ELF file that the kernel loads: path, or the interpreter of a script;
                           malloc'ed */
    bool is_loader;     /* loaded is ld.so itself */
    bool is_script;     /* path is a script */
    bool is_unreadable; /* may be executed but not read: nothing is known about it */
    bool brings_malloc; /* the executable exports a malloc of its own, which wins over a preloaded
                           one */
    bool wraps_malloc;  /* its malloc looks for another one below it, so that some calls may be
                           seen */
};

/*
 * Finds program as execvp does, and looks at it. Returns 0 when it can be tracked, else the exit
 * status that memtrack run ends with (125: it runs but cannot be tracked, 126, 127), and error says
 * why. The caller frees the target with mt_target_free either way.
 */
int mt_target_inspect(const char *program, struct mt_target *target, struct mt_error *error);
/* The same for a program that is run as it is: only finds it. Returns 0, 126 or 127. */
int mt_target_find(const char *program, struct mt_target *target, struct mt_error *error);
/* Returns 0 when the file is a shared library for this machine that defines malloc; else
 * -MEMTRACK_EUSAGE. */
int mt_target_check_allocator(const char *path, struct mt_error *error);
/* Tells whether execvp would find it. */
bool mt_target_exists(const char *program);

void mt_target_free(struct mt_target *target);

#endif
