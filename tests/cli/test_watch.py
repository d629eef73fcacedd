# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 8
"""memtrack watch: memory of any process tree. The program under it takes its steps when it is told,
and the next one only when the last was seen, so that no time decides."""
import array
import contextlib
import fcntl
import json
import os
import re
import resource
import signal
import subprocess
import termios
import time

from support import case, harness, profiles

MIB = 1 << 20
SHAPE = harness.program("shape")
TIMEOUT, KILLED, FAILED = 124, 137, 125


def total(pid, *labels):
    """The sum of these figures of /proc/PID/smaps, in bytes."""
    with open("/proc/%d/smaps" % pid) as file:
        text = file.read()
    return sum(1024 * int(kilobytes) for label in labels
               for kilobytes in re.findall(r"^%s: +(\d+) kB" % label, text, re.M))


class Stepper:
    """A process that takes a step for each word, and says so."""

    def __init__(self, command, cwd, **options):
        self.process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=harness.plain_environment(), **options)
        self.pid = self.answer()

    def answer(self):
        line = self.process.stdout.readline().split()
        return int(line[1]) if line[:1] == [b"ok"] else None

    def step(self, command):
        self.tell(command)
        return self.answer()

    def tell(self, commands):
        self.process.stdin.write(commands.encode() + b"\n")
        self.process.stdin.flush()

    def end(self, last=None):
        """(status, standard error), when it has ended by itself or by the last command."""
        if last:
            self.tell(last)
        status = self.process.wait(harness.WATCHDOG_SECONDS)
        return status, self.process.stderr.read().decode()


class Watch(case.Case):
    def start(self, *options, program=(SHAPE,), **how):
        stepper = Stepper([harness.MEMTRACK, "watch", "-o", "w.pb.gz", "--marks", self.marks(),
                           *options, "--", *program], self.dir, **how)
        self.addCleanup(self.stop, stepper)
        return stepper

    def stop(self, stepper):
        for stream in (stepper.process.stdin, stepper.process.stdout, stepper.process.stderr):
            stream.close()
        if stepper.process.poll() is None:
            stepper.process.kill()
        stepper.process.wait()

    def timeline(self, name="w.pb.gz"):
        result = harness.run([harness.MEMTRACK, "timeline", "--json", name], cwd=self.dir)
        self.assertEqual((0, b""), (result.code, result.stderr))
        return json.loads(result.stdout)

    def ask(self, *words, code=0):
        result = harness.run([harness.MEMTRACK, *words], cwd=self.dir)
        self.assertEqual(code, result.code, result)
        return (result.stdout + result.stderr).decode()

    def test_shape(self):
        """A static program: each step is seen in the figures that the kernel keeps."""
        stepper = self.start("-q")
        stepper.step("map 40")
        stepper.step("spike 60")
        stepper.step("unmap")
        self.assertEqual((5, ""), stepper.end("exit 5"))
        process, = self.timeline()["processes"]
        self.assertEqual({"code": 5, "signal": None}, process["process"]["exit"])
        self.assertEqual([SHAPE], process["process"]["command"])
        self.assertTrue(100 * MIB <= process["peak_rss_bytes"] <= 103 * MIB, process)
        self.assertIsNone(process["peak"]["live_bytes"])
        self.assertTrue(all(tick["live_bytes"] is None for tick in process["ticks"]))

    def test_recorded(self):
        """The heap of a process that is recorded stands beside its RSS; that of others is not
        known."""
        program = ("import ctypes, sys\nlibc = ctypes.CDLL(None)\n"
                   "libc.malloc.restype = ctypes.c_void_p\nkept = libc.malloc(50 << 20)\n"
                   "print('ok 1', flush=True)\nsys.stdin.readline()\n")
        stepper = Stepper([harness.MEMTRACK, "run", "-q", "-o", "r.pb.gz", "--",
                           "/usr/bin/python3", "-c", program], self.dir)
        self.addCleanup(self.stop, stepper)
        self.ask("watch", "--for", "100ms", "-q", "-o", "w.pb.gz", str(stepper.process.pid))
        self.assertEqual(0, stepper.end("go on")[0])
        seen = self.timeline()
        python, = [p for p in seen["processes"] if p["process"]["command"][1:2] == ["-c"]]
        for tick in python["ticks"] + seen["tree"]["ticks"]:
            self.assertTrue(50 * MIB <= tick["live_bytes"] < 60 * MIB, tick)
        for process in seen["processes"]:
            if process is not python:
                self.assertTrue(all(tick["live_bytes"] is None for tick in process["ticks"]))
        self.assertRegex(self.ask("timeline", "w.pb.gz"), r"at most .*heap \(live\) 5\d\.\d MiB")

    def test_what_it_says(self):
        """Scopes, marks and counters of a recorded process stand on the axis of who watches it: what
        was over before that is counted, and what had begun is there from the beginning. They are
        those of all programs that the process executes, of one process and of a tree."""
        for wrapper in ((), ("sh", "-c", '"$0"; true')):
            with self.subTest(wrapper):
                stepper = Stepper([harness.MEMTRACK, "run", "-q", "--force", "-o", "runs/", "--",
                                   *wrapper, harness.program("said")], self.dir)
                self.addCleanup(self.stop, stepper)
                pid = stepper.pid
                for step in ("begin old", "end", "mark old", "set old", "begin outer"):
                    stepper.step(step)
                root = pid
                if wrapper:
                    with open("/proc/%d/stat" % pid) as file:
                        root = int(file.read().rsplit(")", 1)[1].split()[1])
                watcher = subprocess.Popen(
                    [harness.MEMTRACK, "watch", "-q", "--force", "--interval", "1ms", "-o",
                     "w.pb.gz", "--marks", self.marks(), str(root)], cwd=self.dir,
                    env=harness.plain_environment())
                self.await_looks()
                for step in ("begin a::b", "mark half", "set depth", "end", "end", "mark behind",
                             "again"):
                    stepper.step(step)
                self.wait_for_ledger(watcher.pid, pid)
                for step in ("begin second", "end", "mark third", "set depth"):
                    stepper.step(step)
                stepper.process.stdin.close()
                self.assertEqual(0, stepper.end()[0])
                self.assertEqual(0, watcher.wait(harness.WATCHDOG_SECONDS))
                self.check_said(pid, 2 if wrapper else 1)

    def wait_for_ledger(self, watcher, pid):
        """Until the watcher has the ledger of the program that the process has executed last."""
        def has_it():
            with open("/proc/%d/maps" % pid) as file:
                mapped = set(re.findall(r"\S+\.ledger", file.read()))
            held, files = set(), "/proc/%d/fd" % watcher
            for name in os.listdir(files):
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    held.add(os.readlink(os.path.join(files, name)))
            return mapped & held
        self.wait_for(has_it)

    def check_said(self, pid, n_processes):
        seen = self.timeline()
        self.assertEqual(n_processes, len(seen["processes"]))
        process, = [p for p in seen["processes"] if p["process"]["pid"] == pid]
        scopes = process["scopes"]
        self.assertEqual(["a::b", "outer", "second"], [scope["name"] for scope in scopes])
        self.assertEqual(0, scopes[1]["time_ns"])
        self.assertLess(scopes[0]["time_ns"], scopes[1]["duration_ns"])
        self.assertLess(scopes[1]["duration_ns"], scopes[2]["time_ns"])
        self.assertLess(scopes[2]["time_ns"], process["end_ns"])
        self.assertEqual([("depth", 2), ("depth", 0)],
                         [(c["name"], c["value"]) for c in process["counters"]])
        marks = [mark for p in seen["processes"] for mark in p["marks"] if mark["name"] != "look"]
        self.assertEqual(["half", "behind", "third"], [mark["name"] for mark in marks])
        self.assertTrue(scopes[0]["time_ns"] < marks[0]["time_ns"] < scopes[1]["duration_ns"])
        self.assertTrue(scopes[1]["duration_ns"] < marks[1]["time_ns"] < scopes[2]["time_ns"])
        notes = self.ask("report", "--json", "w.pb.gz")
        self.assertIn("3 scopes, marks and values of counters were over before watching began, and "
                      "are not in it; 1 scopes had begun", notes)
        rows = json.loads(self.ask("scopes", "--json", "w.pb.gz"))["rows"]
        self.assertLessEqual({"a::b", "outer", "second"}, {row["name"] for row in rows})

    def test_nothing_to_see(self):
        """A zombie has no memory; and of what has ended nobody says that it still runs."""
        zombie = subprocess.Popen(["true"])
        self.wait_for(lambda: self.state(zombie.pid) == "Z")
        text = self.ask("watch", str(zombie.pid), code=FAILED)
        self.assertIn("process %d has no memory, as one that has ended and was not waited for" %
                      zombie.pid, text)
        zombie.wait()
        self.assertEqual("", self.ask("watch", "-q", "--for", "1ms", "--", "sleep", "0.1"))

    def test_figures(self):
        """Those of a process that stands still equal what /proc says."""
        stepper = Stepper([SHAPE], self.dir)
        self.addCleanup(self.stop, stepper)
        stepper.step("map 24")
        child = stepper.step("child 8")
        result = self.ask("watch", "--for", "50ms", "--backend", "rollup", "-o", "w.pb.gz", "-q",
                          str(stepper.pid))
        self.assertEqual("", result)
        seen = self.timeline()
        self.assertEqual([stepper.pid, child], [p["process"]["pid"] for p in seen["processes"]])
        self.assertEqual([None, 0], [p["parent"] for p in seen["processes"]])
        for process in seen["processes"]:
            pid, tick = process["process"]["pid"], process["ticks"][-1]
            self.assertEqual(total(pid, "Rss"), tick["rss_bytes"])
            self.assertEqual(total(pid, "Private_Clean", "Private_Dirty"), tick["uss_bytes"])
            self.assertEqual(total(pid, "Swap"), tick["swap_bytes"])
            self.assertLess(abs(total(pid, "Pss") - tick["pss_bytes"]), 64 << 10)
        whole, parts = seen["tree"]["ticks"][-1], [p["ticks"][-1] for p in seen["processes"]]
        self.assertEqual(2, whole["processes"])
        for name in ("rss_bytes", "pss_bytes", "uss_bytes", "anon_bytes"):
            self.assertEqual(sum(part[name] for part in parts), whole[name], name)

    def test_tree(self):
        """Children come and go; the sum has each while it was there."""
        stepper = self.start("-q", "--interval", "1ms")
        pids = [stepper.pid] + [stepper.step("child %d" % n) for n in (10, 20)]
        self.await_looks()
        self.assertEqual(0, stepper.end("exit 0")[0])
        seen = self.timeline()
        self.assertEqual(pids, [p["process"]["pid"] for p in seen["processes"]])
        for pid, least in zip(pids, (0, 10, 20)):
            process = seen["processes"][pids.index(pid)]
            self.assertGreaterEqual(process["peak_rss_bytes"], least * MIB)
        self.assertGreaterEqual(seen["tree"]["peak_rss_bytes"], 30 * MIB)
        self.assertEqual(3, max(tick["processes"] for tick in seen["tree"]["ticks"]))
        text = self.ask("timeline", "w.pb.gz")
        self.assertIn("shape and 2 more processes, summed", text)
        self.assertIn("RSS, each on its own scale", text)
        self.assertIn("Nothing was recorded but memory over time", self.ask("report", "w.pb.gz"))
        self.assertIn("nothing was recorded", self.ask("check", "--max-peak", "1G", "w.pb.gz", code=3))
        # nobody knows what was live in it; the peak is what all had in memory
        self.assertRegex(self.ask("list"), r" watched +\S+ \S+ +- +\d+\.\d MiB  \S*shape")

    def test_peak_of_all(self):
        """What all used together is not what the largest did: list and report say which is which."""
        stepper = self.start("-q", "--interval", "1ms")
        for size in (10, 20):
            stepper.step("child %d" % size)
        self.await_looks()
        self.assertEqual(0, stepper.end("exit 0")[0])
        seen = self.timeline()
        together = max(tick["rss_bytes"] for tick in seen["tree"]["ticks"])
        alone = max(process["peak_rss_bytes"] for process in seen["processes"])
        self.assertGreater(together, alone + 10 * MIB)
        report = self.ask("report", "--bytes", "w.pb.gz")
        self.assertRegex(report, r"peak RSS +{:,} bytes in all together, {:,} bytes in one\n".format(
            together, alone))
        self.assertIn(", and 2 more processes)", " ".join(report.split()))
        listed, = json.loads(self.ask("list", "--json"))["profiles"]
        self.assertEqual(together, listed["peak_bytes"])

    def test_last_look_has_everything(self):
        """PSS is read now and then: of what is ended for its size, and of what is left running, it
        is of the end and not of some time before."""
        stepper = self.start("-q", "--max", "80M", "--interval", "1ms")
        stepper.tell("map 100")
        stepper.process.wait(harness.WATCHDOG_SECONDS)
        self.assertEqual(TIMEOUT, stepper.process.returncode)
        process, = self.timeline()["processes"]
        self.assertGreater(max(tick["pss_bytes"] or 0 for tick in process["ticks"]), 75 * MIB)
        other = Stepper([SHAPE], self.dir)
        self.addCleanup(self.stop, other)
        other.step("map 24")
        self.ask("watch", "--for", "20ms", "--interval", "1ms", "-o", "x.pb.gz", "-q", str(other.pid))
        last = self.timeline("x.pb.gz")["processes"][0]["ticks"][-1]
        self.assertEqual(total(other.pid, "Rss"), last["rss_bytes"])
        self.assertEqual(total(other.pid, "Private_Clean", "Private_Dirty"), last["uss_bytes"])

    @staticmethod
    def state(pid):
        """The letter of its state; "-": it is gone."""
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "-"

    def marks(self):
        """A FIFO; what is written to it is read at the beginning of a tick."""
        path = self.path("marks")
        if not os.path.exists(path):
            os.mkfifo(path)
            self.fifo = os.open(path, os.O_RDWR)
            self.addCleanup(os.close, self.fifo)
        return path

    def await_tick(self):
        """Until a tick has begun that was not under way: the one before is complete then."""
        unread = array.array("i", [1])
        os.write(self.fifo, b"look\n")
        self.wait_for(lambda: fcntl.ioctl(self.fifo, termios.FIONREAD, unread) == 0 and
                      unread[0] == 0)

    def await_looks(self):
        """Until a whole tick has been since now."""
        self.await_tick()
        self.await_tick()

    def wait_for(self, condition):
        end = time.monotonic() + harness.WATCHDOG_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.001)

    def test_output_is_refused_before_anything_runs(self):
        proof = self.path("it-ran")
        for name, said in (("no/such/p.pb.gz", "No such file"), ("there.pb.gz", "file exists")):
            with open(self.path("there.pb.gz"), "wb"):
                pass
            text = self.ask("watch", "-o", self.path(name), "--", "touch", proof, code=FAILED)
            self.assertIn(said, text)
            self.assertFalse(os.path.exists(proof))

    def test_output_whose_place_goes_away(self):
        """It is written elsewhere, and one reason is told."""
        away = self.path("away")
        os.mkdir(away)
        text = self.ask("watch", "-q", "-o", away + "/p.pb.gz", "--", "rmdir", away, code=0)
        self.assertRegex(text, "No such file or directory\n  It was written to .*p.*[.]pb[.]gz instead")
        self.assertNotIn("exists", text)
        os.unlink(re.search(r"written to (\S+) instead", text).group(1))

    def test_status_and_signals(self):
        stepper = self.start("-q")
        os.kill(stepper.pid, signal.SIGKILL)
        self.assertEqual(128 + signal.SIGKILL, stepper.end()[0])
        stepper = self.start("-q", "--force")
        stepper.process.send_signal(signal.SIGINT)  # to memtrack alone: it is passed on
        self.assertEqual(128 + signal.SIGINT, stepper.end()[0])
        self.assertEqual({"code": None, "signal": signal.SIGINT},
                         self.timeline()["processes"][0]["process"]["exit"])
        for words, code in ((["/etc/none/such"], 127), (["/etc/passwd"], 126), (["/"], 126)):
            self.ask("watch", "--", *words, code=code)
        self.assertIn("no process", self.ask("watch", "-q", str(2**22 - 1), code=FAILED))

    def test_shortest(self):
        """Programs that end before they are looked at: the kernel tells their peak."""
        for i in range(20):
            name = "short%d.pb.gz" % i
            self.assertEqual("", self.ask("watch", "-q", "-o", name, "--", "true"))
            process, = self.timeline(name)["processes"]
            self.assertEqual(0, process["process"]["exit"]["code"])
            self.assertGreater(process["peak_rss_bytes"], 0)

    def test_same_surroundings(self):
        """Input, output, environment and group are the program's own."""
        script = "cat; echo err >&2; env | grep -c MEMTRACK_DIR; ps -o pgid= -p $$ | tr -d ' '; exit 4"
        result = harness.run([harness.MEMTRACK, "watch", "-q", "--", "sh", "-c", script],
                             stdin=b"in", cwd=self.dir)
        out = result.stdout.decode().split()
        self.assertEqual((4, b"err\n"), (result.code, result.stderr))
        self.assertEqual("in0", out[0])
        self.assertEqual(1, len([n for n in os.listdir(self.dir) if n.endswith(".pb.gz")]))

    def test_max(self):
        stepper = self.start("-q", "--max", "64M")
        stepper.step("map 16")
        stepper.tell("map 100")
        code, err = stepper.end()
        self.assertEqual(TIMEOUT, code)
        self.assertRegex(err, r"in use, more than --max 64.0 MiB: ended by SIGTERM\n")
        seen = self.timeline()["processes"][0]
        self.assertEqual(["SIGTERM: --max"], [mark["name"] for mark in seen["marks"]])
        self.assertEqual(signal.SIGTERM, seen["process"]["exit"]["signal"])

    def test_max_kills(self):
        """One that does not hear, and its child that does."""
        stepper = self.start("-q", "--max", "uss:48M", "--kill-after", "1ms")
        child = stepper.step("child 1")
        stepper.tell("ignore\nmap 100")
        code, err = stepper.end()
        self.assertEqual(KILLED, code)
        self.assertIn("SIGTERM, then SIGKILL", err)
        self.assertIn(self.state(child), "Z-")

    def test_shared_memory_counts_once(self):
        """Five processes share 40 MiB: that is no 200."""
        stepper = self.start("-q", "--max", "100M", "--interval", "1ms")
        stepper.step("map 40")
        pids = [stepper.pid] + [stepper.step("child 1") for _ in range(4)]
        self.await_looks()
        code, err = stepper.end("exit 0")
        self.assertEqual((0, ""), (code, err))

    def test_timeout(self):
        stepper = self.start("-q", "--timeout", "20ms")
        code, err = stepper.end()
        self.assertEqual(TIMEOUT, code)
        self.assertIn("still running after --timeout 20 ms: ended by SIGTERM", err)

    def test_marks(self):
        stepper = self.start("-q")
        self.await_looks()
        os.write(self.fifo, b"second phase\n")
        self.await_tick()
        stepper.end("exit 0")
        marks = [mark["name"] for mark in self.timeline()["processes"][0]["marks"]]
        self.assertEqual(["look", "look", "second phase", "look"], marks)

    def test_include_and_children(self):
        stepper = self.start("-q", "--include", "shape", "--interval", "1ms",
                             program=("sh", "-c", SHAPE + "; true"))
        self.await_looks()
        self.assertEqual(0, stepper.end("exit 0")[0])
        self.assertEqual({"shape"}, {os.path.basename(p["process"]["exe"])
                                     for p in self.timeline()["processes"]})
        stepper = self.start("-q", "--children=no", "--force")
        stepper.step("child 4")
        self.await_looks()
        self.assertEqual(0, stepper.end("exit 0")[0])
        self.assertEqual([stepper.pid], [p["process"]["pid"] for p in self.timeline()["processes"]])

    def test_root_ends_first(self):
        """Of somebody else's tree the rest is watched on."""
        stepper = Stepper([SHAPE], self.dir)
        self.addCleanup(self.stop, stepper)
        child = stepper.step("child 4")
        watcher = subprocess.Popen([harness.MEMTRACK, "watch", "-q", "-o", "w.pb.gz",
                                    "--marks", self.marks(), str(stepper.pid)], cwd=self.dir,
                                   env=harness.plain_environment())
        self.await_looks()
        os.kill(stepper.pid, signal.SIGKILL)  # the child ends with its pipe
        stepper.process.wait()
        self.assertEqual(0, watcher.wait(harness.WATCHDOG_SECONDS))
        seen = self.timeline()
        self.assertEqual([stepper.pid, child], [p["process"]["pid"] for p in seen["processes"]])

    def test_many(self):
        """A few hundred children, and fewer descriptors."""
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        n = 120
        script = "for i in $(seq %d); do sleep 600 & done; echo ok 1; read x; kill $(jobs -p)" % n
        stepper = self.start("-q", program=("bash", "-c", script), preexec_fn=limit)
        self.await_looks()
        self.assertEqual(0, stepper.end("go")[0])
        names = [os.path.basename(p["process"]["exe"]) for p in self.timeline()["processes"]]
        self.assertEqual(n, names.count("sleep"))

    def test_overlay(self):
        """Two runs one after the other, each from its own beginning."""
        for name, size in (("a.pb.gz", 20), ("b.pb.gz", 60)):
            stepper = self.start("-q", "-o", name)
            stepper.step("child %d" % size)
            self.await_looks()
            self.assertEqual(0, stepper.end("exit 0")[0])
        result = self.ask("timeline", "--overlay", "--json", "b.pb.gz", "a.pb.gz")
        seen = json.loads(result)["processes"]
        self.assertEqual([0, 0], [process["start_ns"] for process in seen])
        for process, least in zip(seen, (60, 20)):
            self.assertGreaterEqual(process["peak_rss_bytes"], least * MIB)
        text = self.ask("timeline", "--overlay", "b.pb.gz", "a.pb.gz")
        self.assertIn("shape and 1 more process, each from its beginning", text)
        recorded = profiles.make_timeline("one", self.dir)
        for files in (("a.pb.gz", recorded), (recorded, "a.pb.gz")):
            text = self.ask("timeline", "--overlay", *files)
            self.assertIn("RSS, each on its own scale", text)
            self.assertRegex(text, r"server .* 132\.0 MiB\n")  # its heap is 64 MiB
            svg = self.ask("timeline", "--overlay", "--svg", "-", *files)
            self.assertIn(" · RSS</text>", svg)
        self.assertIn("nothing was recorded", self.ask("diff", "a.pb.gz", "b.pb.gz", code=3))
        self.assertIn("excludes", self.ask("timeline", "--overlay", "--tree", "a.pb.gz", code=2))

    def test_redacted(self):
        """What the processes of a tree were called with goes."""
        script = "sh -c 'echo ok 1; read x' secret-word; true"
        stepper = self.start("-q", program=("sh", "-c", script))
        self.await_looks()
        self.assertEqual(0, stepper.end("go")[0])
        self.assertIn("secret-word", self.ask("timeline", "--json", "w.pb.gz"))
        self.ask("export", "--format", "pprof", "--redact", "-o", "r.pb.gz", "w.pb.gz")
        text = self.ask("timeline", "--json", "r.pb.gz")
        self.assertNotIn("secret-word", text)
        self.assertGreaterEqual(len(json.loads(text)["processes"]), 2)

    def test_a_title(self):
        """A server has written over its arguments: that is its command, and no path."""
        title = "keeper: clients of /run/keeper/socket"
        program = "$0 = '%s'; $| = 1; print \"ok 1\\n\"; <STDIN>;" % title
        stepper = Stepper([harness.tool("perl"), "-e", program, "one argument", *["more"] * 20],
                          self.dir)
        self.addCleanup(self.stop, stepper)
        self.ask("watch", "--for", "50ms", "-q", "-o", "w.pb.gz", str(stepper.process.pid))
        stepper.end("go on")
        process, = self.timeline()["processes"]
        self.assertEqual([title], process["process"]["command"])
        self.assertIn("program    'keeper: clients of /run/", self.ask("timeline", "w.pb.gz"))

    def test_other_outputs(self):
        stepper = self.start()
        stepper.step("map 30")
        code, err = stepper.end("exit 0")
        self.assertEqual(0, code)
        self.assertRegex(err, r"peak RSS +3\d\.\d MiB \(the kernel's own figure, spikes included\)")
        self.assertIn(" next       memtrack timeline w.pb.gz\n", err)
        self.assertIn("█ RSS" if "█" in err else "# RSS", err)
        self.assertNotIn("heap", err)
        self.assertIn("uss_bytes", self.ask("timeline", "--csv", "w.pb.gz"))
        self.ask("timeline", "--svg", "w.svg", "w.pb.gz")
        self.ask("report", "--html", "w.html", "w.pb.gz")
        for name in ("openmetrics", "pprof", "sqlite", "csv"):
            self.ask("export", "--format", name, "-o", "w." + name, "w.pb.gz")
        for words in (("report", "w.pb.gz@1ms"), ("tree", "--at", "1ms", "w.pb.gz")):
            said = self.ask(*words, code=2)
            self.assertIn("nothing was recorded: memtrack watch looked from outside\n  memtrack "
                          "timeline shows", said)
        self.assertIn("needs a unit", self.ask("watch", "--interval", "1", "true",
                                               code=FAILED))
        self.assertIn("end every process", self.ask("watch", "--max", "0", "true", code=FAILED))


if __name__ == "__main__":
    harness.main()
