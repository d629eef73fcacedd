/* SPDX-License-Identifier: MIT */
/*
 * Who allocated? The frame next to malloc is rarely the answer: it may be operator new, strdup, a
 * vector or an xmalloc. This module says of one frame what it is; frames.h applies it to whole call
 * paths. The lists are in wrappers.c and wrappers_list.c.
 */
#ifndef MT_VIEW_ROWS_WRAPPERS_H
#define MT_VIEW_ROWS_WRAPPERS_H

#include <stdbool.h>
#include <stddef.h>

enum mt_frame_kind {
    MT_FRAME_USER,      /* can be charged */
    MT_FRAME_HOOK,      /* the tracker itself: never shown */
    MT_FRAME_ALLOCATOR, /* hands out memory for its caller: malloc, operator new, std::allocator,
                           strdup, xmalloc */
    MT_FRAME_LIBRARY,   /* inside the C, C++ or Rust standard library: passed on to the caller */
    MT_FRAME_SYSTEM,    /* inside another library of the system (system.h): passed on where the line
                           that called it is known */
    MT_FRAME_RUNTIME,   /* starts a program or a thread: what is below it was not asked for by any
                           line */
    MT_FRAME_INTERPRETER, /* inside an interpreter or a module in C that it has loaded: passed on to
                             the caller, and not shown between lines of interpreted code */
};

/* A wrapper that was recognised in another profile, by its function and its source file ("": not
 * known), of which the last part counts. */
struct mt_wrapper_name {
    const char *function, *file;
};

struct mt_wrapper_options {
    const char *const *patterns; /* further allocators: fnmatch on function, file or module */
    size_t n_patterns;
    bool
        keep_libraries; /* charge frames inside the standard libraries as if they were the user's */
    bool keep_system;   /* likewise inside the other libraries of the system */
    bool keep_all;      /* charge the innermost frame, whatever it is */
    /* NULL: wrappers are recognised (infer.h); else just these are, so that two profiles agree */
    const struct mt_wrapper_name *inferred;
    size_t n_inferred;
};

struct mt_frame_text {       /* what is known of a frame; "" where nothing is */
    const char *function;    /* demangled, with or without parameters */
    const char *system_name; /* as in the symbol table */
    const char *file;
    const char *module; /* path */
};

enum mt_frame_kind mt_wrappers_classify(const struct mt_frame_text *frame,
                                        const struct mt_wrapper_options *options);

#endif
