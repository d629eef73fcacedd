/* SPDX-License-Identifier: MIT */
/*
 * A port belongs to nobody: every user of a machine can connect to it, and a ledger is its owner's
 * alone. The kernel knows whose socket is at the other end, and says so in /proc/net/tcp, where the
 * client's end of the connection is a line:
 *
 *   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid …
 *    0: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000 …
 *
 * Addresses are words in the order of the machine. A program that uses IPv6 sockets for everything
 * is in tcp6, also when it has connected to 127.0.0.1. The file is read once for each connection.
 *
 * A socket that was closed has no owner any more and is shown as root's; nobody reads the answer
 * then, but a request may have come over it. So root is believed only as long as the connection is
 * established.
 *
 * Rejected: a token in the address, which no pprof or scraper has; SO_PEERCRED, which TCP has not.
 */
#include "serve/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ADDRESS_TEXT = 40, ESTABLISHED = 1 };

struct ends {
    struct sockaddr_storage theirs, ours;
};

static bool find_ends(int fd, struct ends *ends) {
    socklen_t theirs = sizeof ends->theirs, ours = sizeof ends->ours;
    return getpeername(fd, (struct sockaddr *)&ends->theirs, &theirs) == 0 &&
           getsockname(fd, (struct sockaddr *)&ends->ours, &ours) == 0;
}

/* Writes an address as tcp, or as tcp6, has it. Returns false when it has no such form. */
static bool spell(const struct sockaddr_storage *address, bool in_six, char out[ADDRESS_TEXT]) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    uint32_t words[4] = {0, 0, htonl(0xffff), 0};
    memcpy(&v4, address, sizeof v4);
    memcpy(&v6, address, sizeof v6);
    uint16_t port = ntohs(v4.sin_port); /* both families have it at the same place */
    if (address->ss_family == AF_INET6)
        memcpy(words, &v6.sin6_addr, sizeof words);
    else
        words[3] = v4.sin_addr.s_addr;
    if (in_six)
        snprintf(out, ADDRESS_TEXT, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2], words[3],
                 port);
    else
        snprintf(out, ADDRESS_TEXT, "%08X:%04X", words[3], port);
    return in_six || address->ss_family == AF_INET;
}

static bool read_line(const char *line, const char *local, const char *remote, unsigned *state,
                      uid_t *user) {
    char here[ADDRESS_TEXT], there[ADDRESS_TEXT];
    return sscanf(line, " %*d: %39s %39s %x %*s %*s %*x %u", here, there, state, user) == 4 &&
           strcmp(here, local) == 0 && strcmp(there, remote) == 0;
}

static bool search(const struct ends *ends, bool in_six, unsigned *state, uid_t *user) {
    char local[ADDRESS_TEXT], remote[ADDRESS_TEXT], *line = NULL;
    size_t capacity = 0;
    bool found = false;
    if (!spell(&ends->theirs, in_six, local) || !spell(&ends->ours, in_six, remote))
        return false;
    FILE *table = fopen(in_six ? "/proc/net/tcp6" : "/proc/net/tcp", "re");
    while (table && !found && getline(&line, &capacity, table) > 0)
        found = read_line(line, local, remote, state, user);
    free(line);
    if (table)
        fclose(table);
    return found;
}

static bool find_user(int fd, unsigned *state, uid_t *user) {
    struct ends ends = {0};
    *state = 0;
    *user = (uid_t)-1;
    return find_ends(fd, &ends) &&
           (search(&ends, false, state, user) || search(&ends, true, state, user));
}

bool mt_peer_user(int fd, uid_t *user) {
    unsigned state;
    return find_user(fd, &state, user) && (*user != 0 || state == ESTABLISHED);
}

static bool is_user_of_sudo(uid_t user) {
    const char *sudo = geteuid() == 0 ? getenv("SUDO_UID") : NULL;
    return sudo && *sudo && strspn(sudo, "0123456789") == strlen(sudo) &&
           strtoul(sudo, NULL, 10) == user;
}

bool mt_peer_is_trusted(int fd) {
    uid_t user;
    return mt_peer_user(fd, &user) && (user == geteuid() || user == 0 || is_user_of_sudo(user));
}
