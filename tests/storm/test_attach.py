# SPDX-License-Identifier: MIT
# timeout: 3600
"""Recording is switched on and off in a process that works all the while: no harm, and no figure
that claims too much."""
import os
import random
import signal
import subprocess
import unittest

from support import harness, live, oracle

SOAK = os.environ.get("MEMTRACK_SOAK")
SWITCHES = int(os.environ.get("MEMTRACK_SOAK_ROUNDS", "0")) or (10000 if SOAK else 300)
COLUMNS = ("live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks")
CLAIMS = (b"no leaks", b"every allocation was recorded")


class Attach(unittest.TestCase):
    def switch(self, process, word):
        result = process.memtrack(word, process.pid)
        self.assertEqual(0, result.code, "%r" % result)

    def check_sums(self, report):
        oracle.adds_up(self, report, COLUMNS)

    def count(self, process):
        totals = process.report()["totals"]
        return totals["total_blocks"], totals["freed_blocks"]

    def text(self, process):
        result = process.memtrack("report", process.pid)
        self.assertEqual(0, result.code, "%r" % result)
        for claim in CLAIMS:
            self.assertNotIn(claim, result.stdout)
        return result.stdout + result.stderr

    def test_under_load(self):
        for allocator in ("glibc", "jemalloc"):
            with self.subTest(allocator), live.process([harness.program("threads_balance"), "8"],
                                                       allocator=allocator,
                                                       MEMTRACK_ACTIVE=0) as process:
                process.wait_for("ready")
                for number in range(SWITCHES // 2):
                    self.switch(process, "attach" if number % 2 == 0 else "detach")
                    if number % 50 == 49:
                        self.check_sums(process.report())
                self.switch(process, "attach")
                before = self.count(process)[0]
                self.wait_until(lambda: self.count(process)[0] > before, "it records again")
                report = process.report()
                self.check_sums(report)
                self.assertGreater(report["coverage"]["unknown_frees"], 0,
                                   "blocks from before are freed")
                self.assertIsNone(process.child.poll(), "it has ended")

    def wait_until(self, condition, what):
        for _ in range(2000):
            if condition():
                return
        self.fail(what)

    def test_two_at_once(self):
        """One switches on while another switches off and a third takes snapshots."""
        with live.process([harness.program("threads_balance"), "4"]) as process:
            process.wait_for("ready")
            out = os.path.join(process.directory, "out.pb.gz")
            commands = [["attach", str(process.pid)], ["detach", str(process.pid)],
                        ["snapshot", str(process.pid), "--force", "-o", out]]
            for _ in range(SWITCHES // 30):
                running = [subprocess.Popen([harness.MEMTRACK, *command],
                                            env=process.environment_of_reader(),
                                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                           for command in commands]
                for command, one in zip(commands, running):
                    _, error = one.communicate(timeout=harness.WATCHDOG_SECONDS)
                    self.assertEqual(0, one.returncode, "%s: %s" % (command, error))
                self.check_sums(process.report(subject=out))
            self.assertIsNone(process.child.poll(), "it has ended")

    def test_killed_between(self):
        """Whoever switches may die as well: the next one finds everything in order."""
        rng = random.Random(5)
        with live.process([harness.program("threads_balance"), "4"]) as process:
            process.wait_for("ready")
            for number in range(SWITCHES // 10):
                command = rng.choice((["report", "--json"],
                                      ["snapshot", "--force", "-o", "/dev/null"], ["attach"]))
                reader = subprocess.Popen([harness.MEMTRACK, *command, str(process.pid)],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                          env=process.environment_of_reader())
                try:
                    reader.wait(rng.uniform(0, 0.03))
                except subprocess.TimeoutExpired:
                    reader.kill()
                    reader.wait()
                if number % 10 == 9:
                    report = process.report()
                    self.check_sums(report)
                    self.assertFalse(report["recording"]["approximate"],
                                     report["coverage"]["notes"])

    def test_same_result(self):
        """A program that counts for itself does and prints the same as when nobody interferes."""
        command = [harness.program("threads_churn"), "4", "100000"]
        with live.process(command, MEMTRACK_ACTIVE=0) as process:
            number = 0
            while process.state() != "Z":
                process.memtrack("attach" if number % 2 == 0 else "detach", process.pid)
                number += 1
            stdout, stderr = process.child.communicate(timeout=harness.WATCHDOG_SECONDS)
            self.assertEqual((0, b""), (process.child.returncode, stderr))
            self.assertRegex(stdout, rb"^blocks \d+ bytes \d+ freed \d+ freed_bytes \d+\n$")
            recorded = process.report(subject=process.ledgers()[0])["totals"]
            self.assertLessEqual(recorded["total_blocks"], int(stdout.split()[1]) + 100)

    def test_dormant_says_so(self):
        """While off nothing is counted, and no output reads as if there were nothing to count."""
        with live.process([harness.program("threads_balance"), "2"], MEMTRACK_ACTIVE=0) as process:
            process.wait_for("ready")
            self.assertEqual(0, self.count(process)[0])
            self.assertRegex(self.text(process),
                             rb"(?i)dormant|recording (is|was) off|not recorded")
            self.switch(process, "attach")
            self.wait_until(lambda: self.count(process)[0] > 0, "it records")
            self.text(process)
            self.switch(process, "detach")
            self.wait_until(lambda: self.count(process)[0] == self.count(process)[0], "it rests")
            self.assertRegex(self.text(process),
                             rb"(?i)switched (on|off)|recording (is|was) off|not recorded")

    def test_dormant_run(self):
        """memtrack run --dormant of a program that nobody attached to."""
        with harness.workdir() as directory:
            out = os.path.join(directory, "p.pb.gz")
            result = harness.run([harness.MEMTRACK, "run", "--dormant", "-o", out, "--",
                                  harness.program("leaks")])
            self.assertEqual(0, result.code, "%r" % result)
            said = result.stdout + result.stderr
            for claim in CLAIMS:
                self.assertNotIn(claim, said)
            self.assertRegex(said, rb"(?i)dormant|recording (is|was) off|nothing was recorded|not "
                                   rb"recorded")

    def test_children(self):
        """The children of a dormant process are dormant, across fork and exec, and can be attached
        to."""
        with harness.workdir() as directory:
            env = harness.preloaded(directory, MEMTRACK_ACTIVE=0)
            native = harness.run([harness.program("fork_both")])
            dormant = harness.run([harness.program("fork_both")], env=env)
            self.assertEqual((native.code, native.stdout), (dormant.code, dormant.stdout), "%r" %
                             dormant)
            for name in os.listdir(directory):
                report = harness.Profile(os.path.join(directory, name))
                self.assertEqual(0, report.totals["total_blocks"], name)

    def test_child_of_an_attached_process(self):
        """sh is dormant, attached to, and then starts a program: that one is dormant as its
        environment says."""
        with live.process(["sh", "-c", "echo ready; read line; %s" % harness.program("list")],
                          MEMTRACK_ACTIVE=0) as process:
            process.wait_for("ready")
            self.switch(process, "attach")
            process.signal(signal.SIGTERM)
            process.child.wait()
            for path in process.ledgers():
                self.check_sums(process.report(subject=path))


if __name__ == "__main__":
    harness.main()
