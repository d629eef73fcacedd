# SPDX-License-Identifier: MIT
"""A program that locks its memory under a limit gets as far with the recorder as without: mlockall
returns what it returns natively, the same allocations succeed, and what is locked is the
program's."""
import os
import re
import unittest

from support import harness

CURRENT, FUTURE, ON_FAULT = 1, 2, 4


class LockedMemory(unittest.TestCase):
    def test_limits(self):
        """2500 KiB is less than the recorder itself has mapped; 64 is too little for any
        program."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to become somebody with a limit")
        cases = [(kib, CURRENT | FUTURE) for kib in (0, 64, 2500, 3500, 5000, 8192)]
        cases += [(3500, CURRENT), (3500, FUTURE), (3500, CURRENT | FUTURE | ON_FAULT),
                  (3500, ON_FAULT), (3500, 8)]
        for kib, flags in cases:
            with self.subTest(kib=kib, flags=flags), harness.workdir() as directory:
                command = [harness.program("locked_memory"), str(kib), str(flags)]
                native = harness.check(command)
                tracked = harness.track(command, directory)
                (told, locked), (told_then, locked_then) = (re.fullmatch(rb"(.*\n)locked (\d+)\n",
                                                                         out).groups()
                                                            for out in (native.stdout,
                                                                        tracked.stdout))
                self.assertEqual((native.code, told, native.stderr),
                                 (tracked.code, told_then, tracked.stderr))
                # the loader's list and the environment are longer by the preloaded object
                self.assertLess(abs(int(locked) - int(locked_then)), 64, "KiB locked")
                totals, coverage = tracked.profile.totals, tracked.profile.coverage
                blocks = sum(map(int, re.findall(rb"(\d+) of", told)))
                self.assertLessEqual(blocks, totals["total_blocks"])
                self.assertEqual((0, 0), (coverage["lossy_blocks"], coverage["dropped_events"]))


if __name__ == "__main__":
    harness.main()
