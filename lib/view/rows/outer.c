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

static bool is_start(const struct mt_profile *profile, const struct mt_row_frame *frame) {
    const char *name;
    size_t bytes = mt_format_qualified_name(mt_profile_text(profile, frame->function), &name);
    return frame->kind == MT_FRAME_RUNTIME || frame->kind == MT_FRAME_LIBRARY ||
           frame->kind == MT_FRAME_INTERPRETER ||
           mt_wrappers_list_has(MT_WRAPPERS_RUNTIME, name, bytes);
}

/* The main of C that rustc makes, by what it calls. */
static bool is_main_of_rust(const struct mt_profile *profile, const struct mt_row_frame *frames,
                            size_t i) {
    return i > 0 && strcmp(mt_profile_text(profile, frames[i].function), "main") == 0 &&
           strstr(mt_profile_text(profile, frames[i - 1].function), "lang_start");
}

/* _start of a stripped program, by what it calls: it has no name of its own. */
static bool is_nameless_start(const struct mt_profile *profile, const struct mt_row_frame *frames,
                              size_t n) {
    static const char called[] = "__libc_start_main";
    return n > 1 && strncmp(mt_profile_text(profile, frames[n - 2].function), called,
                            sizeof called - 1) == 0;
}

size_t mt_rows_outer_end(const struct mt_profile *profile, const struct mt_row_frame *frames,
                         size_t n, bool truncated) {
    size_t end = n - (!truncated && is_nameless_start(profile, frames, n));
    while (end > 0 && !truncated &&
           (is_start(profile, &frames[end - 1]) || is_main_of_rust(profile, frames, end - 1)))
        end--;
    return end ? end : n;
}
