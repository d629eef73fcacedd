/* SPDX-License-Identifier: MIT */
/*
 * jitdump, the file in which a compiler tells perf about its code
 * (tools/perf/Documentation/jitdump-specification.txt of Linux). Private to lib/view/jit.
 *
 *   header │ record │ record │ …     a record: id, its bytes, when │ what depends on the id
 *
 *   load        code at an address, its name, an index; the machine code itself
 *   move        the code of an index is somewhere else now
 *   debug info  file and line of addresses in the code of the load that follows
 */
#ifndef MT_VIEW_JIT_DUMP_H
#define MT_VIEW_JIT_DUMP_H

#include "view/jit/owners.h"

/* Reads the file to where it ends now. Its records are in the order of time, so a later one is
 * believed. fd stays the caller's. Returns false when this is no such file of this machine. */
bool mt_jit_dump_read(int fd, struct mt_owners *owners);

#endif
