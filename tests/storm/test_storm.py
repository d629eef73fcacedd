# SPDX-License-Identifier: MIT
# timeout: 590
# processors: 2
"""Storms: forks, signals, dlopen, threads, exceptions, all at once with allocations. A hang or a
crash fails, and so does a wrong figure. Short in `make check`; MEMTRACK_SOAK=1 (`make soak`)
multiplies the length.
"""
import os
import unittest

from support import compiler, counting, harness, oracle

SOAK = 12 if os.environ.get("MEMTRACK_SOAK") else 1
LIMIT = 60 * (SOAK if SOAK == 1 else 4)


class Storm(unittest.TestCase):
    def storm(self, command, *options, env=None):
        """Under the watchdog, which is the test: a storm that stands still is a deadlock."""
        with harness.workdir() as directory:
            tracked = harness.track(command, directory, options, env=env, timeout=LIMIT)
            self.assertEqual(0, tracked.code, "%r" % tracked)
            return tracked, [(p.totals, p.coverage) for p in tracked.profiles[:3]]

    def test_forks_with_threads(self):
        with harness.workdir() as directory:
            command = [harness.program("fork_storm"), str(300 * SOAK)]
            result = harness.run(command, env=harness.preloaded(directory), timeout=LIMIT)
            self.assertEqual((0, b"hung 0 broken 0\n"), (result.code, result.stdout), "%r" % result)

    def test_signals(self):
        """A signal every 50 us whose handler allocates wherever it interrupts, in the tracker as
        well.

        The program counts itself. What the tracker could not record because it was interrupted
        itself is in its count of dropped events; without an allocating handler nothing may be
        dropped.
        """
        allocator = compiler.shared_object("bump.c")
        for mode in ("quiet", "allocates"):
            command = [harness.program("signals_rate"), mode, str(1.0 * SOAK), "50"]
            tracked, profiles = self.storm(command, "--allocator", allocator)
            totals, coverage = profiles[0]
            expected, dropped = int(tracked.stdout.split()[1]), coverage["dropped_events"]
            print("%s: %s of %d allocations, %d dropped" %
                  (tracked.stderr.decode().strip(), mode, expected, dropped))
            self.assertLessEqual(expected - dropped, totals["total_blocks"])
            self.assertLessEqual(totals["total_blocks"], expected)
            self.assertTrue(mode == "allocates" or dropped == 0)

    def test_jumps(self):
        """A handler that leaves by siglongjmp, out of the tracker as well: no hang, no blindness, a
        few events lost."""
        allocator = compiler.shared_object("bump.c")
        with harness.workdir() as directory:
            command = [harness.program("signals_jump"), str(1.0 * SOAK), "100"]
            tracked = harness.track(command, directory, ["--allocator", allocator], timeout=LIMIT)
            self.assertEqual(0, tracked.code, "%r" % tracked)
            row = tracked.profile.row("function", "afterwards")
            self.assertEqual((1000, 7777000, 500), (row["total_blocks"], row["total_bytes"],
                                                    row["live_blocks"]))
            jumps, dropped = int(tracked.stderr.split()[0]), tracked.profile.coverage[
                "dropped_events"]
            print("%d jumps, %d events dropped" % (jumps, dropped))
            self.assertLessEqual(dropped, 4 * jumps)

    def test_dlopen(self):
        with harness.workdir() as directory:
            plugins = [compiler.shared_object("plugins/%s.c" % name,
                                              os.path.join(directory, name + ".so"))
                       for name in ("alpha", "beta")]
            tracked, _ = self.storm([harness.program("plugins_storm"), *plugins, str(1500 * SOAK)])
            self.assertEqual(b"done\n", tracked.stdout)

    def test_threads(self):
        """Every allocation of eight threads that hand blocks to one another, against the counting
        preload."""
        for options in ([], ["--exact-peak"]):
            with harness.workdir() as directory:
                counts = os.path.join(directory, "counts")
                env = counting.environment(counts, MALLOC_ARENA_MAX=1)
                command = [harness.program("threads_churn"), "8", str(20000 * SOAK)]
                tracked = harness.track(command, directory, options, env=env, timeout=LIMIT)
                oracle.same(self, "threads_churn", counting.of_target(counts, tracked),
                            tracked.profile.totals, ("total_blocks", "total_bytes", "freed_blocks",
                                                     "freed_bytes", "live_bytes"))
                self.assertEqual(0, tracked.profile.coverage["dropped_events"])

    def test_threads_come_and_go(self):
        """Banks pass from dead threads to new ones: the ledger stays small however many there
        were."""
        tracked, _ = self.storm([harness.program("threads_short"), str(5000 * SOAK)])
        self.assertEqual(b"%d threads\n" % (5000 * SOAK), tracked.stdout)

    def test_ledger_stays_small(self):
        with harness.workdir() as directory:
            few = harness.track([harness.program("threads_short"), "500"], directory,
                                name="few").profile
            many = harness.track([harness.program("threads_short"), str(5000 * SOAK)], directory,
                                 name="many").profile
            growth = many.report()["self"]["ledger_bytes"] - few.report()["self"]["ledger_bytes"]
            live = many.totals["live_blocks"] - few.totals["live_blocks"]
            self.assertLessEqual(growth, 2 << 20 if SOAK == 1 else (2 << 20) + 64 * live)

    def test_exceptions(self):
        tracked, _ = self.storm([harness.program("stack_throw"), str(20000 * SOAK)])
        self.assertEqual(b"%d\n" % (20000 * SOAK), tracked.stdout)

    def test_depth(self):
        """Allocations at the bottom of 100,000 frames: the path is cut at the limit of frames, and
        said to be."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("recursion")], directory)
            self.assertEqual(b"100001 levels\n", tracked.stdout, "%r" % tracked)
            self.assertGreater(tracked.profile.coverage["truncated_stacks"], 0)
            self.assertEqual(20, sum(row["live_blocks"] for row in tracked.profile.rows("function")
                                     if row["function"] == "sink"))


if __name__ == "__main__":
    harness.main()
