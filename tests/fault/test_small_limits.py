# SPDX-License-Identifier: MIT
"""What the recorder takes of limits that are the program's: of RLIMIT_DATA, and of a small
stack."""
import ctypes
import os
import resource
import unittest

from support import compiler, harness

BLOCK = 32 << 10
# of RLIMIT_DATA: one thread's memory, static variables, and what the checks of this build need
OURS = 1 << 20
EVENT_STACK = 2 << 10  # what an event may use beyond what malloc uses
START_STACK = 512  # what the start may use beyond what the loader does for any preloaded object
NO_RANDOM = 0x0040000  # ADDR_NO_RANDOMIZE


def limited(what, value):
    def prepare():
        ctypes.CDLL(None).personality(NO_RANDOM)
        resource.setrlimit(what, (value, value))
    return prepare


class Data(unittest.TestCase):
    def blocks(self, limit, env=None):
        result = harness.run([harness.program("until_refused")], env=env,
                             preexec_fn=limited(resource.RLIMIT_DATA, limit))
        self.assertEqual(0, result.code, "%r" % result)
        return int(result.stdout)

    def test_program_keeps_its_limit(self):
        for limit in (4 << 20, 8000 << 10, 64 << 20):
            with self.subTest(limit), harness.workdir() as directory:
                native = self.blocks(limit)
                env = harness.preloaded(directory)
                tracked = self.blocks(limit, env)
                self.assertLessEqual(native - tracked, OURS // BLOCK)
                ledger, = (harness.Profile(os.path.join(directory, name))
                           for name in os.listdir(directory))
                self.assertLessEqual(tracked + 1, ledger.totals["total_blocks"])
                self.assertEqual(1, ledger.totals["failed_allocations"])

    def test_children_have_their_own(self):
        """What has been opened for writing is a fork's as well, and reads as empty where it is
        not."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("fork_ways")], directory)
            self.assertEqual([500] * 3, [p.totals["total_blocks"] for p in tracked.profiles
                                         if p.totals["total_blocks"] != 140], "%r" %
                             tracked.profiles)


class Stack(unittest.TestCase):
    def test_event(self):
        with harness.workdir() as directory:
            native = harness.check([harness.program("stack_room")])
            tracked = harness.track([harness.program("stack_room")], directory)
            for before, now in zip(native.stdout.split(), tracked.stdout.split(), strict=True):
                self.assertLessEqual(int(now) - int(before), EVENT_STACK)

    def room(self, preload, directory):
        """How much longer the environment can be, which lies on the stack, until the program is
        killed."""
        least, most = 0, 20 << 10
        while most - least > 16:
            bytes_ = (least + most) // 2
            padding = "x" * (bytes_ + len(harness.LIBRARY) - len(preload))
            env = {"LD_PRELOAD": preload, "MEMTRACK_DIR": directory, "PADDING": padding}
            result = harness.run([harness.program("tree")], env=env,
                                 preexec_fn=limited(resource.RLIMIT_STACK, 20 << 10))
            if result.code == 0:
                least = bytes_
            else:
                most = bytes_
        return least

    def test_start(self):
        """As with an empty object: the loader has the path of each on the stack."""
        with harness.workdir() as directory:
            empty = compiler.shared_object("silent.c")
            self.assertLessEqual(self.room(empty, directory) -
                                 self.room(harness.LIBRARY, directory), START_STACK)


if __name__ == "__main__":
    harness.main()
