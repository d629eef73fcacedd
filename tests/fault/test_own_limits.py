# SPDX-License-Identifier: MIT
# timeout: 180
"""Limits that memtrack meets itself, being larger than what it watches: whatever they cost the
summary, the program runs and its status is returned; and what was recorded is either in a profile
or in a ledger that is named."""
import glob
import os
import re
import shutil

from support import case, harness

MEMTRACK = harness.MEMTRACK
KILLER = r"""
for pid in $(cat /proc/$PPID/task/*/children); do [ "$pid" = $$ ] || kill -s %s "$pid"; done
exit 3"""


class Case(case.Case):
    def setUp(self):
        super().setUp()
        os.makedirs(self.path("ledgers"))

    def run_under(self, limit, *command, options=()):
        script = limit + ' && exec "$0" "$@"'
        return harness.run(["bash", "-c", script, MEMTRACK, "run", "-o", self.path("p.pb.gz"),
                            "--force", *options, "--", *command], cwd=self.dir,
                           env=harness.plain_environment(MEMTRACK_DIR=self.path("ledgers")))

    def recorded(self):
        """The profile, or the ledgers that were kept."""
        return glob.glob(self.path("p.pb.gz")) + harness.ledgers(self.path("ledgers"))

    def judge(self, result, code, limit):
        self.assertEqual(code, result.code, "%s\n%r" % (limit, result))
        kept = self.recorded()
        if not kept:
            said = b"nothing was recorded" in result.stderr or b"is not recorded" in result.stderr
            self.assertTrue(said, "%s\n%r" % (limit, result))
        for path in kept:  # where there is no limit, all of it is there
            self.assertEqual(100000, harness.Profile(path).totals["total_blocks"], limit)
            if path.endswith(".ledger"):
                self.assertIn(os.path.dirname(path).encode(), result.stderr, limit)


class Limits(Case):
    def test_matrix(self):
        for limit in ("ulimit -s 128", "ulimit -s 64", "ulimit -d 15800", "ulimit -d 16000",
                      "ulimit -d 20000",
                      "ulimit -d 40000", "ulimit -v 30000", "ulimit -v 60000", "ulimit -v 100000",
                      "ulimit -n 4", "ulimit -n 6", "ulimit -n 8", "ulimit -n 10", "ulimit -n 20",
                      "ulimit -f 100", "ulimit -f 8", "ulimit -S -d 20000", "ulimit -S -n 8",
                      "ulimit -t 30"):
            with self.subTest(limit):
                for path in self.recorded():
                    os.unlink(path)
                native = harness.run(["bash", "-c", limit + ' && exec "$0" "$@"',
                                      harness.program("ending"), "exit"])
                self.judge(self.run_under(limit, harness.program("ending"), "exit"), native.code,
                           limit)

    def test_soft_limits_are_raised(self):
        """What memtrack may lift for itself it does, and for itself alone."""
        result = self.run_under("ulimit -S -n 8 -S -d 30000", "sh", "-c", "ulimit -n; ulimit -d")
        self.assertEqual([b"8", b"30000"], result.stdout.split(), result)
        self.assertTrue(os.path.exists(self.path("p.pb.gz")), result)

    def test_processes(self):
        """Nobody may start another process: the program does not need one."""
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs to become another user")
        for directory in (self.dir, self.path("ledgers")):
            os.chmod(directory, 0o777)
        script = 'ulimit -u 1 && exec "$0" "$@"'
        result = harness.run(["setpriv", "--reuid=65432", "--regid=65432", "--clear-groups", "bash",
                              "-c", script, MEMTRACK, "run", "--", harness.program("ending"),
                              "exit"], cwd=self.dir,
                             env=harness.plain_environment(MEMTRACK_DIR=self.path("ledgers")))
        self.assertEqual(11, result.code, result)
        self.assertIn(b"runs, and is not recorded", result.stderr)

    def test_small_stack_for_every_command(self):
        self.run_under("true", harness.program("ending"), "exit")
        script = 'ulimit -s 32 && exec "$0" "$@"'
        for command in (["report", "--by", "stack"], ["check", "--max-peak", "1G"], ["timeline"]):
            result = harness.run(["bash", "-c", script, MEMTRACK, *command, self.path("p.pb.gz")])
            self.assertEqual(0, result.code, result)


class Death(Case):
    """The part that reads dies: of a signal, as by the kernel when memory is short, or of a fault
    of its own."""

    def test_killed(self):
        for signal in ("KILL", "SEGV", "ABRT"):
            with self.subTest(signal):
                result = self.run_under("true", "bash", "-c", KILLER % signal)
                self.assertEqual(3, result.code, result)
                said = re.search(rb"the summary is lost: memtrack's reader has died \(signal \d+ \(.*\) ended "
                                 rb"it.*\); the recording is kept "
                                 rb"in (\S+)", result.stderr)
                self.assertTrue(said, result)
                kept = [harness.Profile(path).process["exe"]
                        for path in glob.glob(said[1].decode() + "/*.ledger")]
                self.assertIn("bash", [os.path.basename(exe) for exe in kept])
                harness.remove_session(said[1].decode())

    def test_stopped_starter(self):
        """Without the one that waits for it, the observer has nothing to do, and does not stay."""
        script = "kill -KILL $PPID; sleep 0.1; exit 3"
        result = self.run_under("true", "sh", "-c", script)
        self.assertEqual(-9, result.code, result)
        self.assertFalse(os.path.exists(self.path("p.pb.gz")))


if __name__ == "__main__":
    harness.main()
