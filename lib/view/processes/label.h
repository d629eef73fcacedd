/* SPDX-License-Identifier: MIT */
/* What a process is called among the others of its run. */
#ifndef MT_VIEW_PROCESSES_LABEL_H
#define MT_VIEW_PROCESSES_LABEL_H

#include <stddef.h>

#include "view/processes/processes.h"

/* Returns a text for each entry, malloc'ed as is the array: its program, and of the words of its
 * command those that others of the same program do not have, "cc1 … part1.c". A program that ran
 * once has all of its words. ellipsis stands where words were left out; "": nothing does. NULL when out of memory. */
char **mt_processes_label(const struct mt_processes *processes, const char *ellipsis);
void mt_processes_label_free(char **labels, size_t n);

#endif
