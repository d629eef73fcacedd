/* SPDX-License-Identifier: MIT */
/*
 * A second object: its hooks' prototypes, and the functions under them. Included by its one file,
 * which says before which object it is, and which of its functions is looked up last:
 *
 *   #define MT_SECOND_jemalloc(...) __VA_ARGS__
 *   #define MT_SECOND_LAST mallocx
 */
#ifndef MT_INTERPOSE_SECOND_LOCAL_H
#define MT_INTERPOSE_SECOND_LOCAL_H

#include "base/atomic.h"
#include "interpose/second.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef MT_SECOND_jemalloc
#define MT_SECOND_jemalloc(...)
#endif
#ifndef MT_SECOND_mimalloc
#define MT_SECOND_mimalloc(...)
#endif
#ifndef MT_SECOND_mmap
#define MT_SECOND_mmap(...)
#endif

#define HOOK    __attribute__((visibility("default")))
#define FRAME() ((const struct mt_hook_frame *)__builtin_frame_address(0))

#define MT_HOOK_SECOND(object, result, name, parameters)                                           \
    MT_SECOND_##object(HOOK result name parameters;)
#include "interpose/hooks.def"

static struct {
#define MT_HOOK_SECOND(object, result, name, parameters)                                           \
    MT_SECOND_##object(result(*name) parameters;)
#define MT_HOOK_SECOND_ASKED(object, result, name, parameters)                                     \
    MT_SECOND_##object(result(*name) parameters;)
#include "interpose/hooks.def"
} real;

#define MT_SECOND_TEXT_OF(name) #name
#define MT_SECOND_TEXT(name)    MT_SECOND_TEXT_OF(name)
#define MT_SECOND_FIND(name)                                                                       \
    if (__builtin_strcmp(#name, MT_SECOND_TEXT(MT_SECOND_LAST)) != 0)                              \
        real.name = (__typeof__(real.name))memtrack_private_next(#name);

/* Looks up every name when the first one is used: an object below has all of them or none. */
static void resolve(void) {
#define MT_HOOK_SECOND(object, result, name, parameters) MT_SECOND_##object(MT_SECOND_FIND(name))
#define MT_HOOK_SECOND_ASKED(object, result, name, parameters)                                     \
    MT_SECOND_##object(MT_SECOND_FIND(name))
#include "interpose/hooks.def"
    __typeof__(real.MT_SECOND_LAST) last =
        (__typeof__(last))memtrack_private_next(MT_SECOND_TEXT(MT_SECOND_LAST));
    mt_store_release(&real.MT_SECOND_LAST, last); /* this one says that the rest is there */
    if (last == NULL)
        __builtin_trap(); /* somebody calls such a function, through us, in a process without it */
}

#define RESOLVE()                                                                                  \
    do {                                                                                           \
        if (__builtin_expect(mt_load_acquire(&real.MT_SECOND_LAST) == NULL, 0))                    \
            resolve();                                                                             \
    } while (0)

#endif
