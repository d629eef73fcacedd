# SPDX-License-Identifier: MIT
"""Where a tracked run spends its time: by object, and inside the tracker by the part of the source.

perf samples the run on cpu-clock (virtual machines seldom have hardware counters). Inside the
tracker most functions are inlined into two, so each address is looked up with addr2line and
counted for the file of its innermost inlined function."""
import collections
import os
import re
import shutil
import subprocess

from tools import Preload

FREQUENCY = 2999
# The parts a reader of the tables knows; the first pattern that matches the source file decides.
PARTS = [
    ("call path", r"/unwind/"),
    ("path tree", r"/track/(paths|index)\."),
    ("sites", r"/track/sites\."),
    ("live blocks", r"/track/live\."),
    ("totals, threads", r"/track/(record|threads|tracker|sampling)\."),
    ("hooks", r"/interpose/"),
    ("other", r""),
]
LIBC = re.compile(r"/(libc|libm|ld-linux-x86-64|libpthread)[.-]")
SAMPLE = re.compile(r"^\s*([0-9a-f]+) \((.+)\)$")
MAPPING = re.compile(
    r"PERF_RECORD_MMAP2? .*\[0x([0-9a-f]+)\(0x[0-9a-f]+\) @ (0x[0-9a-f]+|0) .*\]: r-xp (.+)$")


class Sampled(Preload):
    """The target under perf, with the tracker's library in the target alone."""

    name = "where"

    def missing(self):
        return super().missing() or (None if shutil.which("perf") else
                                     "perf is not installed: run make deps")

    def command(self, argv, scratch):
        settings = ["%s=%s" % pair for pair in super().environment(scratch).items()]
        return [
            "perf", "record", "-q", "-e", "cpu-clock", "-F",
            str(FREQUENCY), "-o",
            os.path.join(scratch, "perf.data"), "--", "env", *settings, *argv]

    def environment(self, scratch):
        return {}

    def collect(self, scratch):
        script = subprocess.run([
            "perf", "script", "-i",
            os.path.join(scratch, "perf.data"), "--show-mmap-events", "-F", "ip,dso"],
                                capture_output=True, text=True)
        return {"where": shares(script.stdout.splitlines(), self.preload)}


def samples(lines, library):
    """(object, offset in its file) of every sample; the offset is None where the object is not
    the library."""
    base = 0
    for line in lines:
        mapping = MAPPING.search(line)
        if mapping:
            if mapping.group(3) == library:
                base = int(mapping.group(1), 16) - int(mapping.group(2), 16)
            continue
        sample = SAMPLE.match(line)
        if sample:
            yield sample.group(2), int(sample.group(1),
                                       16) - base if sample.group(2) == library else None


def source_files(library, offsets):
    """offset -> source file. The code segment of a shared object has the same offset in the file
    as in memory."""
    wanted = sorted(offsets)
    asked = "".join("%#x\n" % offset for offset in wanted)
    done = subprocess.run(["addr2line", "-e", library], input=asked, capture_output=True, text=True)
    return dict(zip(wanted, done.stdout.splitlines()))


def part_of(source):
    return next(part for part, pattern in PARTS if re.search(pattern, source))


def shares(lines, library):
    """Part -> share of the samples."""
    counts = collections.Counter(samples(lines, os.path.realpath(library)))
    files = source_files(library, {offset for _, offset in counts if offset is not None})
    result = collections.Counter()
    for (found, offset), n in counts.items():
        if offset is not None:
            result[part_of(files.get(offset, ""))] += n
        elif found.startswith("[kernel") or found == "[guest.kernel.kallsyms]":
            result["kernel"] += n
        else:
            result["allocator, libc" if LIBC.search(found) else "program"] += n
    total = sum(result.values())
    return {part: n / total for part, n in result.items()} if total else {}


def columns():
    return ["program", "allocator, libc", "kernel"] + [part for part, _ in PARTS]


def table(found):
    """found: list of (workload name, shares)."""
    rows = [[name] +
            ["%.1f" % (100 * split[part]) if split.get(part) else "-" for part in columns()]
            for name, split in found if split]
    return (
        "Where the time goes",
        "Percent of the processor time of one run under memtrack's library. The kernel's part is "
        "mostly pages touched for the first time, the program's own and the ledger's.",
        ["workload", *columns()], rows)
