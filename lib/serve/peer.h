/* SPDX-License-Identifier: MIT */
/* Whose process is at the other end of a connection within this machine. */
#ifndef MT_SERVE_PEER_H
#define MT_SERVE_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/* Finds the user of the process that has connected to this socket over a loopback address. Returns
 * false when that is not known: it is another machine, the connection is gone, or there is no
 * /proc. */
bool mt_peer_user(int fd, uid_t *user);

/* Returns whether the peer may see what this process sees: it is of the same user, of root, or of
 * the one who became root by sudo. */
bool mt_peer_is_trusted(int fd);

#endif
