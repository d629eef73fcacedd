# SPDX-License-Identifier: MIT
# timeout: 180
# cost: 12
"""A run of several processes: one directory with a profile for each and an index, the summary of
them all, and the report that adds them up."""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from support import case, harness

MEMTRACK = harness.MEMTRACK
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "COLUMNS": "80"}
MAKEFILE = """
all: app
app: $(patsubst %.c,%.o,$(wildcard *.c))
\tgcc -o $@ $^
%.o: %.c
\tgcc -g -O1 -c -o $@ $<
"""
COLUMNS = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
           "temporary_blocks", "max_bytes"]


class Case(case.Case):
    def run_here(self, *arguments, code=0, options=(), **env):
        result = harness.run([MEMTRACK, "run", *options, "--", *arguments], cwd=self.dir,
                             env=harness.plain_environment(**ENVIRONMENT, **env))
        self.assertEqual(code, result.code, repr(result))
        return result.stderr.decode()

    def directory(self):
        """The one directory that the run has left beside what was there."""
        found = [name for name in os.listdir(self.dir) if name.startswith("memtrack.")]
        self.assertEqual(1, len(found), found)
        self.assertTrue(os.path.isdir(self.path(found[0])), found)
        return found[0]

    def index(self, directory=None):
        return json.loads(self.read(os.path.join(directory or self.directory(), "index.json")))

    def ask(self, *arguments):
        return harness.ask("report", *arguments, cwd=self.dir)


class Directory(Case):
    def test_one_process_is_one_file(self):
        self.run_here("ls", "/")
        name, = os.listdir(self.dir)
        self.assertRegex(name, r"^memtrack\.ls\.\d+\.pb\.gz$")

    def test_children(self):
        text = self.run_here("bash", "-c", "ls /; (exit 3); sort /etc/passwd | tail -1; exit 5",
                             code=5)
        name = self.directory()
        index = self.index()
        pid = int(name.rsplit(".", 1)[1])
        main, = [p for p in index["processes"] if p["is_main"]]
        self.assertEqual("memtrack.bash.%d" % pid, name)
        self.assertEqual((pid, "bash", 5), (main["pid"], main["program"], main["exit"]["code"]))
        programs = {p["program"]: p for p in index["processes"]}
        self.assertTrue({"bash", "ls", "sort", "tail"} <= set(programs), programs)
        self.assertEqual(["sort", "/etc/passwd"], programs["sort"]["command"])
        self.assertEqual({pid}, {p["parent_pid"] for p in index["processes"]
                                 if not p["is_main"]})
        files = {p["file"] for p in index["processes"] if p["file"]}
        self.assertEqual(files | {"index.json"}, set(os.listdir(self.path(name))))
        for p in index["processes"]:
            self.assertTrue(p["file"] or p["why"], p)
            if p["file"]:
                report = self.ask(os.path.join(name, p["file"]))
                self.assertEqual((p["pid"], p["command"]),
                                 (report["process"]["pid"], report["process"]["command"]))
                for column in ("peak_bytes", "live_bytes", "total_blocks"):
                    self.assertEqual(p[column], report["totals"][column])
        # bash forked ls, and ls is another image of the same process
        images = [p for p in index["processes"] if p["pid"] == programs["ls"]["pid"]]
        self.assertEqual([("bash", 0, False), ("ls", 1, True)],
                         [(p["program"], p["image"], p["is_last_image"]) for p in images])
        peak = index["tree"]["peak_bytes"]
        self.assertGreaterEqual(peak, max(p["peak_bytes"] for p in index["processes"]))
        self.assertLessEqual(peak, sum(p["peak_bytes"] for p in index["processes"]))
        self.assertEqual(peak, max(point["bytes"] for point in index["tree"]["points"]))
        for word in ("bash -c 'ls /", "(5 processes, ", "exit 5", "bash (forked)", "ls /",
                     "memtrack report %s --by process" % name):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80, text)

    def test_what_allocates_nothing_is_in_the_index(self):
        self.build("nothing", "int main(void) { return 0; }\n")
        self.run_here("sh", "-c", "./nothing; ls / >ls.out; :")
        found = [name for name in os.listdir(self.dir) if name.startswith("memtrack.")]
        index = self.index(found[0])
        nothing, = [p for p in index["processes"] if p["program"] == "nothing"]
        self.assertEqual((None, "nothing was allocated", 0, 0),
                         tuple(nothing[key] for key in ("file", "why", "total_blocks", "peak_bytes")))
        self.assertEqual(3, len(os.listdir(self.path(found[0]))), "sh, ls and the index")

    def test_asked_for(self):
        self.run_here("sh", "-c", "ls /; :", options=("-q", "-o", "out/"))
        self.assertEqual(["out"], os.listdir(self.dir))
        first = sorted(os.listdir(self.path("out")))
        self.assertIn("index.json", first)
        self.assertEqual(3, len(first), first)
        text = self.run_here("touch", "ran", options=("-q", "-o", "out/"), code=125)
        self.assertIn("--force", text)
        self.assertFalse(os.path.exists(self.path("ran")))
        self.run_here("sh", "-c", "ls /; :", options=("-q", "--force", "-o", "out/"))
        second = sorted(os.listdir(self.path("out")))
        self.assertEqual(3, len(second), second)
        self.assertFalse(set(first) & set(second) - {"index.json"})

    def test_asked_for_with_one_process(self):
        self.run_here("true", options=("-q", "-o", "of-%e-%p/"))
        name, = os.listdir(self.dir)
        self.assertRegex(name, r"^of-true-\d+$")
        self.assertEqual(2, len(os.listdir(self.path(name))))

    def test_what_is_no_run_is_left_alone(self):
        os.mkdir(self.path("out"))
        self.write("out/notes.txt", "mine")
        for options in (("-o", "out/"), ("--force", "-o", "out/"), ("-o", "out/notes.txt/"),
                        ("-o", "no/such/")):
            self.run_here("touch", "ran", options=options, code=125)
            self.assertEqual(["out"], os.listdir(self.dir))
            self.assertEqual(["notes.txt"], os.listdir(self.path("out")))

    def test_a_file_for_each_process_as_before(self):
        text = self.run_here("sh", "-c", "ls /; :", options=("-o", "%e.%p.pb.gz"))
        self.assertEqual(2, len(os.listdir(self.dir)), os.listdir(self.dir))
        self.assertIn("(2 processes, ", text)

    def test_memtrack_is_killed(self):
        """What was written by then is read without an end of the index, and without the index."""
        script = "for i in $(seq 70); do /bin/true $i; done; echo; sleep 60 & wait"
        process = subprocess.Popen([MEMTRACK, "run", "-o", "out/", "--", "bash", "-c", script],
                                   cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   start_new_session=True,
                                   env=harness.plain_environment(MEMTRACK_DIR=self.dir))
        self.addCleanup(process.wait)
        self.addCleanup(harness.end_group, process)
        process.stdout.readline()
        while len(os.listdir(self.path("out"))) < 50:
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        self.check_listed("running")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.assertFalse(self.index("out")["is_complete"])
        self.check_listed("run")
        for name in ("out", "memtrack.bash.12"):
            report = self.ask(name)
            profiles = [p for p in report["processes"] if p["file"]]
            self.assertGreaterEqual(len(profiles), 48)
            self.assertEqual(sum(p["total_bytes"] for p in profiles),
                             report["totals"]["total_bytes"])
            self.assertIsNone(report["tree"])
            if name == "out":
                os.rename(self.path("out"), self.path("memtrack.bash.12"))
                os.unlink(self.path("memtrack.bash.12", "index.json"))

    def check_listed(self, state):
        listed, = harness.ask("list", cwd=self.dir)["profiles"]
        self.assertEqual(("out", state, "bash"),
                         (listed["file"], listed["state"], listed["command"][0]))
        self.assertGreater(listed["pid"], 0)

    def test_not_over(self):
        """None of its processes has ended: it is said so, and what is over is taken before it."""
        process = subprocess.Popen([MEMTRACK, "run", "-o", "out/", "--", "bash", "-c",
                                    "echo; read; echo"],
                                   cwd=self.dir, stdout=subprocess.PIPE, stdin=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL,
                                   env=harness.plain_environment(MEMTRACK_DIR=self.dir))
        self.addCleanup(process.communicate)
        process.stdout.readline()
        while not os.path.exists(self.path("out", "index.json")):
            self.assertIsNone(process.poll())
        started, = self.index("out")["processes"]
        self.assertEqual(["bash", "-c", "echo; read; echo"], started["command"])
        for arguments in ((), ("out",)):
            refused = harness.memtrack("report", *arguments, cwd=self.dir, status=3)
            self.assertIn(b"out: the run is not over", refused.stderr)
            self.assertIn(b"memtrack report %d." % started["pid"], refused.stderr)
        shown = harness.memtrack("list", cwd=self.dir).stdout.decode()
        self.assertRegex(shown, r"%d  running +\S+ \w+ +- +-  bash -c" % started["pid"])
        self.run_here("ls", "/", options=("-q", "-o", "ls.pb.gz"))
        self.assertIn(b"ls.pb.gz", harness.memtrack("report", cwd=self.dir).stderr)


class Short(Case):
    def test_one_after_the_other(self):
        """Processes that are gone before a tick saw them are not taken for running ones."""
        self.run_here("bash", "-c", "for i in $(seq 150); do /bin/true $i; done",
                      options=("-q", "-o", "run/"))
        index = self.index("run")
        self.assertEqual(150, sum(p["program"] == "true" for p in index["processes"]))
        self.assertLess(index["tree"]["processes_at_peak"], 50)


class Ends(Case):
    def test_of_children(self):
        """The kernel tells it from Linux 6.15 on, of processes that a tick has seen."""
        script = ("bash -c 'sleep 0.3; exit 7'; bash -c 'sleep 0.3; kill -9 $$'; bash -c 'sleep 0.3; :'; "
                  "exit 5")
        text = self.run_here("bash", "-c", script, code=5, options=("-o", "run/"))
        release = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
        ends = {p["command"][2][11:]: p["exit"] for p in self.index("run")["processes"]
                if p["program"] == "bash" and p["is_last_image"] and "sleep" in p["command"][2][:5]}
        known = [{"code": 7, "signal": None}, {"code": None, "signal": 9},
                 {"code": 0, "signal": None}]
        unknown = {"code": None, "signal": None}
        found = [ends["exit 7"], ends["kill -9 $$"], ends[":"]]
        self.assertEqual(known if release >= (6, 15) else [unknown] * 3, found)
        if release >= (6, 15):
            self.assertIn("  exit 7\n", text)
            self.assertIn("  SIGKILL\n", text)


class Only(Case):
    def test_programs(self):
        text = self.run_here("sh", "-c", "ls / | sort >out; /bin/ls -d /; exit 3", code=3,
                             options=("--only", "l[rs]", "--only", "*/sor?"))
        index = self.index()
        recorded = [p for p in index["processes"] if p["file"]]
        self.assertEqual(["ls", "ls", "sort"], sorted(p["program"] for p in recorded))
        main, = [p for p in index["processes"] if not p["file"]]
        self.assertEqual((True, "sh", 3, "not recorded: --only"),
                         (main["is_main"], main["program"], main["exit"]["code"], main["why"]))
        left_out = "Not recorded: sh (process %d): --only leaves it out." % main["pid"]
        report = harness.memtrack("report", self.directory(), cwd=self.dir).stdout.decode()
        for shown in (text, report):
            self.assertRegex(shown, r"\(3 processes, .*exit 3\)")
            self.assertIn(" coverage   %s\n" % left_out, shown)
            self.assertNotIn("every allocation was recorded", shown)
        self.assertEqual(left_out, self.ask(self.directory())["coverage"]["notes"][0])
        self.assertEqual({main["pid"]}, {p["parent_pid"] for p in recorded})

    def test_the_program_itself(self):
        self.run_here("ls", "/", options=("--only", "ls"))
        name, = os.listdir(self.dir)
        self.assertRegex(name, r"^memtrack\.ls\.\d+\.pb\.gz$")

    def test_nothing(self):
        text = self.run_here("sh", "-c", "ls /; :", options=("-q", "--only", "nothing"))
        self.assertIn("no program matched --only nothing", text)
        self.assertEqual([], os.listdir(self.dir))

    def test_a_process_that_is_not_recorded_leaves_no_trace(self):
        """As with a bare LD_PRELOAD: no ledger is made, by it or its forks."""
        os.mkdir(self.path("ledgers"))
        environment = harness.preloaded(self.path("ledgers"), MEMTRACK_ONLY="other:*.so")
        result = harness.run([harness.program("fork_both")], env=environment)
        self.assertEqual(0, result.code, result)
        self.assertEqual([], os.listdir(self.path("ledgers")))

    def test_mistakes(self):
        for pattern in ("", "a:b", "x" * 3000):
            self.run_here("touch", "ran", options=("--only", pattern), code=125)
        self.assertEqual([], os.listdir(self.dir))


class Views(Case):
    def setUp(self):
        super().setUp()
        self.run_here("sh", "-c", "ls /; sort /etc/passwd; :", options=("-q", "-o", "run/"))

    def test_list(self):
        listed, = [item for item in harness.ask("list", cwd=self.dir)["profiles"]]
        index = self.index("run")
        self.assertEqual(("run", "run", ["sh", "-c", "ls /; sort /etc/passwd; :"],
                          index["tree"]["peak_bytes"]),
                         (listed["file"], listed["state"], listed["command"],
                          listed["peak_bytes"]))

    def test_check_judges_every_process(self):
        result = harness.memtrack("check", "--json", "--max-peak", "1M", "run", cwd=self.dir)
        files = {item["file"] for item in json.loads(result.stdout)["files"]}
        self.assertEqual({os.path.join("run", p["file"]) for p in self.index("run")["processes"]},
                         files)
        harness.memtrack("check", "--max-peak", "8K", "--process", "sort", "run", status=1,
                         cwd=self.dir)

    def test_timeline(self):
        for arguments in (("run",), ()):
            timeline = harness.ask("timeline", *arguments, cwd=self.path(".") if arguments
                                   else self.path("run"))
            self.assertEqual(3, len(timeline["processes"]))

    def test_scopes(self):
        """They are those of all processes, of each directory that is given."""
        for directories, others in ((["run"], 2), (["run", "run"], 5)):
            result = harness.memtrack("scopes", *directories, status=0, cwd=self.dir)
            self.assertIn(b"and %d more profiles)" % others, result.stdout)


class Clean(Case):
    def test_what_is_named(self):
        environment = harness.preloaded(self.dir)
        for command in (["ls", "/"], ["sort", "/etc/passwd"], ["tail", "/etc/passwd"]):
            self.assertEqual(0, harness.run(command, env=environment).code)
        left = {item["command"][0]: item for item in self.left()}
        self.assertEqual({"ls", "sort", "tail"}, set(left))
        self.assertIn("nothing to remove that is named so", self.clean("s", "7", "*.pb.gz"))
        self.assertIn(left["sort"]["file"], self.clean("so*"))
        self.assertEqual({"ls", "tail"}, {item["command"][0] for item in self.left()})
        self.clean(str(left["ls"]["pid"]))
        self.assertEqual({"tail"}, {item["command"][0] for item in self.left()})
        self.clean(os.path.join(self.dir, "*"))
        self.assertEqual([], self.left())

    def left(self):
        return harness.ask("list", env=harness.plain_environment(MEMTRACK_DIR=self.dir))["left"]

    def clean(self, *names):
        return harness.memtrack("list", "--clean", *names, env=harness.plain_environment(
            MEMTRACK_DIR=self.dir)).stdout.decode()


class Json(Case):
    def test_run(self):
        report = json.loads(self.run_here("sh", "-c", "ls /; exit 3", code=3, options=["--json"]))
        self.assertEqual("memtrack-report/1", report["schema"])
        self.assertEqual((["sh", "-c", "ls /; exit 3"], 3),
                         (report["process"]["command"], report["process"]["exit"]["code"]))
        self.assertLessEqual({"sh", "ls"}, {p["program"] for p in report["processes"]})
        self.assertEqual(sum(p["total_bytes"] for p in report["processes"]),
                         report["totals"]["total_bytes"])


@unittest.skipUnless(shutil.which("make") and shutil.which("gcc"), "needs make and gcc")
class Make(Case):
    def setUp(self):
        super().setUp()
        self.write("Makefile", MAKEFILE)
        self.write("main.c", "int main(void) { return 0; }\n")
        for i in range(4):
            self.write("part%d.c" % i, "#include <stdio.h>\nint f%d(int x) { return printf(\"%%d\", x); }\n" % i)

    def test_build(self):
        text = self.run_here("make", "-j4")
        self.assertEqual({"Makefile", "app"}, {name for name in os.listdir(self.dir)
                                               if not re.match(r"memtrack\.|main|part", name)})
        directory = self.directory()
        compilers = [p for p in self.index()["processes"] if p["program"] == "cc1"]
        self.assertEqual(5, len(compilers))
        for i in range(4):
            self.assertRegex(text, r"cc1 … part%d\.c\n" % i)
        self.sums(directory)
        self.by_process(directory)

    def sums(self, directory):
        """Lines of the whole are the sums of those of each profile, when the same frames are
        charged: what is a wrapper may show in the whole alone."""
        charged = ("--keep-wrappers", "--by", "line")
        expected = collections.defaultdict(lambda: [0] * len(COLUMNS))
        for p in self.index()["processes"]:
            if not p["file"]:
                continue
            for row in self.ask(*charged, os.path.join(directory, p["file"]))["rows"]:
                for i, column in enumerate(COLUMNS):
                    expected[row["key"]][i] += row[column]
        report = self.ask(*charged, directory)
        self.assertEqual(dict(expected), {row["key"]: [row[column] for column in COLUMNS]
                                          for row in report["rows"]})
        self.assertEqual(report["totals"]["peak_bytes"],
                         sum(row["peak_bytes"] for row in report["rows"]))
        self.assertEqual(["make", "-j4"], report["process"]["command"])

    def by_process(self, directory):
        index = self.index()
        rows = self.ask("--by", "process", directory)["rows"]
        expected, found = collections.Counter(), collections.Counter()
        for p in index["processes"]:
            if p["file"]:
                expected[p["pid"]] += p["peak_bytes"]
        for row in rows:
            found[int(row["key"].split()[0])] += row["peak_bytes"]
        self.assertEqual(expected, found)
        self.assertIn("cc1 part2.c", " ".join(row["key"] for row in rows))
        only = self.ask("--include", "process:cc1", directory)
        self.assertEqual(sum(p["total_bytes"] for p in index["processes"]
                             if p["program"] == "cc1"),
                         sum(row["total_bytes"] for row in only["rows"]))
        pid = next(p["pid"] for p in index["processes"] if p["program"] == "cc1")
        one = self.ask("--include", "process:%d" % pid, directory)
        self.assertEqual(sum(p["total_bytes"] for p in index["processes"] if p["pid"] == pid),
                         sum(row["total_bytes"] for row in one["rows"]))
        difference = harness.ask("diff", "--by", "process", directory, directory, cwd=self.dir)
        self.assertGreater(len(difference["rows"]), 5)
        self.assertEqual({0}, {row["diff_peak_bytes"] for row in difference["rows"]})

    def test_report_without_an_argument(self):
        self.run_here("make", options=["-q"])
        result = harness.memtrack("report", "--no-pager", cwd=self.dir,
                                  env=harness.plain_environment(**ENVIRONMENT))
        self.assertIn(self.directory(), result.stderr.decode())
        self.assertIn("each process at its own", result.stdout.decode())
        self.assertLessEqual(max(map(len, result.stdout.decode().splitlines())), 80)


if __name__ == "__main__":
    harness.main()
