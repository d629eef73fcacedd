/* SPDX-License-Identifier: MIT */
/* Nothing packed comes here: see absent.c. */
#ifndef MT_PAGE_CORE_WASM_ZSTD_H
#define MT_PAGE_CORE_WASM_ZSTD_H

#include <stddef.h>

typedef struct mt_no_zstd ZSTD_DStream;
typedef struct {
    const void *src;
    size_t size, pos;
} ZSTD_inBuffer;
typedef struct {
    void *dst;
    size_t size, pos;
} ZSTD_outBuffer;

/* One address that is not NULL: the first frame is refused. */
static inline ZSTD_DStream *ZSTD_createDStream(void) {
    static char none;
    return (ZSTD_DStream *)(void *)&none;
}
static inline size_t ZSTD_freeDStream(ZSTD_DStream *stream) {
    (void)stream;
    return 0;
}
static inline size_t ZSTD_decompressStream(ZSTD_DStream *stream, ZSTD_outBuffer *out,
                                           ZSTD_inBuffer *in) {
    (void)stream, (void)out, (void)in;
    return (size_t)-1;
}
static inline unsigned ZSTD_isError(size_t code) {
    return code == (size_t)-1;
}
static inline const char *ZSTD_getErrorName(size_t code) {
    (void)code;
    return "a page cannot read zstd; unpack it with zstd -d";
}

#endif
