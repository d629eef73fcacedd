# SPDX-License-Identifier: MIT
"""What a program reads of its own scopes (memtrack_scopes_read and its kin) is what it did, by
another's arithmetic (Python's statistics), in eight threads too; and it is what memtrack scopes says
of the same recording.

MEMTRACK_SEED is the first seed of the times that are drawn."""
import collections
import math
import os
import re
import statistics

from support import case, harness

SEED = int(os.environ.get("MEMTRACK_SEED", "0")) or 7
ROUNDS = 40 if os.environ.get("MEMTRACK_SOAK") else 3
PARTS = ["sum", "mean", "stddev", "min", "p50", "p95", "max"]
COLUMNS = ["count", "errors", "misuses", "recursive", "own_bytes", "own_ns", "before", "after"]
VALUES = ["net_bytes", "peak_bytes", "allocated_bytes", "allocated_blocks", "freed_bytes",
          "duration_ns"]


def row_of(line):
    words, error = line.split(" error ", 1)
    words = words.split(" ")
    row = {"group": words[1], "place": words[3], "error": error, "name": words[2]}
    row.update(zip(COLUMNS, map(int, words[4:12]), strict=True))
    for i, value in enumerate(VALUES):
        part = words[12 + i * 8:20 + i * 8]
        assert part[0] == value, line
        row[value] = dict(zip(PARTS, map(float, part[1:]), strict=True))
    return row


class Statistics(case.Case):
    def setUp(self):
        super().setUp()
        self.profile = self.path("p.pb.gz")

    def play(self, *arguments, status=0):
        """Returns (rows by group and name, other lines) of what the program says."""
        result = harness.record(self.profile, [harness.program("scope_statistics"), *arguments],
                                env=harness.plain_environment())
        self.assertEqual(status, result.code, "%r" % result)
        lines = result.stdout.decode().splitlines()
        rows = [row_of(line) for line in lines if line.startswith("row ")]
        return ({(row["group"], row["name"]): row for row in rows},
                [line for line in lines if not line.startswith("row ")])

    def command_rows(self):
        return {("group" if row["group"] else "default", row["name"]): row
                for row in harness.ask("scopes", self.profile)["rows"]}

    def same_as_command(self, rows):
        """The command reads the same ledger, by other code down to the arithmetic."""
        theirs = self.command_rows()
        self.assertEqual(set(theirs), set(rows))
        for key, row in rows.items():
            for value in VALUES:
                for part in PARTS:
                    self.assertAlmostEqual(row[value][part], theirs[key][value][part],
                                           delta=1e-9 * abs(row[value][part]), msg=(key, value, part))
            for column in ("count", "errors", "misuses", "recursive"):
                self.assertEqual(row[column], theirs[key][column], (key, column))
            self.assertEqual((row["own_bytes"], row["own_ns"]),
                             (theirs[key]["own_allocated_bytes"], theirs[key]["own_duration_ns"]))
            place = "%s:%d" % (os.path.basename(theirs[key]["file"]), theirs[key]["line"]) \
                if theirs[key]["file"] else "-:0"
            self.assertEqual(place, row["place"])
            self.assertEqual(theirs[key]["error"] or "-", row["error"])

    def close_to(self, found, exact, relative, what):
        self.assertLessEqual(abs(found - exact), relative * abs(exact), (what, found, exact))

    def test_times_in_eight_threads(self):
        for seed in range(SEED, SEED + ROUNDS):
            with self.subTest(seed=seed):
                rows, lines = self.play("record", str(seed))
                drawn = collections.defaultdict(list)
                for line in lines:
                    _, group, name, ns = line.split()
                    drawn[group, name].append(int(ns))
                self.assertEqual(set(drawn), set(rows))
                self.assertEqual(6, len(rows))
                for key, times in drawn.items():
                    found = rows[key]["duration_ns"]
                    exact = sorted(times)
                    self.assertEqual((rows[key]["count"], found["sum"], found["min"],
                                      found["max"], rows[key]["own_ns"]),
                                     (len(times), sum(times), exact[0], exact[-1], sum(times)))
                    self.close_to(found["mean"], statistics.fmean(times), 1e-12, key)
                    self.close_to(found["stddev"], statistics.pstdev(times), 1e-9, key)
                    for percent in (50, 95):
                        nearest = exact[math.ceil(len(exact) * percent / 100) - 1]
                        self.close_to(found["p%d" % percent], nearest, 0.02, (key, percent))
                self.same_as_command(rows)

    def test_errors_are_no_misuses(self):
        rows, lines = self.play("fail")
        self.assertEqual(["returns -10 -6"], lines)
        known = {name: (row["count"], row["errors"], row["misuses"], row["error"])
                 for (_, name), row in rows.items()}
        self.assertEqual({"fails": (2, 1, 0, "no such file"), "around": (1, 0, 0, "-"),
                          "both": (1, 1, 1, "x" * 255), "moved": (1, 1, 0, "while detached"),
                          "whole": (1, 1, 0, "all of it")}, known)
        self.assertRegex(rows["default", "fails"]["place"], r"^scope_statistics\.c:\d+$")
        self.same_as_command(rows)

    def test_recursion_counts_its_outermost_scope(self):
        rows, _ = self.play("recurse")
        by_name = {name: row for (_, name), row in rows.items()}
        self.assertEqual({"itself": (11, 9), "ping": (5, 4), "pong": (5, 4)},
                         {name: (row["count"], row["recursive"]) for name, row in by_name.items()})
        self.assertEqual({"itself": 1100, "ping": 1000, "pong": 900},
                         {name: row["allocated_bytes"]["sum"] for name, row in by_name.items()})
        self.assertEqual({"itself": 1100, "ping": 500, "pong": 500},
                         {name: row["own_bytes"] for name, row in by_name.items()})
        own = sum(by_name[name]["own_ns"] for name in ("ping", "pong"))
        self.assertEqual(own, by_name["ping"]["duration_ns"]["sum"])
        self.assertGreater(by_name["ping"]["duration_ns"]["sum"],
                           by_name["pong"]["duration_ns"]["sum"])
        # the outermost pong began when one block of ping lived
        self.assertEqual((100, 100), (by_name["pong"]["before"], by_name["pong"]["after"]))
        self.assertEqual((0, 0), (by_name["itself"]["before"], by_name["itself"]["after"]))
        self.same_as_command(rows)

    def test_groups_are_reset_while_others_run(self):
        rows, lines = self.play("reset")
        self.assertEqual(["resets 1 0"], lines)
        work, kept = rows["group", "work"], rows["default", "kept"]
        self.assertEqual((20000, 101.0, 101.0, 0.0),
                         (work["count"], work["allocated_bytes"]["min"],
                          work["allocated_bytes"]["max"], work["allocated_bytes"]["stddev"]))
        self.assertEqual((8 * 20000, 8 * 20000 * 5), (kept["count"], kept["duration_ns"]["sum"]))
        self.same_as_command(rows)

    def test_the_command_says_that_they_were_reset(self):
        rows, lines = self.play("forget")
        self.assertEqual(({}, ["reset 0"]), (rows, lines))
        text = harness.memtrack("scopes", self.profile).stdout.decode()
        self.assertIn("none since the program reset them; --events lists those before", text)
        self.assertIn("forgotten", harness.memtrack("scopes", "--events", self.profile)
                      .stdout.decode())

    def test_a_fork_begins_with_nothing(self):
        _, lines = self.play("fork")
        self.assertEqual(["child 0 -11"], lines)
        result = harness.record(self.profile, [harness.program("scope_statistics"), "fork"],
                                env=harness.plain_environment())
        rows = [row_of(line) for line in result.stdout.decode().splitlines()
                if line.startswith("row ")]
        self.assertEqual([("child", 1), ("before", 1), ("around", 1)],
                         [(row["name"], row["count"]) for row in rows])

    def test_all_is_forgotten(self):
        rows, lines = self.play("clear")
        self.assertEqual(["names 0 0", "delta 700 0 700", "delta 0 0 0", "delta 700 0 700"], lines)
        own = {name: row["own_bytes"] for (_, name), row in rows.items()}
        self.assertEqual({"detached": 0, "outer": 700, "whole": 700}, own)
        self.same_as_command(rows)
        events = harness.ask("scopes", self.profile, "--events")["events"]
        self.assertEqual(["outer", "detached", "whole"], [event["name"] for event in events])

    def test_the_latest_events_that_took_long_or_held_much(self):
        _, lines = self.play("events")
        self.assertEqual(["slow 6 time %d000 1" % s for s in (10, 9, 8, 7)] +
                         ["large 2 block 10000 0", "large 2 block 9000 0", "none 0"], lines)

    @staticmethod
    def cells(lines):
        """The rows of a table, {title: cell} each, with the title of names last."""
        titles, *rows = [re.split(r" {2,}", line.strip()) for line in lines]
        return titles, [dict(zip(titles, row, strict=True)) for row in rows]

    COLUMNS = ["COUNT", "PEAK", "NET", "ALLOCATED", "SELF", "P50", "P95", "MAX", "SCOPE"]
    # the column that rows are sorted by stands in the place of SELF where it is not always there
    SORTED = {"time": "TIME", "self-time": "SELF TIME", "freed": "FREED", "blocks": "BLOCKS",
              "errors": "ERRORS"}

    def test_the_table_is_that_of_the_command(self):
        for order in ("peak", "time", "self-time", "allocated", "freed", "blocks", "errors", "name"):
            with self.subTest(order):
                _, lines = self.play("print", order)
                self.assertEqual(["bad -6", "no scope has ended"], lines[:2])
                cut = lines.index("the first two")
                theirs = self.ask_scopes("--sort", order, "-n", "0")
                titles, rows = self.cells(lines[2:cut])
                added = self.SORTED.get(order)
                wanted_titles = [title for title in self.COLUMNS
                                 if title != "SELF" or added in (None, "ERRORS")]
                self.assertEqual(wanted_titles, [title for title in titles if title != added])
                self.assertEqual(added is not None, added in titles)
                _, wanted = self.cells(theirs)
                self.assertEqual([{title: row[title] for title in titles} for row in wanted], rows)
                self.assertEqual(" ... and %d more scopes" % (len(rows) - 2), lines[-1])
                self.assertEqual(["SCOPE", rows[0]["SCOPE"], rows[1]["SCOPE"]],
                                 [re.split(r" {2,}", line)[-1] for line in lines[cut + 1:-1]])

    def test_the_command_shows_what_it_has_sorted_by(self):
        """In a narrow terminal too, whose columns are few."""
        self.play("print", "name")
        for order, title in (*self.SORTED.items(), ("net", "NET"), ("self", "SELF"), ("cpu", "CPU"),
                             ("misuses", "MISUSES")):
            for columns in ("50", "80"):
                with self.subTest(order, columns=columns):
                    titles = self.ask_scopes("--sort", order, COLUMNS=columns)[0]
                    self.assertIn(title, re.split(r" {2,}", titles.strip()))

    def ask_scopes(self, *arguments, COLUMNS="300"):
        """The lines of the table of the command."""
        theirs = harness.memtrack("scopes", *arguments, "--no-pager", self.profile,
                                  env=harness.plain_environment(COLUMNS=COLUMNS))
        return theirs.stdout.decode().split("\n\n", 1)[1].splitlines()


if __name__ == "__main__":
    harness.main()
