/* SPDX-License-Identifier: MIT */
/*
 * No compiler says which one it is, so each form is told by what only it has, from the most certain
 * one to the least: a tag (V8, Python), the shape of a class file's names (Java), the name of an
 * assembly in brackets (.NET). Whatever is not recognised stays as it is.
 */
#include "view/jit/name.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void put(char *to, const char *text, size_t bytes) {
    if (bytes > MT_OWNERS_NAME_BYTES)
        bytes = MT_OWNERS_NAME_BYTES;
    memcpy(to, text, bytes);
    to[bytes] = '\0';
}

/* ---- V8 -------------------------------------------------------------------------------------- */

/* Takes ":12:3" or ":12" off the end. Returns the first number, 0: there is none. */
static int take_position(const char *text, size_t *bytes) {
    size_t end = *bytes, from = end;
    int line = 0;
    for (int part = 0; part < 2; part++) {
        size_t at = from;
        while (at > 0 && isdigit((unsigned char)text[at - 1]))
            at--;
        if (at == from || at == 0 || text[at - 1] != ':')
            break;
        long number = strtol(text + at, NULL, 10);
        line = number > 0 && number <= INT32_MAX ? (int)number : 0;
        from = end = at - 1;
    }
    *bytes = end;
    return line;
}

/* A function's name can have blanks ("get size"), and so can a path: the place is what begins like
 * one, else the last word. */
static const char *find_place(const char *text, size_t bytes) {
    static const char *const beginnings[] = {
        " /",        " file:", " node:",    " http:", " https:", " evalmachine.",
        " webpack:", " wasm:", " internal/"};
    const char *place = NULL;
    for (size_t i = 0; i < COUNT(beginnings); i++) {
        const char *at = memmem(text, bytes, beginnings[i], strlen(beginnings[i]));
        if (at && (!place || at < place))
            place = at;
    }
    return place ? place : memrchr(text, ' ', bytes);
}

static int hex(char c) {
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
                                        : -1;
}

/* file:///x/a%20b.mjs is the path /x/a b.mjs. */
static void put_file(char *to, const char *file, size_t bytes) {
    bool is_url = bytes > 7 && begins(file, "file://");
    put(to, is_url ? file + 7 : file, is_url ? bytes - 7 : bytes);
    if (!is_url)
        return;
    char *out = to;
    for (const char *at = to; *at; at++) {
        int high = at[0] == '%' ? hex(at[1]) : -1, low = high >= 0 ? hex(at[2]) : -1;
        bool is_coded = low >= 0 && (high | low) != 0;
        *out++ = is_coded ? (char)(high * 16 + low) : *at;
        at += is_coded ? 2 : 0;
    }
    *out = '\0';
}

static bool decode_v8(const char *text, struct mt_jit_name *name) {
    static const char *const tags[] = {"JS:", "LazyCompile:", "Function:", "Script:", "Eval:"};
    const char *rest = NULL;
    for (size_t i = 0; i < COUNT(tags); i++)
        if (begins(text, tags[i]))
            rest = text + strlen(tags[i]);
    if (!rest)
        return false;
    if (*rest && strchr("~*^+-", *rest))
        rest++;
    size_t bytes = strlen(rest), whole = bytes;
    int line = take_position(rest, &bytes);
    const char *place = bytes < whole ? find_place(rest, bytes) : NULL;
    bool is_place_alone = bytes < whole && !place && *rest;
    size_t function_bytes = place ? (size_t)(place - rest) : is_place_alone ? 0 : whole;
    if (place || is_place_alone) {
        const char *file = place ? place + 1 : rest;
        put_file(name->file, file, bytes - (size_t)(file - rest));
        name->line = line;
    }
    if (function_bytes)
        put(name->function, rest, function_bytes);
    else
        put(name->function, "(anonymous)", strlen("(anonymous)"));
    if (!function_bytes && (begins(text, "Script:") || line == 1))
        put(name->function, "(top level)", strlen("(top level)"));
    return true;
}

/* ---- Python ---------------------------------------------------------------------------------- */

static bool decode_python(const char *text, struct mt_jit_name *name) {
    if (!begins(text, "py::"))
        return false;
    const char *function = text + strlen("py::"), *colon = strchr(function, ':');
    put(name->function, function, colon ? (size_t)(colon - function) : strlen(function));
    if (colon)
        put(name->file, colon + 1, strlen(colon + 1));
    return true;
}

/* ---- Java ------------------------------------------------------------------------------------ */

/* Lcom/foo/Bar;::baz of perf-map-agent, Lcom/foo/Bar;baz(I)V of perf's own agent. */
static bool decode_class_file(const char *text, struct mt_jit_name *name) {
    const char *end = *text == 'L' ? strchr(text, ';') : NULL;
    if (!end || !memchr(text, '/', (size_t)(end - text)) || memchr(text, ' ', (size_t)(end - text)))
        return false;
    const char *method = begins(end, ";::") ? end + 3 : end + 1;
    size_t bytes = strcspn(method, "(");
    int n = snprintf(name->function, sizeof name->function, "%.*s.%.*s", (int)(end - text - 1),
                     text + 1, (int)bytes, method);
    for (char *at = name->function; n > 0 && at < name->function + (end - text - 1) && *at; at++)
        *at = *at == '/' ? '.' : *at;
    return true;
}

static bool is_of_names(const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("._$<>[]/", text[i]))
            return false;
    return bytes > 0;
}

/* "int com.foo.Bar.baz(long)": two words, of which the second has dots, before a parenthesis. */
static bool decode_java(const char *text, struct mt_jit_name *name) {
    const char *open = strchr(text, '('), *blank = strchr(text, ' ');
    if (!open || !blank || blank > open || !is_of_names(text, (size_t)(blank - text)) ||
        !is_of_names(blank + 1, (size_t)(open - blank - 1)) ||
        !memchr(blank + 1, '.', (size_t)(open - blank - 1)))
        return false;
    put(name->function, blank + 1, strlen(blank + 1));
    return true;
}

/* ---- .NET ------------------------------------------------------------------------------------ */

/* "instance void [app] Demo.Store::Load(int32)[OptimizedTier1]" */
static bool decode_dotnet(const char *text, struct mt_jit_name *name) {
    const char *colons = strstr(text, "::"), *assembly = strchr(text, '[');
    const char *after = assembly ? strstr(assembly, "] ") : NULL;
    if (!colons || !after || after > colons || (assembly != text && assembly[-1] != ' '))
        return false;
    after += 2;
    size_t bytes = strlen(after);
    const char *tier = memrchr(after, '[', bytes);
    if (bytes && after[bytes - 1] == ']' && tier > after && tier[-1] == ')')
        bytes = (size_t)(tier - after);
    put(name->function, after, bytes);
    return true;
}

void mt_jit_name_decode(const char *text, struct mt_jit_name *name) {
    name->function[0] = name->file[0] = '\0';
    name->line = 0;
    if (decode_v8(text, name) || decode_python(text, name) || decode_class_file(text, name) ||
        decode_dotnet(text, name) || decode_java(text, name))
        return;
    put(name->function, text, strlen(text));
}
