/* SPDX-License-Identifier: MIT */
/*
 * A client that opens connections and sends nothing, or a byte now and then, must not keep others
 * out. libmicrohttpd closes what stands still; here a limit is set for the whole of a request, which
 * a slow trickle meets as well, and when there are many connections the one that has been silent
 * longest makes room for the next. A connection is shut down rather than closed: its descriptor is
 * the library's.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "serve/peer.h"
#include "serve/server-local.h"

#define ASK_NS  (15 * MT_NS_PER_S)  /* for a request to arrive */
#define TAKE_NS (600 * MT_NS_PER_S) /* for an answer to be taken, or waited for */
#define LOOK_NS (1 * MT_NS_PER_S)

enum { MOST_CLIENTS = 64 };

static void add(struct mt_server *server, struct mt_client *client) {
    client->next = server->clients;
    if (client->next)
        client->next->previous = client;
    server->clients = client;
    server->n_clients++;
}

static void take_out(struct mt_server *server, struct mt_client *client) {
    if (client->next)
        client->next->previous = client->previous;
    if (client->previous)
        client->previous->next = client->next;
    else
        server->clients = client->next;
    server->n_clients--;
}

/* Those that were shut down are still in the list, until the library has closed them. */
static void shut_down(struct mt_client *client) {
    shutdown(client->fd, SHUT_RDWR);
    client->since_ns = UINT64_MAX;
}

/* Of those that ask for nothing, the one that has done so for longest. */
static void make_room(struct mt_server *server) {
    struct mt_client *silent = NULL;
    for (struct mt_client *c = server->clients; c; c = c->next)
        if (!c->is_asking && c->since_ns != UINT64_MAX &&
            (!silent || c->since_ns < silent->since_ns))
            silent = c;
    if (silent)
        shut_down(silent);
}

static void come(struct mt_server *server, struct MHD_Connection *connection, void **context) {
    const union MHD_ConnectionInfo *info =
        mt_microhttpd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct mt_client *client = info ? calloc(1, sizeof *client) : NULL;
    *context = client;
    if (!client)
        return; /* its requests are refused */
    client->fd = info->connect_fd;
    client->since_ns = mt_clock_now_ns();
    client->is_trusted =
        server->options->any_user || !server->listen->is_loopback || mt_peer_is_trusted(client->fd);
    if (server->n_clients >= MOST_CLIENTS)
        make_room(server);
    add(server, client);
}

void mt_clients_notify(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_ConnectionNotificationCode what) {
    struct mt_server *server = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        come(server, connection, context);
    else if (*context) {
        take_out(server, *context);
        free(*context);
        *context = NULL;
    }
}

uint64_t mt_clients_look(struct mt_server *server, uint64_t now_ns) {
    for (struct mt_client *c = server->clients; c; c = c->next)
        if (c->since_ns != UINT64_MAX && now_ns > c->since_ns + (c->is_asking ? TAKE_NS : ASK_NS))
            shut_down(c);
    return server->clients ? now_ns + LOOK_NS : UINT64_MAX;
}
