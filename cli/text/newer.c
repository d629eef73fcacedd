/* SPDX-License-Identifier: MIT */
/*
 * Tables of rows, of annotated sources and of functions line by line show the text that is there
 * now beside figures of what was compiled. One mark tells where these may not be the same.
 */
#include "text/newer.h"

bool mt_newer_is(const struct mt_profile *profile, struct mt_source *source, mt_string file,
                 mt_string module) {
    uint64_t built_ns =
        mt_source_built_ns(profile->info.start_time_ns, mt_profile_text(profile, module));
    return mt_source_is_newer(source, mt_profile_text(profile, file), built_ns);
}

void mt_newer_put_note(const struct mt_terminal *terminal, size_t n) {
    if (n == 0)
        return;
    mt_terminal_put(terminal, MT_STYLE_DIM, MT_NEWER_MARK " the program was built");
    fputc('\n', terminal->stream);
}
