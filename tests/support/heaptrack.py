# SPDX-License-Identifier: MIT
"""heaptrack and heaptrack_print as an oracle.

heaptrack_print rounds the bytes of its summary to three digits, but the stacks that it writes for
flame graphs carry exact numbers: their sums are compared. Built-in and embedded suppressions are
off: a block is live or it is not.
"""
import glob
import os

from support import harness

COSTS = {"live_bytes": "leaked", "peak_bytes": "peak"}


def record(workload, directory):
    result = workload.run(harness.tool("heaptrack"), "-o", os.path.join(directory, "heaptrack"))
    found = glob.glob(os.path.join(directory, "heaptrack.*"))
    if len(found) != 1:
        raise AssertionError("heaptrack wrote %s\n%r" % (found, result))
    return result, found[0]


def flame_sum(recording, cost, directory):
    out = os.path.join(directory, "stacks")
    harness.check([harness.tool("heaptrack_print"), "--disable-builtin-suppressions",
                   "--disable-embedded-suppressions", "-p0", "-a0", "-T0", "--flamegraph-cost-type",
                   cost, "-F", out, recording])
    with open(out, errors="replace") as file:
        return sum(int(line.rsplit(" ", 1)[1]) for line in file if line.strip())


def figures(recording, directory):
    return {name: flame_sum(recording, cost, directory) for name, cost in COSTS.items()}
