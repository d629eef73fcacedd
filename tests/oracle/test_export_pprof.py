# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 20
"""`memtrack export --format pprof`: go pprof finds the figures of the report, whole, filtered, at
moments and added up; memtrack reads it as the profile that it is of; and what was left out is not
in the file."""
import gzip
import os
import re

from support import exported, go, harness, pprof

COLUMNS = {"alloc_objects": "total_blocks", "alloc_space": "total_bytes",
           "inuse_objects": "live_blocks", "inuse_space": "live_bytes",
           "peak_objects": "peak_blocks", "peak_space": "peak_bytes"}
ALL_NODES = ("-nodecount=1000000", "-nodefraction=0", "-edgefraction=0", "-symbolize=none")


def default_of(path):
    return re.search(r"(\w+)/\w+\[dflt\]", go.pprof("-raw", "-symbolize=none", path))[1]


class Pprof(exported.Case):
    TIMED = ("measured",)
    KNOWN = ("plain", "hostile", "sampled", "other", "change", "empty", "many", "deep")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_tools("python3", "jq", "sqlite3")

    def write_pprof(self, path, *options, name="export.pb.gz"):
        made = self.path(name)
        harness.memtrack("export", "-q", "--force", "--format", "pprof", *options, path, "-o", made,
                         cwd=self.dir)
        return made

    def same_sums(self, made, report):
        for column, figure in go.sums(made).items():
            if column in COLUMNS:
                self.assertEqual(self.passed(report, COLUMNS[column]), figure, column)

    def test_go_finds_the_figures_of_the_report(self):
        for path, options, report in self.each(("end", "peak", "filtered")):
            self.same_sums(self.write_pprof(path, *options), report)

    def test_memtrack_reads_the_same_rows(self):
        for path, options, report in self.each(("end", "peak", "filtered")):
            again = self.report(self.write_pprof(path, *options))
            for row in report["rows"]:
                if "--at" in options:  # not known of a moment
                    row.pop("waste_bytes")
            rows = {row["key"]: row for row in again["rows"]}
            self.assertEqual(len(report["rows"]), len(rows))
            for row in report["rows"]:
                same = {k: v for k, v in rows[row["key"]].items() if k in row}
                for margins in (row.pop("margin", None), same.pop("margin", None)):
                    self.assertEqual("sampled" in path, margins is not None)
                self.assertEqual(row, same)

    def test_the_whole_is_the_profile(self):
        """With the time axis, scopes, labels and what was recorded of the process."""
        asked = [("report",), ("report", "--by", "thread"), ("scopes",), ("scopes", "--events")]
        for kind in ("plain", "deep", "timed measured", "tree"):
            path, made = self.profiles[kind], self.path("whole.pb.gz")
            said = harness.memtrack("export", "--format", "pprof", path, "--force", "-o", made)
            self.assertEqual(b"", said.stderr)
            # "tree" can end before its composition has been looked at once
            timed = {"deep": [], "plain": [("timeline",), ("report", "--at", "1ms")]}.get(
                kind, [("timeline",)])
            for command in asked + timed:
                one, other = (harness.ask(*command, file) for file in (path, made))
                for answer in one, other:
                    for process in answer.get("processes", []):
                        process.pop("file", None)
                self.assertEqual(one, other, (kind, command))

    def test_moments(self):
        at = harness.memtrack("export", "--format", "pprof", self.profiles["plain"] + "@1s", "-o",
                              self.path("moment.pb.gz"))
        self.assertIn(b"scopes and the time axis", at.stderr)
        made = self.path("moment.pb.gz")
        self.same_sums(made, self.report(self.profiles["plain"], "--at", "1s"))
        self.assertEqual(3000, go.sums(made)["inuse_space"])
        self.assertEqual("inuse_space", default_of(made))
        self.assertEqual("peak_space", default_of(self.write_pprof(self.profiles["plain"])))

    def test_several_are_one(self):
        paths = [self.profiles[name] for name in ("tree", "leaks", "threads")]
        made = self.path("sum.pb.gz")
        harness.memtrack("export", "--format", "pprof", *paths, "-o", made)
        sums, reports = go.sums(made), [self.report(path) for path in paths]
        for column, ours in COLUMNS.items():
            self.assertEqual(sum(self.passed(report, ours) for report in reports), sums[column])
        processes = {row["key"]: row["total_bytes"] for row in
                     self.report(made, "--by", "process")["rows"]}
        self.assertEqual(sorted(report["totals"]["total_bytes"] for report in reports),
                         sorted(processes.values()))
        self.assertIn("and 2 more profiles", harness.memtrack("report", made).stdout.decode())
        tags = go.pprof("-tags", "-symbolize=none", "-sample_index=alloc_space", made)
        self.assertIn("process: Total", tags)

    def test_lines_traces_and_differences(self):
        path = self.profiles["tree"]
        made = self.write_pprof(path)
        self.assertRegex(go.pprof("-top", "-lines", *ALL_NODES, "-sample_index=alloc_space", made),
                         r"tree\.c:\d+")
        self.assertRegex(go.pprof("-traces", *ALL_NODES, "-sample_index=alloc_space", made),
                         r"\n +main")
        small = self.write_pprof(path, "--exclude", "*main*", name="small.pb.gz")
        text = go.pprof("-top", *ALL_NODES, "-unit=B", "-sample_index=alloc_space",
                        "-diff_base=" + small, made)
        lost = self.passed(self.report(path), "total_bytes") - self.passed(
            self.report(path, "--exclude", "*main*"), "total_bytes")
        self.assertIn("Showing nodes accounting for %dB" % lost, text)

    def test_go_charges_who_the_report_charges(self):
        """Not operator new, nor what is between it and the program; but all, when asked to."""
        path = self.profiles["plain"]
        top = ("-top", *ALL_NODES, "-unit=B", "-sample_index=peak_space")
        flat = dict((name, int(size)) for size, name in re.findall(
            r"^ *(\d+)B +\S+ +\S+ +\S+ +\S+ +(.*?)(?: \(inline\))?$",
            go.pprof(*top, self.write_pprof(path)), flags=re.M))
        rows = self.report(path, "--by", "function", "--sort", "peak")["rows"]
        for row in rows[:2]:
            self.assertEqual(row["peak_bytes"], flat.get(row["function"]), flat)
        self.assertNotIn("operator new(unsigned long)", flat)
        whole = go.pprof(*top, self.write_pprof(path, "--keep-wrappers"))
        self.assertIn("operator new", whole)

    def test_go_shows_the_lines_of_the_report(self):
        """Of a program in C++, whose containers allocate by long templates. It goes by names, and
        so a few bytes stay with a name that is the program's in another place."""
        path = harness.track([harness.program("containers")], self.dir).profile.path
        text = go.pprof("-top", "-lines", *ALL_NODES, "-unit=B", "-sample_index=alloc_space",
                        self.write_pprof(path))
        lines = {line: int(size) for size, line in re.findall(
            r"^ *(\d+)B .* (/\S+:\d+)(?: \(inline\))?$", text, flags=re.M) if size != "0"}
        rows = {row["key"]: row["total_bytes"] for row in self.report(path, "--by", "line")["rows"]
                if row["line"]}
        large = {line: size for line, size in rows.items() if size * 100 > sum(rows.values())}
        self.assertGreater(len(large), 4)
        self.assertEqual(large, {line: size for line, size in lines.items() if line in large})
        self.assertEqual(sum(rows.values()), sum(lines.values()))

    def test_a_part_has_nothing_of_the_rest(self):
        """Neither names nor places of what was filtered out."""
        made = self.write_pprof(self.profiles["plain"], "--include", "parse::*")
        file = pprof.File(made)
        text = "\n".join(file.strings)
        self.assertIn("parse::tokenize", text)
        for other in ("intern_name", "worker", "legacy_init", "names.c"):
            self.assertNotIn(other, text)
        used = {location for locations, _ in file.samples for location in locations}
        self.assertEqual(used, set(file.addresses))
        many = self.write_pprof(self.profiles["many"], "--include", "*7.c:*")
        self.assertLess(os.path.getsize(many), os.path.getsize(self.profiles["many"]))

    def test_it_does_not_go_to_a_terminal(self):
        script = ('script -qec "$0 export --format pprof \'$1\'" /dev/null </dev/null')
        result = harness.run(["bash", "-c", script, harness.MEMTRACK, self.profiles["plain"]])
        self.assertEqual(2, result.code)
        self.assertIn(b"is binary, and standard output is a terminal", result.stdout)
        whole = self.export("pprof", self.profiles["plain"])
        self.assertIn(b"parse::tokenize", gzip.decompress(whole))


if __name__ == "__main__":
    harness.main()
