/* SPDX-License-Identifier: MIT */
/*
 * Unpacks the viewer: LZMA, for the parameters that build.mjs packs with (lc=3, lp=0, pb=0) and a
 * length that is known. It is WebAssembly of its own, of a kilobyte, since it runs before there is
 * anything else. As a script it is no smaller, and takes twice as long while the engine does not
 * know yet what is worth compiling.
 *
 * The numbers of the format are those of lzma-specification.txt in the LZMA SDK (public domain).
 * Whatever the bytes are, this ends, or the engine stops it at the end of memory; a sum tells
 * whether they were the right ones. It runs once: what it begins with is not set again.
 */
#include <stdint.h>

/* Where the odds of each decision are. The first are there for each of the 12 states. */
enum {
    IS_MATCH = 0,
    IS_AGAIN = 12,
    IS_OLDER = 24,
    IS_OLDER_2 = 36,
    IS_OLDER_3 = 48,
    IS_LONG = 60,
    SLOTS = 72,
    SPECIAL = SLOTS + 4 * 64,
    ALIGN = SPECIAL + 128,
    LENGTH = ALIGN + 16,
    LENGTH_AGAIN = LENGTH + 512,
    LITERALS = LENGTH_AGAIN + 512,
    N_ODDS = LITERALS + 8 * 768
};

enum { ONE = 1 << 11, EVEN = ONE / 2, RATE = 5, FIRST_BEHIND_MATCH = 7 };

static uint16_t odds[N_ODDS]; /* that a bit is 0, in parts of ONE; ^ EVEN, so that 0 is even */
static uint32_t range = UINT32_MAX, code;
static const uint8_t *from;
static uint32_t state;                  /* what the latest items were */
static uint32_t back[4] = {1, 1, 1, 1}; /* distances of matches, the latest first */

static void fill(void) {
    if (range >> 24 == 0) {
        range <<= 8;
        code = code << 8 | *from++;
    }
}

static uint32_t bit(uint32_t i) {
    uint32_t odd = odds[i] ^ EVEN, bound = (range >> 11) * odd, one = code >= bound;
    if (one) {
        range -= bound;
        code -= bound;
        odd -= odd >> RATE;
    } else {
        range = bound;
        odd += (ONE - odd) >> RATE;
    }
    odds[i] = (uint16_t)(odd ^ EVEN);
    fill();
    return one;
}

static uint32_t tree(uint32_t base, uint32_t bits) {
    uint32_t node = 1;
    for (uint32_t i = 0; i < bits; i++)
        node = 2 * node + bit(base + node);
    return node - (1u << bits);
}

static uint32_t tree_backwards(uint32_t base, uint32_t bits) {
    uint32_t node = 1, value = 0;
    for (uint32_t i = 0; i < bits; i++) {
        uint32_t one = bit(base + node);
        node = 2 * node + one;
        value |= one << i;
    }
    return value;
}

static uint32_t even_bits(uint32_t bits) {
    uint32_t value = 0;
    while (bits--) {
        range >>= 1;
        uint32_t one = code >= range;
        code -= one ? range : 0;
        fill();
        value = 2 * value + one;
    }
    return value;
}

static uint32_t length(uint32_t base) {
    if (!bit(base))
        return 2 + tree(base + 2, 3);
    if (!bit(base + 1))
        return 10 + tree(base + 10, 3);
    return 18 + tree(base + 18, 8);
}

static uint32_t distance(uint32_t slot) {
    if (slot < 4)
        return slot + 1;
    uint32_t bits = slot / 2 - 1, high = (2 + slot % 2) << bits;
    if (slot < 14)
        return high + tree_backwards(SPECIAL + high - slot, bits) + 1;
    high += even_bits(bits - 4) << 4;
    return high + tree_backwards(ALIGN, 4) + 1;
}

/* Behind a match, the byte that it would have gone on with is the one that it is not. */
static uint8_t literal(uint32_t before, uint32_t unlike) {
    uint32_t base = LITERALS + 768 * (before >> 5), node = 1;
    uint32_t same = state < FIRST_BEHIND_MATCH ? 0 : 256;
    while (node < 256) {
        unlike <<= 1;
        uint32_t one = bit(base + same + (unlike & same) + node);
        node = 2 * node + one;
        same &= one ? unlike : ~unlike;
    }
    state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
    return (uint8_t)node;
}

static void bring_forward(uint32_t which, uint32_t value) {
    for (; which; which--)
        back[which] = back[which - 1];
    back[0] = value;
}

/* Returns how long the match is; back[0] is where it is. */
static uint32_t match(void) {
    uint32_t count, which = 0, before = state, is_behind = state >= FIRST_BEHIND_MATCH;
    if (!bit(IS_AGAIN + before)) {
        state = is_behind ? 10 : 7;
        count = length(LENGTH);
        bring_forward(3, distance(tree(SLOTS + 64 * (count < 5 ? count - 2 : 3), 6)));
        return count;
    }
    state = is_behind ? 11 : 8;
    if (bit(IS_OLDER + before)) {
        which = !bit(IS_OLDER_2 + before) ? 1 : 2 + bit(IS_OLDER_3 + before);
    } else if (!bit(IS_LONG + before)) {
        state = is_behind ? 11 : 9;
        return 1;
    }
    bring_forward(which, back[which]);
    return length(LENGTH_AGAIN);
}

static uint32_t sum_of(const uint8_t *at, const uint8_t *end) {
    uint32_t a = 1, b = 0;
    for (; at < end; at++) {
        a = (a + *at) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

/* Writes n bytes to zeroed memory with a zero before it. Returns their Adler-32. */
__attribute__((export_name("unpack"))) uint32_t mt_lzma_unpack(uint8_t *to, uint32_t n,
                                                               const uint8_t *packed) {
    uint8_t *out = to, *end = to + n;
    from = packed + 1; /* which is 0 */
    for (int i = 0; i < 4; i++)
        code = code << 8 | *from++;
    while (out < end) {
        if (!bit(IS_MATCH + state)) {
            *out = literal(out[-1], *(out - back[0]));
            out++;
            continue;
        }
        for (uint32_t count = match(); count && out < end; count--, out++)
            *out = *(out - back[0]);
    }
    return sum_of(to, end);
}
