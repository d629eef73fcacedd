/* SPDX-License-Identifier: MIT */
/*
 * What compilers have a program call at each block of its code: -fsanitize-coverage=trace-pc, and
 * trace-pc-guard. The same names are those of fuzzers and of sanitizers' runtimes. An executable
 * that has such a runtime within it calls that one, and never these; one that has it as a library
 * comes by here, and is led on.
 *
 * A guard has a word of memory in which a runtime keeps what it likes. It is left alone: blocks are
 * known by their addresses.
 */
#include "interpose/hook.h"

#include "track/ground/state.h"
#include "track/guard.h"
#include "track/lines/steps.h"

static void enter_block(const struct mt_hook_frame *frame) {
    if (!mt_state.options.lines || mt_load_relaxed(&mt_state.off))
        return;
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return;
    mt_lines_steps_enter(t, frame);
    mt_guard_leave(t);
}

/* The next definition of a function, or NULL: looked up once. */
struct next_hook {
    void *function;
    bool is_known;
};

static MT_NOINLINE void learn(struct next_hook *next, void *function) {
    next->function = function;
    mt_store_release(&next->is_known, true);
}

static inline bool is_known(const struct next_hook *next) {
    return mt_likely(mt_load_acquire(&next->is_known)); /* if true, the function is seen */
}

MT_HOOK void memtrack_line_hook(const void *frame) {
    enter_block(frame);
}

MT_HOOK void __sanitizer_cov_trace_pc(void) {
    static struct next_hook next;
    enter_block(MT_CALLER());
    if (!is_known(&next))
        learn(&next, mt_next_symbol("__sanitizer_cov_trace_pc"));
    if (mt_unlikely(next.function != NULL))
        ((void (*)(void))next.function)();
}

MT_HOOK void __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
    static struct next_hook next;
    enter_block(MT_CALLER());
    if (!is_known(&next))
        learn(&next, mt_next_symbol("__sanitizer_cov_trace_pc_guard"));
    if (mt_unlikely(next.function != NULL))
        ((void (*)(uint32_t *))next.function)(guard);
}

MT_HOOK void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {
    void (*other)(uint32_t *, uint32_t *) =
        (void (*)(uint32_t *, uint32_t *))mt_next_symbol("__sanitizer_cov_trace_pc_guard_init");
    if (other != NULL)
        other(start, stop);
}
