/* SPDX-License-Identifier: MIT */
/* memtrack attach: recording on in a running process. */
#include "command/command.h"
#include "command/recording.h"

const struct argp mt_attach_argp = {
    .options = mt_recording_options,
    .parser = mt_recording_parse,
    .args_doc = "PID",
    .doc = "Record the allocations of a running process from now on."
           "\vExample: memtrack attach 1234\n\n"
           "The process must have been started with the tracker in it, dormant (memtrack "
           "run --dormant, or MEMTRACK_ACTIVE=0) or not. What it has allocated before stays "
           "unknown, and when it frees that, these are counted as unknown frees. Nothing is "
           "done when recording is on already."
           "\n\nExit status: 0, 2 wrong usage, 3 the process is not tracked or may not be "
           "asked.",
};

int mt_attach_command(int argc, char **argv) {
    return mt_recording_command(argc, argv, &mt_attach_argp, true);
}
