# SPDX-License-Identifier: MIT
"""When one scope in N is measured (run --scope-sample), counts are exact and sums estimate what
the program knows of itself, nested and recursive. The same scopes are chosen in each run of a
program, so that what holds once holds always."""
import math

from support import case, harness

ONE_IN = 10
COLUMNS = ["count", "recursive", "errors", "bytes", "squares", "own"]
ROW = ["count", "recursive", "errors", "bytes", "own", "unmeasured"]


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

    def near(self, estimate, true, variance, what):
        sigma = math.sqrt(variance * (ONE_IN - 1))
        self.assertLess(abs(estimate - true), 4 * sigma, "%s: %d, not %d" % (what, estimate, true))

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
                self.near(row["bytes"], true["bytes"], true["squares"], name)
                self.assertEqual(row["bytes"], their["allocated_bytes"]["sum"])
                # Each scope around others counts those N times, or not at all.
                variance = {"outer": true["squares"] + ONE_IN * truth["inner"]["squares"],
                            "inner": true["squares"], "self": 3 * ONE_IN * true["squares"]}
                self.near(row["own"], true["own"], variance[name], name + ", itself")
                self.assertEqual(row["own"], their["own_allocated_bytes"])

    def test_all(self):
        truth, rows, theirs = self.play(1)
        for name, true in truth.items():
            self.assertEqual(0, rows[name]["unmeasured"])
            self.assertEqual((true["bytes"], true["own"]), (rows[name]["bytes"], rows[name]["own"]))
            self.assertNotIn("unmeasured", theirs[name])


if __name__ == "__main__":
    harness.main()
