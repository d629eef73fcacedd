# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 22
"""memtrack's totals equal valgrind memcheck's "total heap usage" and "in use at exit", to the block
and byte.

Two separate runs of a deterministic program; stdout must be the same too, else they did not do the
same thing.
"""
from support import harness, oracle, valgrind


class Memcheck(oracle.Oracle):
    FIELDS = ("total_blocks", "total_bytes", "freed_blocks", "live_blocks", "live_bytes")

    def expected(self, workload, directory):
        return valgrind.memcheck(workload, directory)


if __name__ == "__main__":
    harness.main()
