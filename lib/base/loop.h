/* SPDX-License-Identifier: MIT */
/*
 * The body of a loop over all samples, as a function of its own. A browser begins to run WebAssembly
 * with code that was made in a hurry, and takes to better code at calls only: a loop that is entered
 * once stays slow to its end, with all that was inlined into it. Elsewhere it means nothing.
 */
#ifndef MT_BASE_LOOP_H
#define MT_BASE_LOOP_H

#ifdef __wasm__
#define MT_LOOP_BODY __attribute__((noinline))
#else
#define MT_LOOP_BODY
#endif

#endif
