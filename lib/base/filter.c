/* SPDX-License-Identifier: MIT */
/*
 * A filter is a program for a small machine (Linux, Documentation/userspace-api/seccomp_filter.rst;
 * McCanne and Jacobson, "The BSD packet filter", 1993): an accumulator, an index register and 16
 * words, jumps that only go forwards, and an answer at the end. To try a call out could be fatal,
 * so the filter is run here, on the number of each call that the recorder makes. The arguments are
 * not known: what depends on one has two ways, and a call is allowed when all ways end in "allow".
 * A refusal with an error would do no harm; it counts as a refusal here, since the call is worth
 * nothing then.
 *
 * The steps and the depth are bounded; a filter that needs more allows nothing.
 */
#include "base/filter.h"

#include "base/pages.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
enum { ARCHITECTURE = (int)AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { ARCHITECTURE = (int)AUDIT_ARCH_AARCH64 };
#endif
enum {
    MOST_STEPS = 20000,
    MOST_DEPTH = 32,
    MEMORY = BPF_MEMWORDS,
    A = MEMORY,
    X = MEMORY + 1,
    REGISTERS
};

/* What is known of the 16 words of memory and of the registers A and X. */
struct machine {
    uint32_t value[REGISTERS];
    uint32_t unknown; /* a bit for each of the words */
};

struct run {
    const struct sock_filter *code;
    uint32_t n, number;
    int steps, depth;
};

static void set(struct machine *m, uint32_t which, uint32_t value, bool is_unknown) {
    m->value[which] = value;
    m->unknown = (m->unknown & ~(1u << which)) | (uint32_t)is_unknown << which;
}

static bool is_unknown(const struct machine *m, uint32_t which) {
    return m->unknown >> which & 1;
}

static void load(const struct run *r, struct machine *m, uint32_t offset) {
    if (offset == offsetof(struct seccomp_data, nr))
        set(m, A, r->number, false);
    else if (offset == offsetof(struct seccomp_data, arch))
        set(m, A, (uint32_t)ARCHITECTURE, false);
    else
        set(m, A, 0, true);
}

/* Returns false when there is no such operation. */
static bool calculate(struct machine *m, const struct sock_filter *f) {
    bool by_x = BPF_SRC(f->code) == BPF_X;
    uint32_t a = m->value[A], b = by_x ? m->value[X] : f->k;
    bool unknown = is_unknown(m, A) || (by_x && BPF_OP(f->code) != BPF_NEG && is_unknown(m, X));
    switch (BPF_OP(f->code)) {
    case BPF_ADD:
        a += b;
        break;
    case BPF_SUB:
        a -= b;
        break;
    case BPF_MUL:
        a *= b;
        break;
    case BPF_AND:
        a &= b;
        break;
    case BPF_OR:
        a |= b;
        break;
    case BPF_XOR:
        a ^= b;
        break;
    case BPF_LSH:
        a = b < 32 ? a << b : 0;
        break;
    case BPF_RSH:
        a = b < 32 ? a >> b : 0;
        break;
    case BPF_NEG:
        a = 0 - a;
        break;
    default: /* no filter has been seen to divide */
        return false;
    }
    set(m, A, a, unknown);
    return true;
}

static bool holds(uint16_t code, uint32_t a, uint32_t b) {
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == b;
    case BPF_JGT:
        return a > b;
    case BPF_JGE:
        return a >= b;
    default: /* BPF_JSET */
        return (a & b) != 0;
    }
}

static bool allows_from(struct run *r, struct machine m, uint32_t at);

/* Returns where to go on. That is r->n, the end, where nothing is allowed, when the way that is
 * not taken here is refused. */
static uint32_t jump(struct run *r, const struct machine *m, const struct sock_filter *f,
                     uint32_t next) {
    bool by_x = BPF_SRC(f->code) == BPF_X;
    if (BPF_OP(f->code) == BPF_JA)
        return f->k < r->n ? next + f->k : r->n;
    if (!is_unknown(m, A) && !(by_x && is_unknown(m, X)))
        return next + (holds(f->code, m->value[A], by_x ? m->value[X] : f->k) ? f->jt : f->jf);
    if (f->jt != f->jf && !allows_from(r, *m, next + f->jt))
        return r->n;
    return next + f->jf;
}

/* Runs loads and stores. Returns false for one that no filter may have. */
static bool move(const struct run *r, struct machine *m, const struct sock_filter *f) {
    uint32_t to = BPF_CLASS(f->code) == BPF_LD || BPF_CLASS(f->code) == BPF_ST ? A : X;
    if (BPF_CLASS(f->code) == BPF_ST || BPF_CLASS(f->code) == BPF_STX) {
        if (f->k < (uint32_t)MEMORY)
            set(m, f->k, m->value[to], is_unknown(m, to));
        return f->k < (uint32_t)MEMORY;
    }
    switch (BPF_MODE(f->code)) {
    case BPF_ABS:
        load(r, m, f->k);
        return to == (uint32_t)A;
    case BPF_IMM:
        set(m, to, f->k, false);
        return true;
    case BPF_LEN:
        set(m, to, sizeof(struct seccomp_data), false);
        return true;
    case BPF_MEM:
        if (f->k < (uint32_t)MEMORY)
            set(m, to, m->value[f->k], is_unknown(m, f->k));
        return f->k < (uint32_t)MEMORY;
    default:
        return false;
    }
}

static bool answers_allow(const struct machine *m, const struct sock_filter *f) {
    bool by_a = BPF_RVAL(f->code) == BPF_A;
    uint32_t answer = by_a ? m->value[A] : f->k;
    uint32_t action = answer & SECCOMP_RET_ACTION_FULL;
    return !(by_a && is_unknown(m, A)) &&
           (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG);
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by MOST_DEPTH */
static bool allows_from(struct run *r, struct machine m, uint32_t at) {
    bool allowed = false, goes_on = r->depth < MOST_DEPTH;
    r->depth++;
    while (goes_on && at < r->n && r->steps++ < MOST_STEPS) {
        const struct sock_filter *f = &r->code[at++];
        switch (BPF_CLASS(f->code)) {
        case BPF_RET:
            allowed = answers_allow(&m, f);
            goes_on = false;
            break;
        case BPF_JMP:
            at = jump(r, &m, f, at);
            break;
        case BPF_ALU:
            goes_on = calculate(&m, f);
            break;
        case BPF_MISC:
            if (BPF_MISCOP(f->code) == BPF_TAX)
                set(&m, X, m.value[A], is_unknown(&m, A));
            else
                set(&m, A, m.value[X], is_unknown(&m, X));
            break;
        default:
            goes_on = move(r, &m, f);
        }
    }
    r->depth--;
    return allowed;
}

static bool allows(const struct sock_filter *code, uint32_t n, long number) {
    struct run r = {.code = code, .n = n, .number = (uint32_t)number};
    return allows_from(&r, (struct machine){.unknown = 0}, 0);
}

static uint64_t judge(const struct sock_filter *code, uint32_t n) {
    uint64_t denied = MT_OS_ALL_CALLS;
#define JUDGE(name, whose)                                                                         \
    if (allows(code, n, SYS_##name))                                                               \
        denied &= ~mt_os_bit(SYS_##name);
    MT_OS_CALLS(JUDGE)
#undef JUDGE
    return denied;
}

uint64_t mt_filter_denies(const struct sock_fprog *filter) {
    struct sock_fprog copy = {0};
    uint64_t denied = MT_OS_ALL_CALLS;
    if (!mt_os_copy(&copy, filter, sizeof copy) || copy.len == 0 || copy.len > BPF_MAXINSNS)
        return denied;
    struct sock_filter *code =
        mt_pages_new(BPF_MAXINSNS * sizeof *code); /* the caller's stack may be small */
    if (code == NULL)
        return denied;
    if (mt_os_copy(code, copy.filter, copy.len * sizeof *code))
        denied = judge(code, copy.len);
    mt_pages_unmap(code, BPF_MAXINSNS * sizeof *code);
    return denied;
}
