/* SPDX-License-Identifier: MIT */
/*
 * The viewer is in the command as it is in the file (MT_PAGE_VIEWER, which the build sets): taken
 * over by the assembler, since a compiler takes seconds for an array of 200,000 bytes.
 */
#include "page/viewer.h"

#include <stdint.h>
#include <string.h>

__asm__(".section .rodata\n"
        "mt_viewer_begin:\n"
        ".incbin \"" MT_PAGE_VIEWER "\"\n"
        "mt_viewer_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char mt_viewer_begin[] __attribute__((visibility("hidden")));
extern const char mt_viewer_end[] __attribute__((visibility("hidden")));

static const char *const marks[] = {
    [MT_VIEWER_CONNECT] = "@CONNECT@",
    [MT_VIEWER_TITLE] = "@TITLE@",
    [MT_VIEWER_STATIC] = "@STATIC@",
    [MT_VIEWER_DATA] = "@DATA@",
};

/* Each is there once: build.mjs sees to it. */
static const char *place_of(enum mt_viewer_place place) {
    if (place >= MT_VIEWER_END)
        return mt_viewer_end;
    size_t n = (uintptr_t)mt_viewer_end - (uintptr_t)mt_viewer_begin;
    const char *at = memmem(mt_viewer_begin, n, marks[place], strlen(marks[place]));
    return at ? at : mt_viewer_end;
}

void mt_viewer_put_until(FILE *stream, enum mt_viewer_place place) {
    const char *begin = mt_viewer_begin, *end = place_of(place);
    if (place > MT_VIEWER_CONNECT)
        begin = place_of(place - 1) + strlen(marks[place - 1]);
    fwrite(begin, 1, (uintptr_t)end - (uintptr_t)begin, stream);
}
