# SPDX-License-Identifier: MIT
# timeout: 400
"""
A program that uses the public library gets the rows, totals, coverage and notes that `memtrack
report --json` and `memtrack diff --json` print: same order, same names, same numbers, in every
grouping, of profiles of every kind.
"""
import itertools
import os
import unittest

from support import case, harness, profiles

ROWS = os.path.join(harness.BUILD, "tests", "analyze", "rows")
COLUMNS = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks", "max_bytes", "waste_bytes"]
TOTALS = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
          "freed_bytes", "freed_blocks", "temporary_blocks", "failed_allocations"]
COVERAGE = ["unknown_frees", "dropped_events", "lossy_blocks", "truncated_stacks"]
GROUPS = ["line", "function", "file", "module", "stack", "thread", "scope", "size", "domain"]
SORTS = ["live", "peak", "total", "blocks", "temporary", "max", "waste", "live-blocks",
         "peak-blocks"]
KINDS = ["plain", "hostile", "sampled", "other", "empty"]


def words(*arguments):
    """Lines of tab-separated words that the program printed."""
    lines = harness.check([ROWS, *arguments], timeout=120).stdout.decode().split("\n")
    return [line.split("\t")[:-1] for line in lines[:-1]]


def encoded(text):
    return text.encode().hex()


def place(row):
    return [encoded(row["key"]), encoded(row["function"]), encoded(row["file"]),
            encoded(row["module"]), str(row["line"])]


def expected_rows(report):
    for row in report["rows"]:
        line = place(row) + [str(row[column]) for column in COLUMNS]
        for frame in row.get("stack", []):
            if frame["function"] != "[truncated]":
                line += [encoded(frame["function"]), encoded(frame["file"]),
                         encoded(frame["module"]), str(frame["line"]), frame["address"]
                         if frame["address"] != "0x0" else "0", str(int(frame["inlined"]))]
        yield line


class Rows(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profiles = {}
        for kind in KINDS:
            cls.profiles[kind] = profiles.make(kind, cls.dir)
        for name in ("tree", "leaks"):
            profile = harness.track([harness.program(name)], cls.dir, name=name).profile
            cls.profiles[name] = profile.path

    def compare_report(self, name, group, sort, *options):
        path = self.profiles.get(name, name)
        report = harness.ask("report", "--by", group, "--sort", sort, *options, path)
        totals, notes, *rows = words(group, sort, "cumulative" if "--cumulative" in options
                                     else "all", path)
        self.assertEqual(rows, list(expected_rows(report)), (name, group, sort))
        self.assertEqual([int(word) for word in totals], [report["totals"][key] for key in TOTALS] +
                         [report["coverage"][key] for key in COVERAGE])
        self.assertEqual(notes, [encoded(note) for note in report["coverage"]["notes"]])
        return rows

    def test_every_grouping_of_every_kind(self):
        n_rows = 0
        for name, (i, group) in itertools.product(self.profiles, enumerate(GROUPS)):
            with self.subTest(profile=name, group=group):
                n_rows += len(self.compare_report(name, group, SORTS[i % len(SORTS)]))
        self.assertGreater(n_rows, 100)

    def test_every_column(self):
        for sort in SORTS:
            self.compare_report("plain", "line", sort)

    def test_cumulative(self):
        for group in GROUPS[:4]:
            self.assertTrue(self.compare_report("tree", group, "total", "--cumulative"))

    def test_differences(self):
        for (old, new), group in itertools.product([("plain", "sampled"), ("tree", "leaks"),
                                                    ("other", "plain"), ("plain", "hostile"),
                                                    ("empty", "plain")], GROUPS):
            with self.subTest(old=old, new=new, group=group):
                self.compare_diff(self.profiles[old], self.profiles[new], group)

    def compare_diff(self, old, new, group):
        diff = harness.ask("diff", "--by", group, "--sort", "live", old, new)
        seen = words(group, "live", "all", old, new)
        states = {"both": "0", "new": "1", "vanished": "2"}
        expected = [place(row) + [states[row["state"]]] +
                    [str(row[side + column]) for side in ("old_", "new_", "diff_")
                     for column in COLUMNS] for row in diff["rows"]]
        self.assertEqual(seen, expected)

    def test_the_composition_at_a_past_moment(self):
        profile = self.profiles["plain"]
        live = set()
        for moment in ("end", "peak", "0.4s", "1.2s"):
            report = harness.ask("report", "--sort", "live", "--at", moment, profile)
            totals, _, *rows = words("line", "live", "all", "%s@%s" % (profile, moment))
            self.assertEqual(rows, list(expected_rows(report)), moment)
            self.assertEqual(int(totals[0]), report["totals"]["live_bytes"])
            live.add(int(totals[0]))
        self.assertGreater(len(live), 2)
        for group in GROUPS:
            self.compare_diff(profile + "@0.4s", profile + "@1.2s", group)

    def test_errors_say_what_and_why(self):
        result = harness.run([ROWS, "line", "live", "all", self.path("none.pb.gz")])
        self.assertEqual(result.code, 3)
        self.assertIn(b"none.pb.gz", result.stderr)


class Cpp(unittest.TestCase):
    def test_filters_of_profiles_and_of_views_agree(self):
        with harness.workdir() as folder:
            profile = harness.track([harness.program("tree")], folder).profile
            report = profile.report("--by", "function")
            function = report["rows"][0]["function"]
            self.assertTrue(function)
            result = harness.check([os.path.join(harness.BUILD, "tests", "analyze", "user"),
                                    profile.path, function])
            expected = sum(row["peak_bytes"] for row in report["rows"] if row["function"] ==
                           function)
            self.assertGreater(expected, 0)
            self.assertEqual(result.stdout.split(), [b"%d" % expected] * 2)


harness.main()
