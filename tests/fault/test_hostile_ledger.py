# SPDX-License-Identifier: MIT
# timeout: 3600
# cost: 57
"""A process damages its own ledger while others look at it: they say what is wrong, and never
crash, hang or grow.

hostile_ledger.c scribbles, truncates, locks and replaces; the readers run beside it in a loop with
limits on memory, output and time. An answer or an error is right, a signal, a hang or an endless
file is not.
"""
import concurrent.futures
import os
import random
import time
import unittest

from support import harness, live

SECONDS = 120 if os.environ.get("MEMTRACK_SOAK") else 1  # and one round at least
MODES = ("patch", "header", "numbers", "random", "truncate", "lock", "replace")
MEMORY_BYTES, OUTPUT_BYTES, PATIENCE_SECONDS = 1 << 30, 64 << 20, 20
STATUSES = (0, 1, 3)  # done, a finding, unreadable


def limited(command):
    """The command with limits on its memory and on the files that it writes."""
    return [harness.tool("prlimit"), "--as=%d" % MEMORY_BYTES, "--fsize=%d" % OUTPUT_BYTES,
            "--core=0", "--", *command]


def commands(process, address):
    """Every command that looks into a process."""
    pid, out = str(process.pid), os.path.join(process.directory, "out.pb.gz")
    return (["report", "--json", pid], ["report", "--by", "stack", "-n", "5", pid],
            ["snapshot", pid, "-o", out, "--force"], ["diff", "--json", out, pid], ["list"],
            ["list", "--json"], ["whois", pid, hex(address)], ["top", "--once", pid],
            ["timeline", "--for", "300ms", "--json", pid], ["detach", pid], ["attach", pid],
            ["report", *process.ledgers()[:1]])


class Hostile(unittest.TestCase):
    def look(self, process, arguments):
        command = [harness.MEMTRACK, *arguments]
        begin = time.monotonic()
        result = harness.run(limited(command), env=process.environment_of_reader(),
                             timeout=PATIENCE_SECONDS)
        self.assertIn(result.code, STATUSES, "%s\n%r" % (command, result))
        if result.code == 3:
            self.assertTrue(result.stderr.strip(), "%s fails without a word" % command)
        for word in (b"Sanitizer", b"out of memory", b"Assertion"):
            self.assertNotIn(word, result.stderr, "%s\n%r" % (command, result))
        return result.code, time.monotonic() - begin

    def attack(self, mode):
        """All commands in a random order, round after round; how many answered and how many
        refused. Those that wait for a lock wait side by side."""
        rng, statuses = random.Random(mode), []
        beside = concurrent.futures.ThreadPoolExecutor(4 if mode == "lock" else 1)
        with beside as pool, live.process([harness.program("hostile_ledger"), mode]) as process:
            process.wait_for("ready")
            process.memtrack("snapshot", process.pid, "-o",
                             os.path.join(process.directory, "out.pb.gz"))
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline or not statuses:
                round_of = rng.sample(commands(process, rng.getrandbits(47)), 12)
                seen = pool.map(lambda arguments: self.look(process, arguments), round_of)
                statuses.extend(status for status, _ in seen)
            self.assertIsNone(process.child.poll(), "the hostile program has given up: %r" %
                              process.child.stderr)
        return statuses

    def test_commands(self):
        for mode in MODES:
            with self.subTest(mode):
                statuses = self.attack(mode)
                self.assertIn(0, statuses, "not even list answers")

    def test_long_readers(self):
        """Readers that keep the ledger open meanwhile: a series of snapshots, and the view of top
        in batch mode."""
        for mode in MODES:
            with self.subTest(mode), live.process([harness.program("hostile_ledger"),
                                                   mode]) as process:
                process.wait_for("ready")
                pattern = os.path.join(process.directory, "series.%n.pb.gz")
                readers = [["snapshot", str(process.pid), "-o", pattern, "--force", "--every",
                            "50ms", "--count", "3"], ["top", "--batch", "--delay", "100ms",
                                                      "--count", "4", str(process.pid)]]
                for arguments in readers:
                    self.look(process, arguments)

    def test_locked(self):
        """Somebody keeps the lock that readers take: they wait for 2 s, then read all the same and
        say how."""
        with live.process([harness.program("hostile_ledger"), "lock"]) as process:
            process.wait_for("ready")
            begin = time.monotonic()
            report = process.report("--by", "function")
            self.assertLess(time.monotonic() - begin, PATIENCE_SECONDS)
            self.assertTrue(report["recording"]["approximate"])
            self.assertTrue(report["coverage"]["notes"], "approximate without a word")
            self.assertEqual(2000, report["totals"]["total_blocks"])

    def test_left_behind(self):
        """What such a process leaves when it is killed."""
        for mode in MODES:
            with self.subTest(mode), live.process([harness.program("hostile_ledger"), mode,
                                                   "7"]) as process:
                process.wait_for("ready")
                process.memtrack("list")
                process.child.kill()
                process.child.wait()
                for arguments in (["list"], *(["report", path] for path in process.ledgers()),
                                  ["list", "--clean"]):
                    self.look(process, arguments)


if __name__ == "__main__":
    harness.main()
