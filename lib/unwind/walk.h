/* SPDX-License-Identifier: MIT */
/*
 * The incremental stack walk. A thread keeps its last stack; a new walk unwinds from the inside and stops as soon as
 * it meets a frame of that stack that is the same and whose outer frames still are where they were.
 *
 * Why this is exact: a frame's state is (pc, sp, rbp), and what a real unwind does next depends on that state and on
 * the memory that its rule reads, nothing else. If the state equals a kept frame's and that memory still holds the
 * same words, the next state is the same; by induction all outer ones are. So the outer frames are compared, one or
 * two words each, not unwound, and the first difference ends the comparison. No stack contents are trusted that an
 * unwind would not have read in the same place.
 *
 * rbp is a general register in most code. Whether any outer frame depends on it is known from the rules
 * (MT_FRAME_NEEDS_BP), and only then is it compared.
 *
 * Owner thread only; callable inside malloc and in signal handlers; no lock, no allocation.
 */
#ifndef MT_UNWIND_WALK_H
#define MT_UNWIND_WALK_H

#include "unwind/rules.h"
#include "unwind/stack.h"

enum { MT_FRAME_NEEDS_BP = 1, MT_FRAME_RESTEP = 2 };

struct mt_frame {
    uint64_t slot; /* where the return address lies: state.sp - 8 */
    uint64_t pc;   /* as in mt_frame_state */
    uint64_t bp;
    uint32_t node;   /* the caller's name for the path from the outermost frame to here */
    int16_t bp_word; /* rbp of the next outer frame lies at its slot + 8 + 8 * bp_word; 0: not compared */
    uint16_t flags;
};

/* Rule and last known place in the tree of an address, so that neither is looked up again for a familiar frame. */
struct mt_edge {
    uint64_t pc;
    mt_rule rule;
    uint32_t parent, node;
};

struct mt_fresh_frame {
    struct mt_frame_state state;
    struct mt_edge *edge;
};

enum mt_walk_end {
    MT_END_RULE,  /* the CFI says that this is the outermost frame */
    MT_END_ZERO,  /* return address 0 */
    MT_END_LOST,  /* cannot be followed further: truncated */
    MT_END_LIMIT, /* max_frames: truncated */
};

enum { MT_EDGES_BITS = 10, MT_EDGES = 1 << MT_EDGES_BITS };

struct mt_stack {
    struct mt_stack_map map;
    uint32_t n_frames; /* of the kept stack; frame[0] is the outermost */
    uint32_t max_frames;
    enum mt_walk_end end;
    struct mt_frame *frame;       /* max_frames */
    struct mt_fresh_frame *fresh; /* max_frames, innermost first */
    struct mt_edge edge[MT_EDGES];
};

/* The child of node parent for address edge->pc; may use and update edge->parent and edge->node. */
typedef uint32_t (*mt_walk_child)(void *context, uint32_t parent, struct mt_edge *edge);

/* Forget the kept stack and the edges. */
MT_HIDDEN void mt_stack_reset(struct mt_stack *s);

/* Steps that the fast path leaves out. False: the walk ends, *end says why. */
MT_HIDDEN bool mt_walk_step_slow(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state, enum mt_walk_end *end);
/* Whether frame[i - 1] is still what frame[i] leads to (i = 0: whether the walk still ends there). */
MT_HIDDEN bool mt_walk_restep(struct mt_stack *s, uint32_t i);

/* The whole walk without any cache, for comparison: up to max addresses innermost first into pc. Returns the count. */
MT_HIDDEN uint32_t mt_walk_plain(struct mt_stack *s, struct mt_frame_state state, uint64_t *pc, uint32_t max);

static inline struct mt_edge *mt_walk_edge(struct mt_stack *s, uint64_t pc) {
    struct mt_edge *edge = &s->edge[(pc * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - MT_EDGES_BITS)];
    if (mt_unlikely(edge->pc != pc)) {
        edge->rule = mt_rules_find(pc);
        edge->parent = UINT32_MAX;
        edge->pc = pc;
    }
    return edge;
}

/* state := the caller's state. False: the walk ends, *end says why. */
static inline bool mt_walk_step(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state, enum mt_walk_end *end) {
    enum mt_rule_kind kind = mt_rule_kind_of(rule);
    uint64_t base;
    if (mt_likely(kind == MT_RULE_SP))
        base = state->sp;
    else if (kind == MT_RULE_BP)
        base = state->bp;
    else
        return mt_walk_step_slow(s, rule, state, end);
    uint64_t cfa = base + (uint64_t)mt_rule_cfa_offset(rule);
    if (mt_unlikely(cfa <= state->sp || cfa > s->map.now.high || (cfa & 7)))
        return mt_walk_step_slow(s, rule, state, end);
    int64_t bp_offset = mt_rule_bp_offset(rule);
    if (bp_offset)
        state->bp = *(const uint64_t *)(cfa + (uint64_t)bp_offset);
    state->pc = *(const uint64_t *)(cfa - 8);
    state->sp = cfa;
    if (mt_unlikely(state->pc == 0)) {
        *end = MT_END_ZERO;
        return false;
    }
    return true;
}

/* Compare outwards from frame[j], whose state is known to hold. Returns -1 when everything holds, else the index of
 * the outermost frame that does. */
static inline int32_t mt_walk_verify(struct mt_stack *s, int32_t j) {
    for (int32_t i = j; i > 0; i--) {
        const struct mt_frame *inner = &s->frame[i], *outer = inner - 1;
        if (mt_unlikely(inner->flags & MT_FRAME_RESTEP)) {
            if (!mt_walk_restep(s, (uint32_t)i))
                return i;
            continue;
        }
        if (*(const uint64_t *)outer->slot != outer->pc)
            return i;
        if (inner->bp_word && ((const uint64_t *)outer->slot)[1 + inner->bp_word] != outer->bp)
            return i;
    }
    if (mt_unlikely(s->end != MT_END_RULE) && !mt_walk_restep(s, 0))
        return 0;
    return -1;
}

static inline void mt_walk_keep(struct mt_frame *frame, const struct mt_fresh_frame *fresh, bool outer_needs_bp) {
    mt_rule rule = fresh->edge->rule;
    enum mt_rule_kind kind = mt_rule_kind_of(rule);
    bool simple = kind == MT_RULE_SP || kind == MT_RULE_BP;
    bool needs_bp = mt_rule_uses_bp(rule) || (outer_needs_bp && !mt_rule_reloads_bp(rule));
    frame->slot = fresh->state.sp - 8;
    frame->pc = fresh->state.pc;
    frame->bp = fresh->state.bp;
    frame->bp_word = outer_needs_bp && simple ? (int16_t)(mt_rule_bp_offset(rule) / 8) : 0;
    frame->flags = (uint16_t)((needs_bp ? MT_FRAME_NEEDS_BP : 0) | (simple ? 0 : MT_FRAME_RESTEP));
}

struct mt_walk_result {
    uint32_t n_kept, n_fresh;
};

/* Unwind until the kept stack is met or the stack ends: s->fresh[0 .. n_fresh), innermost first, goes on top of
 * s->frame[0 .. n_kept). */
static inline struct mt_walk_result mt_walk_fresh(struct mt_stack *s, struct mt_frame_state state) {
    int32_t j = (int32_t)s->n_frames - 1;
    int32_t below = INT32_MAX; /* frames from here on are known to differ further out */
    uint32_t n = 0;
    enum mt_walk_end end = MT_END_LIMIT;
    for (;;) {
        uint64_t slot = state.sp - 8;
        while (j >= 0 && s->frame[j].slot < slot)
            j--;
        if (j >= 0 && j < below) {
            const struct mt_frame *f = &s->frame[j];
            if (f->slot == slot && f->pc == state.pc && (f->bp == state.bp || !(f->flags & MT_FRAME_NEEDS_BP))) {
                below = mt_walk_verify(s, j);
                if (below < 0)
                    return (struct mt_walk_result){(uint32_t)j + 1, n};
            }
        }
        if (mt_unlikely(n == s->max_frames)) {
            end = MT_END_LIMIT;
            break;
        }
        struct mt_edge *edge = mt_walk_edge(s, state.pc);
        s->fresh[n].state = state;
        s->fresh[n].edge = edge;
        n++;
        if (!mt_walk_step(s, edge->rule, &state, &end))
            break;
    }
    s->end = end;
    return (struct mt_walk_result){0, n};
}

/*
 * Walk the stack from state (where the hook returns to) and return the node of the whole path. child names nodes;
 * root is the parent of the outermost frame, truncated_root the same for a walk that did not reach the stack's end.
 */
static inline __attribute__((always_inline)) uint32_t mt_walk(struct mt_stack *s, struct mt_frame_state state,
                                                              mt_walk_child child, void *context, uint32_t root,
                                                              uint32_t truncated_root) {
    if (mt_unlikely(!mt_stack_contains(&s->map, state.sp)))
        mt_stack_locate(&s->map, state.sp);
    struct mt_walk_result r = mt_walk_fresh(s, state);
    uint32_t total = r.n_kept + r.n_fresh;
    if (mt_unlikely(r.n_kept && (total > s->max_frames || (s->end == MT_END_LIMIT && total != s->max_frames)))) {
        s->n_frames = 0; /* the innermost max_frames of another depth: not a continuation of the kept stack */
        r = mt_walk_fresh(s, state);
        total = r.n_fresh;
    }
    uint32_t node = s->end >= MT_END_LOST ? truncated_root : root;
    bool needs_bp = false;
    if (r.n_kept) {
        node = s->frame[r.n_kept - 1].node;
        needs_bp = s->frame[r.n_kept - 1].flags & MT_FRAME_NEEDS_BP;
    }
    for (uint32_t i = r.n_kept; i < total; i++) {
        const struct mt_fresh_frame *fresh = &s->fresh[total - 1 - i];
        struct mt_frame *frame = &s->frame[i];
        mt_walk_keep(frame, fresh, needs_bp);
        needs_bp = frame->flags & MT_FRAME_NEEDS_BP;
        node = child(context, node, fresh->edge);
        frame->node = node;
    }
    s->n_frames = total;
    return node;
}

#endif
