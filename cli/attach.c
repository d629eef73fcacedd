/* SPDX-License-Identifier: MIT */
/* memtrack attach: recording on in a running process. */
#include "command/command.h"
#include "command/recording.h"

const struct argp mt_attach_argp = {
    .options = mt_recording_options,
    .parser = mt_recording_parse,
    .args_doc = "PID",
    .doc = "Record the allocations of a running process from now on.\vExample: memtrack "
           "attach 1234\n\nThe process must have been started with the tracker in it: by "
           "memtrack run, or with MEMTRACK_ACTIVE=0. Blocks that it allocated before stay "
           "unknown; their frees are unknown frees. When recording is on already, nothing "
           "is done.\n\nExit status: 0, 2 wrong usage, 3 the process is not tracked or may "
           "not be asked.",
};

int mt_attach_command(int argc, char **argv) {
    return mt_recording_command(argc, argv, &mt_attach_argp, true);
}
