# SPDX-License-Identifier: MIT
# timeout: 240
"""`memtrack report`: what it prints of known profiles (golden/*.txt), and what must hold of every
report: columns add up, lines fit, nothing in a profile reaches the terminal, errors have their
status."""
import gzip
import os
import re
import time

from support import golden, harness, output, profiles, terminal

MEMTRACK = harness.MEMTRACK
BEFORE = 1690000000  # the run, which was in November 2023
BY = ["line", "function", "file", "module", "stack", "thread", "scope", "size", "domain"]
SORT = {"live": "live_bytes", "peak": "peak_bytes", "total": "total_bytes",
        "blocks": "total_blocks", "temporary": "temporary_blocks", "max": "max_bytes",
        "waste": "waste_bytes"}
COLUMNS = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks", "max_bytes", "waste_bytes"]
IN_TOTALS = [name for name in COLUMNS if name not in ("max_bytes", "waste_bytes")]
SOURCE_TEXT = {"src/parse.cpp": "#include <vector>\n\nstatic void f()\n"
                                "\t    tokens.push_back(Token{begin, end, kind, line, column}); // "
                                "grows by doubling\n"
                                "{\n    parse(tokenize(text));   \n",
               "src/names.c": "/* names */\nreturn strdup(name);"}


class Case(profiles.Command):
    COMMAND = "report"
    KINDS = ("plain", "hostile", "sampled", "other", "change", "freed", "empty", "many", "deep")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(cls.path("src"))
        for name, text in SOURCE_TEXT.items():
            with open(cls.path(name), "w") as file:
                file.write(text)
            os.utime(cls.path(name), (BEFORE,) * 2)

    def diff(self, *arguments):
        return harness.memtrack("diff", *arguments, cwd=self.dir).stdout.decode()


class Golden(Case):
    def test_reports(self):
        golden.check_files(self, "report", self.dir)


class Figures(Case):
    def check_sums(self, rows, totals):
        for column in IN_TOTALS:
            self.assertEqual(sum(int(row[column]) for row in rows), totals[column], column)

    def test_a_difference_has_signs(self):
        """Of pprof's -base: totals are less than nothing, no share is beyond 100 %, and what has
        not changed comes last."""
        report = self.json("change.pb.gz")
        self.assertEqual((-2000, -20, 8000), tuple(report["totals"][n]
                                                   for n in ("live_bytes", "live_blocks",
                                                             "total_bytes")))
        self.assertEqual([("shrink", -5000), ("grow", 3000), ("stay", 0)],
                         [(row["function"], row["live_bytes"]) for row in report["rows"]])
        for options in ([], ["--by", "stack"], ["--cumulative"], ["--sort", "blocks"],
                        ["--sort", "live-blocks"]):
            text = self.text("change.pb.gz", *options)
            self.assertRegex(text, "negative.*difference")
            self.assertLessEqual(max(abs(float(share))
                                     for share in re.findall(r"(-?[0-9.]+)%", text)), 100, text)
            self.assertNotRegex(text, "EiB|add up to")
        diff = harness.ask("diff", "change.pb.gz", "change.pb.gz", cwd=self.dir)
        self.assertFalse(any(value for key, value in diff["diff"].items()))
        self.assertFalse(any(value for row in diff["rows"] for key, value in row.items()
                             if key.startswith("diff_")))
        text = self.diff("change.pb.gz", "freed.pb.gz")
        # no percentage of less than nothing
        self.assertRegex(text, r"live +-2.0 KiB +0 B +\+2.0 KiB\n")

    def test_nothing_live_names_what_shows_more(self):
        self.assertIn("change.c:12", self.text("freed.pb.gz"))
        self.assertIn("--sort total", self.text("--sort", "live", "freed.pb.gz"))
        self.assertIn("change.c:12", self.text("freed.pb.gz", "--sort", "total"))
        text = self.diff("--sort", "live", "freed.pb.gz", "freed.pb.gz")
        self.assertIn("No row differs in live.", text)

    def test_json_columns_sum_to_the_totals(self):
        for kind in ("plain", "many", "empty", "sampled", "change", "freed"):
            for by in BY:
                with self.subTest(kind=kind, by=by):
                    report = self.json(kind + ".pb.gz", "--by", by)
                    self.assertEqual(report["group_by"], by)
                    self.check_sums(report["rows"], report["totals"])

    def test_csv_columns_sum_to_the_totals(self):
        totals = self.json("many.pb.gz")["totals"]
        for by in BY:
            raw = self.call("many.pb.gz", "--by", by, "--csv").stdout
            self.assertTrue(raw.endswith(b"\r\n"))
            self.assertEqual(raw.count(b"\n"), raw.count(b"\r\n"))
            rows = harness.rows_of_csv(raw)
            self.assertEqual(set(rows[0]), {"key", "function", "file", "line", "module", *COLUMNS})
            self.check_sums(rows, totals)

    def test_csv_is_the_json_rows(self):
        for kind in ("plain", "hostile"):
            table = self.csv(kind + ".pb.gz")
            rows = self.json(kind + ".pb.gz")["rows"]
            self.assertEqual([[int(row[c]) for c in COLUMNS] for row in table],
                             [[r[c] for c in COLUMNS] for r in rows])

    def test_every_sort_descends(self):
        for sort, column in SORT.items():
            report = self.json("many.pb.gz", "--by", "file", "--sort", sort)
            values = [row[column] for row in report["rows"]]
            self.assertEqual(report["sort"], sort)
            self.assertEqual(values, sorted(values, reverse=True), sort)

    def test_limits(self):
        self.assertEqual(len(self.json("many.pb.gz", "-n", "7")["rows"]), 7)
        self.assertEqual(len(self.json("many.pb.gz", "-n", "0", "--by", "file")["rows"]), 700)
        self.assertEqual(len(self.json("many.pb.gz", "--by", "file")["rows"]), 700)

    def test_printed_rows_and_the_rest_are_the_total(self):
        for arguments in (["--by", "file"], ["--include", "src/file_1*", "-n", "3"],
                          ["--by", "size", "--sort", "total"]):
            lines = self.text("many.pb.gz", "--bytes", *arguments,
                              COLUMNS="200").split("\n\n")[1].splitlines()[1:]
            numbers = [[int(n.replace(",", ""))
                        for n in re.findall(r"(?<![\w./-])-?[\d,]+(?=  |\s+[<\d.]+%)", line)]
                       for line in lines]
            total = numbers[-1]
            self.assertGreaterEqual(len(total), 5)
            for column in range(5):
                self.assertEqual(sum(row[column] for row in numbers[:-1]), total[column], lines)

    def test_filters(self):
        everything = self.json("many.pb.gz")["totals"]["live_bytes"]
        one = sum(row["live_bytes"] for row in self.json("many.pb.gz", "--include",
                                                         "src/file_1*")["rows"])
        rest = sum(row["live_bytes"] for row in self.json("many.pb.gz", "--exclude",
                                                          "src/file_1*")["rows"])
        self.assertEqual(one + rest, everything)
        self.assertTrue(0 < one < everything)
        self.assertEqual(self.json("many.pb.gz", "--include", "main")["rows"], [])
        self.assertEqual(self.json("many.pb.gz", "--include", "main",
                                   "--all-frames")["totals"]["live_bytes"], everything)
        lines = self.json("many.pb.gz", "--include", "file_5.c:6", "--include",
                          "file_5.c:13")["rows"]
        self.assertTrue(lines and all(row["key"] in ("src/file_5.c:6", "src/file_5.c:13")
                                      for row in lines))

    def test_at_peak_and_at_a_time(self):
        report = self.json("plain.pb.gz", "--at", "peak")
        self.assertEqual(report["totals"]["live_bytes"], report["totals"]["peak_bytes"])
        self.assertEqual(report["sort"], "live")
        self.assertTrue(any("at the peak" in note for note in report["coverage"]["notes"]))
        self.check_sums(report["rows"], report["totals"])
        for moment, live in (("100ms", 0), ("0.5s", 1000), ("1.2", 3000), ("1500ms", 2500)):
            report = self.json("plain.pb.gz", "--at", moment)
            self.assertEqual(report["totals"]["live_bytes"], live)
            self.check_sums(report["rows"], report["totals"])

    def test_wrappers(self):
        def top(*options):
            return self.json("plain.pb.gz", "-n", "1", *options)["rows"][0]["key"]
        self.assertEqual(top(), "/srv/demo/src/parse.cpp:4")
        self.assertEqual(top("--keep-std"), "/opt/gcc/include/c++/12/bits/stl_vector.h:1287")
        self.assertEqual(top("--keep-wrappers"),
                         "operator new(unsigned long)+0x1c (libstdc++.so.6)")
        self.assertEqual(top("--wrapper", "parse::tokenize"), "/srv/demo/src/parse.cpp:6")
        self.assertEqual(top("--wrapper", "parse::*", "--wrapper", "nothing"),
                         "/srv/demo/src/main.cpp:3")

    def test_schema(self):
        validator = output.validator("memtrack-report-1")
        for kind in ("plain", "hostile", "sampled", "other", "empty"):
            for by in BY:
                validator.validate(self.json(kind + ".pb.gz", "--by", by))

    def test_source_that_was_edited_since(self):
        """Its text is shown with a mark, and what the mark means is said below."""
        path = self.path("src", "names.c")
        before = self.text("--sort", "blocks", "plain.pb.gz")
        self.assertIn("return strdup(name);", before)
        self.assertNotIn("[changed since]", before)
        os.utime(path)
        try:
            after = self.text("--sort", "blocks", "plain.pb.gz")
        finally:
            os.utime(path, (BEFORE,) * 2)
        self.assertIn("return strdup(name); [changed since]", after)
        self.assertIn("[changed since] the program was built", after)
        self.assertEqual(1, after.count("strdup(name); [changed since]"))

    def test_fields(self):
        report = self.json("plain.pb.gz", "--by", "stack")
        self.assertEqual(set(report), {"schema", "process", "recording", "totals", "totals_margin",
                                       "coverage", "self", "wrappers", "group_by", "sort", "rows"})
        self.assertEqual(report["process"]["command"],
                         ["./parser", "--file", "some input.json", "it's"])
        self.assertEqual(report["process"]["start_time"], "2023-11-14T22:13:20.123456Z")
        self.assertEqual(report["process"]["exit"], {"code": 0, "signal": None})
        self.assertEqual(self.json("sampled.pb.gz")["process"]["exit"], {"code": None, "signal": 9})
        self.assertEqual(self.json("sampled.pb.gz")["recording"],
                         {"mode": "sampled", "sample_bytes": 524288, "approximate": False})
        row = report["rows"][0]
        self.assertEqual(set(row), {"key", "function", "file", "line", "module", "stack", *COLUMNS})
        self.assertEqual([frame["function"] for frame in row["stack"]],
                         ["parse::tokenize(std::basic_string_view<char, std::char_traits<char> >)",
                          "parse::parse_file(char const*)", "main", "_start"])
        self.assertEqual(row["stack"][1], {"function": "parse::parse_file(char const*)", "line": 6,
                                           "inlined": False, "file": "/srv/demo/src/parse.cpp",
                                           "module": "/srv/demo/parser", "address": "0x400020"})
        self.assertNotIn("stack", self.json("plain.pb.gz")["rows"][0])
        self.assertIn("[lossy]", [row["key"] for row in self.json("plain.pb.gz")["rows"]])


class Terminal(Case):
    """What is on the screen."""

    def pseudo_terminal(self, columns, *arguments, **env):
        """stdout of the report on a terminal."""
        return terminal.output_of([MEMTRACK, "report", *arguments], columns, self.dir,
                                  **{"NO_COLOR": None, "MEMTRACK_PAGER": "cat", **env})

    def test_lines_fit(self):
        for kind in ("plain", "hostile", "sampled", "many", "other"):
            for columns in (60, 80, 100, 120, 200):
                for by in BY:
                    for line in self.text(kind + ".pb.gz", "--by", by,
                                          COLUMNS=str(columns)).splitlines():
                        self.assertLessEqual(len(line), columns, line)

    def test_width_of_the_terminal(self):
        longest = max(len(line) for line in self.pseudo_terminal(132, "plain.pb.gz",
                                                                 NO_COLOR="1").splitlines())
        self.assertTrue(80 < longest <= 132, longest)

    def test_color(self):
        self.assertIn("\033[", self.pseudo_terminal(80, "plain.pb.gz"))
        self.assertNotIn("\033", self.pseudo_terminal(80, "plain.pb.gz", NO_COLOR="1"))
        self.assertNotIn("\033", self.pseudo_terminal(80, "plain.pb.gz", TERM="dumb"))
        self.assertNotIn("\033", self.pseudo_terminal(80, "plain.pb.gz", "--color=never"))
        self.assertIn("\033[", self.pseudo_terminal(80, "plain.pb.gz", "--color=always",
                                                    NO_COLOR="1"))
        self.assertNotIn("\033", self.text("plain.pb.gz"))
        self.assertIn("\033[", self.text("plain.pb.gz", FORCE_COLOR="1", NO_COLOR=""))
        self.assertNotIn("\033", self.text("plain.pb.gz", FORCE_COLOR="1", NO_COLOR="1"))

    def test_colors_change_nothing_else(self):
        plain = self.text("plain.pb.gz", "--color=never")
        self.assertEqual(re.sub(r"\033\[\d*m", "", self.text("plain.pb.gz", "--color=always")),
                         plain)

    def test_nothing_hostile_is_printed(self):
        for arguments in (["-n", "0"], ["--csv"], ["--json"], ["--by", "stack", "--full-names"],
                          ["--by", "thread"], ["--by", "module"], ["--by", "function"]):
            for locale in ("C", "C.UTF-8"):
                text = self.text("hostile.pb.gz", *arguments, LC_ALL=locale)
                output.check_harmless(self, text, arguments)
                if "--csv" not in arguments:
                    self.assertNotIn("\r", text)
                if locale == "C" and "--csv" not in arguments:
                    self.assertTrue(text.isascii())

    def test_pager(self):
        marks = self.pseudo_terminal(80, "plain.pb.gz", MEMTRACK_PAGER="sed s/^/pager:/")
        self.assertTrue(all(line.startswith("pager:") for line in marks.splitlines()), marks)
        self.assertIn("pager:", self.pseudo_terminal(80, "plain.pb.gz", MEMTRACK_PAGER=None,
                                                     PAGER="sed s/^/pager:/"))
        self.assertNotIn("pager:", self.pseudo_terminal(80, "plain.pb.gz", "--no-pager",
                                                        MEMTRACK_PAGER="sed s/^/pager:/"))
        self.assertNotIn("pager:", self.text("plain.pb.gz", MEMTRACK_PAGER="sed s/^/pager:/"))
        self.assertIn("total", self.pseudo_terminal(80, "plain.pb.gz",
                                                    MEMTRACK_PAGER="no-such-pager -x"))
        # quits early: status stays 0
        self.pseudo_terminal(80, "many.pb.gz", "-n", "0", MEMTRACK_PAGER="head -n 1")

    def test_closed_pipe_is_quiet(self):
        command = "%s report many.pb.gz -n 0 2>err | head -n 1; cat err" % MEMTRACK
        result = harness.run(["sh", "-c", command], cwd=self.dir,
                             env=harness.plain_environment(COLUMNS="80"))
        self.assertEqual(len(result.stdout.splitlines()), 1, result)

    def test_full_disk_is_an_error(self):
        self.disk_is_full("many.pb.gz", "--json")


class Errors(Case):
    def test_usage(self):
        self.problem("plain.pb.gz", "--by", "colour", status=2, contains="line|function|file")
        self.problem("plain.pb.gz", "--sort", "age", status=2, contains="live|peak|total")
        self.problem("plain.pb.gz", "-n", "-3", status=2, contains="needs a number, 0 for all")
        self.problem("plain.pb.gz", "-n", "1x", status=2, contains="needs a number, 0 for all")
        self.problem("plain.pb.gz", "--at", "noon", status=2, contains="1.5s")
        self.problem("plain.pb.gz", "--at", "3s", status=2, contains="1.83 s")
        self.problem("many.pb.gz", "--at", "1s", status=2, contains="no time axis")
        self.problem("many.pb.gz", "--at", "1s", status=2, contains="a ledger or a snapshot")
        self.problem("other.pb.gz", "--at", "1s", status=2, contains="Another tool wrote it")
        self.problem("other.pb.gz", "--at", "peak", status=2, contains="peak")
        self.problem("plain.pb.gz", "--json", "--csv", status=2, contains="exclude each other")
        self.problem("plain.pb.gz", "many.pb.gz", status=2, contains="one profile")
        self.problem("plain.pb.gz", "--colour", status=2, contains="--colour")
        self.problem("plain.pb.gz", "--cumulative", "--by", "stack", status=2, contains="--by line")
        self.problem("4194305", status=3, contains="no such process")  # above every pid
        for pattern in ("", ":12"):
            for option in ("--include", "--exclude", "--wrapper"):
                self.problem("plain.pb.gz", option, pattern, status=2, contains="%s '%s'" %
                             (option, pattern))
        self.problem("plain.pb.gz", "--all-frames", status=2, contains="needs --include")
        self.problem("plain.pb.gz@peak", "--at", "end", status=2, contains="give one moment")
        self.problem("", status=2, contains="the name is empty")
        self.problem("-", status=3, contains="standard input is not a memtrack or pprof profile")

    def test_a_mistake_is_told_in_two_lines(self):
        for arguments in (["--nix"], ["--by"], ["--by", "colour"], ["-x"], ["one", "two"]):
            told = self.call(*arguments, status=2).stderr.decode().split("\n")
            self.assertRegex(told[0], r"^memtrack report: \S")
            self.assertEqual(told[1:], ["  memtrack report --help shows the options.", ""])

    def test_debuginfod_without_servers_is_told(self):
        for options in (["report", "plain.pb.gz"], ["scopes", "plain.pb.gz"]):
            for urls, expected in (("", 1), ("http://127.0.0.1:1/", 0)):
                result = harness.run([MEMTRACK, *options, "--debuginfod"], cwd=self.dir,
                                     env=harness.plain_environment(DEBUGINFOD_URLS=urls))
                self.assertEqual((0, expected), (result.code,
                                                 result.stderr.count(
                                                     b"DEBUGINFOD_URLS is not set")))

    def test_unreadable(self):
        self.problem("missing.pb.gz", status=3, contains="No such file")
        self.write("text.pb.gz", b"this is not a profile")
        self.problem("text.pb.gz", status=3, contains="text.pb.gz")
        self.write("zeros.pb.gz", gzip.compress(bytes(100)))
        self.problem("zeros.pb.gz", status=3, contains="zeros.pb.gz")
        self.write("void.pb.gz", b"")
        self.problem("void.pb.gz", status=3, contains="void.pb.gz")
        self.problem("/dev/null", status=3, contains="/dev/null")

    def write(self, name, content):
        self.addCleanup(os.remove, super().write(name, content))

    def test_every_cut_and_every_broken_byte_is_survived(self):
        whole = gzip.decompress(self.read("plain.pb.gz"))
        for i in range(0, len(whole), 7):
            self.write("broken.pb.gz", whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1:] if i % 2
                       else whole[:i])
            result = harness.run([MEMTRACK, "report", "broken.pb.gz", "--by", "stack"],
                                 cwd=self.dir)
            self.assertIn(result.code, (0, 3), result)
            self.doCleanups()


class Choice(Case):
    """Which profile is meant."""

    KINDS = ()

    def setUp(self):
        self.home = self.enterContext(harness.workdir())

    def add(self, name, kind, age):
        os.utime(profiles.make(kind, self.home, name), (time.time() - age,) * 2)

    def test_newest_of_the_current_directory(self):
        self.add("memtrack.old.1.pb.gz", "empty", 100)
        self.add("memtrack.new.2.pb.gz", "plain", 10)
        self.add("other.pb.gz", "other", 0)  # not of memtrack's naming
        result = self.call(cwd=self.home)
        self.assertIn(b" parser --file", result.stdout)
        self.assertEqual(result.stderr.decode(),
                         "memtrack report: memtrack.new.2.pb.gz, the newest of 2 profiles\n")

    def test_directory(self):
        self.add("one.pb.gz", "plain", 0)
        result = self.call(self.home)
        self.assertIn(b" parser --file", result.stdout)
        self.assertEqual(result.stderr, b"")

    def test_standard_input(self):
        self.add("one.pb.gz", "plain", 0)
        named = self.call("one.pb.gz", cwd=self.home).stdout
        env = harness.plain_environment(LC_ALL="C.UTF-8", COLUMNS="80")
        with open(os.path.join(self.home, "one.pb.gz"), "rb") as file:
            content = file.read()
        piped = harness.run([MEMTRACK, "report", "-"], cwd=self.home, env=env, stdin=content)
        self.assertEqual(piped.stdout, named)
        redirected = harness.run(["sh", "-c", "exec %s report - < one.pb.gz" % MEMTRACK],
                                 cwd=self.home, env=env)
        self.assertEqual(redirected.stdout, named)
        for rubbish in (b"", b"rubbish", content[:200], bytes(300000)):
            result = harness.run([MEMTRACK, "report", "-"], cwd=self.home, stdin=rubbish)
            self.assertEqual((result.code, result.stdout), (3, b""), result)

    def test_none(self):
        result = self.call(cwd=self.home, status=3)
        self.assertIn(b"no profile (*.pb.gz) in the current directory", result.stderr)
        self.assertIn(self.home.encode(), self.call(self.home, status=3).stderr)


class Front(Case):
    """memtrack without a command."""

    def memtrack(self, *arguments):
        return harness.run([MEMTRACK, *arguments], cwd=self.dir)

    def test_help_and_version(self):
        for option in ("--help", "-h"):
            result = self.memtrack(option)
            self.assertEqual((result.code, result.stderr), (0, b""))
            self.assertIn(b"report", result.stdout)
        self.assertRegex(self.memtrack("--version").stdout.decode(), r"^memtrack \d+\.\d+\.\d+\n$")

    def test_no_arguments(self):
        """The help, and the status of wrong usage: memtrack $EMPTY in a script has run nothing."""
        result, asked = self.memtrack(), self.memtrack("--help")
        self.assertEqual((result.code, result.stderr), (2, b""))
        self.assertEqual(result.stdout, asked.stdout)

    def test_help_of_a_command(self):
        for words in (("help", "report"), ("report", "-h"), ("report", "-?")):
            result = self.memtrack(*words)
            self.assertEqual((result.code, result.stderr), (0, b""))
            self.assertIn(b"--by=", result.stdout)
            self.assertNotIn(b"--sysroot", result.stdout)
        for words in (("help", "report", "all"), ("report", "--help", "all"),
                      ("report", "--help=all")):
            self.assertIn(b"--sysroot", self.memtrack(*words).stdout)
        self.assertEqual(self.memtrack("help", "rport").code, 2)
        self.assertEqual(self.memtrack("report", "--help=some").code, 2)
        of_the_program = self.memtrack("run", "-q", "echo", "--help", "all")
        self.assertEqual(of_the_program.stdout, b"--help all\n")

    def test_mistyped_command(self):
        for word, meant in (("reprot", "report"), ("rnu", None), ("Report", "report"),
                            ("reports", "report")):
            result = self.memtrack(word)
            if meant:
                self.assertEqual(result.code, 2, result)
                self.assertIn(b"did you mean memtrack " + meant.encode(), result.stderr)
            else:
                self.assertEqual(result.code, 127, result)

    def test_commands_of_later_versions_are_not_run_as_programs(self):
        for word in ("leaks", "push"):
            result = self.memtrack(word, "a", "b")
            self.assertEqual(result.code, 2, result)
            self.assertIn(b"is not in this version", result.stderr)

    def test_bare_program_runs(self):
        result = self.memtrack("-q", "-o", "bare.pb.gz", "sh", "-c", "exit 7")
        self.assertEqual(result.code, 7, result)
        self.addCleanup(os.remove, self.path("bare.pb.gz"))


if __name__ == "__main__":
    harness.main()
