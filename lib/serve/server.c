/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd does HTTP; here is the loop around it. It has a daemon for each listening socket,
 * whose epoll descriptors are polled together with those of the signals and of the worker, and no
 * thread: all that answers is done between two rounds of the loop, and needs no lock.
 *
 * A request that cannot be answered yet (the last snapshot was a moment ago; the next one is being
 * made; the change over ten seconds is wanted) is suspended, and put before the answering function
 * once more when its time has come, or when the worker has done something. All who want the same wait
 * for the same.
 */
#include "serve/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/server-local.h"

enum {
    CONNECTIONS = 256, /* more than clients.c lets be silent */
    HEADER_BYTES = 16384,
    STILL_S = 30, /* without a byte in either direction */
};

/* ---- requests -------------------------------------------------------------------------------- */

static const char *header(struct MHD_Connection *connection, const char *name) {
    return mt_microhttpd.lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static struct mt_client *client_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        mt_microhttpd.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* What is wrong with a request by its headers alone. Returns false when an answer was queued, or
 * could not be, as *result says. */
static bool is_acceptable(const struct mt_server *server, const struct mt_client *client,
                          struct MHD_Connection *connection, const char *method,
                          enum MHD_Result *result) {
    bool is_post = strcmp(method, "POST") == 0;
    const struct mt_guard_request request = {
        .host = header(connection, "Host"),
        .origin = header(connection, "Origin"),
        .fetch_site = header(connection, "Sec-Fetch-Site"),
        .fetch_mode = header(connection, "Sec-Fetch-Mode"),
        .token = header(connection, "X-Memtrack"),
        .is_post = is_post,
    };
    const char *length = header(connection, "Content-Length");
    const char *why = mt_guard_refuses(&server->guard, &request);
    if (!why && !client->is_trusted)
        why = "This server answers the user who started it, and root. --any-user lets others in.";
    if (why)
        *result = mt_reply_problem(connection, MHD_HTTP_FORBIDDEN, why);
    else if (length && strtoull(length, NULL, 10) > MT_SERVER_BODY)
        *result = mt_reply_problem(connection, MHD_HTTP_CONTENT_TOO_LARGE,
                                   "The body of a request is at most 4096 bytes.");
    else if (is_post || strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return true;
    else {
        const struct mt_reply reply = {.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                       .type = "text/plain; charset=utf-8",
                                       .allow = "GET, HEAD, POST"};
        *result = mt_reply_text(connection, &reply, "This server knows GET, HEAD and POST.\n");
    }
    return false;
}

static enum MHD_Result begin(struct mt_server *server, struct MHD_Connection *connection,
                             const char *method, void **context) {
    struct mt_client *client = client_of(connection);
    enum MHD_Result result = MHD_NO;
    if (!client || !is_acceptable(server, client, connection, method, &result))
        return result;
    struct mt_asked *asked = calloc(1, sizeof *asked);
    if (!asked)
        return MHD_NO;
    asked->client = client;
    asked->connection = connection;
    *context = asked;
    return MHD_YES;
}

/* A body without a length may be longer than what was announced: then the connection ends. */
static enum MHD_Result take_body(struct mt_asked *asked, const char *data, size_t *bytes) {
    size_t room = MT_SERVER_BODY - asked->n_body;
    if (*bytes > room)
        return MHD_NO;
    memcpy(asked->body + asked->n_body, data, *bytes);
    asked->n_body += *bytes;
    *bytes = 0;
    return MHD_YES;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *bytes, void **context) {
    struct mt_server *server = cls;
    struct mt_asked *asked = *context;
    (void)version;
    if (!asked)
        return begin(server, connection, method, context);
    if (*bytes)
        return take_body(asked, data, bytes);
    if (!asked->asked_ns)
        asked->asked_ns = mt_clock_now_ns();
    if (!asked->client->is_asking) {
        asked->client->is_asking = true;
        asked->client->since_ns = asked->asked_ns;
    }
    return mt_answer(server, asked, path, method);
}

static void stop_waiting(struct mt_server *server, struct mt_asked *asked) {
    for (struct mt_asked **at = &server->waiting; *at; at = &(*at)->next)
        if (*at == asked) {
            *at = asked->next;
            break;
        }
    asked->is_waiting = false;
}

static void complete(void *cls, struct MHD_Connection *connection, void **context,
                     enum MHD_RequestTerminationCode how) {
    struct mt_server *server = cls;
    struct mt_asked *asked = *context;
    (void)connection;
    (void)how;
    if (!asked)
        return;
    if (asked->is_waiting)
        stop_waiting(server, asked);
    if (asked->until_ns)
        server->n_differences--;
    asked->client->is_asking = false;
    if (asked->client->since_ns != UINT64_MAX)
        asked->client->since_ns = mt_clock_now_ns();
    mt_snapshot_release(asked->snapshot);
    mt_snapshot_release(asked->from);
    mt_difference_free(asked->difference);
    free(asked);
    *context = NULL;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static bool resume_those_due(struct mt_server *server, uint64_t now_ns, bool has_worked) {
    bool any = false;
    for (struct mt_asked *a = server->waiting, *next; a; a = next) {
        next = a->next;
        if (a->again_ns > now_ns && !(has_worked && a->again_ns == UINT64_MAX))
            continue;
        stop_waiting(server, a);
        mt_microhttpd.resume_connection(a->connection);
        any = true;
    }
    return any;
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Returns when something is to be done though nothing arrives. */
static uint64_t next_due(const struct mt_server *server, uint64_t now_ns, uint64_t tick_ns,
                         uint64_t look_ns) {
    uint64_t due = earlier(tick_ns, look_ns);
    for (size_t i = 0; i < server->n_daemons; i++) {
        MHD_UNSIGNED_LONG_LONG ms;
        if (mt_microhttpd.get_timeout(server->daemons[i], &ms) == MHD_YES)
            due = earlier(due, now_ns + ms * 1000000);
    }
    for (const struct mt_asked *a = server->waiting; a; a = a->next)
        due = earlier(due, a->again_ns);
    return due;
}

/* Waits until due, for a request, for the worker, or for stop_fd; returns false with the last, or when it cannot
 * wait. */
static bool wait_for(const struct mt_server *server, int stop_fd, uint64_t due_ns,
                     struct mt_error *error) {
    struct pollfd files[MT_LISTEN_SOCKETS + 2] = {
        {.fd = stop_fd, .events = POLLIN},
        {.fd = mt_worker_fd(mt_served_worker(server->served)), .events = POLLIN}};
    nfds_t n = 2;
    for (size_t i = 0; i < server->n_daemons; i++) {
        const union MHD_DaemonInfo *info =
            mt_microhttpd.get_daemon_info(server->daemons[i], MHD_DAEMON_INFO_EPOLL_FD);
        if (info)
            files[n++] = (struct pollfd){.fd = info->epoll_fd, .events = POLLIN};
    }
    uint64_t now = mt_clock_now_ns(), left = due_ns > now ? due_ns - now : 0;
    struct timespec time = {.tv_sec = (time_t)(left / MT_NS_PER_S),
                            .tv_nsec = (long)(left % MT_NS_PER_S)};
    if (ppoll(files, n, due_ns == UINT64_MAX ? NULL : &time, NULL) < 0 && errno != EINTR) {
        mt_error_set(error, MEMTRACK_EIO, "", "cannot wait for requests: %m");
        return false;
    }
    return files[0].revents == 0;
}

static void run_daemons(const struct mt_server *server) {
    for (size_t i = 0; i < server->n_daemons; i++)
        mt_microhttpd.run(server->daemons[i]);
}

/* Returns whether the server is to end because the process has. */
static bool has_ended(struct mt_server *server) {
    const struct mt_server_options *options = server->options;
    if (mt_served_goes_on(server->served))
        return false;
    if (!server->has_ended && options->ended)
        options->ended(options->context);
    server->has_ended = true;
    return options->until_end;
}

int mt_server_run(struct mt_server *server, int stop_fd, struct mt_error *error) {
    struct mt_error why = {{0}, {0}};
    for (;;) {
        bool has_worked = mt_worker_collect(mt_served_worker(server->served));
        uint64_t now = mt_clock_now_ns();
        uint64_t tick = mt_served_tick(server->served, now);
        if (has_ended(server))
            return 0;
        uint64_t look = mt_clients_look(server, now);
        if (resume_those_due(server, now, has_worked))
            run_daemons(server);
        if (!wait_for(server, stop_fd, next_due(server, now, tick, look), &why))
            break;
        run_daemons(server);
    }
    if (!why.message[0])
        return 0;
    return mt_error_set(error, MEMTRACK_EIO, why.hint, "%s", why.message);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void say_nothing(void *cls, const char *format, va_list arguments) {
    (void)cls;
    (void)format;
    (void)arguments;
}

static struct MHD_Daemon *start(struct mt_server *server, int socket) {
    return mt_microhttpd.start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, server,
        MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, socket,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADER_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)STILL_S,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, complete, server,
        MHD_OPTION_NOTIFY_CONNECTION, mt_clients_notify, server, MHD_OPTION_END);
}

static int start_all(struct mt_server *server, struct mt_error *error) {
    for (; server->n_daemons < server->listen->n_sockets; server->n_daemons++) {
        struct MHD_Daemon *daemon = start(server, server->listen->socket[server->n_daemons]);
        if (!daemon)
            return mt_error_set(error, MEMTRACK_EIO, "", "cannot start the server: %m");
        server->daemons[server->n_daemons] = daemon;
    }
    return 0;
}

int mt_server_load(struct mt_error *error) {
    return mt_microhttpd_load(error);
}

int mt_server_new(struct mt_served *served, const struct mt_server_options *options,
                  struct mt_server **out, struct mt_error *error) {
    struct mt_server *server = calloc(1, sizeof *server);
    *out = NULL;
    if (!server)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    *server = (struct mt_server){
        .served = served,
        .listen = options->listen,
        .guard = {options->listen, options->names, options->n_names},
        .options = options,
    };
    int rc = start_all(server, error);
    if (rc == 0)
        *out = server;
    else
        mt_server_free(server);
    return rc;
}

/* The library must not be stopped while a request waits. */
void mt_server_free(struct mt_server *server) {
    if (!server)
        return;
    resume_those_due(server, UINT64_MAX, false);
    for (size_t i = 0; i < server->n_daemons; i++)
        mt_microhttpd.stop_daemon(server->daemons[i]); /* closes its socket */
    for (size_t i = server->n_daemons; i < server->listen->n_sockets; i++)
        close(server->listen->socket[i]);
    server->listen->n_sockets = 0;
    free(server);
}
