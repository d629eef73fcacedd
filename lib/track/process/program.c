/* SPDX-License-Identifier: MIT */
/*
 * Started as a command, the dynamic linker is what /proc/self/exe names, and the program is one of
 * the files that it maps. The kernel then names no interpreter (AT_BASE is 0), which no dynamically
 * linked program has otherwise. The program's own file is the one that holds its dynamic section,
 * and the kernel's list of mappings has the path of that file as /proc/self/exe would have it:
 * absolute, and with what has become of the file since.
 *
 * Rejected: the link map's name, which is "" for the program in this case as in the usual one, and
 * AT_EXECFN, which is a word of the command line: relative to a directory that may have been left,
 * or found along the library path.
 */
#include "track/process/program.h"

#include "base/loader.h"
#include "base/text.h"

#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

enum { CHUNK_BYTES = 512, FIELDS_BEFORE_PATH = 5 };

/* What is known of one line of the list, which is read a character at a time. */
struct line {
    uint64_t range[2]; /* [begin, end) */
    uint32_t field;    /* 0: the range; FIELDS_BEFORE_PATH: the path */
    uint32_t bound;    /* which end of the range is being read */
    uint32_t path_bytes;
    bool between; /* fields are set apart by one space or more */
};

static void take_digit(struct line *line, char c) {
    if (c == '-')
        line->bound = 1;
    else
        line->range[line->bound] = line->range[line->bound] << 4 | (uint64_t)mt_text_digit(c);
}

/* Takes the next character of a line. The path goes to out, which has room for capacity bytes. */
static void take_character(struct line *line, char c, char *out, uint32_t capacity) {
    if (line->field < FIELDS_BEFORE_PATH && c == ' ') {
        line->field += !line->between;
        line->between = true;
        return;
    }
    if (line->field == FIELDS_BEFORE_PATH && c == ' ' && line->between)
        return;
    line->between = false;
    if (line->field == 0)
        take_digit(line, c);
    else if (line->field == FIELDS_BEFORE_PATH && line->path_bytes < capacity)
        out[line->path_bytes++] = c;
}

/* Writes the path of the file that is mapped at the address to out. Returns its length in bytes, or
 * 0 when there is none. */
static uint32_t mapped_file(uint64_t address, char *out, uint32_t capacity) {
    char chunk[CHUNK_BYTES] = {0};
    struct line line = {.field = 0};
    uint32_t found = 0;
    long n, fd = mt_os_call(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0,
                            0, 0);
    if (mt_os_failed(fd))
        return 0;
    while (found == 0 && (n = mt_os_call(SYS_read, fd, (long)chunk, sizeof chunk, 0, 0, 0)) > 0)
        for (long i = 0; i < n && found == 0; i++) {
            if (chunk[i] != '\n') {
                take_character(&line, chunk[i], out, capacity);
                continue;
            }
            if (address >= line.range[0] && address < line.range[1])
                found = line.path_bytes;
            line = (struct line){.field = 0};
        }
    mt_os_call(SYS_close, fd, 0, 0, 0, 0, 0);
    return found;
}

void mt_program_name(struct mt_ledger_header *header) {
    static char path[MT_PATH_MAX_BYTES]; /* it counts only if something is found */
    const struct link_map *program = mt_loader_first();
    if (getauxval(AT_BASE) != 0 || program == NULL)
        return;
    uint32_t bytes = mapped_file((uint64_t)program->l_ld, path, sizeof path);
    if (bytes == 0 || path[0] != '/')
        return;
    for (uint32_t i = 0; i < bytes; i++)
        header->exe[i] = path[i];
    header->exe_bytes = bytes;
}
