# SPDX-License-Identifier: MIT
# timeout: 200
"""SIGKILL at any instant loses nothing: the profile can be read, is consistent, and holds every
acknowledged event.

acknowledge.c allocates and frees without a pause and writes what it has done into a shared file
after each call. When it is killed, memtrack's figures must equal the file's, but for the one event
that was under way.
"""
import os
import random
import signal
import struct
import time
import unittest

from support import harness, live, oracle

ROUNDS = int(os.environ.get("MEMTRACK_SOAK_ROUNDS", "0")) or (300 if os.environ.get("MEMTRACK_SOAK")
                                                              else 25)
ENDINGS = {"return": 10, "exit": 11, "_exit": 12, "quick_exit": 13, "handler": 41, "kill": 128 +
           signal.SIGKILL, "abort": 128 + signal.SIGABRT, "segv": 128 + signal.SIGSEGV,
           "trap": 128 + signal.SIGILL, "handler_fatal": 128 + signal.SIGTERM}


def acknowledged(path):
    with open(path, "rb") as file:
        return struct.unpack_from("<4Q", file.read())


def wait_for_progress(path, events, process):
    """No sleeping for luck: the file itself says when the program is well under way."""
    deadline = time.monotonic() + harness.WATCHDOG_SECONDS
    while acknowledged(path)[0] < events:
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("the program did not start")
        time.sleep(0.001)


def child_of(parent):
    """The program that memtrack runs. Field 4 of /proc/PID/stat is the parent; the name before it
    may hold anything."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as file:
                if int(file.read().rpartition(")")[2].split()[1]) == parent:
                    return int(pid)
        except OSError:
            continue  # it has ended meanwhile
    raise AssertionError("process %d has no child" % parent)


class Kill(unittest.TestCase):
    def kill_at(self, directory, number, events):
        shared = os.path.join(directory, "shared.%d" % number)
        out = os.path.join(directory, "profile.%d.%%p.pb.gz" % number)
        with open(shared, "wb") as file:
            file.write(bytes(4096))
        command = [harness.program("acknowledge"), shared, str(number)]
        with live.Child([harness.MEMTRACK, "run", "-q", "-o", out, "--", *command]) as process:
            wait_for_progress(shared, events, process)
            os.kill(child_of(process.pid), signal.SIGKILL)
            _, error = process.communicate(timeout=harness.WATCHDOG_SECONDS)
        self.assertEqual(137, process.returncode, error)
        return acknowledged(shared), harness.Profile(self.profile_of(directory, number))

    def profile_of(self, directory, number):
        found = [name for name in os.listdir(directory) if name.startswith("profile.%d." % number)]
        self.assertEqual(1, len(found), "one profile after SIGKILL")
        return os.path.join(directory, found[0])

    def check_profile(self, done, profile):
        blocks, size, freed, freed_bytes = done
        totals = profile.totals
        # An event is acknowledged in two stores after the call: the record may be ahead by one
        # event, never behind.
        self.assertIn(totals["total_blocks"] - blocks, (0, 1))
        self.assertIn(totals["freed_blocks"] - freed, (0, 1))
        self.assertLessEqual(0, totals["total_bytes"] - size + 1000)
        self.assertLessEqual(totals["total_bytes"] - size, 1000)
        self.assertLessEqual(abs(totals["freed_bytes"] - freed_bytes), 1000)
        oracle.adds_up(self, profile.report("--by", "stack"),
                       ("live_bytes", "live_blocks", "peak_bytes", "total_bytes", "total_blocks"))

    def test_random_instants(self):
        rng = random.Random(1)
        with harness.workdir() as directory:
            for number in range(ROUNDS):
                events = int(10 ** rng.uniform(0, 6))
                with self.subTest(number, events=events):
                    self.check_profile(*self.kill_at(directory, number, events))

    def test_every_ending(self):
        """However the program ends, all of its 100,000 allocations are there, and the status is
        passed on."""
        for how, code in ENDINGS.items():
            with self.subTest(how), harness.workdir() as directory:
                tracked = harness.track([harness.program("ending"), how], directory)
                self.assertEqual(code, tracked.code, "%r" % tracked)
                extra = how.startswith("handler")
                totals = tracked.profile.totals
                self.assertEqual((100000 + extra, 25000 + (how == "handler")),
                                 (totals["total_blocks"], totals["freed_blocks"]))
                end = tracked.profile.process["exit"]
                self.assertEqual(code, end["code"] if end["signal"] is None else 128 +
                                 end["signal"])


if __name__ == "__main__":
    harness.main()
