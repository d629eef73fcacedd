/* SPDX-License-Identifier: MIT */
/* What changes the state of the process as a whole, and tells forks from it. See state.h. */
#include "track/ground/state.h"

#include "base/atomic.h"
#include "unwind/rules.h"

struct mt_page mt_page __attribute__((aligned(MT_OS_PAGE)));
struct mt_state mt_state;

void mt_state_changed(void) {
    if (mt_load_relaxed(&mt_page.state) >= MT_STATE_FIRST) /* it never goes back */
        mt_add_release(&mt_page.state, 1); /* whoever sees it sees what has changed */
}

void mt_state_flag(enum mt_flag flag) {
    if (mt_state.header != NULL)
        mt_or_relaxed(&mt_state.header->flags, (uint32_t)flag); /* readers look at it alone */
}

static bool is_unusual(void) {
    return mt_load_ordered(&mt_state.off) || mt_state.has_pauses || mt_rules_are_unloading() ||
           mt_options_are_unusual(&mt_state.options);
}

void mt_state_note_unusual(void) {
    bool is;
    do { /* the last of several threads that get here has it right */
        is = is_unusual();
        mt_store_ordered(&mt_state.unusual, is);
    } while (is != is_unusual());
}

void mt_state_share_early(void) {
    if (mt_state.many_threads)
        return;
    mt_store_ordered(&mt_state.many_threads, true); /* before other threads look again */
    mt_state_changed();
}

/* ---- forks ----------------------------------------------------------------------------------- */

/* Counts this process in the page of its parent's that forks inherit on purpose. A process that may
 * be a fork or not counts an event instead. */
static void count_itself(bool is_other) {
    struct mt_ledger_header *family = mt_state.ledger.family;
    long pid = mt_os_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
    uint64_t own = pid > 0 ? (uint64_t)pid : 1;
    if (family == NULL)
        return;
    if (!is_other) {
        mt_add_relaxed(&family->unrecorded, 1); /* this count is read alone */
    } else if (mt_state.counted_pid != own) {
        mt_state.counted_pid = own;
        mt_add_relaxed(&family->unrecorded_forks, 1); /* and so is this one */
    }
}

bool mt_state_is_our_process(void) {
    enum mt_os_answer answer = mt_os_is_process(mt_state.pid);
    if (answer != MT_OS_YES)
        count_itself(answer == MT_OS_NO);
    return answer == MT_OS_YES;
}
