/* SPDX-License-Identifier: MIT */
/*
 * A dead owner is recognised by its thread-local block: no two living threads have one at the same
 * address, so a thread that finds a bank with its own address may take it. Two further banks are
 * probed with a signal 0 at each registration, which is enough to find all dead ones in the long
 * run.
 */
#include "track/threads.h"

#include "base/atomic.h"
#include "base/pages.h"
#include "ledger/invariants.h"
#include "track/ground/closed.h"
#include "track/ground/state.h"
#include "track/lines/kept.h"
#include "track/live/eras.h"
#include "track/process/python.h"
#include "track/python/weave.h"
#include "track/scopes/hooks.h"
#include "track/scopes/process.h"
#include "track/scopes/thread.h"
#include "track/scopes/totals.h"
#include "track/tables/banks.h"
#include "track/tables/identities.h"
#include "track/tables/names.h"
#include "track/tables/paths.h"
#include "track/tables/sites.h"
#include "track/thread/ceiling.h"

#include <linux/membarrier.h>

enum { PROBES = 2 };

static struct mt_thread *threads;                                 /* all of them, newest first */
static struct mt_thread *thread_of[MT_MAX_BANKS] MT_PAGES_CLOSED; /* by bank */
static uint32_t probe_next;
static struct mt_lock sharing_lock;

static uint64_t my_address(void) {
    return (uint64_t)&mt_self;
}

static size_t thread_bytes(void) {
    return sizeof(struct mt_thread) +
           (mt_state.options.frames + 1) *
               (sizeof(struct mt_walk_frame) + sizeof(struct mt_fresh_frame));
}

static struct mt_thread *new_thread(void) {
    struct mt_thread *t = mt_pages_new(thread_bytes());
    if (t == NULL)
        return NULL;
    uint32_t n = (uint32_t)mt_state.options.frames;
    t->stack.frame = (struct mt_walk_frame *)(t + 1) + 1;
    t->stack.frame[-1].slot = UINT64_MAX;
    t->stack.fresh = (struct mt_fresh_frame *)(t->stack.frame + n);
    t->stack.max_frames = n;
    t->next = threads;
    threads = t;
    return t;
}

void mt_threads_reset(struct mt_thread *t) {
    if (mt_ceiling_is_set())
        mt_ceiling_forget(t);
    t->request = UINT64_MAX;
    t->paused = 0;
    t->thread_id = 0;
    t->clear_epoch = UINT64_MAX; /* says that it is not known yet */
    if (!t->used)
        return; /* the pages are fresh: they are zero already, and best left untouched */
    mt_sites_forget(&t->sites);
    mt_names_forget(&t->names);
    mt_scopes_totals_forget(&t->totals);
    mt_scopes_thread_reset(t);
    mt_lines_kept_reset(t);
    mt_hooks_release(t);
    t->stack.map = (struct mt_stack_map){0};
    t->last_block = NULL;
    t->shared = false;
}

bool mt_threads_start(void) {
    /* begin_sharing needs this. With one thread it costs nothing, with several some 50 ms. */
    mt_os_call(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0);
    struct mt_thread *mine = mt_self;
    for (struct mt_thread *t = threads, *next; t != NULL; t = next) {
        next = t->next;
        if (t == mine)
            continue;
        mt_scopes_thread_free(t);
        mt_python_weave_free(t);
        mt_lines_kept_free(t);
        mt_pages_unmap(t, thread_bytes());
    }
    threads = mine;
    if (mine != NULL) {
        mt_scopes_thread_free(mine); /* what is open is in the parent's ledger */
        mine->next = NULL;
        mine->bank = NULL;
        mine->seen = 0;
        mine->journal = (struct mt_journal){0};
        mine->before.number = 0;
        mine->moved.journal.taking = 0;
        mine->plan.is_made = false;
        mine->ceiling = (struct mt_ceiling_part){0};
        mt_threads_reset(mine);
    }
    mt_banks_start();
    mt_pages_close(thread_of, sizeof thread_of);
    for (uint32_t i = 1; i < MT_MAX_BANKS && thread_of[i] != NULL; i++)
        thread_of[i] = NULL;
    probe_next = 0;
    mt_thread_registering = 0;
    sharing_lock = (struct mt_lock){0};
    mt_state.n_replaced = 0;
    return true;
}

static bool is_dead(const struct mt_bank *b) {
    return b->owner == my_address() || b->n_threads == 0 /* nobody has come so far */ ||
           (b->tid != 0 && (int)b->tid == mt_os_tid()) ||
           !mt_os_thread_lives(mt_state.pid, (int)b->tid);
}

/* Returns a bank whose owner has ended, or 0. */
static mt_bank_id find_abandoned(void) {
    uint32_t n = mt_state.header->n_banks;
    for (mt_bank_id id = 1; id < n; id++)
        if (mt_banks_at(id)->owner == my_address())
            return id;
    for (int i = 0; i < PROBES && n > 1; i++) {
        probe_next = probe_next + 1 < n ? probe_next + 1 : 1;
        if (is_dead(mt_banks_at(probe_next)))
            return probe_next;
    }
    return 0;
}

static mt_bank_id new_bank(void) {
    struct mt_ledger_header *h = mt_state.header;
    mt_bank_id id = h->n_banks;
    if (id >= MT_MAX_BANKS || !mt_banks_reserve(id) || !mt_closed_open(thread_of, id + 1) ||
        !mt_sites_reserve_bank(id) || !mt_identities_reserve_bank(id))
        return 0;
    mt_store_release(&h->n_banks, id + 1); /* the bank that it counts is there */
    return id;
}

/* Returns the bank that a registration which was left has got already, or 0. */
static mt_bank_id former_bank(const struct mt_thread *mine) {
    return mine->bank != NULL ? mine->bank_id : 0;
}

struct mt_thread *mt_threads_take_bank(void) {
    struct mt_thread *mine = mt_self;
    mt_bank_id id = mine != NULL ? former_bank(mine) : find_abandoned();
    struct mt_thread *t = mine != NULL ? mine : id != 0 ? thread_of[id] : NULL;
    /* The bank has no memory either when its owner was interrupted for good before this. */
    if (t == NULL)
        t = new_thread();
    if (id == 0)
        id = new_bank();
    if (t == NULL || id == 0)
        return NULL;
    struct mt_bank *b = mt_banks_at(id);
    if (b->n_threads == 0)
        b->scope_high = INT64_MAX;
    thread_of[id] = t;
    t->bank_id = id;
    mt_barrier(); /* see former_bank */
    t->bank = b;
    t->token = mt_lock_me();
    t->control = &mt_state.header->control;
    t->sampling.random = (uint64_t)mt_os_tid() * UINT64_C(0x9E3779B97F4A7C15) + my_address();
    b->owner = my_address();
    b->tid = (uint32_t)mt_os_tid();
    b->thread = 0;
    b->n_threads++;
    return t;
}

/* Lets the process's current bytes begin with what all banks have, since the first thread has
 * published nothing yet. */
static void publish_all(void) {
    struct mt_ledger_header *h = mt_state.header;
    int64_t sum = 0;
    for (mt_bank_id id = 1; id < mt_load_acquire(&h->n_banks); id++) {
        struct mt_bank *b = mt_banks_at(id);
        /* Relaxed: its thread has left its event, or is new. */
        b->published_bytes = mt_load_relaxed(&b->counters.live_bytes);
        sum += b->published_bytes;
    }
    mt_store_relaxed(&h->control.current_bytes, sum); /* storing is_shared publishes it */
    mt_state_flag(MT_FLAG_THREADS);
}

/* Waits until an event that the first thread entered when it was alone is over. It may never be,
 * since the thread may have ended, or have been stopped, in the middle of it: the wait has an
 * end. */
static void wait_for_event(const struct mt_thread *first) {
    enum { NAPS = 500, NAP_NS = 100000 };
    uint64_t seen = mt_load_acquire(&first->seen); /* acquire: what it has counted is seen too */
    for (int i = 0; i < NAPS && (seen & MT_SEEN_BUSY); i++) {
        if (mt_lock_holder_is_gone(first->token) || mt_load_acquire(&first->seen) != seen)
            return;
        if (!mt_os_nap(NAP_NS))
            mt_os_yield();
    }
}

/*
 * Is called when the second thread of a process comes. The first takes no locks, and may be in the
 * middle of an event. After the barrier one of two things holds: either the first thread entered
 * the recorder before it, and is seen to be there and waited for; or it will see that it is not
 * alone any more. So the common program, with threads of which one allocates, pays for no lock.
 *
 * Until the last step nobody publishes anything, so all of it can be done again by whoever comes
 * next.
 */
static void begin_sharing(const struct mt_thread *first) {
    mt_store_ordered(&mt_state.many_threads, true); /* before the barrier */
    if (mt_os_call(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0) != 0)
        mt_os_call(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0, 0, 0, 0);
    if (first != NULL) { /* NULL: it was interrupted for good before it had any memory */
        if (first->token != mt_lock_me())
            wait_for_event(first);
        mt_scopes_process_begin_sharing(first);
    }
    publish_all();
    mt_store_release(&mt_state.is_shared, true); /* all that others need is done */
    mt_state_changed();
}

/* Begins sharing, unless that has been done. If another thread was ended in the middle of it, its
 * lock is taken over. */
static void share(mt_bank_id mine) {
    /* Acquire: what begin_sharing did is seen. */
    if (mine == 1 || mt_load_acquire(&mt_state.is_shared) ||
        !mt_lock_acquire(&sharing_lock, MT_RANK_SHARING))
        return;
    if (!mt_state.is_shared)
        begin_sharing(thread_of[1]);
    mt_lock_release(&sharing_lock, MT_RANK_SHARING);
}

static void clear_bank(struct mt_thread *t) {
    struct mt_bank *b = t->bank;
    if (mt_ceiling_is_set()) /* what was not published before the clear, and never will be */
        mt_ceiling_note(t, b->counters.live_bytes - b->published_bytes);
    /* Relaxed: whoever sees the new clear_epoch, stored below, sees all of these. */
    mt_store_relaxed(&b->counters.live_bytes, 0);
    mt_store_relaxed(&b->counters.allocated_bytes, 0);
    mt_store_relaxed(&b->counters.allocated_blocks, 0);
    mt_store_relaxed(&b->counters.freed_blocks, 0);
    mt_store_relaxed(&b->counters.temporary_blocks, 0);
    b->published_bytes = 0;
    b->rare = (struct mt_rare_counters){.interrupted = b->rare.interrupted,
                                        .unwind_mismatches = b->rare.unwind_mismatches};
    mt_store_release(&b->clear_epoch, t->clear_epoch);
    t->last_block = NULL;
    mt_scopes_thread_clear(t);
}

/* Lets what has been cleared meanwhile count as zero from this event on. It takes the lock, since
 * the numbers belong together. Returns false when the lock could not be had and the thread is to
 * ask again at its next event. */
static bool note_clear(struct mt_thread *t) {
    const struct mt_control *c = t->control;
    if (mt_load_relaxed(&c->clear_epoch) != t->clear_epoch) {
        bool is_locked = mt_state_lock_growth();
        if (!is_locked && t->clear_epoch != UINT64_MAX)
            return false; /* what it knows will do for one more event */
        if (is_locked)
            mt_eras_complete_clear();
        t->era = mt_load_relaxed(&c->era); /* mt_eras_look may be raising it */
        t->clear_era = c->clear_era;
        t->clear_epoch = c->clear_epoch;
        if (is_locked)
            mt_state_unlock_growth();
    }
    if (mt_unlikely(t->bank->clear_epoch != t->clear_epoch))
        clear_bank(t);
    return true;
}

static void forget_paths(struct mt_thread *t) {
    mt_walk_reset(&t->stack);
    mt_paths_forget(&t->paths);
    mt_python_weave_forget(t);
}

void mt_threads_forget_passing(struct mt_thread *t) {
    t->stack.n_frames = 0;
    if (t->stack.met_passing)
        forget_paths(t);
}

void mt_threads_refresh(struct mt_thread *t) {
    /* This comes first: what changes from now on is for the next event. */
    uint64_t state = mt_load_acquire(&mt_page.state);
    /* MT_STATE_NONE: the process was forked in the middle of this; see fork.c. */
    t->state = mt_likely(state != MT_STATE_UNKNOWN) ? state : MT_STATE_NONE;
    if (mt_state.ledger.is_in_forks)
        t->state |= MT_SEEN_ASKS;
    share(t->bank_id);
    if (t->used) {
        forget_paths(t);
        mt_names_forget(&t->names); /* of functions that may have been unloaded */
    }
    t->is_in_python = mt_python_is_there();
    if (!note_clear(t))
        t->state = MT_STATE_UNKNOWN; /* this is done again at the next event */
    t->used = true;
    t->shared = mt_load_acquire(&mt_state.is_shared); /* all that begin_sharing did is seen */
    if (t->shared) {
        t->low = t->high = t->bank->counters.live_bytes;
    } else {
        t->low = INT64_MIN;
        t->high = t->control->peak_bytes;
    }
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_threads_check(void) {
    for (mt_bank_id id = 1; id < mt_state.header->n_banks; id++)
        MT_MUST(thread_of[id] == NULL || thread_of[id]->bank == NULL ||
                    thread_of[id]->bank_id == id,
                "threads: a bank's memory belongs to another bank");
    return NULL;
}
#endif
