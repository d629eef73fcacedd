/* SPDX-License-Identifier: MIT */
/*
 * Ledgers are what memtrack run leaves behind when it was killed, or could write no profile, and what a process writes
 * while it runs. Commands that read profiles read them as well, so that there is nothing to convert by hand.
 */
#include "load.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/reader.h"
#include "profile/live.h"
#include "profile/pprof.h"

bool mt_cli_is_pid(const char *what, pid_t *pid) {
    size_t length = strlen(what);
    if (length == 0 || length > 10 || strspn(what, "0123456789") != length || access(what, F_OK) == 0)
        return false;
    long number = strtol(what, NULL, 10);
    *pid = (pid_t)number;
    return number > 0 && number <= INT_MAX;
}

static int load_ledger(const char *path, struct mt_profile **out, struct mt_error *error) {
    struct mt_ledger *ledger;
    int rc = mt_ledger_open(path, &ledger, error);
    if (rc != 0)
        return rc;
    rc = mt_profile_from_live_ledger(ledger, out, error);
    mt_ledger_close(ledger);
    return rc;
}

int mt_cli_load(const char *what, struct mt_profile **out, struct mt_error *error) {
    pid_t pid;
    if (mt_cli_is_pid(what, &pid))
        return mt_profile_from_process(pid, out, error);
    return mt_ledger_is_one(what) ? load_ledger(what, out, error) : mt_pprof_read(what, out, error);
}
