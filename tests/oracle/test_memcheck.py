# SPDX-License-Identifier: MIT
# timeout: 240
"""memtrack's totals equal valgrind memcheck's "total heap usage" and "in use at exit", to the block and byte.

Two separate runs of a deterministic program; stdout must be the same too, else they did not do the same thing.
"""
import unittest

from support import compare, harness, valgrind, workloads

FIELDS = ("total_blocks", "total_bytes", "freed_blocks", "live_blocks", "live_bytes")


class Memcheck(unittest.TestCase):
    def equal(self, workload):
        with harness.workdir() as directory:
            native, expected = valgrind.memcheck(workload, directory)
            compare.same_totals(self, workload, directory, native, expected, FIELDS)

    def test_programs(self):
        for workload in workloads.programs():
            with self.subTest(workload):
                self.equal(workload)

    def test_real_programs(self):
        real = workloads.real(20)
        self.assertGreaterEqual(len(real), 6, "too few of the real programs are installed: %s" % real)
        for workload in real:
            with self.subTest(workload):
                self.equal(workload)


if __name__ == "__main__":
    harness.main()
