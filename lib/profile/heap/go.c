/* SPDX-License-Identifier: MIT */
/*
 * Names in the comments of Go's heap profiles in text (debug=1):
 *
 *   1: 2048 [1: 2048] @ 0x482f7c 0x4830a5 0x4371d7 0x45e2a1
 *   #	0x482f7b	main.hold+0x3b	/src/app/main.go:12
 *   #	0x4830a4	main.main+0x44	/src/app/main.go:20
 *   #	0x4371d6	runtime.main+0x216	/usr/lib/go/src/runtime/proc.go:255
 *
 * A comment's address is that of the call, its frame's the one behind it; an inlined function may
 * have a comment of its own with the address of the one that it was inlined into. So comments are
 * walked beside the frames: one whose address is that of a later frame moves on to it, and any
 * other belongs to the frame at hand. Go leaves out frames of its run-time system at either end
 * (runtime.makeslice, runtime.goexit); those that have no comment there are dropped.
 */
#include "profile/heap/go.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"

int mt_go_begin(struct mt_go_names *names, size_t n) {
    if (!mt_array_reserve(&names->n_lines, &names->frame_capacity, n, sizeof *names->n_lines))
        return -MEMTRACK_ENOMEM;
    if (n)
        memset(names->n_lines, 0, n * sizeof *names->n_lines);
    names->n = names->frame = 0;
    names->first_named = 1;
    names->last_named = 0;
    return 0;
}

void mt_go_free(struct mt_go_names *names) {
    free(names->lines);
    free(names->n_lines);
}

/* Returns the text up to the next tab, and takes the tabs behind it. */
static struct mt_scan next_field(struct mt_scan *line) {
    struct mt_scan field = *line;
    while (line->at < line->end && *line->at != '\t')
        line->at++;
    field.end = line->at;
    while (line->at < line->end && *line->at == '\t')
        line->at++;
    return field;
}

/* Takes "MARK NUMBER" off the end of a field. */
static bool cut_number(struct mt_scan *field, const char *mark, bool is_hex, uint64_t *number) {
    size_t bytes = strlen(mark);
    for (const char *at = field->end; at - field->at > (ptrdiff_t)bytes;) {
        at--;
        if (memcmp(at - bytes, mark, bytes) != 0)
            continue;
        struct mt_scan digits = {at, field->end};
        int64_t decimal = 0;
        bool is_number = is_hex ? mt_scan_hex(&digits, number) : mt_scan_number(&digits, &decimal);
        if (!is_number || digits.at != digits.end || decimal < 0)
            return false;
        if (!is_hex)
            *number = (uint64_t)decimal;
        field->end = at - bytes;
        return true;
    }
    return false;
}

static mt_string intern(struct mt_profile *profile, struct mt_scan text) {
    return mt_profile_intern_n(profile, text.at, (size_t)(text.end - text.at));
}

/* Returns the index of the function, or an error. *line is 0 when the comment has none. */
static int64_t add_function(struct mt_profile *profile, uint64_t address, struct mt_scan name,
                            struct mt_scan place, uint64_t *line) {
    uint64_t offset = 0;
    bool has_offset = cut_number(&name, "+0x", true, &offset),
         has_line = cut_number(&place, ":", false, line);
    struct mt_function function = {.name = intern(profile, name),
                                   .file = has_line ? intern(profile, place) : 0};
    function.system_name = function.name;
    if (!has_line && has_offset && offset <= address)
        function.address = address - offset;
    if (function.name == UINT32_MAX || function.file == UINT32_MAX)
        return -MEMTRACK_ENOMEM;
    return mt_profile_add_function(profile, &function);
}

/* Returns whether the frame at hand has this line already. Then the function calls itself, and
 * the comment is of the next frame. */
static bool has_line(const struct mt_go_names *names, const struct mt_line *line) {
    for (size_t i = names->n - names->n_lines[names->frame]; i < names->n; i++)
        if (names->lines[i].function == line->function && names->lines[i].line == line->line)
            return true;
    return false;
}

static void choose_frame(struct mt_go_names *names, const uint64_t *addresses, size_t n,
                         uint64_t address, const struct mt_line *line) {
    for (size_t i = names->frame + (line && has_line(names, line)); i < n; i++)
        if (addresses[i] == address + 1 || addresses[i] == address) {
            names->frame = i;
            break;
        }
    if (names->first_named > names->last_named)
        names->first_named = names->frame;
    names->last_named = names->frame;
}

int mt_go_comment(struct mt_go_names *names, struct mt_profile *profile, const uint64_t *addresses,
                  size_t n, struct mt_scan text) {
    uint64_t address, number = 0;
    if (!mt_scan_text(&text, "#\t") || !mt_scan_address(&text, &address) || n == 0)
        return 0;
    while (text.at < text.end && *text.at == '\t')
        text.at++;
    struct mt_scan name = next_field(&text), place = next_field(&text);
    if (name.at == name.end) {
        choose_frame(names, addresses, n, address, NULL);
        return 0;
    }
    int64_t function = add_function(profile, address, name, place, &number);
    if (function < 0)
        return (int)function;
    if (!mt_array_reserve(&names->lines, &names->line_capacity, names->n + 1, sizeof *names->lines))
        return -MEMTRACK_ENOMEM;
    const struct mt_line line = {.function = (uint32_t)function, .line = (int64_t)number};
    choose_frame(names, addresses, n, address, &line);
    names->lines[names->n++] = line;
    names->n_lines[names->frame]++;
    return 0;
}
