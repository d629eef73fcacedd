/* SPDX-License-Identifier: MIT */
/* A call tree on a terminal. */
#ifndef MT_CLI_TEXT_TREE_TABLE_H
#define MT_CLI_TEXT_TREE_TABLE_H

#include "text/table.h"
#include "view/tree/tree.h"

/* Prints the tree within its limits: figures on the left as in a report, a node a line. n of
 * options is not looked at: limits have it. */
void mt_tree_table_print(const struct mt_terminal *terminal, const struct mt_tree *tree,
                         const struct mt_tree_limits *limits,
                         const struct mt_table_options *options);

#endif
