# SPDX-License-Identifier: MIT
# timeout: 300
"""The benchmark's arithmetic on runs whose figures are known, and the driver itself on the smallest
workload."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MEMTRACK_SOURCE"])
sys.path.insert(0, str(SOURCE / "bench"))

import summary  # noqa: E402
import tables  # noqa: E402
import tools  # noqa: E402
import workloads  # noqa: E402

problems = []


def expect(what, condition, seen=""):
    if not condition:
        problems.append(f"{what}: {seen}")


def run_of(wall, cpu, **more):
    return dict(wall_s=wall, cpu_s=cpu, foreign_cpus=0.0, output_bytes=0, **more)


def arithmetic():
    fixed = workloads.Workload("w", "", ["w"])
    native = [run_of(1.0, 1.0), run_of(2.0, 1.0), run_of(4.0, 1.0)]
    tracked = [run_of(1.5, 2.0), None, run_of(12.0, 4.0)]
    figures = summary.of_workload(fixed, {"native": native, "t": tracked}, {})["t"]
    expect("a run is compared with the native one of its round", figures["slowdown"] ==
           (2.25, 1.5, 3.0), figures)
    expect("a failed run takes no part", figures["cpu"] == (3.0, 2.0, 4.0), figures)
    rate = workloads.Workload("r", "", ["r"], shape="throughput")
    figures = summary.of_workload(rate, {"native": [run_of(2, 2, throughput=30.0)],
                                         "t": [run_of(2, 2, throughput=10.0)]},
                                  {"native": {"target_kib": 100},
                                   "t": {"target_kib": 150, "helper_kib": 7}})["t"]
    expect("throughput is native by tracked", figures["slowdown"] == (3.0, 3.0, 3.0), figures)
    expect("memory is that of the target", figures["rss"] == 1.5 and figures["helper_kib"] == 7,
           figures)
    looked_at = workloads.Workload("s", "", ["s"], shape="snapshots", threads=2)
    alone = run_of(2, 4, throughput=30.0, per_cpu_s=15.0)
    beside = run_of(2, 3, throughput=20.0, per_cpu_s=12.5, snapshots=19, snapshot_ms=8.0)
    figures = summary.of_workload(looked_at, {"native": [alone], "snapshots": [beside]}, {})
    row = next(iter(tables.snapshot_rows([(looked_at, figures)])))
    expect("what snapshots cost is told apart from what the reader takes",
           row[3:] == ["1.50 (1.50–1.50)", "1.20 (1.20–1.20)", "19", "8.0 ms"], row)
    quiet, loud = dict(foreign_cpus=0.0), dict(foreign_cpus=0.9)
    expect("one loud run marks the row", summary.disturbed({"native": quiet, "t": loud}))
    expect("quiet runs do not", not summary.disturbed({"native": quiet, "t": quiet}))


def columns():
    header, rows = tables.without_empty(["a", "b", "c"], [["1", "-", "3"], ["-", "-", "-"]])
    expect("a column without figures goes", (header, rows) ==
           (["a", "c"], [["1", "3"], ["-", "-"]]), (header, rows))


def selection():
    table = [workloads.Workload("own", "", [], like="other1"), workloads.Workload("other", "", [])]
    expect("a name comes before a likeness", [w.name
                                              for w in workloads.select(table, ["other"], [])] ==
           ["other"])
    expect("a likeness is found", [w.name for w in workloads.select(table[:1], ["other"], [])] ==
           ["own"])
    try:
        workloads.select(table, ["nothing"], [])
        expect("an unknown name is refused", False)
    except SystemExit as refusal:
        expect("and the known ones are named", "own" in str(refusal), refusal)


def names():
    chosen = tools.choose(None, ["/a/x/lib/libother.so", "/b/x/lib/libother.so", "./libthird.so"],
                          ".")
    expect("libraries of one file name are told apart by their directories",
           [tool.name for tool in chosen] == ["native", "a/x/lib/other", "b/x/lib/other", "third"],
           [tool.name for tool in chosen])
    chosen = tools.choose(["memtrack"], ["/a/libmemtrack.so"], ".")
    expect("and from the tools that are there", len({tool.name for tool in chosen}) == 3,
           [tool.name for tool in chosen])


def driver():
    with tempfile.TemporaryDirectory() as folder:
        extra = pathlib.Path(folder, "extra.json")
        extra.write_text(json.dumps([{"name": "broken", "about": "", "command": ["/bin/false"]}]))
        result = pathlib.Path(folder, "result.json")
        done = subprocess.run([sys.executable, SOURCE / "bench/run.py", "--quick", "--tools",
                               "native", "--workloads", extra, "--only", "pairs,broken", "--json",
                               result], env=dict(os.environ, MEMTRACK_BENCH_DIR=folder),
                              capture_output=True, text=True)
        written = json.loads(result.read_text())
        pairs, broken = [entry["runs"]["native"][0] for entry in written["workloads"]]
        expect("the run is timed", pairs["wall_s"] > 0 and pairs["cpu_s"] > 0
               and pairs["largest_kib"] > 500, pairs)
        expect("a program that fails is no measurement", broken is None and "exit 1" in done.stderr,
               done.stderr)
        expect("and the driver says so by its status", done.returncode == 1, done.returncode)
        launcher = pathlib.Path(folder, "programs/launch")
        output = pathlib.Path(folder, "launched.json")
        subprocess.run([launcher, "-p", "-o", output, "--", "sh", "-c",
                        "head -c 40000000 /dev/zero | sort -z | wc -c; true"], check=True,
                       stdout=subprocess.DEVNULL)
        peaks = {p["name"]: p["peak_kib"] for p in json.loads(output.read_text())["processes"]}
        expect("the peak of each process is told apart", peaks.get("sort", 0) > 4 *
               peaks.get("sh", 1e9), peaks)


def programs():
    """A program that cannot be built is left out of a run, and is missed by nobody."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, SOURCE / "bench/run.py", "--print-command", "scopes"],
                              env=dict(os.environ, MEMTRACK_BENCH_DIR=folder), capture_output=True,
                              text=True)
        expect("the scopes are built", done.returncode == 0 and
               pathlib.Path(folder, "programs/scopes").exists(), done.stderr)


arithmetic()
columns()
programs()
selection()
names()
driver()
print("\n".join(problems) or "the benchmark adds up")
sys.exit(1 if problems else 0)
