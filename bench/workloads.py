# SPDX-License-Identifier: MIT
"""The table of what is measured.

In a command, "@name" stands for an input (bench/inputs/make.py makes it) and "%name" for a program
of bench/micro; {seconds} is the length of a run that is measured by its throughput. The micro
programs have the shapes of well-known allocator benchmarks, named in `like`: the same allocation
rates, depths, numbers of call paths, sizes and thread patterns, in code of our own.

Further workloads can be read from a JSON file: a list of objects with the same fields."""
import dataclasses
import json
import subprocess
from typing import Optional


@dataclasses.dataclass
class Workload:
    name: str
    about: str
    command: list
    shape: str = "fixed"  # fixed, throughput, snapshots, server, depth, scopes or startup
    threads: int = 1
    like: str = ""
    stdin: Optional[str] = None        # an input or a path
    environment: dict = dataclasses.field(default_factory=dict)
    throughput: str = r"throughput: ([\d.]+)"   # a pattern for stdout: operations per second
    scale: float = 1.0                 # of the number that the pattern found
    deterministic: bool = True         # stdout must be the same under a tracker
    target: Optional[float] = None     # wall-clock ratio that the project holds itself to
    target_rss: Optional[float] = None


CC1 = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True,
                     text=True).stdout.strip() or "cc1"

REAL = [
    Workload("cc1", "GCC compiles SQLite's amalgamation, -O0",
             [CC1, "-quiet", "-fpreprocessed", "-O0", "@sqlite3.i", "-o", "/dev/null"],
             target=1.12),
    Workload("clang",
             "clang compiles 200,000 lines of C++17 templates: deep stacks, many call paths", [
                 "clang", "-fintegrated-cc1", "-c", "-O0", "-std=c++17", "@templates.ii", "-o",
                 "/dev/null"], target=1.30, target_rss=1.30),
    Workload("jq", "a filter over 41 MB of JSON: 2.5 million live blocks",
             ["jq", "-c", ".[]|{id,t:(.tags|length),s:(.nested.b|add)}", "@records.json"],
             target=1.18, target_rss=1.20),
    Workload("python", "JSON, a tree of objects, dictionaries; PYTHONMALLOC=malloc",
             ["/usr/bin/python3", "@load.py", "2", "@records.json"],
             environment={"PYTHONMALLOC": "malloc"}, target=1.55, target_rss=1.30),
    Workload("perl", "hashes of lists of hashes: 1.8 million live blocks",
             ["/usr/bin/perl", "@load.pl", "400000"], target=1.20, target_rss=1.20),
    Workload("sqlite3", "90,000 inserts and 12,000 joins in memory", ["sqlite3", ":memory:"],
             stdin="@load.sql", target=1.30),
    Workload("xmllint", "parses 19 MB of XML into a tree: 3 million live blocks",
             ["xmllint", "--noout", "@items.xml"], target=1.55, target_rss=1.15),
    Workload("git", "log --stat over 3,700 commits",
             ["git", "--no-pager", "-C", "@history.git", "log", "--stat"],
             environment={"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM":
                          "/dev/null"}, target=1.08),
    Workload("redis", "redis-server, linked to jemalloc, under redis-benchmark on a Unix socket",
             ["redis-server", "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"],
             shape="server", target=1.50), ]

MICRO = [
    Workload("factor",
             "factors a 26-digit number by continued fractions; each step of arithmetic allocates",
             ["%factor"], like="cfrac", target=2.40),
    Workload("cover", "minimises logic covers recursively: tens of thousands of call paths",
             ["%cover"], like="espresso", target=1.70),
    Workload("slots", "allocates and frees at random in 262,144 slots, with operator new",
             ["%slots"], like="alloc-test", target=1.70),
    Workload("stress1", "blocks kept, handed over and freed; new threads in each round",
             ["%stress", "1"], like="mstress1"),
    Workload("stress2", "the same with two threads", ["%stress", "2"], threads=2, like="mstress2",
             target=1.30),
    Workload("pairs", "fills and empties working sets of 25 to 1600 blocks", ["%pairs"],
             like="glibc-simple", deterministic=False),
    Workload("churn1",
             "a server: each thread replaces random blocks and passes them to its successor",
             ["%churn", "1", "{seconds}"], shape="throughput", like="larson1", target=2.2),
    Workload("churn2", "the same with two threads", ["%churn", "2", "{seconds}"],
             shape="throughput", threads=2, like="larson2", target=2.3),
    Workload("snapshots", "churn2 tracked, while snapshots are taken of it ten times a second",
             ["%churn", "2", "{seconds}"], shape="snapshots", threads=2, like="larson2"),
    Workload("handoff1", "one thread allocates, another frees", ["%handoff", "1", "{seconds}"],
             shape="throughput", threads=2, like="xmalloc1"),
    Workload("handoff2", "two allocate, two free", ["%handoff", "2", "{seconds}"],
             shape="throughput", threads=4, like="xmalloc2", target=2.3),
    Workload("bins1", "replaces random blocks of 16 B to 32 KiB among 1024",
             ["%bins", "1", "{seconds}"], shape="throughput", like="gthread1", target=2.8),
    Workload("bins2", "the same with two threads", ["%bins", "2", "{seconds}"], shape="throughput",
             threads=2, like="gthread2", target=3.0),
    Workload("depth", "malloc and free at stack depths of 5, 20, 50 and 100", ["%depth"],
             shape="depth"),
    Workload("scopes",
             "memtrack_begin and memtrack_end, and a function under -finstrument-functions",
             ["%scopes"], shape="scopes"),
    Workload("startup", "/bin/true, 50 times", ["/bin/true"], shape="startup"), ]


def read(path):
    with open(path) as source:
        return [Workload(**fields) for fields in json.load(source)]


def select(table, only, skip):
    """The workloads that `only` names, by name or, where nothing has that name, by what they are
    like."""
    if only:
        chosen = []
        for name in only:
            found = [w for w in table if w.name == name] or [
                w for w in table if w.like.rstrip("12") == name or w.like == name]
            if not found:
                raise SystemExit("bench: no workload %s; there are: %s" %
                                 (name, " ".join(w.name for w in table)))
            chosen += found
        table = chosen
    return [w for w in table if w.name not in skip]
