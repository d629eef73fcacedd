/* SPDX-License-Identifier: MIT */
/*
 * The file may be anything: somebody else's idea of the format, a gigabyte of zeroes, a single
 * endless line. It is read in pieces of BUFFER_BYTES; a line that does not fit is cut, and its rest
 * passed over.
 */
#include "view/jit/perf_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES (INT64_C(512) << 20)

enum { BUFFER_BYTES = 1 << 18 };

/* Reads a hexadecimal number and the blanks behind it, as far as the line goes. NULL: none. */
static const char *take_number(const char *at, const char *end, uint64_t *number) {
    if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        at += 2;
    const char *first = at;
    *number = 0;
    for (; at < end; at++) {
        char c = *at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            break;
        if (*number >> 60)
            return NULL;
        *number = *number << 4 | digit;
    }
    if (at == first || at == end || (*at != ' ' && *at != '\t'))
        return NULL;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static bool take_line(struct mt_owners *owners, const char *line, const char *end) {
    uint64_t start, bytes;
    size_t item, limit;
    const char *at = take_number(line, end, &start);
    if (at)
        at = take_number(at, end, &bytes);
    if (!at || at == end)
        return true;
    if (end[-1] == '\r')
        end--;
    mt_owners_range(owners, start, bytes, &item, &limit);
    for (; item < limit; item++)
        if (!mt_owners_take(owners, item, at, (size_t)(end - at)))
            return false;
    return true;
}

/* Takes the lines that end in the buffer. Returns how much of it has been taken. */
static size_t take_lines(struct mt_owners *owners, const char *buffer, size_t bytes, bool *go_on) {
    const char *at = buffer, *end = buffer + bytes, *newline;
    while (*go_on && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        *go_on = take_line(owners, at, newline);
        at = newline + 1;
    }
    return (size_t)(at - buffer);
}

static void read_all(int fd, int64_t size, struct mt_owners *owners, char *buffer) {
    size_t have = 0;
    bool go_on = true, is_rest = false; /* of a line that was too long */
    for (int64_t at = 0; go_on && at < size;) {
        size_t room = BUFFER_BYTES - have;
        int64_t wanted = size - at < (int64_t)room ? size - at : (int64_t)room;
        ssize_t n = pread(fd, buffer + have, (size_t)wanted, at);
        if (n <= 0)
            break;
        at += n;
        have += (size_t)n;
        char *first = buffer;
        if (is_rest) {
            char *newline = memchr(buffer, '\n', have);
            is_rest = newline == NULL;
            first = newline ? newline + 1 : buffer + have;
        }
        size_t left = have - (size_t)(first - buffer);
        size_t taken = take_lines(owners, first, left, &go_on);
        left -= taken;
        if (left == BUFFER_BYTES) {
            go_on = go_on && take_line(owners, buffer, buffer + left);
            is_rest = true;
            left = 0;
        }
        memmove(buffer, first + taken, left);
        have = left;
    }
    if (go_on && have && !is_rest) /* the last line need not have an end */
        take_line(owners, buffer, buffer + have);
}

void mt_perf_map_read(int fd, struct mt_owners *owners) {
    struct stat status;
    char *buffer = malloc(BUFFER_BYTES);
    if (buffer && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        int64_t size = status.st_size < MOST_BYTES ? status.st_size : MOST_BYTES;
        owners->is_cut |= status.st_size > MOST_BYTES;
        read_all(fd, size, owners, buffer);
    }
    owners->no_memory |= !buffer;
    free(buffer);
}
