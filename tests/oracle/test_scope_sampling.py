# SPDX-License-Identifier: MIT
"""When one scope in N is measured (run --scope-sample), counts are exact and sums estimate what
the program knows of itself, nested and recursive. The same scopes are chosen in each run of a
program, so that what holds once holds always."""
import csv
import gzip
import io
import math
import sqlite3
import subprocess

from support import case, compiler, harness

ONE_IN = 10
COLUMNS = ["count", "recursive", "errors", "bytes", "squares", "all_squares", "largest", "own"]
ROW = ["count", "recursive", "errors", "bytes", "own", "unmeasured"]


# Eight scopes that do nothing by themselves, and a sum of their own that is estimated all the same.
NOTHING_OWN = """
#include <memtrack/timers.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    memtrack_scope_row rows[16];
    for (int i = 0; i < 8; i++) {
        char outer[] = {'o', '0' + i, 0}, inner[] = {'i', '0' + i, 0};
        MEMTRACK_SCOPE(outer)
            for (int j = 0; j < 200; j++)
                MEMTRACK_SCOPE(inner) {
                    char *volatile block = malloc(1000);
                    free(block);
                }
    }
    for (int i = memtrack_scopes_read(rows, 16) - 1; i >= 0; i--)
        printf("%s %lld %lld\\n", rows[i].name, (long long)rows[i].own_allocated_bytes,
               (long long)rows[i].own_duration_ns);
    memtrack_scopes_print(2, "self-time", 0);
    return 0;
}
"""
# The same of functions.
NOTHING_OWN_FUNCTIONS = """
#include <stdlib.h>
#define PAIR(n)                                \\
    static void inner##n(void) {               \\
        char *volatile block = malloc(1000);   \\
        free(block);                           \\
    }                                          \\
    static void outer##n(void) {               \\
        for (int i = 0; i < 200; i++)          \\
            inner##n();                        \\
    }
PAIR(0) PAIR(1) PAIR(2) PAIR(3) PAIR(4) PAIR(5) PAIR(6) PAIR(7)
int main(void) {
    outer0(), outer1(), outer2(), outer3(), outer4(), outer5(), outer6(), outer7();
    return 0;
}
"""


class Sampled(case.Case):
    def play(self, seed, *options):
        profile = self.path("p%d.pb.gz" % seed)
        result = harness.record(profile, [harness.program("scope_sampled"), str(seed)],
                                options=list(options), env=harness.plain_environment())
        self.assertEqual(0, result.code, "%r" % result)
        truth, rows = {}, {}
        for line in result.stdout.decode().splitlines():
            words = line.split()
            if words[0] == "row":
                rows[words[1]] = dict(zip(ROW, map(int, words[2:]), strict=True))
            else:
                truth[words[0]] = dict(zip(COLUMNS, map(int, words[1:]), strict=True))
        return truth, rows, {row["name"]: row for row in harness.ask("scopes", profile)["rows"]}

    def near(self, estimate, true, variance, what, one_in=ONE_IN):
        sigma = math.sqrt(variance * (one_in - 1))
        self.assertLessEqual(abs(estimate - true), 4 * sigma,
                             "%s: %d, not %d" % (what, estimate, true))

    def test_estimates(self):
        for seed in (1, 2, 3):
            truth, rows, theirs = self.play(seed, "--scope-sample", str(ONE_IN))
            self.assertEqual(set(truth), set(rows))
            for name, true in truth.items():
                row, their = rows[name], theirs[name]
                for column in ("count", "recursive", "errors"):
                    self.assertEqual(true[column], row[column], name)
                    self.assertEqual(true[column], their[column], name)
                self.assertEqual(row["unmeasured"], their["unmeasured"])
                self.near(true["count"] - row["unmeasured"], true["count"] / ONE_IN,
                          true["count"] / ONE_IN ** 2, name)
                self.near(row["bytes"], true["bytes"], (name != "same") * true["squares"], name)
                self.assertEqual(row["bytes"], their["allocated_bytes"]["sum"])
                figure, n = their["allocated_bytes"], true["count"] - true["recursive"]
                self.near(n * (figure["stddev"] ** 2 + figure["mean"] ** 2), true["all_squares"],
                          true["largest"] ** 2 * true["squares"], name + ", squares")
                # Each scope around others counts those N times, or not at all.
                # "same" allocates the same each time, and its sums are exact.
                variance = {"same": 0, "outer": true["squares"] + ONE_IN * truth["inner"]["squares"],
                            "inner": true["squares"], "self": 3 * ONE_IN * true["squares"]}
                self.near(row["own"], true["own"], variance[name], name + ", itself")
                self.assertEqual(row["own"], their["own_allocated_bytes"])

    def run_both(self, one_in, *command):
        """Runs a program with timers, recorded and not. Yields its output and its table."""
        recorded = harness.record(self.path("both.pb.gz"), command,
                                  options=["--force", "--scope-sample", str(one_in)],
                                  env=harness.plain_environment())
        self.assertEqual(0, recorded.code, "%r" % recorded)
        yield recorded.stdout.decode().splitlines(), recorded.stderr.decode()
        alone = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=harness.plain_environment(MEMTRACK_SCOPE_SAMPLE=str(one_in)),
                               check=True)
        yield alone.stdout.splitlines(), alone.stderr

    def test_the_first_after_a_reset_is_measured(self):
        alone, grouped = (["%s %d %d" % (name, count, count - 1) for count in (1, 2, 3)]
                          for name in ("alone", "grouped"))
        for lines, _ in self.run_both(1000000, harness.program("scope_firsts")):
            self.assertEqual((alone + grouped + (alone + grouped) + (alone + grouped + grouped)) * 4,
                             lines)

    def test_times_are_what_the_measured_scopes_say(self):
        for one_in in (1, 2, 10, 100):
            command = [harness.program("scope_estimates"), str(one_in)]
            for lines, table in self.run_both(one_in, *command):
                rows = [line.split() for line in lines]
                for mine, theirs in zip(sorted(rows[:3]), sorted(rows[3:]), strict=True):
                    self.assertEqual(mine[:4], theirs[:4])
                    for own, their in zip(mine[4:], theirs[4:], strict=True):
                        self.assertLessEqual(abs(int(own) - int(their)), 2, (mine, theirs))
                    count = int(mine[1])
                    self.near(count - int(mine[3]), count / one_in, count / one_in ** 2, mine[0],
                              one_in)
                self.check_titles(table, one_in > 1)

    def test_no_estimate_is_below_nothing(self):
        program = compiler.build(self.path("own"), self.write("own.c", NOTHING_OWN),
                                 compiler.INCLUDE, "-O1")
        (lines, table), (alone, alone_table) = self.run_both(50, program)
        self.assertNotIn("-", table + alone_table)
        self.assertLessEqual(0, min(int(line.split()[2]) for line in alone))
        own = {name: (int(bytes), int(ns)) for name, bytes, ns in map(str.split, lines)}
        rows = {row["name"]: row for row in harness.ask("scopes", self.path("both.pb.gz"))["rows"]}
        self.assertEqual(own, {name: (row["own_allocated_bytes"], row["own_duration_ns"])
                               for name, row in rows.items()})
        table = csv.DictReader(io.StringIO(self.ask("scopes", self.path("both.pb.gz"), "--csv")))
        self.assertEqual(own, {row["name"]: (int(row["own_allocated_bytes"]),
                                             int(row["own_duration_ns"])) for row in table})
        estimates = [200 - 1 - 50 * (199 - rows["i%d" % i]["unmeasured"]) for i in range(8)]
        self.assertLess(min(estimates), 0)
        self.assertLess(0, max(estimates))
        self.assertEqual([max(0, 1000 * blocks) for blocks in estimates],
                         [own["o%d" % i][0] for i in range(8)])

    def test_no_estimate_of_a_call_is_below_nothing(self):
        program = compiler.build(self.path("own"), self.write("own.c", NOTHING_OWN_FUNCTIONS),
                                 "-O1", "-finstrument-functions")
        profile = self.path("calls.pb.gz")
        harness.check([harness.MEMTRACK, "run", "-q", "--scope-sample", "50", "-o", profile, "--",
                       program])
        own = []
        for row in harness.ask("scopes", profile, "--callers")["rows"]:
            if row["name"].startswith("outer"):
                caller, = row["callers"]
                for key in ("own_allocated_bytes", "own_duration_ns"):
                    self.assertEqual(row[key], caller[key], row["name"])
                own.append(row["own_allocated_bytes"])
        self.assertEqual((8, 0), (len(own), min(own)))

    def test_all(self):
        truth, rows, theirs = self.play(1)
        for name, true in truth.items():
            self.assertEqual(0, rows[name]["unmeasured"])
            self.assertEqual((true["bytes"], true["own"]), (rows[name]["bytes"], rows[name]["own"]))
            self.assertNotIn("unmeasured", theirs[name])

    def ask(self, *arguments, code=0):
        result = subprocess.run([harness.MEMTRACK, *map(str, arguments)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, check=False,
                                env=harness.plain_environment())
        self.assertEqual(code, result.returncode, result.stderr)
        return result.stdout

    def record(self, *command, options=()):
        self.profile = self.path("p.pb.gz")
        result = harness.record(self.profile, [harness.program(command[0]), *command[1:]],
                                options=["--force", *options], env=harness.plain_environment())
        self.assertEqual(0, result.code, "%r" % result)
        return result.stderr.decode()

    def titles(self, text):
        return next(line for line in text.splitlines()
                    if line.endswith(("SCOPE", "FUNCTION"))).split("  ")

    def check_titles(self, text, is_estimate):
        titles = {title.strip() for title in self.titles(text)} - {"", "SCOPE", "FUNCTION"}
        marked = {title for title in titles if title.startswith("~")}
        exact = {"COUNT", "ERRORS", "MISUSES", "CALLS", "PEAK", "MAX"}
        self.assertEqual(marked, titles - exact if is_estimate else set(), text)

    def test_what_is_estimated_says_so(self):
        for options in ([], ["--scope-sample", str(ONE_IN)]):
            is_estimate = bool(options)
            self.check_titles(self.record("scope_sampled", "1", options=options), is_estimate)
            self.check_titles(self.ask("scopes", self.profile), is_estimate)
            rows = {row["name"]: row.get("unmeasured", 0)
                    for row in harness.ask("scopes", self.profile)["rows"]}
            self.assertEqual(is_estimate, min(rows.values()) > 0)
            table = csv.DictReader(io.StringIO(self.ask("scopes", self.profile, "--csv")))
            self.assertEqual(rows, {row["name"]: int(row["unmeasured"]) for row in table})
            database = self.path("p%d.sqlite" % is_estimate)
            self.ask("export", self.profile, "--format", "sqlite", "-o", database)
            with sqlite3.connect(database) as connection:
                self.assertEqual(rows, dict(connection.execute(
                    "SELECT name, unmeasured FROM scope")))
            connection.close()
            metrics = self.ask("export", self.profile, "--format", "openmetrics", "-o", "-")
            for name, unmeasured in rows.items():
                line = 'memtrack_scope_unmeasured_total{scope="%s",of="thread"} %d\n' % (
                    name, unmeasured)
                self.assertEqual(is_estimate, line in metrics)
            checked = self.ask("check", self.profile, "--scope", "outer:mean=1ns", code=1)
            self.assertEqual(int(is_estimate), checked.count("; an estimate from "), checked)
            found = harness.ask("check", self.profile, "--scope", "outer:mean=1h,errors=100000")
            measured = 20000 - rows["outer"] if is_estimate else None
            self.assertEqual([measured, None], [budget["measured_scopes"] for budget in
                                                found["files"][0]["budgets"]])

    def test_calls_that_are_estimated_say_so(self):
        for options in ([], ["--scope-sample", str(ONE_IN)]):
            is_estimate = bool(options)
            self.record("call_tree", "1", "2", "20000", "9", options=options)
            self.check_titles(self.ask("scopes", self.profile, "--callers"), is_estimate)
            self.ask("scopes", self.profile, "--callgrind", self.path("c%d" % is_estimate))
            text = self.read("c%d" % is_estimate).decode()
            self.assertEqual(is_estimate, "\ndesc: Estimates: one scope in several" in text)
            pprof = self.path("calls%d.pb.gz" % is_estimate)
            self.ask("scopes", self.profile, "--pprof", pprof)
            with gzip.open(pprof) as stream:
                self.assertEqual(is_estimate, b"estimates: one scope in several" in stream.read())


if __name__ == "__main__":
    harness.main()
