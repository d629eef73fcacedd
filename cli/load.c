/* SPDX-License-Identifier: MIT */
/*
 * Ledgers are what memtrack run leaves behind when it was killed, or could write no profile. Commands that read
 * profiles read them as well, so that there is nothing to convert by hand.
 */
#include "load.h"

#include "ledger/reader.h"
#include "profile/from_ledger.h"
#include "profile/pprof.h"

int mt_cli_load(const char *path, struct mt_profile **out, struct mt_error *error) {
    if (!mt_ledger_is_one(path))
        return mt_pprof_read(path, out, error);
    struct mt_ledger *ledger;
    int rc = mt_ledger_open(path, &ledger, error);
    if (rc != 0)
        return rc;
    rc = mt_profile_from_ledger(ledger, out, error);
    mt_ledger_close(ledger);
    return rc;
}
