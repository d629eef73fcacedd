/* SPDX-License-Identifier: MIT */
/* Nothing packed comes here: see absent.c. */
#ifndef MT_PAGE_CORE_WASM_ZLIB_H
#define MT_PAGE_CORE_WASM_ZLIB_H

#include <stdint.h>

typedef uint8_t Bytef;
typedef unsigned uInt;
typedef struct {
    Bytef *next_in, *next_out;
    uInt avail_in, avail_out;
    const char *msg;
} z_stream;

enum { Z_OK = 0, Z_STREAM_END = 1, Z_NO_FLUSH = 0, Z_DATA_ERROR = -3, Z_MEM_ERROR = -4 };

static inline int inflateInit2(z_stream *stream, int bits) {
    stream->msg = "the browser should have unpacked it";
    return bits ? Z_OK : Z_DATA_ERROR;
}
static inline int inflateReset(z_stream *stream) {
    (void)stream;
    return Z_OK;
}
static inline int inflate(z_stream *stream, int flush) {
    (void)stream, (void)flush;
    return Z_DATA_ERROR;
}
static inline int inflateEnd(z_stream *stream) {
    (void)stream;
    return Z_OK;
}

#endif
