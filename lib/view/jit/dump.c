/* SPDX-License-Identifier: MIT */
/*
 * Most of a dump is machine code, which is passed over: of each record, its head is read, and of a
 * record of lines all of it, one at a time. Of loads, only index and place are kept, for the case
 * that they move. Every length in the file is compared with what is left before it is believed.
 */
#include "view/jit/dump.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

enum { MAGIC = 0x4A695444, LOAD = 0, MOVE = 1, DEBUG_INFO = 2 };
enum { MOST_LINES_BYTES = 4 << 20, MOST_RECORDS = 16 << 20, MOST_LOADS = 1 << 20 };

struct head {
    uint32_t magic, version, bytes, machine, pad, pid;
    uint64_t time, flags;
};
struct record {
    uint32_t id, bytes;
    uint64_t time;
};
struct load { /* a name and the code follow */
    struct record record;
    uint32_t pid, tid;
    uint64_t vma, address, bytes, index;
};
struct move {
    struct record record;
    uint32_t pid, tid;
    uint64_t vma, from, to, bytes, index;
};
struct debug_info { /* entries follow */
    struct record record;
    uint64_t address, n;
};
struct entry { /* the name of a file follows */
    uint64_t address;
    uint32_t line, discriminator;
};

struct place { /* of a load in the file */
    uint64_t index;
    int64_t at, lines_at; /* lines_at: of its lines, 0: it has none */
};

struct dump {
    int fd;
    int64_t size;
    struct mt_owners *owners;
    struct place *loads; /* by growing index */
    size_t n_loads, load_capacity;
    int64_t lines_at; /* of the record of lines that waits for its load; 0: none */
    bool go_on;
};

static bool read_at(const struct dump *dump, int64_t at, void *to, size_t bytes) {
    return at >= 0 && at <= dump->size && (uint64_t)(dump->size - at) >= bytes &&
           pread(dump->fd, to, bytes, at) == (ssize_t)bytes;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/*
 * V8 gives the addresses of lines as they will be in an object file that perf makes of the code,
 * behind that file's header of 64 bytes. Then the first line is never at the beginning of the code.
 */
static uint64_t shift_of(const char *name) {
    static const char *const tags[] = {
        "JS:",      "LazyCompile:",     "Function:", "Script:", "Eval:",
        "Builtin:", "BytecodeHandler:", "RegExp:",   "Stub:"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (strncmp(name, tags[i], strlen(tags[i])) == 0)
            return 64;
    return 0;
}

/* Walks through the entries up to the address. Returns whether one has been found. A name of the
 * bytes ff 00 stands for the one before. */
static bool find_line(const char *at, const char *end, uint64_t n, uint64_t address,
                      const char **file, int *line) {
    const char *name = NULL;
    bool found = false;
    for (uint64_t i = 0; i < n && (size_t)(end - at) > sizeof(struct entry); i++) {
        struct entry entry;
        memcpy(&entry, at, sizeof entry);
        at += sizeof entry;
        size_t length = strnlen(at, (size_t)(end - at));
        if (length == (size_t)(end - at))
            break;
        if (!(length == 1 && (unsigned char)*at == 0xff))
            name = at;
        at += length + 1;
        if (entry.address > address)
            continue;
        *file = name;
        *line = entry.line <= INT32_MAX ? (int)entry.line : 0;
        found = name != NULL;
    }
    return found;
}

static void set_lines(struct dump *dump, int64_t at, const struct load *load, uint64_t to,
                      const char *name, size_t first, size_t end) {
    struct debug_info info;
    if (first == end || at == 0 || !read_at(dump, at, &info, sizeof info) ||
        info.record.bytes < sizeof info)
        return;
    size_t bytes = info.record.bytes - sizeof info;
    if (bytes > MOST_LINES_BYTES)
        bytes = MOST_LINES_BYTES;
    char *entries = malloc(bytes + 1);
    dump->owners->no_memory |= !entries;
    if (entries && read_at(dump, at + (int64_t)sizeof info, entries, bytes))
        for (size_t i = first; i < end; i++) {
            uint64_t offset = dump->owners->items[i].address - to;
            const char *file;
            int line;
            if (find_line(entries, entries + bytes, info.n, load->address + offset + shift_of(name),
                          &file, &line))
                mt_owners_set_line(dump->owners, i, file, line);
        }
    free(entries);
}

/* ---- records --------------------------------------------------------------------------------- */

/* The code of the load at this place of the file is at the address now. */
static void offer(struct dump *dump, int64_t at, int64_t lines_at, const uint64_t *moved_to) {
    struct load load;
    char name[MT_OWNERS_NAME_BYTES + 1];
    size_t first, end;
    if (!read_at(dump, at, &load, sizeof load) || load.record.bytes < sizeof load)
        return;
    uint64_t to = moved_to ? *moved_to : load.address;
    mt_owners_range(dump->owners, to, load.bytes, &first, &end);
    if (first == end)
        return;
    size_t bytes = load.record.bytes - sizeof load;
    if (bytes > MT_OWNERS_NAME_BYTES)
        bytes = MT_OWNERS_NAME_BYTES;
    if (!read_at(dump, at + (int64_t)sizeof load, name, bytes))
        return;
    name[bytes] = '\0';
    for (size_t i = first; i < end && dump->go_on; i++)
        dump->go_on = mt_owners_take(dump->owners, i, name, strlen(name));
    if (dump->go_on)
        set_lines(dump, lines_at, &load, to, name, first, end);
}

static void take_load(struct dump *dump, int64_t at) {
    struct load load;
    int64_t lines_at = dump->lines_at;
    struct debug_info info;
    dump->lines_at = 0;
    if (!read_at(dump, at, &load, sizeof load))
        return;
    if (lines_at && (!read_at(dump, lines_at, &info, sizeof info) || info.address != load.address))
        lines_at = 0;
    offer(dump, at, lines_at, NULL);
    bool is_next = dump->n_loads == 0 || dump->loads[dump->n_loads - 1].index < load.index;
    if (!is_next || dump->n_loads == MOST_LOADS)
        return;
    if (mt_array_reserve(&dump->loads, &dump->load_capacity, dump->n_loads + 1,
                         sizeof *dump->loads))
        dump->loads[dump->n_loads++] =
            (struct place){.index = load.index, .at = at, .lines_at = lines_at};
    else
        dump->owners->no_memory = true;
}

static int compare_place(const void *key, const void *element) {
    uint64_t index = *(const uint64_t *)key, other = ((const struct place *)element)->index;
    return index < other ? -1 : index > other;
}

static void take_move(struct dump *dump, int64_t at) {
    struct move move;
    if (!read_at(dump, at, &move, sizeof move) || !dump->n_loads)
        return;
    const struct place *load =
        bsearch(&move.index, dump->loads, dump->n_loads, sizeof *dump->loads, compare_place);
    if (load)
        offer(dump, load->at, load->lines_at, &move.to);
}

static void take_records(struct dump *dump, int64_t at) {
    struct record record;
    size_t n = 0;
    for (; dump->go_on && read_at(dump, at, &record, sizeof record); at += record.bytes) {
        if (record.bytes < sizeof record || ++n > MOST_RECORDS)
            break;
        if (record.id == LOAD)
            take_load(dump, at);
        else if (record.id == MOVE)
            take_move(dump, at);
        else if (record.id == DEBUG_INFO)
            dump->lines_at = at;
    }
    dump->owners->is_cut |= n > MOST_RECORDS;
}

bool mt_jit_dump_read(int fd, struct mt_owners *owners) {
    struct stat status;
    struct head head;
    struct dump dump = {.fd = fd, .owners = owners, .go_on = true};
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    dump.size = status.st_size;
    if (!read_at(&dump, 0, &head, sizeof head) || head.magic != MAGIC || head.bytes < sizeof head)
        return false;
    take_records(&dump, head.bytes);
    free(dump.loads);
    return true;
}
