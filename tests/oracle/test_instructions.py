# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 8
"""Where each instruction of the code that HITS are found in begins, how long it is and where it
leads is what objdump says of it, over all code of libraries that we did not build."""
import ctypes
import os
import re

from support import case, compiler, harness

LINE = re.compile(r"^ +([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t(.*)")
# What objdump prints as one, or apart, and the processor does not: prefixes that precede nothing
# that they belong to, fwait with the instruction behind it, and data.
APART = re.compile(r"^(\(bad\)|(rex(\.\w+)?|data16|addr32|lock|repz?|repnz|[c-gs]s|bnd|notrack)$|f\w+\b)")
DIRECT = re.compile(r"^(?:(?:bnd|notrack|data16|rex\.W|repz) )*(call|j\w+|xbegin|loop\w*) +([0-9a-f]+)\b")
KINDS = {"call": {1}, "jmp": {3}}


class Instruction(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("bytes", ctypes.c_uint8), ("target", ctypes.c_uint64),
                ("memory", ctypes.c_uint64), ("sets_argument", ctypes.c_bool)]


def difference(decode, line):
    """What objdump's line and we do not agree in, or None."""
    address, text, what = int(line[1], 16), bytes.fromhex(line[2]), line[3].strip()
    if APART.match(what) and (not what.startswith("f") or text[0] == 0x9B):
        return None
    mine = Instruction()
    if not decode(text, len(text), address, ctypes.byref(mine)):
        return "%s: not known" % line[0]
    if mine.bytes != len(text):
        return "%s: %d bytes" % (line[0], mine.bytes)
    direct = DIRECT.match(what)
    leads = mine.kind in (1, 3, 4)
    if bool(direct) != leads:
        return "%s: kind %d" % (line[0], mine.kind)
    if direct and (int(direct[2], 16) != mine.target or mine.kind not in KINDS.get(direct[1], {4})):
        return "%s: kind %d, to %x" % (line[0], mine.kind, mine.target)
    return None


class Instructions(case.Case):
    def test_libraries(self):
        objdump, code = harness.tool("objdump"), os.path.join(harness.SOURCE, "lib", "view", "flow")
        library = compiler.build(self.path("decode.so"), os.path.join(code, "instruction.c"), "-O2",
                                 "-shared", "-fPIC", "-I" + os.path.join(harness.SOURCE, "lib"))
        decode = ctypes.CDLL(library).mt_instruction_decode
        decode.restype = ctypes.c_bool
        decode.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64,
                           ctypes.POINTER(Instruction)]
        for name in ("libc.so.6", "libm.so.6", "libstdc++.so.6"):
            with self.subTest(name):
                printed = harness.run([objdump, "-d", "--insn-width=16", "-j", ".text",
                                       "/usr/lib/x86_64-linux-gnu/" + name])
                lines = list(filter(None, map(LINE.match, printed.stdout.decode().splitlines())))
                self.assertGreater(len(lines), 50000)
                found = [d for d in (difference(decode, line) for line in lines) if d]
                self.assertEqual([], found[:10], "%d of %d" % (len(found), len(lines)))


if __name__ == "__main__":
    harness.main()
