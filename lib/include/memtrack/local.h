/* SPDX-License-Identifier: MIT */
/*
 * What the functions of memtrack.h do in a process that is not recorded, where a program asked for
 * timers (memtrack/timers.h). This file: where things lie, and how a thread gets to them.
 *
 *     memtrack_local_state_ ──► page ──► process ──► keys, a list in the order in which they came
 *     (one for all objects)     (wiped in a fork)      │         and chains by hash
 *     memtrack_local_mine_ ───────────► thread          └─► records, one for each thread: what its
 *     (one for each thread)               stack of scopes    scopes of that key come to
 *
 * A record is written by its thread alone, with plain stores, and readers add records up. What is
 * appended (keys, records, tables) is never taken away, so that it is found without a lock; only
 * who appends takes one. A thread's memory passes to a later thread when its owner has ended, which
 * is noticed when a thread comes or somebody reads.
 *
 * A forked child finds the page wiped and begins with nothing, as the recorder does; what it has
 * inherited stays where it is, since texts may still be pointed to. Where the kernel cannot wipe,
 * the process id is asked for instead, in each call.
 *
 * A signal handler that interrupts one of these functions gets MEMTRACK_EBUSY. When it leaves that
 * function by longjmp, the next call from where it jumped to, or from further out, takes over: so
 * each says in which frame it is, and whoever appends does it in an order in which it can be left.
 * Nothing here allocates by malloc, or calls anything that does.
 *
 * Each file that includes this holds all of it, as weak functions and variables, of which the
 * linker keeps one: so objects of a program share their timers. An object that is opened by dlopen
 * shares them if the program exports its symbols (-rdynamic), or was linked to another object that
 * uses them; else it has its own.
 */
#ifndef MEMTRACK_LOCAL_H
#define MEMTRACK_LOCAL_H

#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "memtrack/histogram.h"
#include "memtrack/system.h"
#include "memtrack/usage.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MEMTRACK_LOCAL_MAX_DEPTH_ = 16384,
    MEMTRACK_LOCAL_CHAINS_ = 1024,
    MEMTRACK_LOCAL_KNOWN_ = 64,
    MEMTRACK_LOCAL_NAME_BYTES_ = 255,
    MEMTRACK_LOCAL_ARENA_BYTES_ = 1 << 18,
    MEMTRACK_LOCAL_EVENTS_ = 4096,
    MEMTRACK_LOCAL_MAX_GROUPS_ = 4096,
    MEMTRACK_LOCAL_MAX_HOOKS_ = 16,
    MEMTRACK_LOCAL_SIGNAL_FRAME_ = 512, /* bytes that are less than what the kernel keeps */
    MEMTRACK_LOCAL_LOOKS_ =
        8 /* threads that are looked at, whether they have ended, for a new one */
};
enum { MEMTRACK_LOCAL_DURATION_, MEMTRACK_LOCAL_CPU_, MEMTRACK_LOCAL_VALUES_ };

struct memtrack_local_sums_ {
    int64_t sum, max, min;
    uint64_t low, high; /* of the sum of squares */
};

/* A histogram. Its words lie behind it: 0, or a bucket and how many values fell into it (48 bits). */
struct memtrack_local_table_ {
    uint32_t capacity, used;
};

/* Of a record's scopes those that are measured in any case, when one in several is. */
struct memtrack_local_sure_ {
    uint64_t count, recursive;
    int64_t own_ns, sum[MEMTRACK_LOCAL_VALUES_];
};

struct memtrack_local_record_ {
    struct memtrack_local_record_ *next; /* of the same key */
    struct memtrack_local_key_ *key;
    const struct memtrack_local_thread_ *owner;
    uint64_t epoch; /* what is of before the group's is forgotten */
    uint64_t count, recursive, errors, misuses, error_ns;
    int64_t own_ns;
    struct memtrack_local_sums_ value[MEMTRACK_LOCAL_VALUES_];
    uint64_t unmeasured, unmeasured_recursive; /* of count, and of recursive */
    struct memtrack_local_sure_ sure;
    int has_first; /* the first scope has been chosen */
    struct memtrack_local_table_ *table;
    char *error;        /* text of the latest error, or NULL */
    uint32_t outermost; /* depth of the outermost open scope */
};

/* A name within a group. Its text lies behind it. */
struct memtrack_local_key_ {
    struct memtrack_local_key_ *same_hash, *next;
    struct memtrack_local_record_ *records;
    const char *text, *file;
    uint32_t hash, group, is_process, line;
    uint32_t number; /* which one of all */
};

struct memtrack_local_group_ {
    const char *text;
    uint64_t epoch;
};

struct memtrack_local_frame_ {
    uint64_t serial;
    struct memtrack_local_record_ *record;
    const void *storage;
    uint64_t begin_ns, begin_cpu_ns;
    int64_t inner_ns, taken_ns; /* of scopes inside; what was measured before it was attached */
    int is_failed, is_recursive;
    uint32_t weight; /* scopes that it stands for; 0: it is only counted, and has no times */
};

struct memtrack_local_known_ {
    const char *name;
    struct memtrack_local_record_ *record;
};

struct memtrack_local_thread_ {
    struct memtrack_local_thread_ *next;
    struct memtrack_local_process_ *process;
    int busy, tid;
    uintptr_t frame; /* of what makes it busy */
    uint32_t depth, capacity;
    uint64_t n_serials, random;
    struct memtrack_local_frame_ *stack;
    uintptr_t hook_frame; /* of the function that calls a hook now; 0: none does */
    int hook;             /* one more than the place of that hook */
    struct memtrack_local_known_ known[MEMTRACK_LOCAL_KNOWN_];
};

struct memtrack_local_hook_ {
    uint64_t number; /* which of all that were added; 0: it is not wanted any more */
    int is_leaving;  /* a thread was inside of it when it was removed, and nobody has asked since */
    memtrack_hook_t hook;
};

struct memtrack_local_event_ {
    uint64_t number; /* stored last; 0 while it is written */
    const char *name;
    uint64_t begin_ns, duration_ns;
    uint32_t thread_id;
};

struct memtrack_local_process_ {
    uint64_t generation, start_ns, n_threads;
    int pid, has_cpu;
    uint32_t one_in; /* scopes of threads, one of which is measured */
    struct memtrack_local_thread_ *threads, *next_look;
    struct memtrack_local_key_ *first, *last;
    struct memtrack_local_key_ *chain[MEMTRACK_LOCAL_CHAINS_];
    struct memtrack_local_group_ group[MEMTRACK_LOCAL_MAX_GROUPS_ + 1]; /* the last: caches */
    uint32_t n_groups;
    uint64_t dropped; /* scopes and values that found no room */
    uint64_t n_events;
    struct memtrack_local_event_ *events;
    char *arena;
    size_t arena_left;
    uint32_t n_keys;
    struct memtrack_local_figure_ *figures, *last_figure; /* memtrack/local_counters.h */
    struct memtrack_local_figure_ *figure_chain[MEMTRACK_LOCAL_CHAINS_];
    uint64_t hooks_added;
    uint32_t n_hooks;
    struct memtrack_local_hook_ hook[MEMTRACK_LOCAL_MAX_HOOKS_];
};

/* The page that a fork wipes. */
struct memtrack_local_page_ {
    struct memtrack_local_process_ *process;
    uintptr_t lock; /* who has it: the address of that thread's memtrack_local_mine_; 0: nobody */
};

struct memtrack_local_state_ {
    struct memtrack_local_page_ *page;
    uint64_t generations; /* processes that have been, from the first one on */
    int is_not_wiped;
};

extern struct memtrack_local_state_ memtrack_local_state_
    __attribute__((weak, visibility("default")));
struct memtrack_local_state_ memtrack_local_state_ = {NULL, 0, 0};

/* In glibc, the memory of a variable of a thread can be malloc's, if it is of an object that dlopen
 * has opened; not so with this model. musl has no such memory. */
#if defined(__GLIBC__)
#define MEMTRACK_LOCAL_THREAD_                                                                     \
    __attribute__((weak, visibility("default"), tls_model("initial-exec")))
#else
#define MEMTRACK_LOCAL_THREAD_ __attribute__((weak, visibility("default")))
#endif
/* With its last bit: it is being made, in this frame. */
extern __thread uintptr_t memtrack_local_mine_ MEMTRACK_LOCAL_THREAD_;
__thread uintptr_t memtrack_local_mine_ = 0;

/* Another thread may read while this one, which alone writes, stores. */
#define MEMTRACK_LOCAL_SET_(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#define MEMTRACK_LOCAL_GET_(place)        __atomic_load_n(&(place), __ATOMIC_RELAXED)
/* Whoever finds what was published finds it whole. */
#define MEMTRACK_LOCAL_PUBLISH_(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
#define MEMTRACK_LOCAL_FIND_(place)           __atomic_load_n(&(place), __ATOMIC_ACQUIRE)

/* ---- the process ----------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_lock_(struct memtrack_local_page_ *page) {
    uintptr_t nobody = 0;
    while (!__atomic_compare_exchange_n(&page->lock, &nobody, (uintptr_t)&memtrack_local_mine_, 0,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        nobody = 0;
        sched_yield();
    }
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_unlock_(struct memtrack_local_page_ *page) {
    __atomic_store_n(&page->lock, 0, __ATOMIC_RELEASE);
}

/* Returns zeroed memory that stays for the life of the process; NULL when there is none. The caller
 * has the lock. */
MEMTRACK_SYSTEM_FUNCTION_ void *memtrack_local_take_(struct memtrack_local_process_ *p,
                                                     size_t bytes) {
    char *place;
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > MEMTRACK_LOCAL_ARENA_BYTES_ / 4)
        return memtrack_system_pages_(bytes);
    if (bytes > p->arena_left) {
        place = (char *)memtrack_system_pages_(MEMTRACK_LOCAL_ARENA_BYTES_);
        if (!place)
            return NULL;
        p->arena = place;
        p->arena_left = MEMTRACK_LOCAL_ARENA_BYTES_;
    }
    place = p->arena;
    p->arena_left -= bytes;
    __atomic_signal_fence(
        __ATOMIC_SEQ_CST); /* left here, it is a little smaller than it could be */
    p->arena += bytes;
    return place;
}

/* Returns whether a variable of the environment is set, and not to 0. This is read once: getenv
 * does nothing that a signal handler may not. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_on_(const char *name) {
    const char *value = getenv(name);
    return value && *value && strcmp(value, "0") != 0;
}

/* Returns a number of the environment, from 1 to most; 1 when there is none. */
MEMTRACK_SYSTEM_FUNCTION_ uint32_t memtrack_local_number_(const char *name, uint32_t most) {
    const char *value = getenv(name);
    uint64_t number = 0;
    for (; value && *value >= '0' && *value <= '9'; value++)
        number = number > most ? number : number * 10 + (uint64_t)(*value - '0');
    return !value || *value || !number ? 1 : number > most ? most : (uint32_t)number;
}

/* Returns the page; NULL when there is no memory. */
MEMTRACK_LOCAL_ struct memtrack_local_page_ *memtrack_local_make_page_(void);
MEMTRACK_LOCAL_ struct memtrack_local_page_ *memtrack_local_make_page_(void) {
    struct memtrack_local_state_ *s = &memtrack_local_state_;
    struct memtrack_local_page_ *page, *none = NULL;
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
    int before = errno;
    page = (struct memtrack_local_page_ *)memtrack_system_pages_(bytes);
    if (!page)
        return NULL;
    if (memtrack_system_madvise_(page, bytes, MEMTRACK_SYSTEM_WIPE_ON_FORK_) != 0)
        s->is_not_wiped = 1;
    errno = before;
    if (__atomic_compare_exchange_n(&s->page, &none, page, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return page;
    memtrack_system_free_(page, bytes);
    return none;
}

/* Returns a new process, which knows of nothing. The caller has the lock. */
MEMTRACK_LOCAL_ struct memtrack_local_process_ *memtrack_local_make_process_(void);
MEMTRACK_LOCAL_ struct memtrack_local_process_ *memtrack_local_make_process_(void) {
    struct memtrack_local_process_ *p =
        (struct memtrack_local_process_ *)memtrack_system_pages_(sizeof *p);
    if (!p)
        return NULL;
    p->generation = ++memtrack_local_state_.generations;
    p->pid = (int)getpid();
    p->start_ns = memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_);
    p->has_cpu = memtrack_local_is_on_("MEMTRACK_SCOPE_CPU");
    p->one_in = memtrack_local_number_("MEMTRACK_SCOPE_SAMPLE", 1u << 20);
    p->n_groups = 1;
    return p;
}

/* Returns the process that runs now, or NULL when nothing has been made for it yet. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_process_ *memtrack_local_current_(void) {
    struct memtrack_local_page_ *page = MEMTRACK_LOCAL_FIND_(memtrack_local_state_.page);
    struct memtrack_local_process_ *p = page ? MEMTRACK_LOCAL_FIND_(page->process) : NULL;
    if (p && __builtin_expect(memtrack_local_state_.is_not_wiped, 0) && p->pid != (int)getpid())
        return NULL;
    return p;
}

/* Returns the process, which is made if there is none, with the lock; NULL without. */
MEMTRACK_LOCAL_ struct memtrack_local_process_ *memtrack_local_lock_process_(void);
MEMTRACK_LOCAL_ struct memtrack_local_process_ *memtrack_local_lock_process_(void) {
    struct memtrack_local_page_ *page = MEMTRACK_LOCAL_FIND_(memtrack_local_state_.page);
    struct memtrack_local_process_ *p;
    if (!page && !(page = memtrack_local_make_page_()))
        return NULL;
    if (memtrack_local_state_.is_not_wiped && MEMTRACK_LOCAL_FIND_(page->process) &&
        !memtrack_local_current_())
        memtrack_local_unlock_(page); /* the parent has it, and will not let it go here */
    memtrack_local_lock_(page);
    p = memtrack_local_current_();
    if (!p) {
        p = memtrack_local_make_process_();
        MEMTRACK_LOCAL_PUBLISH_(page->process, p);
    }
    if (!p)
        memtrack_local_unlock_(page);
    return p;
}

/* Counts something that found no room, so that it can be told. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_drop_(void) {
    struct memtrack_local_process_ *p = memtrack_local_current_();
    if (p)
        __atomic_fetch_add(&p->dropped, 1, __ATOMIC_RELAXED);
}

/* ---- threads --------------------------------------------------------------------------------- */

/* Returns whether a thread has ended; what it has written is then seen. The kernel orders this, and
 * the load says so to the compiler and to who looks for races. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_has_ended_(const struct memtrack_local_thread_ *t) {
    int tid = MEMTRACK_LOCAL_GET_(t->tid);
    return memtrack_usage_call_(SYS_tgkill, (long)getpid(), tid, 0, 0) == -ESRCH &&
           MEMTRACK_LOCAL_FIND_(t->busy) >= 0;
}

/* Ends what is open in a thread that has ended. The caller has the lock. */
MEMTRACK_LOCAL_ void memtrack_local_end_all_(struct memtrack_local_thread_ *t);

/* Returns the memory of a thread that has ended, or new memory. The caller has the lock. */
MEMTRACK_LOCAL_ struct memtrack_local_thread_ *
memtrack_local_find_thread_(struct memtrack_local_process_ *p);
MEMTRACK_LOCAL_ struct memtrack_local_thread_ *
memtrack_local_find_thread_(struct memtrack_local_process_ *p) {
    struct memtrack_local_thread_ *t;
    for (int i = 0; i < MEMTRACK_LOCAL_LOOKS_ && p->threads; i++) {
        t = p->next_look ? p->next_look : p->threads;
        p->next_look = t->next;
        if (memtrack_local_has_ended_(t)) {
            memtrack_local_end_all_(t);
            MEMTRACK_LOCAL_SET_(t->busy, 0); /* it may have ended inside, by a longjmp */
            MEMTRACK_LOCAL_SET_(t->hook, 0);
            t->hook_frame = 0;
            return t;
        }
        if (!t->next)
            break; /* all have been looked at, or the others were lately */
    }
    t = (struct memtrack_local_thread_ *)memtrack_local_take_(p, sizeof *t);
    if (t) {
        t->process = p;
        t->random = ++p->n_threads * UINT64_C(0x9E3779B97F4A7C15); /* never 0 */
        t->next = p->threads;
        MEMTRACK_LOCAL_PUBLISH_(p->threads, t);
    }
    return t;
}

/* Makes the calling thread known. Returns NULL when there is no memory. */
MEMTRACK_LOCAL_ struct memtrack_local_thread_ *memtrack_local_join_(uintptr_t frame);
MEMTRACK_LOCAL_ struct memtrack_local_thread_ *memtrack_local_join_(uintptr_t frame) {
    struct memtrack_local_process_ *p;
    struct memtrack_local_thread_ *t = NULL;
    memtrack_local_mine_ = frame | 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* a handler sees it before the lock is taken */
    if ((p = memtrack_local_lock_process_()) != NULL) {
        if ((t = memtrack_local_find_thread_(p)) != NULL)
            MEMTRACK_LOCAL_SET_(t->tid, (int)memtrack_usage_call_(SYS_gettid, 0, 0, 0, 0));
        memtrack_local_unlock_(memtrack_local_state_.page);
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    memtrack_local_mine_ = (uintptr_t)t;
    return t;
}

/* Returns whether a function of these, which was interrupted in that frame, has been left. What
 * interrupts it lies below it, and below what the kernel keeps of the registers, or is a handler on a
 * stack of its own; and a function of these that is called from the same place lies hardly lower. */
MEMTRACK_LOCAL_ int memtrack_local_is_left_(uintptr_t inside, uintptr_t frame);
MEMTRACK_LOCAL_ int memtrack_local_is_left_(uintptr_t inside, uintptr_t frame) {
    struct {
        void *where;
        int flags;
        size_t bytes;
    } stack = {NULL, 0, 0};
    if (frame + MEMTRACK_LOCAL_SIGNAL_FRAME_ < inside ||
        memtrack_usage_call_(SYS_sigaltstack, 0, (long)&stack, 0, 0) != 0 || (stack.flags & 1) != 0)
        return 0;
    if (MEMTRACK_LOCAL_GET_(memtrack_local_state_.page->lock) == (uintptr_t)&memtrack_local_mine_)
        memtrack_local_unlock_(memtrack_local_state_.page);
    return 1;
}

/* Returns the calling thread, which is inside from now on; NULL, and *why says it. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_thread_ *memtrack_local_enter_(int *why) {
    struct memtrack_local_thread_ *t = (struct memtrack_local_thread_ *)memtrack_local_mine_;
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    *why = -MEMTRACK_EBUSY;
    if ((uintptr_t)t & 1) {
        if (!memtrack_local_state_.page ||
            !memtrack_local_is_left_((uintptr_t)t & ~(uintptr_t)1, frame))
            return NULL;
        t = NULL;
    }
    if (!t || t->process != memtrack_local_current_()) {
        *why = -MEMTRACK_ELIMIT;
        if (!(t = memtrack_local_join_(frame)))
            return NULL;
    } else if (__builtin_expect(t->busy, 0) && !memtrack_local_is_left_(t->frame, frame)) {
        return NULL;
    }
    t->frame = frame;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    MEMTRACK_LOCAL_SET_(t->busy, 1);
    __atomic_signal_fence(__ATOMIC_SEQ_CST); /* a handler sees it before what follows */
    return t;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_leave_(struct memtrack_local_thread_ *t, int rc) {
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    MEMTRACK_LOCAL_PUBLISH_(t->busy, 0); /* for who takes over when this thread has ended */
    return rc;
}

/* ---- keys ------------------------------------------------------------------------------------ */

MEMTRACK_SYSTEM_FUNCTION_ uint32_t memtrack_local_hash_(const char *text, size_t length,
                                                        uint32_t group, uint32_t is_process) {
    uint32_t hash = 2166136261u ^ group * 2654435761u ^ is_process; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash ^ hash >> 15;
}

MEMTRACK_SYSTEM_FUNCTION_ size_t memtrack_local_length_(const char *text) {
    const void *end = memchr(text, 0, MEMTRACK_LOCAL_NAME_BYTES_);
    return end ? (size_t)((const char *)end - text) : (size_t)MEMTRACK_LOCAL_NAME_BYTES_;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_text_(const char *kept, const char *text) {
    return strncmp(kept, text, MEMTRACK_LOCAL_NAME_BYTES_) == 0;
}

/* Returns a copy of the first 255 bytes, or NULL. The caller has the lock. */
MEMTRACK_SYSTEM_FUNCTION_ const char *memtrack_local_copy_(struct memtrack_local_process_ *p,
                                                           const char *text) {
    size_t length = memtrack_local_length_(text);
    char *copy = (char *)memtrack_local_take_(p, length + 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_key_ *
memtrack_local_find_key_(struct memtrack_local_process_ *p, uint32_t hash, uint32_t group,
                         uint32_t is_process, const char *name) {
    struct memtrack_local_key_ *key = MEMTRACK_LOCAL_FIND_(p->chain[hash % MEMTRACK_LOCAL_CHAINS_]);
    while (key && (key->hash != hash || key->group != group || key->is_process != is_process ||
                   !memtrack_local_is_text_(key->text, name)))
        key = MEMTRACK_LOCAL_FIND_(key->same_hash);
    return key;
}

/* The caller has the lock, and has found that there is none. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_key_ *
memtrack_local_add_key_(struct memtrack_local_process_ *p, uint32_t hash, uint32_t group,
                        uint32_t is_process, const char *name) {
    struct memtrack_local_key_ *key =
        (struct memtrack_local_key_ *)memtrack_local_take_(p, sizeof *key);
    struct memtrack_local_key_ **chain = &p->chain[hash % MEMTRACK_LOCAL_CHAINS_];
    if (!key || !(key->text = memtrack_local_copy_(p, name)))
        return NULL;
    key->hash = hash;
    key->group = group;
    key->is_process = is_process;
    key->number = ++p->n_keys;
    key->same_hash = *chain;
    MEMTRACK_LOCAL_PUBLISH_(*chain, key);
    MEMTRACK_LOCAL_PUBLISH_(*(p->last ? &p->last->next : &p->first), key);
    p->last = key;
    return key;
}

/* Makes the record of a thread for a name. Returns NULL when there is no memory. */
MEMTRACK_LOCAL_ struct memtrack_local_record_ *
memtrack_local_add_record_(struct memtrack_local_thread_ *t, uint32_t hash, uint32_t group,
                           uint32_t is_process, const char *name);
MEMTRACK_LOCAL_ struct memtrack_local_record_ *
memtrack_local_add_record_(struct memtrack_local_thread_ *t, uint32_t hash, uint32_t group,
                           uint32_t is_process, const char *name) {
    struct memtrack_local_process_ *p = t->process;
    struct memtrack_local_record_ *r = NULL;
    struct memtrack_local_key_ *key;
    memtrack_local_lock_(memtrack_local_state_.page);
    key = memtrack_local_find_key_(p, hash, group, is_process, name);
    if (!key)
        key = memtrack_local_add_key_(p, hash, group, is_process, name);
    if (key && (r = (struct memtrack_local_record_ *)memtrack_local_take_(p, sizeof *r))) {
        r->key = key;
        r->owner = t;
        r->epoch = p->group[group].epoch;
        r->value[0].max = r->value[1].max = INT64_MIN;
        r->value[0].min = r->value[1].min = INT64_MAX;
        r->next = key->records;
        MEMTRACK_LOCAL_PUBLISH_(key->records, r);
    }
    memtrack_local_unlock_(memtrack_local_state_.page);
    return r;
}

/* Returns the record of a thread for a name. NULL: there is no room. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_record_ *
memtrack_local_find_record_(struct memtrack_local_thread_ *t, uint32_t group, uint32_t is_process,
                            const char *name) {
    struct memtrack_local_known_ *known =
        &t->known[((uintptr_t)name >> 3 ^ group * 7u ^ is_process) % MEMTRACK_LOCAL_KNOWN_];
    struct memtrack_local_record_ *r = known->record;
    struct memtrack_local_key_ *key;
    uint32_t hash;
    if (r && known->name == name && r->key->group == group && r->key->is_process == is_process &&
        memtrack_local_is_text_(r->key->text, name))
        return r;
    hash = memtrack_local_hash_(name, memtrack_local_length_(name), group, is_process);
    key = memtrack_local_find_key_(t->process, hash, group, is_process, name);
    for (r = key ? MEMTRACK_LOCAL_FIND_(key->records) : NULL; r && r->owner != t;)
        r = r->next;
    if (!r)
        r = memtrack_local_add_record_(t, hash, group, is_process, name);
    if (r) {
        known->name = name;
        known->record = r;
    }
    return r;
}

#ifdef __cplusplus
}
#endif

#endif
