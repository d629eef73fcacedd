/* SPDX-License-Identifier: MIT */
/*
 * What every hook needs: a prototype of the table, to be exported, and where it returns to. A hook
 * that the table does not have is a warning (-Wmissing-prototypes), for it would not be exported.
 */
#ifndef MT_INTERPOSE_HOOK_H
#define MT_INTERPOSE_HOOK_H

#include "interpose/next.h"
#include "track/record.h"

#define MT_HOOK __attribute__((visibility("default")))

/* This is the hook's frame, from which the state of its caller follows (struct mt_hook_frame). */
#define MT_CALLER() ((const struct mt_hook_frame *)__builtin_frame_address(0))

/* The prototypes of operators are in cxx.c: they follow from their shapes. */
#define MT_HOOK_FAMILY(how, result, name, parameters, arguments) MT_HOOK result name parameters;
#define MT_HOOK_LIBC(how, result, name, parameters, arguments)   MT_HOOK result name parameters;
#define MT_HOOK_CALL(result, name, parameters)                   MT_HOOK result name parameters;
#define MT_HOOK_OWN(result, name, parameters)                    MT_HOOK result name parameters;
#include "interpose/hooks.def"

#endif
