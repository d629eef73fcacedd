/* SPDX-License-Identifier: MIT */
/*
 * Of builds with libmicrohttpd (MEMTRACK_HAS_MICROHTTPD): a small HTTP server of one page and what it shows. It serves no files, sends nothing anywhere by
 * itself, and answers nobody but those whom guard.h lets pass. By one thread, which waits for nothing:
 * what takes long is done by a worker (worker.h), and only those wait who have asked for it.
 *
 *   GET  /                                     the page
 *   GET  /profile.pb.gz                        a profile of now; ETag and If-None-Match
 *   GET  /debug/pprof/heap, /debug/pprof/allocs   the same for go tool pprof; ?seconds=N: the change
 *   GET  /metrics                              OpenMetrics, or what the scraper takes
 *   GET  /state, /marks                        JSON; /state?since=NS: with the ticks after it
 *   POST /mark                                 a mark now; its name is the body, or ?name=
 */
#ifndef MT_SERVE_SERVER_H
#define MT_SERVE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "serve/listen.h"
#include "serve/served.h"

struct mt_server; /* opaque */

struct mt_server_options {
    struct mt_listen *listen; /* open; the sockets are the server's from now on */
    const char *const *names; /* more names that it goes by, for the Host header */
    size_t n_names;
    bool until_end; /* it ends when the process has ended */
    bool any_user;  /* it answers other users of this machine too */
    /* Called once, when what is shown does not change any more; may be NULL. */
    void (*ended)(void *context);
    void *context;
};

/* Loads the library that does HTTP: before anything else is called here. Returns 0 or
 * -MEMTRACK_EIO (base/library.h). */
int mt_server_load(struct mt_error *error);

/* Makes a server, which answers once it runs. served and the options must outlive it.
 * Returns 0, -MEMTRACK_ENOMEM, or -MEMTRACK_EIO. */
int mt_server_new(struct mt_served *served, const struct mt_server_options *options,
                  struct mt_server **out, struct mt_error *error);
void mt_server_free(struct mt_server *server); /* NULL is fine */

/* Answers requests, and takes ticks, until stop_fd can be read from (a signalfd). Returns 0 or
 * -MEMTRACK_EIO. */
int mt_server_run(struct mt_server *server, int stop_fd, struct mt_error *error);

#endif
