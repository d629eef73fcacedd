# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 15
"""`memtrack export` in the formats of valgrind's tools, as their own readers read them: DHAT's
viewer, ms_print and callgrind_annotate find the figures of the report, whole, filtered and at
moments."""
import json
import os
import re
import unittest

from support import exported, harness, pprof

VIEWER = "/usr/libexec/valgrind/dh_view.js"
BELOW_ZERO = ("hostile", "change")


def pprof_of(function, file, line):
    """A heap profile with one block in this line."""
    strings = ["", "inuse_space", "bytes", function, file]
    field, number = pprof.field, pprof.number
    parts = [field(1, number(1, 1) + number(2, 2)), field(2, number(1, 1) + number(2, 100)),
             field(4, number(1, 1) + field(4, number(1, 1) + number(2, line))),
             field(5, number(1, 1) + number(2, 3) + number(4, 4))]
    return b"".join(parts + [field(6, text.encode()) for text in strings])


class Case(exported.Case):
    TIMED = ("layers",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_tools("jq", "sqlite3")

    def exported(self, format, path, *options):
        """A file of it."""
        name = self.path("export." + format)
        with open(name, "wb") as file:
            file.write(self.export(format, path, *options))
        return name

    def at_1s(self):
        path = self.profiles["plain"]
        return path, ["--at", "1s"], self.report(path, "--at", "1s")


class Dhat(Case):
    def sums(self, path):
        """As the code of the viewer adds them up; it refuses what it cannot take."""
        if not os.path.exists(VIEWER):
            raise unittest.SkipTest("valgrind is not installed")
        script = os.path.join(harness.SOURCE, "tests", "oracle", "dhat_view.js")
        return json.loads(harness.check([harness.tool("node"), script, VIEWER, path]).stdout)

    def test_the_viewer_finds_the_figures_of_the_report(self):
        for path, options, report in [*self.each(("end", "peak", "filtered")), self.at_1s()]:
            sums = self.sums(self.exported("dhat", path, *options))
            for name in ("total_bytes", "total_blocks", "peak_bytes", "peak_blocks", "live_bytes",
                         "live_blocks"):
                self.assertEqual(float(self.passed(report, name)), float(sums[name]), (path, name))

    def test_what_a_point_says(self):
        with open(self.exported("dhat", self.profiles["plain"])) as file:
            document = json.load(file)
        frames = document["ftbl"]
        self.assertEqual("[root]", frames[0])
        point = next(p for p in document["pps"] if "intern_name" in frames[p["fs"][0]])
        self.assertRegex(frames[point["fs"][0]], r"^0x[0-9A-F]+: intern_name \(src/names\.c:2\)$")
        self.assertRegex(frames[point["fs"][-1]], r"^0x[0-9A-F]+: _start \(in /srv/demo/parser\)$")
        self.assertEqual((8388608, 8388608, 12000), (point["mb"], point["gb"], point["eb"]))
        self.assertIn("0x0: [lossy] (in ???)", frames)

    def test_lifetimes_are_live_blocks_over_time(self):
        """layers: what was live from each tick to the next, which its source says."""
        path = self.profiles["timed layers"]
        with open(self.exported("dhat", path)) as file:
            document = json.load(file)
        expected = 0
        times = [0, 1, 2, 3]
        for start, end in zip(times, times[1:]):
            live = self.report(path, "--at", "%ds" % start)
            expected += self.passed(live, "live_blocks") * (end - start) * 10 ** 6
        self.assertEqual(expected, sum(point["tl"] for point in document["pps"]))
        self.assertGreater(expected, 0)


class Massif(Case):
    def printed(self, path):
        """What ms_print makes of it: (number, total) of each snapshot, that of the peak, text."""
        text = harness.check([harness.tool("ms_print"), "--threshold=0", path]).stdout.decode()
        rows = re.findall(r"^ +(\d+) +[\d,]+ +[\d,]+ +([\d,]+) +[\d,]+ +[\d,]+$", text, flags=re.M)
        peak = re.search(r"(\d+) \(peak\)", text)
        return ([(int(n), int(total.replace(",", ""))) for n, total in rows],
                int(peak[1]) if peak else None, text)

    def test_ms_print_finds_the_figures_of_the_report(self):
        for path, options, report in [*self.each(("end", "peak", "filtered")), self.at_1s()]:
            if any(name in path for name in BELOW_ZERO):
                continue
            snapshots, peak, _ = self.printed(self.exported("massif", path, *options))
            self.assertEqual(self.passed(report, "live_bytes"), snapshots[-1][1], path)
            self.assertEqual(list(range(len(snapshots))), [n for n, _ in snapshots])
            if "--at" in options and "peak" not in options or "other" in path:
                continue
            self.assertEqual(self.passed(report, "peak_bytes"), dict(snapshots)[peak], path)

    def test_snapshots_are_what_the_report_shows_of_these_times(self):
        path = self.profiles["plain"]
        for options in ([], ["--include", "*intern*"]):
            text = self.export("massif", path, *options).decode()
            for time, size in re.findall(r"time=(\d+)\nmem_heap_B=(\d+)\n.*\n.*\nheap_tree=empty",
                                         text):
                at = self.report(path, *options, "--at", time + "ms")
                self.assertEqual(self.passed(at, "live_bytes"), int(size), time)

    def test_trees_add_up(self):
        for name in ("plain", "many", "deep", "tree"):
            for bytes_, kids in self.nodes(self.export("massif", self.profiles[name]).decode()):
                self.assertGreaterEqual(bytes_, sum(kids))
                self.assertTrue(not kids or bytes_ == sum(kids), (name, bytes_, kids))

    def nodes(self, text):
        """(bytes, those of the children) of each node of all trees."""
        waiting = []
        for line in text.splitlines():
            match = re.match(r"( *)n(\d+): (\d+) ", line)
            if not match:
                continue
            level = len(match[1])
            while len(waiting) > level:
                waiting.pop()
            if waiting:
                waiting[-1][1].append(int(match[3]))
            waiting.append((int(match[3]), []))
            yield waiting[-1]

    def test_names_cannot_break_the_file(self):
        """They have line breaks, and a '#', which begins a comment in the format. Sums are without
        what is below zero, which is said."""
        path = self.exported("massif", self.profiles["hostile"])
        snapshots, _, text = self.printed(path)
        self.assertEqual(2, len(snapshots))
        self.assertIn("=cmd(\"quoted\", 'x') (a,b\\x0a\"c\".c:3)", text)
        path = self.write("rust.pb", pprof_of("core::f::{closure#0}", "src/lib.rs", 7))
        _, _, text = self.printed(self.exported("massif", path))
        self.assertIn("core::f::{closure\\x230} (src/lib.rs:7)", text)
        said = harness.memtrack("export", "--format", "massif", self.profiles["change"]).stderr
        self.assertIn(b"rows below zero are left out", said)


class Callgrind(Case):
    def annotated(self, path, *options):
        """The totals, and by function its figures, of the columns in the order of the file."""
        text = harness.check([harness.tool("callgrind_annotate"), "--auto=no", "--threshold=100",
                              "--show-percs=no", *options, path]).stdout.decode(errors="replace")
        rows = re.findall(r"^((?: *-?[\d,]+| +\.)+) +(\S.*)$", text, flags=re.M)
        figures = [([int(n.replace(",", "").replace(".", "0")) for n in numbers.split()], name)
                   for numbers, name in rows]
        totals = next(numbers for numbers, name in figures if name.startswith("PROGRAM TOTALS"))
        return totals, [row for row in figures if not row[1].startswith("PROGRAM TOTALS")]

    def test_totals_are_those_of_the_report(self):
        for path, options, report in [*self.each(("end", "peak", "total", "filtered")),
                                      self.at_1s()]:
            file = self.exported("callgrind", path, *options)
            with open(file) as lines:
                events = next(line.split()[1:] for line in lines if line.startswith("events:"))
            totals, rows = self.annotated(file)
            expected = [self.passed(report, event) for event in events]
            if "hostile" not in path:  # perl calculates in doubles
                self.assertEqual(expected, totals, path)
                sums = [sum(row[0][i] for row in rows) for i in range(len(events))]
                self.assertEqual(expected[0], sums[0], path)

    def test_calls_are_what_is_below_a_function(self):
        """Of a recursion too: as report --cumulative counts it."""
        for name in ("deep", "tree", "leaks"):
            path = self.profiles[name]
            _, rows = self.annotated(self.exported("callgrind", path), "--inclusive=yes")
            below = {}
            for numbers, text in rows:
                function = re.sub(r" \[.*\]$", "", text).partition(":")[2]
                below[function] = numbers[0]
            compared = 0
            for row in self.report(path, "--by", "function", "--cumulative")["rows"]:
                if row["file"] and row["function"] in below:
                    self.assertEqual(row["peak_bytes"], below[row["function"]], row["key"])
                    compared += 1
            self.assertGreaterEqual(compared, 2, name)

    def test_lines_are_annotated(self):
        """With the source at hand, a line has what it was charged with."""
        path = self.profiles["tree"]
        report = self.report(path, "--by", "line", "--sort", "total")
        row = next(row for row in report["rows"] if os.path.exists(row["file"]))
        file = self.exported("callgrind", path, "--sort", "total")
        text = harness.check([harness.tool("callgrind_annotate"), "--show-percs=no",
                              "--threshold=100", file, row["file"]]).stdout.decode()
        with open(row["file"]) as lines:
            source = lines.read().splitlines()[row["line"] - 1].strip()
        self.assertRegex(text, r"(?m)^ *%s .*%s$" % ("{:,}".format(row["total_bytes"]),
                                                    re.escape(source)))


if __name__ == "__main__":
    harness.main()
