# SPDX-License-Identifier: MIT
"""What the functions of memtrack.h say of the program's memory is what the program knows, on every
allocator; and what libmemtrack.so says where it is loaded but not called: nothing."""
import os
import subprocess
import sys

from support import case, harness

LATE = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
print(library.memtrack_is_tracing(), library.memtrack_start())
"""


class Api(case.Case):
    def check(self, *options):
        snapshot, reset, profile = (self.path(name + ".pb.gz")
                                    for name in ("snapshot", "reset", "p"))
        result = harness.record(profile, [harness.program("api_memory"), snapshot, reset], options)
        self.assertEqual((0, b""), (result.code, result.stdout), result)
        report = harness.ask("report", "--by", "function", reset)
        row = next(row for row in report["rows"] if row["function"] == "peaks")
        self.assertEqual((3000, 3000, 2, 2), tuple(row[name]
                                                   for name in ("live_bytes", "peak_bytes",
                                                                "live_blocks", "peak_blocks")))
        self.assertEqual(report["totals"]["live_bytes"], report["totals"]["peak_bytes"])
        report = harness.ask("report", snapshot)
        self.assertEqual((5000, 5, 5000), tuple(report["totals"][name]
                                                for name in ("live_bytes", "live_blocks",
                                                             "peak_bytes")))
        self.assertEqual(5000, sum(row["live_bytes"] for row in report["rows"]))
        self.assertTrue(any("memtrack_clear_traces" in note
                            for note in report["coverage"]["notes"]), report["coverage"])
        return report

    def test_tracked(self):
        # a cleared block's free is none
        self.assertEqual(0, self.check()["coverage"]["unknown_frees"])

    def test_allocators(self):
        for name in ("jemalloc", "tcmalloc", "mimalloc"):
            with self.subTest(name):
                self.check("--allocator", name)

    def test_nobody_watches(self):
        """Under the bare preload: no reader tells the time either."""
        env = harness.preloaded(self.dir)
        result = harness.run([harness.program("api_memory")], env=env)
        self.assertEqual((0, b""), (result.code, result.stdout), result)

    def test_untracked(self):
        result = harness.run([harness.program("api_memory")])
        self.assertEqual((0, b""), (result.code, result.stdout), result)

    def test_loaded_late(self):
        """By dlopen: libc's malloc is called past it, so it must not claim that nothing was
        allocated."""
        env = harness.plain_environment(MEMTRACK_DIR=self.dir)
        result = subprocess.run([sys.executable, "-c", LATE, harness.LIBRARY], env=env,
                                capture_output=True, check=True)
        self.assertEqual(b"0 -13\n", result.stdout)
        self.assertEqual([], os.listdir(self.dir))


if __name__ == "__main__":
    harness.main()
