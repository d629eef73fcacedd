# SPDX-License-Identifier: MIT
# cost: 11
"""However a program was linked, it runs and its numbers are the same; sanitizers and static
programs have a defined outcome."""
import os
import unittest

from support import compiler, harness, oracle, pprof

MATRIX = ("-Wl,-z,now", "-Wl,-z,lazy", "-fno-plt", "-no-pie", "-Wl,--hash-style=sysv",
          "-Wl,--no-eh-frame-hdr", "-fuse-ld=gold", "-fuse-ld=lld", "-flto", "-fcf-protection=full",
          "-Wl,-z,noseparate-code", "-Wl,-Bsymbolic", "-O3 -march=native", "-Wl,--as-needed -s")


class Linkage(unittest.TestCase):
    def build(self, source, directory, flags, which=None):
        which = which or ("c++" if source.endswith("pp") else "cc")
        return compiler.build(os.path.join(directory, source.split(".")[0]),
                              os.path.join(compiler.PROGRAMS, source), "-O1", "-g", "-fno-builtin",
                              "-w", "-D_GNU_SOURCE", *flags.split(), compiler=which,
                              libs=["-lpthread", "-ldl"], required=False)

    def totals(self, program, directory):
        if harness.run([program]).code:
            self.skipTest("does not run without a tracker either")
        t = oracle.as_without(self, [program], directory).profile.totals
        return t["total_blocks"], t["total_bytes"], t["live_blocks"], t["peak_bytes"]

    def test_matrix(self):
        for source in ("early.c", "operators.cpp"):
            with harness.workdir() as directory:
                expected = self.totals(self.build(source, directory, ""), directory)
            for flags in MATRIX:
                with self.subTest(flags, source=source), harness.workdir() as directory:
                    self.assertEqual(expected, self.totals(self.build(source, directory, flags),
                                                           directory))

    def test_clang(self):
        for source in ("early.c", "containers.cpp", "stack_longjmp.c"):
            which = "clang++" if source.endswith("pp") else "clang"
            with self.subTest(source), harness.workdir() as directory:
                blocks, *_ = self.totals(self.build(source, directory, "", which), directory)
                self.assertGreater(blocks, 0)

    def test_gaps(self):
        """Segments far apart are found one by one by the loader; they are one file with one build
        id all the same."""
        for flags in ("", "-no-pie"):
            with self.subTest(flags), harness.workdir() as directory:
                program = self.build("early.c", directory,
                                     "-Wl,-z,separate-code,-z,max-page-size=0x10000,--build-id " +
                                     flags)
                tracked = harness.track([program], directory)
                self.assertEqual([], [note for note in tracked.profile.coverage["notes"]
                                      if program in note])
                functions = {row["function"] for row in tracked.profile.rows("function")
                             if row["module"] == program}
                self.assertLessEqual({"early", "late"}, functions)
                self.assertIn(program, self.with_build_id(tracked.profile.path))

    def test_through_the_loader(self):
        """Started as an argument of the dynamic linker, the program is the one that it maps: in
        name, file and lines."""
        loader = harness.find_library("ld-linux-x86-64.so.2")
        for flags, name in (("", "early"), ("-no-pie", "of two words")):
            with harness.workdir() as directory:
                program = os.path.join(directory, name)
                os.rename(self.build("early.c", directory, flags), program)
                expected = harness.track([program], directory).profile.rows("line")
                for arguments in ([], ["--library-path", "/usr/lib"], ["--argv0", "/nowhere/else"]):
                    with self.subTest(flags, arguments=arguments):
                        tracked = harness.track([loader, *arguments, "./" + name], directory,
                                                cwd=directory)
                        report = tracked.profile.report("--by", "line")
                        self.assertEqual(program, report["process"]["exe"])
                        self.assertEqual([], [note for note in report["coverage"]["notes"]
                                              if "names" in note])
                        self.assertEqual([(r["key"], r["live_bytes"]) for r in expected
                                          if r["module"] == program],
                                         [(r["key"], r["live_bytes"]) for r in report["rows"]
                                          if r["module"] == program])
                out = harness.run([harness.MEMTRACK, "run", "-q", "--", loader, program],
                                  cwd=directory)
                self.assertEqual(0, out.code)
                self.assertTrue(any(file.startswith("memtrack.%s." % name.replace(" ", "_"))
                                    for file in os.listdir(directory)), os.listdir(directory))

    def with_build_id(self, path):
        """Files that the mappings of a profile name together with a build id, and from their first
        byte on."""
        file = pprof.File(path)
        return {file.strings[m[5]] for m in file.mappings.values() if m.get(6) and not m.get(4)}

    def outcome(self, flags, which="cc"):
        """A program whose allocator cannot be seen runs natively, or is declined with a reason:
        never a silent nothing."""
        with harness.workdir() as directory:
            program = self.build("tree.c", directory, flags, which)
            native = harness.check([program])
            tracked = harness.run([harness.MEMTRACK, "run", "-o", os.path.join(directory, "p"),
                                   "--", program])
            if tracked.code == 0:
                self.assertEqual(native.stdout, tracked.stdout)
            else:
                self.assertEqual(125, tracked.code, "%r" % tracked)
            return tracked

    def test_static(self):
        for flags in ("-static", "-static-pie"):
            with self.subTest(flags):
                tracked = self.outcome(flags)
                self.assertRegex(tracked.stderr.decode().lower(), "static")

    def test_sanitizers(self):
        for name in ("address", "thread", "leak"):
            for which in ("cc", "clang"):
                with self.subTest(name, compiler=which):
                    tracked = self.outcome("-fsanitize=" + name, which)
                    print(name, which, tracked.code, tracked.stderr.decode()[:300].replace("\n",
                                                                                           " | "))


if __name__ == "__main__":
    harness.main()
