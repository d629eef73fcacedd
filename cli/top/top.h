/* SPDX-License-Identifier: MIT */
/* What the ways of showing `memtrack top` share: the screen, and tables on stdout. Private to
 * cli/top.c and the folder cli/top. */
#ifndef MT_CLI_TOP_TOP_H
#define MT_CLI_TOP_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "text/terminal.h"
#include "top/model.h"
#include "top/target.h"
#include "top/tree.h"

struct mt_top {
    const char *program; /* for messages */
    struct mt_top_options options;
    struct mt_top_target target; /* of a tree pid and state alone: those of the whole */
    struct mt_top_tree tree;
    bool is_tree;
    struct mt_top_model *model;
    unsigned n_programs; /* how many programs the process has executed since */
    bool has_all;        /* of a process that has ended: everything has been read */
    bool exact_bytes, json;
    enum mt_terminal_color color;
    size_t n;                 /* rows of a table, 0: all */
    uint64_t delay_ns, count; /* between tables, and how many; 0: for ever */
};

/*
 * Looks at the process, follows it into the program that it has executed, and reads its records,
 * for about budget_ns of processor time (0: all). The last reading of a process that has ended is
 * complete, and nothing is read after it. Returns 0 or -MEMTRACK_E….
 */
int mt_top_look(struct mt_top *top, uint64_t now_ns, uint64_t budget_ns, struct mt_error *error);

/* Looks at the state alone: whether to go on waiting. */
void mt_top_look_state(struct mt_top *top, uint64_t now_ns);

/* Returns the command as it was typed, "/usr/bin/redis-server *:6399", without the folder when
 * is_brief. It is malloc'ed and not escaped. NULL: out of memory. */
char *mt_top_look_program(const struct mt_top *top, bool is_brief);

/* Writes "pid 4711", of a tree "pid 4711 and 3 more": those that are running. */
void mt_top_look_who(const struct mt_top *top, char *text, size_t bytes);

/* Returns what makes the figures less than the whole truth, "" if nothing does: "sampled", "not
 * from the start", "12 unknown frees", "1 not recorded: cat (12)", with separator between them, malloc'ed. NULL: out of
 * memory. */
char *mt_top_look_coverage(const struct mt_top *top, const char *separator);

/* Show it in one of the two ways. Return exit statuses (command/command.h). */
int mt_top_screen(struct mt_top *top);
int mt_top_tables(struct mt_top *top);

/* Writes one object per table, on a line of its own. Returns 0 or -MEMTRACK_E…. */
int mt_top_json(const struct mt_top *top, uint64_t now_ns, FILE *stream, struct mt_error *error);

/* ---- snapshots written by the screen --------------------------------------------------------- */

/* Starts a process of its own that writes the profile, so that the screen goes on. Returns a
 * descriptor on which the result can be read when it is done (the writer's pid in *pid), -1 when
 * the process could not be started. */
int mt_top_snapshot_begin(const struct mt_top *top, int *pid);
bool mt_top_snapshot_is_ready(int fd); /* something can be read, or its writer is gone */
/* Waits for the result and returns what was written, or why nothing was, malloc'ed. NULL: out of
 * memory. */
char *mt_top_snapshot_end(int fd, int pid);

#endif
