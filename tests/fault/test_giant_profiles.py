# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 18
"""Small files that mean much, and large honest ones: what memtrack report spends on them is
bounded.

A file of 128 KiB or less, whatever it holds, is read or refused with less than 400 MiB and within
seconds. So is an honest profile of 30,000 samples; MEMTRACK_SOAK=1 takes a million.
"""
import os
import sys
import unittest

from support import harness
from support.bombs import BOMBS, packed
from support.pprof import giant

MOST_MIB = 400
SECONDS = 60  # of processor time, on a machine that is busy; a quadratic step takes hours

# In a process of its own, which is small: the memory of a process counts from that of the one that
# it was forked from.
SPEND = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
_, status, used = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def spend(arguments):
    """(status, processor seconds, MiB at most, messages) of memtrack with these arguments."""
    result = harness.check([sys.executable, "-S", "-c", SPEND, harness.MEMTRACK, *arguments],
                           timeout=10 * SECONDS)
    status, seconds, mib = result.stdout.split()
    return int(status), float(seconds), float(mib), result.stderr


class Bombs(unittest.TestCase):
    def test_small_files_cost_little(self):
        with harness.workdir() as directory:
            path = os.path.join(directory, "bomb.pb.gz")
            for name, content in BOMBS.items():
                with open(path, "wb") as file:
                    file.write(packed(content))
                # the two that visit every frame
                ways = [["report", "--by", "stack"], ["report", "--cumulative"]]
                for options in ways if name in ("deep inlines", "a path of millions") else ways[:1]:
                    with self.subTest(name, options=options):
                        status, seconds, mib, messages = spend([*options, "--no-pager", path])
                        self.assertIn(status, (0, 3), messages)
                        self.assertEqual(status == 3, b"bomb.pb.gz" in messages, messages)
                        print("%s, %s: status %d, %.2f s, %d MiB" %
                              (name, options[1], status, seconds, mib))
                        self.assertLess(mib, MOST_MIB)
                        self.assertLess(seconds, SECONDS)


class Honest(unittest.TestCase):
    def test_many_samples(self):
        n = 1000000 if os.environ.get("MEMTRACK_SOAK") else 30000
        with harness.workdir() as directory:
            path = os.path.join(directory, "giant.pb.gz")
            with open(path, "wb") as file:
                live = giant.write(file, n)
            profile = harness.Profile(path)
            for options in (["--by", "stack"], ["--by", "line"]):
                rows = profile.report(*options)["rows"]
                self.assertEqual(live, sum(row["live_bytes"] for row in rows))
            for options in (["--by", "stack"], ["--cumulative"], []):
                status, seconds, mib, messages = spend(["report", "--no-pager", *options, path])
                print("%d samples, %s: %.2f s of processor time, %d MiB" %
                      (n, " ".join(options) or "by line", seconds, mib))
                self.assertEqual(0, status, messages)
                self.assertLess(mib, MOST_MIB)


if __name__ == "__main__":
    harness.main()
