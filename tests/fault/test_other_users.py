# SPDX-License-Identifier: MIT
"""A process can be looked at by its own user and by root; anybody else is told why not, and changes
nothing."""
import contextlib
import os
import unittest

from support import harness, live

OWNER, STRANGER = 65534, 54321
# as servers do that want core files; its /proc/PID belongs to the new user then
PR_SET_DUMPABLE = 4
BECOME = ("import ctypes, os, sys; os.setgroups([]); os.setresgid(%%d, %%d, %%d); "
          "os.setresuid(%%d, %%d, %%d);"
          "ctypes.CDLL(None).prctl(%d, 1, 0, 0, 0); print('ready', flush=True); "
          "sys.stdin.read()" % PR_SET_DUMPABLE)


def become(uid):
    return [harness.tool("setpriv"), "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]


@unittest.skipUnless(os.geteuid() == 0, "needs the right to become other users")
class OtherUsers(unittest.TestCase):
    def setUp(self):
        for path in (harness.MEMTRACK, harness.program("threads_balance")):
            if harness.run([*become(OWNER), "test", "-x", path]).code:
                self.skipTest("other users cannot execute %s" % path)

    @contextlib.contextmanager
    def target(self):
        """A process of another user whose ledger lies in a directory of that user's."""
        with harness.workdir() as outer:
            os.chmod(outer, 0o755)
            directory = os.path.join(outer, "ledgers")
            os.mkdir(directory, 0o700)
            os.chown(directory, OWNER, OWNER)
            process = live.Process([harness.program("threads_balance"), "2"], directory,
                                   wrapper=become(OWNER))
            try:
                process.wait_for("ready")
                yield process
            finally:
                process.kill()

    def as_user(self, uid, process, *arguments):
        return harness.run([*become(uid), harness.MEMTRACK, *map(str, arguments)],
                           env=process.environment_of_reader(), cwd="/")

    def test_a_stranger_is_refused(self):
        with self.target() as process:
            before = process.report()["coverage"]
            for arguments in (["report"], ["snapshot", "-o", "/tmp/memtrack-stranger.pb.gz"],
                              ["top", "--once"], ["attach"], ["detach"],
                              ["whois", process.pid, "0x1234"]):
                command = arguments if process.pid in arguments else [*arguments, process.pid]
                result = self.as_user(STRANGER, process, *command)
                self.assertEqual((3, b""), (result.code, result.stdout), "%s\n%r" %
                                 (command, result))
                self.assertRegex(result.stderr,
                                 rb"(?i)permission denied|belongs to (another )?user|not permitted",
                                 "%s\n%r" % (command, result))
                self.assertIn(b"%d" % process.pid, result.stderr, "the process is named")
            self.assertFalse(os.path.exists("/tmp/memtrack-stranger.pb.gz"))
            self.assertEqual(before["notes"], process.report()["coverage"]["notes"],
                             "detach had an effect")

    def test_a_stranger_sees_nothing(self):
        with self.target() as process:
            result = self.as_user(STRANGER, process, "list")
            self.assertEqual(0, result.code, "%r" % result)
            self.assertNotIn(b"%d" % process.pid, result.stdout)
            for path in process.ledgers():
                result = self.as_user(STRANGER, process, "report", path)
                self.assertEqual(3, result.code, "%r" % result)
                self.assertIn(b"ermission denied", result.stderr)

    def test_owner_and_root(self):
        with self.target() as process:
            for uid in (OWNER, 0):
                result = self.as_user(uid, process, "report", "--json", process.pid)
                self.assertEqual(0, result.code, "uid %d: %r" % (uid, result))
            self.assertFalse(process.report()["recording"]["approximate"])

    @contextlib.contextmanager
    def servant(self):
        """A process that root started and that has become another user since, as servers do."""
        python = harness.tool("python3")
        with live.process([python, "-E", "-s", "-S", "-c", BECOME % ((OWNER,) * 6)]) as process:
            process.wait_for("ready")
            process.wait_for_state("S")  # until it reads, it allocates
            self.assertEqual(OWNER, os.stat("/proc/%d" % process.pid).st_uid)
            yield process

    def test_one_that_gave_up_its_user(self):
        with self.servant() as process:
            self.assertGreater(process.report()["totals"]["live_bytes"], 0)
            listed = process.ask("list")
            self.assertIn((process.pid, "recording"),
                          [(p["pid"], p["state"]) for p in listed["processes"]])
            harness.memtrack("list", "--clean", env=process.environment_of_reader())
            self.assertEqual(1, len(process.ledgers()),
                             "the ledger of a running process was removed")

    def test_a_ledger_that_has_gone(self):
        """Whoever tidies up takes a running process's ledger from its directory, not from the
        process."""
        with self.servant() as process:
            before = process.report()["totals"]
            for path in process.ledgers():
                os.unlink(path)
            self.assertEqual(before, process.report()["totals"])
            result = process.memtrack("list")
            self.assertRegex(result.stdout.decode(), r"(?m)^ *%d +recording " % process.pid)

    def test_modes(self):
        with self.target() as process:
            for path in process.ledgers():
                self.assertEqual((0o600, OWNER), (os.stat(path).st_mode & 0o777,
                                                  os.stat(path).st_uid))


if __name__ == "__main__":
    harness.main()
