/* SPDX-License-Identifier: MIT */
/*
 * The process's own events: its start (so that a program that never allocates has a ledger too),
 * the unloading of code, and a normal exit. dlopen is not interposed: it looks at its caller for
 * $ORIGIN and RUNPATH, and would find us.
 */
#include "track/scopes/process.h"
#include "interpose/figures.h"
#include "interpose/hook.h"
#include "track/check.h"
#include "track/ground/state.h"
#include "track/guard.h"
#include "track/lines/steps.h"
#include "track/live/eras.h"
#include "track/scopes/thread.h"
#include "track/start.h"
#include "track/tables/modules.h"

__attribute__((constructor)) static void start(void) {
    if (mt_next.malloc == NULL) {
        mt_state.preceding = mt_next_preceding();
        mt_state.is_bypassed = mt_state.preceding != NULL; /* until a hook is called after all */
    }
    if (!mt_state.is_bypassed)
        MT_RESOLVE();
    mt_modules_note_start();
    if (mt_page.state != MT_STATE_UNKNOWN)
        return;
    if (!mt_state.is_bypassed)
        mt_start(MT_CALLER());
    else if (mt_next_is_outranked())
        mt_start_say_preceded();
}

MT_HOOK int dlclose(void *handle) {
    int (*next)(void *) = MT_NEXT_CALL(dlclose);
    mt_modules_begin_unloading(MT_CALLER());
    int result = next != NULL ? next(handle) : -1;
    mt_next_forget_operators();
    mt_modules_end_unloading(MT_CALLER());
    return result;
}

/* Ends the scopes that are still open: in a program that calls exit, main does not return. */
static void end_scopes(void) {
    struct mt_thread *t = mt_guard_enter(__builtin_frame_address(0));
    if (t == NULL)
        return;
    mt_scopes_thread_end_all(t);
    mt_lines_steps_end_all(t);
    mt_scopes_process_end_all(t);
    mt_guard_leave(t);
}

/* Tells whether exit comes from a signal handler that has interrupted the recorder, or this thread
 * has never been in it. Then nothing is touched. */
static bool is_inside_the_recorder(void) {
    return mt_self == NULL || mt_thread_is_busy(mt_self);
}

/*
 * Nothing here may wait for anybody, since a thread of the program can be stopped for good wherever
 * it is, or fail on a heap that is damaged: how the program ends is its own. See
 * interpose/figures.c for what is asked of the allocator.
 */
__attribute__((destructor)) static void at_exit(void) {
    if (mt_state.header == NULL || !mt_state_is_recording())
        return;
    mt_eras_look(); /* this tells readers when the ledger was written last: nothing comes after */
    if (!is_inside_the_recorder())
        end_scopes();
    if (mt_state.options.allocator_stats)
        mt_figures_take(MT_CALLER());
    if (!is_inside_the_recorder())
        mt_check_end();
}
