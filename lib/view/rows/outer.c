/* SPDX-License-Identifier: MIT */
/*
 * Below main and below the function of a thread lie frames that say nothing: each path has them.
 *
 *   parse ◄ main │ __libc_start_call_main ◄ __libc_start_main ◄ _start
 *   work │ std::thread::_State_impl<…>::_M_run ◄ execute_native_thread_routine ◄ start_thread ◄ clone3
 *   app::run ◄ app::main │ core::ops::function::FnOnce::call_once ◄ … ◄ std::rt::lang_start ◄ main ◄ …
 *
 * So frames of the run-time and of the standard libraries are left out, from the outside, as far as
 * they go. In Rust the C main is below the start of the library, and belongs to it; what calls
 * __libc_start_main is _start, also where a stripped program has no name for it.
 */
#include "view/rows/outer.h"

#include <string.h>

#include "view/format/format.h"
#include "view/rows/wrappers.h"
#include "view/rows/wrappers_list.h"

uint8_t mt_rows_outer_part(const struct mt_profile *profile, mt_string function, uint8_t kind) {
    const char *text = mt_profile_text(profile, function), *name;
    size_t bytes = mt_format_qualified_name(text, &name);
    bool is_start = kind == MT_FRAME_RUNTIME || kind == MT_FRAME_LIBRARY ||
                    kind == MT_FRAME_INTERPRETER ||
                    mt_wrappers_list_has(MT_WRAPPERS_RUNTIME, name, bytes);
    static const char libc[] = "__libc_start_main";
    return (uint8_t)((is_start ? MT_OUTER_START : 0) |
                     (strcmp(text, "main") == 0 ? MT_OUTER_MAIN : 0) |
                     (strstr(text, "lang_start") ? MT_OUTER_RUST : 0) |
                     (strncmp(text, libc, sizeof libc - 1) == 0 ? MT_OUTER_LIBC : 0));
}

size_t mt_rows_outer_end_by(mt_rows_outer_part_of *part, const void *context, size_t n,
                            bool truncated) {
    if (truncated)
        return n;
    /* _start of a stripped program, by what it calls: it has no name of its own */
    size_t end = n - (n > 1 && (part(context, n - 2) & MT_OUTER_LIBC));
    while (end > 0) {
        uint8_t parts = part(context, end - 1);
        /* the main of C that rustc makes, by what it calls */
        bool is_main_of_rust =
            parts & MT_OUTER_MAIN && end > 1 && part(context, end - 2) & MT_OUTER_RUST;
        if (!(parts & MT_OUTER_START) && !is_main_of_rust)
            break;
        end--;
    }
    return end ? end : n;
}

struct path {
    const struct mt_profile *profile;
    const struct mt_row_frame *frames;
};

static uint8_t part_of(const void *context, size_t i) {
    const struct path *path = context;
    return mt_rows_outer_part(path->profile, path->frames[i].function, path->frames[i].kind);
}

size_t mt_rows_outer_end(const struct mt_profile *profile, const struct mt_row_frame *frames,
                         size_t n, bool truncated) {
    const struct path path = {profile, frames};
    return mt_rows_outer_end_by(part_of, &path, n, truncated);
}
