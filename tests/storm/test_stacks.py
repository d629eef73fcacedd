# SPDX-License-Identifier: MIT
# cost: 12
"""Stacks that go: what a walk reads is there now, and is what a walk without any memory of earlier
ones reads.

stack_vanish.c unmaps, cuts, moves and protects the stacks of coroutines between two runs, through
libc and past it. A word that the recorder takes from what a stack was is a crash here; natively the
program ends well.
"""
import os
import unittest

from support import compiler, harness

SOAK = os.environ.get("MEMTRACK_SOAK") == "1"
SEEDS = range(1, 41 if SOAK else 3)
ROUNDS = 3000 if SOAK else 500


class Stacks(unittest.TestCase):
    def vanish(self, way, seed, options=None):
        with harness.workdir() as directory:
            command = [harness.program("stack_vanish"), "2", str(ROUNDS), str(seed), way]
            tracked = harness.track(command, directory,
                                    env=dict(harness.plain_environment(), **(options or {})))
            self.assertEqual((0, b"still here\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            totals, coverage = tracked.profile.totals, tracked.profile.coverage
            self.assertGreater(totals["total_blocks"], ROUNDS, totals)
            self.assertEqual(0, coverage["dropped_events"], coverage)
            return totals["total_blocks"], coverage

    def test_vanishing(self):
        for way in ("libc", "raw"):
            for seed in SEEDS:
                with self.subTest(way=way, seed=seed):
                    total, coverage = self.vanish(way, seed)
                    self.assertGreater(coverage["truncated_stacks"], ROUNDS // 10,
                                       "lies in rbp cut paths")
                    self.assertGreater(total - coverage["truncated_stacks"], ROUNDS,
                                       "the others are whole")

    def test_vanishing_whole(self):
        """Without lies every path is followed to its end, and is the one that a walk without memory
        finds."""
        for seed in SEEDS:
            with self.subTest(seed=seed):
                _, coverage = self.vanish("honest", seed, {"MEMTRACK_OPTIONS": "check_unwind=1"})
                self.assertEqual(0, coverage["truncated_stacks"], coverage)
                self.assertIn("against a full unwind: 0 mismatches", " ".join(coverage["notes"]))

    def test_smaller_at_the_same_address(self):
        """stack_shrink.c: a kept stack of 950 frames, and one of fewer where it was, that ends in
        the middle of it."""
        for way in ("libc", "raw"):
            with self.subTest(way), harness.workdir() as directory:
                tracked = harness.track([harness.program("stack_shrink"), "20", way], directory)
                self.assertEqual((0, b"400140\n"), (tracked.code, tracked.stdout), "%r" % tracked)
                self.assertEqual(0, tracked.profile.coverage["truncated_stacks"],
                                 tracked.profile.coverage)
                blocks = {}
                for row in tracked.profile.rows("stack"):
                    frames = [frame["function"] for frame in row["stack"]].count("descend")
                    blocks[frames] = blocks.get(frames, 0) + row["total_blocks"]
                del blocks[0]  # what printf takes
                self.assertEqual({951: 20 * 18, **{n + 1: 20 for n in range(100, 226, 7)}}, blocks)


    def test_garbage(self):
        """A million allocations below hand-written frames without tables, and with anything in
        rbp."""
        with harness.workdir() as directory:
            times = 72000
            tracked = harness.track([harness.program("stack_asm"), str(times)], directory)
            self.assertEqual((0, b"still here\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            self.assertGreater(tracked.profile.totals["total_blocks"], 14 * times)
            self.assertGreater(tracked.profile.coverage["truncated_stacks"], 10 * times)

    def fibers(self, command, done, cut):
        with harness.workdir() as directory:
            native = harness.run(command)
            if native.code != 0:
                self.skipTest("%s: %s" % (command[0],
                                          native.stderr.decode().strip().split("\n")[0]))
            env = harness.plain_environment(MEMTRACK_OPTIONS="check_unwind=1")
            for _ in range(20 if SOAK else 2):  # addresses are others each time
                tracked = harness.track(command, directory, env=env)
                self.assertEqual((0, done), (tracked.code, tracked.stdout), "%r" % tracked)
                coverage = tracked.profile.coverage
                self.assertIn("against a full unwind: 0 mismatches", " ".join(coverage["notes"]))
                self.assertEqual(cut, coverage["truncated_stacks"] > 0, coverage)

    def script(self, *command):
        self.fibers([harness.tool(command[0]), os.path.join(harness.SUPPORT, "fibers", command[1])],
                    b"1000\n", False)

    def test_ruby(self):
        self.script("ruby", "fibers.rb")

    def test_lua(self):
        self.script("lua5.4", "fibers.lua")

    def test_perl(self):
        self.script("perl", "fibers.pl")

    def test_boost(self):
        with harness.workdir() as directory:
            program = compiler.build(os.path.join(directory, "fibers"),
                                     os.path.join(harness.SUPPORT, "fibers", "fibers.cpp"), "-g",
                                     "-O1", compiler="g++", libs=["-lboost_context"],
                                     required=False)
            self.fibers([program], b"1000\n", True)


if __name__ == "__main__":
    harness.main()
