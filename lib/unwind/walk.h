/* SPDX-License-Identifier: MIT */
/*
 * The incremental stack walk. A thread keeps its last stack; a new walk unwinds from the inside and
 * stops as soon as it meets a frame of that stack that is the same and whose outer frames still are
 * where they were.
 *
 * Why this is exact: a frame's state is (pc, sp, rbp), and what a real unwind does next depends on
 * that state and on the memory that its rule reads, nothing else. If the state equals a kept
 * frame's and that memory still holds the same words, the next state is the same; by induction all
 * outer ones are. So the outer frames are compared, one or two words each, not unwound, and the
 * first difference ends the comparison. No stack contents are trusted that an unwind would not have
 * read in the same place.
 *
 * rbp is a general register in most code. Whether any outer frame depends on it is known from the
 * rules (MT_FRAME_NEEDS_BP), and only then is it compared.
 *
 * Owner thread only; callable inside malloc and in signal handlers; no lock, no allocation.
 */
#ifndef MT_UNWIND_WALK_H
#define MT_UNWIND_WALK_H

#include "unwind/rules.h"
#include "unwind/stack.h"

/* In mt_frame.rare, bits 0..15 say where rbp of the next outer frame is: at its slot + 8 + 8 *
 * bp_word. 0 means that it is not compared. */
enum {
    MT_FRAME_BP_WORD = 0xffff,
    MT_FRAME_RESTEP = 1 << 16,
    MT_FRAME_RARE = MT_FRAME_BP_WORD | MT_FRAME_RESTEP,
    MT_FRAME_NEEDS_BP = 1 << 17,
    MT_FRAME_PLAIN =
        1 << 18, /* from here outwards every step is compared by its return address alone */
};

struct mt_walk_frame {
    uint64_t slot; /* where the return address is: state.sp - 8 */
    uint64_t pc;   /* as in mt_frame_state */
    uint64_t bp;
    uint32_t node; /* the caller's name for the path from the outermost frame to here */
    uint32_t rare;
};

/* This is the rule of an address that this thread has met lately. */
struct mt_edge {
    uint64_t pc;
    mt_rule rule;
};

struct mt_fresh_frame {
    struct mt_frame_state state;
    mt_rule rule;
};

enum mt_walk_end {
    MT_END_RULE,  /* the CFI says that this is the outermost frame */
    MT_END_ZERO,  /* return address 0 */
    MT_END_LOST,  /* cannot be followed further: truncated */
    MT_END_LIMIT, /* max_frames: truncated */
};

enum {
    MT_FOUND_CHAIN = 1,
    MT_FOUND_CODE = 2,
    MT_FOUND_KEEPS_CODE = 4 /* what is found out is wanted again before the walk ends */
};
enum { MT_EDGES_BITS = 10, MT_EDGES = 1 << MT_EDGES_BITS };
struct mt_stack {
    struct mt_stack_map map;
    uint32_t n_frames; /* of the kept stack; frame[0] is the outermost */
    uint32_t cut_root; /* the parent of frame[0] when end is MT_END_LIMIT */
    uint32_t max_frames;
    enum mt_walk_end end;
    /* What steps through code without CFI have found out, MT_FOUND_…; 0 between two walks. */
    uint32_t found;
    uint32_t chain_left; /* so many records of the chain, from chain_bp on, lead to known code */
    uint64_t chain_bp;
    struct mt_stack_range code; /* whole pages of code that can be read */
    bool met_passing; /* since the last reset the walk has met code that can be unloaded, or none */
    struct mt_walk_frame
        *frame; /* max_frames, and before them a frame that ends the search for a slot */
    struct mt_fresh_frame *fresh; /* max_frames, innermost first */
    struct mt_edge edge[MT_EDGES];
};

/* Returns the child of node parent for an address with its rule; or for MT_WALK_MISSING | n with a
 * rule of the module MT_WALK_CUT, the root of the paths that lack n frames. */
typedef uint32_t (*mt_walk_child)(void *context, uint32_t parent, uint64_t pc, mt_rule rule);
enum { MT_WALK_CUT = 0x7ffc };
/* Counts from the first on are rounded down to five digits of two, and none is above the second. */
enum { MT_WALK_ROUNDED = 256, MT_WALK_MOST_MISSING = 4096 };
#define MT_WALK_MISSING (UINT64_C(1) << 60) /* no address has this bit */

/* Forgets the kept stack and the edges. */
MT_HIDDEN void mt_walk_reset(struct mt_stack *s);

/* Looks the rule of pc up for edge. */
MT_HIDDEN void mt_walk_learn(struct mt_stack *s, struct mt_edge *edge, uint64_t pc);

/* Does mt_stack_locate for a walk, which may learn more about the thread's own stack from the
 * walk before. */
MT_HIDDEN void mt_walk_locate(struct mt_stack *s, uint64_t sp);

/* Takes the steps that the fast path leaves out. Returns false when the walk ends; *end says
 * why. */
MT_HIDDEN bool mt_walk_step_slow(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state,
                                 enum mt_walk_end *end);

/* These are parts of mt_walk_verify and return what it does: for a deep stack that is plain, for
 * the own stack with steps that are not plain, and for all the rest, on other stacks too. */
MT_HIDDEN const struct mt_walk_frame *mt_walk_verify_deep(const struct mt_walk_frame *first,
                                                          const struct mt_walk_frame *inner);
MT_HIDDEN const struct mt_walk_frame *mt_walk_verify_mixed(struct mt_stack *s,
                                                           const struct mt_walk_frame *inner);
MT_HIDDEN const struct mt_walk_frame *mt_walk_verify_rare(struct mt_stack *s,
                                                          const struct mt_walk_frame *inner);

/* Returns whether the walk still ends at the outermost frame, and for the same reason. */
MT_HIDDEN bool mt_walk_ends_alike(struct mt_stack *s);

/* Does the whole walk without any cache, for comparison: writes up to max addresses, innermost
 * first, into pc. Returns the count. */
MT_HIDDEN uint32_t mt_walk_plain(struct mt_stack *s, struct mt_frame_state state, uint64_t *pc,
                                 uint32_t max);

/* Counts the frames beyond the limit without any cache; 0 when there are none, or when they cannot
 * be followed to the stack's end. */
MT_HIDDEN uint32_t mt_walk_plain_missing(struct mt_stack *s, struct mt_frame_state state);

/* Returns whether the kept stack is as the comments here say. The memory with which it is
 * compared is not looked at. For the unit tests, and where the recorder checks itself. */
MT_HIDDEN bool mt_walk_check(const struct mt_stack *s);

static inline mt_rule mt_walk_rule(struct mt_stack *s, uint64_t pc) {
    struct mt_edge *edge = &s->edge[(pc * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - MT_EDGES_BITS)];
    if (mt_unlikely(edge->pc != pc))
        mt_walk_learn(s, edge, pc);
    return edge->rule;
}

/*
 * Sets state to the caller's state. Returns false when the walk ends; *end says why. A return
 * address of 0 is found by the next step.
 *
 * This is only for what is on the thread's own stack, above where it stands: between state->sp and
 * map.now.high, which is 0 elsewhere. (What MT_RULE_SP reads is in its frame: see rule.h.)
 */
static inline bool mt_walk_step(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state,
                                enum mt_walk_end *end) {
    enum mt_rule_kind kind = mt_rule_kind_of(rule);
    uint64_t cfa;
    if (mt_likely(kind == MT_RULE_SP)) {
        cfa = state->sp +
              (uint64_t)mt_rule_cfa_offset(rule); /* the offset is positive, and sp aligned */
        if (mt_unlikely(cfa > s->map.now.high))
            return mt_walk_step_slow(s, rule, state, end);
    } else if (kind == MT_RULE_BP) {
        cfa = state->bp + (uint64_t)mt_rule_cfa_offset(rule);
        if (mt_unlikely(cfa <= state->sp || cfa > s->map.now.high || (cfa & 7) ||
                        cfa + (uint64_t)mt_rule_bp_offset(rule) < state->sp))
            return mt_walk_step_slow(s, rule, state, end);
    } else {
        return mt_walk_step_slow(s, rule, state, end);
    }
    int64_t bp_offset = mt_rule_bp_offset(rule);
    if (bp_offset)
        state->bp = *(const uint64_t *)(cfa + (uint64_t)bp_offset);
    state->pc = mt_arch_code(*(const uint64_t *)(cfa - MT_ARCH_RA_BELOW));
    state->sp = cfa;
    return true;
}

static inline bool mt_walk_same_bp(const struct mt_walk_frame *inner,
                                   const struct mt_walk_frame *outer) {
    int16_t word = (int16_t)(inner->rare & MT_FRAME_BP_WORD);
    return word == 0 || ((const uint64_t *)outer->slot)[1 + word] == outer->bp;
}

static inline uint64_t mt_walk_difference(const struct mt_walk_frame *f) {
    return mt_arch_code(*(const uint64_t *)f->slot) ^ f->pc;
}

/*
 * Compares outwards from a frame whose state is known to hold. Returns NULL when everything holds,
 * else the outermost frame that does.
 *
 * On the thread's own stack (map.quick is 0 elsewhere) the frames outside of inner are on it too,
 * as far as plain steps lead, because no plain step leaves it (walk.c).
 */
static inline const struct mt_walk_frame *mt_walk_verify(struct mt_stack *s,
                                                         const struct mt_walk_frame *inner) {
    const struct mt_walk_frame *first = s->frame;
    if (mt_unlikely(s->map.quick == 0))
        return mt_walk_verify_rare(s, inner);
    if (mt_unlikely(!(inner->rare & MT_FRAME_PLAIN)))
        return mt_walk_verify_mixed(s, inner);
    if (mt_unlikely(inner - first >= MT_STACK_QUICK))
        inner = mt_walk_verify_deep(first, inner);
    for (; inner != first; inner--)
        if (mt_unlikely(mt_walk_difference(inner - 1) != 0))
            return inner;
    if (mt_unlikely(s->end != MT_END_RULE) && !mt_walk_ends_alike(s))
        return first;
    return NULL;
}

static inline uint32_t mt_walk_rare(mt_rule rule, bool outer_needs_bp) {
    enum mt_rule_kind kind = mt_rule_kind_of(rule);
    if (mt_likely(kind == MT_RULE_SP && !outer_needs_bp))
        return 0;
    bool simple = kind == MT_RULE_SP || kind == MT_RULE_BP;
    bool needs_bp = mt_rule_uses_bp(rule) || (outer_needs_bp && !mt_rule_reloads_bp(rule));
    return (outer_needs_bp && simple ? (uint16_t)(mt_rule_bp_offset(rule) / 8) : 0u) |
           (simple ? 0 : MT_FRAME_RESTEP) | (needs_bp ? MT_FRAME_NEEDS_BP : 0);
}

/* Marks all frames anew with MT_FRAME_PLAIN, which the outermost has in any case, because
 * nothing is compared beyond it. */
MT_HIDDEN void mt_walk_mark(struct mt_stack *s);

static inline uint32_t mt_walk_plain_beyond(uint32_t rare, uint32_t outer) {
    return rare & MT_FRAME_RARE ? 0 : outer & MT_FRAME_PLAIN;
}

struct mt_walk_result {
    uint32_t n_kept, n_fresh;
};

/* Unwinds until it meets the kept stack or the stack ends. s->fresh[0 .. n_fresh), innermost
 * first, then goes on top of s->frame[0 .. n_kept). Kept frames from below on are known to
 * differ further out. */
static inline __attribute__((always_inline)) struct mt_walk_result
mt_walk_fresh(struct mt_stack *s, struct mt_frame_state state, const struct mt_walk_frame *below) {
    const struct mt_walk_frame *first = s->frame;
    const struct mt_walk_frame *f =
        first + s->n_frames - 1; /* first - 1 ends the search, because its slot is above all */
    struct mt_fresh_frame *fresh = s->fresh, *limit = fresh + s->max_frames;
    enum mt_walk_end end = MT_END_LIMIT;
    while (mt_likely(fresh != limit)) {
        uint64_t slot = state.sp - MT_ARCH_RA_BELOW;
        while (f->slot < slot)
            f--;
        if (f->slot == slot && f->pc == state.pc && f < below &&
            (f->bp == state.bp || !(f->rare & MT_FRAME_NEEDS_BP))) {
            const struct mt_walk_frame *broken = mt_walk_verify(s, f);
            if (mt_likely(broken == NULL))
                return (struct mt_walk_result){(uint32_t)(f - first) + 1,
                                               (uint32_t)(fresh - s->fresh)};
            below = broken;
        }
        mt_rule rule = mt_walk_rule(s, state.pc);
        fresh->state.pc = state.pc;
        fresh->state.sp = state.sp;
        fresh->state.bp = state.bp;
        fresh->rule = rule;
        fresh++;
        if (mt_unlikely(!mt_walk_step(s, rule, &state, &end)))
            break;
    }
    if (end == MT_END_ZERO && fresh != s->fresh)
        fresh--; /* the frame with return address 0 is no frame */
    s->end = end;
    return (struct mt_walk_result){0, (uint32_t)(fresh - s->fresh)};
}

/* Walks anew when the kept stack is the innermost part of a deeper one, which this one does not
 * continue. Counts what lies beyond the limit, and sets s->cut_root to the root of paths that lack
 * so many frames, or to truncated_root. */
MT_HIDDEN struct mt_walk_result mt_walk_limited(struct mt_stack *s, struct mt_frame_state state,
                                                struct mt_walk_result r, mt_walk_child child,
                                                void *context, uint32_t truncated_root);

/* Returns whether f, the innermost kept frame, is where the walk begins. */
static inline bool mt_walk_begins_at(const struct mt_walk_frame *f, struct mt_frame_state state) {
    return f->slot == state.sp - MT_ARCH_RA_BELOW && f->pc == state.pc &&
           (f->bp == state.bp || !(f->rare & MT_FRAME_NEEDS_BP));
}

/*
 * Walks the stack from state (where the hook returns to) and returns the node of the whole path.
 * child names nodes. root is the parent of the outermost frame, and truncated_root is that for a
 * walk that did not reach the stack's end.
 */
static inline __attribute__((always_inline)) uint32_t
mt_walk(struct mt_stack *s, struct mt_frame_state state, mt_walk_child child, void *context,
        uint32_t root, uint32_t truncated_root) {
    if (mt_unlikely(!mt_stack_contains(&s->map, state.sp)))
        mt_walk_locate(s, state.sp);
    const struct mt_walk_frame *top = s->frame + s->n_frames - 1, *below = s->frame + s->max_frames;
    if (mt_walk_begins_at(top, state) && mt_likely(s->end != MT_END_LIMIT)) {
        below = mt_walk_verify(s, top);
        if (mt_likely(below == NULL))
            return top->node;
    }
    struct mt_walk_result r = mt_walk_fresh(s, state, below);
    uint32_t marks = 0;
    if (mt_unlikely(s->end == MT_END_LIMIT || r.n_kept + r.n_fresh > s->max_frames)) {
        r = mt_walk_limited(s, state, r, child, context, truncated_root);
        truncated_root = s->cut_root;
        if (s->end == MT_END_LIMIT) /* the frames that are counted may depend on it */
            marks = MT_FRAME_NEEDS_BP;
    }
    struct mt_walk_frame *frame = s->frame + r.n_kept;
    uint32_t node = s->end >= MT_END_LOST ? truncated_root : root;
    if (mt_likely(r.n_kept)) {
        node = frame[-1].node;
        marks = frame[-1].rare;
    }
    s->n_frames = r.n_kept + r.n_fresh;
    for (const struct mt_fresh_frame *fresh = s->fresh + r.n_fresh; fresh-- != s->fresh; frame++) {
        frame->slot = fresh->state.sp - MT_ARCH_RA_BELOW;
        frame->pc = fresh->state.pc;
        frame->bp = fresh->state.bp;
        uint32_t rare = mt_walk_rare(fresh->rule, marks & MT_FRAME_NEEDS_BP);
        marks = rare | mt_walk_plain_beyond(rare, marks);
        node = child(context, node, fresh->state.pc, fresh->rule);
        frame->node = node;
        frame->rare = marks;
    }
    if (mt_unlikely(r.n_kept == 0))
        mt_walk_mark(s);
    return node;
}

#endif
