# SPDX-License-Identifier: MIT
# timeout: 7200
# cost: 40
"""
Leave the recorder at every instruction of an event (a sample of them here, all with
MEMTRACK_SOAK=1): nothing that is recorded afterwards may be wrong, and what was left is there as a
whole or not at all.
"""
import os
import unittest

from support import compiler, harness

SOAK = bool(os.environ.get("MEMTRACK_SOAK"))
# An event takes some hundred instructions when its call path is in the caches, and thousands when
# it has to learn all of it; each is as many signals. Of the long ones a step leaves out most here,
# and alone it is another step than with a thread, to leave at other instructions: whoever leaves at
# the k-th steps through k, so half as many places cost a quarter.
WARM = {"malloc": 1, "free": 1, "realloc": 7, "replace": 37, "resize": 17,
        "mmap": 1999, "munmap": 149, "munmap_all": 149, "mprotect": 211}
# Of those that walk the stack without caches, or read the program's modules, there are too many to
# leave at each in an hour.
SOAK_STEPS = {"mmap": 47, "mprotect": 47, "munmap": 3, "munmap_all": 3, "thread": 7, "start": 61}
MAPPINGS = ("mmap", "munmap", "munmap_all", "mprotect")
COLD = {"malloc": 149, "new_path": 181, "free": 11, "realloc": 181, "scope": 79, "clear": 5,
        "thread": 1499, "start": 6007}


class Left(unittest.TestCase):
    def leave(self, event, step, *how):
        if SOAK:
            step = SOAK_STEPS.get(event, 1)
        elif "threads" in how and step > 1:
            step += 2
        with harness.workdir() as directory:
            command = [harness.program("left_anywhere"), event, str(step), *how]
            options = ["--allocator", compiler.shared_object("bump.c"),
                       *(["--mmap"] if event in MAPPINGS else [])]
            tracked = harness.track(command, directory, options, timeout=3000 if SOAK else 120)
            self.assertEqual(0, tracked.code, "%s %s: %r" % (event, how, tracked))
            rounds = int(tracked.stdout)
            self.assertGreater(rounds, 8, "%s %s: stepped through" % (event, how))
            if event in ("clear", "start"):
                return rounds
            row = tracked.profile.row("function", "probe")
            self.assertEqual((rounds, rounds * 7777, 0),
                             (row["total_blocks"], row["total_bytes"], row["live_blocks"]))
            totals = tracked.profile.totals
            rows = tracked.profile.rows("function")
            for field in ("live_bytes", "live_blocks", "total_bytes", "total_blocks", "peak_bytes"):
                self.assertEqual(totals[field], sum(r[field] for r in rows), "%s %s: %s" %
                                 (event, how, field))
            return rounds

    def test_in_the_caches(self):
        for event, step in WARM.items():
            for how in (["warm"], ["warm", "threads"]):
                print("%s %s: left %d times" % (event, how, self.leave(event, step, *how)))

    def test_not_in_the_caches(self):
        for event, step in COLD.items():
            for how in ([], ["threads"]):
                print("%s %s: left %d times" % (event, how, self.leave(event, step, *how)))


if __name__ == "__main__":
    harness.main()
