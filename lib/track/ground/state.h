/* SPDX-License-Identifier: MIT */
/*
 * The recorder's own state inside the target, and how it begins: at the first hook of a process,
 * again at the first hook after a fork.
 *
 * One word, mt_page.state, answers at every event whether everything is as this thread last saw it:
 * recording, in the same process, with the same modules, with as many threads. The page is wiped on
 * fork (MADV_WIPEONFORK), so a child finds MT_STATE_UNKNOWN there, which is also what a process
 * begins with. Where that is refused (a filter, an old kernel), a fork can be told by its number
 * alone: then every event takes the slow way in and asks, and a process that is not the one that
 * began records nothing and counts itself. It may be a vfork, whose memory is its parent's, or a
 * clone that no function of libc has made, so nothing is kept but that it was counted.
 */
#ifndef MT_TRACK_STATE_H
#define MT_TRACK_STATE_H

#include "base/lock.h"
#include "ledger/writer/writer.h"
#include "track/ground/options.h"
#include "unwind/walk.h"

/* Off: for good. Dormant: recording has not been switched on yet. */
enum { MT_STATE_UNKNOWN = 0, MT_STATE_OFF = 1, MT_STATE_DORMANT = 2, MT_STATE_FIRST = 3 };

struct mt_page {
    uint64_t state; /* MT_STATE_* or, while recording, a number that grows with each change */
    uint64_t
        starter; /* the thread-local block of the thread that has begun to start, 0: none has */
    uint64_t starting;  /* the frame in which it entered */
    uint64_t has_begun; /* the memory below has been made this process's own */
    char rest[MT_OS_PAGE - 32];
};

/* In mt_thread.seen: the thread is inside the recorder, which it entered at the frame whose address
 * the other bits are. No state of the page looks like that. */
#define MT_SEEN_BUSY (UINT64_C(1) << 63)
/* In mt_thread.state: each event begins with the question whether this is a fork. */
#define MT_SEEN_ASKS (UINT64_C(1) << 62)

/* In mt_thread.state: what the page never has, the thread is up to date with nothing. */
#define MT_STATE_NONE (MT_SEEN_BUSY - 1)

struct mt_hook_frame; /* see track/record.h */

enum { MT_KNOWN_NAMES_BITS = 8, MT_SCOPE_CACHE = 128 };
enum {
    MT_SITE_CACHE = 1024,
    MT_FOREIGN_CACHE = 256,
    MT_CHILDREN_BITS = 11,
    MT_CHILDREN = 1 << MT_CHILDREN_BITS
};

/* A node that this thread has met lately, by its address below its parent. */
struct mt_known_child {
    uint64_t pc;
    mt_node_id parent, node;
};

/* A text or function that this thread has met at this address (functions: with bit 63 set), and the
 * ledger's copy of it. */
struct mt_known_name {
    uint64_t address;
    const char *text;
    uint32_t bytes;
    mt_name_id name;
};

/* The totals of a name's scopes in this bank, and where its histogram counted each value the last
 * time. */
struct mt_known_scope {
    struct mt_scope_totals *totals;
    uint64_t *word[MT_N_SCOPE_VALUES];
};

/*
 * What the present event is about to change, so that an event that was left can be brought to its
 * end: see recover.c. The block is last_block.
 */
struct mt_journal {
    uint64_t putting;   /* the entry that is entered, 0: none */
    uint64_t taking;    /* the entry that is taken out, 0: none */
    uint64_t big_bytes; /* of a block that is too large for an entry; else 0 */
};

/* The counters that the present event is about to change, as they were. */
struct mt_before {
    uint64_t number; /* bank->sequence when that has been written for what is put, one more for what
                        is taken */
    uint64_t
        site[3]; /* put: allocated bytes, blocks, live bytes; taken: live bytes, freed blocks */
    uint64_t of_thread[3]; /* the same of the bank */
};

/* A block that is out of the table while realloc works on it. */
struct mt_moved {
    uint64_t address;
    struct mt_journal journal; /* .taking: its entry, 0: there is none */
    uint64_t frame;            /* of what has taken it out */
};

/* A change that has been written down before it is made: see plan.h. */
enum { MT_PLAN_WORDS = 12, MT_PLAN_ENTRIES = 3 };
struct mt_planned_word {
    uint64_t *word, value;
};
struct mt_planned_entry {
    uint64_t key, bytes;
    uint32_t site, era;
};
struct mt_plan {
    bool is_made; /* all of it is written down, and to be done */
    uint32_t n_words, n_entries;
    uint32_t site; /* whose counters are among the words, 0: none */
    struct mt_planned_word word[MT_PLAN_WORDS];
    struct mt_planned_entry entry[MT_PLAN_ENTRIES];
};

/* A thread's working memory. Private; the bank beside it is what readers see. */
struct mt_thread {
    uint64_t seen;    /* state, or MT_SEEN_BUSY and where the recorder was entered */
    uint64_t state;   /* mt_page.state that this thread is up to date with */
    uint64_t request; /* mt_control.request as last acted upon: see track/request.h */
    uint32_t cut;     /* not 0: what is changed is to be saved for this cut first */
    /* as of the control line when the event began: all of it is before a memtrack_clear_traces, or
     * all of it after */
    uint32_t era, clear_era;
    uint64_t clear_epoch;
    struct mt_bank *bank;
    struct mt_control *control;
    /* bank->live_bytes outside of this is news for the process: see mt_scopes_process_publish */
    int64_t low, high;
    const void *last_block; /* allocated by the last event of this thread, else NULL */
    struct mt_journal journal;
    struct mt_before before;
    struct mt_moved moved;   /* by a realloc that has begun */
    const void *last_before; /* last_block before mt_record_expect */
    const void
        *freeing; /* taken out by an operator delete that has not returned from the allocator yet */
    uint64_t asked;      /* operator new was asked for so many bytes, and will ask malloc for */
    uint64_t asked_most; /* up to so many; 0: nothing is pending */
    mt_name_id scope;    /* name of the innermost scope, 0: none */
    mt_name_id domain;   /* what the present event records belongs to it, 0: malloc */
    struct mt_scope_stack *scopes; /* made with the first scope */
    int32_t paused;       /* allocations of this thread are not recorded while this is not 0 */
    int64_t until_sample; /* bytes to go, when sampling */
    uint64_t random;
    uint32_t bank_id;
    uint32_t token;     /* of the thread, for locks */
    uint32_t n_unknown; /* events in a row of which it is not known whether they are in the way of
                           another one */
    mt_thread_id thread_id; /* its row, 0: none yet (see identities.h) */
    bool shared;            /* several threads record */
    bool used;              /* has recorded before: its caches are not fresh pages */
    struct mt_thread *next;
    uint64_t site_cache[MT_SITE_CACHE];       /* node (28) | class (7) | site (27) */
    uint64_t foreign_cache[MT_FOREIGN_CACHE]; /* site (27) | own record for it (27) */
    struct mt_known_name known_name[1 << MT_KNOWN_NAMES_BITS];
    struct mt_known_scope known_scope[MT_SCOPE_CACHE]; /* by name */
    struct mt_known_child child[MT_CHILDREN];
    struct mt_plan plan;
    struct mt_stack stack;
};

struct mt_state {
    struct mt_writer ledger;
    struct mt_ledger_header *header; /* = ledger.header */
    struct mt_options options;
    int pid; /* process of the ledger; 0: not started yet */
    bool options_read;
    bool is_forked;   /* or a parent of it was */
    bool is_bypassed; /* the program's calls do not come here: better no ledger than one without any
                         allocation */
    bool unusual; /* something that the hot path leaves to record_unusual: an option, recording off,
                     a dlclose */
    bool off;     /* allocations are not recorded now */
    bool has_pauses;   /* some thread has been paused */
    bool many_threads; /* a second one has come: the table is locked */
    bool is_shared;    /* and all of it is ready for that: see threads.c */
    bool is_copied; /* a fork that goes on in a copy of its parent's ledger, which is not looked at:
                       see fork.c */
    bool was_left;  /* an event has been left: what was appended then may be there twice, or not be
                       found */
    uint64_t missed;            /* events that came while there was no place to count them in */
    struct mt_lock growth_lock; /* everything that allocates from the ledger */
    size_t (*usable_size)(void *);
    enum mt_allocator allocator;
    const char *allocator_path;
    const char *preceding; /* not NULL: this object comes before us and has a malloc of its own; "":
                              the program */
    uint64_t counted_pid; /* the process that has counted itself as one that is not recorded, 1: not
                             known which */
    int said_by;          /* the process that has said so in a ledger that records nothing */

    /* This process, and those before it that it was forked from: pids can be the same. */
    uint32_t n_processes;
    /* Of a process that was forked by a handler which has interrupted an event of this thread: see
     * fork.c. While that lasts it is counted in its parent as one without a ledger. */
    const struct mt_thread *interrupted;
    bool is_unrecorded;
};

MT_HIDDEN extern struct mt_page mt_page;
MT_HIDDEN extern struct mt_state mt_state;
MT_HIDDEN extern __thread struct mt_thread *mt_self __attribute__((tls_model("initial-exec")));

/* Start recording in this process if it can be and is not yet. Never allocates. Any thread, any
 * context. frame: of the hook that is being called. */
MT_HIDDEN void mt_start(const struct mt_hook_frame *frame);

/* An object before us has a malloc of its own, so that perhaps no call will ever come here: leave a
 * ledger that says so. It is replaced when a call comes after all. Once, before main. */
MT_HIDDEN void mt_start_say_preceded(void);

/* Everyone look again: modules have gone, or a second thread has come. */
MT_HIDDEN void mt_state_changed(void);

/* Add a flag to the ledger's header. */
MT_HIDDEN void mt_state_flag(enum mt_flag flag);

/*
 * The slow half of entering the recorder. Returns the calling thread's memory, busy and up to date,
 * or NULL when the event cannot be recorded (then it has been counted). frame: of the hook that is
 * being called.
 */
MT_HIDDEN struct mt_thread *mt_enter(const struct mt_hook_frame *frame);

/* Every hook's first question. */
static inline bool mt_state_is_dormant(void) {
    return mt_load_relaxed(&mt_page.state) ==
               MT_STATE_DORMANT && /* asked at every hook: to be late is no harm */
           mt_load_relaxed(&mt_state.header->control.request.off) != 0;
}

/* False in a fork that has inherited the ledger: nothing there may be touched. What the page says
 * goes before: a fork that is told by its page has it UNKNOWN. */
MT_HIDDEN bool mt_state_is_our_process(void);
static inline bool mt_state_is_ours(void) {
    return mt_likely(!mt_state.ledger.is_in_forks) || mt_state_is_our_process();
}
/* In an event, or outside of one. */
static inline bool mt_state_is_recording(void) {
    return mt_page.state >= MT_STATE_FIRST && mt_state_is_ours();
}

static inline bool mt_thread_is_busy(const struct mt_thread *t) {
    return (mt_load_acquire(&t->seen) & MT_SEEN_BUSY) != 0; /* left: what it did is seen */
}

/* No other thread is recording now, nor begins to before this one leaves the recorder. */
static inline bool mt_state_is_alone(void) {
    return !mt_load_relaxed(
        &mt_state.many_threads); /* a second thread makes this one see it: see threads.c */
}

static inline bool mt_state_lock_growth(void) {
    return mt_lock_acquire(&mt_state.growth_lock, MT_RANK_GROWTH);
}
static inline void mt_state_unlock_growth(void) {
    mt_lock_release(&mt_state.growth_lock, MT_RANK_GROWTH);
}

#endif
