/* SPDX-License-Identifier: MIT */
/*
 * A program with many names (busybox, gcc, a shell) is known by the one that it was called by, and
 * not by the file that was executed. A login shell has a dash before its name, and a dynamic linker
 * that was started as a command is not what was meant.
 */
#include "profile/called.h"

#include <stdbool.h>
#include <string.h>

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Started as a command: what it runs is the program. */
static bool is_dynamic_linker(const char *name) {
    return strncmp(name, "ld-linux", 8) == 0 || strcmp(name, "ld.so") == 0;
}

const char *mt_called_name(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    const char *name = info->n_command ? base_name(mt_profile_text(profile, info->command[0])) : "";
    if (*name == '-') /* of a login shell */
        name++;
    if (is_dynamic_linker(name))
        name = "";
    return *name ? name : base_name(mt_profile_text(profile, info->exe));
}
