# SPDX-License-Identifier: MIT
# timeout: 150
# cost: 8
"""`memtrack export --format memprof`: what LLVM's documentation ("MemProf: Memory Profiling for LLVM")
says of the YAML of a memory profile, with the totals of the report. Where llvm-profdata of LLVM 22 or
later is installed, it reads the same figures of the same call paths; and opt matches them with the
allocations of a program."""
import hashlib
import json
import os
import re
import shutil
import unittest

from support import compiler, exported, harness

FRAME = re.compile(r' +- \{ Function: (.+), LineOffset: (\d+), Column: 0, '
                   r'IsInlineFrame: (true|false) \}')
FIRST, LAST = 22, 40  # versions that read functions by name and index version 4

PROGRAM = """
struct node { char name[64]; };
static __attribute__((noinline)) node *make(int n) {
    node *all = new node[n];
    all[0].name[0] = 1;
    return all;
}

__attribute__((noinline)) node *outer(int n) {
    node *all = make(n);
    all[0].name[1] = 2;
    return all;
}

int main() {
    for (int i = 0; i < 10; i++)
        delete[] outer(i + 1);
    return 0;
}
"""


def versioned(name):
    """The newest program of LLVM of this name, unless it is too old; else the test is skipped."""
    for version in range(LAST, FIRST - 1, -1):
        path = shutil.which("%s-%d" % (name, version))
        if path:
            return path
    raise unittest.SkipTest("%s of LLVM %d or later is not installed" % (name, FIRST))


def guid(name):
    """Of a function, as LLVM has it: some of the hash of its name."""
    return int.from_bytes(hashlib.md5(name.encode()).digest()[:8], "little")


def parse(text):
    """[(function, frames, blocks, bytes)]. Functions as they are written."""
    found, function = [], None
    for line in text.splitlines():
        frame, entry = FRAME.fullmatch(line), line.strip().removeprefix("- ").split(":", 1)
        if entry[0] == "GUID":
            function = entry[1].strip()
        elif entry[0] == "Callstack":
            found.append([function, [], 0, 0])
        elif frame and found:
            found[-1][1].append((frame[1], int(frame[2]), frame[3] == "true"))
        elif entry[0] in ("AllocCount", "TotalSize"):
            found[-1][2 if entry[0] == "AllocCount" else 3] = int(entry[1])
    return found


class Memprof(exported.Case):
    KNOWN = ("plain", "hostile", "sampled", "many", "deep", "scopes")

    def paths(self, path, *options):
        return parse(self.export("memprof", path, *options).decode())

    def test_totals_are_those_of_the_report(self):
        for path, options, report in self.each(("end", "total", "filtered")):
            if path == self.profiles["hostile"]:
                continue  # it has more blocks than LLVM can count
            paths = self.paths(path, *options)
            self.assertEqual(self.passed(report, "total_blocks"), sum(p[2] for p in paths))
            self.assertEqual(self.passed(report, "total_bytes"), sum(p[3] for p in paths))
            for function, frames, *_ in paths:
                self.assertEqual(function, frames[0][0])

    def test_lines_count_from_their_function(self):
        frames = {frame for path in self.paths(self.profiles["tree"]) for frame in path[1]}
        with open(os.path.join(harness.SOURCE, "tests", "programs", "tree.c")) as file:
            lines = file.read().splitlines()
        start = next(i for i, line in enumerate(lines) if re.match(r"int main\(", line))
        offsets = {offset for name, offset, _ in frames if name == '"main"'}
        self.assertTrue(offsets)
        self.assertTrue(all(0 < offset < len(lines) - start for offset in offsets), offsets)

    def test_what_it_cannot_hold_is_said(self):
        result = harness.memtrack("export", "--format", "memprof", self.profiles["plain"],
                                  cwd=self.dir)
        self.assertIn(b"compilers take no hint from it", result.stderr)

    def test_a_profile_without_totals(self):
        with open(self.path("live.txt"), "w") as file:
            file.write("main;parse 4096\nmain;intern 100\n")
        result = harness.memtrack("export", "--format", "memprof", "live.txt", cwd=self.dir,
                                  status=2)
        self.assertIn(b"does not say how much that was", result.stderr)


class Llvm(exported.Case):
    KNOWN = ("plain", "hostile", "many", "deep")

    def indexed(self, path, *options):
        """The profile, packed for compilers."""
        profdata = versioned("llvm-profdata")
        with open(self.path("p.yaml"), "wb") as file:
            file.write(self.export("memprof", path, *options))
        harness.check([profdata, "merge", "--memprof-version=4", self.path("p.yaml"), "-o",
                       self.path("p.profdata")])
        return self.path("p.profdata")

    def test_llvm_reads_the_same(self):
        for name, path in self.profiles.items():
            shown = harness.check([versioned("llvm-profdata"), "show", "--memory",
                                   self.indexed(path)]).stdout.decode()
            expected = [([(guid(json.loads(function)), offset, inlined)
                          for function, offset, inlined in frames], blocks, size)
                        for _, frames, blocks, size in
                        parse(self.export("memprof", path).decode())]
            found = [([(int(function, 16), offset, inlined)
                       for function, offset, inlined in frames], blocks, size)
                     for _, frames, blocks, size in parse(shown)]
            if name == "hostile":  # LLVM cuts suffixes that compilers append to names
                expected, found = ([path[1:] for path in paths] for paths in (expected, found))
            self.assertCountEqual(expected, found, name)

    def test_opt_finds_the_allocation(self):
        clang, opt = versioned("clang"), versioned("opt")
        flags = ["-x", "c++", "-g", "-gno-column-info", "-O1", "-fno-inline",
                 "-fno-optimize-sibling-calls"]
        path = self.path("a.pb.gz")
        compiler.build_text(self.path("a"), PROGRAM, *flags, compiler=clang,
                            libs=["-x", "none", "-lstdc++"])
        harness.record(path, [self.path("a")], cwd=self.dir)
        harness.check([clang, *flags, "-Xclang", "-disable-llvm-passes", "-S", "-emit-llvm",
                       self.path("a.c"), "-o", self.path("a.ll")])
        passes = "memprof-use<profile-filename=%s>" % self.indexed(path)
        said = harness.check([opt, "-passes=" + passes, "-memprof-print-match-info",
                              self.path("a.ll"), "-S", "-o", self.path("b.ll")]).stderr.decode()
        self.assertIn("notcold", said)
        self.assertIn("total profiled size %d is matched" % (64 * sum(range(1, 11))), said)


if __name__ == "__main__":
    harness.main()
