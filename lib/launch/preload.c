/* SPDX-License-Identifier: MIT */
/*
 * The tracker's objects are found beside memtrack's own executable, so that a copied or relocated
 * installation works. What the dynamic linker would load for the target is asked of the dynamic
 * linker itself: with LD_TRACE_LOADED_OBJECTS it lists the libraries and does not run the program.
 * That is exact (RUNPATH, the cache, LD_LIBRARY_PATH, hardware directories) where a search of our
 * own would be an imitation. It happens after the target was found to have a dynamic linker: a
 * static program would run instead.
 *
 * LD_PRELOAD separates its entries by spaces and colons and cannot quote them.
 *
 * Children inherit it. Where another libc's loader (musl's) loads it, the recorder is silent:
 * everything that glibc alone has is a weak symbol of it. And the runtime of AddressSanitizer, when
 * it is a shared object, ends a program in which another library comes before it, which it tells by
 * the path of the first one: that has to contain "libasan.so". It is the only reason for a link to
 * the directory itself, beside the tracker. Rejected: ASAN_OPTIONS, which a script may set for its
 * own children; "$LIB" in the path, which other loaders do not know, since for it glibc's makes a
 * system call (readlink) that a filter from before may kill for.
 */
#include "launch/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { TRACE_BYTES = 1 << 18, TRACE_MS = 3000 };

struct allocator {
    const char *name, *package;
    const char *sonames[4];
};

static const struct allocator allocators[] = {
    {"jemalloc", "libjemalloc2", {"libjemalloc.so.2"}},
    {"tcmalloc", "libtcmalloc-minimal4", {"libtcmalloc_minimal.so.4", "libtcmalloc.so.4"}},
    {"mimalloc", "libmimalloc2.0", {"libmimalloc.so.2", "libmimalloc.so.3"}},
};

/* ---- our own objects ------------------------------------------------------------------------- */

/* Finds the path of this executable. Without /proc it is the path that the kernel was given:
 * absolute, or relative to the current directory. */
static bool find_ourselves(char *path, size_t bytes) {
    ssize_t n = readlink("/proc/self/exe", path, bytes - 1);
    if (n > 0)
        path[n] = 0;
    const char *given = n > 0 ? NULL : (const char *)getauxval(AT_EXECFN);
    if (given)
        snprintf(path, bytes, "%s", given);
    return n > 0 || given;
}

/* Returns the path that is relative to the directory of this executable, resolved and malloc'ed;
 * NULL when no readable file is there. */
static char *beside_us(const char *relative) {
    char exe[4096], path[8192];
    if (!find_ourselves(exe, sizeof exe))
        return NULL;
    char *slash = strrchr(exe, '/');
    if (!slash)
        return NULL;
    *slash = 0;
    snprintf(path, sizeof path, "%s/%s", exe, relative);
    return access(path, R_OK) == 0 ? realpath(path, NULL) : NULL;
}

static char *find_tracker(struct mt_error *error) {
    char *path = beside_us("../lib/memtrack/libmemtrack.so");
    if (!path)
        path = beside_us("libmemtrack.so");
    const char *named = getenv("MEMTRACK_LIBRARY");
    if (!path && named && access(named, R_OK) == 0)
        path = realpath(named, NULL);
    if (!path)
        mt_error_set(error, MEMTRACK_ENOTFOUND,
                     "Install memtrack again, or set MEMTRACK_LIBRARY to the library's path.",
                     "libmemtrack.so is not in ../lib/memtrack beside the memtrack program");
    return path;
}

/* Returns the path of a second object, malloc'ed; NULL when it is not installed. They lie beside
 * the tracker. */
static char *find_second_object(const char *tracker, const char *name) {
    char *path = NULL;
    int directory = (int)(strrchr(tracker, '/') - tracker);
    if (asprintf(&path, "%.*s/libmemtrack-%s.so", directory, tracker, name) < 0)
        return NULL;
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* ---- the dynamic linker's answer ------------------------------------------------------------- */

_Noreturn static void trace_child(const char *program, const char *preload, int out) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    setenv("LD_TRACE_LOADED_OBJECTS", "1", 1);
    if (preload)
        setenv("LD_PRELOAD", preload, 1);
    char *arguments[] = {(char *)program, NULL};
    execv(program, arguments);
    _exit(127);
}

static size_t read_for_a_while(int fd, char *text, size_t bytes) {
    uint64_t end = mt_clock_now_ns() + TRACE_MS * UINT64_C(1000000);
    size_t have = 0;
    for (;;) {
        uint64_t now = mt_clock_now_ns();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (now >= end || have + 1 >= bytes || poll(&p, 1, (int)((end - now) / 1000000) + 1) < 0)
            break;
        ssize_t n = p.revents ? read(fd, text + have, bytes - have - 1) : 0;
        if (n <= 0 && p.revents)
            break;
        have += n > 0 ? (size_t)n : 0;
    }
    text[have] = 0;
    return have;
}

/* Returns the libraries that program would be loaded with, one a line as "NAME => PATH (ADDRESS)";
 * "" when nobody says. The text is malloc'ed; NULL when out of memory. */
static char *trace_libraries(const char *program, const char *preload) {
    char *text = calloc(1, TRACE_BYTES);
    int ends[2];
    if (!text || pipe2(ends, O_CLOEXEC) != 0)
        return text;
    pid_t pid = fork();
    if (pid == 0)
        trace_child(program, preload, ends[1]);
    close(ends[1]);
    if (pid > 0) {
        read_for_a_while(ends[0], text, TRACE_BYTES);
        kill(pid, SIGKILL); /* it has said all it had to say, or hangs */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    return text;
}

static const char *traceable(const struct mt_target *target) {
    return target->loaded && !target->is_loader && !target->is_unreadable ? target->loaded
                                                                          : "/proc/self/exe";
}

/* Returns the program's own libraries, malloc'ed; "" when they are not known, NULL when out of
 * memory. */
static char *own_libraries(const struct mt_target *target) {
    bool can_ask = target->loaded && !target->is_loader && !target->is_unreadable;
    return can_ask ? trace_libraries(target->loaded, NULL) : strdup("");
}

/* Returns the path at which the loader finds a library of this name, malloc'ed; NULL when it does
 * not. */
static char *where_is(const struct mt_target *target, const char *soname) {
    char *libraries = trace_libraries(traceable(target), soname), *path = NULL;
    for (char *line = libraries; line && *line && !path;
         line += strcspn(line, "\n"), line += *line == '\n') {
        char name[256], file[4096];
        if (sscanf(line, " %255s => %4095s", name, file) == 2 && strcmp(name, soname) == 0 &&
            file[0] == '/')
            path = strdup(file);
    }
    free(libraries);
    return path;
}

/* ---- the allocator asked for ----------------------------------------------------------------- */

static char *find_by_path(const char *path, struct mt_error *error) {
    char *resolved = realpath(path, NULL);
    if (!resolved) {
        mt_error_set(error, MEMTRACK_ENOTFOUND,
                     "Give jemalloc, tcmalloc, mimalloc, or the path of a library.",
                     "--allocator %s: %s", path, strerror(errno));
        return NULL;
    }
    if (mt_target_check_allocator(resolved, error) == 0)
        return resolved;
    free(resolved);
    return NULL;
}

/* Returns its path, malloc'ed, or NULL with error set. */
static char *find_allocator(const struct mt_target *target, const char *name,
                            struct mt_error *error) {
    if (strchr(name, '/'))
        return find_by_path(name, error);
    for (size_t i = 0; i < sizeof allocators / sizeof *allocators; i++) {
        const struct allocator *a = &allocators[i];
        if (strcmp(a->name, name) != 0)
            continue;
        for (size_t k = 0; k < sizeof a->sonames / sizeof *a->sonames && a->sonames[k]; k++) {
            char *path = where_is(target, a->sonames[k]);
            if (path)
                return path;
        }
        char hint[256];
        snprintf(hint, sizeof hint,
                 "Install it (Debian, Ubuntu: apt install %s), or give the path of the library.",
                 a->package);
        mt_error_set(error, MEMTRACK_ENOTFOUND, hint, "--allocator %s: %s is not installed", name,
                     a->sonames[0]);
        return NULL;
    }
    mt_error_set(error, MEMTRACK_EUSAGE, "",
                 "--allocator %s: needs jemalloc, tcmalloc, mimalloc, or the path of a library",
                 name);
    return NULL;
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool can_be_listed(const char *path) {
    return strpbrk(path, " :") == NULL;
}

/* Replaces *path by a link to it where LD_PRELOAD demands it. */
static int make_listable(char **path, const struct mt_session *session, struct mt_error *error) {
    if (can_be_listed(*path))
        return 0;
    const char *base = strrchr(*path, '/') + 1;
    char *link;
    if (!can_be_listed(base) || !can_be_listed(session->path) ||
        mt_session_link(session, base, *path) != 0)
        return mt_error_set(
            error, MEMTRACK_EUSAGE,
            "Move it to a path without spaces and colons, or set MEMTRACK_DIR to one.",
            "%s: LD_PRELOAD cannot hold this path", *path);
    if (asprintf(&link, "%s/%s", session->path, base) < 0)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    free(*path);
    *path = link;
    return 0;
}

#define ASAN_LINK ".libasan.so-first"

/* Returns "/dir/.libasan.so-first/libmemtrack.so" for "/dir/libmemtrack.so", malloc'ed, if that is
 * the same file; else NULL. */
static char *through_asan_link(const char *path) {
    const char *base = strrchr(path, '/');
    char *other;
    if (asprintf(&other, "%.*s/" ASAN_LINK "%s", (int)(base - path), path, base) < 0)
        return NULL;
    if (access(other, R_OK) == 0)
        return other;
    free(other);
    return NULL;
}

static void disguise(char **path) {
    char *other = through_asan_link(*path);
    if (other) {
        free(*path);
        *path = other;
    }
}

static char *join(char *const *paths, size_t n) {
    size_t bytes = 1;
    for (size_t i = 0; i < n; i++)
        bytes += paths[i] ? strlen(paths[i]) + 1 : 0;
    char *list = calloc(1, bytes), *at = list;
    for (size_t i = 0; list && i < n; i++)
        at += paths[i] ? sprintf(at, "%s%s", at > list ? ":" : "", paths[i]) : 0;
    return list;
}

enum place { TRACKER, JEMALLOC, MIMALLOC, MMAP, BELOW, N_PLACES }; /* in the order of the list */

/* Tells whether an allocator of this name is asked for or is one of the libraries. */
static bool uses(const char *libraries, const char *below, const char *name) {
    char soname[32];
    snprintf(soname, sizeof soname, "lib%s", name);
    return (below && strstr(below, name)) || (libraries && strstr(libraries, soname));
}

/* Fills all paths but BELOW, with NULL where there is nothing. */
static int find_ours(const struct mt_target *target, bool with_mmap, char **paths,
                     struct mt_error *error) {
    if (!(paths[TRACKER] = find_tracker(error)))
        return -MEMTRACK_ENOTFOUND;
    char *libraries = own_libraries(target);
    if (uses(libraries, paths[BELOW], "jemalloc"))
        paths[JEMALLOC] = find_second_object(paths[TRACKER], "jemalloc");
    if (uses(libraries, paths[BELOW], "mimalloc"))
        paths[MIMALLOC] = find_second_object(paths[TRACKER], "mimalloc");
    free(libraries);
    if (with_mmap && !(paths[MMAP] = find_second_object(paths[TRACKER], "mmap")))
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "Install memtrack again.",
                            "--mmap: libmemtrack-mmap.so is not beside %s", paths[TRACKER]);
    return 0;
}

int mt_preload_plan(const struct mt_target *target, const char *allocator, bool with_mmap,
                    const struct mt_session *session, char **list, struct mt_error *error) {
    char *paths[N_PLACES] = {NULL};
    *list = NULL;
    if (allocator && strcmp(allocator, "glibc") != 0 &&
        !(paths[BELOW] = find_allocator(target, allocator, error)))
        return -MEMTRACK_ENOTFOUND;
    int rc = find_ours(target, with_mmap, paths, error);
    for (size_t i = 0; i < N_PLACES && rc == 0; i++)
        rc = paths[i] ? make_listable(&paths[i], session, error) : 0;
    if (rc == 0 && paths[TRACKER])
        disguise(&paths[TRACKER]);
    if (rc == 0 && !(*list = join(paths, N_PLACES)))
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    for (size_t i = 0; i < N_PLACES; i++)
        free(paths[i]);
    return rc;
}
