# SPDX-License-Identifier: MIT
# cost: 9
"""`memtrack export`: what it prints of known profiles (golden/export-*.txt), which files it writes,
and what it refuses. What other tools make of the formats is in tests/oracle/test_export_*.py."""
import json
import os

from support import golden, harness, live, profiles


class Case(profiles.Command):
    COMMAND = "export"
    KINDS = ("plain", "hostile", "sampled", "change", "freed", "empty", "many", "deep", "other")

    def report(self, *arguments):
        return harness.ask("report", *arguments, cwd=self.dir)


class Golden(Case):
    def test_formats(self):
        golden.check_files(self, "export", self.dir)


class Rows(Case):
    def test_json_and_csv_are_those_of_the_report(self):
        for kind in self.KINDS:
            for options in ([], ["--by", "line"], ["--exclude", "*main*", "--sort", "total"]):
                name = kind + ".pb.gz"
                by = [] if "--by" in options else ["--by", "stack"]
                self.assertEqual(self.report(*options, *by, name),
                                 json.loads(self.text("--format", "json", *options, name)))
                rows = harness.table("report", *options, *by, name, cwd=self.dir)
                self.assertEqual(rows, harness.rows_of_csv(
                    self.call("--format", "csv", *options, name).stdout))

    def test_several_are_added_up(self):
        one, other = (self.report(kind + ".pb.gz")["totals"] for kind in ("plain", "many"))
        both = json.loads(self.text("--format", "json", "plain.pb.gz", "many.pb.gz"))
        for name in ("live_bytes", "peak_bytes", "total_blocks"):
            self.assertEqual(one[name] + other[name], both["totals"][name])
            self.assertEqual(both["totals"][name], sum(row[name] for row in both["rows"]))


class Subjects(Case):
    """What report takes, export takes."""

    ALL = ("pprof", "collapsed", "speedscope", "dhat", "massif", "callgrind", "heap")

    def test_a_running_process(self):
        with live.process([harness.program("threads_balance"), "4"]) as process:
            process.wait_for("ready")
            for format in self.ALL:
                made = self.path("live." + format)
                process.memtrack("export", "-q", "--force", "--format", format, process.pid, "-o",
                                 made)
                self.assertGreater(os.path.getsize(made), 100, format)
            report = json.loads(process.memtrack("report", "--json", process.pid).stdout)
        again = self.report(self.path("live.pprof"))
        self.assertEqual(report["process"]["pid"], again["process"]["pid"])
        self.assertGreater(again["totals"]["live_bytes"], 0)

    def test_a_run_of_several(self):
        run = self.path("run")
        harness.run([harness.MEMTRACK, "run", "-q", "-o", run + "/", "--", "sh", "-c",
                     "ls / >/dev/null; ls /usr >/dev/null"])
        report = self.report("--by", "stack", run)
        for format in self.ALL:
            made = self.path("run." + format)
            self.call("-q", "--force", "--format", format, run, "-o", made)
            self.assertGreater(os.path.getsize(made), 100, format)
        again = self.report("--by", "stack", self.path("run.pprof"))
        self.assertEqual(report["totals"], again["totals"])
        self.assertEqual({row["key"]: row["peak_bytes"] for row in report["rows"]},
                         {row["key"]: row["peak_bytes"] for row in again["rows"]})


class Files(Case):
    def export(self, *arguments, **options):
        return self.call("--format", "collapsed", "plain.pb.gz", "-o", *arguments, **options)

    def test_a_file_is_whole_or_not_there(self):
        path = self.path("new.txt")
        self.export(path)
        with open(path) as file:
            first = file.read()
        self.assertIn(";main;", first)
        self.assertEqual(0o666 & ~self.umask(), os.stat(path).st_mode & 0o777)
        self.problem("--format", "csv", "plain.pb.gz", "-o", path, status=2, contains="exists")
        with open(path) as file:
            self.assertEqual(first, file.read())
        self.call("--format", "csv", "plain.pb.gz", "--force", "-o", path)
        with open(path) as file:
            self.assertTrue(file.read().startswith("key,"))
        self.call("--format", "csv", "nothing.pb.gz", "--force", "-o", path, status=3)
        with open(path) as file:
            self.assertTrue(file.read().startswith("key,"))

    def umask(self):
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_a_file_that_does_not_fit_leaves_nothing(self):
        before = os.listdir(self.dir)
        script = 'trap "" XFSZ; ulimit -f 1; exec "$0" export --format csv many.pb.gz -o big.csv'
        result = harness.run(["bash", "-c", script, harness.MEMTRACK], cwd=self.dir)
        self.assertEqual(3, result.code, result)
        self.assertIn(b"File too large", result.stderr)
        self.assertEqual(before, os.listdir(self.dir))

    def test_places(self):
        self.problem("--format", "csv", "plain.pb.gz", "-o", self.dir, status=2,
                     contains="is a directory")
        self.problem("--format", "csv", "plain.pb.gz", "-o", "no/such/place", status=3,
                     contains="No such file")
        self.assertEqual(b"", self.export("/dev/null").stdout)
        self.assertEqual(self.export("-").stdout, self.call("--format", "collapsed",
                                                            "plain.pb.gz").stdout)


class Mistakes(Case):
    def test_messages(self):
        self.problem("plain.pb.gz", status=2, contains="--format is needed: one of")
        self.problem("--format", "x", "plain.pb.gz", status=2, contains="collapsed|")
        self.problem("--format", "collapsed", "--by", "line", "plain.pb.gz", status=2,
                     contains="--by and --format collapsed")
        self.problem("--format", "csv", "--force", "plain.pb.gz", status=2, contains="needs -o")
        self.problem("--format", "csv", "plain.pb.gz@peak", "many.pb.gz", status=2,
                     contains="a moment of one of several files")
        self.problem("--format", "csv", "--at", "1s", "many.pb.gz", "many.pb.gz", status=2,
                     contains="no time axis")
        self.problem("--format", "csv", "plain.pb.gz", "nothing.pb.gz", status=3,
                     contains="nothing.pb.gz")
        self.disk_is_full("--format", "csv", "-q", "plain.pb.gz")

    def test_losses_are_said_once(self):
        result = self.call("--format", "collapsed", "plain.pb.gz")
        self.assertEqual(1, result.stderr.count(b"\n"))
        self.assertIn(b"collapsed has no place for", result.stderr)
        self.assertEqual(b"", self.call("--format", "collapsed", "-q", "plain.pb.gz").stderr)


if __name__ == "__main__":
    harness.main()
