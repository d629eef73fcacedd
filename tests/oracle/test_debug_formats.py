# SPDX-License-Identifier: MIT
# timeout: 150
# cost: 16
"""Every form of debug information that compilers, linkers and packagers write, against
llvm-symbolizer's answers.

A row is a compiler, a version of DWARF and a form. Where the oracle cannot read the form itself
(zstd, dwz, a single file), it is asked about the same program with plain debug information: the
code is the same, to the byte. Rows whose tools are not installed are skipped, each with its reason.
"""
import os
import re
import shutil
import unittest

from support import case, compiler, harness
from support.symbols import build_id, llvm, ours, text_addresses

MAIN = """#include "node.h"
int other(int);
int main(int argc, char **argv) {
    struct node *list = 0;
    for (int i = 0; i < argc + 4; i++)
        list = push(list, i, argv[0]);
    int sum = total(list) + other(argc);
    while (list) { struct node *next = list->next; free(list); list = next; }
    return sum == 0;
}
"""
HEADER = """#include <stdlib.h>
#include <string.h>
struct node { struct node *next; int value; char name[40]; };
static inline __attribute__((always_inline)) struct node *make(int value) {
    struct node *made = calloc(1, sizeof *made);
    if (made)
        made->value = value;
    return made;
}
static inline __attribute__((always_inline)) struct node *push(struct node *list, int value, const char *name) {
    struct node *made = make(value);
    if (!made)
        return list;
    strncpy(made->name, name, sizeof made->name - 1);
    made->next = list;
    return made;
}
static __attribute__((noinline, unused)) int total(const struct node *list) {
    int sum = 0;
    for (; list; list = list->next)
        sum += list->value + (int)strlen(list->name);
    return sum;
}
"""
OTHER = """#include "node.h"
static int twice(int n) { return n < 3 ? n : 2 * n; }
static __attribute__((cold, noinline)) int never(int n) { return n * 17 + rand(); }
int other(int n) {
    struct node *a = push(0, twice(n), "a"), *b = push(a, n, "b");
    int sum = total(b) + (n > 1000 ? never(n) : 0);
    free(b);
    free(a);
    return sum;
}
"""
RUST = """use std::collections::HashMap;
#[inline(always)] fn make(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); v.push(n as u8); v }
#[inline(never)] fn fill(m: &mut HashMap<usize, Vec<u8>>, n: usize) { for i in 0..n { m.insert(i, make(i + 100)); } }
fn main() { let mut m = HashMap::new(); fill(&mut m, std::env::args().count() * 10);
            println!("{}", m.values().map(|v| v[0] as usize).sum::<usize>()); }
"""
# the first two in every form
COMPILERS = ("gcc", "clang", "clang-16", "clang-19", "gcc-13", "gcc-14")
ADDRESSES = 150


def have(*tools):
    for name in tools:
        harness.tool(name)


def without_hashes(frames):
    """Rust's crates and functions have some in their names, which demanglers show or leave out,
    like types of constants; link-time optimization numbers the functions of one name."""
    noise = r"\[[0-9a-f]{8,16}\]|::h[0-9a-f]{16}$|(?<=\d): [iu](size|\d+)|(\.lto_priv)?\.\d+$"
    return [(re.sub(noise, "", name), *place) for name, *place in frames]


def without_types(frames):
    """Of functions that are the same code for several types there is one, with the name of any."""
    return [(name.rsplit("::", 1)[-1], *place) for name, *place in without_hashes(frames)]


class Formats(case.Case):
    def setUp(self):
        super().setUp()
        self.rows = 0
        for name, text in (("main.c", MAIN), ("node.h", HEADER), ("other.c", OTHER),
                           ("rust.rs", RUST)):
            self.write(name, text)

    def run_here(self, *command):
        return harness.check(list(command), cwd=self.dir).stdout.decode()

    def try_here(self, *command):
        """For what a tool may not be able to do: then the row is skipped."""
        result = harness.run([harness.tool(command[0]), *command[1:]], cwd=self.dir)
        if result.code != 0:
            raise unittest.SkipTest("%s: %s" % (command[0],
                                                result.stderr.decode().splitlines()[:1]))

    def build(self, output, which, *flags, link=()):
        """Objects stay: a split build refers to them."""
        stem = os.path.splitext(output)[0]
        objects = [compiler.build("%s-%s.o" % (stem, name), name + ".c", "-O2", *flags, "-c",
                                  compiler=which, cwd=self.dir) for name in ("main", "other")]
        compiler.build(output, objects, "-O2", *flags, *link, "-Wl,--build-id", compiler=which,
                       required=not link, cwd=self.dir)
        return self.path(output)

    def compare(self, path, plain=None, *options, least=0.5, tidy=without_hashes):
        addresses = text_addresses(plain or path, most=ADDRESSES)
        mine = ours(self.dir, path, build_id(path), addresses, *options)
        compared = inlined = 0
        for i, (address, theirs) in enumerate(zip(addresses, llvm(plain or path, addresses)), 1):
            if not theirs or not any(file for _, file, _ in theirs) or any(line == 0 for _, _,
                                                                           line in theirs):
                continue  # start-up code without debug information, or code that belongs to no line
            compared += 1
            inlined += len(theirs) > 1
            self.assertEqual(tidy(theirs), tidy(mine.get(i, [])), "%s at 0x%x" % (path, address[1]))
        self.assertGreater(compared, len(addresses) * least)
        self.rows += 1
        return inlined

    def row(self, what, function, *arguments):
        with self.subTest(what):
            try:
                function(*arguments)
            except unittest.SkipTest as why:
                print("skipped: %s: %s" % (what, why))

    # ---- forms: each makes a program and says what the oracle is asked about

    def zlib(self, compiler, flags, plain):
        self.compare(self.build("gz", compiler, *flags, "-gz=zlib"), plain)

    def zstd(self, compiler, flags, plain):
        made = self.path("zstd")
        result = harness.run([harness.tool("objcopy"), "--compress-debug-sections=zstd", plain,
                              made])
        if result.code != 0 or "ZSTD" not in self.run_here("readelf", "-t", made):
            raise unittest.SkipTest("objcopy writes no zstd")
        self.compare(made, plain)

    def zstd_debug_file(self, compiler, flags, plain):
        self.zstd(compiler, flags, plain)
        self.run_here("objcopy", "--only-keep-debug", "zstd", "zstd.debug")
        self.run_here("objcopy", "--strip-all", "--add-gnu-debuglink=zstd.debug", "zstd",
                      "stripped")
        self.compare(self.path("stripped"), plain)

    def dwz(self, compiler, flags, plain):
        for name in ("one", "two"):
            shutil.copy(plain, self.path(name))
        self.try_here("dwz", "-m", "common.dwz", "one", "two")
        self.compare(self.path("one"), plain)

    def dwz_zstd(self, compiler, flags, plain):
        self.dwz(compiler, flags, plain)
        for name in ("one", "common.dwz"):
            self.run_here("objcopy", "--compress-debug-sections=zstd", name)
        self.compare(self.path("one"), plain)

    def minimal(self, compiler, flags, plain):
        self.compare(self.build("g1", compiler, *flags, "-g1"))

    def lto(self, compiler, flags, plain):
        if compiler != "gcc":
            have("ld.lld")
        self.compare(self.build("lto", compiler, *flags, "-flto", link=() if "gcc" in compiler
                                else ("-fuse-ld=lld",)))

    def types(self, compiler, flags, plain):
        self.compare(self.build("types", compiler, *flags, "-fdebug-types-section"), plain)

    def split(self, compiler, flags, plain):
        self.assertGreater(self.compare(self.build("split", compiler, *flags, "-gsplit-dwarf"),
                                        plain), 10)

    def split_zstd(self, compiler, flags, plain):
        path = self.build("splitz", compiler, *flags, "-gsplit-dwarf")
        for name in sorted(n for n in os.listdir(self.dir) if n.startswith("splitz")
                           and n.endswith(".dwo")):
            self.run_here("objcopy", "--compress-debug-sections=zstd", name)
        self.assertGreater(self.compare(path, plain), 10)

    def package(self, compiler, flags, plain):
        """The .dwo files are gone, and program and package are in another place."""
        path = self.build("packed", compiler, *flags, "-gsplit-dwarf")
        # binutils' dwp knows DWARF 4 alone
        for tool in ("llvm-dwp", "llvm-dwp-14", "dwp"):
            if shutil.which(tool) and harness.run([tool, "-e", path, "-o", path + ".dwp"],
                                                  cwd=self.dir).code == 0:
                break
        else:
            raise unittest.SkipTest("no dwp that reads this")
        moved = self.path("moved")
        shutil.rmtree(moved, ignore_errors=True)
        os.mkdir(moved)
        for name in os.listdir(self.dir):
            if name.startswith("packed"):
                (os.rename if name in ("packed", "packed.dwp") else lambda a, b: os.remove(a))(
                    self.path(name), os.path.join(moved, name))
        self.assertGreater(self.compare(os.path.join(moved, "packed"), plain), 10)
        os.mkdir(os.path.join(moved, "dwp"))
        os.rename(os.path.join(moved, "packed.dwp"), os.path.join(moved, "dwp", "packed.dwp"))
        self.assertGreater(self.compare(os.path.join(moved, "packed"), plain, "--debug-path",
                                        os.path.join(moved, "dwp")), 10)

    def single(self, compiler, flags, plain):
        self.assertGreater(self.compare(self.build("single", compiler, *flags,
                                                   "-gsplit-dwarf=single"), plain), 10)

    # ---- the matrix

    def rows_of(self, compiler):
        have(compiler)
        forms = [self.zlib, self.zstd, self.zstd_debug_file, self.dwz, self.dwz_zstd, self.minimal,
                 self.lto, self.types, self.split, self.split_zstd, self.package]
        if compiler not in COMPILERS[:2]:
            forms = [self.zstd, self.minimal, self.types, self.split, self.package]
        if compiler.startswith("clang"):
            forms.append(self.single)
        for version in (4, 5):
            flags = ["-g", "-gdwarf-%d" % version]
            plain = self.build("plain", compiler, *flags)
            self.row("%s %s plain" % (compiler, flags[1]),
                     lambda: self.assertGreater(self.compare(plain), 10))
            for form in forms:
                self.row("%s %s %s" % (compiler, flags[1], form.__name__), form, compiler, flags,
                         plain)

    def test_c(self):
        for which in COMPILERS:
            self.row(which, self.rows_of, which)
        print("%d rows compared" % self.rows)
        self.assertGreater(self.rows, 20)

    def test_rust(self):
        for form in ("off", "unpacked", "packed"):
            with self.subTest(form):
                flags = [] if form == "off" else ["-C", "split-debuginfo=" + form]
                compiler.build("rust", "rust.rs", "-g", "-O", *flags, "-C",
                               "link-arg=-Wl,--build-id", compiler="rustc", required=False,
                               cwd=self.dir, env=dict(os.environ))
                self.compare(self.path("rust"), least=0.3, tidy=without_types)

    def test_what_is_missing_is_said(self):
        """Without its units a split program has lines, and a note names what is gone; a unit of
        another build is not used."""
        path = self.build("split", "gcc", "-g", "-gsplit-dwarf")
        lost = [n for n in os.listdir(self.dir) if n.endswith(".dwo")]
        kept = {name: self.read(name) for name in lost}
        for name in lost:
            os.remove(self.path(name))
        profile = self.path("p.pb.gz")

        def notes():
            harness.record(profile, [path], cwd=self.dir)
            return harness.memtrack("report", "--json", profile).stdout.decode()
        out = notes()
        self.assertIn("split-main.dwo", out)
        self.assertIn("inlined calls are not shown", out)
        with open(self.path("main.c"), "a") as file:
            file.write("int more;\n")
        self.build("other", "gcc", "-g", "-gsplit-dwarf")
        for name in lost:
            os.rename(self.path(name.replace("split", "other", 1)), self.path(name))
        self.assertIn("inlined calls are not shown", notes())
        for name, data in kept.items():
            self.write(name, data)
        out = notes()
        self.assertNotIn("inlined calls are not shown", out)
        self.assertIn('"function":"make"', out)


if __name__ == "__main__":
    harness.main()
