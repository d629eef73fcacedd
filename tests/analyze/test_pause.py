# SPDX-License-Identifier: MIT
# timeout: 300
"""
The library beside an allocator that watches it: all that it allocates and frees happens in a pause
of the tracker, whether it is linked shared or as an archive; and when any one allocation fails, the
call fails with -MEMTRACK_ENOMEM and a message, or does without. Leaks and bad accesses on the way
are valgrind's to find.
"""
import os
import re

from support import case, compiler, harness, profiles

SHARED = os.path.join(harness.BUILD, "tests", "analyze", "everything")
HERE = os.path.join(harness.SOURCE, "tests", "analyze")
ARCHIVE = os.path.join(harness.BUILD, "libmemtrack-analyze.a")
LINE = re.compile(
    rb"(\d+) rounds, (\d+) wrong, (\d+) outside, (\d+) inside, (\d+) failures in the last")


def link_archive(folder):
    """The same program, with nothing of ours but the archive and the header."""
    libraries = harness.check(["pkg-config", "--libs", "libdw", "libelf", "libprotobuf-c", "zlib",
                               "libzstd"]).stdout
    return compiler.build(os.path.join(folder, "everything"), os.path.join(HERE, "everything.c"),
                          "-O1", compiler.INCLUDE, libs=[ARCHIVE, *libraries.decode().split(),
                                                         "-lm"])


class Pause(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = profiles.make("plain", cls.dir)
        cls.preload = compiler.shared_object("pause.c")

    def figures(self, program, *options, prefix=()):
        env = harness.plain_environment(LD_PRELOAD=self.preload)
        result = harness.run([*prefix, program, self.profile, *options], env=env, timeout=200)
        self.assertEqual(result.code, 0, result)
        match = LINE.match(result.stdout)
        self.assertTrue(match, result)
        return [int(word) for word in match.groups()]

    def test_shared(self):
        _, wrong, outside, inside, _ = self.figures(SHARED)
        self.assertEqual((wrong, outside), (0, 0))
        self.assertGreater(inside, 500)

    def test_archive(self):
        _, wrong, outside, inside, _ = self.figures(link_archive(self.dir))
        self.assertEqual((wrong, outside), (0, 0))
        self.assertGreater(inside, 500)

    def test_every_allocation_can_fail(self):
        rounds, wrong, outside, _, failures = self.figures(SHARED, "fail")
        self.assertEqual((wrong, outside, failures), (0, 0, 0))
        self.assertGreater(rounds, 300)


harness.main()
