/* SPDX-License-Identifier: MIT */
/*
 * A program can install a filter by an instruction of its own, and nothing tells of that. So who
 * could is looked for in the code: an instruction for a system call whose number is that of seccomp
 * or prctl, or is none that the code itself says (a wrapper, which is told by its caller).
 *
 * On x86-64 the instruction is the two bytes 0f 05, and they occur inside of others some 15 times
 * in a mebibyte. Who makes a system call sets registers right before: the bytes in front are taken
 * for a chain of simple instructions (moves, loads, xor) and followed backwards, the longest that
 * fits first, until eax is set, or the register that it comes from. From a constant: then that is
 * the number. From memory: then it can be any. When the chain ends before that, after two links or
 * more, the call is real and its number is a constant that is near, or unknown. Two bytes inside of
 * another instruction have such a chain in front of them once in some hundred mebibytes.
 *
 * Rejected: decoding whole functions from their beginnings, which needs the tables of all
 * instructions to tell the last few of the false ones; they cost some detail, not the truth.
 */
#include "track/process/raw_calls.h"

static bool is_of_interest(uint32_t number) {
    return number == SYS_seccomp || number == SYS_prctl;
}

#if defined(__x86_64__)

static uint32_t word_at(const uint8_t *p) {
    uint32_t word;
    __builtin_memcpy(&word, p, sizeof word);
    return word;
}

/* ---- simple instructions --------------------------------------------------------------------- */

enum { MOST_BYTES = 9, RAX = 0, RSP = 4, NO_REGISTER = -1 };

struct instruction {
    size_t bytes; /* 0: it is none of those that are known */
    int sets;     /* the register that it changes */
    int from;     /* the register that it copies from, or NO_REGISTER */
    bool is_constant;
    uint32_t constant;
};

/* Returns how many bytes an operand has: mod, reg and rm, and what follows them. Returns 0 when it
 * goes past the end. */
static size_t operand_bytes(const uint8_t *p, size_t n) {
    if (n == 0)
        return 0;
    unsigned mod = p[0] >> 6, rm = p[0] & 7;
    size_t bytes = 1;
    if (mod != 3 && rm == 4)
        bytes++;
    if (mod == 1)
        bytes += 1;
    else if (mod == 2 || (mod == 0 && rm == 5) || (mod == 0 && rm == 4 && n > 1 && (p[1] & 7) == 5))
        bytes += 4;
    return bytes <= n ? bytes : 0;
}

/* Return the register that is the operand's source or destination, and the one in its rm, or
 * NO_REGISTER when that is memory. */
static int reg_of(uint8_t rex, uint8_t operand) {
    return (operand >> 3 & 7) | (rex & 4 ? 8 : 0);
}
static int rm_of(uint8_t rex, uint8_t operand) {
    return operand >> 6 == 3 ? (operand & 7) | (rex & 1 ? 8 : 0) : NO_REGISTER;
}

/* Returns what an instruction with this operation and an operand does. */
static struct instruction with_operand(uint8_t operation, uint8_t rex, const uint8_t *p, size_t n) {
    struct instruction i = {.from = NO_REGISTER};
    size_t bytes = operand_bytes(p, n);
    if (bytes == 0)
        return i;
    bool is_register = p[0] >> 6 == 3, is_same = reg_of(rex, p[0]) == rm_of(rex, p[0]);
    switch (operation) {
    case 0x89: /* mov to rm */
        i = (struct instruction){
            .bytes = bytes, .sets = rm_of(rex, p[0]), .from = reg_of(rex, p[0])};
        break;
    case 0x8b: /* mov from rm */
    case 0x63: /* mov from rm with its sign */
        if (operation == 0x8b || (rex & 8))
            i = (struct instruction){
                .bytes = bytes, .sets = reg_of(rex, p[0]), .from = rm_of(rex, p[0])};
        break;
    case 0x8d: /* lea */
        i = (struct instruction){
            .bytes = is_register ? 0 : bytes, .sets = reg_of(rex, p[0]), .from = NO_REGISTER};
        break;
    case 0x31: /* xor of a register with itself, by which it is set to zero */
    case 0x33:
        i = (struct instruction){.bytes = is_register && is_same ? bytes : 0,
                                 .sets = reg_of(rex, p[0]),
                                 .is_constant = true};
        break;
    case 0xc7: /* mov of a constant */
        if ((p[0] >> 3 & 7) == 0 && bytes + 4 <= n)
            i = (struct instruction){.bytes = bytes + 4,
                                     .sets = rm_of(rex, p[0]),
                                     .is_constant = true,
                                     .constant = word_at(p + bytes)};
        break;
    case 0x83: /* add of a small constant */
        if (is_register && (rex & 8) && (p[0] >> 3 & 7) == 0 && bytes + 1 <= n)
            i = (struct instruction){
                .bytes = bytes + 1, .sets = rm_of(rex, p[0]), .from = NO_REGISTER};
        break;
    default:
        break;
    }
    return i;
}

static struct instruction decode(const uint8_t *p, size_t n) {
    struct instruction i = {0};
    uint8_t rex = 0;
    size_t prefix = 0;
    if (n > 1 && (p[0] & 0xf0) == 0x40) {
        rex = p[0];
        prefix = 1;
    }
    if (n < prefix + 2)
        return i;
    uint8_t operation = p[prefix];
    if (operation >= 0xb8 && operation <= 0xbf && !(rex & 8)) {
        if (n >= prefix + 5)
            i = (struct instruction){.bytes = 4,
                                     .sets = (operation & 7) | (rex & 1 ? 8 : 0),
                                     .is_constant = true,
                                     .constant = word_at(p + prefix + 1)};
    } else {
        i = with_operand(operation, rex, p + prefix + 1, n - prefix - 1);
    }
    if (i.bytes != 0)
        i.bytes += prefix + 1;
    return i;
}

/* Returns the longest instruction that ends at end. */
static struct instruction decode_before(const uint8_t *begin, const uint8_t *end) {
    size_t most =
        (size_t)(end - begin) < (size_t)MOST_BYTES ? (size_t)(end - begin) : (size_t)MOST_BYTES;
    for (size_t bytes = most; bytes >= 2; bytes--) {
        struct instruction i = decode(end - bytes, bytes);
        if (i.bytes == bytes && i.sets != RSP)
            return i;
    }
    return (struct instruction){0};
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Tells whether the number of seccomp or prctl is put into eax (b8 number) or rax (48 c7 c0 number)
 * between begin and end. */
static bool loads_our_number(const uint8_t *begin, const uint8_t *end) {
    for (const uint8_t *p = begin; p + 5 <= end; p++) {
        bool is_long = p[0] == 0xc7 && p[1] == 0xc0 && p + 6 <= end;
        if ((is_long || p[0] == 0xb8) && is_of_interest(word_at(p + (is_long ? 2 : 1))))
            return true;
    }
    return false;
}

/* Tells whether the first constant that is put into a register between begin and end, and that can
 * be the number of a call, is one of another call. */
static bool loads_number(const uint8_t *begin, const uint8_t *end, int into) {
    enum { MOST_CALLS = 1024 };
    for (const uint8_t *p = begin; p < end; p++) {
        struct instruction i = decode(p, (size_t)(end - p));
        if (i.bytes != 0 && i.sets == into && i.is_constant && i.constant < (uint32_t)MOST_CALLS)
            return !is_of_interest(i.constant);
    }
    return false;
}

/* Returns the place behind the last bytes before end that look like the end of a function, or the
 * beginning of one; begin when there are none. */
static const uint8_t *after_other_function(const uint8_t *begin, const uint8_t *end) {
    for (const uint8_t *p = end; p > begin; p--)
        if (p[-1] == 0xc3 || p[-1] == 0xcc || (p - begin >= 4 && word_at(p - 4) == 0xfa1e0ff3))
            return p;
    return begin;
}

/* Tells whether a function's first arguments come in this register; others are mostly set in the
 * function. */
static bool is_of_arguments(int number) {
    return number == RAX || (number < 8 && number != 3 && number != 5);
}

/* Tells whether the call whose instruction is at end can be seccomp or prctl. The code begins at
 * begin. */
static bool call_can_confine(const uint8_t *begin, const uint8_t *end) {
    enum { MOST_LINKS = 24, CERTAIN = 2, NEAR = 64, FAR = 1024 };
    const uint8_t *far = end - begin > FAR ? end - FAR : begin;
    int links = 0, number = RAX; /* the register that the call's number is in */
    const uint8_t *p = end;
    if (end - begin > NEAR)
        begin = end - NEAR;
    if (loads_our_number(begin, end))
        return true;
    for (; links < MOST_LINKS; links++) {
        struct instruction i = decode_before(begin, p);
        if (i.bytes == 0)
            break;
        p -= i.bytes;
        if (i.sets != number)
            continue;
        if (i.is_constant)
            return is_of_interest(i.constant);
        if (i.from == NO_REGISTER)
            return true;
        number = i.from;
    }
    if (links < CERTAIN && number == RAX)
        return false;
    return !loads_number(is_of_arguments(number) ? after_other_function(begin, p) : far, p, number);
}

#ifdef __SSE2__
#define VECTORS , "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5"
#else
#define VECTORS /* the compiler keeps nothing in them */
#endif

/* Returns how many bytes from code on, in steps of 32, have no 0f 05 that begins in them. The last
 * byte of code is never among them, since the pair may end there. The rest of this object is
 * compiled without vector registers, which a function may change; here they are four times as
 * fast. */
static size_t skip(const uint8_t *code, size_t bytes) {
    const uint8_t *p = code, *end = code + (bytes - 1) / 32 * 32;
    uint32_t found;
    __asm__ volatile("movd %[first], %%xmm4\n\t"
                     "pshufd $0, %%xmm4, %%xmm4\n\t"
                     "movd %[second], %%xmm5\n\t"
                     "pshufd $0, %%xmm5, %%xmm5\n"
                     "1:\n\t"
                     "cmp %[end], %[p]\n\t"
                     "jae 2f\n\t"
                     "movdqu (%[p]), %%xmm0\n\t"
                     "movdqu 1(%[p]), %%xmm1\n\t"
                     "movdqu 16(%[p]), %%xmm2\n\t"
                     "movdqu 17(%[p]), %%xmm3\n\t"
                     "pcmpeqb %%xmm4, %%xmm0\n\t"
                     "pcmpeqb %%xmm5, %%xmm1\n\t"
                     "pcmpeqb %%xmm4, %%xmm2\n\t"
                     "pcmpeqb %%xmm5, %%xmm3\n\t"
                     "pand %%xmm1, %%xmm0\n\t"
                     "pand %%xmm3, %%xmm2\n\t"
                     "por %%xmm2, %%xmm0\n\t"
                     "pmovmskb %%xmm0, %[found]\n\t"
                     "add $32, %[p]\n\t"
                     "test %[found], %[found]\n\t"
                     "jz 1b\n\t"
                     "sub $32, %[p]\n"
                     "2:"
                     : [p] "+&r"(p), [found] "=&r"(found)
                     : [end] "r"(end), [first] "r"(0x0f0f0f0f), [second] "r"(0x05050505)
                     : "memory", "cc" VECTORS);
    return (size_t)(p - code);
}

/* Returns where the first 0f 05 is from at on, or bytes when there is none. */
static size_t find_call(const uint8_t *code, size_t at, size_t bytes) {
    if (at < bytes)
        at += skip(code + at, bytes - at);
    while (at + 1 < bytes && (code[at] != 0x0f || code[at + 1] != 0x05))
        at++;
    return at + 1 < bytes ? at : bytes;
}

bool mt_raw_calls_can_confine(const uint8_t *code, size_t bytes) {
    for (size_t i = find_call(code, 0, bytes); i < bytes; i = find_call(code, i + 1, bytes))
        if (call_can_confine(code, code + i))
            return true;
    return false;
}

#else

/* Looks for svc #0, and before it mov w8, #number or mov x8, #number; or mov x8, xn, or a load of
 * x8. */
bool mt_raw_calls_can_confine(const uint8_t *code, size_t bytes) {
    enum { BEFORE = 16 };
    const uint32_t *word = (const uint32_t *)code;
    for (size_t i = 0; i < bytes / sizeof *word; i++) {
        if (word[i] != 0xd4000001)
            continue;
        for (size_t k = i; k > 0 && k + BEFORE > i; k--) {
            uint32_t w = word[k - 1];
            if ((w & 0x7fe0001f) == 0x52800008) {
                if (is_of_interest(w >> 5 & 0xffff))
                    return true;
                break;
            }
            bool is_move = (w & 0x7fe0ffff) == 0x2a0003e8, is_load = (w & 0xbfc0001f) == 0xb9400008;
            bool is_extension = (w & 0xfffffc1f) == 0x93407c08;
            if (is_move || is_load || is_extension)
                return true;
        }
    }
    return false;
}

#endif
