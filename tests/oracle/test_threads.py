# SPDX-License-Identifier: MIT
# timeout: 240
"""A thread is itself: a row of its own, under its own name, whatever ran before it in the same
storage.

threads_in_turn.c says what each of its threads has done. Of many threads the rows are bounded, and
the sums stay exact.
"""
import gzip
import os
import re

from support import case, harness, oracle

SOAK = bool(os.environ.get("MEMTRACK_SOAK"))
MOST_ROWS = 1024 + 8  # of threads that have ended; and main, those that run at once, and the others
COLUMNS = ("live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks")


class Threads(case.Case):
    def track(self, *arguments, options=()):
        tracked = harness.track([harness.program("threads_in_turn"), *arguments], self.dir, options)
        self.assertEqual(tracked.code, 0, tracked)
        own = {}
        for line in tracked.stdout.decode().splitlines():
            name, *numbers = line.split()
            own[name] = dict(zip(("tid", "total_blocks", "total_bytes", "live_bytes"),
                                 map(int, numbers)))
        profile = tracked.profile
        report = profile.report("--by", "thread")
        oracle.adds_up(self, report, COLUMNS)
        self.assertEqual((report["coverage"]["dropped_events"], report["recording"]["approximate"]),
                         (0, False))
        return profile, own, report["rows"]

    def check_own_rows(self, own, rows):
        by_key = {row["key"]: row for row in rows}
        for name, wanted in own.items():
            row = by_key["%d %s" % (wanted["tid"], name)]
            for column in ("total_blocks", "total_bytes", "live_bytes"):
                self.assertEqual(row[column], wanted[column], (name, column))
        return by_key

    def test_has_the_name_that_it_had_at_its_end(self):
        _, own, rows = self.track("names")
        self.assertEqual(len(own), 5)
        self.assertEqual(len(self.check_own_rows(own, rows)), 6)

    def test_is_not_the_one_that_it_follows(self):
        _, own, rows = self.track("handed")
        self.assertEqual([own["hand_%d" % i]["live_bytes"] for i in range(3)], [0, 0, 2400])
        self.check_own_rows(own, rows)

    def test_can_be_chosen(self):
        profile, own, _ = self.track("handed")
        tid = str(own["hand_1"]["tid"])
        for pattern in ("hand_1", tid, tid + " hand_1", "*_1"):
            totals = profile.report("--include", "thread:" + pattern, "--by", "thread")["rows"]
            self.assertEqual([row["total_bytes"] for row in totals], [1600], pattern)
        rows = profile.report("--exclude", "thread:hand_*", "--by", "thread")["rows"]
        self.assertEqual([re.sub(r"\d+ ", "", row["key"]) for row in rows], ["threads_in_turn"])
        rows = profile.report("--include", "thread:hand_0", "--include", "thread:hand_2", "--by",
                              "function")["rows"]
        self.assertEqual([(row["function"], row["total_bytes"]) for row in rows],
                         [("take", 800 + 2400)])
        self.assertEqual(profile.report("--include", "thread:nobody", "--by", "thread")["rows"], [])
        result = harness.memtrack("diff", "--json", "--by", "thread", "--include", "thread:hand_2",
                                  profile.path, profile.path)
        self.assertIn(b"hand_2", result.stdout)
        self.assertNotIn(b"hand_1", result.stdout)

    def test_is_a_label_of_the_file(self):
        profile, own, _ = self.track("handed")
        with gzip.open(profile.path) as file:
            texts = file.read()
        for name, thread in own.items():
            self.assertIn(b"%d %s" % (thread["tid"], name.encode()), texts)

    def check_many(self, n, own, rows):
        self.assertLessEqual(len(rows), MOST_ROWS)
        others = [row for row in rows if row["key"].endswith(" other threads")]
        stands_for = sum(int(row["key"].split()[0]) for row in others)
        self.assertEqual(len(rows) - len(others) + stands_for, n + 1)
        return others

    def by_function(self, profile, own):
        row = profile.row("function", "take")
        for column in ("total_blocks", "total_bytes", "live_bytes"):
            self.assertEqual(row[column], own["all"][column], column)
        return row

    def test_many_are_bounded(self):
        n = 50000 if SOAK else 2500
        profile, own, rows = self.track("many", str(n))
        others = self.check_many(n, own, rows)
        self.assertEqual(len(others), 1)
        self.by_function(profile, own)
        self.assertLess(profile.report()["self"]["ledger_bytes"], 4 << 20)

    def test_many_that_each_leave_something(self):
        n = 20000 if SOAK else 2500
        profile, own, rows = self.track("keep", str(n))
        self.check_many(n, own, rows)
        self.by_function(profile, own)

    def test_pools(self):
        n = 5000 if SOAK else 600
        profile, own, rows = self.track("pools", str(n))
        self.check_many(4 * n, own, rows)
        self.by_function(profile, own)

    def test_the_peak_is_the_sum_of_what_each_held(self):
        n = 700
        profile, own, rows = self.track("peak", str(n), options=["--exact-peak"])
        self.check_many(2 * n, own, rows)
        row = self.by_function(profile, own)
        self.assertEqual((row["peak_bytes"], row["peak_blocks"]), (1000 * n, n))
        holders = [row for row in rows if row["peak_bytes"] >= 1000]
        self.assertGreater(len(holders), 1)


if __name__ == "__main__":
    harness.main()
