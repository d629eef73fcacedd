# SPDX-License-Identifier: MIT
"""The tracker keeps no descriptor: what a program opens, closes and counts on its descriptors is
undisturbed."""
import os
import unittest

from support import harness, oracle


class Descriptors(unittest.TestCase):
    def test_first_free(self):
        """Before and after a hundred thousand allocations, in one process and after exec."""
        with harness.workdir() as directory:
            native = harness.run([harness.program("fds_first")])
            tracked = harness.track([harness.program("fds_first")], directory)
            self.assertEqual((native.code, native.stdout), (tracked.code, tracked.stdout))
            tracked = harness.track(["env", harness.program("exec_chain"), "2",
                                     harness.program("fds_first")], directory)
            self.assertEqual(native.stdout, tracked.stdout)

    def test_closefrom(self):
        """closefrom(3) at three moments: the program's own file holds what it wrote, and nothing is
        lost of the record."""
        with harness.workdir() as directory:
            path = os.path.join(directory, "own")
            tracked = harness.track([harness.program("fds_closefrom"), path], directory)
            self.assertEqual((0, b"fd 3\n" * 3), (tracked.code, tracked.stdout), "%r" % tracked)
            with open(path) as file:
                self.assertEqual("round 0\nround 1\nround 2\n", file.read())
            rows = tracked.profile.row("function", "work")
            self.assertEqual((6 * 22000, 6 * 2000), (rows["total_blocks"], rows["live_blocks"]))

    def test_daemon(self):
        """A daemon closes everything and changes its directory; it outlives the program that
        memtrack started."""
        with harness.workdir() as directory:
            path = os.path.join(directory, "done")
            tracked = harness.track([harness.program("daemonise"), path], directory)
            self.assertEqual((0, b"started\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            with open(path) as file:
                self.assertEqual("done\n", file.read())
            daemons = [p for p in tracked.profiles if p.totals["total_bytes"] >= 500 * 20]
            self.assertEqual(1, len(daemons), tracked.profiles)
            self.assertEqual(500, daemons[0].row("function", "daemon_main")["live_blocks"])

    def test_few_descriptors(self):
        """ulimit -n 4: one descriptor is left, and the loader needs it too."""
        with harness.workdir() as directory:
            limited = ["sh", "-c", 'ulimit -n 4; exec "$0"', harness.program("list")]
            tracked = oracle.as_without(self, limited, directory)
            self.assertEqual(1001, tracked.of([harness.program("list")])[0].totals["total_blocks"])


if __name__ == "__main__":
    harness.main()
