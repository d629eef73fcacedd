/* SPDX-License-Identifier: MIT */
/*
 * What pprof --raw and jeprof --raw put before a heap profile in text: the names of its addresses,
 * so that it can be read where the program is not.
 *
 *   --- symbol
 *   binary=/bin/app
 *   0x0000000000401136 main--parse(char const*)
 *   ---
 *   --- heap
 *   heap profile: …
 *
 * Names stand from the outermost to the inlined one, with -- between them (which operator-- has in
 * its name, too). Addresses are those that the scripts look up: that of the innermost frame as it
 * is in the profile, others less 1. An address that they could not name has itself for a name.
 *
 * Of a file on disk, gperftools' pprof writes what it has counted instead, in the form of its CPU
 * profiles: numbers without a unit, in which bytes and blocks can no longer be told apart; jeprof
 * writes nothing. Both are refused.
 */
#include "profile/heap/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static const uint8_t cpu_profile[] = {[8] = 3, [16] = 0};
enum { CPU_PROFILE_HEAD = 24 };

static bool ends_in_operator(const char *from, const char *to) {
    static const char word[] = "operator";
    return to - from >= (ptrdiff_t)strlen(word) &&
           memcmp(to - strlen(word), word, strlen(word)) == 0;
}

/* Returns where the last name begins: behind a "--" that is not part of it. */
static const char *last_name(const char *from, const char *to) {
    for (const char *at = to; at - from >= 3; at--)
        if (at < to && at[-1] == '-' && at[-2] == '-' && !ends_in_operator(from, at - 2))
            return at;
    return from;
}

/* Returns where the symbol begins in "main<000000000000117e>", by which the scripts tell equal
 * names apart. */
static const char *without_address(const char *from, const char *to) {
    const char *at = to - 1;
    if (to - from < 3 || *at != '>')
        return to;
    while (at > from && strchr("0123456789abcdef", at[-1]) && at[-1])
        at--;
    ptrdiff_t digits = to - 1 - at;
    return at - from > 1 && at[-1] == '<' && (digits == 16 || digits == 8) ? at - 1 : to;
}

static int64_t add_function(struct mt_profile *profile, const char *from, const char *to) {
    to = without_address(from, to);
    struct mt_function function = {.name = mt_profile_intern_n(profile, from, (size_t)(to - from))};
    function.system_name = function.name;
    return function.name == UINT32_MAX ? -MEMTRACK_ENOMEM
                                       : mt_profile_add_function(profile, &function);
}

/* Appends the names to the profile's lines, the innermost first. Returns how many there are, or
 * an error. */
static int64_t add_names(struct mt_profile *profile, const char *from, const char *to) {
    int64_t n = 0;
    while (from < to) {
        const char *name = last_name(from, to);
        int64_t function = add_function(profile, name, to);
        int64_t line = function < 0
                           ? function
                           : mt_profile_add_lines(
                                 profile, &(struct mt_line){.function = (uint32_t)function}, 1);
        if (line < 0)
            return line;
        n++;
        to = name > from ? name - 2 : from;
    }
    return n;
}

int mt_heap_symbols_line(struct mt_heap_symbols *symbols, struct mt_profile *profile,
                         struct mt_scan line) {
    uint64_t address;
    if (!mt_scan_address(&line, &address) || address == 0 ||
        mt_ids_find(&symbols->ids, address) >= 0)
        return 0;
    mt_scan_blanks(&line);
    if (line.end - line.at >= 2 && memcmp(line.at, "0x", 2) == 0)
        return 0;
    if (!mt_array_reserve(&symbols->items, &symbols->capacity, symbols->n + 1,
                          sizeof *symbols->items))
        return -MEMTRACK_ENOMEM;
    struct mt_heap_symbol symbol = {.first_line = (uint32_t)profile->n_lines};
    int64_t n = add_names(profile, line.at, line.end);
    int status = n < 0 ? (int)n : mt_ids_add(&symbols->ids, address, (uint32_t)symbols->n);
    symbol.n_lines = n < 0 ? 0 : (uint32_t)n;
    symbols->items[symbols->n++] = symbol;
    return status;
}

/* The scripts look up the innermost address as it is, and others less 1, which is all that a
 * location has. */
const struct mt_heap_symbol *mt_heap_symbols_find(const struct mt_heap_symbols *symbols,
                                                  uint64_t address) {
    int64_t index = mt_ids_find(&symbols->ids, address);
    if (index < 0)
        index = mt_ids_find(&symbols->ids, address + 1);
    return index < 0 ? NULL : &symbols->items[index];
}

void mt_heap_symbols_free(struct mt_heap_symbols *symbols) {
    mt_ids_free(&symbols->ids);
    free(symbols->items);
    *symbols = (struct mt_heap_symbols){0};
}

#define THE_PROFILE_ITSELF "Give the heap profile that it was made from."

int mt_heap_symbols_alone(const char *name, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EFORMAT, THE_PROFILE_ITSELF,
                        "%s has names of addresses, and no profile (jeprof --raw)", name);
}

int mt_heap_symbols_check_rest(struct mt_inflate *in, const char *name, struct mt_error *error) {
    const uint8_t *head;
    size_t bytes;
    int status = mt_inflate_peek(in, CPU_PROFILE_HEAD, &head, &bytes);
    if (status < 0)
        return status;
    if (bytes < sizeof cpu_profile || memcmp(head, cpu_profile, sizeof cpu_profile) != 0)
        return 0;
    return mt_error_set(error, MEMTRACK_EFORMAT, THE_PROFILE_ITSELF,
                        "%s has counts without bytes and blocks (pprof --raw)", name);
}
