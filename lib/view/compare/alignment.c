/* SPDX-License-Identifier: MIT */
/*
 * Needleman and Wunsch's alignment (1970) of two sequences of statements. Order is the first
 * evidence: a function is edited in places, it is not shuffled. The rest is a score for each
 * possible pair: the text of the line where both sources can be read, the same distance from the
 * start of the function, the same functions called, as many blocks and bytes (a program that is
 * measured twice mostly does the same work). A pair that continues its predecessor's shift gets
 * more: lines move in runs.
 *
 * The evidence that counts against a pair is weighed so that an edited line (new text, same call)
 * stays a pair, and that another call in its place does not. Leaving a point alone costs nothing:
 * what has no counterpart is new.
 *
 * Time and memory are quadratic, in the lines of one function that allocate. Generated functions
 * with thousands of them are paired by distance from the start alone. Comparing texts by similarity
 * was rejected: an allocation's line is short, and its neighbours look much like it (p = malloc(n);
 * q = malloc(n);).
 */
#include "view/compare/alignment.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"

enum { MAX_CELLS = 1 << 20 };

enum {
    SCORE_PAIR = 4,
    SCORE_SAME_TEXT = 8,
    SCORE_OTHER_TEXT = -3,
    SCORE_SAME_PLACE = 3,
    SCORE_SAME_CALLEE = 2,
    SCORE_OTHER_CALLEE = -6,
    SCORE_OTHER_FUNCTION = -2,
    SCORE_SAME_SIZE = 1,
    SCORE_SAME_BLOCKS = 2,
    SCORE_SAME_BYTES = 6,
    SCORE_LIKELY_SHIFT = 1,
    SCORE_SAME_SHIFT = 2,
};

struct problem {
    const struct mt_alignment_point *a, *b;
    size_t n, m;
    int *best;    /* [n + 1][m + 1]: of the first i and j points */
    int *matched; /* likewise, when the last of each are a pair */
};

static int64_t place(const struct mt_alignment_point *p) {
    return p->position - p->start;
}

static bool starts_known(const struct mt_alignment_point *a, const struct mt_alignment_point *b) {
    return a->start > 0 && b->start > 0;
}

/* Returns by how much the statement has moved: inside its function when both starts are known. */
static int64_t shift(const struct mt_alignment_point *a, const struct mt_alignment_point *b) {
    return starts_known(a, b) ? place(b) - place(a) : b->position - a->position;
}

static int score(const struct problem *p, size_t i, size_t j) {
    const struct mt_alignment_point *a = &p->a[i], *b = &p->b[j];
    int64_t moved = shift(a, b);
    int sum = SCORE_PAIR;
    if (a->text && b->text)
        sum += a->text == b->text ? SCORE_SAME_TEXT : SCORE_OTHER_TEXT;
    if (moved == 0)
        sum += SCORE_SAME_PLACE;
    if (a->callees & b->callees)
        sum += SCORE_SAME_CALLEE;
    else if (a->inner && b->inner &&
             !(a->inner & b->inner)) /* inlining decides which of them are seen */
        sum += SCORE_OTHER_CALLEE;
    if (a->function != b->function)
        sum += SCORE_OTHER_FUNCTION;
    if (a->sizes & b->sizes)
        sum += SCORE_SAME_SIZE;
    if (a->blocks && a->blocks == b->blocks)
        sum += SCORE_SAME_BLOCKS + (a->bytes && a->bytes == b->bytes ? SCORE_SAME_BYTES : 0);
    /* Where statements were added, the others have moved down; where some were taken away, they
     * have moved up. */
    if (p->n == p->m || (p->m > p->n ? moved >= 0 : moved <= 0))
        sum += SCORE_LIKELY_SHIFT;
    return sum;
}

static size_t cell(const struct problem *p, size_t i, size_t j) {
    return i * (p->m + 1) + j;
}

static int larger(int x, int y) {
    return x > y ? x : y;
}

/* Returns the score of the pair before this one and the bonus for moving with it, or -1 when
 * there is none. */
static int continued(const struct problem *p, size_t i, size_t j) {
    if (i < 2 || j < 2 || p->matched[cell(p, i - 1, j - 1)] < 0)
        return -1;
    bool same = shift(&p->a[i - 2], &p->b[j - 2]) == shift(&p->a[i - 1], &p->b[j - 1]);
    return p->matched[cell(p, i - 1, j - 1)] + (same ? SCORE_SAME_SHIFT : 0);
}

static void fill(struct problem *p) {
    for (size_t i = 1; i <= p->n; i++)
        for (size_t j = 1; j <= p->m; j++) {
            int pair = score(p, i - 1, j - 1), *matched = &p->matched[cell(p, i, j)];
            *matched =
                pair > 0 ? pair + larger(p->best[cell(p, i - 1, j - 1)], continued(p, i, j)) : -1;
            int skip = larger(p->best[cell(p, i - 1, j)], p->best[cell(p, i, j - 1)]);
            p->best[cell(p, i, j)] = larger(*matched, skip);
        }
}

static void trace(const struct problem *p, uint32_t *to) {
    bool must_match = false;
    for (size_t i = p->n, j = p->m; i > 0 && j > 0;) {
        int matched = p->matched[cell(p, i, j)];
        if (!must_match && matched < p->best[cell(p, i, j)]) {
            if (p->best[cell(p, i - 1, j)] == p->best[cell(p, i, j)])
                i--;
            else
                j--;
            continue;
        }
        must_match = continued(p, i, j) > p->best[cell(p, i - 1, j - 1)];
        to[--i] = (uint32_t)--j;
    }
}

static void pair_by_place(const struct problem *p, uint32_t *to) {
    for (size_t i = 0, j = 0; i < p->n && j < p->m;) {
        int64_t moved = shift(&p->a[i], &p->b[j]);
        if (moved == 0)
            to[i++] = (uint32_t)j++;
        else if (moved > 0)
            i++;
        else
            j++;
    }
}

int mt_alignment_find(const struct mt_alignment_point *old_points, size_t n_old,
                      const struct mt_alignment_point *new_points, size_t n_new, uint32_t *to) {
    struct problem p = {.a = old_points, .b = new_points, .n = n_old, .m = n_new};
    for (size_t i = 0; i < n_old; i++)
        to[i] = MT_ALIGNMENT_NONE;
    if (n_old == 0 || n_new == 0)
        return 0;
    if (n_old >= MAX_CELLS || n_new >= MAX_CELLS || (n_old + 1) * (n_new + 1) > MAX_CELLS) {
        pair_by_place(&p, to);
        return 0;
    }
    p.best = calloc((n_old + 1) * (n_new + 1), sizeof *p.best);
    p.matched = calloc((n_old + 1) * (n_new + 1), sizeof *p.matched);
    int status = p.best && p.matched ? 0 : -MEMTRACK_ENOMEM;
    if (status == 0) {
        fill(&p);
        trace(&p, to);
    }
    free(p.best);
    free(p.matched);
    return status;
}
