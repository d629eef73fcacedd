# SPDX-License-Identifier: MIT
# timeout: 60
# cost: 4
"""What `memtrack export --format csv` and json write adds up to the report in every column, read by
Python's csv and json, and imported by sqlite3."""
import json

from support import exported, harness
from support.output import validate


class Rows(exported.Case):
    KNOWN = ("plain", "hostile", "sampled", "other", "change", "empty", "many")
    REAL = {"tree": ["tree"]}

    def test_columns_add_up(self):
        for path, options, report in self.each():
            rows = harness.rows_of_csv(self.export("csv", path, *options))
            same = json.loads(self.export("json", path, *options))
            # a difference has less than nothing, and validating thousands of rows takes minutes
            if path != self.profiles["change"] and len(report["rows"]) < 200:
                validate(same, "memtrack-report-1")
            self.assertEqual(report["totals"], same["totals"])
            for value in exported.VALUES:
                total = self.passed(report, value)
                self.assertEqual(total, sum(int(row[value]) for row in rows), value)
                self.assertEqual(total, self.passed(same, value), value)

    def test_sqlite_imports_it(self):
        sqlite = harness.tool("sqlite3")
        for name in ("plain", "hostile", "many"):
            path = self.profiles[name]
            with open(self.path("rows.csv"), "wb") as file:
                file.write(self.export("csv", path, "--by", "line"))
            result = harness.check([sqlite, ":memory:", ".import --csv rows.csv rows",
                                    "select count(*), sum(live_blocks) from rows"], cwd=self.dir)
            report = self.report(path, "--by", "line")
            self.assertEqual((b"", "%d|%d" % (len(report["rows"]),
                                              self.passed(report, "live_blocks"))),
                             (result.stderr, result.stdout.decode().strip()))


if __name__ == "__main__":
    harness.main()
