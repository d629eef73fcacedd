/* SPDX-License-Identifier: MIT */
/*
 * What every command that is given a pid does first. A process that cannot be asked for a cut (its
 * ledger is on a file system that has become read-only, another reader is stuck) is read as it is:
 * an approximate answer that says so is worth more than none.
 */
#include "profile/ledger/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/control.h"
#include "ledger/cut.h"
#include "ledger/find.h"
#include "profile/ledger/convert.h"

/* A file that was removed is reached through a link that the kernel makes up. */
static int open_removed(const char *path, struct mt_ledger **out, struct mt_error *error) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        mt_error_set(error, MEMTRACK_EIO, "", "%s: %s", path, strerror(errno));
        return -MEMTRACK_EIO;
    }
    return mt_ledger_open_fd(fd, path, out, error);
}

int mt_ledger_live_open(pid_t pid, struct mt_ledger **out, struct mt_error *error) {
    char *path = NULL;
    bool is_live = false;
    *out = NULL;
    int rc = mt_find_ledger(pid, &path, &is_live, error);
    if (rc != 0)
        return rc;
    bool is_removed = strncmp(path, "/proc/", 6) == 0 && strstr(path, "/map_files/");
    rc = is_removed ? open_removed(path, out, error) : mt_ledger_open(path, out, error);
    if (rc == 0 && is_live)
        mt_ledger_set_process(*out, (uint32_t)pid);
    free(path);
    return rc;
}

int mt_ledger_live_convert(struct mt_ledger *ledger, struct mt_profile **out,
                           struct mt_error *error) {
    return mt_ledger_live_convert_mapped(ledger, out, NULL, error);
}

int mt_ledger_live_convert_mapped(struct mt_ledger *ledger, struct mt_profile **out,
                                  struct mt_ledger_map *map, struct mt_error *error) {
    uint64_t now = mt_clock_now_ns(), begin = mt_ledger_info(ledger)->start_monotonic_ns;
    struct mt_error why = {{0}, {0}};
    int cut = mt_ledger_cut_begin(ledger, &why);
    int rc = mt_ledger_convert_mapped(ledger, out, map, error);
    mt_ledger_cut_end(ledger);
    if (rc == 0 && (*out)->info.running) {
        (*out)->info.duration_ns = now > begin ? now - begin : 0;
        mt_ledger_control_store_era(
            ledger, now); /* whoever asks for a block's age later knows this instant */
    }
    if (rc == 0 && cut != 0 && (*out)->info.running)
        mt_profile_add_note(*out, why.message);
    return rc;
}

int mt_ledger_live_profile(pid_t pid, struct mt_profile **out, struct mt_error *error) {
    struct mt_ledger *ledger;
    int rc = mt_ledger_live_open(pid, &ledger, error);
    if (rc != 0)
        return rc;
    rc = mt_ledger_live_convert(ledger, out, error);
    mt_ledger_close(ledger);
    return rc;
}
