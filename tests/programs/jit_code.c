/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* A compiler of code, as far as a tracker can tell: it writes functions into anonymous memory, and
 * their names into /tmp/perf-PID.map or a jitdump, as its arguments say, from left to right:
 *
 *   frame NAME BYTES       a function, with a frame pointer, that has so many bytes allocated
 *   bare NAME BYTES        the same without one: rsp alone tells where its caller is
 *   calls NAME TARGET      a function with a frame pointer that calls another one
 *   chain NAME TARGET N    N of them, each of which calls the next; the last calls TARGET
 *   over NAME OLD BYTES    a function that takes the place of an older one
 *   moved NAME OLD         a copy of an older one, elsewhere
 *   do NAME N              calls it N times
 *   map NAME TEXT          a line of the perf map
 *   raw TEXT               the text itself in the perf map, and a newline
 *   fill TEXT N            N times the text in the perf map, without a newline
 *   load NAME TEXT         a record of the dump; with "line FILE NUMBER" before it, with a line
 *   move NAME OLD          another one: the code of OLD is that of NAME now
 *   unlink                 removes both files
 *   wait                   says "ready", and waits for a line
 *
 * The dump is jit-PID.dump in the working directory.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "target.h"

enum { MOST = 600, ROOM = 64, NAME = 32 };

static struct function {
    char name[NAME];
    unsigned char *code;
    uint64_t index;
} functions[MOST];
static size_t n_functions;
static unsigned char *room;
static char map_path[64], dump_path[64];
static int map_fd = -1, dump_fd = -1;
static const char *line_file;
static uint32_t line_number;

static void *volatile latest;

__attribute__((noinline)) static void allocate(unsigned bytes) {
    latest = need(malloc(bytes));
}

static struct function *find(const char *name) {
    for (size_t i = n_functions; i-- > 0;)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    abort();
}

static struct function *add(const char *name, unsigned char *at) {
    struct function *f = &functions[n_functions];
    if (n_functions == MOST)
        abort();
    snprintf(f->name, NAME, "%s", name);
    f->code = at ? at : room + n_functions * ROOM;
    f->index = ++n_functions;
    return f;
}

static unsigned char *put(unsigned char *at, const char *bytes, size_t n) {
    memcpy(at, bytes, n);
    return at + n;
}

/* mov rax, target; mov edi, bytes; call rax */
static unsigned char *put_call(unsigned char *at, uint64_t target, uint32_t bytes) {
    at = put(at, "\x48\xb8", 2);
    at = put(at, (const char *)&target, 8);
    at = put(at, "\xbf", 1);
    at = put(at, (const char *)&bytes, 4);
    return put(at, "\xff\xd0", 2);
}

static void emit(struct function *f, bool has_frame, uint64_t target, uint32_t bytes) {
    unsigned char *at = f->code;
    at = has_frame ? put(at, "\x55\x48\x89\xe5", 4) : put(at, "\x48\x83\xec\x08", 4);
    at = put_call(at, target, bytes);
    put(at, has_frame ? "\x5d\xc3" : "\x48\x83\xc4\x08\xc3", has_frame ? 2 : 5);
}

static void write_all(int fd, const void *bytes, size_t n) {
    if (write(fd, bytes, n) != (ssize_t)n)
        abort();
}

static void open_map(void) {
    snprintf(map_path, sizeof map_path, "/tmp/perf-%d.map", getpid());
    if (map_fd < 0)
        map_fd = open(map_path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (map_fd < 0)
        abort();
}

static void put_map(const struct function *f, const char *text) {
    char line[256];
    open_map();
    write_all(map_fd, line,
              (size_t)snprintf(line, sizeof line, "%llx %x %s\n",
                               (unsigned long long)(size_t)f->code, ROOM, text));
}

static void open_dump(void) {
    struct {
        uint32_t magic, version, bytes, machine, pad, pid;
        uint64_t time, flags;
    } head = {0x4A695444, 1, sizeof head, 62, 0, (uint32_t)getpid(), 1, 0};
    if (dump_fd >= 0)
        return;
    snprintf(dump_path, sizeof dump_path, "jit-%d.dump", getpid());
    dump_fd = open(dump_path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (dump_fd < 0)
        abort();
    write_all(dump_fd, &head, sizeof head);
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, dump_fd, 0) == MAP_FAILED)
        abort();
}

static void put_line(const struct function *f) {
    struct {
        uint32_t id, bytes;
        uint64_t time, address, n;
    } record = {2, 0, 1, (size_t)f->code, 1};
    struct {
        uint64_t address;
        uint32_t line, discriminator;
    } entry = {(size_t)f->code, line_number, 0};
    record.bytes = (uint32_t)(sizeof record + sizeof entry + strlen(line_file) + 1);
    write_all(dump_fd, &record, sizeof record);
    write_all(dump_fd, &entry, sizeof entry);
    write_all(dump_fd, line_file, strlen(line_file) + 1);
    line_file = NULL;
}

static void put_load(const struct function *f, const char *text) {
    struct {
        uint32_t id, bytes;
        uint64_t time;
        uint32_t pid, tid;
        uint64_t vma, address, size, index;
    } record = {
        0,    0,       1, (uint32_t)getpid(), (uint32_t)getpid(), (size_t)f->code, (size_t)f->code,
        ROOM, f->index};
    open_dump();
    if (line_file)
        put_line(f);
    record.bytes = (uint32_t)(sizeof record + strlen(text) + 1 + ROOM);
    write_all(dump_fd, &record, sizeof record);
    write_all(dump_fd, text, strlen(text) + 1);
    write_all(dump_fd, f->code, ROOM);
}

static void put_move(const struct function *f, const struct function *old) {
    const struct {
        uint32_t id, bytes;
        uint64_t time;
        uint32_t pid, tid;
        uint64_t vma, from, to, size, index;
    } record = {1,
                sizeof record,
                1,
                (uint32_t)getpid(),
                (uint32_t)getpid(),
                (size_t)f->code,
                (size_t)old->code,
                (size_t)f->code,
                ROOM,
                old->index};
    open_dump();
    write_all(dump_fd, &record, sizeof record);
}

static void call(const struct function *f, long n) {
    void (*code)(void);
    memcpy(&code, &f->code, sizeof code);
    for (long i = 0; i < n; i++)
        code();
}

static void emit_chain(const char *name, const char *target, long n) {
    for (long i = 1; i <= n; i++) {
        char link[NAME];
        snprintf(link, NAME, "%s%ld", name, i);
        uint64_t inner = (size_t)find(target)->code;
        emit(add(i == n ? name : link, NULL), true, inner, 0);
        target = i == n ? name : functions[n_functions - 1].name;
    }
}

/* Takes what argv[0] asks for. Returns how many words that took. */
static int obey(char **argv) {
    const char *word = argv[0];
    uint64_t malloc_there = (size_t)allocate;
    bool is_over = strcmp(word, "over") == 0;
    if (strcmp(word, "frame") == 0 || strcmp(word, "bare") == 0) {
        emit(add(argv[1], NULL), *word == 'f', malloc_there, (uint32_t)atol(argv[2]));
    } else if (is_over) {
        emit(add(argv[1], find(argv[2])->code), true, malloc_there, (uint32_t)atol(argv[3]));
        return 4;
    } else if (strcmp(word, "calls") == 0) {
        emit_chain(argv[1], argv[2], 1);
    } else if (strcmp(word, "chain") == 0) {
        emit_chain(argv[1], argv[2], atol(argv[3]));
        return 4;
    } else if (strcmp(word, "moved") == 0) {
        const unsigned char *old = find(argv[2])->code;
        memcpy(add(argv[1], NULL)->code, old, ROOM);
    } else if (strcmp(word, "do") == 0) {
        call(find(argv[1]), atol(argv[2]));
    } else if (strcmp(word, "map") == 0) {
        put_map(find(argv[1]), argv[2]);
    } else if (strcmp(word, "raw") == 0) {
        open_map();
        write_all(map_fd, argv[1], strlen(argv[1]));
        write_all(map_fd, "\n", 1);
        return 2;
    } else if (strcmp(word, "fill") == 0) {
        open_map();
        for (long n = atol(argv[2]); n > 0; n--)
            write_all(map_fd, argv[1], strlen(argv[1]));
    } else if (strcmp(word, "line") == 0) {
        line_file = argv[1];
        line_number = (uint32_t)atol(argv[2]);
    } else if (strcmp(word, "load") == 0) {
        put_load(find(argv[1]), argv[2]);
    } else if (strcmp(word, "move") == 0) {
        put_move(find(argv[1]), find(argv[2]));
    } else if (strcmp(word, "unlink") == 0) {
        unlink(map_path);
        unlink(dump_path);
        return 1;
    } else if (strcmp(word, "wait") == 0) { /* until somebody has read a line's worth */
        puts("ready");
        fflush(stdout);
        getchar();
        return 1;
    } else {
        abort();
    }
    return 3;
}

int main(int argc, char **argv) {
    room = mmap(NULL, MOST * ROOM, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    if (room == MAP_FAILED)
        return 77;
    for (int i = 1; i < argc;)
        i += obey(argv + i);
    return 0;
}
