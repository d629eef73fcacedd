/* SPDX-License-Identifier: MIT */
/*
 * How commands end. The output comes first: an error that is printed while a pager still shows the
 * rest would be overwritten by it, and one that nobody can be told beside a full disk is not worth
 * a second message.
 */
#include "command/command.h"

#include "text/pager.h"
#include "text/terminal.h"

int mt_command_exit_status(int rc) {
    return rc == -MEMTRACK_EUSAGE ? MT_EXIT_USAGE : MT_EXIT_UNREADABLE;
}

int mt_command_end(const char *program, int rc, const struct mt_error *error) {
    bool written = mt_pager_finish(program);
    if (!written)
        return MT_EXIT_UNREADABLE;
    if (rc >= 0)
        return rc;
    mt_terminal_print_error(program, error);
    return mt_command_exit_status(rc);
}
