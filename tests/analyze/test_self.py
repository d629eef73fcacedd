# SPDX-License-Identifier: MIT
# timeout: 300
# processors: 2
"""
A tracked program that looks at itself: what the library allocates is in no profile, neither in
those that it takes nor in the one of the whole run, which is that of the same program without
looking. And other processes, by their id.
"""
import os
import unittest

from support import harness, live

SELF = os.path.join(harness.BUILD, "tests", "analyze", "self")
ROWS = os.path.join(harness.BUILD, "tests", "analyze", "rows")


class Self(unittest.TestCase):
    def run_mode(self, mode, folder):
        tracked = harness.track([SELF, mode], folder, name=mode, timeout=120)
        self.assertEqual((tracked.code, tracked.stdout), (0, b""), tracked)
        return tracked.profile

    def test_looking_leaves_no_trace(self):
        with harness.workdir() as folder:
            blind, looking = self.run_mode("none", folder), self.run_mode("look", folder)
            self.assertGreaterEqual(blind.totals["live_blocks"], 5000)
            self.assertEqual(looking.totals, blind.totals)
            self.assertEqual(looking.coverage["unknown_frees"], 0)
            for profile in (blind, looking):
                self.assertEqual(profile.row("function", "step")["live_bytes"], 5 * 1000 * 100)

    def test_looking_for_names(self):
        """Nothing of the library stays, nor of what it uses: no client of the network is loaded,
        whose exit handlers would free what nobody saw allocated."""
        with harness.workdir() as folder:
            blind, looking = self.run_mode("none", folder), self.run_mode("names", folder)
            self.assertEqual(looking.totals, blind.totals)
            self.assertEqual(looking.coverage["unknown_frees"], 0)

    def test_rows_add_up_while_others_allocate(self):
        with harness.workdir() as folder:
            self.run_mode("storm", folder)


class Process(unittest.TestCase):
    def test_a_stopped_process_by_its_id(self):
        with live.process(["sh", "-c", "echo ready; kill -STOP $$"]) as running:
            running.wait_for("ready")
            running.wait_for_state("T")
            report = running.report()
            result = harness.check([ROWS, "line", "peak", "all", str(running.pid)],
                                   env=running.environment_of_reader())
            totals, _, *rows = [line.split("\t") for line in result.stdout.decode().splitlines()]
            self.assertEqual(int(totals[0]), report["totals"]["live_bytes"])
            self.assertEqual([bytes.fromhex(row[0]).decode() for row in rows],
                             [row["key"] for row in report["rows"]])
            self.assertTrue(rows)

    def test_a_process_that_is_not_tracked(self):
        result = harness.run([ROWS, "line", "peak", "all", str(os.getpid())])
        self.assertEqual(result.code, 3)
        self.assertIn(b"not tracked", result.stderr)


harness.main()
