#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
giant.py N FILE: a heap profile with N samples, each with a call path of its own (8 to 39 frames
over 20,000 locations of 5,000 functions), as a program with that many allocation sites would have
it. The same N gives the same file.

bench/giant.py 1000000 giant.pb.gz; /usr/bin/time -v memtrack report --by stack giant.pb.gz
"""
import gzip
import random
import sys

FUNCTIONS, LOCATIONS, FILES = 5000, 20000, 300


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(tag, content):
    return varint(tag << 3 | 2) + varint(len(content)) + content


def number(tag, value):
    return varint(tag << 3) + varint(value)


def head():
    strings = [
        b"", b"alloc_objects", b"count", b"alloc_space", b"bytes", b"inuse_objects", b"inuse_space",
        b"/bin/app"]
    first_name = len(strings)
    strings += [b"space%d::function_%d(int, char const*)" % (i % 40, i) for i in range(FUNCTIONS)]
    first_file = len(strings)
    strings += [b"/src/dir%d/file%d.cc" % (i % 20, i) for i in range(FILES)]
    yield from (field(1,
                      number(1, name) + number(2, unit))
                for name, unit in ((1, 2), (3, 4), (5, 2), (6, 4)))
    yield from (field(6, text) for text in strings)
    yield field(
        3,
        number(1, 1) + number(2, 0x400000) + number(3, 0x900000) + number(5, 7) + number(7, 1) +
        number(8, 1) + number(9, 1))
    for i in range(FUNCTIONS):
        yield field(
            5,
            number(1, i + 1) + number(2, first_name + i) + number(4, first_file + i % FILES))
    for i in range(LOCATIONS):
        line = number(1, i % FUNCTIONS + 1) + number(2, i // 7 + 1)
        yield field(4,
                    number(1, i + 1) + number(2, 1) + number(3, 0x400000 + i * 16) + field(4, line))


def write(out, n):
    """Writes the profile to the binary file; returns its live bytes."""
    chance = random.Random(1)
    identifiers = [varint(i + 1) for i in range(LOCATIONS)]
    live = 0
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as file:
        file.write(b"".join(head()))
        stack = chance.choices(identifiers, k=30)
        for _ in range(n):
            shared = chance.randrange(2, 25)  # outer frames in common with the one before
            stack = chance.choices(identifiers, k=max(
                1,
                chance.randrange(8, 40) - shared)) + stack[-shared:]
            size = chance.randrange(3) * chance.randrange(1000)
            total = size + chance.randrange(100000)
            values = varint(total // 64 + 1) + varint(total) + varint(size // 64) + varint(size)
            file.write(field(2, field(1, b"".join(stack)) + field(2, values)))
            live += size
    return live


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "wb") as target:
        write(target, int(sys.argv[1]))
