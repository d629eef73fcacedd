/* SPDX-License-Identifier: MIT */
#ifndef MT_PAGE_CORE_WASM_ZSTD_ERRORS_H
#define MT_PAGE_CORE_WASM_ZSTD_ERRORS_H

#include <stddef.h>

enum {
    ZSTD_error_memory_allocation = 1,
    ZSTD_error_frameParameter_windowTooLarge,
    ZSTD_error_other
};
static inline int ZSTD_getErrorCode(size_t code) {
    return code ? ZSTD_error_other : 0;
}

#endif
