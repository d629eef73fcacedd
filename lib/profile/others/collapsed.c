/* SPDX-License-Identifier: MIT */
/*
 * Folded stacks, a line for each, the outermost frame first:
 *
 *   main (a.c:5);parse;malloc 12800
 *
 * flamegraph.pl, speedscope, inferno, async-profiler, perf's scripts, heaptrack_print -F and
 * memtrack export write and read them. A frame is whatever its writer calls it (described.h), and a
 * number is whatever he has counted: there is no place to say so. It is taken for live bytes, the
 * one figure that every heap profile has, and a note says that this was assumed. A fraction is
 * dropped. An empty frame is none (heaptrack ends each path with one).
 *
 * What difffolded.pl writes has two numbers at the end of each line; that is a comparison, and is
 * refused.
 */
#include "profile/others/collapsed.h"

#include <string.h>

#include "profile/heap/scan.h"
#include "profile/others/builder.h"

enum { FIRST_BYTES = 4096 };

#define NOTE                                                                                       \
    "Folded stacks do not say what their numbers count: they are taken for bytes that are live."

/* Takes the number at the end of a line, and the blanks before it. A line without one: false. */
static bool cut_number(struct mt_scan *line, int64_t *number) {
    const char *at = line->end;
    while (at > line->at && ((at[-1] >= '0' && at[-1] <= '9') || at[-1] == '.'))
        at--;
    at -= at > line->at && at[-1] == '-';
    struct mt_scan digits = {at, line->end};
    if (at == line->at || (at[-1] != ' ' && at[-1] != '\t') || !mt_scan_number(&digits, number))
        return false;
    if (digits.at < digits.end && *digits.at == '.') /* a fraction */
        for (digits.at++; digits.at < digits.end && *digits.at != '.';)
            digits.at++;
    if (digits.at != digits.end)
        return false;
    while (at > line->at && (at[-1] == ' ' || at[-1] == '\t'))
        at--;
    line->end = at;
    return at > line->at;
}

/* Cuts the end of a line's text off, and says whether something is left. */
static bool has_text(struct mt_scan *line) {
    while (line->end > line->at && strchr("\r\n\t ", line->end[-1]) && line->end[-1])
        line->end--;
    mt_scan_blanks(line);
    return line->at < line->end && *line->at != '#'; /* inferno and others begin comments so */
}

/* ---- is it? ---------------------------------------------------------------------------------- */

/* Returns the end of the last whole line; of a stream that has ended, its end. */
static const char *whole_lines(const char *text, size_t bytes, bool is_all) {
    const char *end = memrchr(text, '\n', bytes);
    return is_all ? text + bytes : end ? end : text;
}

/* A number behind words may be anybody's. A path is a mark; so is what writers have in the place of
 * one that they do not know: "[lossy] 12". */
static bool is_marked(const struct mt_scan *line) {
    return memchr(line->at, ';', (size_t)(line->end - line->at)) ||
           (*line->at == '[' && line->end[-1] == ']');
}

/* Returns whether every line is a stack and a number, of which there are some. *marked: one of them
 * cannot be anything else. */
static bool are_stacks(struct mt_scan text, bool *marked) {
    bool any = false;
    while (text.at < text.end) {
        const char *end = memchr(text.at, '\n', (size_t)(text.end - text.at));
        struct mt_scan line = {text.at, end ? end : text.end};
        int64_t number;
        text.at = end ? end + 1 : text.end;
        if (!has_text(&line))
            continue;
        if (!cut_number(&line, &number))
            return false;
        any = true;
        *marked |= is_marked(&line);
    }
    return any;
}

static bool is_named_so(const char *name) {
    static const char *const endings[] = {".folded", ".collapsed"}, *const packed[] = {".gz",
                                                                                       ".zst"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (length > strlen(packed[i]) && strcmp(name + length - strlen(packed[i]), packed[i]) == 0)
            length -= strlen(packed[i]);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (length > strlen(endings[i]) &&
            strncmp(name + length - strlen(endings[i]), endings[i], strlen(endings[i])) == 0)
            return true;
    return false;
}

/* Looks at the first bytes. */
static bool begins_with_stacks(struct mt_inflate *in, size_t wanted, bool *marked) {
    const uint8_t *head;
    size_t bytes;
    *marked = false;
    if (mt_inflate_peek(in, wanted, &head, &bytes) < 0 || memchr(head, '\0', bytes))
        return false;
    const char *text = (const char *)head;
    if (bytes == wanted && !memchr(head, '\n', bytes)) /* call paths can be long */
        return wanted < MT_INFLATE_LINE && memchr(head, ';', bytes) &&
               begins_with_stacks(in, MT_INFLATE_LINE, marked);
    return are_stacks((struct mt_scan){text, whole_lines(text, bytes, bytes < wanted)}, marked);
}

/* Where the first lines are single frames, later ones may have paths. */
bool mt_collapsed_is_one(struct mt_inflate *in, const char *name) {
    bool marked;
    if (!begins_with_stacks(in, FIRST_BYTES, &marked))
        return false;
    if (marked || is_named_so(name))
        return true;
    return begins_with_stacks(in, MT_INFLATE_LINE, &marked) && marked;
}

/* ---- lines ----------------------------------------------------------------------------------- */

struct reader {
    struct mt_builder b;
    size_t line, n_stacks, n_pairs; /* of n_stacks have two numbers */
};

static int damaged(struct reader *r) {
    return mt_error_set(r->b.error, MEMTRACK_EFORMAT, "Record or copy it again.",
                        "%s is damaged: line %zu is not a stack and a number", r->b.name, r->line);
}

/* Pushes the frames of a line, which stand the other way round. */
static int push_frames(struct mt_builder *b, struct mt_scan path) {
    b->n_frames = 0;
    for (const char *end = path.end; end > path.at;) {
        const char *mark = memrchr(path.at, ';', (size_t)(end - path.at));
        struct mt_scan frame = {mark ? mark + 1 : path.at, end};
        end = mark ? mark : path.at;
        mt_scan_blanks(&frame);
        if (frame.at == frame.end)
            continue;
        int status =
            mt_builder_push(b, mt_builder_frame(b, frame.at, (size_t)(frame.end - frame.at)));
        if (status < 0)
            return status;
    }
    return 0;
}

static int take_line(struct reader *r, struct mt_scan line) {
    int64_t number, second;
    if (!cut_number(&line, &number))
        return damaged(r);
    struct mt_scan before = line;
    r->n_stacks++;
    r->n_pairs += cut_number(&before, &second);
    if (number == 0)
        return 0;
    int64_t status = push_frames(&r->b, line);
    if (status == 0)
        status = mt_builder_sample(&r->b, false);
    if (status < 0)
        return (int)status;
    mt_builder_add(&r->b, status, MT_VALUE_LIVE_BYTES, number);
    return 0;
}

static int read_lines(struct reader *r) {
    struct mt_scan line;
    size_t bytes;
    int status;
    while ((status = mt_inflate_line(r->b.in, &line.at, &bytes)) > 0) {
        line.end = line.at + bytes;
        r->line++;
        status = has_text(&line) ? take_line(r, line) : 0;
        if (status < 0)
            return status;
    }
    return status;
}

static int finish(struct reader *r) {
    if (r->n_pairs && r->n_pairs == r->n_stacks)
        return mt_error_set(r->b.error, MEMTRACK_EFORMAT,
                            "Give memtrack diff the two files that it was made of.",
                            "%s is a comparison: its stacks have two numbers each", r->b.name);
    r->b.profile->has_value[MT_VALUE_LIVE_BYTES] = true;
    int status = mt_builder_tool(&r->b, "another tool, as folded stacks");
    return status < 0 ? status : mt_builder_note(&r->b, NOTE);
}

int mt_collapsed_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                      struct mt_error *error) {
    struct reader r = {0};
    int status = mt_builder_begin(&r.b, in, name, error);
    if (status == 0)
        status = read_lines(&r);
    if (status == 0)
        status = finish(&r);
    return mt_builder_end(&r.b, status, out);
}
