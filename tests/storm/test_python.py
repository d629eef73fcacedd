# SPDX-License-Identifier: MIT
# timeout: 600
# cost: 15
"""Frames of Python are read while threads, signals, forks and codes come and go: the program does
what it does without, no path differs from a full unwind, and nothing of the interpreter is found
unreadable."""
import os
import unittest

from support import case, harness, pythons

STORM = os.path.join(os.path.dirname(harness.__file__), "python_storm.py")
ROUNDS = "2000" if os.environ.get("MEMTRACK_SOAK") else "60"


@unittest.skipUnless(pythons.INTERPRETERS, "no CPython 3.11 to 3.13 here")
class Storm(case.Case):
    def test_storm(self):
        for version, python in pythons.INTERPRETERS.items():
            with self.subTest(version):
                command = [python, "-S", STORM, ROUNDS]
                alone = harness.check(command)
                for malloc in ("malloc", "pymalloc"):
                    tracked = harness.track(
                        command, self.dir, name=version + malloc,
                        env=harness.plain_environment(PYTHONMALLOC=malloc,
                                                      MEMTRACK_OPTIONS="check_unwind=1"))
                    self.assertEqual((0, alone.stdout), (tracked.code, tracked.stdout), tracked)
                    self.assertEqual(4, len(tracked.profiles))
                    for profile in tracked.profiles:
                        self.assertIn(" 0 mismatches", profile.notes)
                        self.assertNotIn("Python code", profile.notes)
                        self.assertTrue([row for row in profile.rows("line")
                                         if row["file"] == STORM and row["function"] == "dive"])
        print("tested on", ", ".join(pythons.INTERPRETERS))


if __name__ == "__main__":
    harness.main()
