# SPDX-License-Identifier: MIT
"""memtrack run --for: recording switches itself off, the program goes on, and what was recorded is
in the profile, which says so."""
import json
import os
import re

from support import case, harness


class For(case.Case):
    def record(self, *options, follower=()):
        command = [harness.MEMTRACK, "run", "-o", self.path("runs/"), *options, "--",
                   harness.program("for_a_while"), *follower]
        result = harness.check(command, env=harness.plain_environment(MEMTRACK_DIR=self.dir))
        return result, [harness.Profile(self.path("runs", name))
                        for name in sorted(os.listdir(self.path("runs")))
                        if name.endswith(".pb.gz")]

    def test_what_was_recorded_is_there(self):
        """A program that is executed later inherits the end, and is not recorded at all."""
        result, profiles = self.record("--for", "2s", follower=[harness.program("list")])
        first, second = sorted(profiles, key=lambda p: -p.totals["total_blocks"])
        report = first.report("--by", "function")
        blocks = {row["key"]: row["total_blocks"] for row in report["rows"]}
        before, _, rest = result.stdout.partition(b"\n")
        # An allocation may come between the end and the program's next look.
        self.assertIn(blocks["early"] - int(before.split()[0]), (-1, 0))
        self.assertNotIn("late", blocks)
        self.assertEqual(0, report["totals"]["live_bytes"], "its free is seen")
        self.assertRegex("\n".join(report["coverage"]["notes"]),
                         r"Recorded for [012]\.\d s, as --for says: later allocations are not counted")
        self.assertEqual(harness.check([harness.program("list")]).stdout, rest)
        self.assertEqual(0, second.totals["total_blocks"])
        self.assertIn("The time of --for was over when this process began: nothing was recorded.",
                      second.report()["coverage"]["notes"])

    def test_several_processes(self):
        """Those that begin when it is over are said not to be recorded: nobody knows what they
        allocated. The summary says when it was over, and has a line for each process."""
        late = harness.program("list")
        script = "%s; %s; %s; exit 0" % (harness.program("for_a_while"), late, late)
        result = harness.check([harness.MEMTRACK, "run", "-o", self.path("runs/"), "--for", "2s",
                                "--", "bash", "-c", script],
                               env=harness.plain_environment(MEMTRACK_DIR=self.dir))
        processes = json.loads(self.read("runs/index.json"))["processes"]
        self.assertEqual(["it began when the time of --for was over"] * 2,
                         [p["why"] for p in processes if p["exe"] == late])
        summary = result.stderr.decode()
        self.assertRegex(" ".join(summary.split()),
                         r"Recorded for 2\.00 s, as --for says: later allocations are not counted, "
                         r"nor are the 2 processes that began later\.")
        self.assertEqual(2, len(re.findall(r"(?m)^ +- +- +\d+ +list$", summary)), summary)
        self.assertRegex(summary, r"(?m) for_a_while$")

    def test_dormant(self):
        script = "%s; exit 0" % harness.program("list")
        harness.check([harness.MEMTRACK, "run", "-q", "-o", self.path("runs/"), "--dormant", "--",
                       "bash", "-c", script], env=harness.plain_environment(MEMTRACK_DIR=self.dir))
        processes = json.loads(self.read("runs/index.json"))["processes"]
        self.assertEqual({"its recording was never switched on"},
                         {p["why"] for p in processes if not p["is_main"]})

    def test_wrong_words(self):
        result = harness.run([harness.MEMTRACK, "run", "--for", "60", "--", "true"])
        self.assertEqual(125, result.code)
        self.assertIn("--for 60: needs a unit, such as 60s", result.stderr.decode())


if __name__ == "__main__":
    harness.main()
