# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 37
"""memtrack's totals equal those of a counting preload (support/count.c), with threads and on every
allocator.

In most tests both stand in the same process, the shim right behind the tracker, so that they see
the same events even where the program is not deterministic. The peak is then equal with one thread;
with several it may be off by the tracker's documented bound, and by the blocks that were under way
between the two locks.
"""
import os
import tempfile
import unittest

from support import case, compiler, counting, harness, oracle, workloads

TOTALS = ("total_blocks", "total_bytes", "freed_blocks", "freed_bytes", "live_blocks", "live_bytes")
SERIAL = TOTALS + ("peak_blocks", "peak_bytes", "temporary_blocks")
LIMIT = 64 * 1024
# The shim stands between libc's aliases and libc; these are counted by the program itself, in the
# class Own.
ON_GLIBC = [name for name in workloads.COMMON + workloads.OWN if name != "libc_aliases"]
ON_OTHERS = ("list", "growth", "zeroed", "aligned", "aligned_rare", "strings", "operators",
             "containers", "temporary", "peak_middle", "leaks", "zero_realloc", "sizes",
             "sized_free")
THREADED = {"threads_churn": ["8", "5000"], "threads_pipeline": [], "threads_short": ["300"],
            "threads_destructors": [], "threads_tiny": [], "threads_cancel": []}
# An allocator that hands out what it has and takes nothing back.
PLAIN = """
    #include <stddef.h>
    #include <string.h>
    static char arena[1 << 22];
    static size_t used;
    void *malloc(size_t n) {
        used += 16;
        size_t *block = (size_t *)(arena + used);
        block[-1] = n;
        used += (n + 15) & ~15ul;
        return block;
    }
    void free(void *block) { (void)block; }
    void *calloc(size_t k, size_t n) { return malloc(k * n); }
    void *realloc(void *old, size_t n) {
        void *block = malloc(n);
        if (old)
            memcpy(block, old, n < ((size_t *)old)[-1] ? n : ((size_t *)old)[-1]);
        return block;
    }
"""


def together(workload, directory, allocator=None, options=(), usable=False):
    """One run with the tracker in front of the shim in front of the allocator: the run, and what
    the shim saw in it."""
    counts = os.path.join(directory, "counts")
    os.makedirs(counts)
    behind = [harness.find_library(allocator)] if allocator else []
    env = workload.environment(counting.shim(), *behind, COUNT_DIR=counts, COUNT_USABLE=1 if usable
                               else None)
    tracked = workload.track(directory, options, env)
    if len(tracked.profiles) != 1:
        raise AssertionError("%d profiles instead of one\n%r" % (len(tracked.profiles), tracked))
    return tracked, counting.of_target(counts, tracked)


class Counting(unittest.TestCase):
    def check_peak(self, workload, expected, totals):
        """The documented bound, and what can be on its way between the two tools' locks: one block
        per thread."""
        largest = 100008 if "churn" in workload.name else 128
        bound = max(LIMIT, expected["peak_bytes"] // 1000) + largest * expected["threads"]
        self.assertLessEqual(abs(expected["peak_bytes"] - totals["peak_bytes"]), bound,
                             "peak of %s" % workload)

    def equal(self, workload, fields=SERIAL, **how):
        with harness.workdir() as directory:
            tracked, expected = together(workload, directory, **how)
            # git: files differ
            self.assertEqual(0 if workload.name != "git" else 1, tracked.code, "%r" % tracked)
            totals, coverage = tracked.profile.totals, tracked.profile.coverage
            oracle.same(self, workload, expected, totals, fields)
            self.assertEqual((expected["unknown_frees"], 0, 0),
                             (coverage["unknown_frees"], coverage["dropped_events"],
                              coverage["lossy_blocks"]), workload)
            if fields is TOTALS:
                self.check_peak(workload, expected, totals)

    def test_serial_programs_on_every_allocator(self):
        for allocator, soname in harness.ALLOCATORS.items():
            for workload in workloads.programs(ON_GLIBC if soname is None else ON_OTHERS):
                with self.subTest(workload, allocator=allocator):
                    # whether a call that fails is an event between an allocation and its free is a
                    # matter of taste
                    self.equal(workload, TOTALS if workload.name == "failing" else SERIAL,
                               allocator=soname)

    def test_threads_on_every_allocator(self):
        for allocator, soname in harness.ALLOCATORS.items():
            for workload in workloads.programs(THREADED):
                with self.subTest(workload, allocator=allocator):
                    self.equal(workload, TOTALS, allocator=soname)

    def test_exact_peak_with_threads(self):
        for _ in range(3):
            with harness.workdir() as directory:
                tracked, expected = together(workloads.program("threads_pipeline"), directory,
                                             options=["--exact-peak"])
                # The two count under different locks: at most one block per thread is on its way
                # between them.
                self.assertLessEqual(abs(expected["peak_bytes"] -
                                         tracked.profile.totals["peak_bytes"]), 7 * 116)

    def test_compiler(self):
        self.equal(workloads.compiler_proper())

    def test_real_programs_on_jemalloc(self):
        for workload in workloads.real(20):
            with self.subTest(workload):
                self.equal(workload, allocator=harness.ALLOCATORS["jemalloc"])


class Own(unittest.TestCase):
    """Programs that count for themselves."""

    def test_threads_that_count(self):
        for options in ((), ("--exact-peak",), ("--usable",), ("--frames", "2")):
            with self.subTest(options), harness.workdir() as directory:
                command = [harness.program("threads_churn"), "8", "10000"]
                tracked = harness.track(command, directory, options)
                own = oracle.counted(tracked.stdout)
                totals = tracked.profile.totals
                oracle.whole(self, tracked.profile)
                # pthread_create allocates a block per thread, which libc keeps with the stack that
                # it caches
                row = {"total_blocks": own["blocks"] + 8, "freed_blocks": own["freed"]}
                self.assertEqual(row["total_blocks"], totals["total_blocks"])
                extra = totals["total_bytes"] - own["bytes"]
                self.assertEqual((0, 8), (extra % 8, row["total_blocks"] - own["blocks"]))
                self.assertEqual(extra // 8 * (8 - (totals["freed_blocks"] - own["freed"])) +
                                 own["bytes"] - own["freed_bytes"], totals["live_bytes"])

    def test_new_handler(self):
        """operator new calls the program back, which allocates and throws through it: all blocks
        are known by size."""
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("new_handler")], directory)
            self.assertEqual(b"800 caught, 600 tries\n", tracked.stdout)
            rows = {row["function"].rsplit("::", 1)[-1].split("(")[0]: (row["live_blocks"],
                                                                        row["live_bytes"])
                    for row in tracked.profile.rows("function")}
            self.assertEqual(((400, 4000), (600, 12000), (200, 10000)),
                             (rows["throwing_handler"], rows["patient_handler"], rows["ordinary"]))
            self.assertEqual(1200, tracked.profile.totals["failed_allocations"])
            oracle.whole(self, tracked.profile)

    def test_libc_aliases(self):
        """100 blocks of 60 bytes by each of six names, on the allocators that survive it without a
        tracker."""
        for allocator in ("glibc", "tcmalloc", "mimalloc"):
            with self.subTest(allocator), harness.workdir() as directory:
                options = [] if allocator == "glibc" else ["--allocator", allocator]
                totals = harness.track([harness.program("libc_aliases")], directory,
                                       options).profile.totals
                # of tcmalloc's own start
                others = totals["total_blocks"] - 600, totals["total_bytes"] - 36000
                self.assertEqual((totals["live_blocks"], totals["live_bytes"]), others)
                self.assertTrue(others == (0, 0) or allocator == "tcmalloc", others)

    def test_failures(self):
        with harness.workdir() as directory:
            tracked = harness.track([harness.program("failing")], directory)
            self.assertEqual(b"failed 235\n", tracked.stdout)
            self.assertEqual(235, tracked.profile.totals["failed_allocations"])
            # The block that 65 calls could not move is still there, and then gone; what stays is
            # printf's buffer.
            row = tracked.profile.row("function", "main")
            self.assertEqual((2, 300, 1), (row["total_blocks"] - row["live_blocks"],
                                           row["total_bytes"] - row["live_bytes"],
                                           row["live_blocks"]))
            self.assertEqual(0, tracked.profile.coverage["unknown_frees"])


class Linked(case.Case):
    """The allocator linked into the program instead of preloaded, in C and in C++."""

    def object_of(self, allocator):
        return harness.find_library(harness.ALLOCATORS[allocator])

    def link(self, source, allocator, output="program", *flags):
        """Of a source of tests/programs or tests/support, or of a path."""
        which = "c++" if source.endswith("pp") else "cc"
        return compiler.build(self.path(output), source, "-O1", "-g", "-fno-builtin", "-w",
                              "-D_GNU_SOURCE", *flags, compiler=which,
                              libs=["-lpthread", "-Wl,--no-as-needed", self.object_of(allocator)])

    def test_linked(self):
        for allocator in ("jemalloc", "tcmalloc", "mimalloc"):
            for source in ("list.c", "growth.c", "aligned.c", "operators.cpp", "containers.cpp"):
                with self.subTest(allocator, source=source), harness.workdir() as directory:
                    program = self.link(os.path.join(compiler.PROGRAMS, source), allocator,
                                        source.split(".")[0])
                    workload = workloads.Workload("%s %s" % (allocator, source), [program])
                    tracked, expected = together(workload, directory)
                    self.assertEqual(0, tracked.code, "%r" % tracked)
                    oracle.same(self, workload, expected, tracked.profile.totals, SERIAL)
                    oracle.whole(self, tracked.profile)

    def test_failing_new(self):
        """An exception is how operator new fails; mimalloc's aborts the program instead."""
        for allocator in ("glibc", "jemalloc", "tcmalloc"):
            with self.subTest(allocator), harness.workdir() as directory:
                tracked = harness.track([harness.program("failing_new")], directory,
                                        ["--allocator", allocator])
                self.assertEqual(b"failed 90\n", tracked.stdout)
                self.assertEqual(90, tracked.profile.totals["failed_allocations"])

    def own_interface(self, source, allocator, header):
        """A program that calls functions of the allocator's own: the program, and its tracked
        run."""
        compiler.needs_header(header)
        program = self.link(os.path.join(harness.SUPPORT, source), allocator)
        tracked = harness.track([program], self.dir)
        oracle.whole(self, tracked.profile)
        return program, tracked

    def check_live(self, tracked):
        row = tracked.profile.row("function", "take")
        self.assertEqual("live %d in %d\n" % (row["live_bytes"], row["live_blocks"]),
                         tracked.stdout.decode())

    def test_jemalloc_arenas(self):
        """What is reset or destroyed with its arena is freed; without the second object the report
        says that nobody looked."""
        program, tracked = self.own_interface("jemalloc_arenas.c", "jemalloc",
                                              "jemalloc/jemalloc.h")
        self.check_live(tracked)
        unwatched = "jemalloc's own functions"
        self.assertNotIn(unwatched, tracked.profile.notes)
        harness.check([program], env=harness.preloaded(self.dir))
        ledger, = harness.ledgers(self.dir)
        self.assertIn(unwatched, harness.Profile(ledger).notes)

    def test_mimalloc_heaps(self):
        """What is destroyed with its heap is freed, what is in a deleted one lives on."""
        self.check_live(self.own_interface("mimalloc_heaps.c", "mimalloc", "mimalloc.h")[1])

    def test_mimalloc_own_calls(self):
        """A program that takes mi_malloc from the library: what it hands out is not recorded, and
        that is said."""
        source = """
            #include <stdlib.h>
            void *%(name)s(size_t bytes);
            int main(void) { return malloc(100) == NULL || %(name)s(200) == NULL; }
        """
        for name, is_said in (("mi_malloc", True), ("mi_zalloc", True), ("malloc", False)):
            program = self.link(self.write(name + ".c", source % {"name": name}), "mimalloc", name)
            notes = harness.track([program], tempfile.mkdtemp(dir=self.dir)).profile.notes
            said = "%s calls mimalloc's own functions (%s): their blocks are not recorded"
            self.assertEqual(is_said, said % (program, name) in notes, notes)
            self.assertEqual(is_said, "own functions" in notes, notes)

    def test_no_usable_size(self):
        """--usable asks what an allocator without malloc_usable_size cannot answer: no waste of 0
        is made of that."""
        library = self.build("libplain.so", PLAIN, "-O1", "-fPIC", "-shared", "-fno-builtin")
        program = [harness.program("peak_middle")]
        for options, is_said in ((("--usable", "--allocator", library), True),
                                 (("--allocator", library), False), (("--usable",), False)):
            profile = harness.track(program, tempfile.mkdtemp(dir=self.dir), options).profile
            self.assertEqual(is_said, "no malloc_usable_size" in profile.notes, options)

    def test_jemalloc_api(self):
        """mallocx and its family, by a program that counts for itself."""
        program, tracked = self.own_interface("jemalloc_api.c", "jemalloc", "jemalloc/jemalloc.h")
        own = oracle.counted(tracked.stdout)
        row = tracked.profile.row("module", program)
        self.assertEqual((own["blocks"], own["bytes"], own["blocks"] - own["freed"], own["bytes"] -
                          own["freed_bytes"]), (row["total_blocks"], row["total_bytes"],
                                                row["live_blocks"], row["live_bytes"]))


if __name__ == "__main__":
    harness.main()
