/* SPDX-License-Identifier: MIT */
/*
 * The child is made by fork, so that nothing it inherits differs but the three variables: every
 * descriptor of ours is close-on-exec, the signal mask and the one disposition that we touched
 * (SIGCHLD) are put back before exec. A failing exec reports its errno through a pipe that a
 * successful one closes.
 *
 * Signals are blocked and read from a descriptor. Those that the kernel sent (Ctrl-C, a terminal
 * that hangs up) reach the child without us; those that somebody sent to memtrack alone are passed
 * on, except when the child itself was the sender. Stop signals keep their effect: the terminal
 * stops and continues the whole group.
 *
 * Rejected: a process group of its own for the child (it would have to be made the terminal's
 * foreground group, and would be in the background for every other shell); being a subreaper (the
 * target's orphans would see another parent).
 */
#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static sigset_t mask_before;
static struct sigaction chld_before;

static void set_of_signals(sigset_t *set) {
    static const int kept[] = {SIGSTOP, SIGKILL, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGSEGV,
                               SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP, SIGABRT, SIGSYS,  SIGWINCH};
    sigfillset(set);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        sigdelset(set, kept[i]);
}

/* ---- the child's side ------------------------------------------------------------------------ */

/* Puts value in front of what the variable holds, or after it when last is set. */
static int set_variable(const char *name, const char *value, const char *separator, bool last) {
    const char *old = getenv(name);
    char *text;
    if (!old || !*old)
        return setenv(name, value, 1);
    if (asprintf(&text, "%s%s%s", last ? old : value, separator, last ? value : old) < 0)
        return -1;
    int rc = setenv(name, text, 1);
    free(text);
    return rc;
}

static int set_environment(const struct mt_launch *launch) {
    char options[1024];
    int n = snprintf(options, sizeof options, "%s", launch->options);
    if (!launch->follow)
        snprintf(options + n, sizeof options - (size_t)n, "%spid=%d", n ? "," : "", (int)getpid());
    if (set_variable("LD_PRELOAD", launch->preload, ":", false) != 0 ||
        setenv("MEMTRACK_DIR", launch->directory, 1) != 0 ||
        (launch->only && setenv("MEMTRACK_ONLY", launch->only, 1) != 0) ||
        (launch->dormant && setenv("MEMTRACK_ACTIVE", "0", 1) != 0))
        return -1;
    return options[0] ? set_variable("MEMTRACK_OPTIONS", options, ",", true) : 0;
}

_Noreturn static void become(const struct mt_launch *launch, int report, long *before_kilobytes) {
    struct rusage usage;
    if (before_kilobytes && getrusage(RUSAGE_SELF, &usage) == 0)
        *before_kilobytes = usage.ru_maxrss;
    if (!launch->preload || set_environment(launch) == 0) {
        sigaction(SIGCHLD, &chld_before, NULL);
        sigprocmask(SIG_SETMASK, &mask_before, NULL);
        execvp(launch->target->path,
               launch->arguments); /* has a slash: no search, but a text goes to the shell */
    }
    int why = errno;
    if (write(report, &why, sizeof why) < 0)
        _exit(MT_EXIT_FAILED);
    _exit(MT_EXIT_CANNOT_EXECUTE);
}

/* ---- our side -------------------------------------------------------------------------------- */

static int failed(struct mt_error *error, const char *what) {
    mt_error_set(error, MEMTRACK_EIO,
                 "Close other programs, or raise the limits of this shell (ulimit -a).",
                 "the program could not be started: %s: %s", what, strerror(errno));
    return MT_EXIT_FAILED;
}

static int report_exec_failure(const struct mt_launch *launch, int why, struct mt_error *error) {
    const char *hint = "";
    if (why == E2BIG)
        hint = "Shorten the arguments or the environment.";
    else if (why == ENOEXEC)
        hint = "Give a program or a script of this machine.";
    else if (why == EACCES)
        hint = "Check permissions of the file, its directories and its file system (noexec).";
    mt_error_set(error, MEMTRACK_EUSAGE, hint, "%s: cannot be executed: %s", launch->target->path,
                 strerror(why));
    return why == ENOENT || why == ENOTDIR ? MT_EXIT_NOT_FOUND : MT_EXIT_CANNOT_EXECUTE;
}

static void block_signals(struct mt_launched *child) {
    sigset_t set;
    struct sigaction plain = {.sa_handler = SIG_DFL};
    set_of_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &mask_before);
    sigaction(SIGCHLD, &plain, &chld_before); /* ignored, it would take the exit status away */
    child->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void unblock_signals(struct mt_launched *child) {
    if (child->signals >= 0)
        close(child->signals);
    child->signals = -1;
    sigaction(SIGCHLD, &chld_before, NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

/* Returns a number that the child can set; NULL: there is no memory for it, and it goes without. */
static long *share_number(void) {
    void *page =
        mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

int mt_launch(const struct mt_launch *launch, struct mt_launched *child, struct mt_error *error) {
    int report[2];
    *child = (struct mt_launched){.pid = -1, .signals = -1};
    if (pipe2(report, O_CLOEXEC) != 0) {
        child->is_refused = true;
        return failed(error, "pipe");
    }
    long *before_kilobytes = share_number();
    child->before_kilobytes = before_kilobytes;
    block_signals(child);
    child->pid = child->signals >= 0 ? fork() : -1;
    if (child->pid == 0)
        become(launch, report[1], before_kilobytes);
    close(report[1]);
    int why = 0, rc = 0;
    if (child->pid < 0) {
        rc = failed(error, child->signals < 0 ? "signalfd" : "fork");
        unblock_signals(child);
        child->is_refused = true;
    } else if (read(report[0], &why, sizeof why) == (ssize_t)sizeof why)
        rc = report_exec_failure(launch, why, error);
    close(report[0]);
    if (rc != 0 && child->pid > 0)
        waitpid(child->pid, NULL, 0);
    return rc;
}

static void forward(const struct mt_launched *child, const struct signalfd_siginfo *info) {
    bool from_kernel =
        info->ssi_code > 0; /* SI_KERNEL and its like; kill and sigqueue are 0 and below */
    if (info->ssi_signo == SIGCHLD || info->ssi_signo == SIGPIPE || from_kernel || child->ended ||
        (pid_t)info->ssi_pid == child->pid)
        return;
    kill(child->pid, (int)info->ssi_signo);
}

/* The figure of the kernel includes what we had ourselves when we made the child: unless it is
 * above that, it says nothing. */
static uint64_t most_rss_of(const struct rusage *usage) {
    struct rusage ours;
    if (getrusage(RUSAGE_SELF, &ours) != 0 || usage->ru_maxrss <= ours.ru_maxrss)
        return 0;
    return (uint64_t)usage->ru_maxrss * 1024;
}

/* The same, above what the child had before it became the program. It has made a little more since:
 * the words of the program, and the search for it. */
static uint64_t peak_rss_of(const struct mt_launched *child, const struct rusage *usage) {
    enum { SINCE_KILOBYTES = 256 };
    if (!child->before_kilobytes || *child->before_kilobytes == 0 ||
        usage->ru_maxrss <= *child->before_kilobytes + SINCE_KILOBYTES)
        return 0;
    return (uint64_t)usage->ru_maxrss * 1024;
}

static void notice_end(struct mt_launched *child) {
    int status = 0;
    struct rusage usage = {0};
    if (child->ended || wait4(child->pid, &status, WNOHANG, &usage) != child->pid)
        return;
    child->most_rss_bytes = most_rss_of(&usage);
    child->peak_rss_bytes = peak_rss_of(child, &usage);
    child->at_most_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
    child->ended = true;
    child->wait_status = status;
    child->end_ns = mt_clock_now_ns();
}

void mt_launch_wait(struct mt_launched *child, int other_fd, uint64_t until_ns) {
    uint64_t now = mt_clock_now_ns(), left = until_ns > now ? until_ns - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u),
                               .tv_nsec = (long)(left % 1000000000u)};
    struct pollfd fds[2] = {{.fd = child->signals, .events = POLLIN},
                            {.fd = other_fd, .events = POLLIN}};
    struct signalfd_siginfo info;
    if (ppoll(fds, 2, &timeout, NULL) > 0 && fds[0].revents)
        while (read(child->signals, &info, sizeof info) == (ssize_t)sizeof info)
            forward(child, &info);
    notice_end(child);
}

void mt_launch_release(struct mt_launched *child) {
    sigset_t quit;
    struct signalfd_siginfo info;
    while (read(child->signals, &info, sizeof info) == (ssize_t)sizeof info)
        ; /* what killed the child may be pending here as well */
    close(child->signals);
    child->signals = -1;
    sigemptyset(&quit);
    sigaddset(&quit, SIGQUIT);
    sigprocmask(SIG_UNBLOCK, &quit, NULL);
}

int mt_launch_exit_status(int wait_status) {
    if (WIFEXITED(wait_status))
        return WEXITSTATUS(wait_status);
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : MT_EXIT_FAILED;
}
