# SPDX-License-Identifier: MIT
"""docs/overhead.md: the tables, how they came about, and the notes that a person wrote beside
them (bench/notes.txt)."""
import os
import textwrap

import machine
import sources
import tables

HERE = os.path.dirname(os.path.abspath(__file__))

HEAD = """# What tracking costs

This page is generated: `make bench` runs every workload below and prints the same tables for your
machine.

    %s

%s

%s

Each round runs a workload natively and under each tool in turn. A run is compared with the native
one of its round, and cells show the median with the least and the greatest of %d rounds. *preload*
is memtrack's library alone, *memtrack* is `memtrack run` with its timeline and the writing of the
profile, and *heaptrack* is the usual tool for the job, recording to its default format (its
interpreter and compressor run on a second processor and count as processor time). Rows marked `*`
were disturbed by other processes: trust processor time there.

"""


def workload_list(written):
    lines = ["## Workloads", "", "| name | what | shape of |", "|---|---|---|"]
    for entry in written["workloads"]:
        lines.append("| %s | %s | %s |" %
                     (entry["name"], entry["about"], entry["like"] or "itself"))
    return "\n".join(lines) + "\n"


def write(path, written, built, described, cache):
    versions = "\n".join("- %s: %s" % pair for pair in written["tools"].items()
                         if pair[0] != "native")
    text = HEAD % (written["command"], textwrap.fill(machine.sentence(described),
                                                     tables.WIDTH), versions, written["rounds"])
    text += tables.as_markdown(built)
    unit = os.path.join(cache, "sqlite3.i")
    if os.path.exists(unit) and sources.is_substitute(unit):
        text += "cc1 compiled generated C here, because SQLite's source could not be had.\n\n"
    notes = os.path.join(HERE, "notes.txt")
    if os.path.exists(notes):
        with open(notes) as source:
            text += "\n" + source.read() + "\n"
    text += workload_list(written)
    with open(path, "w") as out:
        out.write(text)
