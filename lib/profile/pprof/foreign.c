/* SPDX-License-Identifier: MIT */
/*
 * People who come from another tool hand its file to this one, and what a server answers is saved
 * under a profile's name when it is an error page. "Damaged, record it again" sends them the wrong
 * way: the file is sound. So what is usual in this trade is known by its first bytes, and the
 * message says whose file it is and what would help.
 *
 * A kind has a magic number at an offset, or a test that looks at the text. The first that fits
 * counts: narrow kinds come before wide ones (a heap snapshot of V8 is JSON, too). A rejected way:
 * file extensions, which are what people change first.
 */
#include "profile/pprof/foreign.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "profile/page.h"

#define RECORD     "Record a run instead: memtrack run PROG."
#define SHOWN_BY   "Its own tool shows it: "
#define AND_RECORD ". Or record a run: memtrack run PROG."
#define AGAIN      "Fetch the profile again, and look at what the server says"

enum { QUOTED_BYTES = 60 };

struct head { /* NUL-terminated, so that text can be searched */
    char text[MT_FOREIGN_HEAD + 1];
    size_t bytes;
};

/* ---- magic numbers --------------------------------------------------------------------------- */

static const struct {
    const char *magic;
    unsigned bytes, offset;
    const char *what, *hint;
} magics[] = {
    {"MTLEDGR1", 8, 0, "a memtrack ledger, the tracker's working file",
     "Unpack it, and give its name: memtrack report FILE.LEDGER."},
    {"memray\0", 7, 0, "a capture file of memray",
     SHOWN_BY "python3 -m memray flamegraph FILE" AND_RECORD},
    {"PERFILE2", 8, 0, "a recording of perf, without allocations",
     SHOWN_BY "perf report -i FILE" AND_RECORD},
    {"JAVA PROFILE 1.0.", 17, 0, "a heap dump of a Java virtual machine",
     "Tools for Java read it, Eclipse's Memory Analyzer for instance."},
    {"FLR\0", 4, 0, "a recording of Java's flight recorder", SHOWN_BY "jfr print FILE."},
    {"go1.7 heap dump\n", 16, 0, "a heap dump of Go (debug.WriteHeapDump)",
     "Take a heap profile: pprof.WriteHeapProfile, or /debug/pprof/heap."},
    {"Ftrace!\0", 8, 0, "a trace of uftrace", SHOWN_BY "uftrace replay" AND_RECORD},
    {"SQLite format 3\0", 16, 0, "an SQLite database", RECORD},
    {"\x89PNG", 4, 0, "a picture", RECORD},
    {"%PDF-", 5, 0, "a PDF document", RECORD},
    {"\x80\x04\x95", 3, 0, "a pickle of Python, perhaps a snapshot of tracemalloc",
     "Python shows it: tracemalloc.Snapshot.load(FILE).statistics('lineno')."},
    {"\x80\x05\x95", 3, 0, "a pickle of Python, perhaps a snapshot of tracemalloc",
     "Python shows it: tracemalloc.Snapshot.load(FILE).statistics('lineno')."},
    {"\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, 0,
     "a CPU profile of gperftools, without allocations",
     "Take a heap profile: HEAPPROFILE=NAME PROG. Or record a run: memtrack run PROG."},
    {"!<arch>\n", 8, 0, "a static library", RECORD},
    {"ustar", 5, 257, "a tar archive", "Unpack it first: tar xf FILE."},
    {"\xfd"
     "7zXZ",
     5, 0, "packed with xz", "Unpack it first: xz -d."},
    {"BZh", 3, 0, "packed with bzip2", "Unpack it first: bzip2 -d."},
    {"\x04\x22\x4d\x18", 4, 0, "packed with lz4", "Unpack it first: lz4 -d."},
    {"\x1f\x8b", 2, 0, "packed twice with gzip", "Unpack it once: gunzip."},
    {"\x28\xb5\x2f\xfd", 4, 0, "packed twice with zstd", "Unpack it once: zstd -d."},
    {"\x1f\x9d", 2, 0, "packed with compress", "Unpack it first: gunzip."},
    {"PK\x03\x04", 4, 0, "a zip archive", "Unpack it first: unzip FILE."},
    {"#!", 2, 0, "a script", "Record a run of it first: memtrack run PROG."},
};

/* ---- tests ----------------------------------------------------------------------------------- */

static bool begins(const struct head *head, const char *text) {
    return strncmp(head->text, text, strlen(text)) == 0;
}

static bool holds(const struct head *head, const char *text) {
    return strstr(head->text, text) != NULL;
}

static const char *after_blanks(const struct head *head) {
    const char *at = head->text;
    if (strncmp(at, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
        at += 3;
    return at + strspn(at, " \t\r\n");
}

static bool is_elf_of(const struct head *head, unsigned type) {
    bool is_big = head->text[5] == 2;
    return head->bytes > 17 && begins(head, "\177ELF") &&
           (unsigned char)head->text[is_big ? 17 : 16] == type;
}

static bool is_core(const struct head *head) {
    return is_elf_of(head, 4);
}

static bool is_object(const struct head *head) {
    return is_elf_of(head, 1);
}

static bool is_elf(const struct head *head) {
    return begins(head, "\177ELF");
}

/* "v 10400 3", then lines of one letter, a blank and what it says. */
static bool is_heaptrack(const struct head *head) {
    const char *end = strchr(head->text, '\n');
    if (!end || strspn(head->text + 2, "0123456789abcdef ") != (size_t)(end - head->text) - 2)
        return false;
    return begins(head, "v ") && isalnum((unsigned char)end[1]) && end[2] == ' ';
}

static bool is_callgrind(const struct head *head) {
    return begins(head, "# callgrind format") ||
           (begins(head, "version: ") && holds(head, "creator: callgrind"));
}

static bool is_cachegrind(const struct head *head) {
    return begins(head, "desc:") && holds(head, "\nevents:");
}

/* "==1234== Memcheck, a memory error detector"; before it there may be other output. */
static bool is_valgrind_log(const struct head *head) {
    for (const char *line = head->text; *line;) {
        size_t digits = strspn(line + (*line == '='), "=0123456789-");
        if (strncmp(line, "==", 2) == 0 && line[1 + digits] == ' ' && line[digits] == '=')
            return true;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return begins(head, "<?xml") && holds(head, "<valgrindoutput>");
}

static bool is_sanitizer_log(const struct head *head) {
    return holds(head, "Sanitizer: ") && (holds(head, "==ERROR: ") || holds(head, "SUMMARY: "));
}

static bool is_go_other(const struct head *head) {
    return begins(head, "goroutine profile: total ") ||
           begins(head, "threadcreate profile: total ") || begins(head, "--- mutex:") ||
           begins(head, "--- contention:") || begins(head, "goroutine ");
}

static bool is_go_trace(const struct head *head) {
    return begins(head, "go 1.") && holds(head, " trace"); /* NULs follow */
}

static bool is_jemalloc_stats(const struct head *head) {
    return holds(head, "___ Begin jemalloc statistics ___") || begins(head, "{\"jemalloc\":") ||
           begins(head, "{\n\t\"jemalloc\":");
}

static bool is_tcmalloc_stats(const struct head *head) {
    return begins(head, "------------------------------------------------\nMALLOC:") ||
           begins(head, "MALLOC: ");
}

static bool is_malloc_info(const struct head *head) {
    return begins(head, "<malloc version=");
}

static bool is_mtrace(const struct head *head) {
    return begins(head, "= Start\n");
}

static bool is_mprof(const struct head *head) {
    return (begins(head, "CMDLINE ") && holds(head, "\nMEM ")) ||
           (begins(head, "MEM ") && holds(head, "\nMEM "));
}

static bool is_lfs_pointer(const struct head *head) {
    return begins(head, "version https://git-lfs");
}

static bool is_page(const struct head *head) {
    return mt_profile_page_is_html((const uint8_t *)head->text, head->bytes);
}

static bool is_svg(const struct head *head) {
    return *after_blanks(head) == '<' && holds(head, "<svg");
}

static bool is_xml(const struct head *head) {
    return strncmp(after_blanks(head), "<?xml", 5) == 0;
}

static bool is_saved_page(const struct head *head) {
    return (begins(head, "From: ") || begins(head, "MIME-Version: ")) &&
           holds(head, "multipart/related");
}

static bool is_json(const struct head *head) {
    const char first = *after_blanks(head);
    return first == '{' || first == '[';
}

static bool is_json_with(const struct head *head, const char *key) {
    return is_json(head) && holds(head, key);
}

static bool is_v8_snapshot(const struct head *head) {
    return is_json_with(head, "\"snapshot\"") && holds(head, "\"node_fields\"");
}

static bool is_v8_sampling(const struct head *head) {
    return is_json_with(head, "\"callFrame\"") &&
           (holds(head, "\"selfSize\"") || begins(head, "{\"head\""));
}

static bool is_trace_events(const struct head *head) {
    return is_json_with(head, "\"traceEvents\"") || (begins(head, "[") && holds(head, "\"ph\":"));
}

static bool is_speedscope(const struct head *head) {
    return is_json_with(head, "speedscope.app");
}

static bool is_own_json(const struct head *head) {
    return is_json_with(head, "\"schema\"") && holds(head, "memtrack");
}

static bool is_zeros(const struct head *head) {
    for (size_t i = 0; i < head->bytes; i++)
        if (head->text[i])
            return false;
    return true;
}

struct test {
    bool (*fits)(const struct head *head);
    const char *what, *hint;
};

static const struct test binaries[] = {
    {is_svg, "a picture (SVG), perhaps a flame graph", "Give the profile that it was made from."},
    {is_page, "an HTML page, perhaps of an error or a login", AGAIN "."},
    {is_core, "a core dump, without call paths of blocks",
     "Record a run: memtrack run PROG. It keeps what came before a crash."},
    {is_object, "an object file", RECORD},
    {is_elf, "an ELF program or library", "Record a run of it first: memtrack run PROG."},
    {is_go_trace, "an execution trace of Go", SHOWN_BY "go tool trace FILE."},
    {is_zeros, "zeros only",
     "Take another copy: the machine or the disk may have failed during the writing."},
};

/* Called only for what is text throughout: a profile is not, because it holds numbers below 32. */
static const struct test texts[] = {
    {is_heaptrack, "a recording of heaptrack",
     SHOWN_BY "heaptrack_print FILE, or heaptrack_gui FILE" AND_RECORD},
    {is_callgrind, "an output of valgrind's callgrind (instructions)",
     SHOWN_BY "callgrind_annotate FILE" AND_RECORD},
    {is_cachegrind, "an output of valgrind's cachegrind (cache misses)",
     SHOWN_BY "cg_annotate FILE" AND_RECORD},
    {is_jemalloc_stats, "jemalloc's statistics, without call paths",
     "Let jemalloc write profiles: MALLOC_CONF=prof:true,prof_final:true. Or record a "
     "run: memtrack run PROG."},
    {is_tcmalloc_stats, "tcmalloc's statistics, without call paths",
     "Let it write profiles: HEAPPROFILE=NAME PROG. Or record a run: memtrack run "
     "PROG."},
    {is_malloc_info, "an output of malloc_info, without call paths", RECORD},
    {is_mtrace, "a log of the C library's mtrace", SHOWN_BY "mtrace PROG FILE" AND_RECORD},
    {is_mprof, "a recording of Python's memory_profiler", SHOWN_BY "mprof plot FILE" AND_RECORD},
    {is_sanitizer_log, "a log of a sanitizer", "It is text: read it as it is. " RECORD},
    {is_valgrind_log, "a log of valgrind", "It is text: read it as it is. " RECORD},
    {is_go_other, "a profile of Go that is not of the heap",
     "Take /debug/pprof/heap or /debug/pprof/allocs, with debug=1 or without."},
    {is_lfs_pointer, "a pointer of Git LFS, not the file itself", "Fetch the file: git lfs pull."},
    {is_saved_page, "a page that a browser saved as one file (MHTML), without the profile",
     "Give the page itself, or what its button Save profile gives."},
    {is_xml, "XML", "Give the profile that it was made from."},
    {is_v8_snapshot, "a heap snapshot of V8 (Node.js, Chrome)",
     "Chrome's developer tools load it: Memory, Load."},
    {is_v8_sampling, "a sampled heap profile of V8 (Node.js, Chrome)",
     "Chrome's developer tools load it: Memory, Load."},
    {is_speedscope, "a file for speedscope", "Give the profile that it was made from."},
    {is_trace_events, "a trace for Perfetto or chrome://tracing",
     "Give the profile that it was made from."},
    {is_own_json, "JSON that memtrack wrote", "Give the profile that it was made from."},
    {is_json, "JSON",
     "Give the profile that it was made from. If a server sent it, read what it says."},
};

/* ---- text that nobody knows ------------------------------------------------------------------ */

static bool is_text(const struct head *head) {
    for (size_t i = 0; i < head->bytes; i++) {
        unsigned char c = (unsigned char)head->text[i];
        if (c == 0 || c == 0x7f || (c < 0x20 && !strchr("\t\n\r\f\b\033", c)))
            return false;
    }
    return true;
}

static int refuse_text(const struct head *head, const char *name, struct mt_error *error) {
    const char *words = after_blanks(head);
    size_t bytes = strcspn(words, "\r\n"), room = bytes;
    if (bytes > QUOTED_BYTES)
        for (room = QUOTED_BYTES; room > 0 && ((unsigned char)words[room] & 0xC0) == 0x80;)
            room--;
    return mt_error_set(error, MEMTRACK_EFORMAT,
                        "Give a profile. If a server sent this, read what it says.",
                        "%s is not a memtrack or pprof profile: it is text, \"%.*s\"%s", name,
                        (int)room, words, room < bytes ? " and more" : "");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int refuse(const char *what, const char *hint, bool is_packed, const char *name,
                  struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EFORMAT, hint,
                        "%s is not a memtrack or pprof profile: %sit is %s", name,
                        is_packed ? "unpacked, " : "", what);
}

int mt_foreign_refuse(const uint8_t *head, size_t bytes, bool is_packed, const char *name,
                      struct mt_error *error) {
    struct head text = {.bytes = bytes < MT_FOREIGN_HEAD ? bytes : MT_FOREIGN_HEAD};
    if (bytes == 0)
        return refuse("empty",
                      "Record or copy it again: the writer was interrupted, or the disk full.",
                      is_packed, name, error);
    memcpy(text.text, head, text.bytes);
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (text.bytes >= magics[i].offset + magics[i].bytes &&
            memcmp(text.text + magics[i].offset, magics[i].magic, magics[i].bytes) == 0)
            return refuse(magics[i].what, magics[i].hint, is_packed, name, error);
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
        if (binaries[i].fits(&text))
            return refuse(binaries[i].what, binaries[i].hint, is_packed, name, error);
    if (!is_text(&text))
        return 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].fits(&text))
            return refuse(texts[i].what, texts[i].hint, is_packed, name, error);
    return refuse_text(&text, name, error);
}
