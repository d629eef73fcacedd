/* SPDX-License-Identifier: MIT */
/*
 * A program with many names (busybox, gcc, a shell) is known by the one that it was called by, and
 * not by the file that was executed. A login shell has a dash before its name, and a dynamic linker
 * that was started as a command is not what was meant.
 *
 * A server may write a title over its arguments (redis, postgres). The kernel lists it as the first
 * of them, and behind it empty ones for as many bytes as there were: they are none.
 */
#include "profile/called.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Behind a blank, what has a slash is not the program: only a directory has a blank in its name. */
static bool is_title(const char *text) {
    size_t word = strcspn(text, " /");
    return text[word] == ' ';
}

const char *mt_called_base(const char *path) {
    const char *slash = is_title(path) ? NULL : strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Started as a command: what it runs is the program. */
static bool is_dynamic_linker(const char *name) {
    return strncmp(name, "ld-linux", 8) == 0 || strcmp(name, "ld.so") == 0;
}

const char *mt_called_name(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    const char *name =
        info->n_command ? mt_called_base(mt_profile_text(profile, info->command[0])) : "";
    if (*name == '-') /* of a login shell */
        name++;
    if (is_dynamic_linker(name) || strchr(name, '/')) /* the name of a file, too */
        name = "";
    return *name ? name : mt_called_base(mt_profile_text(profile, info->exe));
}

size_t mt_called_arguments(const char *arguments, size_t bytes) {
    size_t first = bytes ? strnlen(arguments, bytes) : 0, used = bytes;
    while (used > first && arguments[used - 1] == 0)
        used--;
    return first && used == first && memchr(arguments, ' ', first) ? first : bytes;
}

int mt_called_take(struct mt_profile *profile, const char *arguments, size_t bytes) {
    struct mt_profile_info *info = &profile->info;
    size_t n = 1;
    bytes = mt_called_arguments(arguments, bytes);
    for (size_t i = 0; i < bytes; i++)
        n += arguments[i] == 0;
    info->command = calloc(n, sizeof *info->command);
    if (!info->command)
        return -MEMTRACK_ENOMEM;
    for (size_t at = 0; at < bytes && info->n_command < n;) {
        size_t length = strnlen(arguments + at, bytes - at);
        mt_string text = mt_profile_intern_n(profile, arguments + at, length);
        if (text == UINT32_MAX)
            return -MEMTRACK_ENOMEM;
        info->command[info->n_command++] = text;
        at += length + 1;
    }
    return 0;
}
