# SPDX-License-Identifier: MIT
# timeout: 240
"""`memtrack diff`: what it prints of known profiles (golden/diff-*.txt), and what must hold of
every difference: columns add up, order, lines fit, nothing in a profile reaches the terminal, exit
status."""
import gzip
import re
import shutil
import unittest

from support import golden, harness, live, output, profiles

MEMTRACK = harness.MEMTRACK
BY = ["line", "function", "file", "module", "stack", "thread", "scope", "size", "domain"]
COLUMNS = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks", "max_bytes", "waste_bytes"]
IN_TOTALS = [name for name in COLUMNS if name not in ("max_bytes", "waste_bytes")]
COMPANION = {"live_bytes": "live_blocks", "total_blocks": "total_bytes",
             "peak_bytes": "peak_blocks"}
KINDS = ("plain", "rebuilt", "hostile", "sampled", "other", "empty", "many", "deep")


class Case(profiles.Command):
    COMMAND = "diff"
    KINDS = KINDS

    def rows(self, *arguments, **options):
        return {(row["key"], row["state"]): row for row in self.json(*arguments, **options)["rows"]}


class Golden(Case):
    def test_differences(self):
        golden.check_files(self, "diff", self.dir)


class Markdown(Case):
    """Tables for a comment on a change."""

    def table(self, text):
        """Rows of the second table, as GFM cuts them: at bars that are not escaped."""
        table = text[text.index("| change | old |"):].split("\n\n")[0]
        rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
                for line in table.splitlines()]
        return rows[2:]

    def test_changes_add_up(self):
        for options in ([], ["-n", "2"], ["--by", "function"]):
            for sort in ("blocks", "live-blocks"):
                with self.subTest(options=options, sort=sort):
                    text = self.text("--markdown", "--sort", sort, *options, "plain.pb.gz",
                                     "many.pb.gz")
                    rows = self.table(text)
                    self.assertEqual("total", rows[-1][-1])
                    changes = [int(row[0].replace(",", "")) for row in rows]
                    self.assertEqual(changes[-1], sum(changes[:-1]))
                    if options[:1] == ["-n"]:
                        self.assertEqual(4, len(rows))
                        self.assertRegex(rows[2][-1], r"^\d+ more$")

    def test_rows_are_those_of_the_text(self):
        text = self.text("--markdown", "plain.pb.gz", "rebuilt.pb.gz")
        self.assertTrue(text.startswith("### memtrack diff: live "), text)
        self.assertIn("`plain.pb.gz` → `rebuilt.pb.gz`", text)
        diff = self.json("plain.pb.gz", "rebuilt.pb.gz")
        differing = [row for row in diff["rows"] if row["diff_live_bytes"]]
        self.assertEqual(len(differing) + 1, len(self.table(text)))
        for row, shown in zip(differing, self.table(text)):
            self.assertIn(row["key"], shown[-1])
            self.assertEqual({"new": " new", "vanished": " gone"}.get(row["state"], ""),
                             shown[-1][shown[-1].rindex("`") + 1:])

    def test_nothing_differs(self):
        self.assertIn("No row differs in live.\n", self.text("--markdown", "plain.pb.gz",
                                                             "plain.pb.gz"))

    def test_hostile_names(self):
        path = shutil.copy(self.path("hostile.pb.gz"), self.path("|a`b``c<b>\n| d |.pb.gz"))
        for by in BY:
            text = self.text("--markdown", "--by", by, "--sort", "total", "empty.pb.gz", path)
            self.assertNotIn("\x1b", text)
            for line in text.splitlines():
                if line.startswith("| ") and line.count(" | ") > 3:
                    self.assertEqual(5, len(re.split(r"(?<!\\)\|", line)[1:-1]), line)

    def test_usage(self):
        for option in ("--json", "--csv"):
            self.problem("--markdown", option, "plain.pb.gz", "plain.pb.gz", status=2,
                         contains="exclude each other")
        self.disk_is_full("--markdown", "plain.pb.gz", "many.pb.gz")


class Figures(Case):
    PAIRS = [("plain", "rebuilt"), ("rebuilt", "plain"), ("plain", "many"), ("empty", "plain"),
             ("many", "empty"), ("sampled", "plain"), ("many", "many")]

    def test_columns_sum_to_the_difference_of_the_totals(self):
        for old, new in self.PAIRS:
            for by in BY:
                with self.subTest(old=old, new=new, by=by):
                    diff = self.json(old + ".pb.gz", new + ".pb.gz", "--by", by)
                    self.assertEqual(diff["group_by"], by)
                    for column in COLUMNS:
                        sums = [sum(row[side + "_" + column] for row in diff["rows"])
                                for side in ("old", "new", "diff")]
                        self.assertEqual(sums[1] - sums[0], sums[2], column)
                        if column in IN_TOTALS:
                            self.assertEqual(sums, [diff[side][column]
                                                    for side in ("old", "new", "diff")], column)

    def test_sides_are_what_report_says_of_them(self):
        for old, new in self.PAIRS[:4]:
            diff = self.json(old + ".pb.gz", new + ".pb.gz", "--by", "function")
            for side, kind, key in (("old", old, "old_key"), ("new", new, "key")):
                report = harness.ask("report", "--by", "function", kind + ".pb.gz", cwd=self.dir)
                self.assertEqual(diff[side], report["totals"])
                expected = {row["key"]: [row[c] for c in COLUMNS] for row in report["rows"]}
                found = {row[key]: [row[side + "_" + c] for c in COLUMNS] for row in diff["rows"]
                         if side == "old" and row["old_key"] or side == "new" and row["state"] !=
                         "vanished"}
                self.assertEqual(found, expected)

    def test_order_is_that_of_compare_to(self):
        for sort, column in (("live", "live_bytes"), ("peak", "peak_bytes"),
                             ("blocks", "total_blocks")):
            for pair in (("plain", "many"), ("many", "empty"), ("plain", "rebuilt")):
                diff = self.json(pair[0] + ".pb.gz", pair[1] + ".pb.gz", "--sort", sort)
                other = COMPANION[column]
                keys = [(-abs(r["diff_" + column]), -r["new_" + column], -abs(r["diff_" + other]),
                         -r["new_" + other]) for r in diff["rows"]]
                self.assertEqual(diff["sort"], sort)
                self.assertEqual(keys, sorted(keys))

    def test_equals_come_by_name(self):
        rows = [row["key"] for row in self.json("many.pb.gz", "many.pb.gz", "--by",
                                                "module")["rows"]]
        self.assertEqual(rows, sorted(rows))
        with_n = [row["key"] for row in self.json("plain.pb.gz", "many.pb.gz", "-n", "50")["rows"]]
        self.assertEqual(with_n, [row["key"] for row in self.json("plain.pb.gz",
                                                                  "many.pb.gz")["rows"]][:50])

    def test_the_same_twice_is_no_difference(self):
        for kind in KINDS:
            for by in BY:
                diff = self.json(kind + ".pb.gz", kind + ".pb.gz", "--by", by)
                self.assertTrue(all(row["state"] == "both" and row["key"] == row["old_key"]
                                    for row in diff["rows"]), kind)
                self.assertTrue(all(row["diff_" + c] == 0 for row in diff["rows"] for c in COLUMNS))
                self.assertEqual(diff["notes"], [])

    def test_reversed_sides_reverse_the_signs(self):
        for by in BY:
            there = self.rows("plain.pb.gz", "rebuilt.pb.gz", "--by", by).values()
            back = self.rows("rebuilt.pb.gz", "plain.pb.gz", "--by", by).values()
            self.assertEqual(sorted([row["diff_" + c] for c in COLUMNS] for row in there),
                             sorted([-row["diff_" + c] for c in COLUMNS] for row in back))
            states = {"both": "both", "new": "vanished", "vanished": "new"}
            self.assertEqual(sorted(row["state"] for row in there),
                             sorted(states[row["state"]] for row in back))

    def test_lines_that_moved_are_paired(self):
        rows = self.rows("plain.pb.gz", "rebuilt.pb.gz")
        moved = rows["/srv/demo2/src/parse.cpp:9", "both"]
        self.assertEqual((moved["old_key"], moved["diff_live_bytes"]),
                         ("/srv/demo/src/parse.cpp:4", 2 << 20))
        self.assertIn(("/srv/demo2/src/worker.cpp:91", "new"), rows)
        self.assertIn(("legacy_init+0x1f (parser)", "vanished"), rows)
        self.assertEqual(rows["src/names.c:2", "both"]["old_key"], "src/names.c:2")

    def test_csv_is_the_json_rows(self):
        for pair in (("plain", "rebuilt"), ("empty", "hostile"), ("other", "plain")):
            raw = self.call(pair[0] + ".pb.gz", pair[1] + ".pb.gz", "--csv").stdout
            self.assertEqual(raw.count(b"\n"), raw.count(b"\r\n"))
            table = harness.rows_of_csv(raw)
            rows = self.json(pair[0] + ".pb.gz", pair[1] + ".pb.gz")["rows"]
            names = [side + "_" + c for c in COLUMNS for side in ("old", "new", "diff")]
            self.assertEqual([[row["state"], *(int(row[n]) for n in names)] for row in table],
                             [[row["state"], *(row[n] for n in names)] for row in rows])

    def test_filters_and_limits(self):
        whole = self.json("plain.pb.gz", "rebuilt.pb.gz")
        some = self.json("plain.pb.gz", "rebuilt.pb.gz", "--include", "*worker.cpp")["rows"]
        rest = self.json("plain.pb.gz", "rebuilt.pb.gz", "--exclude", "*worker.cpp")["rows"]
        self.assertEqual(sum(row["diff_live_bytes"] for row in some + rest),
                         whole["diff"]["live_bytes"])
        self.assertEqual([row["key"] for row in some], ["/srv/demo2/src/worker.cpp:91"])
        self.assertEqual(len(self.json("plain.pb.gz", "many.pb.gz", "-n", "7")["rows"]), 7)

    def test_moments_of_one_recording(self):
        diff = self.json("plain.pb.gz@00:01", "plain.pb.gz@1.6s")
        self.assertEqual((diff["old"]["live_bytes"], diff["new"]["live_bytes"]), (3000, 2500))
        self.assertEqual(diff["columns"], ["live_bytes", "live_blocks"])
        self.assertEqual(diff["sides"]["old"]["at"], {"moment": "time", "time_ns": 1000000000})
        self.assertEqual(sum(row["diff_live_bytes"] for row in diff["rows"]), -500)
        end = self.json("plain.pb.gz@peak", "plain.pb.gz")
        self.assertEqual(end["old"]["live_bytes"], end["old"]["peak_bytes"])
        both = self.json("plain.pb.gz", "rebuilt.pb.gz", "--at", "peak")
        self.assertEqual(both["diff"]["live_bytes"], both["diff"]["peak_bytes"])

    def test_a_file_whose_name_has_an_at_sign(self):
        shutil.copy(self.path("plain.pb.gz"), self.path("odd@peak"))
        diff = self.json("odd@peak", "odd@peak@end")
        self.assertEqual([diff["sides"][side]["at"]["moment"] for side in ("old", "new")],
                         ["end", "end"])
        self.assertEqual(self.json("odd@peak@peak", "odd@peak")["sides"]["old"]["at"]["moment"],
                         "peak")

    def test_columns_of_one_side_only_are_not_compared(self):
        diff = self.json("other.pb.gz", "plain.pb.gz")
        self.assertEqual(diff["columns"], ["live_bytes", "live_blocks"])
        result = self.call("other.pb.gz", "plain.pb.gz", "--sort", "peak")
        self.assertIn(b"no comparison by peak bytes", result.stderr)

    def test_schema(self):
        validator = output.validator("memtrack-diff-1")
        for old, new in (("plain", "rebuilt"), ("hostile", "plain"), ("other", "empty")):
            for by in BY:
                errors = [error.message for error in validator.iter_errors(self.json(old + ".pb.gz",
                                                                                     new + ".pb.gz",
                                                                                     "--by", by))]
                self.assertEqual(errors, [], (old, new, by))

    def test_standard_input(self):
        piped = self.json("-", "rebuilt.pb.gz", stdin=self.read("plain.pb.gz"))
        self.assertEqual(piped["rows"], self.json("plain.pb.gz", "rebuilt.pb.gz")["rows"])
        self.assertEqual(piped["sides"]["old"]["name"], "standard input")


class Terminal(Case):
    def test_lines_fit(self):
        for pair in (("plain", "rebuilt"), ("empty", "hostile"), ("hostile", "plain"),
                     ("plain", "many")):
            for columns in (80, 100, 120, 200):
                for by in BY:
                    for line in self.text(pair[0] + ".pb.gz", pair[1] + ".pb.gz", "--by", by,
                                          COLUMNS=str(columns)).splitlines():
                        self.assertLessEqual(len(line), columns, line)

    def test_colors(self):
        plain = self.text("plain.pb.gz", "rebuilt.pb.gz", "--color=never")
        colored = self.text("plain.pb.gz", "rebuilt.pb.gz", "--color=always")
        self.assertEqual(re.sub(r"\033\[\d*m", "", colored), plain)
        self.assertRegex(colored, r"\033\[31m\+2\.0 MiB")
        self.assertRegex(colored, r"\033\[32m-1\.5 KiB")
        self.assertNotIn("\033", self.text("plain.pb.gz", "rebuilt.pb.gz", FORCE_COLOR="1",
                                           NO_COLOR="1"))

    def test_printed_rows_and_the_rest_are_the_total(self):
        for arguments in ([], ["--by", "file"], ["--include", "src/file_1*", "-n", "3"]):
            text = self.text("plain.pb.gz", "many.pb.gz", "--bytes", "--color=never", *arguments,
                             COLUMNS="200")
            lines = text.split("\n\n")[2].splitlines()[1:]
            numbers = [[int(n.replace(",", "").replace("+", ""))
                        for n in re.findall(r"(?<!\S)[-+]?[\d,]+(?=  )", line)][:6]
                       for line in lines if re.match(r" +[-+\d]", line)]
            for column in range(6):
                self.assertEqual(sum(row[column] for row in numbers[:-1]), numbers[-1][column],
                                 text)

    def test_nothing_hostile_is_printed(self):
        for arguments in (["-n", "0"], ["--csv"], ["--json"], ["--by", "stack", "--full-names"],
                          ["--by", "thread"]):
            for sides in (("plain", "hostile"), ("hostile", "plain")):
                text = self.text(sides[0] + ".pb.gz", sides[1] + ".pb.gz", *arguments)
                output.check_harmless(self, text, arguments)


class Status(Case):
    def fails(self, *arguments, contains):
        result = self.call("plain.pb.gz", "rebuilt.pb.gz", *arguments, status=1)
        self.assertEqual(len(result.stderr.splitlines()), 1, result)
        self.assertIn(contains, result.stderr.decode())
        self.assertTrue(result.stdout)

    def test_fail_above(self):
        change = self.json("plain.pb.gz", "rebuilt.pb.gz")["diff"]
        self.fails("--fail-above", "1M",
                   contains="live bytes grew by 3.2 MiB, from 1.0 MiB to 4.2 MiB")
        self.fails("--fail-above", str(change["live_bytes"] - 1), "--bytes",
                   contains=f"{change['live_bytes']:,}")
        self.fails("--fail-above", "0", "--sort", "peak", "--json", contains="peak bytes grew")
        self.fails("--fail-above", "0", "--include", "*worker.cpp", "--by", "file",
                   contains="live bytes grew by 1.2 MiB")
        self.call("plain.pb.gz", "rebuilt.pb.gz", "--fail-above", str(change["live_bytes"]))
        self.call("plain.pb.gz", "rebuilt.pb.gz", "--fail-above", "0", "--include", "nowhere.c")
        self.call("rebuilt.pb.gz", "plain.pb.gz", "--fail-above", "0")
        self.call("plain.pb.gz", "plain.pb.gz", "--fail-above", "0")
        self.call("plain.pb.gz", "rebuilt.pb.gz", "--fail-above", "4M")
        blocks = change["live_blocks"]
        self.fails("--fail-above", str(blocks - 1), "--sort", "live-blocks",
                   contains=f"live blocks grew by {blocks}")
        self.call("plain.pb.gz", "rebuilt.pb.gz", "--fail-above", str(blocks), "--sort",
                  "live-blocks")

    def test_fail_above_is_no_success_when_nothing_can_be_compared(self):
        result = self.call("other.pb.gz", "plain.pb.gz", "--fail-above", "1G", "--sort", "peak",
                           status=1)
        self.assertIn(b"--fail-above fails: one side has no peak bytes", result.stderr)

    def test_usage(self):
        self.problem(status=2, contains="OLD and NEW")
        self.problem("plain.pb.gz", status=2, contains="OLD and NEW")
        self.problem("plain.pb.gz", "many.pb.gz", "empty.pb.gz", status=2, contains="got a third, ")
        self.problem("-", "-", status=2, contains="both are standard input")
        self.problem("plain.pb.gz", "many.pb.gz", "--fail-above", "lots", status=2,
                     contains="needs a size")
        self.problem("plain.pb.gz", "many.pb.gz", "--fail-above", "-1", status=2,
                     contains="needs a size")
        self.problem("plain.pb.gz", "many.pb.gz", "--by", "colour", status=2,
                     contains="line|function|file")
        self.problem("plain.pb.gz", "many.pb.gz", "--cumulative", "--by", "stack", status=2,
                     contains="--by line")
        self.problem("plain.pb.gz@noon", "plain.pb.gz", status=2, contains="not a moment")
        self.problem("plain.pb.gz@1:60", "plain.pb.gz", status=2, contains="not a moment")
        self.problem("plain.pb.gz", "plain.pb.gz@3s", status=2, contains="the new side")
        self.problem("many.pb.gz@1s", "plain.pb.gz", status=2,
                     contains="the old side: no time axis in this profile")

    def test_unreadable(self):
        self.problem("missing.pb.gz", "plain.pb.gz", status=3, contains="missing.pb.gz")
        self.problem("plain.pb.gz", "missing.pb.gz@peak", status=3, contains="missing.pb.gz")
        self.problem("plain.pb.gz", "/dev/null", status=3, contains="/dev/null")
        self.write("text", "no profile")
        self.problem("text", "plain.pb.gz", status=3, contains="text")

    def test_full_disk_is_an_error(self):
        self.disk_is_full("plain.pb.gz", "many.pb.gz", "--json")


class Hostile(Case):
    def test_every_cut_and_every_broken_byte_is_survived(self):
        whole = gzip.decompress(self.read("rebuilt.pb.gz"))
        for i in range(0, len(whole), 23):
            self.write("broken", whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1:] if i % 2
                       else whole[:i])
            for sides in (("plain.pb.gz", "broken"), ("broken", "plain.pb.gz")):
                result = harness.run([MEMTRACK, "diff", *sides, "--by", ("line", "stack")[i % 2]],
                                     cwd=self.dir)
                self.assertIn(result.code, (0, 3), result)


class Process(unittest.TestCase):
    PROGRAM = "import sys, time; kept = [bytes(999) for i in range(500)]; print('ready', flush=True); time.sleep(999)"

    def test_a_running_process_is_a_side(self):
        with live.process([harness.tool("python3"), "-c", self.PROGRAM]) as process:
            process.wait_for("ready")
            process.wait_for_state("S")
            result = process.ask("diff", process.pid, process.pid)
            self.assertGreater(result["old"]["live_blocks"], 500)
            self.assertEqual(result["diff"]["live_bytes"], 0)
            self.assertTrue(all(row["state"] == "both" and row["diff_live_bytes"] == 0
                                for row in result["rows"]))
            peak = process.ask("diff", "%d@peak" % process.pid, process.pid)
            self.assertEqual(peak["old"]["live_bytes"], peak["old"]["peak_bytes"])


if __name__ == "__main__":
    harness.main()
