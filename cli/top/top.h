/* SPDX-License-Identifier: MIT */
/* What the ways of showing `memtrack top` share: the screen, and tables on stdout. Private to
 * cli/top*.c. */
#ifndef MT_CLI_TOP_TOP_H
#define MT_CLI_TOP_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/terminal.h"
#include "top/model.h"
#include "top/target.h"

struct mt_top {
    const char *program; /* for messages */
    struct mt_top_options options;
    struct mt_top_target target;
    struct mt_top_model *model;
    unsigned n_programs; /* that the process has executed since */
    bool has_all;        /* of a process that has ended: everything has been read */
    bool exact_bytes, json;
    enum mt_terminal_color color;
    size_t n;                 /* rows of a table, 0: all */
    uint64_t delay_ns, count; /* between tables, and how many; 0: for ever */
};

/*
 * Look at the process, follow it into the program that it has executed, read. Records for about
 * budget_ns (0: all). The last reading of a process that has ended is complete, and nothing is read
 * after it. 0 or -MEMTRACK_E….
 */
int mt_top_look(struct mt_top *top, uint64_t now_ns, uint64_t budget_ns, struct mt_error *error);

/* "/usr/bin/redis-server *:6399", as typed; without the folder when is_brief. malloc'ed, not
 * escaped. NULL: out of memory. */
char *mt_top_look_program(const struct mt_top *top, bool is_brief);

/* What makes the figures less than the whole truth, "" if nothing: "sampled", "not from the start",
 * "12 unknown frees". malloc'ed, separated by separator. NULL: out of memory. */
char *mt_top_look_coverage(const struct mt_top *top, const char *separator);

/* The two ways. Exit statuses (command/command.h). */
int mt_top_screen(struct mt_top *top);
int mt_top_tables(struct mt_top *top);

/* One object per table, on a line of its own. 0 or -MEMTRACK_E…. */
int mt_top_json(const struct mt_top *top, uint64_t now_ns, FILE *stream, struct mt_error *error);

/* ---- snapshots written by the screen --------------------------------------------------------- */

/* A process of its own writes the profile, so that the screen goes on. Returns a descriptor on
 * which the result can be read when it is done (the writer's pid in *pid), -1 when it could not be
 * started. */
int mt_top_snapshot_begin(const struct mt_top *top, int *pid);
bool mt_top_snapshot_is_ready(int fd); /* something can be read, or its writer is gone */
/* Waits for the result: what was written, or why not, malloc'ed; NULL: out of memory. */
char *mt_top_snapshot_end(int fd, int pid);

#endif
