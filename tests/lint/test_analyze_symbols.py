# SPDX-License-Identifier: MIT
"""
What libmemtrack-analyze promises: it exports what the header declares and the version script lists,
no more and no less; it uses nothing that ends the program, prints, or changes it for other threads;
and its archive shows no other name.
"""
import re
import subprocess

import tree

HEADER = "lib/include/memtrack/analyze.h"
MAP = "lib/analyze/exports.map"
HOOKS = {"memtrack_pause_thread", "memtrack_resume_thread"}
FORBIDDEN = {
    "exit", "_exit", "abort", "__assert_fail", "printf", "__printf_chk", "puts", "putchar",
    "vprintf", "perror", "err", "warn", "stdout", "stderr", "signal", "sigaction", "chdir", "umask",
    "setlocale", "atexit", "system", "fork", "strtok", "localtime", "gmtime", "srand", "rand"}


def nm(*arguments):
    lines = subprocess.run(["nm", *arguments], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if len(line.split()) > 1}


def declared():
    """Functions of the header that are not defined there."""
    text = re.sub(r"/\*.*?\*/", "", tree.text(HEADER), flags=re.S)
    text = re.sub(r"static inline .*?\n}\n", "", text, flags=re.S)
    return set(re.findall(r"\b(memtrack_\w+)\(", text))


def listed():
    return set(re.findall(r"^\s+(memtrack_\w+);", tree.text(MAP), flags=re.M))


def problems():
    shared, archive = tree.BUILD / "libmemtrack-analyze.so", tree.BUILD / "libmemtrack-analyze.a"
    exported = nm("-D", "--defined-only", shared) - {
        "MEMTRACK_ANALYZE_%d" % version for version in (1, 2, 3)}
    for name in sorted(declared() ^ listed()):
        yield f"{name}: is in only one of {HEADER} and {MAP}"
    for name in sorted(declared() ^ exported):
        yield f"{name}: is in only one of {HEADER} and {shared.name}"
    for name in sorted(nm("-g", "--defined-only", archive) ^ exported):
        yield f"{name}: is in only one of {archive.name} and {shared.name}"
    used = nm("-D", "--undefined-only", shared) | nm("-u", archive)
    for name in sorted(used & FORBIDDEN):
        yield f"{name}: may not be used in a library that others link"
    for name in sorted({name for name in used if name.startswith("memtrack_")} ^ HOOKS):
        yield f"{name}: what the library takes from the tracker is {sorted(HOOKS)}"


tree.report(list(problems()), listed() and f"{len(listed())} functions")
