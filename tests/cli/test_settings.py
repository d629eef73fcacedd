# SPDX-License-Identifier: MIT
"""MEMTRACK_OPTIONS of a program that is preloaded without memtrack run: each option that the manual
lists has its effect, and what is none is named in the report and by memtrack run."""
import os
import re

from support import case, harness

MANUAL = os.path.join(harness.SOURCE, "docs", "man", "memtrack.1")
TABLE = os.path.join(harness.SOURCE, "lib", "base", "settings.c")


def read(path):
    with open(path) as file:
        return file.read()


class Settings(case.Case):
    def ledgers(self, options, *command):
        """Run preloaded; paths of what it left."""
        for path in harness.ledgers(self.dir):
            os.unlink(path)
        env = harness.preloaded(self.dir, MEMTRACK_OPTIONS=options)
        result = harness.run(list(command or [harness.program("tree")]), env=env)
        self.assertEqual((0, b""), (result.code, result.stderr), "%r" % result)
        return harness.ledgers(self.dir)

    def ask(self, command, options, *program):
        path, = self.ledgers(options, *program)
        return harness.ask(*command, path)

    def report(self, options, *program):
        return self.ask(["report", "--by", "stack"], options, *program)

    def test_manual(self):
        known = set(re.findall(r'\[MT_SETTING_\w+\] = "(\w+)"', read(TABLE)))
        self.assertGreaterEqual(len(known), 9)
        self.assertEqual(known, set(re.findall(r"^\.It Va (\w+) Ns =", read(MANUAL), flags=re.M)))

    def test_frames(self):
        for options, cut in (("frames=2", True), ("frames=1K", False)):
            depth = max(sum(not frame["inlined"] and frame["module"] != ""
                            for frame in row["stack"]) for row in self.report(options)["rows"])
            self.assertEqual(cut, depth <= 2, options)

    def test_sample(self):
        recording = self.report("sample=64K")["recording"]
        self.assertEqual(("sampled", 65536), (recording["mode"], recording["sample_bytes"]))

    def test_pid(self):
        self.assertEqual([], self.ledgers("pid=1"))
        self.assertEqual(1, len(self.ledgers("pid=0")))

    def test_usable(self):
        for options, measured in (("usable=1", True), ("usable=0", False)):
            self.assertEqual(measured, any(row["waste_bytes"]
                                           for row in self.report(options)["rows"]), options)

    def test_events(self):
        """The program has thousands of scopes; their sums are whole however many are kept one by
        one."""
        for options, least, most in (("events=100", 50, 100), ("events=100,event_sample=0", 0, 0),
                                     ("events=1M", 101, None)):
            with self.subTest(options):
                command = [harness.program("scope_threads"), "1"]
                n = len(self.ask(["scopes", "--events"], options, *command)["events"])
                self.assertTrue(least <= n and (most is None or n <= most), n)
                self.assertLess(100, sum(row["count"] for row in self.ask(["scopes"], options,
                                                                          *command)["rows"]))

    def test_exact_peak(self):
        for options, exact in (("exact_peak=1", True), ("exact_peak=0", False)):
            path, = self.ledgers(options, harness.program("threads_short"), "20")
            text = harness.memtrack("report", "-v", path).stdout.decode()
            self.assertEqual(exact, "the true peak is within" not in text, options)

    def test_limit(self):
        """Its blocks are refused, or not; beside a sample the option has no effect, and a note says
        so. What it does is in tests/oracle/test_limit.py."""
        program = [harness.program("limited"), "1048576", "steps"]
        env = harness.preloaded(self.dir, MEMTRACK_OPTIONS="limit_peak=1M")
        self.assertEqual(b"16 steps\n1 refused\n", harness.check(program, env=env).stdout)
        env = harness.preloaded(self.dir, MEMTRACK_OPTIONS="limit_abort=1,limit_peak=1M")
        self.assertEqual(134, harness.run(program, env=env).status)
        notes = self.report("limit_peak=1M,sample=1K")["coverage"]["notes"]
        self.assertTrue([note for note in notes if "limit_peak is unknown" in note], notes)

    def test_until(self):
        for options, recorded in (("until=1", False), ("until=%d" % 2**62, True), ("until=0", True)):
            self.assertEqual(recorded, self.report(options)["totals"]["total_blocks"] > 0, options)

    def test_check_unwind(self):
        notes = self.report("check_unwind=1")["coverage"]["notes"]
        self.assertEqual(1, len([note for note in notes if "full unwind: 0 mismatches" in note]),
                         notes)

    def test_allocator_stats(self):
        for options, asked in (("allocator_stats=0", False), ("allocator_stats=1", True)):
            path, = self.ledgers(options)
            self.assertEqual(asked, "uordblks" in harness.memtrack("report", "-v",
                                                                   path).stdout.decode(), options)

    def test_what_is_not_understood(self):
        notes = self.report("evnts=5,frames=x,frames=3,\x1b[31m\xff")["coverage"]["notes"]
        named = [note for note in notes
                 if note.startswith("MEMTRACK_OPTIONS: evnts=5,frames=x,?[31m?")]
        self.assertEqual(1, len(named), notes)
        notes = self.report(",".join("word%d" % i for i in range(1000)))["coverage"]["notes"]
        self.assertEqual(1, len([note for note in notes
                                 if note.startswith("MEMTRACK_OPTIONS: word0,word1,")]), notes)
        for options in (None, "", ",", "frames=3"):
            self.assertEqual([], [n for n in self.report(options)["coverage"]["notes"]
                                  if "MEMTRACK_OPTIONS" in n], options)

    def test_run_says_so_at_once(self):
        env = harness.plain_environment(MEMTRACK_OPTIONS="usable=1,evnts=5")
        tracked = harness.track([harness.program("tree")], self.dir, env=env)
        self.assertEqual(0, tracked.code, "%r" % tracked)
        self.assertIn('MEMTRACK_OPTIONS: unknown word "evnts=5"', tracked.stderr.decode())
        self.assertEqual(1, tracked.stderr.decode().count("unknown word"))
        self.assertIn("evnts=5", "".join(tracked.profile.coverage["notes"]))


if __name__ == "__main__":
    harness.main()
