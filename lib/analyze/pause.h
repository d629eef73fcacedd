/* SPDX-License-Identifier: MIT */
/*
 * Keeps what this library allocates out of the recording of the program that uses it. The tracker,
 * when it is there, provides these two functions; pauses nest, and a block that was allocated in
 * one may be freed in another one.
 */
#ifndef MT_ANALYZE_PAUSE_H
#define MT_ANALYZE_PAUSE_H

extern void memtrack_pause_thread(void) __attribute__((weak));
extern void memtrack_resume_thread(void) __attribute__((weak));

/* Calls through a pointer of which the compiler knows nothing: a direct call of a weak function
 * would make the linker resolve it for good, to nothing, in a program that is linked with the
 * archive and tracked later. */
static inline void mt_analyze_call_hook(void (*hook)(void)) {
    __asm__("" : "+r"(hook));
    if (hook)
        hook();
}

static inline char mt_analyze_pause(void) {
    mt_analyze_call_hook(memtrack_pause_thread);
    return 0;
}

static inline void mt_analyze_resume(const char *paused) {
    (void)paused;
    mt_analyze_call_hook(memtrack_resume_thread);
}

/* Pauses the recording until the function returns. It stands at the top of every public function
 * that may allocate or free. */
#define MT_ANALYZE_PAUSED                                                                          \
    __attribute__((cleanup(mt_analyze_resume), unused)) const char mt_analyze_paused =             \
        mt_analyze_pause()

#endif
