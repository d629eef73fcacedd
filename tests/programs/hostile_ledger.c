/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * A tracked program that turns against those who look at it: `hostile_ledger MODE [SEED]`. It fills
 * a heap, says "ready" and then damages its own ledger for ever, without one more allocation, so
 * that the recorder in it has no part in that.
 *
 *   patch      a few random words anywhere, in a ledger that is otherwise whole again each time
 *   header     the same in the header and the control line
 *   numbers    words that are large, negative, or addresses of the ledger itself, in the header
 *   random     random bytes over everything but the first page
 *   truncate   the file gets random lengths
 *   lock       holds the lock that readers take
 *   replace    another thing has the file's name: a link, a FIFO, a directory, a huge file, a text,
 *              nothing
 */
#include "target.h"
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PIECES = 256, HEADER_BYTES = 32768, PAGE = 4096 };

static struct {
    char *at;
    size_t bytes, offset;
} piece[MAX_PIECES];
static int n_pieces;
static size_t total_bytes;
static char path[4096];
static char *whole; /* a copy of the ledger as it was */
static uint64_t state;

/* The ledger's mappings, read without stdio: nothing here may allocate once the copy is made. */
static void find_ledger(void) {
    static char maps[1 << 20];
    int fd = open("/proc/self/maps", O_RDONLY);
    ssize_t n, bytes = 0;
    while ((n = read(fd, maps + bytes, sizeof maps - 1 - (size_t)bytes)) > 0)
        bytes += n;
    close(fd);
    for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long start, end, offset;
        char name[4096] = "";
        if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %4095s", &start, &end, &offset, name) < 4)
            continue;
        if (!strstr(name, ".ledger") || n_pieces == MAX_PIECES)
            continue;
        strcpy(path, name);
        piece[n_pieces].at = (char *)start;
        piece[n_pieces].bytes = end - start;
        piece[n_pieces++].offset = offset;
        if (offset + (end - start) > total_bytes)
            total_bytes = offset + (end - start);
    }
    if (!n_pieces)
        die("no ledger is mapped here: is the library preloaded?");
}

/* Of what the file has: the mapping may end later, and touching it there is a bus error. */
static void copy(bool restore) {
    struct stat info;
    size_t limit = stat(path, &info) == 0 ? (size_t)info.st_size : 0;
    for (int i = 0; i < n_pieces; i++) {
        size_t bytes = piece[i].bytes;
        if (piece[i].offset >= limit)
            continue;
        if (piece[i].offset + bytes > limit)
            bytes = limit - piece[i].offset;
        memcpy(restore ? piece[i].at : whole + piece[i].offset,
               restore ? whole + piece[i].offset : piece[i].at, bytes);
    }
}

static uint64_t random_word(void) {
    return (uint64_t)next_random(&state) << 33 ^ (uint64_t)next_random(&state) << 11 ^
           next_random(&state);
}

static uint64_t nasty_word(void) {
    static const uint64_t nasty[] = {
        0, 1, UINT64_MAX, INT64_MAX, UINT64_C(1) << 63, UINT32_MAX, UINT64_C(1) << 32, 1 << 27};
    uint32_t which = next_random(&state) % 12;
    if (which < 8)
        return nasty[which];
    return which < 10 ? (uintptr_t)piece[0].at + next_random(&state) % total_bytes : random_word();
}

static void put(size_t offset, uint64_t word) {
    for (int i = 0; i < n_pieces; i++)
        if (offset >= piece[i].offset && offset + 8 <= piece[i].offset + piece[i].bytes)
            memcpy(piece[i].at + (offset - piece[i].offset), &word, 8);
}

static void patch(size_t from, size_t to, uint64_t (*word)(void)) {
    copy(true);
    for (uint32_t n = 1 + next_random(&state) % 64; n > 0; n--)
        put(from + next_random(&state) % (to - from), word());
}

static void make_file(const char *text, size_t bytes, off_t length) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, text, bytes) != (ssize_t)bytes || ftruncate(fd, length) != 0)
        die("%s cannot be replaced", path);
    close(fd);
}

static void replace(void) {
    static char aside[sizeof path + 8];
    snprintf(aside, sizeof aside, "%s.aside", path);
    rename(path, aside);
    switch (next_random(&state) % 7) {
    case 0:
        if (symlink("/dev/zero", path))
            die("symlink");
        break;
    case 1:
        if (symlink(aside, path))
            die("symlink");
        break;
    case 2:
        mkfifo(path, 0600);
        break;
    case 3:
        mkdir(path, 0700);
        break;
    case 4: /* larger than any memory, and it begins like a ledger */
        make_file(whole, HEADER_BYTES, (off_t)1 << 42);
        break;
    case 5:
        make_file("no ledger\n", 10, 10);
        break;
    default:
        break; /* nothing is there */
    }
    usleep(20000);
    if (unlink(path) != 0)
        rmdir(path);
    rename(aside, path);
    usleep(5000);
}

static void shorten(void) {
    if (truncate(path, (off_t)(next_random(&state) % (total_bytes * 5 / 4))) != 0)
        die("%s cannot be truncated", path);
}

static void attack(const char *mode) {
    if (strcmp(mode, "patch") == 0)
        patch(8, total_bytes, random_word);
    else if (strcmp(mode, "header") == 0)
        patch(8, HEADER_BYTES, random_word);
    else if (strcmp(mode, "numbers") == 0)
        patch(16, HEADER_BYTES, nasty_word);
    else if (strcmp(mode, "random") == 0)
        for (int n = 0; n < 20000; n++)
            put(PAGE + random_word() % (total_bytes - PAGE), random_word());
    else if (strcmp(mode, "truncate") == 0)
        shorten();
    else if (strcmp(mode, "replace") == 0)
        replace();
    else if (strcmp(mode, "lock") == 0)
        flock(open(path, O_RDWR), LOCK_EX);
    else
        die("no mode %s", mode);
}

int main(int argc, char **argv) {
    static void *block[2000];
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (int i = 0; i < 2000; i++)
        block[i] = need(malloc(1 + next_random(&state) % 40000));
    for (int i = 0; i < 2000; i += 3)
        free(block[i]);
    find_ledger();
    whole = mmap(NULL, total_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole == MAP_FAILED)
        die("no memory for a copy");
    copy(false);
    bool locks = argc > 1 && strcmp(argv[1], "lock") == 0;
    if (locks)
        attack("lock"); /* it has the lock when readers are told to come */
    if (argc < 2 || write(STDOUT_FILENO, "ready\n", 6) != 6)
        die("needs a mode");
    while (locks)
        pause();
    for (;;) {
        attack(argv[1]);
        usleep(2000);
    }
}
