/* SPDX-License-Identifier: MIT */
/*
 * Memory that the script fills, text that it reads, and what went wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "page/core/core.h"
#include "page/core/exports.h"
#include "view/format/format.h"

struct mt_error mt_core_error;

static char *text;
static char *pairs;
static size_t n_pairs, pairs_capacity;
static bool pairs_failed;

void *MT_CORE_EXPORT(mt_core_memory_new)(size_t bytes) {
    return malloc(bytes ? bytes : 1);
}

void MT_CORE_EXPORT(mt_core_memory_free)(void *memory) {
    free(memory);
}

const char *MT_CORE_EXPORT(mt_core_error_message)(void) {
    return mt_core_text(mt_core_error.message);
}

const char *MT_CORE_EXPORT(mt_core_error_hint)(void) {
    return mt_core_text(mt_core_error.hint);
}

const char *mt_core_text(const char *raw) {
    free(text);
    text = mt_format_utf8(raw);
    return text ? text : "";
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static void add(const char *word) {
    size_t bytes = strlen(word) + 1;
    pairs_failed |= !mt_array_reserve(&pairs, &pairs_capacity, n_pairs + bytes + 1, 1);
    if (pairs_failed)
        return;
    memcpy(pairs + n_pairs, word, bytes);
    n_pairs += bytes;
}

void mt_core_pairs_begin(void) {
    n_pairs = 0;
    pairs_failed = false;
}

void mt_core_pairs_text(const char *key, const char *value) {
    add(key);
    add(mt_core_text(value));
}

void mt_core_pairs_number(const char *key, double value) {
    char digits[32];
    /* a damaged profile's numbers are at the end of their range, where the command cuts them too */
    long long whole = value < 0x1p63 ? (long long)value : INT64_MAX;
    snprintf(digits, sizeof digits, "%lld", whole);
    add(key);
    add(digits);
}

void mt_core_pairs_real(const char *key, double value) {
    char digits[32];
    snprintf(digits, sizeof digits, "%.17g", value);
    add(key);
    add(digits);
}

const char *mt_core_pairs_end(void) {
    add("");
    return pairs_failed ? "" : pairs;
}
