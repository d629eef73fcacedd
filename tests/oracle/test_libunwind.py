# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 25
"""memtrack's call paths are libunwind's, address by address, for every allocation of a program.

A second preload object (support/stacks.c) notes the stack that libunwind finds for each allocation,
in the same process, so that the addresses are the same. The profile is read with a reader of the
test's own. Per path, the number of blocks and bytes must agree. Left out are frames of the tracker
and of the noting object themselves.
"""
import collections
import os

from support import compiler, harness, oracle, pprof, workloads


def noted(path):
    """What libunwind found: a counter of paths, one of their bytes, and the address ranges of the
    tools."""
    blocks, size = collections.Counter(), collections.Counter()
    with open(path, "rb") as file:
        ranges = [int.from_bytes(file.read(8), "little") for _ in range(4)]
        while True:
            head = file.read(16)
            n, requested = int.from_bytes(head[:8], "little"), int.from_bytes(head[8:], "little")
            if n == 0:
                return blocks, size, (ranges[:2], ranges[2:])
            words = file.read(8 * n)
            stack = tuple(int.from_bytes(words[i:i + 8], "little") for i in range(0, 8 * n, 8))
            blocks[stack] += 1
            size[stack] += requested


def strip(stacks, is_own):
    """The same counter without the frames of the tools."""
    result = collections.Counter()
    for stack, n in stacks.items():
        result[tuple(address for address in stack if not is_own(address))] += n
    return result


class Libunwind(oracle.Programs):
    PROGRAMS = {"list": [], "containers": [], "operators": [], "strings": [],
                "stack_throw": ["500"], "stack_longjmp": [], "stack_coroutines": [],
                "stack_tailcalls": [], "stack_frames_O2": [], "stack_frames_omit": [],
                "stack_frames_realign": [], "signals_altstack": [], "threads_churn": ["4", "2000"],
                "threads_destructors": [], "late_statics": []}

    def equal(self, workload):
        compiler.needs_header("libunwind.h")
        noter = compiler.shared_object("stacks.c", flags=["-Wl,--no-as-needed", "-lunwind"])
        with harness.workdir() as directory:
            log = os.path.join(directory, "log")
            # of the stack alone: lines of Python are not on it
            tracked = workload.track(directory, ["--python", "no"],
                                     workload.environment(noter, STACKS_FILE=log))
            self.assertEqual(1, len(tracked.profiles), "%r" % tracked)
            file = pprof.File(tracked.profile.path)
            blocks, size, ranges = noted("%s.%d" % (log, tracked.profile.process["pid"]))
        self.compare(file, blocks, size, lambda address: any(low <= address < high for low,
                                                             high in ranges))

    def compare(self, file, blocks, size, is_own):
        columns = [("alloc_objects", blocks), ("alloc_space", size)]
        if any("libstdc++" in module for module in file.module.values()):
            # operator new(0) is malloc(1): the two stand on different sides of libstdc++
            columns.pop()
        for column, counted in columns:
            mine = collections.Counter()
            for stack, n in file.stacks(column):
                mine[stack] += n
            mine, theirs = strip(mine, is_own), strip(counted, is_own)
            wrong = [(s, mine[s], theirs[s]) for s in set(mine) | set(theirs) if mine[s] !=
                     theirs[s]]
            self.assertEqual([], wrong[:3], "%d of %d paths differ in %s: %s" % (
                len(wrong), len(theirs), column, self.explain(file, wrong)))
        print("%d paths, %d allocations equal" % (len(blocks), sum(blocks.values())))

    def explain(self, file, wrong):
        return "\n".join("memtrack %d libunwind %d: %s" %
                         (m, t, " ".join("%s:%x" % (os.path.basename(file.module.get(a, "?")), a)
                                         for a in stack)) for stack, m, t in wrong[:4])

    def test_compiler(self):
        self.equal(workloads.compiler_proper())


if __name__ == "__main__":
    harness.main()
