# SPDX-License-Identifier: MIT
# timeout: 120
"""In usable bytes memtrack's figures equal jemalloc's own exact heap profile, which it takes of
itself in the same run.

jemalloc samples every allocation (lg_prof_sample:0), remembers what was freed (prof_accum) and
dumps at exit. It counts usable bytes: live is live_bytes + waste_bytes of memtrack's rows, and what
--usable measured of all allocations is the total.
"""
import glob
import os
import re
import unittest

from support import harness, oracle

CONF = "prof:true,lg_prof_sample:0,prof_final:true,prof_accum:true,prof_prefix:%s/jeprof"


def own_profile(directory):
    found = glob.glob(os.path.join(glob.escape(directory), "jeprof.*.heap"))
    if len(found) != 1:
        raise unittest.SkipTest("this jemalloc was built without profiling (%d dumps)" % len(found))
    with open(found[0]) as file:
        total = re.search(r"t\*: (\d+): (\d+) \[(\d+): (\d+)\]", file.read())
    return dict(zip(("live_blocks", "live_usable", "total_blocks", "total_usable"),
                    map(int, total.groups())))


class Jemalloc(oracle.Oracle):
    PROGRAMS = ("list", "tree", "growth", "zeroed", "aligned", "aligned_rare", "strings",
                "operators", "containers", "temporary", "peak_middle", "leaks", "zero_realloc",
                "threads_churn", "threads_pipeline", "threads_short")
    FIELDS = ("live_blocks", "total_blocks", "live_usable", "total_usable")

    def setUp(self):
        harness.find_library("libjemalloc.so.2")

    def observe(self, workload, directory):
        env = workload.environment(MALLOC_CONF=CONF % directory)
        tracked = workload.track(directory, ["--usable", "--allocator", "jemalloc"], env)
        return own_profile(directory), tracked

    def actual(self, workload, profile):
        totals = profile.totals
        waste = sum(row["waste_bytes"] for row in profile.report()["rows"])
        return {"live_blocks": totals["live_blocks"], "total_blocks": totals["total_blocks"],
                "live_usable": totals["live_bytes"] + waste,
                "total_usable": totals["total_usable_bytes"]}

    def test_its_own_profile_is_read(self):
        """jeprof prints the same sums of jemalloc's sampled text as memtrack, and finds the same
        function."""
        jeprof = harness.tool("jeprof")
        for conf in (CONF, CONF.replace("sample:0", "sample:12"),
                     CONF.replace(",prof_accum:true", "")):
            with self.subTest(conf), harness.workdir() as directory:
                program = harness.program("leaks")
                env = harness.plain_environment(MALLOC_CONF=conf % directory,
                                                LD_PRELOAD=harness.find_library("libjemalloc.so.2"))
                harness.run([program], env=env, cwd=directory)
                own_profile(directory)
                path = glob.glob(os.path.join(glob.escape(directory), "jeprof.*.heap"))[0]
                profile = harness.Profile(path)
                text = harness.check([jeprof, "--text", "--show_bytes", program,
                                      path]).stdout.decode()
                total = int(re.search(r"Total: (\d+) B", text).group(1))
                self.assertAlmostEqual(total, profile.totals["live_bytes"],
                                       delta=len(profile.rows("stack")))
                self.assertEqual(sum(row["live_bytes"] for row in profile.report()["rows"]),
                                 profile.totals["live_bytes"])
                # else it is chance whether a block of the program's own is among the samples
                if "sample:0" in conf:
                    self.assertTrue(any(row["function"] for row in profile.rows("function")))


if __name__ == "__main__":
    harness.main()
