/* SPDX-License-Identifier: MIT */
/*
 * MEMTRACK_ONLY: a build starts a thousand programs, and one of them is of interest. The others
 * hand the recorder on to their children, as the environment does that, and decide once, before
 * they make a ledger: after that a call costs them what it costs in a process without one, a load
 * and a branch.
 *
 * Rejected: taking the recorder out of the environment of what does not match (their children would
 * not be recorded either), and asking the launcher (it is gone from a child's point of view).
 */
#include "track/process/only.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "base/glob.h"
#include "base/text.h"
#include "ledger/layout.h"

bool mt_only_wants(const char *patterns, const char *called) {
    static char path[MT_PATH_MAX_BYTES + 1]; /* one thread starts at a time */
    if (!patterns[0])
        return true;
    long n = mt_os_call(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path,
                        (long)sizeof path - 1, 0, 0);
    path[mt_os_failed(n) ? 0 : n] = 0;
    return (path[0] && (mt_glob_matches_any(patterns, path) ||
                        mt_glob_matches_any(patterns, mt_text_name_in(path)))) ||
           (called != NULL && mt_glob_matches_any(patterns, mt_text_name_in(called)));
}
