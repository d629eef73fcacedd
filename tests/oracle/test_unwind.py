# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 27
"""The incremental walk gives the same call path as a full unwind, at every single allocation.

With check_unwind=1 the tracker does both and counts the differences. Programs that do everything
that an incremental walk could trip over: exceptions, longjmp, coroutines on reused stacks, signals
on alternate stacks, tail calls, frames of all shapes, garbage in rbp, code without tables.
"""
import collections
import os
import re

from support import compiler, harness, oracle, workloads

# Without tables or with lies in rbp, paths end early; where only the tables are missing, some are
# whole all the same.
CUT = {"stack_asm", "stack_frames_blind", "recursion"}


def mismatches(profile):
    for note in profile.coverage["notes"]:
        found = re.search(r"against a full unwind: (\d+) mismatch", note)
        if found:
            return int(found[1])
    raise AssertionError("the check did not run: %s" % profile.coverage)


class Unwind(oracle.Programs):
    PROGRAMS = {"stack_throw": ["5000"], "stack_longjmp": [], "stack_coroutines": [],
                "stack_tailcalls": [], "stack_asm": [], "stack_frames_O0": [],
                "stack_frames_O2": [], "stack_frames_omit": [], "stack_frames_keep": [],
                "stack_frames_realign": [], "stack_frames_notables": [], "stack_frames_blind": [],
                "signals_altstack": [], "recursion": ["3000"], "threads_churn": ["4", "3000"],
                "threads_destructors": [], "threads_tiny": [], "threads_cancel": [],
                "fork_both": [], "vfork_exec": [], "containers": [], "operators": ["throwing"],
                "late_statics": [], "early": [],}

    def check(self, workload, options=()):
        with harness.workdir() as directory:
            env = workload.environment(MEMTRACK_OPTIONS="check_unwind=1")
            tracked = workload.track(directory, options, env)
            self.assertTrue(tracked.profiles, "%r" % tracked)
            for profile in tracked.profiles:
                self.assertEqual(0, mismatches(profile), "%r" % profile)
            return tracked

    def equal(self, workload):
        tracked = self.check(workload)
        name = os.path.basename(workload.command[0])
        if name in self.PROGRAMS:
            self.assertEqual(0, tracked.code, "%r" % tracked)
            cut, total = tracked.profile.coverage["truncated_stacks"], tracked.profile.totals[
                "total_blocks"]
            self.assertEqual(cut > 0, name in CUT, "%d paths of %d are cut" % (cut, total))

    def test_without_tables(self):
        """Frame pointers and epilogues lead to the same paths as unwind tables do."""
        paths = []
        for name in ("stack_frames_keep", "stack_frames_notables"):
            with harness.workdir() as directory:
                profile = harness.track([harness.program(name)], directory).profile
                found = collections.Counter()
                for row in profile.rows("stack"):
                    path = tuple(frame["function"].partition(".")[0] for frame in row["stack"]
                                 if not frame["inlined"])
                    found[path] += row["total_blocks"]
                paths.append(found)
        self.assertGreater(len(paths[0]), 100)
        self.assertEqual(paths[0], paths[1])

    def test_rare_instructions(self):
        """stack_cfi.c: frames that tell by their names what they have in their tables; beyond each
        lies main."""
        with harness.workdir() as directory:
            profile = harness.track([harness.program("stack_cfi")], directory).profile
            rows = profile.rows("stack", "--keep-wrappers")
            self.assertEqual(1, profile.coverage["truncated_stacks"])
        paths = [[frame["function"] for frame in row["stack"]] for row in rows]
        paths = [path for path in paths if path[0] == "allocate"]
        names = {path[1]: path[2] if len(path) > 2 else None for path in paths}
        self.assertEqual(None, names.pop("outermost"))
        self.assertEqual("[truncated]", names.pop("rbp_by_value"))
        self.assertEqual("call_twice", names.pop("remembered_twice"))
        self.assertEqual({"main"}, set(names.values()), names)
        self.assertEqual(16, len(names), names)
        self.assertEqual(20, len(paths), paths)  # remembered_twice calls from two places

    def test_frames_over_each_other(self):
        """stack_alloca.c: the same function at the same place, and not called by the same."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("stack_alloca")], directory)
            rows = tracked.profile.rows("stack")
        blocks = {tuple(frame["function"] for frame in row["stack"][:-3]): row["total_blocks"]
                  for row in rows}
        ways = [way for way in blocks if "grow" in way]
        self.assertEqual({("leaf", "grow", "directly", "main"): 200,
                          ("leaf", "grow", "by_way_of_a_pad", "main"): 200,
                          ("grow", "directly", "main"): 200,
                          ("grow", "by_way_of_a_pad", "main"): 200},
                         {way: blocks[way] for way in ways})
        self.assertEqual({("leaf", "realigned", "shallow", "realign", "main"): 200,
                          ("leaf", "realigned", "deeper", "realign", "main"): 200},
                         {way: blocks[way] for way in blocks if "realigned" in way})

    def test_signals(self):
        """A handler that allocates wherever it interrupts, on an allocator that allows it."""
        allocator = compiler.shared_object("bump.c")
        for mode in ("quiet", "allocates"):
            with self.subTest(mode):
                self.check(workloads.program("signals_rate", mode, "0.5"),
                           ["--allocator", allocator])

    def test_compiler_driver_and_javascript(self):
        commands = [[
            "g++", "-O1", "-S", "-o", "/dev/null",
            os.path.join(compiler.PROGRAMS, "containers.cpp")],
                    [
                        "node", "-e", "let s=0; for (let i=0;i<3e5;i++) "
                        "s+=JSON.stringify({i}).length; console.log(s)"],
                    [
                        "clang", "-O1", "-S", "-o", "/dev/null",
                        os.path.join(workloads.fixtures(20), "in.c")]]
        for command in commands:
            with self.subTest(command[0]):
                harness.tool(command[0])
                self.check(workloads.Workload(command[0], command))

    def test_compiler(self):
        self.check(workloads.compiler_proper())


if __name__ == "__main__":
    harness.main()
