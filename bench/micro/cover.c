/* SPDX-License-Identifier: MIT */
/*
 * Minimises two-level logic: a function given as a cover (a set of cubes, each a product of
 * literals) is complemented, its cubes are expanded against the complement, and the redundant ones
 * are dropped. All three rest on the unate recursive paradigm (Brayton et al., 1984): split on a
 * variable, solve both halves, merge. The two recursive calls stand on different lines, so that the
 * allocations come from tens of thousands of call paths, up to some thirty frames deep, while only
 * a few thousand blocks are alive: the hard case for a tracker's tree of call paths.
 *
 * A cube has two bits a variable: bit 2v allows the value 0, bit 2v+1 the value 1; both mean that
 * it does not matter.
 *
 * usage: cover [FUNCTIONS]
 */
#include "micro.h"

#include <string.h>

#define VARIABLES 120
#define SUPPORT   12 /* variables that one function depends on */
#define CUBES     60
#define LITERALS  5
#define WORDS     12
#define PER_WORD  (VARIABLES / WORDS)

typedef struct cube {
    uint64_t bits[WORDS];
} cube;

typedef struct cover {
    int n, capacity;
    cube **cubes;
} cover;

static const uint64_t full_word = (1ull << (2 * PER_WORD)) - 1;

static NOINLINE cube *make_cube(void) {
    cube *c = need(malloc(sizeof *c));
    for (int w = 0; w < WORDS; w++)
        c->bits[w] = full_word;
    return c;
}

static NOINLINE cube *copy_cube(const cube *c) {
    cube *copy = make_cube();
    *copy = *c;
    return copy;
}

static int literal(const cube *c, int v) {
    return c->bits[v / PER_WORD] >> (2 * (v % PER_WORD)) & 3;
}

static void set_literal(cube *c, int v, int value) {
    int shift = 2 * (v % PER_WORD);
    c->bits[v / PER_WORD] = (c->bits[v / PER_WORD] & ~(3ull << shift)) | (uint64_t)value << shift;
}

static int is_universe(const cube *c) {
    for (int w = 0; w < WORDS; w++)
        if (c->bits[w] != full_word)
            return 0;
    return 1;
}

static int contains(const cube *outer, const cube *inner) {
    for (int w = 0; w < WORDS; w++)
        if (inner->bits[w] & ~outer->bits[w])
            return 0;
    return 1;
}

/* Two cubes are apart when some variable may have neither value. */
static int intersect(const cube *a, const cube *b) {
    for (int w = 0; w < WORDS; w++) {
        uint64_t both = a->bits[w] & b->bits[w];
        if (((both | both >> 1) & 0x5555555555555555u & full_word) !=
            (0x5555555555555555u & full_word))
            return 0;
    }
    return 1;
}

static NOINLINE cover *make_cover(int capacity) {
    cover *f = need(malloc(sizeof *f));
    f->n = 0;
    f->capacity = capacity > 0 ? capacity : 1;
    f->cubes = need(malloc((size_t)f->capacity * sizeof *f->cubes));
    return f;
}

static NOINLINE void free_cover(cover *f) {
    for (int i = 0; i < f->n; i++)
        free(f->cubes[i]);
    free(f->cubes);
    free(f);
}

static NOINLINE void append(cover *f, cube *c) {
    if (f->n == f->capacity) {
        f->capacity *= 2;
        f->cubes = need(realloc(f->cubes, (size_t)f->capacity * sizeof *f->cubes));
    }
    f->cubes[f->n++] = c;
}

static void drop(cover *f, int i) {
    free(f->cubes[i]);
    f->cubes[i] = f->cubes[--f->n];
}

/* What remains of f where variable v has the value of phase (1 or 2). */
static NOINLINE cover *cofactor(const cover *f, int v, int phase) {
    cover *g = make_cover(f->n);
    for (int i = 0; i < f->n; i++) {
        if (!(literal(f->cubes[i], v) & phase))
            continue;
        cube *c = copy_cube(f->cubes[i]);
        set_literal(c, v, 3);
        append(g, c);
    }
    return g;
}

/* What remains of f inside a cube, without one of its own. */
static NOINLINE cover *cofactor_cube(const cover *f, const cube *inside, int without) {
    cover *g = make_cover(f->n);
    for (int i = 0; i < f->n; i++) {
        if (i == without || !intersect(f->cubes[i], inside))
            continue;
        cube *c = copy_cube(f->cubes[i]);
        for (int w = 0; w < WORDS; w++)
            c->bits[w] |= ~inside->bits[w] & full_word;
        append(g, c);
    }
    return g;
}

/* The variable that most cubes depend on, in both phases if there is one; -1 when none does. */
static NOINLINE int choose(const cover *f, int *binate) {
    int best = -1, most = 0;
    *binate = 0;
    for (int v = 0; v < VARIABLES; v++) {
        int zeros = 0, ones = 0;
        for (int i = 0; i < f->n; i++) {
            int value = literal(f->cubes[i], v);
            zeros += value == 1;
            ones += value == 2;
        }
        int both = zeros && ones, count = zeros + ones + (both ? CUBES * 2 : 0);
        if (count > most) {
            most = count;
            best = v;
            *binate = both;
        }
    }
    return best;
}

static int has_universe(const cover *f) {
    for (int i = 0; i < f->n; i++)
        if (is_universe(f->cubes[i]))
            return 1;
    return 0;
}

static NOINLINE int is_tautology(const cover *f) {
    int binate;
    if (has_universe(f))
        return 1;
    int v = choose(f, &binate);
    if (v < 0 || !binate) /* a unate cover without the universal cube misses something */
        return 0;
    cover *zero = cofactor(f, v, 1);
    int covered = is_tautology(zero);
    free_cover(zero);
    if (!covered)
        return 0;
    cover *one = cofactor(f, v, 2);
    covered = is_tautology(one);
    free_cover(one);
    return covered;
}

/* Moves the cubes of half, restricted to one phase of v, into result; a cube that is in both halves
 * is not split. */
static NOINLINE void merge(cover *result, cover *half, int v, int phase) {
    for (int i = 0; i < half->n; i++) {
        cube *c = copy_cube(half->cubes[i]);
        set_literal(c, v, phase);
        append(result, c);
    }
    free_cover(half);
}

static NOINLINE void lift_common(cover *result, cover *zero, cover *one) {
    for (int i = 0; i < zero->n; i++) {
        for (int k = 0; k < one->n; k++) {
            if (memcmp(zero->cubes[i], one->cubes[k], sizeof(cube)) != 0)
                continue;
            append(result, copy_cube(zero->cubes[i]));
            drop(zero, i--);
            drop(one, k);
            break;
        }
    }
}

/* De Morgan on a single cube. */
static NOINLINE cover *complement_cube(const cube *c) {
    cover *result = make_cover(VARIABLES);
    for (int v = 0; v < VARIABLES; v++) {
        if (literal(c, v) == 3)
            continue;
        cube *opposite = make_cube();
        set_literal(opposite, v, literal(c, v) ^ 3);
        append(result, opposite);
    }
    return result;
}

static NOINLINE cover *complement(const cover *f) {
    int binate;
    if (f->n == 0) {
        cover *all = make_cover(1);
        append(all, make_cube());
        return all;
    }
    if (has_universe(f))
        return make_cover(1);
    if (f->n == 1)
        return complement_cube(f->cubes[0]);
    int v = choose(f, &binate);
    cover *zero = cofactor(f, v, 1), *one = cofactor(f, v, 2);
    cover *not_zero = complement(zero);
    cover *not_one = complement(one);
    cover *result = make_cover(not_zero->n + not_one->n);
    free_cover(zero);
    free_cover(one);
    lift_common(result, not_zero, not_one);
    merge(result, not_zero, v, 1);
    merge(result, not_one, v, 2);
    return result;
}

static int meets(const cover *f, const cube *c) {
    for (int i = 0; i < f->n; i++)
        if (intersect(f->cubes[i], c))
            return 1;
    return 0;
}

/* Raises each literal of each cube that can go without meeting the complement, then drops what
 * others contain. */
static NOINLINE void expand(cover *f, const cover *off) {
    for (int i = 0; i < f->n; i++) {
        for (int v = 0; v < VARIABLES; v++) {
            if (literal(f->cubes[i], v) == 3)
                continue;
            cube *raised = copy_cube(f->cubes[i]);
            set_literal(raised, v, 3);
            if (meets(off, raised)) {
                free(raised);
            } else {
                free(f->cubes[i]);
                f->cubes[i] = raised;
            }
        }
    }
    for (int i = 0; i < f->n; i++)
        for (int k = f->n - 1; k > i; k--)
            if (contains(f->cubes[i], f->cubes[k]))
                drop(f, k);
}

static NOINLINE void drop_redundant(cover *f) {
    for (int i = f->n - 1; i >= 0; i--) {
        cover *rest = cofactor_cube(f, f->cubes[i], i);
        if (is_tautology(rest))
            drop(f, i);
        free_cover(rest);
    }
}

static NOINLINE cover *random_cover(uint64_t *state) {
    cover *f = make_cover(CUBES);
    int first = (int)random_below(state, VARIABLES - SUPPORT + 1);
    for (int i = 0; i < CUBES; i++) {
        cube *c = make_cube();
        for (int k = 0; k < LITERALS; k++)
            set_literal(c, first + (int)random_below(state, SUPPORT),
                        1 + (int)random_below(state, 2));
        append(f, c);
    }
    return f;
}

int main(int argc, char **argv) {
    long functions = argument(argc, argv, 1, 280, 1, 100000);
    uint64_t state = random_seed(5);
    long cubes = 0, off_cubes = 0;
    for (long i = 0; i < functions; i++) {
        cover *f = random_cover(&state);
        cover *off = complement(f);
        expand(f, off);
        drop_redundant(f);
        cubes += f->n;
        off_cubes += off->n;
        free_cover(off);
        free_cover(f);
    }
    printf("%ld functions: %ld of %ld cubes left, %ld in the complements\n", functions, cubes,
           functions * CUBES, off_cubes);
    return 0;
}
