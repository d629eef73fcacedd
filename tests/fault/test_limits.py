# SPDX-License-Identifier: MIT
"""Under every resource limit the program does what it does natively under the same limit, and the
record is honest: totals are exact, or the events that could not be recorded are counted and said.
"""
import os
import shutil
import unittest

from support import harness, oracle, workloads


def limited(limit, *command):
    return ["bash", "-c", limit + ' || exit 99; exec "$0" "$@"', *command]


class Limits(unittest.TestCase):
    def honest(self, profile, blocks):
        """What is missing in the totals is counted as dropped."""
        totals, coverage = profile.totals, profile.coverage
        self.assertEqual(blocks, totals["total_blocks"], "%r" % profile)
        for column in ("live_blocks", "total_blocks", "peak_bytes"):
            self.assertEqual(totals[column], sum(row[column] for row in profile.rows("stack")))
        if coverage["dropped_events"] or coverage["lossy_blocks"]:
            self.assertTrue(coverage["notes"], "a loss without a word")

    def test_file_size(self):
        """RLIMIT_FSIZE: growing a file past it is SIGXFSZ by default."""
        for blocks in (0, 1, 100, 1000, 2000):
            with self.subTest(blocks=blocks), harness.workdir() as directory:
                tracked = oracle.as_without(self, limited("ulimit -f %d" % blocks,
                                                          harness.program("ending"), "exit"),
                                            directory)
                self.assertEqual(11, tracked.code)
                mine = [p for p in tracked.profiles if p.process["exe"].endswith("/ending")]
                for profile in mine:
                    self.honest(profile, 100000)

    def test_address_space(self):
        for kib in (16 * 1024, 32 * 1024, 64 * 1024, 256 * 1024):
            with self.subTest(kib=kib), harness.workdir() as directory:
                tracked = oracle.as_without(self, limited("ulimit -v %d" % kib,
                                                          harness.program("tree")), directory)
                self.assertEqual(0, tracked.code)
                mine = [p for p in tracked.profiles if p.process["exe"].endswith("/tree")]
                for profile in mine:
                    self.honest(profile, 3951)

    def test_other_limits(self):
        for limit in ("ulimit -d 65536", "ulimit -s 256", "ulimit -l 64", "ulimit -c 0",
                      "ulimit -n 4", "ulimit -t 20"):
            with self.subTest(limit), harness.workdir() as directory:
                tracked = oracle.as_without(self, limited(limit, harness.program("containers")),
                                            directory)
                self.assertEqual(0, tracked.code)

    def test_program_runs_out_of_memory(self):
        """perl meets its own limit: the same message, the same status."""
        with harness.workdir() as directory:
            script = "my @a; push @a, 'x' x 100000 for 1..10000; print scalar @a"
            tracked = oracle.as_without(self, limited("ulimit -v 262144", "perl", "-e", script),
                                        directory)
            self.assertNotEqual(0, tracked.code)


class Full(unittest.TestCase):
    """The file system that holds the ledgers is small: a tmpfs in a mount namespace of its own."""

    def run_full(self, size, directory, *command):
        """Bare LD_PRELOAD: memtrack run would look for a place with more room."""
        small, out = os.path.join(directory, "small"), os.path.join(directory, "out")
        os.makedirs(small)
        os.makedirs(out)
        script = ('mount -t tmpfs -o size=%s none "$1" || exit 77; small=$1 out=$2; shift 2\n'
                  'LD_PRELOAD=%s MEMTRACK_DIR=$small "$@"; code=$?; cp $small/*.ledger $out; exit '
                  '$code'
                  % (size, harness.LIBRARY))
        result = harness.run(["unshare", "-m", "sh", "-c", script, "sh", small, out, *command])
        if result.code == harness.SKIP:
            self.skipTest("needs the right to mount: %s" % result.stderr.decode().strip())
        return result, [harness.Profile(os.path.join(out, name)) for name in os.listdir(out)]

    def test_tmpfs(self):
        for size in ("64k", "900k", "1200k", "2m", "4m"):
            with self.subTest(size), harness.workdir() as directory:
                result, profiles = self.run_full(size, directory, harness.program("ending"), "exit")
                self.assertEqual((11, b""), (result.code, result.stdout), "%r" % result)
                self.assertTrue(profiles or size == "64k", "no ledger in %s" % size)
                for profile in profiles:
                    totals, coverage = profile.totals, profile.coverage
                    self.assertEqual(100000, totals["total_blocks"], "%r" % profile)
                    self.assertTrue(totals["freed_blocks"] == 25000 or coverage["dropped_events"],
                                    "%r" % profile)

    def test_many_paths_on_a_small_tmpfs(self):
        """cc1 makes tens of thousands of call paths: those that find no room stand in one row, all
        blocks are there."""
        with harness.workdir() as directory:
            workload = workloads.compiler_proper()
            shutil.copy(os.path.join(workload.cwd, "in.c"), directory)
            command = [*workload.command[:-1], os.path.join(directory, "in.c")]
            result, profiles = self.run_full("1m", directory, *command)
            self.assertEqual(0, result.code, "%r" % result)
            self.assertEqual(1, len(profiles))
            totals, coverage = profiles[0].totals, profiles[0].coverage
            self.assertGreater(totals["total_blocks"], 40000)
            self.assertGreater(coverage["lossy_blocks"] + coverage["dropped_events"], 0,
                               "1 MiB was enough")
            self.assertTrue(coverage["notes"])
            rows = profiles[0].rows("function")
            self.assertEqual(totals["total_blocks"], sum(row["total_blocks"] for row in rows))


if __name__ == "__main__":
    harness.main()
