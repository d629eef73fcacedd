/* SPDX-License-Identifier: MIT */
/*
 * Starts a command and says what it cost, for bench/run.py.
 *
 * Wall time is CLOCK_MONOTONIC around fork, exec and wait; processor time and the largest peak RSS
 * come from wait4, which counts the descendants that were waited for (a tracker's helpers
 * included). A forked child inherits its parent's peak RSS until it execs, so the launcher must be
 * small: it is linked statically and is about 1 MB. Started from Python instead, every small
 * program would show the interpreter's 10 MB.
 *
 * With -p the peak RSS of each process is recorded apart, because "the target" and "the tracker's
 * helper" are different answers: PTRACE_EVENT_EXIT stops a process before its memory goes, with
 * VmHWM still readable. Tracing makes starting threads and delivering signals slower, so such a run
 * is for memory and its times are not used. Polling /proc was rejected: it misses what a process
 * does just before it ends.
 *
 * usage: launch [-p] [-r REPEAT] -o RESULT -- PROGRAM [ARGUMENT]...
 * RESULT is written in JSON. The exit status is 0 when the command could be started, whatever it
 * returned itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 256

struct process {
    pid_t pid;
    long peak_kib;
    long first_peak_kib; /* of the process that was launched, when this one ended */
    char name[64];
};

struct result {
    int64_t wall_ns;
    int64_t cpu_us;
    long largest_kib;
    int status;
    pid_t first;
    int n_processes;
    int n_lost;
    struct process processes[PROCESSES];
};

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* The child waits for one byte so that the parent can attach before the program starts. */
static pid_t start(char **command, int *go) {
    int gate[2];
    if (pipe(gate) < 0)
        fail("pipe");
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        char byte;
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 1)
            _exit(125);
        close(gate[0]);
        execvp(command[0], command);
        fprintf(stderr, "launch: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    close(gate[0]);
    *go = gate[1];
    return pid;
}

static void note_usage(struct result *r, const struct rusage *u, int status) {
    r->cpu_us += ((int64_t)u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 +
                 u->ru_utime.tv_usec + u->ru_stime.tv_usec;
    if (u->ru_maxrss > r->largest_kib)
        r->largest_kib = u->ru_maxrss;
    r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static long status_value(const char *line, const char *key) {
    size_t length = strlen(key);
    return strncmp(line, key, length) == 0 ? strtol(line + length, NULL, 10) : -1;
}

static void read_status(pid_t tid, struct process *p) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", tid);
    FILE *status = fopen(path, "re");
    if (!status)
        return;
    while (fgets(line, sizeof line, status)) {
        if (strncmp(line, "Name:\t", 6) == 0)
            snprintf(p->name, sizeof p->name, "%.*s", (int)strcspn(line + 6, "\n\"\\"), line + 6);
        if (status_value(line, "Tgid:") > 0)
            p->pid = (pid_t)status_value(line, "Tgid:");
        if (status_value(line, "VmHWM:") > 0)
            p->peak_kib = status_value(line, "VmHWM:");
    }
    fclose(status);
}

/* tid is at its exit stop. A process with threads passes here once for each; its peak only
 * grows. */
static void note_process(struct result *r, pid_t tid) {
    struct process p = {0}, first = {0};
    read_status(tid, &p);
    read_status(r->first, &first);
    p.first_peak_kib = first.peak_kib;
    int i = 0;
    while (i < r->n_processes && r->processes[i].pid != p.pid)
        i++;
    if (i == PROCESSES) {
        r->n_lost++;
        return;
    }
    if (i == r->n_processes)
        r->processes[r->n_processes++] = p;
    if (tid == p.pid)
        memcpy(r->processes[i].name, p.name, sizeof p.name);
    if (p.peak_kib > r->processes[i].peak_kib)
        r->processes[i].peak_kib = p.peak_kib;
    r->processes[i].first_peak_kib = p.first_peak_kib;
}

/* Lets a stopped tracee go on, passing on the signal it stopped for. */
static void resume(struct result *r, pid_t tid, int status) {
    int event = status >> 16, signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXIT)
        note_process(r, tid);
    if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
        ptrace(PTRACE_LISTEN, tid, 0, 0);
    else
        ptrace(PTRACE_CONT, tid, 0, event ? 0 : signal);
}

static void trace(struct result *r, pid_t child) {
    struct rusage usage;
    int status;
    for (;;) {
        pid_t tid = wait4(-1, &status, __WALL, &usage);
        if (tid < 0 && errno == EINTR)
            continue;
        if (tid < 0)
            return;
        if (WIFSTOPPED(status))
            resume(r, tid, status);
        else if (tid == child)
            note_usage(r, &usage, status);
    }
}

static void run_once(struct result *r, char **command, bool per_process) {
    int go, status;
    struct rusage usage;
    pid_t child = start(command, &go);
    long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                   PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
    if (per_process && ptrace(PTRACE_SEIZE, child, 0, options) < 0)
        fail("ptrace (needed for the peak of each process)");
    r->first = child;
    int64_t begin = now_ns();
    if (write(go, "", 1) != 1)
        fail("write");
    close(go);
    if (per_process) {
        trace(r, child);
    } else {
        while (wait4(child, &status, 0, &usage) < 0)
            if (errno != EINTR)
                fail("wait4");
        note_usage(r, &usage, status);
    }
    r->wall_ns += now_ns() - begin;
}

static void write_result(const struct result *r, const char *path) {
    FILE *out = fopen(path, "we");
    if (!out)
        fail(path);
    fprintf(out,
            "{\"wall_ns\":%lld,\"cpu_us\":%lld,\"largest_kib\":%ld,\"status\":%d,\"lost\":%d,"
            "\"processes\":[",
            (long long)r->wall_ns, (long long)r->cpu_us, r->largest_kib, r->status, r->n_lost);
    for (int i = 0; i < r->n_processes; i++)
        fprintf(out, "%s{\"pid\":%d,\"name\":\"%s\",\"peak_kib\":%ld,\"first_peak_kib\":%ld}",
                i ? "," : "", r->processes[i].pid, r->processes[i].name, r->processes[i].peak_kib,
                r->processes[i].first_peak_kib);
    fprintf(out, "]}\n");
    if (fclose(out) != 0)
        fail(path);
}

int main(int argc, char **argv) {
    static struct result result;
    const char *output = NULL;
    bool per_process = false;
    long repeat = 1;
    int option;
    while ((option = getopt(argc, argv, "+pr:o:")) != -1) {
        if (option == 'p')
            per_process = true;
        else if (option == 'r')
            repeat = strtol(optarg, NULL, 10);
        else if (option == 'o')
            output = optarg;
        else
            return 2;
    }
    if (!output || optind == argc || repeat < 1) {
        fprintf(stderr, "usage: launch [-p] [-r REPEAT] -o RESULT -- PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    for (long i = 0; i < repeat; i++)
        run_once(&result, argv + optind, per_process);
    write_result(&result, output);
    return 0;
}
