# SPDX-License-Identifier: MIT
# timeout: 240
"""memtrack's totals, peak and live figures equal DHAT's total, t-gmax and t-end, to the block and byte.

DHAT's one difference: it counts an empty block as one byte. The number of empty blocks comes from memtrack's own
grouping by size, which is thereby tested as well.
"""
import unittest

from support import compare, harness, valgrind, workloads

FIELDS = ("total_blocks", "total_bytes", "peak_blocks", "peak_bytes", "live_blocks", "live_bytes")


def add_empty_blocks(profile, totals):
    for row in profile.report("--by", "size")["rows"]:
        if compare.is_empty_class(row):
            for kind in ("total", "peak", "live"):
                totals[kind + "_bytes"] += row[kind + "_blocks"]


class Dhat(unittest.TestCase):
    def equal(self, workload):
        with harness.workdir() as directory:
            native, expected = valgrind.dhat(workload, directory)
            compare.same_totals(self, workload, directory, native, expected, FIELDS, add_empty_blocks)

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
