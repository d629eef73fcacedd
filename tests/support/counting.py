# SPDX-License-Identifier: MIT
"""The counting oracle (count.c) from the outside: run a program with it and read what it
counted."""
import os
import struct

from support import compiler, harness

FIELDS = ("total_blocks", "total_bytes", "freed_blocks", "freed_bytes", "temporary_blocks",
          "failed_allocations", "unknown_frees", "live_bytes", "peak_bytes", "live_blocks",
          "peak_blocks", "usable_bytes", "live_usable_bytes", "threads")


def shim():
    return compiler.shared_object("count.c")


def read(directory):
    """All processes that were counted: {(pid, n): {field: value}}; n counts the images of one
    pid."""
    found = {}
    for name in os.listdir(directory):
        pid, n = name.split(".")
        with open(os.path.join(directory, name), "rb") as file:
            found[int(pid), int(n)] = dict(zip(FIELDS,
                                               struct.unpack_from("<%dQ" % len(FIELDS),
                                                                  file.read())))
    return found


def environment(directory, *allocators, usable=False, **extra):
    """An environment in which programs are counted; allocators are preloaded behind the shim."""
    os.makedirs(directory, exist_ok=True)
    return harness.plain_environment(LD_PRELOAD=":".join([shim(), *allocators]),
                                     COUNT_DIR=directory, COUNT_USABLE=1 if usable else None,
                                     **extra)


def of_target(directory, tracked):
    """What was counted in the program of a tracked run. memtrack and its child before exec are
    counted as well: the last image of the target's pid is meant."""
    images = {n: counted for (pid, n), counted in read(directory).items() if pid ==
              tracked.profile.process["pid"]}
    return images[max(images)]
