# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 12
"""`memtrack export --format heap` as google-pprof, jeprof, go pprof and memtrack itself read it; and
`--format collapsed` by its own grammar."""
import re

from support import exported, go, harness

COLUMNS = ("inuse_objects", "inuse_space", "alloc_objects", "alloc_space")
NAMES = ("live_blocks", "live_bytes", "total_blocks", "total_bytes")


class Heap(exported.Case):
    KNOWN = ("plain", "sampled", "other", "many", "deep", "empty")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_tools("jq", "sqlite3")

    def heap(self, path, *options):
        name = self.path("export.heap")
        with open(name, "wb") as file:
            file.write(self.export("heap", path, *options))
        return name

    def perl(self, tool, column, file, program="/bin/true"):
        """What google-pprof or jeprof prints of a column: the total, and the text."""
        unit = ["--show_bytes"] if "space" in column else []
        result = harness.check([harness.tool(tool), "--text", "--" + column, *unit, program, file])
        total = re.search(r"^Total: (\d+)", result.stdout.decode(), flags=re.M)
        return int(total[1]) if total else 0, result.stdout.decode()

    def same_as_the_report(self, tool, views):
        """The tools look for names in every module, which takes them a second each time."""
        for name, view in views:
            path, options = self.profiles[name], exported.VIEWS[view]
            report = self.report(path, *options)
            file = self.heap(path, *options)
            for column, ours in (("inuse_space", "live_bytes"), ("alloc_objects", "total_blocks")):
                self.assertEqual(self.passed(report, ours), self.perl(tool, column, file)[0],
                                 (path, column))

    def test_google_pprof(self):
        self.same_as_the_report("google-pprof", (("plain", "end"), ("deep", "filtered"),
                                                 ("tree", "peak"), ("sampled", "end")))

    def test_jeprof(self):
        """It does not scale what was sampled and is scaled already."""
        self.same_as_the_report("jeprof", (("sampled", "end"), ("leaks", "filtered")))

    def test_go_and_memtrack(self):
        for path, options, report in self.each(("end", "peak", "filtered")):
            file = self.heap(path, *options)
            if "many" in path:  # has bytes of no block, which is one here
                report["rows"] = [{**row, "live_blocks": row["live_blocks"] or
                                   int(row["live_bytes"] > 0)} for row in report["rows"]]
            again = self.report(file)
            expected = {name: self.passed(report, name) for name in NAMES}
            self.assertEqual(expected, {name: again["totals"][name] for name in NAMES})
            sums = go.sums(file)
            if len(sums) == 2:  # live and allocated are the same throughout: pprof shows them once
                sums = {"inuse_space": sums["space"], "alloc_space": sums["space"],
                        "inuse_objects": sums["objects"], "alloc_objects": sums["objects"]}
            n = 4 if expected["total_blocks"] else 2
            self.assertEqual([expected[name] for name in NAMES[:n]],
                             [sums.get(column, 0) for column in COLUMNS[:n]], path)

    def test_names_are_found_in_the_program(self):
        program = harness.program("tree")
        _, text = self.perl("google-pprof", "alloc_space", self.heap(self.profiles["tree"]), program)
        self.assertRegex(text, r"\bmain\b")
        rows = self.report(self.profiles["tree"], "--by", "function", "--sort", "total")["rows"]
        self.assertIn(rows[0]["function"], text)


class Collapsed(exported.Case):
    TIMED = ("layers",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.record_tools("jq", "sqlite3", "xmllint")

    def paths(self, path, *options):
        """(frames from the root, figure) of each line; a line that is none fails."""
        for line in self.export("collapsed", path, *options).decode().splitlines():
            frames, figure = re.fullmatch(r"(.+) (-?\d+)", line).groups()
            yield tuple(frames.split(";")), int(figure)

    def test_lines_are_the_rows_of_the_report(self):
        for path, options, report in self.each():
            column = {"peak": "peak_bytes", "live": "live_bytes", "total": "total_bytes",
                      "blocks": "total_blocks"}[report["sort"]]
            if column in ("total_bytes", "total_blocks") and not self.passed(report, column):
                column = "live_bytes"  # the profile has no other
            lines = list(self.paths(path, *options))
            self.assertEqual([row[column] for row in report["rows"] if row[column]],
                             [figure for _, figure in lines])
            depths = [len(row["stack"]) or 1 for row in report["rows"] if row[column]]
            self.assertEqual(depths, [len(frames) for frames, _ in lines], path)

    def test_a_name_is_one_frame(self):
        text = self.export("collapsed", self.profiles["hostile"])
        self.assertEqual(4, text.count(b"\n"))
        self.assertNotIn(b"\x1b", text)


if __name__ == "__main__":
    harness.main()
