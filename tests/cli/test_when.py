# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 28
"""--when of run and snapshot: once per crossing, every action, and what must not go wrong while
nobody looks."""
import glob
import os
import re
import signal
import subprocess
import time

from support import case, harness, live

MEMTRACK = harness.MEMTRACK
# Holds 8 MiB for a moment, three times, with nothing in between; then says so.
WAVES = ("import sys, time\n"
         "for wave in range(3):\n"
         "    x = bytearray(8 << 20); time.sleep(0.3)\n"
         "    del x; time.sleep(0.3)\n"
         "print('done')\n")
GROWS = "import time\nkeep = []\nfor i in range(int(%r)): keep.append(bytearray(1 << 19)); time.sleep(0.02)\n"


class Case(case.Case):
    def run_python(self, script, *options):
        return harness.run([MEMTRACK, "run", "-o", "p.pb.gz", *options, "--", "python3", "-c",
                            script], cwd=self.dir)

    def snapshots(self):
        return sorted(os.path.basename(path) for path in glob.glob(self.path("p.[0-9]*.pb.gz")))

    def report(self, name):
        return harness.ask("report", self.path(name))

    def marks(self, name):
        document = harness.ask("timeline", self.path(name))
        return document["processes"][0]["marks"]


class Run(Case):
    def test_once_per_crossing(self):
        result = self.run_python(WAVES, "-q", "--when", "live>7M", "--again", "0s")
        self.assertEqual((0, b"done\n", b""), (result.code, result.stdout, result.stderr))
        self.assertEqual(["p.1.pb.gz", "p.2.pb.gz", "p.3.pb.gz"], self.snapshots())
        for name in self.snapshots():
            totals = self.report(name)["totals"]
            self.assertGreater(totals["live_bytes"], 7 << 20)
        marks = self.marks("p.pb.gz")
        self.assertEqual(["live>7M"] * 3, [mark["name"] for mark in marks])
        self.assertEqual({"trigger"}, {mark["kind"] for mark in marks})
        # the snapshot has the axis and the marks so far
        self.assertEqual(marks[:2], self.marks("p.2.pb.gz"))

    def test_again(self):
        self.run_python(WAVES, "-q", "--when", "live>7M", "--again", "1m")
        self.assertEqual(["p.1.pb.gz"], self.snapshots())

    def test_never(self):
        result = self.run_python(WAVES, "-q", "--when", "live>1G", "--when", "failed>0", "--when",
                                 "dropped>0", "--when", "growth>100M/s", "--when", "time>1h",
                                 "--when", "rss>99%")
        self.assertEqual((0, b""), (result.code, result.stderr))
        self.assertEqual([], self.snapshots() + self.marks("p.pb.gz"))

    def test_actions_in_order(self):
        command = "echo \"$MEMTRACK_PID $MEMTRACK_CONDITION $MEMTRACK_PROFILE\"; test -s \"$MEMTRACK_PROFILE\""
        result = self.run_python(WAVES, "--when", "live>7M", "--do", "snapshot", "--do", command,
                                 "--do", "signal:term")
        self.assertEqual(128 + signal.SIGTERM, result.code, repr(result))
        self.assertEqual(b"", result.stdout)  # a command's output is not the program's
        text = result.stderr.decode()
        pid = re.search(
            r"live>7M in process (\d+) \([\d.]+ MiB after [\d.]+ m?s\): wrote p\.1\.pb\.gz", text)
        self.assertTrue(pid, text)
        pid = pid.group(1)
        self.assertIn("\n%s live>7M p.1.pb.gz\n" % pid, text)
        self.assertIn("sent it signal:term", text)
        self.assertNotIn("ended with status", text)
        self.assertLess(text.index("wrote"), text.index("sent it"))

    def test_command_that_fails(self):
        result = self.run_python(WAVES, "-q", "--when", "live>7M", "--do", "exit 3")
        self.assertEqual(0, result.code)
        self.assertRegex(result.stderr.decode(),
                         r"^memtrack run: live>7M in process \d+: 'exit 3' ended with status 3\n$")

    def test_command_does_not_hold_up_the_run(self):
        begin = time.monotonic()
        with open(self.path("stderr"), "w+") as stderr:  # no pipe: the command holds it open
            code = subprocess.call([MEMTRACK, "run", "-q", "-o", "p.pb.gz", "--when", "live>7M",
                                    "--do", "sleep 20", "--", "python3", "-c", WAVES], cwd=self.dir,
                                   stdout=stderr, stderr=stderr)
            stderr.seek(0)
            self.assertIn("1 trigger action still runs", stderr.read())
        self.assertEqual(0, code)
        self.assertLess(time.monotonic() - begin, 18)

    def test_directory_that_takes_nothing(self):
        result = harness.run([MEMTRACK, "run", "-o", "/proc/x.%p.pb.gz", "--when", "live>7M", "--",
                              "python3", "-c", WAVES], cwd=self.dir,
                             env=harness.plain_environment(TMPDIR=self.dir))
        self.assertNotEqual(0, len(result.stderr))
        self.assertNotIn(b"Traceback", result.stderr)

    def test_growth(self):
        result = self.run_python(GROWS % 150, "-q", "--when", "growth(1s)>5M/s", "--when",
                                 "growth(1s)>500M/s")
        self.assertEqual(0, result.code, repr(result))
        self.assertEqual(["p.1.pb.gz"], self.snapshots())
        self.assertEqual(["growth(1s)>5M/s"], [mark["name"] for mark in self.marks("p.pb.gz")])
        self.assertGreater(self.marks("p.pb.gz")[0]["time_ns"], 0.9e9)

    def test_percentage_says_of_what(self):
        result = self.run_python(WAVES, "--when", "rss>99.5%")
        self.assertRegex(result.stderr.decode(),
                         r"memtrack run: rss>99\.5% is of [\d.]+ [KMGT]iB: (the machine|/)")

    def test_children(self):
        script = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', %r])\n" % WAVES
        result = self.run_python(script, "--when", "live>7M")
        self.assertEqual(0, result.code)
        self.assertEqual(1, len(re.findall(rb"wrote p\.1\.pb\.gz", result.stderr)))
        child = int(re.search(rb"in process (\d+)", result.stderr).group(1))
        self.assertEqual(child, self.report("p.1.pb.gz")["process"]["pid"])

    def test_past_moments(self):
        """Of a child, behind more short-lived processes than are followed at a time; and of the
        snapshot of it."""
        script = ("import os, subprocess, sys\n"
                  "for i in range(20): subprocess.run(['/bin/true'])\n"
                  "subprocess.run([sys.executable, '-c', %r])\n" % (GROWS % 60))
        result = self.run_python(script, "--when", "live>20M")
        child = int(re.search(rb"in process (\d+)", result.stderr).group(1))
        end, = glob.glob(self.path("p.%d.pb.gz" % child))
        document = harness.ask("timeline", end)
        ticks = document["processes"][0]["ticks"]
        half = next(tick for tick in ticks if tick["live_bytes"] > 10 << 20)
        for name in ("p.1.pb.gz", end):
            report = harness.ask("report", "--at", "%dms" % (half["time_ns"] // 10**6),
                                 self.path(name))
            self.assertAlmostEqual(half["live_bytes"], report["totals"]["live_bytes"],
                                   delta=4 << 20)
        tree = harness.ask("timeline", "--tree", self.dir)
        self.assertEqual(1, sum(process["process"]["pid"] == child
                                for process in tree["processes"]))

    def test_usage(self):
        for message, *options in (
                (r"--when 'live>>1G': at character 6 \(>1G\)", "--when", "live>>1G"),
                (r"--when 'heap>1G': at character 1", "--when", "heap>1G"),
                (r"--do needs --when", "--do", "snapshot"),
                (r"--again needs --when", "--again", "1s"),
                (r"no such action or program", "--when", "live>1", "--do", "snapshoot"),
                (r"no such signal", "--when", "live>1", "--do", "signal:NONE"),
                (r"--do needs an action", "--when", "live>1", "--do", " "),
                (r"--again soon: needs a duration", "--when", "live>1", "--again", "soon")):
            with self.subTest(options):
                result = self.run_python("print('it ran')", *options)
                self.assertEqual((125, b""), (result.code, result.stdout))
                self.assertRegex(result.stderr.decode(), message)


class Snapshot(Case):
    def start(self, script):
        env = harness.preloaded(self.dir)
        script = "print('ready', flush=True)\n" + script
        return self.enterContext(live.Child(["python3", "-c", script], "ready", env=env))

    def snapshot(self, process, *options):
        return harness.run([MEMTRACK, "snapshot", str(process.pid), "-o", "p.pb.gz", *options],
                           cwd=self.dir)

    def test_count(self):
        process = self.start(GROWS % 1000)
        result = self.snapshot(process, "--when", "live>4M", "--count", "1")
        self.assertEqual(0, result.code, repr(result))
        self.assertIn(b"wrote p.1.pb.gz", result.stderr)
        self.assertGreater(self.report("p.1.pb.gz")["totals"]["live_bytes"], 4 << 20)
        self.assertIsNone(process.poll())

    def test_number_in_the_name(self):
        process = self.start(GROWS % 1000)
        result = harness.run([MEMTRACK, "snapshot", str(process.pid), "-q", "-o", "at-%n.pb.gz",
                              "--when", "live>4M", "--when", "time>0s", "--count", "2"],
                             cwd=self.dir)
        self.assertEqual((0, b""), (result.code, result.stderr))
        self.assertEqual(["at-1.pb.gz", "at-2.pb.gz"],
                         sorted(os.path.basename(p) for p in glob.glob(self.path("at-*"))))

    def test_until_the_process_ends(self):
        process = self.start(GROWS % 60)
        result = self.snapshot(process, "--when", "live>100G")
        self.assertEqual(0, result.code, repr(result))
        self.assertIn(b"no condition became true", result.stderr)
        self.assertEqual([], self.snapshots())

    @staticmethod
    def catches(pid, number):
        with open("/proc/%d/status" % pid) as file:
            caught = int(re.search(r"^SigCgt:\s*(\w+)", file.read(), re.M).group(1), 16)
        return bool(caught >> (number - 1) & 1)

    def test_signal_ends_the_watch(self):
        process = self.start(GROWS % 1000)
        watcher = live.Child([MEMTRACK, "snapshot", str(process.pid), "--when", "live>100G"],
                             cwd=self.dir)
        while not self.catches(watcher.pid, signal.SIGINT):
            self.assertIsNone(watcher.poll())
            time.sleep(0.01)
        watcher.send_signal(signal.SIGINT)
        watcher.communicate(timeout=20)
        self.assertEqual(0, watcher.returncode)
        self.assertIsNone(process.poll())

    def test_usage(self):
        process = self.start(GROWS % 1000)
        for message, *options in ((r"--when 'live>': at the end", "--when", "live>"),
                                  (r"excludes --every", "--when", "live>1", "--every", "1s")):
            result = self.snapshot(process, *options)
            self.assertEqual(2, result.code)
            self.assertRegex(result.stderr.decode(), message)
        self.assertEqual(3, harness.run([MEMTRACK, "snapshot", "4000000", "--when", "live>1"]).code)


if __name__ == "__main__":
    harness.main()
