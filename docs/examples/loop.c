/* SPDX-License-Identifier: MIT */
/*
 * loop: one thread, many connections, and an event loop that goes from one to the next as bytes
 * arrive. The scope of a connection is attached while its callback runs, so that none is charged
 * with another's memory. Marks say when load begins and ends, a counter how many connections are
 * open. The example of docs/scopes.md.
 */
#include <memtrack.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 8, CHUNKS = 5, CHUNK_BYTES = 1000 };

struct connection {
    memtrack_scope scope;
    int fd, peer;
    char *text;
    size_t bytes;
    int n_sent;
};

static struct connection connections[CONNECTIONS];
static struct pollfd polled[CONNECTIONS];

static void begin(int i) {
    struct connection *c = &connections[i];
    int ends[2];
    char number[12];
    if (pipe(ends) != 0)
        exit(1);
    c->fd = ends[0];
    c->peer = ends[1];
    polled[i] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    snprintf(number, sizeof number, "%d", i);
    memtrack_begin(&c->scope, "connection");
    memtrack_scope_set(&c->scope, "number", number);
    memtrack_scope_detach(&c->scope);
}

/* What the other side would do. */
static void send_chunk(struct connection *c) {
    char chunk[CHUNK_BYTES] = "";
    if (c->n_sent++ < CHUNKS && write(c->peer, chunk, sizeof chunk) < 0)
        exit(1);
    if (c->n_sent > CHUNKS)
        close(c->peer);
}

/* The callback: there is something to read. Returns 0 at the end of the connection. */
static int on_readable(struct connection *c) {
    memtrack_scope_attach(&c->scope);
    c->text = realloc(c->text, c->bytes + CHUNK_BYTES);
    ssize_t n = read(c->fd, c->text + c->bytes, CHUNK_BYTES);
    if (n > 0) {
        c->bytes += (size_t)n;
        memtrack_scope_detach(&c->scope);
        return 1;
    }
    free(c->text);
    close(c->fd);
    memtrack_end(&c->scope, NULL);
    return 0;
}

int main(void) {
    int n_open = CONNECTIONS;
    memtrack_mark("load begins");
    for (int i = 0; i < CONNECTIONS; i++)
        begin(i);
    while (n_open > 0) {
        memtrack_counter("open connections", n_open);
        for (int i = 0; i < CONNECTIONS; i++)
            if (polled[i].fd >= 0)
                send_chunk(&connections[i]);
        poll(polled, CONNECTIONS, -1);
        for (int i = 0; i < CONNECTIONS; i++)
            if (polled[i].fd >= 0 && (polled[i].revents & (POLLIN | POLLHUP)) &&
                !on_readable(&connections[i])) {
                polled[i].fd = -1;
                n_open--;
            }
    }
    memtrack_mark("load ends");
    printf("%d connections\n", CONNECTIONS);
    return 0;
}
