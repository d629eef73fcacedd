/* SPDX-License-Identifier: MIT */
/*
 * The rule cache: open addressing over (pc, rule) pairs, grown by doubling. An entry is published
 * by storing the rule and then the pc with release order; entries are never changed, only forgotten
 * with the table. A table that has been replaced is discarded, not unmapped: a thread still probing
 * it reads zeros, which is a miss.
 *
 * There are two caches. Rules of code that stays until the process ends, which is nearly all, are
 * in one that forgets nothing. Those of code that can be unloaded, and of addresses where there is
 * none now, are in the other. A rule in it is good for one generation, and forgetting is to count
 * the generations: that needs no lock and cannot fail. Two tables take turns there, so that a
 * program that unloads code all day does not grow.
 *
 * What must not happen: a rule that was computed before code went is found after other code has
 * come. So one is inserted only in the generation in which its computation began, and not at all
 * while code is being unloaded.
 *
 * The tables are private memory: a fork child inherits them, and its modules are its parent's.
 */
#include "unwind/rules.h"

#include "base/lock.h"
#include "base/pages.h"

struct entry {
    uint64_t pc; /* 0: empty */
    mt_rule rule;
};
struct table {
    uint32_t bits;
    uint32_t used;
    uint64_t generation; /* all rules of the table are of this generation */
    struct entry entry[];
};
struct cache {
    struct table *current;
    struct table *spare; /* the table before, which is used again in the next generation but one */
};
enum { FIRST_BITS = 11, LAST_BITS = 24, MAX_PROBES = 16 };

static struct cache staying, passing;
static uint64_t staying_generation, passing_generation;
static uint32_t unloading; /* threads that unload code now */
static struct mt_lock lock;
static mt_module_finder find_module;

void mt_rules_init(mt_module_finder finder) {
    find_module = finder;
    lock = (struct mt_lock){0};
    unloading = 0; /* the thread that did this has not been forked, or has begun anew */
}

static size_t table_bytes(uint32_t bits) {
    return sizeof(struct table) + (sizeof(struct entry) << bits);
}

static uint64_t home(uint64_t pc, uint32_t bits) {
    return (pc * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - bits);
}

static bool insert(struct table *t, uint64_t pc, mt_rule rule) {
    uint64_t mask = (UINT64_C(1) << t->bits) - 1, i = home(pc, t->bits);
    for (int probe = 0; probe < MAX_PROBES; probe++, i = (i + 1) & mask) {
        if (t->entry[i].pc == pc)
            return true;
        if (t->entry[i].pc == 0) {
            mt_store_relaxed(&t->entry[i].rule, rule);
            mt_store_release(&t->entry[i].pc, pc); /* acquire: its rule is there */
            t->used++;
            return true;
        }
    }
    return false;
}

static struct table *new_table(uint32_t bits, uint64_t now) {
    struct table *t = bits <= LAST_BITS ? mt_pages_new(table_bytes(bits)) : NULL;
    if (t != NULL) {
        t->bits = bits;
        t->generation = now;
    }
    return t;
}

/* To be called under the lock. */
static struct table *enlarge(struct cache *c) {
    struct table *old = c->current, *t = new_table(old->bits + 1, old->generation);
    if (t == NULL)
        return old;
    for (uint64_t i = 0; i < UINT64_C(1) << old->bits; i++)
        if (old->entry[i].pc != 0)
            insert(t, old->entry[i].pc, old->entry[i].rule);
    mt_store_release(&c->current, t); /* release: with all its entries */
    mt_pages_discard((char *)old + MT_OS_PAGE, table_bytes(old->bits) - MT_OS_PAGE);
    return t;
}

/* A thread that is still probing t has had a whole generation to finish, and finds whole entries
 * in any case. */
static void wipe(struct table *t) {
    for (uint64_t i = 0; i < UINT64_C(1) << t->bits; i++)
        mt_store_relaxed(&t->entry[i].pc, 0); /* relaxed: the fence orders all of them */
    /* An entry becomes empty before it gets another rule. */
    mt_fence_release();
    t->used = 0;
}

/* Returns the table for rules of this generation, or NULL. To be called under the lock. */
static struct table *table_of(struct cache *c, uint64_t now) {
    struct table *old = c->current, *t = c->spare;
    if (old != NULL && old->generation == now)
        return old;
    if (t == NULL || old == NULL || t->bits != old->bits)
        t = new_table(old != NULL ? old->bits : FIRST_BITS, now);
    else
        wipe(t);
    if (t == NULL)
        return NULL;
    mt_store_relaxed(&t->generation, now); /* current, below, publishes it */
    c->spare = old;
    mt_store_release(&c->current, t); /* the table is empty, and of this generation */
    return t;
}

/* Acquire: whoever sees a generation sees that the code of the generation before has gone. */
static uint64_t generation_of(const struct cache *c) {
    return mt_load_acquire(c == &staying ? &staying_generation : &passing_generation);
}

/* began is the generation in which the rule was not yet being computed. */
static void remember(struct cache *c, uint64_t began, uint64_t pc, mt_rule rule) {
    if (!mt_lock_try(&lock, MT_RANK_RULES))
        return;
    struct table *t = began == generation_of(c) ? table_of(c, began) : NULL;
    if (t != NULL && (t->used * 2 > 1u << t->bits || !insert(t, pc, rule)))
        insert(enlarge(c), pc, rule);
    mt_lock_release(&lock, MT_RANK_RULES);
}

/* Returns whether the instruction before pc is a direct call of what is at pc. */
static bool calls_what_follows(uint64_t pc) {
    enum { CALL = 0xe8, CALL_BYTES = 5 };
    const uint8_t *p = (const uint8_t *)pc - CALL_BYTES;
    return mt_os_is_readable(pc - CALL_BYTES, pc) && p[0] == CALL &&
           (p[1] | p[2] | p[3] | p[4]) == 0;
}

/*
 * A stack that somebody has built ends with the address of a function where none was called:
 * makecontext's start, or abort in many coroutine libraries. There is no call before the first byte
 * of a function, unless the function before it ends with a call that does not return. In libc this
 * is so of abort, by chance; but then abort itself would be further in, and it allocates nothing.
 */
static bool is_built(const struct mt_cfi *cfi, uint64_t pc, mt_rule rule) {
    if (!mt_cfi_begins(cfi, pc))
        return false;
    return rule == MT_RULE_NONE || calls_what_follows(pc);
}

/* module is what find_module returned. */
static mt_rule compute(uint64_t pc, uint32_t *module) {
    struct mt_cfi cfi = {NULL, 0, 0};
    uint64_t address = (pc & MT_PC_EXACT) ? (pc & ~MT_PC_EXACT) : pc - 1;
    *module = find_module(address, &cfi);
    mt_rule rule = mt_cfi_rule(&cfi, pc);
    if (rule == MT_RULE_NONE && (*module & MT_MODULE_LOADER))
        rule = MT_RULE_END;
    if (!(pc & MT_PC_EXACT) && is_built(&cfi, pc, rule))
        rule = MT_RULE_END;
    return rule | (uint64_t)(*module & MT_MODULE_ID) << 5;
}

mt_rule mt_rules_compute(uint64_t pc) {
    uint32_t module;
    return compute(pc, &module);
}

static bool look_up(const struct cache *c, uint64_t now, uint64_t pc, mt_rule *rule) {
    const struct table *t = mt_load_acquire(&c->current);    /* release: with what was in it */
    if (t == NULL || mt_load_relaxed(&t->generation) != now) /* relaxed: it only ever grows */
        return false;
    uint64_t mask = (UINT64_C(1) << t->bits) - 1, i = home(pc, t->bits);
    for (int probe = 0; probe < MAX_PROBES; probe++, i = (i + 1) & mask) {
        uint64_t found = mt_load_acquire(&t->entry[i].pc); /* release: with its rule */
        if (found == pc) {
            /* Relaxed: a later generation comes with the wiped pc, see wipe. */
            *rule = mt_load_acquire(&t->entry[i].rule);
            return mt_likely(mt_load_relaxed(&t->entry[i].pc) == pc);
        }
        if (found == 0)
            return false;
    }
    return false;
}

bool mt_rules_peek(uint64_t pc, mt_rule *rule) {
    if (look_up(&staying, generation_of(&staying), pc, rule))
        return true;
    return !mt_rules_are_unloading() && look_up(&passing, generation_of(&passing), pc, rule);
}

mt_rule mt_rules_look_up(uint64_t pc, bool *stays) {
    mt_rule rule;
    uint64_t stay = generation_of(&staying), pass = generation_of(&passing);
    if (pc == 0) { /* an empty entry has this */
        *stays = true;
        return MT_RULE_NONE;
    }
    *stays = look_up(&staying, stay, pc, &rule);
    if (*stays)
        return rule;
    bool is_certain = !mt_rules_are_unloading();
    if (is_certain && look_up(&passing, pass, pc, &rule))
        return rule;
    uint32_t module;
    rule = compute(pc, &module);
    *stays = (module & MT_MODULE_STAYS) != 0;
    if (*stays)
        remember(&staying, stay, pc, rule);
    else if (is_certain)
        remember(&passing, pass, pc, rule);
    return rule;
}

/* Acquire and release: the change comes after what was unloaded, and before what is computed
 * from now on. */
void mt_rules_forget(void) {
    mt_add_both(&passing_generation, 1);
}

void mt_rules_forget_all(void) {
    mt_add_both(&staying_generation, 1);
    mt_rules_forget();
}

bool mt_rules_are_unloading(void) {
    /* When the unloading is over, so are the loader's changes. */
    return mt_load_acquire(&unloading) != 0;
}

void mt_rules_begin_unloading(void) {
    mt_add_both(&unloading, 1); /* this is seen before the loader unmaps anything */
    mt_rules_forget();
}

void mt_rules_end_unloading(void) {
    mt_rules_forget();
    uint32_t n = mt_load_relaxed(&unloading); /* relaxed: it will be compared again */
    while (n != 0 && !mt_replace_both(&unloading, &n, n - 1))
        ;
}

bool mt_rules_slow_step(struct mt_frame_state *state, struct mt_stack_map *map) {
    struct mt_cfi cfi = {NULL, 0, 0};
    find_module((state->pc & ~MT_PC_EXACT) - 1, &cfi);
    return mt_cfi_step(&cfi, state, map);
}

/* ---- the walker ------------------------------------------------------------------------------ */

static bool check_table(const struct table *t) {
    uint64_t used = 0, mask = (UINT64_C(1) << t->bits) - 1;
    for (uint64_t i = 0; i <= mask; i++) {
        uint64_t pc = t->entry[i].pc, distance = 0;
        if (pc == 0)
            continue;
        used++;
        for (uint64_t at = home(pc, t->bits); at != i; at = (at + 1) & mask, distance++)
            if (t->entry[at].pc == 0 || t->entry[at].pc == pc || distance == MAX_PROBES)
                return false;
    }
    return used == t->used;
}

bool mt_rules_check(void) {
    if (!mt_lock_acquire(&lock, MT_RANK_RULES))
        return true;
    bool good = true;
    for (const struct cache *c = &staying; c != NULL; c = c == &staying ? &passing : NULL)
        good &= c->current == NULL || (c->current != c->spare && check_table(c->current) &&
                                       c->current->generation <= generation_of(c));
    mt_lock_release(&lock, MT_RANK_RULES);
    return good;
}
