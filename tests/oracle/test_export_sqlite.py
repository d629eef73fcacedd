# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 10
"""The database that `memtrack export --format sqlite` writes: sound, with views whose rows are those
of the report in each grouping, and a time axis that knows every moment. Each query of docs/sqlite.md
is run, by sqlite3 the program and by Python's."""
import collections
import os
import re
import sqlite3

from support import exported, harness

GROUPS = {"lines": ("line", ("file", "line", "module")), "functions": ("function", ("function", "file")),
          "files": ("file", ("file",)), "modules": ("module", ("module",))}
PLURAL = {"thread": "threads", "scope": "scopes", "domain": "domains"}


def is_plain(text):
    return str(text).isprintable() and "\\x" not in str(text)


class Sqlite(exported.Case):
    KNOWN = ("plain", "hostile", "sampled", "change", "empty", "deep", "many")
    TIMED = exported.TIMED
    REAL = {"tree": ["tree"], "leaks": ["leaks"]}

    def database(self, path, *options):
        """Closed when the test ends."""
        name = self.path("%d.db" % len(os.listdir(self.dir)))
        with open(name, "wb") as file:
            file.write(self.export("sqlite", path, *options))
        connection = sqlite3.connect(name)
        self.addCleanup(connection.close)
        connection.row_factory = sqlite3.Row
        return connection

    def name(self, column, text):
        """Text that is not plain counts as one, and so do functions without a name."""
        if column == "function" and text.startswith("["):
            return ""
        return text if is_plain(text) else "?"

    def sums(self, rows, columns, names):
        """The figures of rows that have the same names."""
        sums = collections.defaultdict(lambda: [0] * len(exported.VALUES))
        for row in rows:
            key = tuple(self.name(column, row[column]) for column in columns)
            for i, name in enumerate(names):
                sums[key][i] += row[name]
        return dict(sums)

    def test_views_are_the_report(self):
        for path, options, _ in self.each(("end", "peak", "filtered")):
            database = self.database(path, *options)
            self.assertEqual("ok", database.execute("PRAGMA integrity_check").fetchone()[0])
            self.assertEqual([], database.execute("PRAGMA foreign_key_check").fetchall())
            for view, (by, columns) in GROUPS.items():
                report = self.report(path, "--by", by, *options)
                self.assertEqual(self.sums(report["rows"], columns, exported.VALUES),
                                 self.sums(database.execute("SELECT * FROM " + view), columns,
                                           exported.VALUES), view)
            for by, view in PLURAL.items():
                report = self.report(path, "--by", by, *options)
                self.assertEqual(
                    sorted([row[value] for value in exported.VALUES] for row in report["rows"]),
                    sorted([row[value] for value in exported.VALUES]
                           for row in database.execute("SELECT * FROM " + view)), view)

    def test_keys_are_those_of_lines(self):
        for name in ("plain", "deep", "many", "tree", "leaks"):
            path = self.profiles[name]
            keys = {row["key"] for row in self.report(path, "--by", "line")["rows"]}
            self.assertEqual(keys, {row["key"] for row in
                                    self.database(path).execute("SELECT key FROM lines")}, name)

    def test_a_branch_is_a_range(self):
        """What is below a function is its row of report --cumulative."""
        query = self.query("How much does everything below a function")
        for name in ("plain", "deep", "tree"):
            path = self.profiles[name]
            database = self.database(path)
            rows = self.report(path, "--by", "function", "--cumulative")["rows"]
            names = collections.Counter(row["function"] for row in rows)
            compared = 0
            for row in rows[:40]:
                if names[row["function"]] > 1 or not row["function"] or "'" in row["function"]:
                    continue
                got = database.execute(query.replace("'main'", "'%s'" % row["function"])).fetchone()
                if got["peak_bytes"] is None:
                    continue  # a wrapper, which is in no path
                self.assertEqual((row["peak_bytes"], row["total_blocks"]), tuple(got),
                                 row["function"])
                compared += 1
            self.assertGreater(compared, 1, name)

    def test_the_time_axis(self):
        query = self.query("Which lines held memory at a moment").replace(" LIMIT 10", "")
        path = self.profiles["timed layers"]
        database = self.database(path)
        duration = int(database.execute("SELECT value FROM info WHERE key = 'duration_ns'")
                       .fetchone()[0])
        for part in (2, 3, 5):
            at = "%.6fms" % (duration // part / 1e6)
            report = self.report(path, "--by", "line", "--at", at)
            self.assertEqual(
                {row["key"]: row["live_bytes"] for row in report["rows"] if row["live_bytes"]},
                {row["key"]: row["live_bytes"] for row in
                 database.execute(query.replace("value / 2", "value / %d" % part))})

    def test_what_the_program_measured(self):
        path = self.profiles["timed measured"]
        database = self.database(path)
        scopes = harness.ask("scopes", path)
        self.assertEqual({row["name"]: (row["count"], row["net_bytes"]["sum"])
                          for row in scopes["rows"]},
                         {row["name"]: (row["count"], row["net_bytes"]) for row in
                          database.execute("SELECT * FROM scope")})
        events = harness.ask("scopes", "--events", path)["events"]
        self.assertEqual(len(events), database.execute("SELECT count(*) FROM scope_event")
                         .fetchone()[0])
        for table in ("tick", "mark", "counter"):
            self.assertGreater(database.execute("SELECT count(*) FROM " + table).fetchone()[0], 0)

    def query(self, question):
        """The query of the document below the question that begins so."""
        with open(os.path.join(harness.SOURCE, "docs", "sqlite.md")) as file:
            return re.search(r"\n%s[^`]*\n\n```sql\n(.*?)```" % re.escape(question), file.read(),
                             re.S)[1]

    def test_every_query_of_the_document_runs(self):
        with open(os.path.join(harness.SOURCE, "docs", "sqlite.md")) as file:
            queries = re.findall(r"```sql\n(.*?)```", file.read(), re.S)
        self.assertEqual(11, len(queries))
        name = self.path("query.db")
        names = ("tree", "timed layers", "timed measured", "plain")
        answered = set()
        for profile in names:
            for file, path in (("old.db", self.profiles["plain"]), ("query.db",
                                                                    self.profiles[profile])):
                with open(self.path(file), "wb") as out:
                    out.write(self.export("sqlite", path))
            for i, query in enumerate(queries):
                result = harness.check([harness.tool("sqlite3"), "-bail", "-csv", "-header", name],
                                       stdin=query.encode(), cwd=self.dir)
                self.assertEqual(b"", result.stderr)
                if result.stdout.count(b"\n") > 1:
                    answered.add(i)
        self.assertEqual(set(range(11)), answered)


if __name__ == "__main__":
    harness.main()
