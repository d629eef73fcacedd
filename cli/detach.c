/* SPDX-License-Identifier: MIT */
/* memtrack detach: recording off in a running process. */
#include "command/command.h"
#include "command/recording.h"

const struct argp mt_detach_argp = {
    .options = mt_recording_options,
    .parser = mt_recording_parse,
    .args_doc = "PID",
    .doc = "Stop recording the allocations of a running process.\vExample: memtrack detach "
           "1234\n\nThe figures so far stay and can be read. Frees of recorded blocks are "
           "still seen. memtrack attach switches recording on again. When recording is off "
           "already, nothing is done.\n\nExit status: 0, 2 wrong usage, 3 the process is "
           "not tracked or may not be asked.",
};

int mt_detach_command(int argc, char **argv) {
    return mt_recording_command(argc, argv, &mt_detach_argp, false);
}
