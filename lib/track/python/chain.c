/* SPDX-License-Identifier: MIT */
/*
 * The thread's state is what the interpreter's own key of thread-specific data holds for this
 * thread, and it says of which thread it is. From there the frames are a list, innermost first.
 *
 *   3.11    state ─► cframe ─► frame ─► … ─► frame (is_entry) ─► frame ─► …
 *                      │  each evaluation has a cframe on its C stack
 *                      └► cframe ─► …
 *   3.12    state ─► [cframe ─►] frame ─► … ─► frame ─► frame of C ─► frame ─► …
 *                                               on the C stack of the evaluation ┘
 *
 * A call of Python by Python makes a frame within the same evaluation (a frame of C, the function
 * _PyEval_EvalFrameDefault), so where an evaluation began on the C stack is what places its frames
 * among those of C; by that no function has to be recognised.
 *
 * The list is the interpreter's own, at whatever moment: a frame is linked when it is whole, and
 * while it is linked it stays where it is. What is read is believed when it is aligned and there;
 * of a frame its owner, of its code its type (code.c). Nothing is followed for ever.
 *
 * Rejected: _Py_tss_tstate, which is empty while a thread does without the interpreter's lock, as
 * it does in much that allocates; the current thread in the runtime, which is another one's then;
 * the list of all threads, which another one may be changing.
 */
#include "track/python/chain.h"

#include "track/python/code.h"

enum owner { OWNED_BY_THREAD, OWNED_BY_GENERATOR, OWNED_BY_OBJECT, OWNED_BY_C };

enum {
    MOST_KEYS = 1024,
    SEARCHED_BYTES = 8192,
    FRAME_BYTES = 72,
    MOST_STEPS = 1 << 17,
    CUT_FRAMES = 256 /* so many frames, the innermost, are left of a list that is too long */
};

/* Weak: before glibc 2.34 the first of them is in libpthread, which a program may do without. */
extern void *pthread_getspecific(unsigned key) __attribute__((weak));
extern unsigned long pthread_self(void) __attribute__((weak));

/* ---- the thread's state ---------------------------------------------------------------------- */

static bool is_state(struct mt_python_part *p, uint64_t state) {
    uint64_t thread;
    if (mt_likely(state == p->state && state != 0)) /* it has been looked at */
        return mt_python_memory_word(state + mt_python.at.thread.thread_id) == pthread_self();
    return state != 0 && mt_python_memory_load(p, state + mt_python.at.thread.thread_id, &thread) &&
           thread == pthread_self() && (state & 7) == 0 && mt_python_memory_is_there(p, state, 8);
}

/* Returns the thread's state by the key that is at an offset of the runtime, or 0. */
static uint64_t state_by(struct mt_python_part *p, uint32_t offset) {
    uint64_t word;
    uint64_t at = mt_python.runtime + offset;
    if (offset + sizeof word > mt_python.runtime_bytes || (at & 7) != 0 ||
        (p->state == 0 && !mt_python_memory_is_there(p, at, sizeof word)))
        return 0;
    word = mt_python_memory_word(at);
    uint32_t is_made = (uint32_t)word, key = (uint32_t)(word >> 32);
    if (is_made != 1 || key >= MOST_KEYS)
        return 0;
    uint64_t state = (uint64_t)pthread_getspecific(key);
    return is_state(p, state) ? state : 0;
}

/* Looks for the key where it is not known to be, for the layout of the runtime changes between
 * releases of one version. The more often that was in vain, the more seldom it is tried. */
static uint64_t search(struct mt_python_part *p) {
    uint32_t n = p->n_misses++;
    if ((n & (n - 1)) != 0 || n < 64)
        return 0;
    for (uint32_t offset = 0; offset < SEARCHED_BYTES; offset += 8) {
        uint64_t state = state_by(p, offset);
        if (state != 0) {
            mt_store_relaxed(&mt_python.at.key, (uint16_t)offset); /* nothing lies behind it */
            return state;
        }
    }
    return 0;
}

static uint64_t find_state(struct mt_python_part *p) {
    if (pthread_getspecific == NULL || pthread_self == NULL)
        return 0;
    uint64_t state = state_by(p, mt_load_relaxed(&mt_python.at.key));
    if (mt_unlikely(state == 0 && p->state == 0))
        state = search(p);
    if (state != 0)
        p->state = state;
    return state;
}

/* ---- the frames ------------------------------------------------------------------------------ */

struct walk {
    struct mt_python_part *p;
    uint64_t frame, cframe;
    uint32_t n; /* frames so far, of which those from begin on are of an evaluation that goes on */
    uint32_t begin;
    bool is_cut; /* there are more frames than there is room for, and the list is only followed to
                    where the evaluation began */
};

static bool begin_walk(struct walk *w, uint64_t state) {
    const struct mt_python_layout *at = &mt_python.at;
    if (at->thread.cframe == 0)
        return mt_python_memory_load(w->p, state + at->thread.frame, &w->frame);
    return mt_python_memory_load(w->p, state + at->thread.cframe, &w->cframe) &&
           mt_python_memory_load(w->p, w->cframe + at->thread.cframe_frame, &w->frame);
}

static void end_evaluation(struct walk *w, uint64_t at) {
    if (w->n > w->begin)
        w->p->now[w->n - 1].evaluation = at;
    w->begin = w->n;
}

static void add(struct walk *w, enum owner owner) {
    const struct mt_python_layout *at = &mt_python.at;
    w->p->now[w->n++] = (struct mt_python_frame){
        .frame = w->frame,
        .code = mt_python_memory_word(w->frame + at->frame.code),
        .instruction = (mt_python_memory_word(w->frame + at->frame.instruction) & ~UINT64_C(1)) |
                       (owner == OWNED_BY_GENERATOR),
    };
}

/* Takes a frame and goes on to the next outer one. Returns false when that is none. */
static inline bool step(struct walk *w) {
    const struct mt_python_layout *at = &mt_python.at;
    if ((w->frame & 7) != 0 || !mt_python_memory_is_there(w->p, w->frame, FRAME_BYTES))
        return false;
    enum owner owner = *(const uint8_t *)(w->frame + at->frame.owner);
    if (owner == OWNED_BY_C && at->frame.is_entry == 0) {
        end_evaluation(w, w->frame);
    } else if (owner <= OWNED_BY_OBJECT) {
        w->is_cut |= w->n == w->p->max_frames;
        if (!w->is_cut)
            add(w, owner);
    } else {
        return false;
    }
    if (at->frame.is_entry != 0 && *(const uint8_t *)(w->frame + at->frame.is_entry) != 0) {
        end_evaluation(w, w->cframe);
        if (!mt_python_memory_load(w->p, w->cframe + at->thread.cframe_previous, &w->cframe))
            return false;
    }
    w->frame = mt_python_memory_word(w->frame + at->frame.previous);
    return !(w->is_cut && w->begin == w->n);
}

/* Leaves the innermost frames of a list that is too long. The outermost of them is where its
 * evaluation is. */
static void leave_innermost(struct mt_python_part *p) {
    uint32_t i = CUT_FRAMES - 1;
    if (p->n_now <= CUT_FRAMES)
        return;
    while (p->now[i].evaluation == 0)
        i++;
    p->now[CUT_FRAMES - 1].evaluation = p->now[i].evaluation;
    p->n_now = CUT_FRAMES;
}

/* ---- what has been kept ---------------------------------------------------------------------- */

static inline uint64_t word_at(uint64_t frame, uint16_t offset) {
    return mt_python_memory_word(frame + offset);
}

static inline bool is_entry(uint64_t frame) {
    return *(const uint8_t *)(frame + mt_python.at.frame.is_entry) != 0;
}

/* Tells whether a frame, which lies where the kept one lay, is still the same, at the same
 * instruction. */
static inline bool is_same(const struct mt_python_kept *kept) {
    const struct mt_python_layout *at = &mt_python.at;
    const struct mt_python_frame *was = &kept->was;
    uint64_t is_generator = *(const uint8_t *)(was->frame + at->frame.owner) == OWNED_BY_GENERATOR;
    return word_at(was->frame, at->frame.code) == was->code &&
           ((word_at(was->frame, at->frame.instruction) & ~UINT64_C(1)) | is_generator) ==
               was->instruction &&
           mt_python_code_identity(was->code) == kept->identity;
}

/* Returns the frame outside of a kept one, which is as it was; UINT64_MAX when the evaluation began
 * elsewhere. */
static inline uint64_t outer_of(const struct mt_python_kept *kept, uint64_t *cframe) {
    const struct mt_python_layout *at = &mt_python.at;
    const struct mt_python_frame *was = &kept->was;
    uint64_t outer = word_at(was->frame, at->frame.previous);
    if (at->frame.is_entry != 0) {
        if (is_entry(was->frame) != (was->evaluation != 0) ||
            (was->evaluation != 0 && was->evaluation != *cframe))
            return UINT64_MAX;
        if (was->evaluation != 0)
            *cframe = word_at(*cframe, at->thread.cframe_previous);
        return outer;
    }
    if (was->evaluation == 0)
        return outer;
    return outer == was->evaluation ? word_at(outer, at->frame.previous) : UINT64_MAX;
}

/* Tells whether the i-th kept frame, and all outside of it, are linked as they were. All of it is
 * read where it was read before, and where the list leads now. */
static bool are_same(const struct walk *w, uint32_t i) {
    uint64_t cframe = w->cframe;
    for (const struct mt_python_kept *kept = &w->p->kept[i];; kept--) {
        if (!is_same(kept))
            return false;
        uint64_t outer = outer_of(kept, &cframe);
        if (kept == w->p->kept)
            return outer == 0;
        if (outer != kept[-1].was.frame)
            return false;
    }
}

/* Returns how many kept frames there are from this one on outwards; 0 when it is none of them. */
static uint32_t find_kept(const struct walk *w) {
    uint32_t n = w->p->n_kept;
    while (n != 0 && w->p->kept[n - 1].was.frame != w->frame)
        n--;
    return n;
}

/* Looks for the place at which the list goes on as it was: it is soon found, or not at all. */
static bool meet_kept(struct walk *w) {
    enum { TRIES = 4 };
    for (int i = 0; i < TRIES && w->frame != 0; i++) {
        uint32_t n = find_kept(w);
        if (n != 0 && are_same(w, n - 1)) {
            w->p->n_same = n;
            return true;
        }
        if (!step(w))
            return false;
    }
    return false;
}

bool mt_python_chain_read(struct mt_python_part *p, bool anew) {
    struct walk w = {.p = p};
    uint64_t state = find_state(p);
    p->n_now = p->n_same = 0;
    if (state == 0)
        return true;
    bool is_whole = begin_walk(&w, state);
    if (is_whole && !anew && meet_kept(&w)) {
        p->n_now = w.n;
        return true;
    }
    w.n = w.begin = 0;
    is_whole = is_whole && begin_walk(&w, state);
    for (uint32_t left = MOST_STEPS; is_whole && w.frame != 0; left--)
        is_whole = left != 0 && step(&w);
    p->n_now = w.begin;
    if (w.is_cut)
        leave_innermost(p);
    return is_whole && w.begin == w.n && !w.is_cut;
}
