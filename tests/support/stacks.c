/* SPDX-License-Identifier: MIT */
/*
 * The call path oracle: a preload object that stands behind the tracker and notes, for every
 * allocation, the stack that libunwind finds. Each one is appended to the shared file
 * $STACKS_FILE.PID as it comes: number of frames, bytes, addresses from the inside out, all of 64
 * bits, a zero after the last. Addresses are those of the call (the return address less one), as in
 * pprof files, but exact where a signal came in between.
 *
 * libunwind shares nothing with the tracker but the unwind tables that it reads.
 */
#define UNW_LOCAL_ONLY
#include "next.h"

#include <errno.h>
#include <fcntl.h>
#include <libunwind.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES = 1024 };
static const size_t file_bytes = (size_t)2 << 30; /* sparse */

static uint64_t *log_start, *log_end;
static size_t used = 4;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local int inside __attribute__((tls_model("initial-exec")));

static void open_log(void) {
    char path[4096];
    const char *prefix = getenv("STACKS_FILE");
    snprintf(path, sizeof path, "%s.%d", prefix ? prefix : "", (int)getpid());
    int fd = prefix ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    if (!ftruncate(fd, (off_t)file_bytes)) {
        void *map =
            mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
        if (map != MAP_FAILED) {
            log_start = map;
            log_end = log_start + file_bytes / sizeof *log_start;
        }
    }
    close(fd);
}

/* The file begins with the address ranges of this object and of the tracker: start, end, start,
 * end. */
static int note_range(struct dl_phdr_info *info, size_t size, void *unused) {
    static const char *const ours[] = {"/stacks.so", "/libmemtrack.so"};
    (void)size;
    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        if (!strstr(info->dlpi_name, ours[i]))
            continue;
        for (int k = 0; k < info->dlpi_phnum; k++)
            if (info->dlpi_phdr[k].p_type == PT_LOAD && (info->dlpi_phdr[k].p_flags & PF_X)) {
                log_start[2 * i] = info->dlpi_addr + info->dlpi_phdr[k].p_vaddr;
                log_start[2 * i + 1] = log_start[2 * i] + info->dlpi_phdr[k].p_memsz;
            }
    }
    return 0;
}

static size_t walk(uint64_t *out) {
    unw_context_t context;
    unw_cursor_t cursor;
    size_t n = 0;
    unw_getcontext(&context);
    if (unw_init_local(&cursor, &context))
        return 0;
    while (n < FRAMES && unw_step(&cursor) > 0) {
        unw_word_t ip;
        if (unw_get_reg(&cursor, UNW_REG_IP, &ip) || !ip)
            break;
        /* On x86-64 this says that a signal came in here, not that this is the frame of the
         * kernel's making. */
        out[n++] = unw_is_signal_frame(&cursor) > 0 ? ip : ip - 1;
    }
    return n;
}

/* At the first allocation, which other objects' constructors may make before ours would run. */
static void start(void) {
    unw_set_caching_policy(unw_local_addr_space, UNW_CACHE_GLOBAL);
    open_log();
    if (log_start)
        dl_iterate_phdr(note_range, NULL);
}

static void *note(void *block, size_t bytes) {
    static uint64_t frames[FRAMES];
    static int started;
    if (inside || !block)
        return block;
    int saved = errno;
    inside++;
    pthread_mutex_lock(&lock);
    if (!started++)
        start();
    size_t n = log_start ? walk(frames) : 0;
    if (n && log_start + used + n + 3 < log_end) {
        uint64_t *at = log_start + used;
        memcpy(at + 2, frames, n * sizeof *frames);
        at[1] = bytes;
        at[0] = n;
        used += n + 2;
    }
    pthread_mutex_unlock(&lock);
    inside--;
    errno = saved;
    return block;
}

void *malloc(size_t bytes) {
    return note(NEXT(malloc)(bytes), bytes);
}

void free(void *block) {
    NEXT(free)(block);
}

void *calloc(size_t n, size_t bytes) {
    return note(NEXT(calloc)(n, bytes), n * bytes);
}

void *realloc(void *block, size_t bytes) {
    return note(NEXT(realloc)(block, bytes), bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    return note(NEXT(memalign)(alignment, bytes), bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return note(NEXT(aligned_alloc)(alignment, bytes), bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    int code = NEXT(posix_memalign)(out, alignment, bytes);
    if (code == 0)
        note(*out, bytes);
    return code;
}
