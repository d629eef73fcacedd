/* SPDX-License-Identifier: MIT */
/* Where a server listens, and who can reach it there. */
#ifndef MT_SERVE_LISTEN_H
#define MT_SERVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum { MT_LISTEN_SOCKETS = 2, MT_LISTEN_HOST = 64 };

struct mt_listen {
    char host[MT_LISTEN_HOST];     /* an address in numbers, without brackets */
    uint16_t port;                 /* 0: a free one, until the sockets are open */
    bool is_both;                  /* 127.0.0.1, and ::1 where there is one */
    bool is_loopback;              /* only this machine reaches it */
    bool is_any;                   /* all addresses of this machine */
    int socket[MT_LISTEN_SOCKETS]; /* open, bound, listening; the caller's */
    size_t n_sockets;
};

/* Reads ADDR:PORT, ADDR, PORT or :PORT, where ADDR is an address in numbers (IPv6 in brackets) or
 * localhost. NULL and what is missing stand for both loopback addresses and a free port. Returns 0
 * or -MEMTRACK_EUSAGE. Nothing is opened. */
int mt_listen_parse(const char *text, struct mt_listen *listen, struct mt_error *error);

/* Opens the sockets, close-on-exec and non-blocking, and fills in the port. Returns 0 or
 * -MEMTRACK_EIO (the port is taken or needs more rights, the address is none of this machine's);
 * then none is open. */
int mt_listen_open(struct mt_listen *listen, struct mt_error *error);
void mt_listen_close(struct mt_listen *listen);

/* Writes "http://127.0.0.1:8080/". Of all addresses of the machine it is the loopback one. Returns
 * buffer. */
enum { MT_LISTEN_URL = MT_LISTEN_HOST + 32 };
const char *mt_listen_url(const struct mt_listen *listen, char buffer[MT_LISTEN_URL]);

/* Returns whether text, without brackets, is an address in numbers; *is_loopback says of which
 * kind. */
bool mt_listen_is_address(const char *text, bool *is_loopback);

#endif
