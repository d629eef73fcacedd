/* SPDX-License-Identifier: MIT */
/*
 * Names of code that was generated at run time: JavaScript, Java, .NET, Python. Its addresses lie
 * in no module, and its compiler tells what they are in files (files.h), which exist while the
 * process runs and are not part of a profile; so it is done once, when a ledger becomes a profile.
 */
#ifndef MT_VIEW_JIT_H
#define MT_VIEW_JIT_H

#include "profile/profile.h"
#include "view/jit/files.h"

/* Returns whether one of the locations [first, end) is in no mapping: then files are worth a look. */
bool mt_jit_is_needed(const struct mt_profile *profile, size_t first, size_t end);

/*
 * Gives each of the locations [first, end) that is in no mapping, and is in a file, a line, in the
 * mapping MT_PROFILE_JIT. Adds notes: of files that are not taken, of addresses that several
 * functions have had one after the other (the latest is named). Returns 0 or -MEMTRACK_ENOMEM.
 */
int mt_jit_resolve(struct mt_profile *profile, const struct mt_jit_files *files, size_t first,
                   size_t end);

#endif
