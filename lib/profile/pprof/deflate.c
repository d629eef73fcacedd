/* SPDX-License-Identifier: MIT */
/*
 * Compression of profiles as they are written. Small pieces are gathered first because a call of
 * deflate() for every tag and length would cost more than compressing them.
 */
#include "profile/pprof/deflate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Seconds of CPU and size for 330,000 samples of 69 frames (70 MB plain), levels 1, 3, 4, 6: 0.44 s
 * 5.7 MB, 0.48 s 5.2 MB, 0.67 s 5.1 MB, 0.91 s 4.8 MB. Reading takes the same time for all. */
#ifndef MT_DEFLATE_LEVEL
#define MT_DEFLATE_LEVEL 3
#endif

enum { INPUT_BYTES = 1 << 16, OUTPUT_BYTES = 1 << 16, GZIP_WINDOW_BITS = 15 + 16 };

struct mt_deflate {
    z_stream stream;
    int fd;
    size_t n_input;
    unsigned char input[INPUT_BYTES];
    unsigned char output[OUTPUT_BYTES];
};

struct mt_deflate *mt_deflate_new(int fd) {
    struct mt_deflate *out = malloc(sizeof *out);
    if (!out)
        return NULL;
    out->stream = (z_stream){0};
    out->fd = fd;
    out->n_input = 0;
    if (deflateInit2(&out->stream, MT_DEFLATE_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(out);
        return NULL;
    }
    return out;
}

static int write_fully(int fd, const unsigned char *data, size_t bytes) {
    while (bytes) {
        ssize_t n = write(fd, data, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return -MEMTRACK_EIO;
        }
        data += n;
        bytes -= (size_t)n;
    }
    return 0;
}

static int compress_input(struct mt_deflate *out, int flush) {
    z_stream *stream = &out->stream;
    stream->next_in = out->input;
    stream->avail_in = (uInt)out->n_input;
    out->n_input = 0;
    int state;
    do {
        stream->next_out = out->output;
        stream->avail_out = OUTPUT_BYTES;
        state = deflate(stream, flush);
        int status = write_fully(out->fd, out->output, OUTPUT_BYTES - stream->avail_out);
        if (status < 0)
            return status;
    } while (flush == Z_FINISH ? state != Z_STREAM_END : stream->avail_out == 0);
    return 0;
}

int mt_deflate_add(struct mt_deflate *out, const void *data, size_t bytes) {
    const unsigned char *from = data;
    while (bytes) {
        size_t room = INPUT_BYTES - out->n_input;
        size_t n = bytes < room ? bytes : room;
        memcpy(out->input + out->n_input, from, n);
        out->n_input += n;
        from += n;
        bytes -= n;
        if (out->n_input == INPUT_BYTES) {
            int status = compress_input(out, Z_NO_FLUSH);
            if (status < 0)
                return status;
        }
    }
    return 0;
}

int mt_deflate_finish(struct mt_deflate *out) {
    return compress_input(out, Z_FINISH);
}

void mt_deflate_free(struct mt_deflate *out) {
    if (out) {
        deflateEnd(&out->stream);
        free(out);
    }
}
