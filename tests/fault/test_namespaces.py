# SPDX-License-Identifier: MIT
"""Processes that live in other namespaces than the command, or lose their parent: times, parents
and what is missing are said as they are."""
import os
import unittest

from support import harness, live


class Namespaces(unittest.TestCase):
    def track(self, directory, *command):
        tracked = harness.track(list(command), directory)
        if b"unshare failed" in tracked.stderr:
            self.skipTest("%r" % tracked)
        self.assertEqual(0, tracked.code, "%r" % tracked)
        return tracked

    def test_time(self):
        """Five seconds behind and a day ahead: how long it ran is what it ran, and that it has
        ended is known."""
        for seconds in (-5, 86400):
            with self.subTest(seconds), harness.workdir() as directory:
                away = ["unshare", "-T", "--monotonic", str(seconds), "--boottime", str(seconds),
                        "-f"]
                if harness.run([*away, "true"]).code:
                    self.skipTest("needs the right to a time namespace")
                tracked = self.track(directory, *away, harness.program("tree"))
                self.assertNotIn(b"still run", tracked.stderr)
                child, = (p for p in tracked.profiles if p.process["exe"].endswith("/tree"))
                parent, = (p for p in tracked.profiles if p.process["exe"].endswith("/unshare"))
                self.assertLess(child.process["duration_ns"], parent.process["duration_ns"])

    def test_age_in_another_time(self):
        """memtrack list, of a process whose clock is a day ahead."""
        with harness.workdir() as directory:
            away = ["unshare", "-T", "--monotonic", "86400", "--boottime", "86400", "-f",
                    "--kill-child"]
            if harness.run([*away, "true"]).code:
                self.skipTest("needs the right to a time namespace")
            env = harness.preloaded(directory)
            script = 'echo ready; read line; echo "$line"'
            with live.Child([*away, "sh", "-c", script], "ready", env=env) as process:
                found = harness.ask("list")
                process.communicate(b"done\n")
            mine = [entry for entry in found["processes"] if entry["file"].startswith(directory)]
            self.assertEqual(["recording"] * 2, [entry["state"] for entry in mine], mine)
            ages = [entry["age_ns"] for entry in mine]
            self.assertLess(max(ages), 600e9)
            self.assertGreater(min(ages), 0, "a process that runs has begun")

    def test_orphan(self):
        """The fork of a process that has ended is that process's, not init's."""
        with harness.workdir() as directory:
            tracked = self.track(directory, "sh", "-c", '(%s; sleep 0.3; :) & exit 0' %
                                 harness.program("tree"))
            forks = [p for p in tracked.profiles if "is a fork of process" in p.notes]
            self.assertTrue(forks, "%r" % tracked.profiles)
            pids = {p.process["pid"] for p in tracked.profiles}
            for fork in forks:
                note = next(n for n in fork.coverage["notes"] if "is a fork of process" in n)
                self.assertIn(int(note.split("fork of process ")[1].split(":")[0]), pids, note)

    def test_child_without_a_ledger(self):
        """After chroot a child can make none: its parent's summary says so, and why."""
        with harness.workdir() as directory:
            empty = os.path.join(directory, "empty")
            os.mkdir(empty)
            tracked = self.track(directory, harness.program("confined_chroot"), empty)
            notes = tracked.profile.notes
            self.assertRegex(notes,
                             "1 forked process is not recorded.*chroot")

    def test_child_of_a_confined_process(self):
        with harness.workdir() as directory:
            tracked = self.track(directory, harness.program("confined_fork"))
            notes = tracked.profile.notes
            self.assertRegex(notes,
                             "3 forked processes are not recorded.*seccomp")


if __name__ == "__main__":
    harness.main()
