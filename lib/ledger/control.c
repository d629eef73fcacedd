/* SPDX-License-Identifier: MIT */
/*
 * Writing to the control page of a process. The very file that is open for reading is opened again,
 * whatever its path names by now, and closed when the word is written: nothing is mapped, and a
 * word is one write.
 */
#include "ledger/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger-local.h"

int mt_ledger_control_open(const struct mt_ledger *ledger, struct mt_error *error) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", ledger->file.fd);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return mt_error_set(error, MEMTRACK_EIO, "Run as the user of the process, or as root.",
                            "process %u: its ledger %s cannot be written: %s",
                            mt_ledger_process(ledger), ledger->path, strerror(errno));
    return fd;
}

int mt_ledger_control_failed(const struct mt_ledger *ledger, struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EIO, "",
                        "process %u: cannot ask it through its ledger %s: %s",
                        mt_ledger_process(ledger), ledger->path, strerror(errno));
}

int mt_ledger_control_switch(struct mt_ledger *ledger, bool on, struct mt_error *error) {
    int fd = mt_ledger_control_open(ledger, error);
    if (fd < 0)
        return fd;
    uint8_t off = !on;
    bool done = mt_ledger_file_pwrite(fd, MT_REQUEST_OFFSET(off), &off, sizeof off);
    int rc = done ? mt_ledger_refresh(ledger, error) : mt_ledger_control_failed(ledger, error);
    close(fd);
    return rc;
}

int mt_ledger_control_store_era(struct mt_ledger *ledger, uint64_t monotonic_ns) {
    if (monotonic_ns < ledger->info.start_monotonic_ns)
        return 0;
    uint32_t now = mt_era_at(monotonic_ns - ledger->info.start_monotonic_ns), era;
    const uint8_t seen = 1;
    const uint16_t news = (uint16_t)now;
    if (pread(ledger->file.fd, &era, sizeof era, MT_HEADER_OFFSET(control.era)) !=
        (ssize_t)sizeof era)
        return -MEMTRACK_EIO;
    if (now <= era)
        return 0;
    int fd = mt_ledger_control_open(ledger, NULL);
    if (fd < 0)
        return fd;
    /* first that it was switched, in the same order as the process does */
    bool done = mt_ledger_file_pwrite(fd, MT_HEADER_OFFSET(era_seen) + (off_t)now, &seen, 1) &&
                mt_ledger_file_pwrite(fd, MT_HEADER_OFFSET(control.era), &now, sizeof now) &&
                mt_ledger_file_pwrite(fd, MT_REQUEST_OFFSET(era), &news, sizeof news);
    close(fd);
    return done ? 0 : -MEMTRACK_EIO;
}
