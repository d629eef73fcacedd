# SPDX-License-Identifier: MIT
# timeout: 240
"""Functions, lines and inlined calls equal those of llvm-symbolizer and eu-addr2line, for every address of real code.

memtrack is asked through a profile made here: an uncompressed pprof file with one sample for each address, and nothing but
addresses, so that `memtrack report --by stack --json` has to find the rest.
"""
import json
import os
import re
import unittest

from support import harness

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
ADDRESSES = 1500
BASE = 0x555555554000


# ---- the profile that asks ------------------------------------------------------------------------------------------

def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, *parts):
    data = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def question(path, build_id, addresses):
    """Sample i has i bytes and the path: address i, called by line i of a function that makes each path unique."""
    strings = ["", "inuse_space", "bytes", path, build_id, "root", "root.c"]
    n = len(addresses)
    parts = [message(6, s.encode()) for s in strings]
    parts += [message(1, number(1, 1), number(2, 2)), message(5, number(1, 1), number(2, 5), number(4, 6)),
              message(3, number(1, 1), number(2, BASE), number(3, BASE + (1 << 40)), number(5, 3), number(6, 4))]
    for i, (offset, _) in enumerate(addresses, 1):
        parts.append(message(4, number(1, i), number(2, 1), number(3, BASE + offset)))
        parts.append(message(4, number(1, n + i), message(4, number(1, 1), number(2, i))))
        parts.append(message(2, number(1, i), number(1, n + i), number(2, i)))
    return b"".join(parts)


# ---- the answers ----------------------------------------------------------------------------------------------------

def tidy(path):
    return "" if path in ("", "??") else os.path.normpath(path)


def plain(name):
    """Without what compilers call the pieces of a function."""
    return "" if name == "??" else re.sub(r"( \[clone [^]]*\])+$|\.(isra|part|cold|constprop)\b.*", "", name)


def demangled(names):
    """By binutils, which has the same demangler: each project prints lambdas and clones in its own way."""
    out = harness.check([harness.tool("c++filt")], stdin="\n".join(names).encode()).stdout.decode()
    return [plain(name) for name in out.split("\n")]


def ours(directory, path, build_id, addresses):
    name = os.path.join(directory, "question.pb")
    with open(name, "wb") as file:
        file.write(question(path, build_id, addresses))
    out = harness.check([harness.MEMTRACK, "report", "--by", "stack", "--keep-wrappers", "--json", name]).stdout
    found = {}
    for row in json.loads(out)["rows"]:
        frames = [(plain(f["function"]), tidy(f["file"]), f["line"]) for f in row["stack"]]
        assert frames[-1] == ("root", "root.c", row["live_bytes"]), row
        found[row["live_bytes"]] = [f for f in frames[:-1] if f[0] or f[1]]
    return found


def llvm(path, addresses):
    tool = harness.tool("llvm-symbolizer-14") if os.path.exists("/usr/bin/llvm-symbolizer-14") else \
        harness.tool("llvm-symbolizer")
    text = "".join("0x%x\n" % address for _, address in addresses)
    out = harness.check([tool, "--inlines", "--no-demangle", "--output-style=LLVM", "-e", path], stdin=text.encode())
    return answers(out.stdout.decode().strip("\n").split("\n\n"))


def elfutils(path, addresses):
    out = harness.check([harness.tool("eu-addr2line"), "-a", "-i", "-f", "-A", "-e", path] +
                        ["0x%x" % address for _, address in addresses]).stdout.decode()
    return answers(re.split(r"^0x[0-9a-f]+$\n?", out, flags=re.MULTILINE)[1:])


def answers(blocks):
    """Of lines in pairs, a function and its FILE:LINE[:COLUMN]."""
    blocks = [block.splitlines() for block in blocks]
    names = iter(demangled([name.split(" inlined at ")[0] for block in blocks for name in block[::2]]))
    found = []
    for block in blocks:
        places = [re.match(r"(.*?):(\d+)(:\d+)?( .*)?$", place) for place in block[1::2]]
        found.append([(next(names), tidy(place[1]), int(place[2])) for place in places])
    return found


def text_addresses(path, debug=None):
    """Pairs (offset in the file, address) of bytes all over the functions of .text that a symbol table knows."""
    sections = harness.check([harness.tool("readelf"), "-SW", path]).stdout.decode()
    start, offset, size = (int(x, 16) for x in re.search(r" \.text +\w+ +(\w+) +(\w+) +(\w+)", sections).groups())
    symbols = harness.check([harness.tool("readelf"), "-sW", debug or path]).stdout.decode()
    functions = set()
    for value, length in re.findall(r": ([0-9a-f]{16}) +(\d+) FUNC ", symbols):
        value, length = int(value, 16), int(length)
        if start <= value < start + size:
            functions.update(range(value, value + length))
    chosen = sorted(functions)
    chosen = chosen[::max(1, len(chosen) // ADDRESSES)]
    return [(address - start + offset, address) for address in chosen]


def build_id(path):
    notes = harness.check([harness.tool("readelf"), "-n", path]).stdout.decode()
    return re.search(r"Build ID: (\w+)", notes)[1]


class Symbols(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(harness.workdir())

    def compile(self, compiler, *flags):
        language = "c" if compiler in ("cc", "gcc", "clang") else "cpp"
        source, path = (os.path.join(self.directory, name) for name in ("source." + language, "program"))
        with open(source, "w", encoding="ascii") as file:
            file.write(C_SOURCE if language == "c" else SOURCE)
        harness.check([harness.tool(compiler), "-O2", "-g", "-Wl,--build-id", *flags, source, "-o", path],
                      cwd=self.directory)
        return path

    def compare(self, path, debug=None):
        """Where memtrack names a line it names the one that the oracle does, and it names it for most addresses."""
        addresses = text_addresses(path, debug)
        mine = ours(self.directory, path, build_id(path), addresses)
        compared = 0
        for i, (address, theirs) in enumerate(zip(addresses, llvm(debug or path, addresses)), 1):
            frames = mine.get(i, [])
            if not theirs or not any(file for _, file, _ in theirs) or any(line == 0 for _, _, line in theirs):
                continue  # start-up code without debug information, or code that belongs to no line
            compared += 1
            self.assertEqual(theirs, frames, "at 0x%x" % address[1])
        print("%s: %d of %d addresses compared" % (self.id().split(".")[-1], compared, len(addresses)))
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
        harness.check([objcopy, "--strip-debug", "--strip-unneeded", "--add-gnu-debuglink=" + debug, path])
        self.compare(path, debug)

    def test_elfutils_says_the_same(self):
        path = self.compile("g++")
        addresses = text_addresses(path)
        mine = ours(self.directory, path, build_id(path), addresses)
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
        mine = ours(self.directory, path, identity, addresses)
        named = sum(1 for i in range(1, len(addresses) + 1) if any(line for _, _, line in mine.get(i, [])))
        self.assertGreater(named, len(addresses) * 9 // 10)


if __name__ == "__main__":
    harness.main()
