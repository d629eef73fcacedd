/* SPDX-License-Identifier: MIT */
/* The processes that `memtrack top --tree` looks at: a process and all that descend from it, as they
 * come and go. */
#ifndef MT_CLI_TOP_TREE_H
#define MT_CLI_TOP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "top/model.h"
#include "top/target.h"

struct mt_top_member {
    struct mt_top_target target;
    struct mt_top_source *source; /* NULL: it has left the model, and may come back */
};

struct mt_top_unrecorded {
    uint32_t pid;
    char name[16];
};

struct mt_top_tree {
    pid_t root;
    struct mt_top_member *members; /* those that are followed */
    size_t n;
    struct mt_top_unrecorded *unrecorded; /* now */
    size_t n_unrecorded;
    size_t n_running;   /* members that run what is followed */
    size_t n_left;      /* programs that ended while others went on, and were members */
    int64_t left_bytes; /* live at their ends */
    uint64_t find_ns;   /* when to look again for processes that have come */
};

/* Finds the processes, and adds their ledgers to the model, which is of a tree. Returns 0, or
 * -MEMTRACK_ENOTFOUND when there is no such process or none of them is recorded, or ENOMEM. */
int mt_top_tree_open(struct mt_top_tree *tree, pid_t root, struct mt_top_model *model,
                     struct mt_error *error);
void mt_top_tree_close(struct mt_top_tree *tree); /* the model is freed by itself */

/* Takes in who has come, and lets go who has ended, unless nobody goes on: then the last picture is
 * that of all. *rss_bytes is RSS of all. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_top_tree_look(struct mt_top_tree *tree, struct mt_top_model *model, uint64_t now_ns,
                     uint64_t *rss_bytes, struct mt_error *error);

/* Looks at what each does, without touching the model: returns RSS of all in bytes. */
uint64_t mt_top_tree_look_states(struct mt_top_tree *tree, uint64_t now_ns);

/* Says in one state what they do: ended when all have, stopped when all that run are. */
enum mt_top_state mt_top_tree_state(const struct mt_top_tree *tree);

#endif
