# SPDX-License-Identifier: MIT
# timeout: 150
# cost: 10
"""`memtrack export --diff OLD NEW`: in every format that has a place for it, the figures are those of
`memtrack diff --json`, and lines that have moved between two builds are the same. Go's pprof reads
the profile as it reads its own differences, SQLite the database, and xmllint the picture."""
import json
import os
import re
import sqlite3
import xml.etree.ElementTree as ElementTree

from support import builds, exported, go, harness

SVG = "{http://www.w3.org/2000/svg}"
REFUSED = ("dhat", "massif", "callgrind", "heap", "firefox", "chrome", "openmetrics", "memprof")
COLUMNS = {"live": "live_bytes", "total": "total_bytes", "peak": "peak_bytes",
           "blocks": "total_blocks"}


class Case(exported.Case):
    """PAIRS: two builds of a program, and two moments of a recording."""

    KNOWN = ("plain", "many", "hostile")
    TIMED = ("layers",)
    REAL = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        _, cls.built = builds.make(cls.dir, 7)
        layers = cls.profiles["timed layers"]
        cls.pairs = {"builds": cls.built, "moments": (layers + "@2s", layers),
                     "others": (cls.profiles["plain"], cls.profiles["many"])}

    def compare(self, format, pair, *options):
        return harness.memtrack("export", "--diff", "--quiet", "--format", format, *options, *pair,
                                cwd=self.dir).stdout

    def diff(self, pair, *options):
        return harness.ask("diff", *options, *pair, cwd=self.dir)

    def views(self):
        """(pair, options, what diff says of each column; zeros where it cannot compare)."""
        for pair in self.pairs.values():
            for options in ([], ["--exclude", "*f1*"], ["--keep-wrappers"]):
                diff = self.diff(pair, "--by", "stack", *options)
                sums = {column: (0, 0, 0) for column in exported.VALUES}
                for column in diff["columns"]:
                    sums[column] = tuple(sum(row[when + column] for row in diff["rows"])
                                         for when in ("old_", "new_", "diff_"))
                yield pair, options, sums


class Rows(Case):
    def test_formats_of_rows_are_those_of_diff(self):
        for pair in self.pairs.values():
            self.assertEqual(self.diff(pair, "--by", "stack"),
                             json.loads(self.compare("json", pair)))
            self.assertEqual(self.diff(pair, "--by", "line"),
                             json.loads(self.compare("json", pair, "--by", "line")))
            self.assertEqual(
                harness.memtrack("diff", "--csv", "--by", "stack", *pair, cwd=self.dir).stdout,
                self.compare("csv", pair))
            self.assertEqual(
                harness.memtrack("diff", "--markdown", "-n", "10", *pair, cwd=self.dir).stdout,
                self.compare("markdown", pair))

    def test_the_page_is_that_of_diff(self):
        page = harness.memtrack("diff", "--html", "-", *self.built, cwd=self.dir).stdout
        self.assertEqual(page, self.compare("html", self.built))


class Paths(Case):
    def test_collapsed_has_what_was_and_what_is(self):
        for pair, options, sums in self.views():
            for sort in COLUMNS:
                if not any(sums[COLUMNS[sort]]):
                    continue
                text = self.compare("collapsed", pair, "--sort", sort, *options).decode()
                lines = [line.rsplit(" ", 2) for line in text.splitlines()]
                self.assertEqual(sums[COLUMNS[sort]][:2],
                                 tuple(sum(int(line[i]) for line in lines) for i in (1, 2)))

    def test_speedscope_has_gains_and_losses(self):
        for pair, options, sums in self.views():
            document = json.loads(self.compare("speedscope", pair, *options))
            ends = {profile["name"]: profile["endValue"] for profile in document["profiles"]}
            for name in ("live", "total", "peak"):
                if name + " bytes" in ends:
                    self.assertEqual(sums[name + "_bytes"][2], ends[name + " bytes"] -
                                     ends.get(name + " bytes, less", 0))
            self.assertIn("live bytes", ends)

    def test_lines_that_have_moved_are_one(self):
        """What is in the file gains and loses no more than the rows of the difference do."""
        diff = self.diff(self.built, "--by", "stack")
        lost = sum(-row["diff_live_bytes"] for row in diff["rows"] if row["diff_live_bytes"] < 0)
        self.assertTrue(lost)
        document = json.loads(self.compare("speedscope", self.built))
        ends = {profile["name"]: profile["endValue"] for profile in document["profiles"]}
        self.assertEqual(lost, ends["live bytes, less"])

    def test_sqlite(self):
        for pair, options, sums in self.views():
            path = self.path("d.db")
            with open(path, "wb") as file:
                file.write(self.compare("sqlite", pair, *options))
            database = sqlite3.connect(path)
            for column in ("live_bytes", "total_bytes", "total_blocks"):
                if any(sums[column]):
                    found = database.execute("select sum(%s) from sample" % column).fetchone()[0]
                    self.assertEqual(sums[column][2], found)
            database.close()
            os.remove(path)

    def test_the_flame_graph(self):
        for pair, options, sums in self.views():
            for sort in ("live", "total"):
                if not any(sums[COLUMNS[sort]]):
                    continue
                svg = self.compare("svg", pair, "--sort", sort, *options)
                root = next(group for group in ElementTree.fromstring(svg).iter(SVG + "g")
                            if group.find(SVG + "title") is not None)
                figure = re.search(r"\((-?[0-9,]+) bytes\)", root.find(SVG + "title").text)[1]
                self.assertEqual(sums[COLUMNS[sort]][2], int(figure.replace(",", "")))
        svg = self.compare("svg", self.built).decode()
        self.assertIn(">grew<", svg)
        self.assertIn(">shrank<", svg)
        harness.check([harness.tool("xmllint"), "--noout", "-"], stdin=svg.encode())


class Pprof(Case):
    def write(self, pair, *options):
        path = self.path("d.pb.gz")
        with open(path, "wb") as file:
            file.write(self.compare("pprof", pair, *options))
        return path

    def test_memtrack_reads_it(self):
        for pair, options, sums in self.views():
            report = self.report(self.write(pair, *options))
            for column in ("live_bytes", "live_blocks", "total_bytes", "total_blocks"):
                if any(sums[column]):
                    self.assertEqual(sums[column][2], self.passed(report, column))

    def test_it_can_be_exported_again(self):
        path = self.write(self.built)
        again = harness.memtrack("export", "-q", "--format", "collapsed", "--keep-wrappers",
                                 "--sort", "live", path, cwd=self.dir).stdout
        self.assertEqual(sorted(self.compare("collapsed", self.built).splitlines()),
                         sorted(again.splitlines()))

    def test_go_reads_it_as_a_difference(self):
        for pair, options, sums in self.views():
            if not sums["live_bytes"][0]:
                continue
            said = go.pprof("-top", "-nodefraction=0", "-unit=B", "-sample_index=inuse_space",
                            self.write(pair, *options))
            old, _, change = sums["live_bytes"]
            total = re.search(r"accounting for (-?[0-9.]+)B?, .* of ([0-9.]+)B? total", said)
            self.assertEqual((change, old), (int(total[1]), int(total[2])), said)


class Mistakes(Case):
    def problem(self, *arguments, contains):
        result = harness.memtrack("export", "--diff", *arguments, cwd=self.dir, status=2)
        self.assertEqual(b"", result.stdout)
        self.assertIn(contains, result.stderr.decode())

    def test_messages(self):
        for format in REFUSED:
            self.problem("--format", format, *self.built, contains="--diff and --format " + format)
        self.problem("--format", "csv", self.built[0], contains="needs two profiles")
        self.problem("--format", "csv", "-", "-", contains="both are standard input")
        self.problem("--format", "csv", "--redact", *self.built, contains="--redact and --diff")

    def test_redacted(self):
        text = self.compare("speedscope", self.built, "--redact").decode()
        self.assertIn("app.c", text)
        self.assertNotIn(self.dir, text)


if __name__ == "__main__":
    harness.main()
