/* SPDX-License-Identifier: MIT */
/*
 * memtrack run reads what programs have written, and their files: it can meet a limit that the
 * program never met (ulimit -d, -v, -n, -f, a memory cgroup), or a file over which a library falls.
 * The status of the run is the program's, so it is kept by a process that does little: it starts
 * the program, forwards signals, waits, and allocates nothing more.
 *
 *   memtrack run ──fork──► observer: ticks, conversion, summary      may die: costs the summary
 *        │  ▲ └──────────► program                       the ledgers lie in the session directory
 *        │  └ status
 *        └──pipe: "it has ended, with this status"──► observer
 *
 * The observer raises its soft limits as far as it may, and volunteers for the kernel's OOM killer,
 * so that this takes it and not the program that it watches. Where it cannot be made (ulimit -u),
 * all is done in one process, as the work itself does not care. Rejected: catching SIGSEGV (libdw's
 * state is lost by then), and a second try without symbols (the ledger is there, and memtrack
 * report reads it in a shell without the limit).
 */
#include "run/observer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/filename.h"
#include "run/big_stack.h"
#include "text/terminal.h"

/* How the observer ends. Libraries that run out of memory end a process with 1. */
enum { ENDED_WELL = 40, ENDED_IN_USE = 41 };

struct news {
    int wait_status;
    uint64_t end_ns, most_rss_bytes;
};

/* ---- the observer ---------------------------------------------------------------------------- */

static void raise_limits(void) {
    static const __rlimit_resource_t resources[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_NOFILE,
                                                    RLIMIT_FSIZE, RLIMIT_CPU};
    struct rlimit limit;
    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        if (getrlimit(resources[i], &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
            limit.rlim_cur = limit.rlim_max;
            setrlimit(resources[i], &limit);
        }
    signal(SIGXFSZ, SIG_IGN); /* a write that is too long is an error, which is told */
}

static void volunteer(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "900", 3) < 0)
            errno = 0; /* then the kernel takes the largest process, as always */
        close(fd);
    }
}

void mt_observer_start(struct mt_observer *observer, bool (*work)(void *context), void *context) {
    int ends[2];
    *observer = (struct mt_observer){.end_fd = -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    fflush(NULL); /* else both print what was not printed yet */
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        observer->end_fd = ends[0];
        raise_limits();
        volunteer();
        bool is_in_use = mt_big_stack_call(work, context);
        fflush(NULL);
        _exit(is_in_use ? ENDED_IN_USE : ENDED_WELL);
    }
    close(ends[0]);
    if (pid < 0) {
        close(ends[1]);
        return;
    }
    *observer = (struct mt_observer){.pid = pid, .end_fd = ends[1]};
    signal(SIGXFSZ, SIG_IGN); /* the program has been started */
    signal(SIGPIPE, SIG_IGN); /* comes when the observer has died */
}

bool mt_observer_wait(const struct mt_observer *observer, struct mt_launched *child,
                      const int others[2], uint64_t until_ns) {
    uint64_t now = mt_clock_now_ns(), left = until_ns > now ? until_ns - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u),
                               .tv_nsec = (long)(left % 1000000000u)};
    struct pollfd fds[3] = {{.fd = observer->end_fd, .events = POLLIN},
                            {.fd = others[0], .events = POLLIN},
                            {.fd = others[1], .events = POLLIN}};
    struct news news;
    if (ppoll(fds, 3, &timeout, NULL) <= 0 || !fds[0].revents)
        return true;
    ssize_t n = read(observer->end_fd, &news, sizeof news);
    if (n < 0 && errno == EINTR)
        return true;
    if (n != (ssize_t)sizeof news) /* a pipe takes so little at once: all of it is there or none */
        return false;
    child->ended = true;
    child->wait_status = news.wait_status;
    child->end_ns = news.end_ns;
    child->most_rss_bytes = news.most_rss_bytes;
    return true;
}

/* ---- the starter ----------------------------------------------------------------------------- */

static size_t count_ledgers(const struct mt_session *session) {
    struct mt_ledger_filename name;
    size_t n = 0;
    DIR *directory = opendir(session->path);
    for (struct dirent *entry; directory && (entry = readdir(directory)) != NULL;)
        n += mt_ledger_filename_parse(entry->d_name, &name);
    if (directory)
        closedir(directory);
    return n;
}

static void tell_of_death(int wait_status, const struct mt_session *session, const char *name) {
    char why[128] = "it ended by itself";
    size_t n = count_ledgers(session);
    if (WIFSIGNALED(wait_status))
        snprintf(why, sizeof why, "signal %d (%s) ended it%s", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)),
                 WTERMSIG(wait_status) == SIGKILL ? ", as when memory runs out" : "");
    mt_terminal_print_problem(
        name,
        n ? "The recording is not lost. Read it in a shell without limits (ulimit -a): "
            "memtrack report DIRECTORY. Then remove it."
          : "The profiles are written: memtrack report shows them.",
        "the summary is lost: memtrack's reader has died (%s)%s%s", why,
        n ? "; the recording is kept in " : "", n ? session->path : "");
}

bool mt_observer_finish(struct mt_observer *observer, const struct mt_launched *child,
                        const struct mt_session *session, const char *name) {
    const struct news news = {child->wait_status, child->end_ns, child->most_rss_bytes};
    int status = 0;
    bool told = write(observer->end_fd, &news, sizeof news) == (ssize_t)sizeof news;
    close(observer->end_fd);
    observer->end_fd = -1;
    while (waitpid(observer->pid, &status, 0) < 0)
        if (errno != EINTR)
            return true;
    if (told && WIFEXITED(status) &&
        (WEXITSTATUS(status) == ENDED_WELL || WEXITSTATUS(status) == ENDED_IN_USE))
        return WEXITSTATUS(status) == ENDED_IN_USE;
    tell_of_death(status, session, name);
    return true;
}
