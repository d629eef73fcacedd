/* SPDX-License-Identifier: MIT */
/* WebAssembly has no mappings: advice about pages is not needed. */
#ifndef MT_PAGE_CORE_WASM_MMAN_H
#define MT_PAGE_CORE_WASM_MMAN_H

#include <stddef.h>

#define MADV_HUGEPAGE 14
static inline int madvise(void *address, size_t bytes, int advice) {
    (void)address, (void)bytes, (void)advice;
    return 0;
}

#endif
