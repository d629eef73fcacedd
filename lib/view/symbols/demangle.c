/* SPDX-License-Identifier: MIT */
/*
 * Demangling by libiberty: C++ (Itanium), Rust legacy and v0. Symbol names come from files that
 * nobody vouches for, and a name of a hundred bytes can expand to gigabytes, so the library's
 * callback interface is used, which hands out pieces as they are made, and left by longjmp when the
 * pieces exceed the room. The library's own limit of recursion stays on. Only names that start as
 * mangled ones do are tried: with its type option the library takes a C function called "i" for the
 * type int.
 */
#include "view/symbols/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <string.h>

enum { MAX_SYMBOL_BYTES = 1 << 13 }; /* the library's stack use grows with the length of the name */

struct output {
    char *at, *end;
    jmp_buf too_long;
};

static void append(const char *piece, size_t bytes, void *context) {
    struct output *output = context;
    if (bytes >= (size_t)(output->end - output->at))
        longjmp(output->too_long, 1);
    memcpy(output->at, piece, bytes);
    output->at += bytes;
}

bool mt_demangle(const char *symbol, char *out, size_t out_bytes) {
    const int options = DMGL_PARAMS | DMGL_ANSI;
    bool is_rust_v0 = symbol[0] == '_' && symbol[1] == 'R';
    bool is_itanium = symbol[0] == '_' && (symbol[1] == 'Z' || strncmp(symbol + 1, "_Z", 2) == 0);
    if ((!is_rust_v0 && !is_itanium && strncmp(symbol, "_GLOBAL_", 8) != 0) || out_bytes == 0 ||
        strnlen(symbol, MAX_SYMBOL_BYTES) == MAX_SYMBOL_BYTES)
        return false;
    struct output output = {.at = out, .end = out + out_bytes};
    if (setjmp(output.too_long))
        return false;
    int done = rust_demangle_callback(symbol, options, append,
                                      &output); /* refuses what is C++ before any output */
    if (!done) {
        output.at = out;
        done = cplus_demangle_v3_callback(symbol, options, append, &output);
    }
    *output.at = '\0';
    return done != 0 && output.at != out;
}
