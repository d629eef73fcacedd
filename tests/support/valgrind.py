# SPDX-License-Identifier: MIT
"""valgrind's memcheck and DHAT as oracles.

Both are told not to free libc's and libstdc++'s memory at the end, which no program does by itself.
Both take the program's malloc from every object (soname synonyms), count a realloc as a free and an
allocation, and see requested bytes; so their totals and ours have one definition.
"""
import json
import os
import re

from support import harness

COMMON = ["--run-libc-freeres=no", "--run-cxx-freeres=no", "--error-exitcode=0"]


def number(text):
    return int(text.replace(",", ""))


def run(workload, options, log):
    return workload.run(harness.tool("valgrind"), "--log-file=" + log, *COMMON, *options)


def memcheck(workload, directory):
    log = os.path.join(directory, "memcheck.log")
    result = run(workload, ["--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"], log)
    with open(log) as file:
        text = file.read()
    usage = re.search(r"total heap usage: ([\d,]+) allocs, ([\d,]+) frees, ([\d,]+) bytes", text)
    in_use = re.search(r"in use at exit: ([\d,]+) bytes in ([\d,]+) blocks", text)
    if not usage or not in_use:
        raise AssertionError("memcheck printed no totals\n%s\n%r" % (text, result))
    return result, {"total_blocks": number(usage[1]), "freed_blocks": number(usage[2]),
                    "total_bytes": number(usage[3]), "live_bytes": number(in_use[1]),
                    "live_blocks": number(in_use[2])}


def dhat(workload, directory):
    out = os.path.join(directory, "dhat.json")
    result = run(workload, ["--tool=dhat", "--dhat-out-file=" + out],
                 os.path.join(directory, "dhat.log"))
    with open(out) as file:
        points = json.load(file)["pps"]
    columns = {"total_bytes": "tb", "total_blocks": "tbk", "peak_bytes": "gb", "peak_blocks": "gbk",
               "live_bytes": "eb", "live_blocks": "ebk"}
    return result, {name: sum(point[key] for point in points) for name, key in columns.items()}
