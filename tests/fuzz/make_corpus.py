#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
make_corpus.py: writes the inputs that the fuzzers start from, below
tests/fuzz/corpus/FUZZER/seed-*.bin. What a mutation would hardly ever find is in them: the headers
of a format, messages of every kind, instructions of unwind tables that belong together.

    MEMTRACK=build/ci/memtrack MEMTRACK_BUILD=build/ci tests/fuzz/make_corpus.py

Some are recorded, of the test programs: they differ from run to run, and new ones are as good. An
input that once broke something is called crash-*.bin, and nothing here writes it.
"""
import base64
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(SOURCE, "bench"))
from giant import field, number  # noqa: E402

BUILD = os.environ.get("MEMTRACK_BUILD") or os.path.join(SOURCE, "build", "ci")
MEMTRACK = os.environ.get("MEMTRACK") or os.path.join(BUILD, "memtrack")
RECORDED = {"scope_functions": [], "scope_domains": [], "temporary": [], "sampled": ["--sample=4K"],
            "peak_middle": [], "threads_in_turn": [], "failing": ["--usable"]}
MOST_BYTES = 24 << 10


def save(fuzzer, name, content):
    directory = os.path.join(HERE, "corpus", fuzzer)
    os.makedirs(directory, exist_ok=True)
    if len(content) > MOST_BYTES:
        sys.exit("%s for %s is too large: %d bytes" % (name, fuzzer, len(content)))
    with open(os.path.join(directory, "seed-%s.bin" % name), "wb") as file:
        file.write(content)


# ---- pprof ---------------------------------------------------------------------------------------

def recorded():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "profile.pb.gz")
        for program, options in RECORDED.items():
            subprocess.run([MEMTRACK, "run", "-q", "--force", "-o", path, *options, "--",
                            os.path.join(BUILD, "tests", "programs", program)],
                           stdout=subprocess.DEVNULL, check=True)
            with gzip.open(path) as file:
                yield program, file.read()


def foreign():
    """As Go writes it: a location of inlined functions, labels, a comment, fields that memtrack
    does not know, a drop pattern."""
    texts = [b"", b"alloc_space", b"bytes", b"inuse_space", b"main.f", b"/a.go", b"main.g",
             b"/bin/a", b"0123abcd", b"space", b"thread", b"7"]
    lines = field(4, number(1, 1) + number(2, 12)) + field(4, number(1, 2) + number(2, 40))
    yield b"".join([field(1, number(1, 1) + number(2, 2)), field(1, number(1, 3) + number(2, 2)),
                    field(2, field(1, b"\1\2") + field(2, b"\x80\x10\x40") +
                          field(3, number(1, 2) + number(3, 512) + number(4, 2))),
                    field(2, number(1, 2) + number(2, 9) + number(2, 5) +
                          field(3, number(1, 10) + number(2, 11))),
                    field(3, number(1, 1) + number(2, 4096) + number(3, 1 << 20) + number(5, 7) +
                          number(6, 8)), field(4, number(1, 1) + number(2, 1) + number(3, 5000) +
                                               lines), field(4, number(1, 2) + number(3, 7) +
                                                             number(5, 1)), field(5, number(1, 1) +
                                                                                  number(2, 4) +
                                                                                  number(3, 4) +
                                                                                  number(4, 5) +
                                                                                  number(5, 10)),
                    field(5, number(1, 2) + number(2, 6)), *(field(6, text) for text in texts),
                    number(7, 4), number(9, 1 << 60), number(10, 1 << 30),
                    field(11, number(1, 9) + number(2, 2)), number(12, 524288), field(13, b"\1"),
                    number(14, 3), number(99, 1)])


def pprof():
    for name, content in recorded():
        save("fuzz_pprof", name, content)
    for content in foreign():
        save("fuzz_pprof", "foreign", content)
        save("fuzz_pprof", "packed", gzip.compress(content, mtime=0))
    save("fuzz_pprof", "empty-sample", b"".join(field(6, s) for s in (b"", b"space", b"bytes")) +
         field(1, number(1, 1) + number(2, 2)) + field(2, b""))


# ---- text ----------------------------------------------------------------------------------------

MAPS = "\nMAPPED_LIBRARIES:\n00400000-0047b000 r-xp 00002000 08:01 1234 /bin/a b\n7f00-7fff r-xp 0 0:0 0 /x (deleted)\n"
TEXTS = {
    "gperftools":
    "heap profile:     5:     5120 [   105:    15120] @ heapprofile\n     5:     5120 [   105:    "
    "15120] @ 0x401000 0x402000\n"
    + MAPS,
    "sampled":
    "heap profile: 2: 2097216 [2: 2097216] @ heap_v2/524288\n1: 64 [1: 64] @ 0x10\n1: 2097152 [1: "
    "2097152] @ 0x20 0x7f10\n"
    + MAPS,
    "first":
    "heap profile: 1: 64 [2: 128]\n1: 64 [2: 128] @ 0x10 0x20\n" + MAPS,
    "growth":
    "heap profile: 1: 1048576 [1: 1048576] @ growthz\n1: 1048576 [1: 1048576] @ 0x10\n" + MAPS,
    "jemalloc":
    "heap_v2/524288\n  t*: 13: 4736 [20: 5000]\n  t0: 13: 4736 [20: 5000] main\n@ 0x401010 "
    "0x7f20\n  t*: 13: 4736 [20: 5000]\n"
    "  t0: 13: 4736 [20: 5000]\n" + MAPS,
    "go":
    "heap profile: 2: 3072 [4: 5120] @ heap/1048576\n2: 3072 [4: 5120] @ 0x482f7c "
    "0x4830a5\n#\t0x482f7b\tmain.hold+0x3b\t/src/main.go:12\n"
    "#\t0x4830a4\tmain.main+0x24\t\t/src/main.go:20\n\n# runtime.MemStats\n# Alloc = 3072\n# "
    "HeapSys = 1\n",
    "raw":
    "--- symbol\nbinary=/bin/a\n0x0000000000401000 main\n0x0000000000402000 f(int)--g<T>\n---\n--- "
    "heap\nheap_v2/524288\n"
    "  t*: 1: 64 [0: 0]\n@ 0x401000 0x402000\n  t*: 1: 64 [0: 0]\n" + MAPS, }


def heap_text():
    for name, text in TEXTS.items():
        # \0: of the fuzzer's beginnings, the empty one
        save("fuzz_heap_text", name, b"\0" + text.encode())
        save("fuzz_pprof", "text-" + name, text.encode())


# ---- others: the first byte chooses a beginning ---------------------------------------------------

SNAPSHOT = "#-----------\nsnapshot=%d\n#-----------\ntime=%d\nmem_heap_B=%d\nmem_heap_extra_B=8\nmem_stacks_B=%d\nheap_tree=%s\n"
DHAT = """{"dhatFileVersion":2,"mode":"%s","verb":"Allocated","bklt":true,"bkacc":true,"tu":"%s",
"Mtu":"Minstr","tuth":500,"cmd":"./a\\ b -x","pid":42,"te":200,"tg":150,"extra":[1.5e3,{"a":null}],
"pps":[{"tb":1000,"tbk":2,"tl":7,"mb":900,"mbk":1,"gb":600,"gbk":1,"eb":0,"ebk":0,"acc":[-4,0],
"fs":[1,2,3]},{"tb":50,"tbk":5,"gb":0,"gbk":0,"eb":50,"ebk":5,"fs":[1,3]}],
"ftbl":["[root]","0x10: malloc (in /lib/v.so)","0x20: f\\ud83d\\ude00 (a.c:3)","0x30: main (a.c:9)"]}
"""
MASSIF = "desc: (none)\ncmd: ./a b\ntime_unit: %s\n" + SNAPSHOT % (0, 0, 0, 0, "empty") + (
    SNAPSHOT % (1, 5, 70, 9, "empty")) + SNAPSHOT % (2, 10, 100, 0, "peak") + (
    "n2: 100 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n n2: 90 0x10: f "
    "(a.c:3)\n  n0: 60 0x20: main (a.c:9)\n  n0: 25 in 2 places, all below massif's threshold "
    "(1.00%%)\n n0: 10 in 1 place, below massif's threshold (1.00%%)\n"
    ) + SNAPSHOT % (3, 20, 40, 0, "detailed") + (
    "n1: 40 (page allocation syscalls) mmap/mremap/brk\n n0: 40 0x10: f (a.c:3)\n"
    ) + SNAPSHOT % (4, 30, 15, 0, "empty")
BLOCK = '<script id="memtrack-profile%s" type="text/plain" data-encoding="base64">%s</script>'
PAGE = '<!DOCTYPE html>\n<html><script id="memtrack-viewer">AA</script>%s<script>x</script></html>\n'
OTHERS = {
    "folded": "# comment\nmain (a.c:5);libc.so.6`malloc 100\nmain;/srv/app.py:run:12 20.5\n0x12;[libc.so.6];f:3;; 4\r\n",
    "folded-pairs": "main;f 3 4\nmain 5 6\n",
    "dhat": DHAT % ("heap", "instrs"), "dhat-rust": DHAT % ("rust-heap", "\xb5s"),
    "massif": MASSIF % "i", "massif-ms": MASSIF % "ms",
    "page": PAGE % (BLOCK % ("", base64.b64encode(b"main;f 12\n").decode())),
    "page-two": PAGE % (BLOCK % ("", "AA==") + BLOCK % ("-2", "AA==")), }


def others():
    for name, text in OTHERS.items():
        save("fuzz_others", name, b"\0" + text.encode())


# ---- unwind tables -------------------------------------------------------------------------------

CIE = bytes([0x0c, 7, 8, 0x90, 1])  # CFA = rsp + 8, the return address below it
FDES = {"pushes": bytes([0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x50, 0x0c, 7, 8]),
        "remembered": bytes([0x44, 0x0e, 32, 0x0a, 0x48, 0x0e, 8, 0x44, 0x0b, 0x41, 0xc6]),
        "stub": bytes([0x0e, 16, 0x46, 0x0e, 24, 0x4a, 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b,
                       0x2a, 0x33, 0x24, 0x22]), "realigned": bytes([0x41, 0x0c, 10, 0, 0x47, 0x10,
                                                                     6, 2, 0x76, 0, 0x45, 0x0f, 3,
                                                                     0x76, 0x78, 6]),
        "signal": bytes([0x0f, 4, 0x77, 0xa0, 1, 6, 0x10, 16, 2, 0x77, 0x28, 0x10, 6, 3, 0x77, 0x90,
                         1]), "far": bytes([0x02, 200, 0x0e, 16, 0x03, 0, 1, 0x0e, 24, 0x04, 0, 1,
                                            0, 0, 0x13, 0x7e, 0x2e, 16, 0x07, 16, 0x09, 3, 12, 0x05,
                                            6, 2]),}


def module(fde):
    """.eh_frame_hdr, a CIE and an FDE, as cfi-fixture.h lays them out."""
    def entry(content):
        return len(content).to_bytes(4, "little") + content
    cie = entry(bytes(4) + b"\1zR\0\1\x78\x10\1\x1b" + CIE)
    at = 20 + len(cie)
    fde = entry((at + 4 - 20).to_bytes(4, "little") +
                ((1 << 16) - at - 8).to_bytes(4, "little", signed=True) +
                (256).to_bytes(4, "little") + b"\0" + fde)
    return b"\1\x1b\3\x3b" + (16).to_bytes(4, "little") + (1).to_bytes(
        4, "little") + (1 << 16).to_bytes(4, "little") + at.to_bytes(4, "little") + cie + fde


def cfi():
    for name, fde in FDES.items():
        save("fuzz_cfi", name, bytes([2 if name == "signal" else 0, len(CIE)]) + CIE + fde)
        save("fuzz_cfi", "module-" + name, b"\1\0" + module(fde))


# ---- ledgers: patches of 3 bytes offset, kind, 4 bytes value -------------------------------------

def patch(offset, kind, value):
    return offset.to_bytes(3, "little") + bytes([kind]) + value.to_bytes(4, "little")


def ledger():
    chance = random.Random(8)
    save("fuzz_ledger", "whole", b"")
    save("fuzz_ledger", "cut", patch(8192, 0x83, 0))
    for i, (offsets, size) in enumerate(((512, 3), (4096, 2), (4096, 3), (1 << 16, 2), (1 << 18, 0),
                                         (1 << 20, 3))):
        save("fuzz_ledger", "patches-%d" % i, b"".join(patch(chance.randrange(offsets) & -8, size,
                                                             chance.choice((0, 1, 0x7fffffff,
                                                                            0xffffffff)))
                                                       for _ in range(8)))


# ---- files of benchmarks -------------------------------------------------------------------------

def results():
    memory = {"allocated_blocks": 2.5, "allocated_bytes": 64, "peak_bytes": 1e300}
    own = {"schema": "memtrack-benchmark/1", "benchmarks": [
        {"name": "a", "samples_ns": [1, 2.5, 3, 4], "memory": memory},
        {"name": "b", "samples_ns": [0]}]}
    entry = {"name": "a", "run_name": "a", "real_time": 1.5, "time_unit": "us"}
    repeated = {"context": {}, "benchmarks": [
        {**entry, "run_type": "iteration", "allocs_per_iter": 2, "max_bytes_used": 900},
        {**entry, "name": "c", "run_name": "c", "error_occurred": True}]}
    aggregates = {"context": {}, "benchmarks": [
        {**entry, "run_type": "aggregate", "aggregate_name": name}
        for name in ("mean", "median", "stddev")]}
    bencher = {"a": {"latency": {"value": 100.0}, "allocations": {"value": 4}}}
    forms = {"own": own, "google": repeated, "aggregates": aggregates, "bencher": bencher}
    for name, form in forms.items():
        save("fuzz_results", name, json.dumps(form).encode())
    save("fuzz_results", "runs", b"\n".join(
        json.dumps(form).encode() for form in (*forms.values(), *forms.values())))
    save("fuzz_results", "cut", json.dumps(own).encode() + b"\n" + json.dumps(own).encode()[:-9])


if __name__ == "__main__":
    pprof()
    heap_text()
    others()
    cfi()
    ledger()
    results()
