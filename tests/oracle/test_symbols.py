# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 19
"""Functions, lines and inlined calls equal those of llvm-symbolizer and eu-addr2line, for every
address of real code.
"""
import os

from support import case, harness
from support.symbols import build_id, elfutils, llvm, ours, text_addresses

SOURCE = """
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>
namespace ns {
struct base { virtual ~base() {} virtual int value(int x) { return x + 1; } };
struct derived : base {
    std::vector<int> numbers; std::string text;
    int value(int x) override { for (int i = 0; i < x; i++) numbers.push_back(i * x); text += std::to_string(x);
                                return (int)(numbers.size() + text.size()); }
};
template <class T> std::unique_ptr<base> make(int n) { auto p = std::make_unique<T>(); p->value(n); return p; }
}
static void count(std::map<std::string, int> &m, int n) { for (int i = 0; i < n; i++) m[std::to_string(i)] += i; }
namespace { int hidden(int x) { auto f = [x](int y) { std::vector<int> q((unsigned)x); q[0] = y; return q[0] + x; };
                                return f(x) + f(2); } }
int main(int c, char **v) {
    auto p = ns::make<ns::derived>(c * 10);
    std::map<std::string, int> m;
    count(m, c * 3);
    std::vector<std::string> w;
    for (int i = 0; i < c; i++)
        w.emplace_back(v[i]);
    std::sort(w.begin(), w.end());
    try { if (c > 100) throw 1; } catch (int) { std::puts("x"); }
    std::printf("%d %zu %d\\n", hidden(c), m.size(), p->value(c));
}
"""
C_SOURCE = """
#include <stdlib.h>
#include <string.h>
static inline __attribute__((always_inline)) char *copy(const char *s) { char *p = malloc(strlen(s) + 1);
    if (p)
        strcpy(p, s);
    return p; }
static int less(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
int main(int c, char **v) {
    char **w = calloc((size_t)c, sizeof *w);
    for (int i = 0; i < c; i++)
        w[i] = copy(v[i]);
    qsort(w, (size_t)c, sizeof *w, less);
    for (int i = 0; i < c; i++)
        free(w[i]);
    free(w);
    return 0;
}
"""


class Symbols(case.Case):
    def compile(self, compiler, *flags):
        return self.build("program", SOURCE if compiler.endswith("++") else C_SOURCE, "-O2", "-g",
                          "-Wl,--build-id", *flags, compiler=compiler, cwd=self.dir)

    def compare(self, path, debug=None):
        """Where memtrack names a line it names the one that the oracle does, and it names it for
        most addresses."""
        addresses = text_addresses(path, debug)
        mine = ours(self.dir, path, build_id(path), addresses)
        compared = 0
        for i, (address, theirs) in enumerate(zip(addresses, llvm(debug or path, addresses)), 1):
            frames = mine.get(i, [])
            if not theirs or not any(file for _, file, _ in theirs) or any(line == 0 for _, _,
                                                                           line in theirs):
                continue  # start-up code without debug information, or code that belongs to no line
            compared += 1
            self.assertEqual(theirs, frames, "at 0x%x" % address[1])
        print("%s: %d of %d addresses compared" % (self.id().split(".")[-1], compared,
                                                   len(addresses)))
        self.assertGreater(compared, len(addresses) // 2)

    def test_cxx_gcc_dwarf5(self):
        self.compare(self.compile("g++", "-gdwarf-5"))

    def test_cxx_gcc_dwarf4_compressed(self):
        self.compare(self.compile("g++", "-gdwarf-4", "-gz"))

    def test_cxx_clang(self):
        self.compare(self.compile("clang++"))

    def test_cxx_split_units(self):
        """.dwo files beside the program, reached through its skeleton units."""
        self.compare(self.compile("clang++", "-gdwarf-5", "-gsplit-dwarf"))

    def test_c_at_every_level(self):
        for level in ("-O0", "-O1", "-O2", "-O3"):
            with self.subTest(level):
                self.compare(self.compile("gcc", level))

    def test_fixed_address(self):
        self.compare(self.compile("gcc", "-no-pie"))

    def test_debug_file_beside(self):
        path = self.compile("g++")
        debug = path + ".debug"
        objcopy = harness.tool("objcopy")
        harness.check([objcopy, "--only-keep-debug", path, debug])
        harness.check([objcopy, "--strip-debug", "--strip-unneeded", "--add-gnu-debuglink=" + debug,
                       path])
        self.compare(path, debug)

    def test_elfutils_says_the_same(self):
        path = self.compile("g++")
        addresses = text_addresses(path)
        mine = ours(self.dir, path, build_id(path), addresses)
        different = []
        for i, theirs in enumerate(elfutils(path, addresses), 1):
            lines, expected = [f[1:] for f in mine.get(i, [])], [f[1:] for f in theirs]
            if lines and lines[0][0] and lines != expected:
                different.append((hex(addresses[i - 1][1]), expected, lines))
        # of two inlined calls that overlap, eu-addr2line follows the other one now and then
        self.assertLess(len(different), len(addresses) // 30, different[:5])

    def test_the_c_library_with_its_debug_package(self):
        path = harness.find_library("libc.so.6")
        identity = build_id(path)
        debug = "/usr/lib/debug/.build-id/%s/%s.debug" % (identity[:2], identity[2:])
        if not os.path.exists(debug):
            self.skipTest("the debug package of libc is not installed")
        addresses = text_addresses(path, debug)[::4]
        mine = ours(self.dir, path, identity, addresses)
        named = sum(1 for i in range(1, len(addresses) + 1)
                    if any(line for _, _, line in mine.get(i, [])))
        self.assertGreater(named, len(addresses) * 9 // 10)


if __name__ == "__main__":
    harness.main()
