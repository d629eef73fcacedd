/* SPDX-License-Identifier: MIT */
/*
 * For `memtrack run --lines`: how often, and how long, each line of a program runs. Compilers can
 * have a program call a hook at each block of its code, and leave it to the program to have that
 * hook. Here it is. Include this in every source file, or in one, without touching any:
 *
 *   gcc -g -fsanitize-coverage=trace-pc -include memtrack/lines.h -c app.c
 *   clang -g -fsanitize-coverage=trace-pc-guard,no-prune -include memtrack/lines.h -c app.c
 *
 * The flag is for compiling alone: given to clang when it links, it adds a runtime of its own. In a
 * process that is not recorded, a block costs a call and a comparison. -finstrument-functions, when
 * given as well, tells exactly when a function returns; without it the last block of a function
 * takes until the next block of its caller.
 */
#ifndef MEMTRACK_LINES_H
#define MEMTRACK_LINES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#define MEMTRACK_LINES_HOOK                                                                        \
    __attribute__((weak, visibility("hidden"), noinline, no_instrument_function,                   \
                   no_sanitize("coverage")))
#else
#define MEMTRACK_LINES_HOOK                                                                        \
    __attribute__((weak, visibility("hidden"), noinline, no_instrument_function,                   \
                   no_sanitize_coverage))
#endif

/*
 * The recorder's hook, if there is one; frame is that of the hook which a block has called. The weak
 * reference goes through the global offset table, as those of memtrack.h do, which says why: in code
 * at a fixed address a preloaded recorder would never be seen.
 */
#if defined(__x86_64__) && defined(__LP64__) && !defined(__code_model_large__)
#define MEMTRACK_LINES_TELL                                                                        \
    do {                                                                                           \
        void (*memtrack_tell_)(const void *frame);                                                 \
        __asm__(".weak memtrack_line_hook\n\t"                                                     \
                "{movq memtrack_line_hook@GOTPCREL(%%rip), %0|"                                    \
                "mov %0, QWORD PTR memtrack_line_hook@GOTPCREL[rip]}"                              \
                : "=r"(memtrack_tell_));                                                           \
        if (memtrack_tell_)                                                                        \
            memtrack_tell_(__builtin_frame_address(0));                                            \
    } while (0)
#else
extern void memtrack_line_hook(const void *frame) __attribute__((weak));
#define MEMTRACK_LINES_TELL                                                                        \
    do {                                                                                           \
        if (memtrack_line_hook)                                                                    \
            memtrack_line_hook(__builtin_frame_address(0));                                        \
    } while (0)
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
/* g++ has declared these functions itself when it is told to call them, and without this attribute.
 * Then they are the program's, and the first one of all objects in it is called. */
#pragma GCC diagnostic ignored "-Wattributes"
#endif

MEMTRACK_LINES_HOOK void __sanitizer_cov_trace_pc(void);
MEMTRACK_LINES_HOOK void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
MEMTRACK_LINES_HOOK void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);

MEMTRACK_LINES_HOOK void __sanitizer_cov_trace_pc(void) {
    MEMTRACK_LINES_TELL;
}

MEMTRACK_LINES_HOOK void __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
    (void)guard;
    MEMTRACK_LINES_TELL;
}

MEMTRACK_LINES_HOOK void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {
    (void)start;
    (void)stop;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#ifdef __cplusplus
}
#endif

#endif
