/* SPDX-License-Identifier: MIT */
/*
 * A conversation is one question and one answer:
 *
 *   question   name of the ledger (pid, start, counter): the number of a process in another pid
 *              namespace means nothing here, its ledger is the same file
 *   answer     header │ ticks │ composition (composition.c)      or nothing
 *
 * Both ends are the same program, which the sizes in the header make sure of. The one that answers
 * is forked off twice, so that its memory is that of the moment, nobody waits for it, and no zombie
 * is left; whoever does not read what was asked for holds up nobody but it, and that one not for
 * long. The one that asks believes nothing: the program that is watched is the same user, and could
 * answer in the place of the run.
 *
 * Rejected: a file that is written at each tick (megabytes in a long run, which nobody may ever
 * read); shared memory for the compositions (a lock between two processes); the watching process as
 * the one that takes the snapshot (it may be busy, and would be asked for names and formats); a socket
 * in the directory of the ledgers (programs look into it, and what is there has to be cleaned up).
 */
#include "watch/past.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/filename.h"
#include "profile/ledger/live.h"

#define MAGIC UINT64_C(0x31747361706b746d) /* "mtkpast1" */

enum { MAX_TICKS = 1 << 17, PATIENCE_S = 5, WAITING = 8 };

struct question {
    uint64_t magic, start_ticks;
    uint32_t pid, counter;
};

struct answer {
    uint64_t magic;
    uint32_t tick_bytes, n_ticks;
    uint64_t interval_ns, peak_from_ns, peak_to_ns;
};

/* ---- the socket ------------------------------------------------------------------------------ */

/* The name is that of the directory of the ledgers, by its number: an abstract one, which needs no
 * file that something could stumble over, and which goes with the socket. Anybody may connect to it,
 * or have taken it before, so both ends look at who the other one is. */
static bool make_address(int directory, struct sockaddr_un *address, socklen_t *bytes) {
    struct stat status;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (directory < 0 || fstat(directory, &status) != 0)
        return false;
    int n = snprintf(address->sun_path + 1, sizeof address->sun_path - 1,
                     "memtrack-past-%" PRIx64 "-%" PRIx64, (uint64_t)status.st_dev,
                     (uint64_t)status.st_ino);
    *bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    return true;
}

int mt_past_listen(int directory) {
    struct sockaddr_un address;
    socklen_t bytes;
    int fd = make_address(directory, &address, &bytes)
                 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
                 : -1;
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, bytes) == 0 &&
        listen(fd, WAITING) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool is_same_user(int fd) {
    struct ucred other;
    socklen_t bytes = sizeof other;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &other, &bytes) == 0 &&
           (other.uid == geteuid() || other.uid == 0);
}

static void set_patience(int fd) {
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

/* ---- answering ------------------------------------------------------------------------------- */

static const struct mt_ticker_track *track_of(const struct mt_ticker *ticker,
                                              const struct question *q) {
    for (size_t i = 0; i < ticker->n_tracks; i++) {
        const struct mt_ticker_track *t = ticker->tracks[i];
        if (t->name.pid == q->pid && t->name.start_ticks == q->start_ticks &&
            t->name.counter == q->counter && t->state == MT_TICKER_RUNNING)
            return t;
    }
    return NULL;
}

static void write_answer(const struct mt_ticker_track *track, FILE *out) {
    const struct answer answer = {
        .magic = MAGIC,
        .tick_bytes = sizeof *track->axis.ticks,
        .n_ticks = (uint32_t)track->axis.n,
        .interval_ns = track->interval_ns,
        .peak_from_ns = track->peak_from_ns,
        .peak_to_ns = track->peak_to_ns,
    };
    fwrite(&answer, sizeof answer, 1, out);
    if (track->axis.n)
        fwrite(track->axis.ticks, sizeof *track->axis.ticks, track->axis.n, out);
    mt_composition_write(track->composition, out);
}

_Noreturn static void work(int fd, const struct mt_ticker *ticker) {
    struct question question;
    FILE *stream = fdopen(fd, "r+");
    if (!stream || fread(&question, sizeof question, 1, stream) != 1 || question.magic != MAGIC)
        _exit(1);
    const struct mt_ticker_track *track = track_of(ticker, &question);
    fflush(stream); /* between reading and writing */
    if (track)
        write_answer(track, stream);
    _exit(fflush(stream) == 0 ? 0 : 1);
}

void mt_past_answer(int socket, const struct mt_ticker *ticker) {
    int fd = socket < 0 ? -1 : accept4(socket, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    set_patience(fd);
    pid_t pid = is_same_user(fd) ? fork() : -1;
    if (pid == 0) {
        if (fork() != 0)
            _exit(0);
        work(fd, ticker);
    }
    close(fd);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct past {
    struct answer answer;
    struct mt_tick *ticks;
    struct mt_composition *composition;
};

static void forget(struct past *past) {
    free(past->ticks);
    mt_composition_free(past->composition);
    *past = (struct past){0};
}

static int open_directory_of(const char *ledger) {
    const char *slash = strrchr(ledger, '/');
    char *path = strndup(slash ? ledger : ".", slash ? (size_t)(slash - ledger) + 1 : 1);
    int fd = path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    free(path);
    return fd;
}

static FILE *call(const char *ledger) {
    struct sockaddr_un address;
    socklen_t bytes = 0;
    int directory = open_directory_of(ledger), fd = -1;
    if (make_address(directory, &address, &bytes))
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        set_patience(fd);
    bool is_there =
        fd >= 0 && connect(fd, (const struct sockaddr *)&address, bytes) == 0 && is_same_user(fd);
    if (directory >= 0)
        close(directory);
    FILE *stream = is_there ? fdopen(fd, "r+") : NULL;
    if (!stream && fd >= 0)
        close(fd);
    return stream;
}

/* Nothing in the answer is believed but that it has as many bytes as it says. */
static bool read_answer(FILE *in, struct past *past) {
    struct answer *a = &past->answer;
    if (fread(a, sizeof *a, 1, in) != 1 || a->magic != MAGIC ||
        a->tick_bytes != sizeof *past->ticks || a->n_ticks == 0 || a->n_ticks > MAX_TICKS)
        return false;
    past->ticks = calloc(a->n_ticks + (size_t)1, sizeof *past->ticks);
    if (!past->ticks || fread(past->ticks, sizeof *past->ticks, a->n_ticks, in) != a->n_ticks)
        return false;
    for (uint32_t i = 1; i < a->n_ticks; i++)
        if (past->ticks[i].time_ns <= past->ticks[i - 1].time_ns)
            return false;
    past->composition = mt_composition_read(in);
    return past->composition != NULL;
}

static bool ask(const char *ledger, struct past *past) {
    const char *slash = strrchr(ledger, '/');
    struct mt_ledger_filename name;
    if (!mt_ledger_filename_parse(slash ? slash + 1 : ledger, &name))
        return false;
    const struct question question = {
        .magic = MAGIC, .start_ticks = name.start_ticks, .pid = name.pid, .counter = name.counter};
    FILE *stream = call(ledger);
    bool done = stream && fwrite(&question, sizeof question, 1, stream) == 1 &&
                fflush(stream) == 0 && read_answer(stream, past);
    if (stream)
        fclose(stream);
    if (!done)
        forget(past);
    return done;
}

/* ---- the profile ----------------------------------------------------------------------------- */

static void set_peak_time(const struct answer *answer, struct mt_profile_info *info) {
    uint64_t from = answer->peak_from_ns, to = answer->peak_to_ns;
    if (to == 0 || to < from)
        return;
    info->peak_time_known = true;
    info->peak_time_ns = from + (to - from) / 2;
    info->peak_time_error_ns = (to - from + 1) / 2;
}

/* The last tick is that of the reading itself. */
static int apply(struct past *past, struct mt_profile *profile, const struct mt_ledger_map *map) {
    struct mt_profile_info *info = &profile->info;
    size_t n = past->answer.n_ticks;
    while (n && past->ticks[n - 1].time_ns >= info->duration_ns)
        n--;
    past->ticks[n++] = (struct mt_tick){.time_ns = info->duration_ns,
                                        .live_bytes = (int64_t)info->totals.live_bytes,
                                        .total_blocks = info->totals.total_blocks};
    int rc = mt_axis_copy(past->ticks, n, past->answer.interval_ns, profile);
    if (rc == 0)
        rc = mt_composition_apply(past->composition, profile, map);
    set_peak_time(&past->answer, info);
    return rc;
}

int mt_past_profile(pid_t pid, struct mt_profile **out, bool *is_known, struct mt_error *error) {
    struct mt_ledger *ledger;
    struct mt_ledger_map map;
    struct past past = {0};
    int rc = mt_ledger_live_open(pid, &ledger, error);
    if (rc != 0)
        return rc;
    bool known = mt_ledger_is_live(ledger) && ask(mt_ledger_path(ledger), &past);
    rc = mt_ledger_live_convert_mapped(ledger, out, &map, error);
    mt_ledger_close(ledger);
    if (rc == 0 && known && (*out)->info.running && apply(&past, *out, &map) != 0) {
        mt_profile_free(*out);
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    }
    if (rc == 0)
        known &= (*out)->info.running;
    mt_ledger_convert_map_free(&map);
    forget(&past);
    if (is_known)
        *is_known = rc == 0 && known;
    return rc;
}
