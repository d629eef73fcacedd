/* SPDX-License-Identifier: MIT */
/* What glibc has and WASI's libc has not, by the same names. Included before every file. */
#ifndef MT_PAGE_CORE_WASM_GLIBC_H
#define MT_PAGE_CORE_WASM_GLIBC_H

#include <stddef.h>
#include <stdint.h>

void qsort_r(void *items, size_t n, size_t bytes,
             int (*compare)(const void *, const void *, void *), void *context);
char *basename(const char *path); /* GNU's, which changes nothing */
const char *sigabbrev_np(int signal);

#endif
