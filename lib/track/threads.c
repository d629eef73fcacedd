/* SPDX-License-Identifier: MIT */
/*
 * The process's current bytes are the sum of what the banks have published. One thread alone
 * publishes nothing: its live bytes are the process's, every new high is a peak, and its window is
 * (-inf, peak]. With several, a thread publishes when its live bytes have moved by a bound that is
 * shared out so that all unpublished changes together stay below max(64 KiB, 0.1 % of the peak).
 *
 * A dead owner is recognised by its thread-local block: no two living threads have one at the same
 * address, so a thread that finds a bank with its own address may take it. Two further banks are
 * probed with a signal 0 at each registration, which is enough to find all dead ones in the long
 * run.
 */
#include "track/threads.h"

#include "base/pages.h"
#include "ledger/writer/check.h"
#include "track/check.h"
#include "track/ground/left.h"
#include "track/recover.h"
#include "track/scopes/scopes.h"
#include "track/tables/identities.h"
#include "track/tables/sites.h"

#include <linux/membarrier.h>

enum { MOST_REPLACED = 256 };
enum {
    MIN_ERROR = 64 << 10,
    ERROR_SHIFT = 10,
    PROBES = 2,
    MAX_CHUNKS = MT_MAX_BANKS / MT_BANKS_PER_CHUNK
};

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_bank, MT_BANKS_PER_CHUNK, MT_EXTENT_BANKS, 128);
static struct mt_thread *threads;                                 /* all, newest first */
static struct mt_thread *thread_of[MT_MAX_BANKS] MT_PAGES_CLOSED; /* by bank */
static uint32_t probe_next;
static __thread uint64_t registering
    __attribute__((tls_model("initial-exec"))); /* frame; 0: not inside */
static struct mt_lock sharing_lock;
static uint32_t n_replaced; /* times that a thread has got other memory: see mt_threads_replace */

struct mt_bank *mt_banks_at(mt_bank_id id) {
    return mt_table_item(chunk, struct mt_bank, MT_BANKS_PER_CHUNK, id);
}

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

static void reset_thread(struct mt_thread *t) {
    t->request = UINT64_MAX;
    t->paused = 0;
    t->thread_id = 0;
    t->clear_epoch = UINT64_MAX; /* not known yet */
    if (!t->used)
        return; /* fresh pages: zero already, and best left untouched */
    for (uint32_t i = 0; i < MT_SITE_CACHE; i++)
        t->site_cache[i] = 0;
    for (uint32_t i = 0; i < MT_FOREIGN_CACHE; i++)
        t->foreign_cache[i] = 0;
    for (uint32_t i = 0; i < 1 << MT_KNOWN_NAMES_BITS; i++)
        t->known_name[i].address = 0;
    for (uint32_t i = 0; i < MT_SCOPE_CACHE; i++)
        t->known_scope[i].totals = NULL;
    mt_scopes_thread_reset(t);
    t->stack.map = (struct mt_stack_map){0};
    t->last_block = NULL;
    t->shared = false;
}

bool mt_threads_start(void) {
    /* Now, for begin_sharing: with one thread this costs nothing, with several some 50 ms. */
    mt_os_call(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0);
    struct mt_thread *mine = mt_self;
    for (struct mt_thread *t = threads, *next; t != NULL; t = next) {
        next = t->next;
        if (t == mine)
            continue;
        mt_scopes_thread_free(t);
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
        reset_thread(mine);
    }
    mt_table_start(&table);
    mt_pages_close(thread_of, sizeof thread_of);
    for (uint32_t i = 1; i < MT_MAX_BANKS && thread_of[i] != NULL; i++)
        thread_of[i] = NULL;
    probe_next = 0;
    registering = 0;
    sharing_lock = (struct mt_lock){0};
    n_replaced = 0;
    return true;
}

static bool is_dead(const struct mt_bank *b) {
    return b->owner == my_address() || b->n_threads == 0 /* nobody has come so far */ ||
           (b->tid != 0 && (int)b->tid == mt_os_tid()) ||
           !mt_os_thread_lives(mt_state.pid, (int)b->tid);
}

/* A bank whose owner has ended, or 0. */
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
    if (id >= MT_MAX_BANKS || !mt_table_reserve(&mt_state.ledger, &table, id) ||
        !mt_pages_open(thread_of, &thread_of[id + 1]) || !mt_sites_reserve_bank(id) ||
        !mt_identities_reserve_bank(id))
        return 0;
    mt_store_release(&h->n_banks, id + 1); /* the bank that it counts is there */
    return id;
}

/* Under the growth lock. */
static struct mt_thread *take_bank(void) {
    mt_bank_id id = mt_self != NULL ? 0 : find_abandoned();
    struct mt_thread *t = mt_self != NULL ? mt_self : id != 0 ? thread_of[id] : NULL;
    if (t == NULL) /* nor has the bank one, when its owner was interrupted for good before this */
        t = new_thread();
    if (id == 0)
        id = new_bank();
    if (t == NULL || id == 0)
        return NULL;
    struct mt_bank *b = mt_banks_at(id);
    if (b->n_threads == 0)
        b->scope_high = INT64_MAX;
    thread_of[id] = t;
    t->bank = b;
    t->bank_id = id;
    t->token = mt_lock_me();
    t->control = &mt_state.header->control;
    t->random = (uint64_t)mt_os_tid() * UINT64_C(0x9E3779B97F4A7C15) + my_address();
    b->owner = my_address();
    b->tid = (uint32_t)mt_os_tid();
    b->thread = 0;
    b->n_threads++;
    return t;
}

/* The first thread has published nothing yet: let the process's current bytes begin with what all
 * have. */
static void publish_all(void) {
    struct mt_ledger_header *h = mt_state.header;
    int64_t sum = 0;
    for (mt_bank_id id = 1; id < mt_load_acquire(&h->n_banks); id++) {
        struct mt_bank *b = mt_banks_at(id);
        b->published_bytes =
            mt_load_relaxed(&b->counters.live_bytes); /* its thread has left its event, or is new */
        sum += b->published_bytes;
    }
    mt_store_relaxed(&h->control.current_bytes,
                     sum); /* is_shared, which comes later, publishes it */
    mt_state_flag(MT_FLAG_THREADS);
}

/* Until an event that the first thread entered when it was alone is over. It may never be: the
 * thread has ended, or has been stopped, in the middle of it. */
static void wait_for_event(const struct mt_thread *first) {
    enum { NAPS = 500, NAP_NS = 100000 };
    uint64_t seen = mt_load_acquire(&first->seen); /* what it has counted is seen as well */
    for (int i = 0; i < NAPS && (seen & MT_SEEN_BUSY); i++) {
        if (mt_lock_holder_is_gone(first->token) || mt_load_acquire(&first->seen) != seen)
            return;
        if (!mt_os_nap(NAP_NS))
            mt_os_yield();
    }
}

/*
 * The second thread of a process comes. The first takes no locks, and may be in the middle of an
 * event. The barrier makes it one of two: either it entered the recorder before, and is seen to be
 * there and waited for, or it will see that it is not alone any more. So the common program, with
 * threads of which one allocates, pays for no lock.
 *
 * Until the last step nobody publishes anything, so all of it can be done again by whoever comes
 * next.
 */
static void begin_sharing(const struct mt_thread *first) {
    mt_store_ordered(&mt_state.many_threads, true); /* before the barrier */
    if (mt_os_call(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0) != 0)
        mt_os_call(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0, 0, 0, 0);
    if (first != NULL) { /* it may have been interrupted for good before it had any memory */
        if (first->token != mt_lock_me())
            wait_for_event(first);
        mt_scopes_process_begin_sharing(first);
    }
    publish_all();
    mt_store_release(&mt_state.is_shared, true); /* all that others need is done */
    mt_state_changed();
}

void mt_state_share_early(void) {
    if (mt_state.many_threads)
        return;
    mt_store_ordered(&mt_state.many_threads, true); /* before everybody looks again */
    mt_state_changed();
}

/* Somebody else does it, or did and was ended in the middle of it: then the lock is taken over. */
static void share(mt_bank_id mine) {
    if (mine == 1 || mt_load_acquire(&mt_state.is_shared) || /* with all that begin_sharing did */

        !mt_lock_acquire(&sharing_lock, MT_RANK_SHARING))
        return;
    if (!mt_state.is_shared)
        begin_sharing(thread_of[1]);
    mt_lock_release(&sharing_lock, MT_RANK_SHARING);
}

/* ---- a thread's first event ------------------------------------------------------------------ */

/* What the thread that had this bank has left open, and half done. */
static void end_old(struct mt_thread *t) {
    mt_scopes_thread_end_all(t);
    t->bank->rare.interrupted += mt_swap_relaxed(&mt_state.missed, 0); /* a count, taken once */
}

/* A signal handler in the middle of this. Or one has left it, and it is begun again. */
static bool is_registering(const struct mt_hook_frame *frame) {
    if (registering == 0)
        return false;
    if (mt_left_fate(registering, frame) != MT_FATE_LEFT)
        return true;
    mt_lock_left();
    mt_state.was_left = mt_state.ledger.was_left = true;
    return false;
}

uint64_t mt_thread_inside(void) {
    const struct mt_thread *t = mt_self;
    return t != NULL && mt_thread_is_busy(t) ? t->seen & ~MT_SEEN_BUSY : registering;
}

struct mt_thread *mt_threads_register(const struct mt_hook_frame *frame) {
    struct mt_thread *t = NULL;
    if (is_registering(frame)) {
        mt_add_relaxed(&mt_state.missed, 1);
        return NULL;
    }
    registering = (uint64_t)frame;
    if (mt_state_lock_growth()) {
        t = take_bank();
        mt_state_unlock_growth();
    }
    if (t != NULL) {
        mt_self = t;
        mt_recover(t, frame);
        reset_thread(t);
        mt_threads_refresh(t);
        end_old(t);
    } else {
        mt_add_relaxed(&mt_state.missed, 1);
    }
    registering = 0;
    return t;
}

/*
 * The thread's memory belongs to an event on another stack, which may or may not be gone on with:
 * so it is left alone, with its bank, and the thread gets other memory. When that event has been
 * left for good, this is what it costs.
 */
struct mt_thread *mt_threads_replace(struct mt_thread *t, const struct mt_hook_frame *frame) {
    if (n_replaced >= MOST_REPLACED)
        return NULL;
    n_replaced++;
    t->n_unknown = 0;
    t->bank->owner =
        0; /* no thread has this address: nobody takes the bank for one whose owner has ended */
    t->bank->tid = 0;
    mt_self = NULL;
    return mt_threads_register(frame);
}

static int64_t window(void) {
    if (mt_state.options.exact_peak)
        return 0;
    /* relaxed: the window is a bound, and any peak that was is good for one */
    int64_t error = mt_load_relaxed(&mt_state.header->control.peak_bytes) >> ERROR_SHIFT;
    if (error < MIN_ERROR)
        error = MIN_ERROR;
    return error / (2 * (int64_t)mt_load_relaxed(&mt_state.header->n_banks));
}

static void note_peak(struct mt_control *c, int64_t current) {
    int64_t peak =
        mt_load_relaxed(&c->peak_bytes); /* the highest of all threads, whichever comes first */
    while (current > peak)
        if (mt_replace_relaxed(&c->peak_bytes, &peak, current)) {
            mt_add_relaxed(&c->epoch, 1); /* a number that has not been */
            return;
        }
}

void mt_scopes_process_publish(struct mt_thread *t) {
    struct mt_bank *b = t->bank;
    struct mt_control *c = t->control;
    int64_t live = b->counters.live_bytes;
    if (!t->shared) {
        if (live > c->peak_bytes) {
            c->peak_bytes = t->high = live;
            c->epoch++;
        }
        return;
    }
    if (mt_unlikely(mt_load_relaxed(&c->clear_epoch) !=
                    t->clear_epoch)) /* a later clear finds nothing to undo */
        return;
    int64_t change = live - b->published_bytes;
    b->published_bytes = live;
    int64_t current =
        mt_add_relaxed(&c->current_bytes, change) + change; /* the sum, in some order of all */
    note_peak(c, current);
    mt_scopes_process_note_current(current);
    int64_t w = window();
    t->low = live - w;
    t->high = live + w;
}

/* Another thread can publish a higher current meanwhile: then that is the peak. */
void mt_count_reset_peak(struct mt_thread *t) {
    struct mt_control *c = t->control;
    mt_scopes_process_publish(t);
    int64_t live = t->shared ? mt_load_relaxed(&c->current_bytes) : t->bank->counters.live_bytes;
    mt_store_relaxed(&c->peak_bytes, live); /* see above */
    mt_add_relaxed(&c->epoch, 1);
    if (!t->shared)
        t->high = live;
}

static void clear_bank(struct mt_thread *t) {
    struct mt_bank *b = t->bank;
    mt_store_relaxed(&b->counters.live_bytes, 0); /* whoever sees the new epoch sees all of them */
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

/* What has been cleared meanwhile counts from this event on. The lock, since the numbers belong
 * together. */
static bool note_clear(struct mt_thread *t) {
    const struct mt_control *c = t->control;
    if (mt_load_relaxed(&c->clear_epoch) != t->clear_epoch) {
        bool is_locked = mt_state_lock_growth();
        if (!is_locked && t->clear_epoch != UINT64_MAX)
            return false;                  /* what it knows will do for one more event */
        t->era = mt_load_relaxed(&c->era); /* which new_era may be raising */
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
    for (uint32_t i = 0; i < MT_CHILDREN; i++)
        t->child[i].pc = 0;
}

void mt_threads_forget_passing(struct mt_thread *t) {
    t->stack.n_frames = 0;
    if (t->stack.met_passing)
        forget_paths(t);
}

void mt_threads_refresh(struct mt_thread *t) {
    uint64_t state =
        mt_load_acquire(&mt_page.state); /* first: what changes now is for the next event */
    t->state = mt_likely(state != MT_STATE_UNKNOWN)
                   ? state
                   : MT_STATE_NONE; /* forked in the middle of this: fork.c */
    if (mt_state.ledger.is_in_forks)
        t->state |= MT_SEEN_ASKS;
    share(t->bank_id);
    if (t->used)
        forget_paths(t);
    if (!note_clear(t))
        t->state = MT_STATE_UNKNOWN; /* again at the next event */
    t->used = true;
    t->shared = mt_load_acquire(&mt_state.is_shared); /* with all that begin_sharing did */
    if (t->shared) {
        t->low = t->high = t->bank->counters.live_bytes;
    } else {
        t->low = INT64_MIN;
        t->high = t->control->peak_bytes;
    }
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_threads_check(bool alone) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation =
        limits.n_banks > 1 ? mt_writer_check_table(&table, limits.n_banks) : NULL;
    for (mt_bank_id id = 1; violation == NULL && id < limits.n_banks; id++) {
        if (alone)
            violation = mt_bank_fault(mt_banks_at(id), &limits);
        MT_MUST(thread_of[id] == NULL || thread_of[id]->bank == NULL ||
                    thread_of[id]->bank_id == id,
                "threads: a bank's memory belongs to another bank");
    }
    return violation;
}
#endif
