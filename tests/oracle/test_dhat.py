# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 21
"""memtrack's totals, peak and live figures equal DHAT's total, t-gmax and t-end, to the block and
byte.

DHAT's one difference: it counts an empty block as one byte. The number of empty blocks comes from
memtrack's own grouping by size, which is thereby tested as well.
"""
from support import harness, oracle, valgrind


class Dhat(oracle.Oracle):
    FIELDS = ("total_blocks", "total_bytes", "peak_blocks", "peak_bytes", "live_blocks",
              "live_bytes")

    def expected(self, workload, directory):
        return valgrind.dhat(workload, directory)

    def actual(self, workload, profile):
        totals = dict(profile.totals)
        for row in profile.rows("size"):
            if row["total_blocks"] > 0 and row["total_bytes"] == 0:
                for kind in ("total", "peak", "live"):
                    totals[kind + "_bytes"] += row[kind + "_blocks"]
        return totals


if __name__ == "__main__":
    harness.main()
