/* SPDX-License-Identifier: MIT */
/*
 * A program that is not recorded has no memtrack_mark, and the signals of one that is watched from
 * its start are its own. So marks are lines of a file: any shell can write one, and a FIFO serves
 * as well. Each is as exact as the ticks at which the file is read.
 */
#include "watched/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t n_signals;

static void note(int signal_number) {
    (void)signal_number;
    n_signals++;
}

void mt_watched_marks_hear(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
}

int mt_watched_marks_open(struct mt_watched_marks *marks, const char *path,
                          struct mt_error *error) {
    *marks = (struct mt_watched_marks){.fd = -1};
    if (!path)
        return 0;
    /* for writing too: a FIFO has no end then, when its last writer goes */
    marks->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    if (marks->fd < 0)
        return mt_error_set(error, MEMTRACK_EIO, "Give a file that you may write.",
                            "%s: cannot be opened for marks: %s", path, strerror(errno));
    lseek(marks->fd, 0, SEEK_END);
    return 0;
}

void mt_watched_marks_close(struct mt_watched_marks *marks) {
    if (marks->fd >= 0)
        close(marks->fd);
    marks->fd = -1;
}

static void take_byte(struct mt_watched_marks *marks, char byte, struct mt_sampler *sampler,
                      uint64_t now_ns) {
    if (byte != '\n') {
        if (marks->length < sizeof marks->line - 1)
            marks->line[marks->length++] = byte;
        return;
    }
    marks->line[marks->length] = 0;
    if (marks->length)
        mt_sampler_mark(sampler, now_ns, marks->line);
    marks->length = 0;
}

void mt_watched_marks_take(struct mt_watched_marks *marks, struct mt_sampler *sampler,
                           uint64_t now_ns) {
    static sig_atomic_t n_taken;
    char bytes[4096];
    ssize_t n;
    for (; n_taken < n_signals; n_taken++)
        mt_sampler_mark(sampler, now_ns, "SIGUSR1");
    while (marks->fd >= 0 && (n = read(marks->fd, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < n; i++)
            take_byte(marks, bytes[i], sampler, now_ns);
}
