# SPDX-License-Identifier: MIT
"""The recorder's own memory has a bound: --max-ledger, or a part of the memory limit. Call paths
beyond it are counted in one line, all totals are exact, and a note says so. And where there is no
room at all, the program is what it is without."""
import contextlib
import os
import subprocess
import unittest

from support import harness

N = 100000
LIVE = 1000


def paths(n, live=LIVE):
    """total_bytes of tests/programs/many_paths.c, and its peak."""
    sizes = [16 + i % 100 for i in range(n)]
    now = peak = 8 * live
    for i, size in enumerate(sizes):
        now -= sizes[i - live] if i >= live else 0
        now += size
        peak = max(peak, now)
    return sum(sizes) + 8 * live, peak


class Bounds(unittest.TestCase):
    def run_bounded(self, directory, *options, n=N, before=(), env=None):
        tracked = harness.track([*before, harness.program("many_paths"), str(n), str(LIVE)],
                                directory, options, env=env)
        self.assertEqual((0, b""), (tracked.code, tracked.stdout), "%r" % tracked)
        profile = next(p for p in tracked.profiles if p.process["exe"].endswith("many_paths"))
        totals, coverage = profile.totals, profile.coverage
        self.assertEqual((n + 1, *paths(n), 0, 0),
                         (totals["total_blocks"], totals["total_bytes"], totals["peak_bytes"],
                          totals["live_blocks"], coverage["dropped_events"]), "%r" % profile)
        return profile

    def ledger_bytes(self, profile):
        return profile.report()["self"]["ledger_bytes"]

    def test_option(self):
        with harness.workdir() as directory:
            free = self.run_bounded(directory)
            self.assertGreater(self.ledger_bytes(free), 10 << 20,
                               "the program has not as many call paths as it should")
            self.assertEqual(0, free.coverage["lossy_blocks"])
        for mib in (2, 4):
            with self.subTest(mib), harness.workdir() as directory:
                profile = self.run_bounded(directory, "--max-ledger=%dM" % mib)
                self.assertLessEqual(self.ledger_bytes(profile), (mib << 20) + (512 << 10))
                self.assertGreater(profile.coverage["lossy_blocks"], N // 2)
                self.assertRegex(profile.notes, r"%d MiB of ledger.*--max-ledger" % mib)

    def test_no_bound(self):
        with harness.workdir() as directory:
            env = harness.plain_environment(MEMTRACK_OPTIONS="max_ledger=1M")
            lossy = self.run_bounded(directory, env=env).coverage["lossy_blocks"]
            self.assertGreater(lossy, 0)
            command = [harness.MEMTRACK, "run", "--max-ledger", "none", "true"]
            self.assertEqual(125, harness.run(command).code)

    def test_memory_limit(self):
        """An eighth of the limit of the control group, or of one around it."""
        with memory_group(64 << 20) as group, harness.workdir() as directory:
            into = ["sh", "-c", 'echo $$ > "$0"/cgroup.procs && exec "$@"', group]
            profile = self.run_bounded(directory, before=into)
            self.assertLessEqual(self.ledger_bytes(profile), (8 << 20) + (512 << 10))
            self.assertGreater(profile.coverage["lossy_blocks"], 0)
            self.assertRegex(profile.notes, "8 MiB of ledger")
            with harness.workdir() as another:
                unbounded = self.run_bounded(another, "--max-ledger=0", before=into)
                self.assertEqual(0, unbounded.coverage["lossy_blocks"])

    def test_churn(self):
        """A million call paths, a thousand live blocks: what the recorder holds has a bound, beside
        the ledger, too."""
        n = 1000000 if os.environ.get("MEMTRACK_SOAK") else 300000
        with harness.workdir() as directory:
            env = harness.preloaded(directory, MEMTRACK_OPTIONS="max_ledger=8M")
            process = subprocess.Popen([harness.program("many_paths"), str(n), str(LIVE)], env=env)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
            self.assertEqual(0, status)
            self.assertLess(usage.ru_maxrss, 32 << 10, "KiB")
            ledger, = (harness.Profile(os.path.join(directory, name))
                       for name in os.listdir(directory))
            totals = ledger.totals
            self.assertEqual((n + 1, *paths(n), 0), (totals["total_blocks"], totals["total_bytes"],
                                                     totals["peak_bytes"], totals["live_blocks"]))


@contextlib.contextmanager
def memory_group(limit):
    """A control group below our own."""
    with open("/proc/self/cgroup") as file:
        mine = dict(line.strip().split(":", 2)[1:] for line in file)
    version1 = "memory" in mine
    where = ("/sys/fs/cgroup/memory" if version1 else "/sys/fs/cgroup") + mine["memory" if version1
                                                                               else ""]
    group = os.path.join(where, "memtrack-test-%d" % os.getpid())
    inner = os.path.join(group, "inner")
    try:
        os.makedirs(inner)
        with open(os.path.join(group, "memory.limit_in_bytes" if version1 else "memory.max"),
                  "w") as file:
            file.write(str(limit))
    except OSError as error:
        raise unittest.SkipTest("no control group is to be had: %s" % error) from None
    try:
        yield inner
    finally:
        for path in (inner, group):
            with contextlib.suppress(OSError):
                os.rmdir(path)


class Environment(unittest.TestCase):
    """Where the recorder finds what it is to do."""

    def recorded(self, directory, before=(), env=None):
        tracked = harness.track([*before, harness.program("tree")], directory, env=env)
        self.assertEqual((0, b"61497 bytes of labels\n"), (tracked.code, tracked.stdout), "%r" %
                         tracked)
        mine = [p for p in tracked.profiles if p.process["exe"].endswith("/tree")]
        self.assertEqual([3951], [p.totals["total_blocks"] for p in mine], "%r" % tracked)
        self.assertEqual([harness.program("tree")], mine[0].process["command"])
        return tracked

    def test_large(self):
        """1.5 MiB of variables, before and after ours."""
        with harness.workdir() as directory:
            many = {"%s%d" % (letter, i): "x" * 100000 for letter in "AZ" for i in range(8)}
            self.recorded(directory, env=harness.plain_environment(**many))

    def test_without_proc(self):
        with harness.workdir() as directory:
            hide = ["unshare", "-m", "sh", "-c", 'umount -l /proc && exec "$0" "$@"']
            if harness.run([*hide, "true"]).code:
                self.skipTest("needs the right to unmount /proc")
            with self.subTest("the program"):
                self.recorded(directory, before=hide)
            out = os.path.join(directory, "out.pb.gz")
            with self.subTest("memtrack, too"):
                result = harness.run([*hide, harness.MEMTRACK, "run", "-o", out,
                                      harness.program("tree")])
                self.assertEqual((0, b"61497 bytes of labels\n"), (result.code, result.stdout),
                                 "%r" % result)
                self.assertNotRegex(result.stderr.decode(), "nothing was recorded|still run")
                self.assertEqual(3951, harness.Profile(out).totals["total_blocks"])


if __name__ == "__main__":
    harness.main()
