/* SPDX-License-Identifier: MIT */
/* The names and the members come from one list, so they are in the same order. */
#include "serve/microhttpd.h"

#include "base/library.h"

struct mt_microhttpd mt_microhttpd;

#define NAME(name) "MHD_" #name,
static const char *const names[] = {MT_MICROHTTPD(NAME)};
enum { N = sizeof names / sizeof *names };
_Static_assert(sizeof mt_microhttpd == N * sizeof(void *), "one pointer for each name");

int mt_microhttpd_load(struct mt_error *error) {
    static const struct mt_library library = {
        .soname = MT_MICROHTTPD_SONAME,
        .package = MT_MICROHTTPD_PACKAGE,
        .names = names,
        .n = N,
        .functions = &mt_microhttpd,
    };
    return mt_library_load(&library, error);
}
