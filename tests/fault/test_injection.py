# SPDX-License-Identifier: MIT
# timeout: 200
# cost: 11
"""The k-th allocation fails, for many k: a tracked program takes it as it does untracked, and the
record stays consistent."""
import os
import unittest

from support import compiler, harness, oracle, workloads

MOST = 25 if not os.environ.get("MEMTRACK_SOAK") else 1000


def instants(last):
    """1, 2, 3 … spaced ever wider, up to last: failures at the start hit the most code."""
    found, k = [], 1
    while k <= last and len(found) < MOST:
        found.append(k)
        k += 1 + k // (6 if MOST < 100 else 60)
    return found


class Injection(unittest.TestCase):
    def check(self, workload, last):
        shim = compiler.shared_object("fail.c")
        failures = 0
        for k in instants(last):
            with self.subTest(workload, k=k), harness.workdir() as directory:
                env = workload.environment(shim, FAIL_AT=k,
                                           FAIL_IN=os.path.basename(workload.command[0]))
                profile = oracle.as_without(self, workload.command, directory, env=env,
                                            cwd=workload.cwd, stdin=workload.stdin).profile
                oracle.adds_up(self, profile.report("--by", "stack"), ["live_bytes"])
                self.assertLessEqual(profile.totals["failed_allocations"], 1)
                failures += profile.totals["failed_allocations"]
        self.assertGreater(failures, 0, "no failure was injected or seen")

    def test_c(self):
        self.check(workloads.programs(["tree"])[0], 4000)

    def test_cxx(self):
        self.check(workloads.programs(["containers"])[0], 8000)

    def test_real_programs(self):
        for workload in workloads.real(20):
            if workload.name in ("sqlite3", "perl"):  # jq was seen to die of SIGBUS natively here
                self.check(workload, 9000)


if __name__ == "__main__":
    harness.main()
