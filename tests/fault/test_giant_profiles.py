# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 18
"""Small files that mean much, and large honest ones: what memtrack report spends on them is
bounded.

A file of 128 KiB or less, whatever it holds, is read or refused with less than 400 MiB and within
seconds. So is an honest profile of 30,000 samples; MEMTRACK_SOAK=1 takes a million.
"""
import gzip
import os
import sys
import unittest

from support import harness
from support.pprof import field, giant, number, varint

SMALL = 128 << 10
MOST_MIB = 400
SECONDS = 60  # of processor time, on a machine that is busy; a quadratic step takes hours
HEAD = b"".join(field(6, s) for s in (b"", b"inuse_space", b"bytes", b"f", b"/a.c"))
TYPES = field(1, number(1, 1) + number(2, 2))
PLACE = field(5, number(1, 1) + number(2, 3) + number(4, 4)) + field(4, number(1, 1) +
                                                                     field(4, number(1, 1) +
                                                                           number(2, 1)))


def packed(content):
    """gzip of it, in 128 KiB; content: a function of n that is about n bytes long."""
    n = 40 << 20  # what 128 KiB may inflate to
    while True:
        file = gzip.compress(content(n), 6)
        if len(file) <= SMALL:
            return file
        n = int(n * SMALL / len(file) * 0.95)


def fill(piece, n):
    return piece * (n // len(piece) + 1)


def inlined(lines, frames):
    """A location with many inlined functions, many times on one path."""
    location = field(4, number(1, 1) + fill(field(4, number(1, 1) + number(2, 1)), lines *
                                            6)[:lines * 6])
    return HEAD + TYPES + field(5, number(1, 1) + number(2, 3)) + location + field(2,
                                                                                   field(1, b"\1" *
                                                                                         frames) +
                                                                                   number(2, 5))


def nested(text):
    """A function and a file with a name of a MiB."""
    return b"".join(field(6, s) for s in (b"", b"inuse_space", b"bytes", text, text +
                                          b"/x.c")) + TYPES + PLACE + field(2, number(1, 1) +
                                                                            number(2, 5))


BOMBS = {"empty samples": lambda n: HEAD + fill(field(2, b""), n) + TYPES,
         "samples of nothing": lambda n: HEAD + TYPES + fill(field(2, number(2, 0)), n),
         "samples of one frame": lambda n: HEAD + TYPES + PLACE +
         fill(field(2, number(1, 1) + number(2, 1)), n), "sample types": lambda n: HEAD +
         fill(TYPES, n), "empty strings": lambda n: HEAD + fill(field(6, b""), n) + TYPES,
         "empty messages": lambda n: HEAD + TYPES +
         b"".join(fill(varint(f << 3 | 2) + b"\0", n // 8) for f in (11, 1500, 1501, 1502, 1503)),
         "empty messages in the period type": lambda n: HEAD + TYPES +
         b"".join(fill(field(11, field(f, b"")), n // 4) for f in (1500, 1501, 1502, 1503)),
         "lines of nothing": lambda n: HEAD + TYPES +
         field(4, number(1, 1) + fill(field(4, b""), 15 << 20)), "threads": lambda n: HEAD + TYPES +
         field(1500, fill(field(7, b""), 15 << 20)), "scopes": lambda n: HEAD + TYPES +
         fill(field(1503, fill(field(4, b""), 8 << 20)), n), "scope events": lambda n: HEAD +
         TYPES + fill(field(1503, fill(field(5, b""), 1 << 20)), n), "marks": lambda n: HEAD +
         TYPES + fill(field(1502, fill(field(11, b""), 1 << 20)), n), "ticks": lambda n: HEAD +
         TYPES + fill(field(1502, b"".join(field(f, bytes(1 << 20)) for f in range(1, 7))), n),
         "changes": lambda n: HEAD + TYPES + fill(field(1502,
                                                        b"".join(field(f, bytes(1 << 20))
                                                                 for f in range(7, 11))), n),
         "labels": lambda n: fill(field(2, fill(field(3, number(1, 9)), 1 << 20)), n),
         "values": lambda n: HEAD + TYPES + field(2, field(2, bytes(15 << 20))),
         "a path of millions": lambda n: HEAD + TYPES + PLACE +
         fill(field(2, field(1, b"\1" * (15 << 20)) + number(2, 1)), n),
         "locations that are missing": lambda n: HEAD + TYPES +
         field(2, field(1, b"".join(map(varint, range(1, n // 30)))) + number(2, 1)),
         "deep inlines": lambda n: inlined(1 << 18, 1 << 22),
         "brackets": lambda n: nested(b"(" * (1 << 20)),
         "angles": lambda n: nested(b"a<" * (1 << 19)),
         "operators": lambda n: nested(b"operator<" * (1 << 17)),
         "colons": lambda n: nested(b"a::" * (1 << 18)),
         "blanks": lambda n: nested(b"a " * (1 << 19)),
         "slashes": lambda n: nested(b"/" * (1 << 20)),
         "dots": lambda n: nested(b"/.." * (1 << 18)),
         "escapes": lambda n: nested(b"\x1b" * (1 << 20)),
         "text: records": lambda n: b"heap_v2/1\n" + fill(b"@ 0x1\n t*: 1: 1 [0: 0]\n", n),
         "text: a long stack": lambda n: b"heap profile: 1: 1 [1: 1] @ heapprofile\n1: 1 [1: 1] @" +
         fill(b" 0x10", n), "text: mappings": lambda n: b"heap_v2/1\nMAPPED_LIBRARIES:\n" +
         fill(b"0-1 r-xp 0 0 0 /\n", n),
         "text: comments": lambda n: b"heap profile: 1: 1 [1: 1] @ heap/2\n1: 1 [1: 1] @ 0x2\n" +
         fill(b"#\t0x1\ta\n", n),
         "text: mapped twice": lambda n: b"heap profile: 1: 1 [1: 1] @ heap/2\n" +
         fill(b"1: 1 [1: 1] @ 0x2\n#\t0x1\ta\tb:1\n", n),}


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
