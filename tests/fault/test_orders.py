# SPDX-License-Identifier: MIT
# timeout: 180
"""The recorder in any place of the list of preloaded objects, before, behind and between allocators
and objects that look at calls, and under programs that define a part of malloc's family themselves:
the program does what it does without, and each allocation that comes by is counted once; where none
can come by, the ledger says so."""
import os

from support import case, compiler, harness

US = "us"
BESIDE = ("libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2", "libmemusage.so",
          "bump.c", "witness.c")
SHIMS = ("libmemusage.so", "witness.c") # pass on what they get
OWN = {1: "own heap", 2: "own heap, libc's calloc", 4: "operators on malloc",
       8: "malloc and free that pass on", 16: "malloc that passes on"}
OUTRANKED = "contains its own malloc"


class Orders(case.Case):
    def build(self, own=0, flags=()):
        return compiler.build(self.path("family%d" % own),
                              os.path.join(harness.SUPPORT, "family.cpp"), "-O1", "-g", "-w",
                              "-fno-builtin", "-fsized-deallocation", "-DOWN=%d" % own, *flags,
                              compiler="c++")

    def preload(self, name):
        return (harness.LIBRARY if name == US else compiler.shared_object(name)
                if name.endswith(".c") else harness.find_library(name))

    def run_with(self, names, program, *arguments):
        """Status and output, and the profiles of the ledgers that are left."""
        for old in harness.ledgers(self.dir):
            os.unlink(old)
        env = harness.plain_environment(LD_PRELOAD=":".join(map(self.preload, names)),
                                        MEMTRACK_DIR=self.dir)
        result = harness.run([program, *arguments], env=env)
        return (result.code, result.stdout), [harness.Profile(path)
                                              for path in harness.ledgers(self.dir)]

    def blocks(self, profile, program):
        return sum(row["total_blocks"] for row in profile.report("--wrapper", "witness*")["rows"]
                   if row["module"] == program)

    def same(self, names, program, *arguments):
        """What the program does without us. Returns how many allocations it has made, and the one
        profile."""
        native, _ = self.run_with([name for name in names if name != US], program, *arguments)
        if native[0] != 0:
            self.skipTest("%s: ends with %d by themselves" % (names, native[0]))
        tracked, profiles = self.run_with(names, program, *arguments)
        self.assertEqual((0, native), (native[0], tracked), names)
        self.assertEqual(1, len(profiles), names)
        return int(native[1]), profiles[0]

    def check_order(self, names, program):
        n, profile = self.same(names, program)
        before = names[:names.index(US)]
        notes = profile.notes
        self.assertEqual(bool(before), OUTRANKED in notes, (names, notes))
        if all(name in SHIMS for name in before):
            self.assertEqual(n, self.blocks(profile, program), names)
            self.assertEqual(0, profile.coverage["unknown_frees"], names)
        else:
            self.assertEqual(0, profile.totals["total_blocks"], names)
            self.assertIn("Nothing was recorded", notes)
            self.assertIn(os.path.basename(self.preload(before[0])), notes)

    def test_two(self):
        program = self.build()
        for name in BESIDE:
            for names in ((US, name), (name, US)):
                with self.subTest(names):
                    self.check_order(names, program)

    def test_three(self):
        program = self.build()
        for shim in SHIMS:
            for names in ((shim, US, "libjemalloc.so.2"), (US, shim, "libjemalloc.so.2"),
                          (shim, "libtcmalloc_minimal.so.4", US), (US, shim, "libmimalloc.so.2")):
                with self.subTest(names):
                    self.check_order(names, program)

    def test_odd_arguments(self):
        """Results, errno and alignment of a grid that goes to SIZE_MAX; libmemusage does not
        survive it by itself."""
        for name in BESIDE:
            for names in ((US, name), (name, US)):
                if name != "libmemusage.so":
                    with self.subTest(names):
                        native, _ = self.run_with([name], harness.program("argument_grid"),
                                                  "portable")
                        self.assertEqual(native, self.run_with(names,
                                                               harness.program("argument_grid"),
                                                               "portable")[0])

    def test_parts_in_the_program(self):
        for own, what in OWN.items():
            with self.subTest(what):
                program = self.build(own)
                arguments = ("plain",) if own & 3 else ()
                n, profile = self.same((US,), program, *arguments)
                notes = profile.notes
                self.assertEqual(own != 4, OUTRANKED in notes, notes)
                if own & 28:
                    self.assertEqual(n, self.blocks(profile, program))
                    self.assertEqual(0, profile.coverage["unknown_frees"])
                if own == 1:
                    self.assertIn("Nothing was recorded", notes)

    def test_parts_in_a_child(self):
        """memtrack run has not looked at it before: its line says so."""
        program = self.build(1)
        pattern = self.path("p.%e.%p.pb.gz")
        result = harness.run([harness.MEMTRACK, "run", "-o", pattern, "--", "sh", "-c", program +
                              " plain; :"])
        self.assertEqual(0, result.code, "%r" % result)
        self.assertIn("its own malloc comes before the recorder's: nothing was recorded of the "
                      "memory of family1", " ".join(result.stderr.decode().split()))


if __name__ == "__main__":
    harness.main()
