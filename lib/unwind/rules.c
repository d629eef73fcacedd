/* SPDX-License-Identifier: MIT */
/*
 * The rule cache: open addressing over (pc, rule) pairs, grown by doubling. An entry is published by storing the rule
 * and then the pc with release order; entries are never changed, only forgotten with the table. A table that has been
 * replaced is discarded, not unmapped: a thread still probing it reads zeros, which is a miss.
 *
 * The table is private memory: a fork child inherits it, and its modules are its parent's.
 */
#include "unwind/rules.h"

#include "base/lock.h"
#include "unwind/cfi.h"

struct entry {
    uint64_t pc; /* 0: empty */
    mt_rule rule;
};
struct table {
    uint32_t bits;
    uint32_t used;
    struct entry entry[];
};
enum { FIRST_BITS = 11, LAST_BITS = 24, MAX_PROBES = 16 };

static struct table *current;
static struct table *spare; /* in force before the last mt_rules_forget */
static struct mt_lock lock;
static mt_module_finder find_module;

void mt_rules_init(mt_module_finder finder) {
    find_module = finder;
    lock = (struct mt_lock){0};
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
            t->entry[i].rule = rule;
            __atomic_store_n(&t->entry[i].pc, pc, __ATOMIC_RELEASE);
            t->used++;
            return true;
        }
    }
    return false;
}

static struct table *replace_table(uint32_t bits) {
    struct table *old = current;
    struct table *t = bits <= LAST_BITS ? mt_os_private(table_bytes(bits)) : NULL;
    if (t == NULL)
        return old;
    t->bits = bits;
    if (old != NULL)
        for (uint64_t i = 0; i < UINT64_C(1) << old->bits; i++)
            if (old->entry[i].pc != 0)
                insert(t, old->entry[i].pc, old->entry[i].rule);
    __atomic_store_n(&current, t, __ATOMIC_RELEASE);
    if (old != NULL)
        mt_os_discard((char *)old + MT_OS_PAGE, table_bytes(old->bits) - MT_OS_PAGE);
    return t;
}

static void remember(uint64_t pc, mt_rule rule) {
    if (!mt_lock_try(&lock, MT_RANK_RULES))
        return;
    struct table *t = current;
    if (t == NULL)
        t = replace_table(FIRST_BITS);
    if (t != NULL && (t->used * 2 > 1u << t->bits || !insert(t, pc, rule))) {
        t = replace_table(t->bits + 1);
        insert(t, pc, rule);
    }
    mt_lock_release(&lock, MT_RANK_RULES);
}

mt_rule mt_rules_compute(uint64_t pc) {
    const uint8_t *header = NULL;
    uint64_t address = (pc & MT_PC_EXACT) ? (pc & ~MT_PC_EXACT) : pc - 1;
    uint32_t module = find_module(address, &header);
    mt_rule rule = header != NULL ? mt_cfi_rule(header, pc) : MT_RULE_NONE;
    if (rule == MT_RULE_NONE && (module & MT_MODULE_LOADER))
        rule = MT_RULE_END;
    /* No call lies before the first byte of a function: a stack that somebody has built (makecontext) ends there. */
    if (rule == MT_RULE_NONE && header != NULL && mt_cfi_rule(header, pc | MT_PC_EXACT) != MT_RULE_NONE)
        rule = MT_RULE_END;
    return rule | (uint64_t)(module & 0x7fff) << 5;
}

mt_rule mt_rules_find(uint64_t pc) {
    struct table *t = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
    if (t != NULL) {
        uint64_t mask = (UINT64_C(1) << t->bits) - 1, i = home(pc, t->bits);
        for (int probe = 0; probe < MAX_PROBES; probe++, i = (i + 1) & mask) {
            uint64_t found = __atomic_load_n(&t->entry[i].pc, __ATOMIC_ACQUIRE);
            if (found == pc) {
                mt_rule rule = __atomic_load_n(&t->entry[i].rule, __ATOMIC_ACQUIRE);
                if (mt_likely(__atomic_load_n(&t->entry[i].pc, __ATOMIC_RELAXED) == pc))
                    return rule;
                break;
            }
            if (found == 0)
                break;
        }
    }
    mt_rule rule = mt_rules_compute(pc);
    remember(pc, rule);
    return rule;
}

static void wipe(struct table *t) {
    for (uint64_t i = 0; i < UINT64_C(1) << t->bits; i++)
        __atomic_store_n(&t->entry[i].pc, 0, __ATOMIC_RELAXED);
    t->used = 0;
}

/* Two tables take turns, so that a program that unloads code all day does not grow: a thread that is still probing
 * the older one has had from one dlclose to the next to finish, and finds whole entries in any case. */
void mt_rules_forget(void) {
    if (!mt_lock_acquire(&lock, MT_RANK_RULES))
        return;
    struct table *old = current, *next = spare;
    if (old != NULL) {
        if (next == NULL || next->bits != old->bits) {
            next = mt_os_private(table_bytes(old->bits));
            if (next != NULL)
                next->bits = old->bits;
        } else {
            wipe(next);
        }
        spare = old;
        __atomic_store_n(&current, next, __ATOMIC_RELEASE);
    }
    mt_lock_release(&lock, MT_RANK_RULES);
}

bool mt_rules_slow_step(struct mt_frame_state *state, struct mt_stack_map *map) {
    const uint8_t *header = NULL;
    find_module((state->pc & ~MT_PC_EXACT) - 1, &header);
    return header != NULL && mt_cfi_step(header, state, map);
}
