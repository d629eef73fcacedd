/* SPDX-License-Identifier: MIT */
/*
 * A measured run is a child process that calls the run command. Not the command's parts in this
 * process: run blocks the signals of its process, prints, and ends with the status of the program,
 * all of which belongs to a process of its own, and the second run must not find what the first one
 * has left. Not `memtrack run` by exec either: it need not be in PATH, and /proc may not be
 * mounted.
 *
 *   compare / check ──fork──► mt_run_command ──fork, exec──► program
 *        ▲  signals noted, passed on ─────►  passed on ─────►
 */
#include "run/measured.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "command/command.h"
#include "launch/launch.h"
#include "launch/target.h"
#include "profile/pprof/output.h"

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { N_WATCHED = sizeof watched / sizeof *watched };

static volatile sig_atomic_t stop_signal, running; /* running is the pid of the run, 0: none */

/* ---- signals --------------------------------------------------------------------------------- */

static void note(int signal, siginfo_t *info, void *context) {
    int saved = errno;
    (void)context;
    stop_signal = signal;
    if (running &&
        info->si_code <=
            0) /* sent by a process, and to us alone; the terminal tells the whole group */
        kill((pid_t)running, signal);
    errno = saved;
}

void mt_measured_watch_signals(void) {
    for (size_t i = 0; i < N_WATCHED; i++) {
        struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO}, before;
        if (sigaction(watched[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(watched[i], &action, NULL);
    }
}

int mt_measured_stopped(void) {
    return stop_signal;
}

void mt_measured_end_by_signal(void) {
    if (!stop_signal)
        return;
    signal(stop_signal, SIG_DFL);
    raise(stop_signal);
}

static void hold_signals(sigset_t *before) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < N_WATCHED; i++)
        sigaddset(&set, watched[i]);
    sigprocmask(SIG_BLOCK, &set, before);
}

/* Makes signals in the child what they were when we were started. */
static void forget_signals(const sigset_t *before) {
    for (size_t i = 0; i < N_WATCHED; i++) {
        struct sigaction now;
        if (sigaction(watched[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            signal(watched[i], SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, before, NULL);
}

/* ---- the child's side ------------------------------------------------------------------------ */

static void redirect(const char *path, int flags, int to) {
    int fd = path ? open(path, flags, 0600) : to;
    if (fd < 0) {
        fprintf(stderr, "memtrack: cannot open %s: %s\n", path, strerror(errno));
        fflush(stderr);
        _exit(MT_EXIT_FAILED);
    }
    if (fd != to) {
        dup2(fd, to);
        close(fd);
    }
}

/* Returns the words for run, and their number in *n; NULL: out of memory. */
static char **make_words(const struct mt_measured_run *run, char *pattern, size_t *n) {
    static char name[] = "memtrack run", quiet[] = "-q", mmap[] = "--mmap", output[] = "-o",
                wrapper[] = "--wrapper", dashes[] = "--";
    char *own[] = {name, run->mmap ? mmap : quiet, quiet, output, pattern};
    size_t n_program = 0, n_own = sizeof own / sizeof *own;
    while (run->program[n_program])
        n_program++;
    char **words = calloc(n_own + 2 * run->wrappers.n_patterns + 1 + n_program + 1, sizeof *words);
    if (!words)
        return NULL;
    memcpy(words, own, sizeof own);
    *n = n_own;
    for (size_t i = 0; i < run->wrappers.n_patterns; i++) {
        words[(*n)++] = wrapper;
        words[(*n)++] = (char *)run->wrappers.patterns[i];
    }
    words[(*n)++] = dashes;
    memcpy(words + *n, run->program, n_program * sizeof *words);
    *n += n_program;
    return words;
}

_Noreturn static void become_run(const struct mt_measured_run *run, char *pattern) {
    size_t n;
    redirect(run->input, O_RDONLY, STDIN_FILENO);
    redirect(run->output, O_WRONLY, STDOUT_FILENO);
    redirect(run->errors, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, STDERR_FILENO);
    if (run->output_to_errors)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    char **words = make_words(run, pattern, &n);
    if (!words)
        _exit(MT_EXIT_FAILED);
    int status = mt_run_command((int)n, words);
    fflush(NULL);
    _exit(status);
}

/* ---- our side -------------------------------------------------------------------------------- */

/* Waits for the end of the child. A signal interrupts the wait: its handler has passed it on, and
 * the child ends by it or not. */
static int await(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return MT_EXIT_FAILED;
    return mt_launch_exit_status(status);
}

/* Returns the pattern by which run makes "DIRECTORY/PROGRAM@PID.pb.gz", malloc'ed. */
static char *make_pattern(const char *directory) {
    char *pattern = malloc(2 * strlen(directory) + sizeof "/%e@%p" MT_OUTPUT_SUFFIX), *to = pattern;
    for (; pattern && *directory; *to++ = *directory++)
        if (*directory == '%')
            *to++ = '%';
    if (pattern)
        memcpy(to, "/%e@%p" MT_OUTPUT_SUFFIX, sizeof "/%e@%p" MT_OUTPUT_SUFFIX);
    return pattern;
}

int mt_measured_run(const struct mt_measured_run *run, int *status, struct mt_error *error) {
    sigset_t before;
    char *pattern = make_pattern(run->directory);
    if (!pattern)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    fflush(NULL); /* else the child prints what we have not printed yet */
    hold_signals(&before);
    pid_t child = stop_signal ? 0 : fork();
    if (child == 0 && !stop_signal) {
        forget_signals(&before);
        become_run(run, pattern);
    }
    running = child > 0 ? child : 0;
    int why = errno, rc = 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (child > 0)
        *status = await(child);
    else if (stop_signal)
        *status = 128 + stop_signal;
    else
        rc = mt_error_set(error, MEMTRACK_EIO,
                          "Close other programs, or raise the limits of this shell (ulimit -a).",
                          "cannot start a process: %s", strerror(why));
    running = 0;
    free(pattern);
    return rc;
}

/* ---- the directory --------------------------------------------------------------------------- */

static bool is_profile(const char *name) {
    return fnmatch("*" MT_OUTPUT_SUFFIX, name, 0) == 0;
}

/* Removes the profiles in a directory, or everything in it. Takes the descriptor over. */
static void empty(int fd, bool all) {
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (all || is_profile(entry->d_name))
            unlinkat(fd, entry->d_name, 0); /* fails for . and .. as it should */
    if (folder)
        closedir(folder);
    else if (fd >= 0)
        close(fd);
}

void mt_measured_empty(const char *directory, bool all) {
    empty(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), all);
}

#define PREFIX "memtrack-trial."
enum { SWEEP_AFTER_S = 60 }; /* longer than from the making of a directory to its lock */

/* The lock on its directory says that a run goes on: it is there as long as any process of the run
 * that is ours. */
static int trial_lock = -1;

static void hold(const char *path) {
    trial_lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (trial_lock >= 0)
        flock(trial_lock, LOCK_SH | LOCK_NB);
}

static void sweep_one(int parent, const char *name) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
        time(NULL) - status.st_mtime > SWEEP_AFTER_S && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        empty(dup(fd), true);
        unlinkat(parent, name, AT_REMOVEDIR);
    }
    close(fd);
}

void mt_measured_sweep(const char *parent) {
    DIR *folder = opendir(parent);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (fnmatch(PREFIX "??????", entry->d_name, 0) == 0)
            sweep_one(dirfd(folder), entry->d_name);
    if (folder)
        closedir(folder);
}

int mt_measured_directory(const char *parent, char **path, struct mt_error *error) {
    const char *temporary = getenv("TMPDIR");
    if (!parent)
        parent = temporary && *temporary ? temporary : "/tmp";
    if (asprintf(path, "%s/" PREFIX "XXXXXX", parent) < 0) {
        *path = NULL;
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    if (mkdtemp(*path)) {
        hold(*path);
        return 0;
    }
    free(*path);
    *path = NULL;
    return mt_error_set(error, MEMTRACK_EIO, "Set TMPDIR to a directory that can be written to.",
                        "cannot make a directory for profiles in %s: %s", parent, strerror(errno));
}

/* Returns the PID of "PROGRAM@PID.pb.gz": what follows the last '@', since a program may have one
 * in its name. */
static unsigned long pid_of(const char *path) {
    const char *sign = strrchr(path, '@');
    return sign ? strtoul(sign + 1, NULL, 10) : 0;
}

/* Puts paths in order by pid: the program was started before its children. */
static int by_pid(const void *a, const void *b) {
    const char *one = *(char *const *)a, *other = *(char *const *)b;
    unsigned long first = pid_of(one), second = pid_of(other);
    return first != second ? (first > second ? 1 : -1) : strcmp(one, other);
}

void mt_measured_paths_free(char **paths, size_t n) {
    for (size_t i = 0; i < n; i++)
        free(paths[i]);
    free(paths);
}

static bool add_path(const char *directory, const char *name, char ***paths, size_t *n) {
    if (!mt_array_grow(paths, *n, sizeof **paths) ||
        asprintf(&(*paths)[*n], "%s/%s", directory, name) < 0)
        return false;
    ++*n;
    return true;
}

int mt_measured_paths(const char *directory, char ***paths, size_t *n, struct mt_error *error) {
    DIR *folder = opendir(directory);
    struct dirent *entry;
    bool complete = true;
    *paths = NULL;
    *n = 0;
    while (folder && complete && (entry = readdir(folder)))
        if (is_profile(entry->d_name))
            complete = add_path(directory, entry->d_name, paths, n);
    if (folder)
        closedir(folder);
    if (complete && *n > 0) {
        qsort(*paths, *n, sizeof **paths, by_pid);
        return 0;
    }
    mt_measured_paths_free(*paths, *n);
    *paths = NULL;
    *n = 0;
    return complete ? mt_error_set(error, MEMTRACK_ENOTFOUND, "", "nothing was recorded")
                    : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* Returns the name that the i-th of the paths gets in directory to: the first profile of a program
 * is PROGRAM.pb.gz, the next PROGRAM.2.pb.gz. */
static char *settled_name(char *const *paths, size_t i, const char *to) {
    const char *name = strrchr(paths[i], '/') + 1, *sign = strrchr(name, '@');
    size_t length = (size_t)((sign ? sign : strchr(name, 0)) - name), nth = 1;
    for (size_t k = 0; k < i; k++) {
        const char *other = strrchr(paths[k], '/') + 1;
        nth += strncmp(other, name, length) == 0 && strrchr(other, '@') == other + length;
    }
    char *settled = NULL, number[32] = "";
    if (nth > 1)
        snprintf(number, sizeof number, ".%zu", nth);
    return asprintf(&settled, "%s/%.*s%s" MT_OUTPUT_SUFFIX, to, (int)length, name, number) < 0
               ? NULL
               : settled;
}

int mt_measured_paths_in(char *const *paths, size_t n, const char *to, char ***settled,
                         struct mt_error *error) {
    *settled = calloc(n + 1, sizeof **settled);
    for (size_t i = 0; i < n && *settled; i++)
        if (!((*settled)[i] = settled_name(paths, i, to))) {
            mt_measured_paths_free(*settled, i);
            *settled = NULL;
        }
    return *settled ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

int mt_measured_move(char *const *paths, char *const *settled, size_t n, struct mt_error *error) {
    for (size_t i = 0; i < n; i++)
        if (rename(paths[i], settled[i]) != 0)
            return mt_error_set(error, MEMTRACK_EIO, "Give a directory that can be written to.",
                                "cannot move a profile to %s: %s", settled[i], strerror(errno));
    return 0;
}
