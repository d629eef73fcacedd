/* SPDX-License-Identifier: MIT */
/*
 * The pager, and the end of the output. stdout is replaced by a pipe to the pager, so nothing that
 * prints knows of it. A pager that is quit early closes the pipe: SIGPIPE is ignored then and the
 * remaining output is dropped, since the pager has to be waited for. Without a pager SIGPIPE keeps
 * its meaning: the process ends, silently, as `memtrack report | head` should.
 */
#include "text/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "text/terminal.h"

static pid_t pager_pid;

static const char *pager_command(void) {
    static const char *const variables[] = {"MEMTRACK_PAGER", "PAGER"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *command = getenv(variables[i]);
        if (command)
            return *command && strcmp(command, "cat") != 0 ? command : NULL;
    }
    return "less -FRX";
}

/* Tells whether the program of the command is there. A shell's "not found" instead of a report
 * would be a poor trade. */
static bool can_run(const char *command) {
    size_t bytes = strcspn(command, " \t");
    const char *path = getenv("PATH");
    char *list = strdup(path ? path : "/usr/bin:/bin"), *state = NULL;
    bool found = memchr(command, '/', bytes) != NULL;
    for (char *folder = list ? strtok_r(list, ":", &state) : NULL; folder && !found;
         folder = strtok_r(NULL, ":", &state)) {
        char *program = NULL;
        if (asprintf(&program, "%s/%.*s", folder, (int)bytes, command) >= 0) {
            found = access(program, X_OK) == 0;
            free(program);
        }
    }
    free(list);
    return found;
}

static void run_pager(const char *command, const int fds[2]) {
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    close(fds[1]);
    setenv("LESS", "FRX", 0);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void mt_pager_start(void) {
    const char *command = pager_command();
    const char *term = getenv("TERM");
    if (!isatty(STDOUT_FILENO) || !term || strcmp(term, "dumb") == 0 || !command ||
        !can_run(command))
        return;
    int fds[2];
    if (pipe(fds) != 0)
        return;
    fflush(NULL);
    pager_pid = fork();
    if (pager_pid == 0)
        run_pager(command, fds);
    if (pager_pid > 0) {
        signal(SIGPIPE, SIG_IGN);
        signal(SIGINT, SIG_IGN); /* Ctrl-C is the pager's to answer */
        dup2(fds[1], STDOUT_FILENO);
    } else {
        pager_pid = 0;
    }
    close(fds[0]);
    close(fds[1]);
}

bool mt_pager_finish(const char *program) {
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    int error = errno;
    if (pager_pid) {
        close(STDOUT_FILENO);
        while (waitpid(pager_pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        pager_pid = 0;
        return true;
    }
    if (failed && error != EPIPE)
        mt_terminal_print_problem(program, "Make room, or write elsewhere.",
                                  "cannot write the output: %s", strerror(error));
    return !failed || error == EPIPE;
}
