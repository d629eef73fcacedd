# SPDX-License-Identifier: MIT
# timeout: 240
"""`memtrack diff` against what was done: two versions of a program with known edits, and the
figures of go's pprof -diff_base for profiles of memtrack and of Go."""
import os
import re

from support import case, compiler, go, harness

OLD = """#include <stdlib.h>
#include <string.h>
#define KEEP __attribute__((noinline))
void *kept[4096];
int n;

static KEEP void insert(const char *name) {
    kept[n++] = malloc(24); /* entry */
    kept[n++] = strdup(name); /* name */
}

static KEEP char *buffer(size_t bytes) {
    return calloc(1, bytes); /* buffer */
}

static KEEP void forget(void) {
    kept[n++] = malloc(7777); /* forgotten */
}

static KEEP void twins(void) {
    kept[n++] = malloc(100); /* first twin */
    kept[n++] = malloc(200); /* second twin */
}

int main(void) {
    for (int i = 0; i < 100; i++)
        insert("some name"); /* caller */
    kept[n++] = buffer(5000);
    forget();
    twins();
    return 0;
}
"""
# One leak and a comment inside insert, a larger buffer, forget gone, a statement between the twins,
# lines above all.
EDITS = [("#include <stdlib.h>\n", "/* a licence\n * of two lines */\n#include <stdlib.h>\n"),
         ("    kept[n++] = strdup", "    /* a leak */\n    kept[n++] = malloc(48); /* leak */\n    "
                                    "kept[n++] = strdup"),
         ("buffer(5000)", "buffer(6000)"),
         ("static KEEP void forget(void) {\n    kept[n++] = malloc(7777); /* forgotten "
          "*/\n}\n\n", ""),
         ("    forget();\n", ""),
         ("    kept[n++] = malloc(200);", "    kept[n++] = malloc(150); /* between */\n    "
                                          "kept[n++] = malloc(200);")]

GO = """package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

var kept [][]byte

//go:noinline
func grow(n, size int) {
	for i := 0; i < n; i++ {
		kept = append(kept, make([]byte, size))
	}
}

//go:noinline
func leak(n int) {
	for i := 0; i < n; i++ {
		kept = append(kept, make([]byte, 4096))
	}
}

func write(name string) {
	runtime.GC()
	file, _ := os.Create(name)
	pprof.Lookup("heap").WriteTo(file, 0)
	file.Close()
}

func main() {
	runtime.MemProfileRate = 1
	kept = make([][]byte, 0, 4096)
	grow(100, 1024)
	write(os.Args[1])
	leak(50)
	grow(10, 1024)
	write(os.Args[2])
	runtime.KeepAlive(kept)
}
"""


def diff(*arguments, cwd=None):
    return harness.ask("diff", *arguments, cwd=cwd)


def differences_of_pprof(old, new, index):
    """What go's pprof says: function -> flat difference."""
    text = go.pprof("-top", "-symbolize=none", "-unit=b", "-sample_index=" + index,
                    "-nodecount=1000000", "-nodefraction=0", "-edgefraction=0", "-diff_base=" + old,
                    new)
    rows = re.findall(
        r"^ *(-?[\d.]+)(?:B)? +-?[\d.]+% +-?[\d.]+% +-?[\d.]+(?:B)? +-?[\d.]+% +(.*)$", text,
        flags=re.M)
    return {name.replace(" (inline)", ""): int(float(flat)) for flat, name in rows if float(flat)}


class Builds(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new = OLD
        for before, after in EDITS:
            assert new.count(before) == 1, before
            new = new.replace(before, after)
        cls.text = {"old": OLD, "new": new}
        cls.profile = {}

    def record(self, version, folder, *flags):
        """The profile of one version, built in a directory of its own."""
        name = "-".join([version, folder, *flags]).replace("/", "_")
        if name not in self.profile:
            root = self.path(name, folder)
            os.makedirs(root)
            with open(os.path.join(root, "prog.c"), "w", encoding="ascii") as file:
                file.write(self.text[version])
            compiler.build("prog", "prog.c", "-g", "-O1", "-fno-builtin", *flags, cwd=root)
            self.profile[name] = harness.track([os.path.join(root, "prog")], self.dir,
                                               name=name).profile.path
        return self.profile[name]

    def line(self, version, comment):
        """Number of the line that has this comment."""
        lines = self.text[version].splitlines()
        found = [i + 1 for i, text in enumerate(lines) if "/* %s */" % comment in text]
        self.assertEqual(len(found), 1, comment)
        return found[0]

    def check_edits(self, old, new):
        result = diff(old, new)
        rows = {(os.path.basename(row["key"]), row["state"]): row for row in result["rows"]}
        expected = {("prog.c:%d" % self.line("new", comment), "both"): (change, "prog.c:%d" %
                                                                        self.line("old", comment))
                    for comment, change in (("entry", 0), ("name", 0), ("buffer", 1000),
                                            ("first twin", 0), ("second twin", 0))}
        expected["prog.c:%d" % self.line("new", "leak"), "new"] = (4800, "")
        expected["prog.c:%d" % self.line("new", "between"), "new"] = (150, "")
        gone = "prog.c:%d" % self.line("old", "forgotten")
        expected[gone, "vanished"] = (-7777, gone)
        self.assertEqual({key: (row["diff_live_bytes"], os.path.basename(row["old_key"])) for key,
                          row in rows.items()}, expected)
        self.assertEqual(sum(row["diff_live_bytes"] for row in result["rows"]),
                         result["diff"]["live_bytes"])
        self.assertEqual(result["diff"]["live_bytes"], 1000 + 4800 + 150 - 7777)
        self.assertEqual(len(result["notes"]), 1)

    def test_what_was_edited_is_what_differs(self):
        self.check_edits(self.record("old", "src"), self.record("new", "src"))

    def test_without_build_ids(self):
        self.check_edits(self.record("old", "src", "-Wl,--build-id=none"),
                         self.record("new", "src", "-Wl,--build-id=none"))

    def test_when_old_sources_are_gone(self):
        old, new = self.record("old", "gone"), self.record("new", "gone")
        for version in ("old", "new"):
            path = self.path(version + "-gone", "gone", "prog.c")
            if os.path.exists(path):
                os.remove(path)
        self.check_edits(old, new)

    def test_when_sources_were_edited_since(self):
        """What a file says now is no evidence of what was built: here the old one has a statement
        of the new one in another's place."""
        old, new = self.record("old", "edited"), self.record("new", "edited")
        path = self.path("old-edited", "edited", "prog.c")
        between = self.text["new"].splitlines()[self.line("new", "between") - 1]
        lines = self.text["old"].splitlines()
        lines[self.line("old", "second twin") - 1] = between
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        self.check_edits(old, new)

    def test_optimized_and_not(self):
        """The same source at two levels: nothing is new, nothing is gone, nothing has changed."""
        result = diff(self.record("new", "src"), self.record("new", "src", "-O0"))
        self.assertTrue(all(row["state"] == "both" and row["diff_live_bytes"] == 0
                            for row in result["rows"]), result)

    def test_call_paths_survive_a_build(self):
        result = diff("--by", "stack", self.record("old", "src"), self.record("new", "src"))
        states = [row["state"] for row in result["rows"]]
        self.assertEqual((states.count("both"), states.count("new"), states.count("vanished")),
                         (5, 2, 1), result["rows"])

    def test_stripped_programs_have_their_symbols_paired(self):
        flags = ("-g0", "-fno-inline")
        result = diff(self.record("old", "bare", *flags), self.record("new", "bare", *flags))
        by_function = {}
        for row in result["rows"]:
            by_function.setdefault(row["function"], []).append(row["state"])
        self.assertEqual({name: sorted(states) for name, states in by_function.items()},
                         {"insert": ["both", "both", "new"], "buffer": ["both"],
                          "forget": ["vanished"], "twins": ["both", "both", "new"]})

    def test_pprof_finds_the_same_differences(self):
        old, new = self.record("old", "src"), self.record("new", "src")
        for index, column in (("inuse_space", "live_bytes"), ("alloc_space", "total_bytes"),
                              ("peak_space", "peak_bytes")):
            theirs = differences_of_pprof(old, new, index)
            ours = {row["function"]: row["diff_" + column]
                    for row in diff("--by", "function", "--keep-wrappers", old, new)["rows"]
                    if row["diff_" + column]}
            self.assertEqual(ours, theirs, index)
            self.assertTrue(ours)


class Go(case.Case):
    def test_heap_profiles_of_go(self):
        old, new = self.path("old.pb.gz"), self.path("new.pb.gz")
        program = go.build(self.path("prog"), self.write("main.go", GO), self.dir,
                           GO111MODULE="off")
        harness.check([program, old, new])
        for index, column in (("inuse_space", "live_bytes"), ("alloc_space", "total_bytes")):
            theirs = differences_of_pprof(old, new, index)
            result = diff("--by", "function", "--keep-wrappers", old, new)
            ours = {row["function"]: row["diff_" + column] for row in result["rows"]
                    if row["diff_" + column]}
            self.assertEqual(ours, theirs, index)
            self.assertEqual((ours["main.leak"], ours["main.grow"]), (50 * 4096, 10 * 1024), ours)
        self.assertEqual(result["columns"], ["live_bytes", "live_blocks", "total_bytes",
                                             "total_blocks"])


if __name__ == "__main__":
    harness.main()
