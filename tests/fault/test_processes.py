# SPDX-License-Identifier: MIT
"""Process trees: every process and every image has a profile with exactly its own allocations."""
import os
import unittest

from support import harness


def of_totals(profiles):
    return sorted((p.totals["total_blocks"], p.totals["total_bytes"]) for p in profiles)


class Processes(unittest.TestCase):
    def test_fork(self):
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("fork_both")], directory)
            self.assertEqual(0, tracked.code, "%r" % tracked)
            self.assertEqual([(10, 10000), (1000, 100000), (2300, 102100)],
                             of_totals(tracked.profiles))
            by_blocks = {p.totals["total_blocks"]: p for p in tracked.profiles}
            self.assertEqual(1, by_blocks[2300].totals["freed_blocks"])
            self.assertEqual(0, by_blocks[2300].coverage["unknown_frees"])
            # The child frees a block that it inherited: no figure of its own changes, and it is
            # said.
            self.assertEqual((0, 1), (by_blocks[1000].totals["freed_blocks"],
                                      by_blocks[1000].coverage["unknown_frees"]))
            self.assertTrue(any("fork" in note for note in by_blocks[1000].coverage["notes"]))
            self.assertEqual(3, len({p.process["pid"] for p in tracked.profiles}))

    def test_no_follow(self):
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("fork_both")], directory, ["--follow=no"])
            self.assertEqual([(2300, 102100)], of_totals(tracked.profiles))

    def test_vfork_and_spawn(self):
        """What a vfork child allocates is in its parent's memory, so it is in the parent's
        profile."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("vfork_exec")], directory)
            self.assertEqual((0, b"15\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            own = tracked.of([harness.program("vfork_exec")])
            self.assertEqual(1, len(own))
            row = own[0].row("size", r".*\b32\b.*|.*\b33\b.*")
            self.assertEqual((51, 50), (row["total_blocks"], row["live_blocks"]))
            commands = sorted(p.process["command"][0] for p in tracked.profiles)
            self.assertEqual(["sh", "sh", "true", "true"], commands[-4:],
                             "exec'ed children are followed")

    def test_exec_chain(self):
        """One process, six images: three of the program itself, sh, env and the last."""
        with harness.workdir() as directory:
            chain = [harness.program("exec_chain"), "3", "sh", "-c", 'exec env A=1 "$0"',
                     harness.program("list")]
            tracked = harness.track(chain, directory)
            self.assertEqual(0, tracked.code, "%r" % tracked)
            self.assertEqual(1, len({p.process["pid"] for p in tracked.profiles}), tracked.profiles)
            links = [p for p in tracked.profiles if p.process["exe"].endswith("/exec_chain")]
            self.assertEqual([(1, 1), (2, 4), (3, 9)], of_totals(links))
            self.assertEqual(1001, tracked.of([harness.program("list")])[0].totals["total_blocks"])
            self.assertEqual(6, len(tracked.profiles))

    def test_cleared_environment(self):
        """env -i removes the tracker from the child. The child is well, and what is left is
        recorded."""
        with harness.workdir() as directory:
            tracked = harness.track(["env", "-i", harness.program("list")], directory)
            self.assertEqual((0, b"removed 334 first 998\n"), (tracked.code, tracked.stdout))

    def test_privileges_dropped(self):
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("drop_privileges")], directory)
            self.assertEqual((0, b"uid 65534 worker 0\n"), (tracked.code, tracked.stdout), "%r" %
                             tracked)
            blocks = sorted(p.row("function", "make")["live_blocks"] for p in tracked.profiles)
            self.assertEqual([200, 400], blocks,
                             "the process and its worker, which is a child of another user")

    def test_another_user_after_exec(self):
        """runuser, setpriv and the like: what they start is recorded, and the session leaves
        nothing behind."""
        if os.geteuid() != 0:
            self.skipTest("needs the right to become another user")
        command = [harness.program("list")]
        become = [harness.tool("setpriv"), "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        with harness.workdir() as directory:
            if harness.run([*become, *command]).code:
                self.skipTest("other users cannot execute %s" % command[0])
            sessions = os.path.join(directory, "sessions")
            os.mkdir(sessions)
            os.chmod(directory, 0o711)
            tracked = harness.track([*become, *command], directory,
                                    env=harness.plain_environment(MEMTRACK_DIR=sessions))
            self.assertEqual((0, b"removed 334 first 998\n"), (tracked.code, tracked.stdout), "%r" %
                             tracked)
            self.assertEqual(1, len(tracked.of(command)))
            self.assertEqual([], os.listdir(sessions))

    def test_chroot(self):
        """After chroot into an empty directory the record goes on; a child has no place for its own
        and is unharmed.

        Where the ledger cannot grow, call paths may be missing, and that is said; totals are exact
        all the same.
        """
        with harness.workdir() as directory:
            empty = os.path.join(directory, "empty")
            os.mkdir(empty)
            tracked = harness.track([harness.program("confined_chroot"), empty], directory)
            self.assertEqual((0, b"child 0\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            totals, coverage = tracked.profile.totals, tracked.profile.coverage
            own = sum(i % 64 for i in range(400000))
            self.assertEqual((400001, own + 4096), (totals["total_blocks"], totals["total_bytes"]),
                             "%r" % tracked.profile)
            self.assertEqual(400001, totals["live_blocks"] + coverage["dropped_events"])
            if coverage["lossy_blocks"] or coverage["dropped_events"]:
                self.assertTrue(coverage["notes"])
            self.assertEqual([], os.listdir(empty))

    def test_seccomp(self):
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("confined_seccomp")], directory)
            self.assertEqual((0, b"start\ndone\n"), (tracked.code, tracked.stdout), "%r" % tracked)
            self.assertEqual((1000001, 900001), (tracked.profile.totals["total_blocks"],
                                                 tracked.profile.totals["freed_blocks"]))

    def test_early_and_late(self):
        """Blocks of an IFUNC resolver, .preinit_array, constructors, main, atexit and destructors:
        ten each, and live."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("early")], directory)
            self.assertEqual(0, tracked.code, "%r" % tracked)
            totals = tracked.profile.totals
            self.assertEqual((70, sum(range(1000, 1007)) * 10),
                             (totals["live_blocks"], totals["live_bytes"]))


if __name__ == "__main__":
    harness.main()
