# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 15
"""memtrack and heaptrack agree on calls, temporary allocations, what is live at the end and the
peak.

What heaptrack 1.4 does differently, and what the comparison therefore allows for:
- its preload object needs libstdc++. In a C program this adds the emergency pool, one block that
  is live to the end until heaptrack frees it; in a C++ program heaptrack frees the program's
  own;
- it does not see memalign and pvalloc, so the program aligned is left out;
- it does not hook operator new, so it sees what libstdc++ makes of a request: 1 byte for none,
  aligned sizes rounded up (the program operators is left out);
- realloc(p, 0) frees in glibc, but heaptrack takes the result NULL for a failure: 1000 false
  leaks in zero_realloc;
- heaptrack_print counts as temporary a free that follows an allocation of the same size and
  stack, even of another block. Its recorder's own summary compares addresses, as memtrack does:
  that is compared."""
import re

from support import harness, heaptrack, oracle, workloads

POOL = 72704  # libstdc++'s emergency pool: EMERGENCY_OBJ_SIZE * EMERGENCY_OBJ_COUNT and headers


def stats(result):
    text = result.stderr.decode(errors="replace") + result.stdout.decode(errors="replace")
    found = re.search(
        r"allocations:\s+(\d+)\s+leaked allocations:\s+(\d+)\s+temporary allocations:\s+(\d+)",
        text)
    return {"total_blocks": int(found[1]), "live_blocks": int(found[2]),
            "temporary_blocks": int(found[3])}


def uses_libstdcxx(workload):
    return b"libstdc++" in harness.run(["ldd", harness.tool(workload.command[0])]).stdout


def as_heaptrack_sees_it(workload, totals):
    """memtrack's figures with heaptrack's differences applied."""
    seen = dict(totals)
    if uses_libstdcxx(workload):
        seen["live_blocks"] -= 1
        seen["live_bytes"] -= POOL
    else:
        seen["total_blocks"] += 1
        seen["peak_bytes"] += POOL
    if workload.name == "zero_realloc":  # each false leak also stays in its peak
        lost = sum(range(1, 1001))
        seen["live_blocks"] += 1000
        seen["temporary_blocks"] -= 1000
        seen["live_bytes"] += lost
        seen["peak_bytes"] = seen["live_bytes"] + POOL
    return seen


class Heaptrack(oracle.Oracle):
    PROGRAMS = [name for name in workloads.COMMON if name not in ("aligned", "operators")]
    FIELDS = ("total_blocks", "temporary_blocks", "live_blocks", "live_bytes", "peak_bytes")

    def observe(self, workload, directory):
        # whose output has heaptrack's own in it
        native, recording = heaptrack.record(workload, directory)
        return {**stats(native), **heaptrack.figures(recording,
                                                     directory)}, workload.track(directory)

    def actual(self, workload, profile):
        return as_heaptrack_sees_it(workload, profile.totals)


if __name__ == "__main__":
    harness.main()
