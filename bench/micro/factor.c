/* SPDX-License-Identifier: MIT */
/*
 * Factors a number of 20 to 30 digits by the continued fraction method (Morrison and Brillhart,
 * 1975), with arithmetic in the style of an interpreter: numbers are immutable, every operation
 * allocates its result, and what is no longer needed is freed at once. Tens of millions of tiny
 * blocks a second, few of them alive, from some hundred call paths: the hardest case for a tracker,
 * because nothing but the allocator and the tracker takes any time.
 *
 * Numbers are little-endian arrays of 8-bit digits without leading zeros. The expansion of sqrt(N)
 * yields A*A = (-1)^i * Q (mod N) with small Q; those Q that split over a base of small primes are
 * collected, and a subset whose product is a square, found by elimination modulo 2, gives a factor.
 *
 * usage: factor [NUMBER]
 */
#include "micro.h"

#include <ctype.h>
#include <string.h>

#define BASE_SIZE 300
#define RELATIONS (BASE_SIZE + 24)
#define WORDS     ((RELATIONS + 63) / 64)

typedef struct number {
    uint16_t references;
    uint16_t n;
    uint8_t digits[];
} number;

#define COLUMNS (BASE_SIZE + 1)

struct relation {
    number *a;
    uint8_t exponents[COLUMNS]; /* of -1 and of the primes */
};

/* A row of the elimination: exponents modulo 2, and which relations were added up to get them. */
struct row {
    uint64_t parity[(COLUMNS + 63) / 64];
    uint64_t members[WORDS];
};

static uint32_t primes[BASE_SIZE];
static number *prime_numbers[BASE_SIZE];
static struct relation *relations[RELATIONS];

static NOINLINE number *make(int n) {
    number *x = need(malloc(sizeof *x + (size_t)n * sizeof x->digits[0]));
    x->references = 1;
    x->n = (uint16_t)n;
    return x;
}

static NOINLINE void release(number *x) {
    if (--x->references == 0)
        free(x);
}

static number *share(number *x) {
    x->references++;
    return x;
}

static number *trim(number *x) {
    while (x->n && x->digits[x->n - 1] == 0)
        x->n--;
    return x;
}

static NOINLINE number *from_word(uint64_t value) {
    number *x = make(8);
    for (int i = 0; i < 8; i++)
        x->digits[i] = (uint8_t)(value >> (8 * i));
    return trim(x);
}

static NOINLINE number *copy(const number *x) {
    number *y = make(x->n);
    for (int i = 0; i < x->n; i++)
        y->digits[i] = x->digits[i];
    return y;
}

static int compare(const number *a, const number *b) {
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (int i = a->n; i-- > 0;)
        if (a->digits[i] != b->digits[i])
            return a->digits[i] < b->digits[i] ? -1 : 1;
    return 0;
}

static NOINLINE number *add(const number *a, const number *b) {
    int n = (a->n > b->n ? a->n : b->n) + 1;
    number *sum = make(n);
    uint32_t carry = 0;
    for (int i = 0; i < n; i++) {
        carry += (i < a->n ? a->digits[i] : 0u) + (i < b->n ? b->digits[i] : 0u);
        sum->digits[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return trim(sum);
}

/* a >= b */
static NOINLINE number *subtract(const number *a, const number *b) {
    number *difference = make(a->n);
    int32_t borrow = 0;
    for (int i = 0; i < a->n; i++) {
        int32_t digit = (int32_t)a->digits[i] - (i < b->n ? b->digits[i] : 0) + borrow;
        difference->digits[i] = (uint8_t)digit;
        borrow = digit >> 8;
    }
    return trim(difference);
}

static NOINLINE number *multiply(const number *a, const number *b) {
    number *product = make(a->n + b->n);
    memset(product->digits, 0, (size_t)product->n * sizeof product->digits[0]);
    for (int i = 0; i < a->n; i++) {
        uint32_t carry = 0;
        for (int j = 0; j < b->n; j++) {
            carry += (uint32_t)a->digits[i] * b->digits[j] + product->digits[i + j];
            product->digits[i + j] = (uint8_t)carry;
            carry >>= 8;
        }
        product->digits[i + b->n] = (uint8_t)carry;
    }
    return trim(product);
}

static NOINLINE number *divide_by_digit(const number *a, uint32_t divisor, number **remainder) {
    number *quotient = make(a->n);
    uint32_t rest = 0;
    for (int i = a->n; i-- > 0;) {
        rest = rest << 8 | a->digits[i];
        quotient->digits[i] = (uint8_t)(rest / divisor);
        rest %= divisor;
    }
    *remainder = from_word(rest);
    return trim(quotient);
}

static NOINLINE number *shift_left(const number *a, int bits) {
    number *shifted = make(a->n + 1);
    uint32_t carry = 0;
    for (int i = 0; i < a->n; i++) {
        carry |= (uint32_t)a->digits[i] << bits;
        shifted->digits[i] = (uint8_t)carry;
        carry >>= 8;
    }
    shifted->digits[a->n] = (uint8_t)carry;
    return shifted;
}

static NOINLINE number *shift_right(const number *a, int bits) {
    number *shifted = make(a->n);
    uint32_t carry = 0;
    for (int i = a->n; i-- > 0;) {
        carry = carry << 8 | a->digits[i];
        shifted->digits[i] = (uint8_t)(carry >> bits);
        carry &= (1u << bits) - 1;
    }
    return trim(shifted);
}

/* One digit of a long division: takes guess * b from the digits of u at offset at; the guess is at
 * most two too high. */
static uint32_t divide_step(uint8_t *u, const number *b, uint32_t guess) {
    int64_t borrow = 0;
    for (int i = 0; i <= b->n; i++) {
        borrow += (int64_t)u[i] - (i < b->n ? (int64_t)guess * b->digits[i] : 0);
        u[i] = (uint8_t)borrow;
        borrow >>= 8;
    }
    while (borrow < 0) {
        uint32_t carry = 0;
        guess--;
        for (int i = 0; i <= b->n; i++) {
            carry += (uint32_t)u[i] + (i < b->n ? b->digits[i] : 0u);
            u[i] = (uint8_t)carry;
            carry >>= 8;
        }
        borrow += carry;
    }
    return guess;
}

/* Knuth, The Art of Computer Programming 4.3.1, algorithm D. */
static NOINLINE number *divide_long(const number *a, const number *b, number **remainder) {
    int bits = __builtin_clz((unsigned)b->digits[b->n - 1]) - 24;
    number *u = shift_left(a, bits), *v = trim(shift_left(b, bits)),
           *quotient = make(a->n - b->n + 1);
    for (int at = a->n - b->n; at >= 0; at--) {
        uint32_t top = (uint32_t)u->digits[at + v->n] << 8 | u->digits[at + v->n - 1];
        uint32_t guess = top / v->digits[v->n - 1];
        quotient->digits[at] = (uint8_t)divide_step(u->digits + at, v, guess > 0xFF ? 0xFF : guess);
    }
    *remainder = shift_right(trim(u), bits);
    release(u);
    release(v);
    return trim(quotient);
}

static NOINLINE number *divide(const number *a, const number *b, number **remainder) {
    if (compare(a, b) < 0) {
        *remainder = copy(a);
        return from_word(0);
    }
    return b->n == 1 ? divide_by_digit(a, b->digits[0], remainder) : divide_long(a, b, remainder);
}

static NOINLINE number *modulo(const number *a, const number *b) {
    number *remainder;
    release(divide(a, b, &remainder));
    return remainder;
}

static NOINLINE number *multiply_modulo(const number *a, const number *b, const number *modulus) {
    number *product = multiply(a, b), *result = modulo(product, modulus);
    release(product);
    return result;
}

static number *replace(number **variable, number *value) {
    release(*variable);
    return *variable = value;
}

static NOINLINE number *greatest_common_divisor(const number *a, const number *b) {
    number *x = copy(a), *y = copy(b);
    while (y->n) {
        number *rest = modulo(x, y);
        release(x);
        x = y;
        y = rest;
    }
    release(y);
    return x;
}

static NOINLINE number *square_root(const number *a) {
    number *x = copy(a), *one = from_word(1);
    for (;;) {
        number *rest, *quotient = divide(a, x, &rest), *sum = add(x, quotient),
                      *next = shift_right(sum, 1);
        release(rest);
        release(quotient);
        release(sum);
        if (compare(next, x) >= 0) {
            release(next);
            release(one);
            return x;
        }
        replace(&x, next);
    }
}

static number *from_text(const char *text) {
    number *value = from_word(0), *ten = from_word(10);
    for (; isdigit((unsigned char)*text); text++) {
        number *shifted = multiply(value, ten), *digit = from_word((uint64_t)(*text - '0'));
        replace(&value, add(shifted, digit));
        release(shifted);
        release(digit);
    }
    release(ten);
    if (*text || value->n < 2) {
        fprintf(stderr, "factor: not a number above 255\n");
        exit(2);
    }
    return value;
}

static void print(const number *a) {
    char text[200];
    int at = sizeof text - 1;
    number *rest = copy(a), *ten = from_word(10);
    text[at] = 0;
    while (rest->n) {
        number *digit, *quotient = divide(rest, ten, &digit);
        text[--at] = (char)('0' + (digit->n ? digit->digits[0] : 0));
        release(digit);
        replace(&rest, quotient);
    }
    printf("%s", text + at);
    release(rest);
    release(ten);
}

static uint32_t power_modulo(uint32_t x, uint32_t exponent, uint32_t modulus) {
    uint64_t result = 1, square = x % modulus;
    for (; exponent; exponent >>= 1, square = square * square % modulus)
        if (exponent & 1)
            result = result * square % modulus;
    return (uint32_t)result;
}

static int is_prime(uint32_t p) {
    for (uint32_t d = 2; d * d <= p; d++)
        if (p % d == 0)
            return 0;
    return 1;
}

/* Only primes of which n is a quadratic residue can divide a Q. */
static void choose_base(const number *n) {
    int count = 0;
    for (uint32_t p = 2; count < BASE_SIZE; p++) {
        if (!is_prime(p))
            continue;
        number *remainder;
        release(divide_by_digit(n, p, &remainder));
        uint32_t rest = (remainder->n > 1 ? remainder->digits[1] * 256u : 0u) +
                        (remainder->n ? remainder->digits[0] : 0u);
        release(remainder);
        if (p == 2 || rest == 0 || power_modulo(rest, (p - 1) / 2, p) == 1) {
            primes[count] = p;
            prime_numbers[count++] = from_word(p);
        }
    }
}

/* Takes one prime out of *value as often as it goes in. */
static NOINLINE int take_out(number **value, const number *prime) {
    int times = 0;
    for (;;) {
        number *remainder, *quotient = divide(*value, prime, &remainder);
        int divides = remainder->n == 0;
        release(remainder);
        if (!divides) {
            release(quotient);
            return times;
        }
        replace(value, quotient);
        times++;
    }
}

/* Splits q over the base; gives up early on a value that lost little to the first primes. */
static NOINLINE int split(const number *q, uint8_t *exponents) {
    number *rest = copy(q);
    int smooth = 0;
    for (int i = 0; i < BASE_SIZE && !smooth; i++) {
        exponents[i + 1] = (uint8_t)take_out(&rest, prime_numbers[i]);
        if (i == 30 && rest->n > q->n - 1)
            break;
        smooth = rest->n == 1 && rest->digits[0] == 1;
    }
    release(rest);
    return smooth;
}

static NOINLINE int collect(number *a, const number *q, int sign, int n_relations) {
    struct relation *r = need(calloc(1, sizeof *r));
    if (!split(q, r->exponents)) {
        free(r);
        return n_relations;
    }
    r->exponents[0] = (uint8_t)sign;
    r->a = share(a);
    relations[n_relations] = r;
    return n_relations + 1;
}

struct expansion {
    number *n, *root, *p, *q, *q_before, *a, *a_before;
    int sign;
};

/* One step: P' = bQ - P, Q' = Q_before + b(P - P'), A' = bA + A_before, with b = (root + P) / Q. */
static NOINLINE void expand(struct expansion *x) {
    number *rest, *sum = add(x->root, x->p), *b = divide(sum, x->q, &rest);
    number *bq = multiply(b, x->q), *p = subtract(bq, x->p), *square = multiply(p, p),
           *left = subtract(x->n, square);
    number *unused, *q = divide(left, x->q, &unused);
    number *ba = multiply_modulo(b, x->a, x->n), *longer = add(ba, x->a_before),
           *a = modulo(longer, x->n);
    number *temporary[] = {rest, sum, b, bq, square, left, unused, ba, longer};
    for (size_t i = 0; i < sizeof temporary / sizeof temporary[0]; i++)
        release(temporary[i]);
    replace(&x->p, p);
    replace(&x->q_before, x->q);
    x->q = q;
    replace(&x->a_before, x->a);
    x->a = a;
    x->sign ^= 1;
}

static int has_bit(const uint64_t *bits, int i) {
    return bits[i / 64] >> (i % 64) & 1;
}

/* The product of the A and that of the primes to half their exponents have the same square modulo
 * n. */
static NOINLINE number *try_dependency(const uint64_t *members, const number *n) {
    number *x = from_word(1), *y = from_word(1);
    uint32_t total[COLUMNS] = {0};
    for (int i = 0; i < RELATIONS; i++) {
        if (!has_bit(members, i))
            continue;
        replace(&x, multiply_modulo(x, relations[i]->a, n));
        for (int k = 0; k < COLUMNS; k++)
            total[k] += relations[i]->exponents[k];
    }
    for (int k = 0; k < BASE_SIZE; k++)
        for (uint32_t e = 0; e < total[k + 1] / 2; e++)
            replace(&y, multiply_modulo(y, prime_numbers[k], n));
    number *sum = add(x, y), *divisor = greatest_common_divisor(sum, n);
    release(sum);
    release(x);
    release(y);
    return divisor;
}

static void add_row(struct row *to, const struct row *from) {
    for (size_t w = 0; w < sizeof to->parity / sizeof to->parity[0]; w++)
        to->parity[w] ^= from->parity[w];
    for (int w = 0; w < WORDS; w++)
        to->members[w] ^= from->members[w];
}

/* Gauss modulo 2; returns the rank: the rows from there on have even exponents only. */
static int eliminate(struct row *rows) {
    int rank = 0;
    for (int column = 0; column < COLUMNS; column++) {
        int pivot = rank;
        while (pivot < RELATIONS && !has_bit(rows[pivot].parity, column))
            pivot++;
        if (pivot == RELATIONS)
            continue;
        struct row swap = rows[rank];
        rows[rank] = rows[pivot];
        rows[pivot] = swap;
        for (int i = rank + 1; i < RELATIONS; i++)
            if (has_bit(rows[i].parity, column))
                add_row(&rows[i], &rows[rank]);
        rank++;
    }
    return rank;
}

static number *combine(const number *n) {
    struct row *rows = need(calloc(RELATIONS, sizeof *rows));
    for (int i = 0; i < RELATIONS; i++) {
        rows[i].members[i / 64] = 1ull << (i % 64);
        for (int k = 0; k < COLUMNS; k++)
            rows[i].parity[k / 64] |= (uint64_t)(relations[i]->exponents[k] & 1) << (k % 64);
    }
    number *found = NULL, *one = from_word(1);
    for (int i = eliminate(rows); i < RELATIONS && !found; i++) {
        number *divisor = try_dependency(rows[i].members, n);
        if (compare(divisor, one) != 0 && compare(divisor, n) != 0)
            found = divisor;
        else
            release(divisor);
    }
    release(one);
    free(rows);
    return found;
}

static void gather(const number *n) {
    number *root = square_root(n), *square = multiply(root, root);
    struct expansion x = {
        .n = copy(n),
        .root = root,
        .p = share(root),
        .q = subtract(n, square),
        .q_before = from_word(1),
        .a = share(root),
        .a_before = from_word(1),
        .sign = 1,
    };
    release(square);
    for (int found = 0; found < RELATIONS;) {
        found = collect(x.a, x.q, x.sign, found);
        expand(&x);
    }
    number *owned[] = {x.n, x.root, x.p, x.q, x.q_before, x.a, x.a_before};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        release(owned[i]);
}

int main(int argc, char **argv) {
    number *n = from_text(argc > 1 ? argv[1] : "36522740280569412403107499");
    choose_base(n);
    gather(n);
    number *divisor = combine(n);
    print(n);
    if (divisor) {
        number *rest, *other = divide(n, divisor, &rest);
        printf(" = ");
        print(divisor);
        printf(" * ");
        print(other);
        release(rest);
        release(other);
    }
    printf(divisor ? "\n" : ": no factor found\n");
    if (divisor)
        release(divisor);
    release(n);
    return 0;
}
