/* SPDX-License-Identifier: MIT */
/*
 * What a frame is called. There is no standard, but a few habits:
 *
 *   0x1091A5: main (a.c:5)              valgrind: DHAT, massif
 *   0x4848899: malloc (in /lib/x.so)    the same without line
 *   0x10a1: app::run (src/lib.rs:3:14)  the dhat crate, with a column
 *   main (a.c:5)    main (a.c)          most others, heaptrack without line
 *   /srv/app.py:run:12                  austin
 *   /srv/app.py:12                      one line, without a function
 *   java/util/List.add:12               async-profiler: a line without file
 *   libc.so.6`malloc                    DTrace: the module first
 *   [libc.so.6]                         perf: a module alone
 *   0x7fe7226a57b9   ???   [unknown]    nobody knows
 *
 * C++ makes most of them ambiguous: "operator() (int)", "f(void (*)(char)) (a.c:1)". So a place is
 * what the last parentheses hold, balanced, with a blank before them, and only if it looks like
 * one. What is left over is the function, whatever it is: a name is never thrown away.
 */
#include "profile/others/described.h"

#include <string.h>

static size_t length(struct mt_scan text) {
    return (size_t)(text.end - text.at);
}

static bool is(struct mt_scan text, const char *word) {
    return length(text) == strlen(word) && memcmp(text.at, word, length(text)) == 0;
}

static bool holds(struct mt_scan text, char c) {
    return length(text) && memchr(text.at, c, length(text)) != NULL;
}

static void trim(struct mt_scan *text) {
    mt_scan_blanks(text);
    while (text->end > text->at && (text->end[-1] == ' ' || text->end[-1] == '\t'))
        text->end--;
}

/* Takes ":NUMBER" off the end. */
static bool cut_number(struct mt_scan *text, int64_t *number) {
    const char *at = text->end;
    while (at > text->at && at[-1] >= '0' && at[-1] <= '9')
        at--;
    struct mt_scan digits = {at, text->end};
    if (at - text->at < 2 || at[-1] != ':' || !mt_scan_number(&digits, number))
        return false;
    text->end = at - 1;
    return true;
}

/* Returns what the parentheses at the end hold, which begin behind a blank, and cuts them off; else
 * nothing. */
static struct mt_scan cut_parentheses(struct mt_scan *text) {
    struct mt_scan none = {text->end, text->end};
    if (text->at == text->end || text->end[-1] != ')')
        return none;
    size_t depth = 0;
    for (const char *at = text->end; at > text->at; at--) {
        depth += at[-1] == ')';
        depth -= at[-1] == '(';
        if (depth)
            continue;
        struct mt_scan inside = {at, text->end - 1};
        if (at - 1 > text->at && at[-2] != ' ')
            return none;
        text->end = at - 1;
        return inside;
    }
    return none;
}

/* "a.c", "/src/x", not "int" nor "..." */
static bool is_file_name(struct mt_scan text) {
    bool has_letter = false;
    for (const char *at = text.at; at < text.end; at++) {
        if (strchr(" \t<>(),*&", *at))
            return false;
        has_letter |= *at != '.' && *at != '/';
    }
    return has_letter && (holds(text, '.') || holds(text, '/'));
}

/* "in /lib/x.so", "a.c:5", "src/lib.rs:3:14", "a.c" */
static bool take_place(struct mt_scan place, struct mt_described *frame) {
    int64_t number;
    if (mt_scan_text(&place, "in ")) {
        frame->module = place;
        return length(place) > 0;
    }
    if (cut_number(&place, &number)) {
        frame->line = number;
        if (cut_number(&place, &number)) /* the first was a column */
            frame->line = number;
        frame->file = place;
        return true;
    }
    frame->file = is_file_name(place) ? place : frame->file;
    return length(frame->file) > 0;
}

/* "/srv/app.py:run:12", "/srv/app.py:12", "List.add:12" */
static void take_line(struct mt_described *frame) {
    struct mt_scan text = frame->function, file = text;
    int64_t number;
    if (!cut_number(&text, &number) || text.end[-1] == ':')
        return;
    const char *colon = memrchr(text.at, ':', length(text));
    file.end = colon ? colon : text.end;
    bool is_scope = colon && colon > text.at && colon[-1] == ':'; /* std::f:12 */
    if (!is_scope && is_file_name(file) && (colon || holds(file, '/'))) {
        frame->file = file;
        text.at = colon ? colon + 1 : text.end;
    }
    frame->function = text;
    frame->line = number;
}

static void take_module(struct mt_described *frame) {
    struct mt_scan text = frame->function;
    const char *mark = length(text) ? memchr(text.at, '`', length(text)) : NULL;
    bool in_brackets = length(text) > 2 && *text.at == '[' && text.end[-1] == ']';
    if (mark && mark > text.at) {
        frame->module = (struct mt_scan){text.at, mark};
        frame->function.at = mark + 1;
    } else if (in_brackets && memmem(text.at, length(text), ".so", 3)) {
        frame->module = (struct mt_scan){text.at + 1, text.end - 1};
        frame->function.at = frame->function.end;
    }
}

struct mt_described mt_described_parse(const char *text, size_t bytes) {
    struct mt_scan rest = {text, text + bytes};
    struct mt_described frame = {
        {rest.end, rest.end}, {rest.end, rest.end}, {rest.end, rest.end}, 0, 0};
    trim(&rest);
    struct mt_scan after = rest;
    uint64_t address;
    if (mt_scan_address(&after, &address) &&
        (after.at == after.end || mt_scan_text(&after, ": "))) {
        frame.address = address;
        rest = after;
    }
    struct mt_scan name = rest, place = cut_parentheses(&name);
    bool has_place = length(place) && take_place(place, &frame);
    frame.function = has_place ? name : rest;
    trim(&frame.function);
    if (!has_place) {
        take_module(&frame);
        take_line(&frame);
    }
    if (is(frame.function, "???") || is(frame.function, "[unknown]"))
        frame.function.at = frame.function.end;
    return frame;
}
