# SPDX-License-Identifier: MIT
# timeout: 240
"""`memtrack check`: the right status for every outcome, figures that equal the report's, and
results that other tools can read whatever names are in the profile (golden/check-*.txt)."""
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from support import golden, harness, live, profiles

MEMTRACK = harness.MEMTRACK
KINDS = ("plain", "hostile", "sampled", "other", "empty")


class Case(profiles.Trials):
    COMMAND = "check"
    KINDS = KINDS

    def lines(self, *arguments, **options):
        """The first line of each finding."""
        return [line for line in self.text(*arguments, **options).splitlines()
                if not line.startswith(" ")]

    def totals(self, name):
        return harness.ask("report", self.path(name))["totals"]

    def starts(self, *command, **options):
        """memtrack check --run of it, until the program says that it is ready."""
        return self.enterContext(live.Child([MEMTRACK, "check", "--run", *command], "ready",
                                            cwd=self.dir, env=self.environment(), **options))


class Budgets(Case):
    def test_limits_are_inclusive_and_exact(self):
        totals = self.totals("plain.pb.gz")
        for option, statistic in (("--max-peak", "peak_bytes"), ("--max-live", "live_bytes"),
                                  ("--max-total", "total_bytes"),
                                  ("--max-total-blocks", "total_blocks")):
            with self.subTest(option):
                self.assertGreater(totals[statistic], 0)
                self.assertEqual([], self.lines(option, str(totals[statistic]), "plain.pb.gz"))
                broken = self.lines(option, str(totals[statistic] - 1), "plain.pb.gz", status=1)
                self.assertEqual(1, len(broken), broken)
                found = self.valid(option, str(totals[statistic] - 1), "plain.pb.gz", status=1)
                budget = found["files"][0]["budgets"][0]
                self.assertEqual((statistic, totals[statistic], 1, "broken"),
                                 (budget["statistic"], budget["actual"], budget["excess"],
                                  budget["outcome"]))

    def test_one_line_for_each_broken_budget(self):
        lines = self.lines("--max-peak", "1K", "--max-live", "1G", "--max-total-blocks", "5",
                           "plain.pb.gz", "sampled.pb.gz", status=1)
        self.assertEqual(["broken"] * 4, [line.split()[0] for line in lines])

    def test_text(self):
        golden.check_files(self, "check", self.dir)

    def test_the_line_is_that_of_the_report(self):
        for option, sort in (("--max-peak", "peak"), ("--max-live", "live"),
                             ("--max-total", "total"), ("--max-total-blocks", "blocks")):
            with self.subTest(option):
                where = self.valid(option, "0", "plain.pb.gz",
                                   status=1)["files"][0]["budgets"][0]["where"]
                rows = harness.ask("report", "--sort", sort, "-n", "1",
                                   self.path("plain.pb.gz"))["rows"]
                self.assertEqual((rows[0]["key"], rows[0]["line"]), (where["key"], where["line"]))

    def test_next_command_works(self):
        shutil.copy(self.path("plain.pb.gz"), self.path("it's odd.pb.gz"))
        command = self.valid("--max-peak", "0", "it's odd.pb.gz",
                             status=1)["files"][0]["budgets"][0]["next"]
        result = harness.run(["sh", "-c", command], cwd=self.dir,
                             env=self.environment(PATH=os.path.dirname(MEMTRACK) +
                                                  ":/usr/bin:/bin"))
        self.assertEqual(0, result.code, result)
        self.assertIn(b"CALL PATH", result.stdout)

    def test_what_is_not_known_is_no_pass(self):
        found = self.valid("--max-peak", "1G", "other.pb.gz", status=1)
        self.assertEqual(("unknown", None), tuple(found["files"][0]["budgets"][0][key]
                                                  for key in ("outcome", "actual")))
        line, = self.lines("--scope", "a:b:peak=1K", "plain.pb.gz", status=1)
        self.assertIn("no scopes", line)
        self.assertIn("scope a:b", line)

    def test_scopes(self):
        profiles.make("scopes", self.dir)
        shown = harness.ask("scopes", self.path("scopes.pb.gz"))
        row = next(row for row in shown["rows"] if row["name"] == "request")
        for key, statistic in (("peak", "peak_bytes"), ("net", "net_bytes"),
                               ("allocated", "allocated_bytes"), ("blocks", "allocated_blocks")):
            with self.subTest(key):
                most = row[statistic]["max"]
                self.assertEqual([], self.lines("--scope", "request:%s=%d" % (key, most),
                                                "scopes.pb.gz"))
                line, = self.lines("--scope", "request:%s=%d" % (key, most - 1), "scopes.pb.gz",
                                   status=1)
                self.assertIn("scope request", line)
        self.lines("--scope", "request:peak=1G,blocks=1", "--scope", "parse:peak=1G",
                   "scopes.pb.gz", status=1)
        line, = self.lines("--scope", "requests:peak=1G", "scopes.pb.gz", status=1)
        self.assertIn("no scope of this name", line)

    def test_hint_of_a_wrong_scope(self):
        result = harness.memtrack("check", "--scope", "parse:p95=1", "none.pb.gz", status=2)
        first, *hints = result.stderr.decode().splitlines()
        self.assertEqual("memtrack check: --scope parse:p95=1: not the budget of a scope", first)
        self.assertEqual(2, len(hints))
        for hint in hints:
            self.assertTrue(hint.startswith("  ") and not hint.startswith("   "), hint)

    def test_scopes_times(self):
        profiles.make("scopes", self.dir)
        shown = harness.ask("scopes", self.path("scopes.pb.gz"))
        row = next(row for row in shown["rows"] if row["name"] == "request")
        duration = row["duration_ns"]
        for key, value in (("duration", duration["max"]), ("mean", int(duration["mean"])),
                           ("p50", duration["p50"]), ("p95", duration["p95"])):
            with self.subTest(key):
                self.assertLess(1, value)
                self.assertEqual([], self.lines("--scope", "request:%s=%dns" % (key, value),
                                                "scopes.pb.gz"))
                line, = self.lines("--scope", "request:%s=%dns" % (key, value - 1), "scopes.pb.gz",
                                   status=1)
                self.assertIn("scope request", line)
                self.assertRegex(line, r"[\d.,]+ (ns|us|ms|s), 1 ns \([<\d.%]+\) over the budget of")
        budget = self.valid("--scope", "request:p95=1ns,errors=0", "scopes.pb.gz",
                            status=1)["files"][0]["budgets"]
        self.assertEqual([("p95_ns", "ns", 1, duration["p95"]), ("errors", "errors", 0, row["errors"])],
                         [(b["statistic"], b["unit"], b["limit"], b["actual"]) for b in budget])
        result = harness.memtrack("check", "--scope", "request:p95=1ns", "scopes.pb.gz",
                                  cwd=self.dir, status=1)
        self.assertIn(b"\n  memtrack scopes --details --include request scopes.pb.gz\n",
                      result.stdout + result.stderr)
        result = harness.run([harness.MEMTRACK, "check", "--scope", "request:p95=10",
                              self.path("scopes.pb.gz")])
        self.assertEqual(2, result.code, "%r" % result)
        self.assertIn("p95=20ms", result.stderr.decode())

    def test_running_process(self):
        program = "import sys; print('ready', flush=True); sys.stdin.read()"
        env = self.environment(LD_PRELOAD=harness.LIBRARY)
        process = self.enterContext(live.Child([harness.tool("python3"), "-S", "-c", program],
                                               "ready", env=env))
        found = self.valid("--max-peak", "1G", "--no-leaks", str(process.pid), status=1)["files"][0]
        self.assertEqual(["kept", "unknown"], [budget["outcome"] for budget in found["budgets"]])
        self.assertGreater(found["budgets"][0]["actual"], 100000)
        self.assertIn("had not ended", " ".join(found["doubts"]))
        self.lines("--max-peak", "100K", str(process.pid), status=1)

    def test_strict(self):
        self.assertEqual(0, self.call("--max-total-blocks", "1G", "sampled.pb.gz").code)
        self.assertIn(b"estimates", self.call("--max-total-blocks", "1G", "sampled.pb.gz").stderr)
        line, = self.lines("--strict", "sampled.pb.gz", status=1)
        self.assertIn("estimates", line)
        self.assertEqual([], self.lines("--strict", "plain.pb.gz"))


class Baseline(Case):
    def test_tolerance(self):
        self.assertEqual([], self.lines("--baseline", "plain.pb.gz", "--tolerance", "0",
                                        "plain.pb.gz"))
        found = self.valid("--baseline", "empty.pb.gz", "--tolerance", "1000", "plain.pb.gz",
                           status=1)
        self.assertEqual(["baseline-peak", "baseline-live", "baseline-total-blocks"],
                         [budget["budget"] for budget in found["files"][0]["budgets"]])
        self.assertEqual({"broken"}, {budget["outcome"] for budget in found["files"][0]["budgets"]})

    def test_improvements_are_told(self):
        lines = self.lines("--baseline", "plain.pb.gz", "empty.pb.gz")
        self.assertEqual(["improved"] * 3, [line.split()[0] for line in lines])
        self.assertEqual([], self.lines("-q", "--baseline", "plain.pb.gz", "empty.pb.gz"))

    def test_only_the_same_program_is_compared(self):
        found = self.valid("--baseline", "plain.pb.gz", "plain.pb.gz", "hostile.pb.gz")
        self.assertEqual([3, 0], [len(file["budgets"]) for file in found["files"]])
        result = self.call("--baseline", "plain.pb.gz", "hostile.pb.gz", "other.pb.gz", status=2)
        self.assertIn(b"nothing was compared", result.stderr)


class Results(Case):
    def test_junit(self):
        arguments = ["--max-peak", "1K", "--max-live", "1G", "--scope", "<&\"\x01>:peak=1",
                     "--junit", "junit.xml", *(kind + ".pb.gz" for kind in KINDS)]
        self.call(*arguments, "missing.pb.gz", status=3)
        root = ElementTree.parse(self.path("junit.xml")).getroot()
        suites = root.findall("testsuite")
        self.assertEqual([kind + ".pb.gz" for kind in KINDS] + ["missing.pb.gz"],
                         [s.get("name") for s in suites])
        for counted, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            self.assertEqual(int(root.get(counted)), len(root.findall(".//" + tag)), counted)
            for suite in suites:
                self.assertEqual(int(suite.get(counted)), len(suite.findall(".//" + tag)),
                                 (suite.get("name"), counted))
        self.assertEqual(1, len(suites[0].findall(".//failure")))
        self.assertIn("memtrack report", suites[0].find(".//failure").text)
        self.assertIsNotNone(suites[-1].find("testcase/error"))
        names = [case.get("name") for case in suites[0].findall("testcase")]
        self.assertEqual(["max-peak", "max-live", "max-peak <&\"\\x01>"], names)

    def test_control_bytes_stay_away_from_terminals(self):
        for stream in (self.call("--max-peak", "0", "--no-leaks", "hostile.pb.gz", status=1).stdout,
                       self.call("--json", "--max-peak", "0", "--no-leaks", "hostile.pb.gz",
                                 status=1).stdout):
            self.assertEqual(b"", bytes(byte for byte in stream if byte < 32 and byte != 10
                                        or byte == 127))

    def test_what_cannot_be_written(self):
        self.call("--max-peak", "1G", "--junit", "no/such/place.xml", "plain.pb.gz", status=3)
        self.disk_is_full("--json", "--max-peak", "1G", "plain.pb.gz")
        self.call("--max-peak", "1G", "--junit", "/dev/full", "plain.pb.gz", status=3)

    def test_unreadable_profiles(self):
        content = self.read("plain.pb.gz")
        for name, data in (("cut", content[:len(content) // 2]), ("zeros", bytes(1000)),
                           ("nothing", b"")):
            self.write(name, data)
        for name in ("cut", "zeros", "nothing", "missing"):
            with self.subTest(name):
                result = self.call("--max-peak", "0", name, "plain.pb.gz", status=3)
                self.assertIn(name.encode(), result.stderr)
                self.assertIn(b"plain.pb.gz", result.stdout,
                              "the other one is checked all the same")
                self.call("--baseline", name, "plain.pb.gz", status=3)

    def test_wrong_usage(self):
        for arguments in (["plain.pb.gz"], ["--max-peak", "1M"],
                          ["--max-peak", "much", "plain.pb.gz"],
                          ["--max-peak", "-1", "plain.pb.gz"],
                          ["--tolerance", "5", "--max-peak", "1M", "plain.pb.gz"],
                          ["--tolerance", "nan", "--baseline", "plain.pb.gz", "plain.pb.gz"],
                          ["--scope", "peak=1M", "plain.pb.gz"],
                          ["--scope", "a:peak=", "plain.pb.gz"],
                          ["--scope", "a:speed=1", "plain.pb.gz"],
                          ["--scope", ":peak=1", "plain.pb.gz"], ["--run", "--max-peak", "1M"],
                          ["--max-peak", "1M", "plain.pb.gz", "--run"],
                          ["--profiles", "x", "--max-peak", "1M", "plain.pb.gz"],
                          ["--junit", "-", "--max-peak", "1M", "plain.pb.gz"],
                          ["--baseline", "plain.pb.gz", "--baseline", "plain.pb.gz",
                           "plain.pb.gz"]):
            with self.subTest(arguments):
                result = self.call(*arguments, status=2)
                self.assertEqual(b"", result.stdout)
                self.assertNotEqual(b"", result.stderr)

    def test_standard_input(self):
        self.call("--max-peak", "0", "-", stdin=self.read("plain.pb.gz"), status=1)


class Run(Case):
    def test_kept(self):
        result = self.call("--run", "--max-peak", "10M", "--no-leaks", "--",
                           harness.program("tree"))
        self.assertIn(b"memtrack check: 2 budgets kept; not counted: 1 block (4.0 KiB)", result.stderr)
        self.assertEqual([], self.leftovers())

    def test_broken(self):
        result = self.call("--run", "--max-peak", "100K", "--", harness.program("tree"), status=1)
        native = harness.run([harness.program("tree")], cwd=self.dir)
        self.assertEqual(native.stdout, result.stdout)
        self.assertIn(b"tree.c", result.stderr)
        kept, = self.leftovers()
        self.assertIn(kept.encode(), result.stderr)
        harness.memtrack("report", self.path("tmp", kept, "tree.pb.gz"))

    def test_leaks_are_those_of_the_program(self):
        self.call("--run", "--no-leaks", "--", harness.program("leaks"), status=1)
        found = json.loads(self.call("--run", "--json", "--no-leaks", "--",
                                     harness.program("leaks"), status=1).stderr)
        budget = found["files"][0]["budgets"][0]
        self.assertEqual("leaked_blocks", budget["statistic"])
        self.assertGreater(budget["actual"], 0)
        self.assertIn("leaks.c", budget["where"]["key"])
        self.call("--run", "--no-leaks", "--ignore", "*leaks.c", "--", harness.program("leaks"))

    def test_the_runtime_does_not_leak(self):
        self.build("quiet", '#include <locale.h>\n#include <pthread.h>\n#include '
                            '<stdio.h>\n#include <stdlib.h>\n'
                            '#include <time.h>\n#include <pwd.h>\n#include <unistd.h>\n'
                            'static void *work(void *x) { free(malloc(10)); return x; }\nstatic '
                            'void bye(void) {}\n'
                            'int main(int argc, char **argv) {\n  (void)argv;\n  time_t now = 0;\n '
                            ' pthread_t thread[4];\n'
                            '  setlocale(LC_ALL, "C.UTF-8");\n  printf("%s", ctime(&now));\n  '
                            'getpwuid(getuid());\n'
                            '  setenv("MEMTRACK_TEST", "1", 1);\n  for (int i = 0; i < 40; i++) '
                            'atexit(bye);\n'
                            '  for (int i = 0; i < 4; i++) pthread_create(&thread[i], NULL, work, '
                            'NULL);\n'
                            '  for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);\n'
                            '  void *volatile p = argc > 1 ? malloc(77) : NULL;\n  return p == '
                            '(void *)1;\n}\n', "-g")
        self.call("--run", "--no-leaks", "--", self.path("quiet"))
        # there was something to leave out
        self.call("--run", "--max-live", "0", "--", self.path("quiet"), status=1)
        found = json.loads(self.call("--run", "--json", "--no-leaks", "--", self.path("quiet"),
                                     "leak", status=1).stderr)
        self.assertEqual(1, found["files"][0]["budgets"][0]["actual"])

    def test_failure_of_the_program_passes_through(self):
        for script, status in (("exit 7", 7), ("kill -TERM $$", 143)):
            with self.subTest(script):
                self.call("--run", "--max-peak", "1G", "--", "sh", "-c", script, status=status)
                self.call("--run", "--max-peak", "0", "--profiles", "kept", "--", "sh", "-c",
                          script, status=status)
        self.call("--run", "--max-peak", "1G", "--", "/no/such/program", status=127)
        self.assertEqual([], self.leftovers())

    def test_children_are_checked(self):
        command = ["sh", "-c", '"$1"; "$1"; true', "sh", harness.program("tree")]
        self.call("--run", "--max-peak", "100K", "--profiles", "kept", "--", *command, status=1)
        names = sorted(os.listdir(self.path("kept")))
        self.assertLessEqual({"sh.pb.gz", "tree.pb.gz", "tree.2.pb.gz"}, set(names))
        lines = self.lines("--max-peak", "100K", *(os.path.join("kept", name) for name in names),
                           status=1)
        self.assertEqual(2, len(lines), lines)
        self.call("--run", "--max-peak", "100K", "--profiles", "kept", "--", *command, status=1)
        self.assertEqual(names, sorted(os.listdir(self.path("kept"))), "the same names each time")
        self.assertEqual([], self.leftovers())

    def test_the_directory_of_a_run(self):
        """Each of its processes has to keep the budgets."""
        tree = harness.program("tree")
        harness.check([MEMTRACK, "run", "-q", "--", "sh", "-c", '"$0"; "$0"; true', tree],
                      cwd=self.dir, env=self.environment())
        directory, = [name for name in os.listdir(self.dir) if name.startswith("memtrack.sh.")]
        profiles_there = [name for name in os.listdir(self.path(directory))
                          if name.endswith(".pb.gz")]
        for argument in (directory, directory + "/", self.path(directory)):
            found = self.valid("--max-peak", "100K", argument, status=1)["files"]
            self.assertEqual(sorted(profiles_there),
                             sorted(os.path.basename(file["file"]) for file in found))
            self.assertEqual(2, sum(not file["ok"] for file in found))
        self.assertEqual(2, len(self.lines("--max-peak", "100K", "--process", "tree", directory,
                                           status=1)))
        baseline = next(name for name in profiles_there if name.startswith("tree."))
        found = self.valid("--baseline", os.path.join(directory, baseline), directory)["files"]
        self.assertEqual([0, 3, 3], sorted(len(file["budgets"]) for file in found))
        os.unlink(self.path(directory, baseline))
        self.call("--max-peak", "1G", directory, status=3)

    def test_only_the_processes_that_are_meant(self):
        command = ["--", "sh", "-c", '"$1"; sleep 0', "sh", harness.program("tree")]
        self.call("--run", "--max-peak", "1K", "--process", "sleep*", "--process", "tree", *command,
                  status=1)
        found = json.loads(self.call("--run", "--json", "--max-peak", "100K", "--process", "tre?",
                                     "--profiles", "kept", *command, status=1).stderr)
        self.assertEqual(["tree"], [os.path.basename(file["process"]["exe"])
                                    for file in found["files"]])
        self.assertEqual({"sh.pb.gz", "sleep.pb.gz", "tree.pb.gz"},
                         set(os.listdir(self.path("kept"))))
        for pattern in ("*/tests/programs/tree", harness.program("tree")):
            result = self.call("--run", "--max-peak", "1G", "--process", pattern, *command)
            self.assertIn(b"1 budget kept; not checked: 2 processes of other programs", result.stderr)
        self.call("--run", "--max-peak", "1G", "--process", "sh", *command)  # its file may be dash
        result = self.call("--run", "--max-peak", "1G", "--process", "trees", "--junit", "j.xml",
                           *command, status=3)
        self.assertIn(b"no program matches --process trees; there are sh, tree, sleep",
                      result.stderr)
        self.assertEqual(1, len(self.junit("j.xml").findall(".//error")))
        self.assertEqual(1, len(self.lines("--process", "tree", "--max-peak", "1K", "kept/sh.pb.gz",
                                           "kept/tree.pb.gz", status=1)))
        result = self.call("--process", "tree", "--max-peak", "1G", "kept/sh.pb.gz", status=3)
        self.assertIn(b"no program matches", result.stderr)

    def junit(self, name):
        return ElementTree.parse(self.path(name)).getroot()

    def test_a_run_that_failed_is_no_green_report(self):
        for command, status in ((["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -KILL $$"], 137),
                                (["/no/such/<&\"\x01\xff"], 127), (["true"], 0)):
            with self.subTest(command):
                result = self.call("--run", "--json", "--max-peak", "1G", "--junit", "j.xml", "--",
                                   *command, status=status)
                root = self.junit("j.xml")
                self.assertEqual(str(int(status != 0)), root.get("errors"))
                run = root.findall("testsuite")[-1].find("testcase[@name='run']")
                self.assertEqual(status != 0, run.find("error") is not None)
                if status:
                    self.assertIn("status %d" % status, run.find("error").text)
                shown = result.stderr[result.stderr.index(b"{"):]
                self.assertEqual((status, status == 0),
                                 (json.loads(shown)["run"]["status"], json.loads(shown)["ok"]))
        text = self.call("--run", "--max-peak", "1G", "--", "sh", "-c", "exit 7",
                         status=7).stderr.decode()
        self.assertIn("sh ended with status 7", text)

    def test_the_report_of_the_last_run_does_not_stay(self):
        self.call("--run", "--max-peak", "1G", "--junit", "j.xml", "--", "true")
        process = self.starts("--max-peak", "0", "--junit", "j.xml", "--profiles", "kept", "--",
                              "sh", "-c", "echo ready; read end")
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.read()  # until those that it started have ended as well
        self.assertEqual(0, os.path.getsize(self.path("j.xml")))

        # What it left goes when it is old and nobody has it locked.
        old, = os.listdir(self.path("kept"))
        for name in (old, "memtrack-trial.locked", "memtrack-trial.linked", "memtrack-trial.recent",
                     "memtrack-trial.txt"):
            if name.endswith("linked"):
                os.symlink(self.path("tmp"), self.path("kept", name))
            else:
                os.makedirs(self.path("kept", name), exist_ok=True)
            if not name.endswith("recent"):
                os.utime(self.path("kept", name), (0, 0), follow_symlinks=False)
        lock = os.open(self.path("kept", "memtrack-trial.locked"), os.O_RDONLY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_SH)
        self.call("--run", "--max-peak", "1G", "--profiles", "kept", "--", "true")
        self.assertEqual({"memtrack-trial.locked", "memtrack-trial.linked", "memtrack-trial.recent",
                          "memtrack-trial.txt", "true.pb.gz"}, set(os.listdir(self.path("kept"))))

    def test_a_directory_of_profiles_that_several_use_at_once(self):
        self.build("app", "#include <stdlib.h>\nint main(int argc, char **argv) {\n"
                   "  void *volatile p = malloc(strtoul(argv[argc - 1], NULL, 10));\n  free(p);\n  "
                   "return 0;\n}\n")
        runs = [(size, subprocess.Popen([MEMTRACK, "check", "--run", "--json", "--max-peak", "1K",
                                         "--profiles", "some/where/kept", "--", self.path("app"),
                                         size], cwd=self.dir, env=self.environment(),
                                        stderr=subprocess.PIPE)) for size in ("100", "100000") * 4]
        for size, process in runs:
            shown = json.loads(process.communicate()[1])["files"][0]["budgets"][0]
            self.assertEqual((int(int(size) > 1024), int(size)),
                             (process.returncode, shown["actual"]))
        self.assertEqual(["app.pb.gz"], os.listdir(self.path("some/where/kept")))

    def test_profiles_of_one_program_are_numbered_as_they_began(self):
        script = "%s 1; %s 2; %s 3; true" % ((harness.program("threads_short"),) * 3)
        self.call("--run", "--max-peak", "1G", "--profiles", "d", "--", "sh", "-c", script)
        for number, name in enumerate(("threads_short", "threads_short.2", "threads_short.3"), 1):
            profile = harness.Profile(os.path.join(self.dir, "d", name + ".pb.gz"))
            self.assertEqual(str(number), profile.process["command"][1], name)

    def test_a_baseline_of_its_own(self):
        self.call("--run", "--max-peak", "1G", "--profiles", "old%p", "--", harness.program("tree"))
        self.call("--run", "--baseline", "old%p/tree.pb.gz", "--tolerance", "0", "--",
                  harness.program("tree"))

    def test_options_of_the_program_are_its_own(self):
        result = self.call("--run", "--max-peak", "1G", "echo", "--max-peak", "--", "-v")
        self.assertEqual(b"--max-peak -- -v\n", result.stdout)

    def test_interrupted(self):
        process = self.starts("--max-peak", "0", "--", "sh", "-c", "echo ready; exec sleep 20",
                              start_new_session=True)
        started = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
        self.assertLess(time.monotonic() - started, 15)
        self.assertEqual(-signal.SIGINT, process.returncode)
        self.assertEqual([], self.leftovers())


if __name__ == "__main__":
    harness.main()
