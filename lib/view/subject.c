/* SPDX-License-Identifier: MIT */
/*
 * Ledgers are what memtrack run leaves behind when it was killed, or could write no profile, and
 * what a process writes while it runs. Whatever reads profiles reads them as well, so that there is
 * nothing to convert by hand.
 */
#include "view/subject.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "profile/ledger/live.h"
#include "profile/pprof/pprof.h"

static bool is_number(const char *what) {
    return *what && what[strspn(what, "0123456789")] == '\0' && access(what, F_OK) != 0;
}

bool mt_subject_is_process(const char *what, pid_t *pid) {
    if (!is_number(what) || strlen(what) > 10)
        return false;
    long number = strtol(what, NULL, 10);
    *pid = (pid_t)number;
    return number > 0 && number <= INT_MAX;
}

const char *mt_subject_at(const char *what) {
    return access(what, F_OK) == 0 ? NULL : strrchr(what, '@');
}

static int load_ledger(const char *path, struct mt_profile **out, struct mt_error *error) {
    struct mt_ledger *ledger;
    int rc = mt_ledger_open(path, &ledger, error);
    if (rc != 0)
        return rc;
    rc = mt_ledger_live_convert(ledger, out, error);
    mt_ledger_close(ledger);
    return rc;
}

int mt_subject_load(const char *what, struct mt_profile **out, struct mt_error *error) {
    pid_t pid;
    if (mt_subject_is_process(what, &pid))
        return mt_ledger_live_profile(pid, out, error);
    if (is_number(what))
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "", "%s is not a process", what);
    return mt_ledger_is_one(what) ? load_ledger(what, out, error) : mt_pprof_read(what, out, error);
}
