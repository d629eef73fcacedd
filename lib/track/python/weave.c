/* SPDX-License-Identifier: MIT */
/*
 * As with the native stack, the frames of the last path are kept, and from where the list of frames
 * meets one of them they are compared, not taken anew. All of them are, at each event: a generator
 * may be resumed by somebody else, so that the inner frames are the same says nothing of the outer
 * ones. What is inside of the innermost evaluation is native again; its node is found by the two
 * nodes that it lies between.
 */
#include "track/python/weave.h"

#include "base/pages.h"
#include "track/python/chain.h"
#include "track/python/code.h"
#include "track/tables/paths.h"

/* As in mt_paths_leaf, tells an address of a node from one of code where no module is compared. */
#define NO_ADDRESS (UINT64_C(1) << 61)

static size_t part_bytes(uint32_t frames) {
    return sizeof(struct mt_python_part) +
           frames * (sizeof(struct mt_python_frame) + sizeof(struct mt_python_kept));
}

static uint32_t frames_of(const struct mt_thread *t) {
    return 2 * t->stack.max_frames; /* frames of C between evaluations are in the list as well */
}

static struct mt_python_part *part_of(struct mt_thread *t) {
    if (mt_likely(t->python != NULL))
        return t->python;
    uint32_t frames = frames_of(t);
    struct mt_python_part *p = mt_pages_new(part_bytes(frames));
    if (p == NULL)
        return NULL;
    p->max_frames = frames;
    p->now = (struct mt_python_frame *)(p + 1);
    p->kept = (struct mt_python_kept *)(p->now + frames);
    return t->python = p;
}

void mt_python_weave_free(struct mt_thread *t) {
    if (t->python != NULL)
        mt_pages_unmap(t->python, part_bytes(frames_of(t)));
    t->python = NULL;
}

void mt_python_weave_forget(struct mt_thread *t) {
    struct mt_python_part *p = t->python;
    if (p == NULL)
        return;
    p->n_kept = 0;
    p->state = 0;
    for (uint32_t i = 0; i < MT_PYTHON_PAGES; i++)
        p->page[i] = 0;
    for (uint32_t i = 0; i < MT_PYTHON_PLACES; i++)
        p->place[i].code = 0;
    for (uint32_t i = 0; i < MT_PYTHON_WOVEN; i++)
        p->woven[i].base = 0;
}

/* ---- pieces of the native stack -------------------------------------------------------------- */

/* Tells whether an address lies in what the frame with this index has of the stack. */
static bool lies_in(const struct mt_stack *s, uint32_t index, uint64_t address) {
    return s->frame[index].slot < address && (index == 0 || s->frame[index - 1].slot > address);
}

/* Returns the index of the native frame, from first on inwards, in which an evaluation has begun;
 * n_frames when there is none. What is outside of the outermost known frame counts as in it. */
static uint32_t frame_of(const struct mt_stack *s, uint32_t first, uint64_t evaluation) {
    while (first < s->n_frames && s->frame[first].slot >= evaluation)
        first++;
    return first;
}

/* Returns the node of the native path that is outside of the frame with this index. */
static mt_node_id outside_of(const struct mt_stack *s, uint32_t index) {
    return index == 0 ? mt_paths_parent(s->frame[0].node) : s->frame[index - 1].node;
}

static mt_node_id put_native(struct mt_thread *t, mt_node_id base, uint32_t first, uint32_t end) {
    struct mt_stack *s = &t->stack;
    for (; first < end; first++) {
        uint64_t pc = s->frame[first].pc;
        base = mt_paths_child(&t->paths, base, pc, mt_walk_rule(s, pc));
    }
    return base;
}

/* Returns the node of the native frames from first on and before end, on top of base, in which the
 * frames outside of first are already. */
static mt_node_id on_top(struct mt_thread *t, mt_node_id base, uint32_t first, uint32_t end) {
    const struct mt_stack *s = &t->stack;
    if (first >= end)
        return base;
    mt_node_id leaf = s->frame[end - 1].node;
    if (base == outside_of(s, first)) /* there is no Python in it */
        return leaf;
    uint64_t h = ((uint64_t)base << 32 | leaf) * UINT64_C(0x9E3779B97F4A7C15);
    struct mt_python_woven *known = &t->python->woven[h >> (64 - MT_PYTHON_WOVEN_BITS)];
    if (mt_likely(known->base == base && known->leaf == leaf))
        return known->node;
    mt_node_id node = put_native(t, base, first, end);
    if (node != MT_NODE_LOSSY)
        *known = (struct mt_python_woven){base, leaf, node};
    return node;
}

static mt_node_id put_python(struct mt_thread *t, mt_node_id node, uint64_t address) {
    if (address == 0)
        return node; /* the frame is only being made */
    return mt_paths_child(&t->paths, node, address | NO_ADDRESS, (mt_rule)MT_NODE_MODULE_CODE << 5);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Tells whether the evaluations of the kept frames that are taken as they were still are in the
 * same frames of C. */
static bool is_native_same(const struct mt_thread *t) {
    const struct mt_stack *s = &t->stack;
    const struct mt_python_part *p = t->python;
    for (uint32_t n = p->n_same; n != 0;) {
        const struct mt_python_kept *kept = &p->kept[p->kept[n - 1].evaluation];
        if (kept->index >= s->n_frames || outside_of(s, kept->index) != kept->native ||
            !lies_in(s, kept->index, kept->was.evaluation))
            return false;
        n = (uint32_t)(kept - p->kept);
    }
    return true;
}

struct end {
    mt_node_id node; /* of the path so far */
    uint32_t index;  /* of the outermost native frame that is not in it */
};

/* Goes up to the native frame of an evaluation. Returns false when it is not on this stack. */
static bool go_to(struct mt_thread *t, struct end *end, uint64_t evaluation) {
    uint32_t index = frame_of(&t->stack, end->index, evaluation);
    if (index == t->stack.n_frames)
        return false;
    *end = (struct end){on_top(t, end->node, end->index, index), index};
    return true;
}

/* Puts a frame on top of what there is, and keeps it as the i-th. Returns false when it could not be
 * read. */
static bool put(struct mt_thread *t, struct end *end, const struct mt_python_frame *now,
                uint32_t i) {
    uint64_t address = mt_python_code_place(t->python, now->code, now->instruction);
    end->node = put_python(t, end->node, address);
    if (address == MT_NODE_UNREAD || end->node == MT_NODE_LOSSY)
        return false;
    struct mt_python_kept *kept = &t->python->kept[i];
    *kept = (struct mt_python_kept){.was = *now,
                                    .identity = mt_python_code_identity(now->code),
                                    .node = end->node,
                                    .evaluation =
                                        now->evaluation != 0 || i == 0 ? i : kept[-1].evaluation,
                                    .native = outside_of(&t->stack, end->index),
                                    .index = end->index};
    return true;
}

static mt_node_id weave(struct mt_thread *t, bool is_whole) {
    struct mt_python_part *p = t->python;
    struct end end = {outside_of(&t->stack, 0), 0};
    p->n_kept = p->n_same;
    if (p->n_kept != 0)
        end = (struct end){p->kept[p->n_kept - 1].node, p->kept[p->n_kept - 1].index};
    if (!is_whole)
        end = (struct end){put_python(t, outside_of(&t->stack, 1), MT_NODE_UNREAD), 1};
    for (uint32_t left = p->n_now; left != 0; left--) {
        const struct mt_python_frame *now = &p->now[left - 1];
        if (now->evaluation != 0 && !go_to(t, &end, now->evaluation)) {
            is_whole = false;
            break;
        }
        is_whole &= put(t, &end, now, p->n_kept);
        p->n_kept += is_whole;
    }
    t->bank->rare.unread_code += !is_whole;
    return on_top(t, end.node, end.index, t->stack.n_frames);
}

mt_node_id mt_python_weave(struct mt_thread *t, mt_node_id native) {
    if (native == MT_NODE_LOSSY || t->stack.n_frames == 0 || part_of(t) == NULL)
        return native;
    struct mt_python_part *p = t->python;
    bool is_whole = mt_python_chain_read(p, false);
    if (p->n_same != 0 && !is_native_same(t))
        is_whole = mt_python_chain_read(p, true);
    return (p->n_now | p->n_same) == 0 && is_whole ? native : weave(t, is_whole);
}
