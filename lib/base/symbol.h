/* SPDX-License-Identifier: MIT */
/*
 * What an object that the loader has loaded defines, by name: read from its hash table, without
 * the loader, whose dlsym allocates. Any thread, any context, as long as the object stays.
 */
#ifndef MT_BASE_SYMBOL_H
#define MT_BASE_SYMBOL_H

#include "base/os.h"

#include <link.h>

/* Returns the symbol of that name which the object defines, or NULL when there is none. Hidden
 * versions are skipped. st_value is to be added to map->l_addr. */
MT_HIDDEN const ElfW(Sym) * mt_symbol_find(const struct link_map *map, const char *name);

#endif
