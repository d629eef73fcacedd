/* SPDX-License-Identifier: MIT */
/* Private to the reading side of lib/ledger: what an open ledger is. */
#ifndef MT_LEDGER_LEDGER_LOCAL_H
#define MT_LEDGER_LEDGER_LOCAL_H

#include "ledger/file.h"
#include "ledger/ledger.h"
#include "ledger/saved.h"

struct mt_ledger {
    struct mt_ledger_file file;
    char *path;
    uint32_t process; /* 0: info.pid */
    struct mt_ledger_info info;
    struct mt_ledger_cut cut;
};

#endif
