# SPDX-License-Identifier: MIT
"""The kernel refuses memory to the recorder, from some call on: the program is what it is without,
all totals are exact, and what could not be recorded is counted and said. By fault injection
(strace), by a small control group, and, in make soak, by vm.overcommit_memory=2, which is the whole
machine's."""
import contextlib
import glob
import os
import re
import unittest

from support import harness
from test_bounds import memory_group, paths

N, LIVE = 5000, 1000
COMMAND = [harness.program("many_paths"), str(N), str(LIVE)]
# which call is refused, with what, and how often it succeeds before: as often as the loader makes
# it, and more
CASES = [("fallocate", "ENOSPC", 0), ("fallocate", "ENOMEM", 0), ("mremap", "ENOMEM", 0),
         ("mremap", "ENOMEM", 2), ("madvise", "EFAULT", 5), ("madvise", "ENOMEM", 5),
         ("mmap", "ENOMEM", 15), ("mmap", "ENOMEM", 26), ("mmap", "ENOMEM", 27),
         ("mmap", "ENOMEM", 29), ("mprotect", "ENOMEM", 5), ("mprotect", "ENOMEM", 19),
         ("ftruncate", "EINVAL", 0)]


class Refused(unittest.TestCase):
    def judge(self, result, directory):
        """Returns the ledger's profile, or None when there could be none."""
        self.assertEqual((0, b"", b""), (result.code, result.stdout, result.stderr), "%r" % result)
        found = [harness.Profile(path) for path in glob.glob(os.path.join(directory, "*.ledger"))]
        if not found:
            return None
        profile, = found
        notes = profile.notes
        unrecorded = re.search(r"([\d,]+) events are not counted: no room for the thread", notes)
        if unrecorded:  # nothing at all: no thread had room for its counters
            self.assertEqual((0, N + 1 + N + 1), (profile.totals["total_blocks"],
                                                  int(unrecorded[1].replace(",", ""))), notes)
            return profile
        total, peak = paths(N, LIVE)
        dropped = profile.coverage["dropped_events"]
        if dropped == N + 1:  # the table of live blocks had no room for its first page
            peak = 0
            self.assertRegex(notes, f"{dropped:,} allocations found no room among the live blocks")
        else:
            self.assertEqual(0, dropped, "%r" % profile)
        self.assertEqual((N + 1, total, peak, 0),
                         (profile.totals["total_blocks"], profile.totals["total_bytes"],
                          profile.totals["peak_bytes"], profile.totals["live_bytes"]),
                         "%r" % profile)
        if profile.coverage["lossy_blocks"]:
            self.assertRegex(notes, "found no room for a call path")
        return profile

    def test_calls(self):
        strace = harness.tool("strace")
        lossy = 0
        for call, error, good in CASES:
            with self.subTest(call, error=error, good=good), harness.workdir() as directory:
                log = os.path.join(directory, "log")
                inject = ["-e", "trace=" + call, "-e", "inject=%s:error=%s:when=%d+" %
                          (call, error, good + 1)]
                result = harness.run([strace, "-o", log, *inject, "-E", "LD_PRELOAD=" +
                                      harness.LIBRARY, "-E", "MEMTRACK_DIR=" + directory, *COMMAND])
                if b"ptrace" in result.stderr:
                    self.skipTest("nothing may be traced here")
                profile = self.judge(result, directory)
                with open(log, "rb") as file:
                    self.assertIn(b"INJECTED", file.read(), "nothing was refused")
                lossy += profile is not None and profile.coverage["lossy_blocks"] != 0
        self.assertGreater(lossy, 3, "no refusal has reached the growth of the ledger")

    def test_small_group(self):
        """The program needs 3 MiB of 8: what the recorder takes has its bound, and nobody is
        killed."""
        with memory_group(8 << 20) as group, harness.workdir() as directory:
            env = harness.preloaded(directory)
            result = harness.run(["sh", "-c", 'echo $$ > "$0"/cgroup.procs && exec "$@"', group,
                                  *COMMAND], env=env)
            for path in glob.glob(os.path.join(directory, "*.ledger")):
                if not harness.Profile(path).process["exe"].endswith("many_paths"):
                    os.unlink(path)
            self.assertIsNotNone(self.judge(result, directory))

    def test_overcommit(self):
        """vm.overcommit_memory=2: the program takes all that may be promised, to the last block."""
        if not os.environ.get("MEMTRACK_SOAK"):
            self.skipTest("it is the whole machine's: make soak")
        program = [harness.program("until_refused")]
        with harness.workdir() as directory:
            env = harness.preloaded(directory)
            with never_overcommit(200 << 20):
                native, tracked = harness.run(program), harness.run(program, env=env)
            self.assertEqual((native.code, native.stderr), (tracked.code, tracked.stderr))
            ledger, = (harness.Profile(path) for path in glob.glob(os.path.join(directory,
                                                                                "*.ledger")))
            self.assertLessEqual(int(tracked.stdout), ledger.totals["total_blocks"])
            self.assertEqual((1, 0), (ledger.totals["failed_allocations"],
                                      ledger.coverage["dropped_events"]))
        self.assertLess(int(native.stdout), 10000, "nothing was refused")


@contextlib.contextmanager
def never_overcommit(room):
    """So many bytes more than are promised now, rounded up to what can be set."""
    with open("/proc/meminfo", encoding="ascii") as file:
        promised = int(re.search(r"Committed_AS: +(\d+)", file.read())[1])
    settings = {"overcommit_kbytes": promised + room // 1024, "overcommit_memory": 2,
                "admin_reserve_kbytes": 0, "user_reserve_kbytes": 0}
    before = {}
    try:
        for name in settings:
            with open("/proc/sys/vm/" + name, encoding="ascii") as file:
                before[name] = file.read()
        if before["overcommit_kbytes"].strip() == "0":
            with open("/proc/sys/vm/overcommit_ratio", encoding="ascii") as file:
                before["overcommit_ratio"] = file.read()
        for name, value in settings.items():
            with open("/proc/sys/vm/" + name, "w", encoding="ascii") as file:
                file.write(str(value))
        yield
    except OSError as error:
        raise unittest.SkipTest("it cannot be set: %s" % error) from None
    finally:
        for name in ("overcommit_memory", *before):
            with contextlib.suppress(OSError), open("/proc/sys/vm/" + name, "w",
                                                    encoding="ascii") as file:
                file.write(before.get(name, "0"))


if __name__ == "__main__":
    harness.main()
