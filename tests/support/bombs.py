# SPDX-License-Identifier: MIT
"""Small files that mean much: what a reader makes of 128 KiB, whatever they hold."""
import gzip

from support.pprof import field, number, varint

SMALL = 128 << 10
HEAD = b"".join(field(6, s) for s in (b"", b"inuse_space", b"bytes", b"f", b"/a.c"))
TYPES = field(1, number(1, 1) + number(2, 2))
PLACE = field(5, number(1, 1) + number(2, 3) + number(4, 4)) + field(4, number(1, 1) +
                                                                     field(4, number(1, 1) +
                                                                           number(2, 1)))


def packed(content):
    """gzip of it, in 128 KiB; content: a function of n that is about n bytes long."""
    n = 40 << 20  # what 128 KiB may inflate to
    while True:
        file = gzip.compress(content(n), 6)
        if len(file) <= SMALL:
            return file
        n = int(n * SMALL / len(file) * 0.95)


def fill(piece, n):
    return piece * (n // len(piece) + 1)


def inlined(lines, frames):
    """A location with many inlined functions, many times on one path."""
    location = field(4, number(1, 1) + fill(field(4, number(1, 1) + number(2, 1)), lines *
                                            6)[:lines * 6])
    return HEAD + TYPES + field(5, number(1, 1) + number(2, 3)) + location + field(2,
                                                                                   field(1, b"\1" *
                                                                                         frames) +
                                                                                   number(2, 5))


def nested(text):
    """A function and a file with a name of a MiB."""
    return b"".join(field(6, s) for s in (b"", b"inuse_space", b"bytes", text, text +
                                          b"/x.c")) + TYPES + PLACE + field(2, number(1, 1) +
                                                                            number(2, 5))


BOMBS = {"empty samples": lambda n: HEAD + fill(field(2, b""), n) + TYPES,
         "samples of nothing": lambda n: HEAD + TYPES + fill(field(2, number(2, 0)), n),
         "samples of one frame": lambda n: HEAD + TYPES + PLACE +
         fill(field(2, number(1, 1) + number(2, 1)), n), "sample types": lambda n: HEAD +
         fill(TYPES, n), "empty strings": lambda n: HEAD + fill(field(6, b""), n) + TYPES,
         "empty messages": lambda n: HEAD + TYPES +
         b"".join(fill(varint(f << 3 | 2) + b"\0", n // 8) for f in (11, 1500, 1501, 1502, 1503)),
         "empty messages in the period type": lambda n: HEAD + TYPES +
         b"".join(fill(field(11, field(f, b"")), n // 4) for f in (1500, 1501, 1502, 1503)),
         "lines of nothing": lambda n: HEAD + TYPES +
         field(4, number(1, 1) + fill(field(4, b""), 15 << 20)), "threads": lambda n: HEAD + TYPES +
         field(1500, fill(field(7, b""), 15 << 20)), "scopes": lambda n: HEAD + TYPES +
         fill(field(1503, fill(field(4, b""), 8 << 20)), n), "scope events": lambda n: HEAD +
         TYPES + fill(field(1503, fill(field(5, b""), 1 << 20)), n), "marks": lambda n: HEAD +
         TYPES + fill(field(1502, fill(field(11, b""), 1 << 20)), n), "ticks": lambda n: HEAD +
         TYPES + fill(field(1502, b"".join(field(f, bytes(1 << 20)) for f in range(1, 7))), n),
         "changes": lambda n: HEAD + TYPES + fill(field(1502,
                                                        b"".join(field(f, bytes(1 << 20))
                                                                 for f in range(7, 11))), n),
         "labels": lambda n: fill(field(2, fill(field(3, number(1, 9)), 1 << 20)), n),
         "values": lambda n: HEAD + TYPES + field(2, field(2, bytes(15 << 20))),
         "a path of millions": lambda n: HEAD + TYPES + PLACE +
         fill(field(2, field(1, b"\1" * (15 << 20)) + number(2, 1)), n),
         "locations that are missing": lambda n: HEAD + TYPES +
         field(2, field(1, b"".join(map(varint, range(1, n // 30)))) + number(2, 1)),
         "deep inlines": lambda n: inlined(1 << 18, 1 << 22),
         "brackets": lambda n: nested(b"(" * (1 << 20)),
         "angles": lambda n: nested(b"a<" * (1 << 19)),
         "operators": lambda n: nested(b"operator<" * (1 << 17)),
         "colons": lambda n: nested(b"a::" * (1 << 18)),
         "blanks": lambda n: nested(b"a " * (1 << 19)),
         "slashes": lambda n: nested(b"/" * (1 << 20)),
         "dots": lambda n: nested(b"/.." * (1 << 18)),
         "escapes": lambda n: nested(b"\x1b" * (1 << 20)),
         "text: records": lambda n: b"heap_v2/1\n" + fill(b"@ 0x1\n t*: 1: 1 [0: 0]\n", n),
         "text: a long stack": lambda n: b"heap profile: 1: 1 [1: 1] @ heapprofile\n1: 1 [1: 1] @" +
         fill(b" 0x10", n), "text: mappings": lambda n: b"heap_v2/1\nMAPPED_LIBRARIES:\n" +
         fill(b"0-1 r-xp 0 0 0 /\n", n),
         "text: comments": lambda n: b"heap profile: 1: 1 [1: 1] @ heap/2\n1: 1 [1: 1] @ 0x2\n" +
         fill(b"#\t0x1\ta\n", n),
         "text: mapped twice": lambda n: b"heap profile: 1: 1 [1: 1] @ heap/2\n" +
         fill(b"1: 1 [1: 1] @ 0x2\n#\t0x1\ta\tb:1\n", n),}
