# SPDX-License-Identifier: MIT
"""Asking memtrack and other symbolizers for the functions, lines and inlined calls of addresses.

memtrack is asked through a profile made here: an uncompressed pprof file with one sample for each
address, and nothing but addresses, so that `memtrack report --by stack --json` has to find the
rest.
"""
import os
import re

from support import harness
from support.pprof import field, number

ADDRESSES = 1500
BASE = 0x555555554000


# ---- the profile that asks -----------------------------------------------------------------------

def question(path, build_id, addresses):
    """Sample i has i bytes and the path: address i, called by line i of a function that makes each
    path unique."""
    strings = ["", "inuse_space", "bytes", path, build_id, "root", "root.c"]
    n = len(addresses)
    parts = [field(6, s.encode()) for s in strings]
    parts += [field(1, number(1, 1) + number(2, 2)),
              field(5, number(1, 1) + number(2, 5) + number(4, 6)),
              field(3, number(1, 1) + number(2, BASE) + number(3, BASE + (1 << 40)) + number(5, 3) +
                    number(6, 4))]
    for i, (offset, _) in enumerate(addresses, 1):
        parts.append(field(4, number(1, i) + number(2, 1) + number(3, BASE + offset)))
        parts.append(field(4, number(1, n + i) + field(4, number(1, 1) + number(2, i))))
        parts.append(field(2, number(1, i) + number(1, n + i) + number(2, i)))
    return b"".join(parts)


# ---- the answers ---------------------------------------------------------------------------------

def tidy(path):
    return "" if path in ("", "??") else os.path.normpath(path)


def plain(name):
    """Without what compilers call the pieces of a function."""
    return "" if name == "??" else re.sub(r"( \[clone [^]]*\])+$|\.(isra|part|cold|constprop)\b.*",
                                          "", name)


def demangled(names):
    """By binutils, which has the same demangler: each project prints lambdas and clones in its own
    way."""
    out = harness.check([harness.tool("c++filt")], stdin="\n".join(names).encode()).stdout.decode()
    return [plain(name) for name in out.split("\n")]


def ours(directory, path, build_id, addresses, *options):
    name = os.path.join(directory, "question.pb")
    with open(name, "wb") as file:
        file.write(question(path, build_id, addresses))
    found = {}
    for row in harness.ask("report", "--by", "stack", "--keep-wrappers", *options, name)["rows"]:
        frames = [(plain(f["function"]), tidy(f["file"]), f["line"]) for f in row["stack"]]
        assert frames[-1] == ("root", "root.c", row["live_bytes"]), row
        found[row["live_bytes"]] = [f for f in frames[:-1] if f[0] or f[1]]
    return found


def llvm(path, addresses):
    tool = harness.tool("llvm-symbolizer-14") if os.path.exists("/usr/bin/llvm-symbolizer-14") else \
        harness.tool("llvm-symbolizer")
    text = "".join("0x%x\n" % address for _, address in addresses)
    out = harness.check([tool, "--inlines", "--no-demangle", "--output-style=LLVM", "-e", path],
                        stdin=text.encode())
    return answers(out.stdout.decode().strip("\n").split("\n\n"))


def elfutils(path, addresses):
    out = harness.check([harness.tool("eu-addr2line"), "-a", "-i", "-f", "-A", "-e", path] +
                        ["0x%x" % address for _, address in addresses]).stdout.decode()
    return answers(re.split(r"^0x[0-9a-f]+$\n?", out, flags=re.MULTILINE)[1:])


def answers(blocks):
    """Of lines in pairs, a function and its FILE:LINE[:COLUMN]."""
    blocks = [block.splitlines() for block in blocks]
    names = iter(demangled([name.split(" inlined at ")[0] for block in blocks
                            for name in block[::2]]))
    found = []
    for block in blocks:
        places = [re.match(r"(.*?):(\d+)(:\d+)?( .*)?$", place) for place in block[1::2]]
        found.append([(next(names), tidy(place[1]), int(place[2])) for place in places])
    return found


def text_addresses(path, debug=None, most=ADDRESSES):
    """Pairs (offset in the file, address) of bytes all over the functions of .text that a symbol
    table knows."""
    sections = harness.check([harness.tool("readelf"), "-SW", path]).stdout.decode()
    start, offset, size = (int(x, 16) for x in re.search(r" \.text +\w+ +(\w+) +(\w+) +(\w+)",
                                                         sections).groups())
    symbols = harness.check([harness.tool("readelf"), "-sW", debug or path]).stdout.decode()
    functions = set()
    for value, length in re.findall(r": ([0-9a-f]{16}) +(\d+) FUNC ", symbols):
        value, length = int(value, 16), int(length)
        if start <= value < start + size:
            functions.update(range(value, value + length))
    chosen = sorted(functions)
    chosen = chosen[::max(1, len(chosen) // most)]
    return [(address - start + offset, address) for address in chosen]


def build_id(path):
    notes = harness.check([harness.tool("readelf"), "-n", path]).stdout.decode()
    return re.search(r"Build ID: (\w+)", notes)[1]
