/* SPDX-License-Identifier: MIT */
/* The formats have one line for a command. It is for people: words with blanks are not quoted. */
#include "export/title.h"

#include <stdio.h>
#include <string.h>

char *mt_title_command(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    const char *tool = mt_profile_text(profile, info->tool);
    char *text = NULL;
    size_t bytes;
    if (info->n_command == 0)
        return strdup(info->exe ? mt_profile_text(profile, info->exe) : *tool ? tool : "unknown");
    FILE *out = open_memstream(&text, &bytes);
    for (size_t i = 0; out && i < info->n_command; i++)
        fprintf(out, "%s%s", i ? " " : "", mt_profile_text(profile, info->command[i]));
    return out && fclose(out) == 0 ? text : NULL;
}
