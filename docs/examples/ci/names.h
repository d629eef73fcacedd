/* SPDX-License-Identifier: MIT */
/* A table of names, the example of docs/ci.md. */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>

struct names;
struct names *names_new(void);
/* The number of the name, the same each time. */
size_t names_add(struct names *names, const char *name);
void names_free(struct names *names);

#endif
