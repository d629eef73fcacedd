/* SPDX-License-Identifier: MIT */
/*
 * Reading a profile as a stream. One window holds what is inflated and not yet taken; a sub-message
 * is handed out where it lies. The window grows only when a sub-message does not fit, and only by
 * what has really arrived, so that a length of 2^60 in a damaged file costs nothing. Data in memory
 * that are not packed are their own window: they are there, and nothing is copied.
 *
 *   window:  │ taken ... │ begin ── not yet taken ── end │ room │
 *
 * A file is read with read(): a mapping would turn a file that shrinks into SIGBUS. libdeflate is
 * faster than zlib but inflates whole files only. What is packed with zstd is read as well, because
 * other tools (heaptrack) and people pack their files so.
 */
#include "profile/inflate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    INPUT_BYTES = 1 << 16,
    WINDOW_BYTES = 1 << 18,
    GZIP_WINDOW_BITS = 15 + 16,
    FIRST_LINE_BYTES = 1 << 10
};

enum packing { PLAIN, GZIP, ZSTD };

struct mt_inflate {
    const char *name;
    struct mt_error *error;
    int fd;
    const uint8_t *data; /* when fd is -1 */
    size_t data_bytes;
    const uint8_t *input; /* read and not yet inflated */
    size_t input_bytes;
    bool input_ended, ended;
    int failed;              /* the error of the stream, once there was one */
    bool started, in_member; /* in_member: between the header and the trailer of a gzip member or
                                zstd frame */
    enum packing packing;
    z_stream stream;
    ZSTD_DStream *zstd;
    uint64_t total_in, total_out;
    uint8_t *window;
    size_t begin, end, capacity;
    uint8_t buffer[INPUT_BYTES];
};

struct mt_inflate *mt_inflate_new(int fd, const void *data, size_t bytes, const char *name,
                                  struct mt_error *error) {
    struct mt_inflate *in = malloc(sizeof *in);
    uint8_t *window = malloc(WINDOW_BYTES);
    if (!in || !window) {
        free(in);
        free(window);
        mt_error_set(error, MEMTRACK_ENOMEM, "", "%s: out of memory", name);
        return NULL;
    }
    memset(in, 0, offsetof(struct mt_inflate, buffer));
    in->name = name;
    in->error = error;
    in->fd = fd;
    in->data = data;
    in->data_bytes = bytes;
    in->window = window;
    in->capacity = WINDOW_BYTES;
    return in;
}

void mt_inflate_free(struct mt_inflate *in) {
    if (in) {
        if (in->packing == GZIP)
            inflateEnd(&in->stream);
        ZSTD_freeDStream(in->zstd);
        if (in->window != in->data)
            free(in->window);
        free(in);
    }
}

static int no_memory(struct mt_inflate *in) {
    return mt_error_set(in->error, MEMTRACK_ENOMEM, "", "%s: out of memory", in->name);
}

static int cut_short(struct mt_inflate *in) {
    return mt_error_set(in->error, MEMTRACK_EFORMAT,
                        "Record or copy it again: the writer may have been interrupted.",
                        "%s is damaged: it ends too early", in->name);
}

/* ---- input ----------------------------------------------------------------------------------- */

static int read_input(struct mt_inflate *in) {
    if (in->fd < 0) {
        in->input = in->data;
        in->input_bytes = in->input_ended ? 0 : in->data_bytes;
        in->input_ended = true;
        in->total_in += in->input_bytes;
        return 0;
    }
    ssize_t n;
    do {
        n = read(in->fd, in->buffer, INPUT_BYTES);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return mt_error_set(in->error, MEMTRACK_EIO, "", "cannot read %s: %s", in->name,
                            strerror(errno));
    in->input = in->buffer;
    in->input_bytes = (size_t)n;
    in->input_ended = n == 0;
    in->total_in += (size_t)n;
    return 0;
}

/* What is ended is never written to: make_room is for what is still to come. */
static void look_in_place(struct mt_inflate *in) {
    free(in->window);
    in->window = (uint8_t *)(uintptr_t)in->data;
    in->end = in->capacity = in->data_bytes;
    in->total_out = in->data_bytes;
    in->input_bytes = 0;
    in->ended = true;
}

static int start(struct mt_inflate *in) {
    int status = read_input(in);
    if (status < 0)
        return status;
    in->started = true;
    if (in->input_bytes >= 2 && memcmp(in->input, "\x1f\x8b", 2) == 0) {
        if (inflateInit2(&in->stream, GZIP_WINDOW_BITS) != Z_OK)
            return no_memory(in);
        in->packing = GZIP;
        in->in_member = true;
    } else if (in->input_bytes >= 4 && memcmp(in->input, "\x28\xb5\x2f\xfd", 4) == 0) {
        in->zstd = ZSTD_createDStream();
        if (!in->zstd)
            return no_memory(in);
        in->packing = ZSTD;
        in->in_member = true;
    } else if (in->data && in->input_bytes) {
        look_in_place(in);
    }
    return 0;
}

/* ---- window ---------------------------------------------------------------------------------- */

static int fill_plain(struct mt_inflate *in, size_t *produced) {
    size_t room = in->capacity - in->end;
    *produced = in->input_bytes < room ? in->input_bytes : room;
    if (*produced == 0) {
        in->ended = true;
        return 0;
    }
    memcpy(in->window + in->end, in->input, *produced);
    in->input += *produced;
    in->input_bytes -= *produced;
    return 0;
}

static int inflate_error(struct mt_inflate *in, int state) {
    if (state == Z_MEM_ERROR)
        return no_memory(in);
    return mt_error_set(in->error, MEMTRACK_EFORMAT, "Record or copy it again.",
                        "%s is damaged: its gzip data is corrupt (%s)", in->name,
                        in->stream.msg ? in->stream.msg : "unexpected data");
}

static int fill_gzip(struct mt_inflate *in, size_t *produced) {
    if (in->input_bytes == 0) { /* the input has ended */
        in->ended = true;
        return in->in_member ? cut_short(in) : 0;
    }
    if (!in->in_member) { /* a file may hold several members, one after the other */
        inflateReset(&in->stream);
        in->in_member = true;
    }
    size_t room = in->capacity - in->end;
    in->stream.next_in = (Bytef *)(uintptr_t)in->input;
    in->stream.avail_in = (uInt)(in->input_bytes < (1u << 30) ? in->input_bytes : (1u << 30));
    in->stream.next_out = in->window + in->end;
    in->stream.avail_out = (uInt)room;
    size_t offered = in->stream.avail_in;
    int state = inflate(&in->stream, Z_NO_FLUSH);
    in->input += offered - in->stream.avail_in;
    in->input_bytes -= offered - in->stream.avail_in;
    *produced = room - in->stream.avail_out;
    if (state == Z_STREAM_END)
        in->in_member = false;
    else if (state != Z_OK)
        return inflate_error(in, state);
    return 0;
}

static int zstd_error(struct mt_inflate *in, size_t code) {
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_memory_allocation:
        return no_memory(in);
    case ZSTD_error_frameParameter_windowTooLarge:
        return mt_error_set(in->error, MEMTRACK_ELIMIT,
                            "Unpack it with zstd -d --long=31, and give the result.",
                            "%s is packed with a window of more than 128 MiB", in->name);
    default:
        return mt_error_set(in->error, MEMTRACK_EFORMAT, "Record or copy it again.",
                            "%s is damaged: its zstd data is corrupt (%s)", in->name,
                            ZSTD_getErrorName(code));
    }
}

static int fill_zstd(struct mt_inflate *in, size_t *produced) {
    ZSTD_inBuffer input = {in->input, in->input_bytes, 0};
    ZSTD_outBuffer output = {in->window + in->end, in->capacity - in->end, 0};
    if (in->input_bytes == 0 && !in->in_member) {
        in->ended = true;
        return 0;
    }
    size_t left = ZSTD_decompressStream(in->zstd, &output, &input); /* 0: a frame has ended */
    in->input += input.pos;
    in->input_bytes -= input.pos;
    *produced = output.pos;
    if (ZSTD_isError(left))
        return zstd_error(in, left);
    in->in_member = left != 0;
    if (output.pos == 0 && input.size == 0) { /* the input has ended, and nothing was held back */
        in->ended = true;
        return in->in_member ? cut_short(in) : 0;
    }
    return 0;
}

static int check_limit(struct mt_inflate *in) {
    if (in->total_out <= (uint64_t)MT_INFLATE_ALLOWANCE + in->total_in * MT_INFLATE_RATIO)
        return 0;
    return mt_error_set(in->error, MEMTRACK_ELIMIT,
                        in->packing == GZIP
                            ? "If you trust it, unpack it with gunzip, and give the result."
                            : "If you trust it, unpack it with zstd -d, and give the result.",
                        "%s is refused: its %llu bytes unpack to more than %u times that", in->name,
                        (unsigned long long)in->total_in, (unsigned)MT_INFLATE_RATIO);
}

static int fill_once(struct mt_inflate *in) {
    size_t produced = 0;
    while (produced == 0 && !in->ended) {
        int status = in->started ? 0 : start(in);
        if (status == 0 && in->input_bytes == 0 && !in->input_ended)
            status = read_input(in);
        if (status == 0)
            status = in->packing == GZIP   ? fill_gzip(in, &produced)
                     : in->packing == ZSTD ? fill_zstd(in, &produced)
                                           : fill_plain(in, &produced);
        if (status < 0)
            return status;
    }
    in->end += produced;
    in->total_out += produced;
    return check_limit(in);
}

/* Adds at least a byte to the window, which has room, or sets ended. Who has only looked at what
 * comes, and goes on after an error, gets the same error again. */
static int fill(struct mt_inflate *in) {
    if (in->failed == 0)
        in->failed = fill_once(in);
    return in->failed;
}

static int make_room(struct mt_inflate *in) {
    if (in->begin) {
        memmove(in->window, in->window + in->begin, in->end - in->begin);
        in->end -= in->begin;
        in->begin = 0;
    }
    if (in->end < in->capacity)
        return 0;
    uint8_t *grown = realloc(in->window, in->capacity * 2);
    if (!grown)
        return no_memory(in);
    in->window = grown;
    in->capacity *= 2;
    return 0;
}

/* ---- taking ---------------------------------------------------------------------------------- */

static int take_slow(struct mt_inflate *in, size_t bytes) {
    while (in->end - in->begin < bytes) {
        int status = in->ended ? cut_short(in) : 0;
        if (status == 0 && (in->end == in->capacity || in->begin == in->end))
            status = make_room(in);
        if (status == 0)
            status = fill(in);
        if (status < 0)
            return status;
    }
    return 0;
}

int mt_inflate_take(struct mt_inflate *in, size_t bytes, const uint8_t **out) {
    if (in->end - in->begin < bytes) {
        int status = take_slow(in, bytes);
        if (status < 0)
            return status;
    }
    *out = in->window + in->begin;
    in->begin += bytes;
    return 0;
}

int mt_inflate_peek(struct mt_inflate *in, size_t wanted, const uint8_t **out, size_t *bytes) {
    int status = 0;
    while (status == 0 && in->end - in->begin < wanted && (!in->ended || in->failed < 0)) {
        if (in->end == in->capacity || in->begin == in->end)
            status = make_room(in);
        if (status == 0)
            status = fill(in);
    }
    *out = in->window + in->begin;
    *bytes = in->end - in->begin < wanted ? in->end - in->begin : wanted;
    return status;
}

int mt_inflate_line(struct mt_inflate *in, const char **line, size_t *bytes) {
    const uint8_t *at, *end = NULL;
    size_t n = 0, seen = 0, wanted = FIRST_LINE_BYTES;
    for (;; wanted *= 2) {
        int status = mt_inflate_peek(in, wanted, &at, &n);
        if (status < 0)
            return status;
        end = n > seen ? memchr(at + seen, '\n', n - seen) : NULL;
        if (end || n < wanted)
            break;
        if (wanted >= MT_INFLATE_LINE)
            return mt_error_set(in->error, MEMTRACK_EFORMAT, "Record or copy it again.",
                                "%s is damaged: it has a line of more than %d bytes", in->name,
                                MT_INFLATE_LINE);
        seen = n;
    }
    *line = (const char *)at;
    *bytes = end ? (size_t)(end - at) : n;
    in->begin += *bytes + (end ? 1 : 0);
    return end || n;
}

bool mt_inflate_is_in_place(const struct mt_inflate *in) {
    return in->data && in->window == in->data;
}

size_t mt_inflate_ready(const struct mt_inflate *in) {
    return in->end - in->begin;
}

bool mt_inflate_is_packed(const struct mt_inflate *in) {
    return in->packing != PLAIN;
}

uint64_t mt_inflate_total_in(const struct mt_inflate *in) {
    return in->total_in;
}

uint64_t mt_inflate_total_out(const struct mt_inflate *in) {
    return in->total_out;
}

uint64_t mt_inflate_taken(const struct mt_inflate *in) {
    return in->total_out - (in->end - in->begin);
}

int mt_inflate_skip(struct mt_inflate *in, uint64_t bytes) {
    while (bytes) {
        const uint8_t *ignored;
        size_t n = bytes < INPUT_BYTES ? (size_t)bytes : INPUT_BYTES;
        int status = mt_inflate_take(in, n, &ignored);
        if (status < 0)
            return status;
        bytes -= n;
    }
    return 0;
}

int mt_inflate_varint(struct mt_inflate *in, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (in->begin == in->end) {
            int status = in->ended ? in->failed : make_room(in);
            if (status == 0 && !in->ended)
                status = fill(in);
            if (status < 0)
                return status;
            if (in->begin == in->end)
                return shift == 0 ? 0 : cut_short(in);
        }
        uint8_t byte = in->window[in->begin++];
        *value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        if (!(byte & 0x80))
            return 1;
    }
    return 2;
}
