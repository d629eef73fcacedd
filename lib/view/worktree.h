/* SPDX-License-Identifier: MIT */
/* Files of the working tree, named from its root, as test reports and annotations name them. */
#ifndef MT_VIEW_WORKTREE_H
#define MT_VIEW_WORKTREE_H

/* Returns the root of the working tree that the process is in: the nearest directory upwards that a
 * version control system keeps, else the current directory. malloc'ed; NULL when there is none. */
char *mt_worktree_find(void);

/* Returns the file's name from the root, malloc'ed; NULL when it is not known to be a file of the
 * tree, or out of memory. root may be NULL. A file that is not on this machine, because it was
 * compiled elsewhere, is one of the tree if the end of its path leads to one there. */
char *mt_worktree_relative(const char *root, const char *file);

#endif
