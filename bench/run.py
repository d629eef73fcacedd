#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what tracking costs, side by side in one run.

Each round runs a workload natively and under every tool, one after the other (A B C, A B C, ...),
and compares a run only with the native one of the same round: what the machine does to one it does
to its neighbour. Figures are the median and range over the rounds. A further pass, whose times are
not used, records the peak memory of each process. Where a workload prints a result, it must be the
same under every tool.

Rows marked * had other processes take more than 15 % of a processor meanwhile: trust processor
time there, not wall time."""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "inputs"))

import document  # noqa: E402
import machine  # noqa: E402
import make  # noqa: E402
import measure  # noqa: E402
import summary  # noqa: E402
import tables  # noqa: E402
import tools  # noqa: E402
import where  # noqa: E402
import workloads  # noqa: E402

SCRIPTS = ("load.py", "load.pl")


def parse_arguments():
    comma = lambda text: [word for word in text.split(",") if word]  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("build", nargs="?", default=os.path.join(HERE, "../build/release"),
                        help="directory with memtrack and libmemtrack.so (default: build/release)")
    parser.add_argument("-n", "--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one short round, no pass for memory")
    parser.add_argument("--only", type=comma, default=[], metavar="NAME,...",
                        help="these workloads")
    parser.add_argument("--skip", type=comma, default=[], metavar="NAME,...", help="not these")
    parser.add_argument(
        "--tools", type=comma, default=[], metavar="NAME,...", help=
        "of native, preload (the library alone), memtrack (memtrack run), heaptrack; default all")
    parser.add_argument("--preload", action="append", default=[], metavar="LIBRARY",
                        help="measure this library, preloaded, as a tool (repeatable)")
    parser.add_argument("--workloads", metavar="FILE", help="add the workloads of this JSON file")
    parser.add_argument(
        "--patience", type=float, default=0, metavar="SECONDS",
        help="before each round wait up to so long for a quiet machine, and repeat a disturbed "
        "round once (default 0)")
    parser.add_argument("--where", action="store_true",
                        help="also sample each workload once: where the time goes")
    parser.add_argument("--no-memory", action="store_true", help="leave out the pass for memory")
    parser.add_argument("--json", metavar="FILE", help="write every run and figure here")
    parser.add_argument("--document", metavar="FILE", help="write the Markdown page here")
    parser.add_argument("--print-command", metavar="NAME",
                        help="print how NAME is started, line by line, and stop")
    parser.add_argument("--list", action="store_true", help="list the workloads and stop")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    for path in (options.json, options.document):
        # Found out now, not after an hour of measuring.
        if path and not os.access(path if os.path.exists(path) else os.path.dirname(path) or ".",
                                  os.W_OK):
            parser.error("%s cannot be written" % path)
    return options


class Programs:
    """Turns "@input" and "%program" into paths, making what is not there yet."""

    def __init__(self):
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.cache = os.environ.get("MEMTRACK_BENCH_DIR") or os.path.join(base, "memtrack-bench")
        os.makedirs(os.path.join(self.cache, "programs"), exist_ok=True)

    def compile(self, source, extra=()):
        name = os.path.splitext(os.path.basename(source))[0]
        program = os.path.join(self.cache, "programs", name)
        newest = max(
            os.path.getmtime(path) for path in (source, os.path.join(HERE, "micro", "micro.h")))
        if not os.path.exists(program) or os.path.getmtime(program) < newest:
            compiler = "g++" if source.endswith(".cpp") else "gcc"
            with open(source) as text:
                own = " ".join(re.findall(r"^// flags: (.*)", text.read(), re.MULTILINE))
            subprocess.run([compiler, "-O2", "-g", "-pthread", *own.split(), *extra, "-o", program,
                            source], check=True, cwd=os.path.dirname(source))
        return program

    def launcher(self):
        return self.compile(os.path.join(HERE, "launch.c"), ["-static"])

    def resolve(self, word):
        if word.startswith("@"):
            name = word[1:]
            return os.path.join(HERE, "inputs", name) if name in SCRIPTS else make.ensure(
                self.cache, name)
        if word.startswith("%"):
            stem = os.path.join(HERE, "micro", word[1:])
            return self.compile(stem + (".cpp" if os.path.exists(stem + ".cpp") else ".c"))
        return word


def prepare(table, programs):
    """The workloads that can run here; says which cannot and why."""
    ready = []
    for workload in table:
        try:
            resolved = [programs.resolve(word) for word in workload.command]
            if workload.stdin:
                programs.resolve(workload.stdin)
        except (OSError, subprocess.SubprocessError) as error:
            print("bench: %s is left out: %s" % (workload.name, error), file=sys.stderr)
            continue
        if shutil.which(resolved[0]) is None:
            print("bench: %s is left out: no %s here; run make deps" % (workload.name, resolved[0]),
                  file=sys.stderr)
            continue
        ready.append(workload)
    return ready


def attempt(bench, workload, tool, **options):
    try:
        return bench.run(workload, tool, **options)
    except measure.Failed as error:
        print("bench: %s under %s: %s" % (workload.name, tool.name, error), file=sys.stderr)
        return None


def check_output(workload, chosen, runs):
    printed = {
        tool.name: {run["stdout"] for run in runs[tool.name] if run and "stdout" in run}
        for tool in chosen if tool.leaves_stdout_alone}
    if workload.shape != "fixed" or not workload.deterministic:
        return
    for tool, seen in printed.items():
        if seen and seen != printed["native"]:
            print("bench: %s prints something else under %s" % (workload.name, tool),
                  file=sys.stderr)


def progress(workload, figures):
    cells = ["%-9s" % workload.name]
    for tool, values in figures.items():
        if tool == "native":
            shown = tables.rate(
                values["throughput"]) if workload.shape == "throughput" else tables.seconds(
                    values["wall_s"])
            cells.append("native " + shown)
        else:
            cells.append("%s %s" % (tool, tables.ratio(values["slowdown"])))
            if values["cpu"]:
                cells.append("cpu %.2f" % values["cpu"][0])
    print("  ".join(cells), file=sys.stderr, flush=True)


def run_round(bench, workload, chosen, patience):
    """tool -> run; of two disturbed rounds the less disturbed one."""
    rounds = []
    for _ in range(2 if patience else 1):
        measure.wait_for_quiet(patience)
        rounds.append({tool.name: attempt(bench, workload, tool) for tool in chosen})
        if summary.disturbance(rounds[-1].values()) <= summary.DISTURBED:
            break
    return min(rounds, key=lambda kept: summary.disturbance(kept.values()))


def tools_for(workload, chosen, options):
    """What is measured of snapshots is a tracked program, with them and without. Scopes are
    nothing to other tools, and all of them may be measured or some."""
    if workload.shape == "scopes":
        kept = [tool for tool in chosen if tool.name in ("native", "memtrack")]
        return [*kept, tools.Sampling(options.build)] if len(kept) == 2 else kept
    if workload.shape != "snapshots":
        return chosen
    return [
        tools.Preload(os.path.join(options.build, "libmemtrack.so"), "native"),
        tools.LookedAt(options.build)]


def run_workload(bench, workload, chosen, options):
    chosen = tools_for(workload, chosen, options)
    runs = {tool.name: [] for tool in chosen}
    for _ in range(options.rounds):
        for tool, run in run_round(bench, workload, chosen, options.patience).items():
            runs[tool].append(run)
    memory = {}
    if not options.no_memory and workload.shape not in ("depth", "scopes", "snapshots"):
        memory = {tool.name: attempt(bench, workload, tool, per_process=True) for tool in chosen}
    check_output(workload, chosen, runs)
    figures = summary.of_workload(workload, runs, memory)
    progress(workload, figures)
    kept = {"runs": runs, "memory": memory}
    if options.where and workload.shape in ("fixed", "server", "throughput"):
        sampled = attempt(bench, workload,
                          where.Sampled(os.path.join(options.build, "libmemtrack.so")))
        kept["where"] = sampled["where"] if sampled else {}
    return figures, kept


def print_command(workload, programs):
    """For bench/profile.sh: one line each, so that no quoting is needed."""
    if workload.shape == "server":
        raise SystemExit("bench: %s needs its clients: it cannot be started alone" % workload.name)
    for pair in workload.environment.items():
        print("env:%s=%s" % pair)
    for word in workload.command:
        print("arg:" + programs.resolve(word.replace("{seconds}", "2")))
    if workload.stdin:
        print("in:" + programs.resolve(workload.stdin))


def record(options, described, chosen, results, raw):
    return {
        "schema":
        "memtrack-bench/1",
        "command":
        shlex.join(["bench/run.py", *sys.argv[1:]]),
        "machine":
        described,
        "rounds":
        options.rounds,
        "tools": {tool.name: tool.version() for tool in chosen},
        "workloads": [
            dict(name=w.name, about=w.about, like=w.like, shape=w.shape, command=w.command,
                 target=w.target, summary=figures, **raw[w.name]) for w, figures in results], }


def main():
    options = parse_arguments()
    table = workloads.REAL + workloads.MICRO + (workloads.read(options.workloads)
                                                if options.workloads else [])
    if options.list:
        for workload in table:
            print("%-9s %s%s" % (workload.name, workload.about,
                                 " [like %s]" % workload.like if workload.like else ""))
        return 0
    programs = Programs()
    if options.print_command:
        print_command(workloads.select(table, [options.print_command], [])[0], programs)
        return 0
    if options.quick:
        options.rounds, options.no_memory = 1, True
    chosen = tools.choose(options.tools, options.preload, options.build)
    for tool in chosen:
        if tool.missing():
            print("bench: %s is left out: %s" % (tool.name, tool.missing()), file=sys.stderr)
    chosen = [tool for tool in chosen if not tool.missing()]
    if "memtrack" not in [tool.name for tool in chosen]:
        options.skip.append("snapshots")
    bench = measure.Bench(programs.launcher(), programs.resolve, 0.5 if options.quick else 2,
                          10 if options.quick else 50)
    described = machine.describe()
    results, raw = [], {}
    for workload in prepare(workloads.select(table, options.only, options.skip), programs):
        figures, raw[workload.name] = run_workload(bench, workload, chosen, options)
        results.append((workload, figures))
    built = tables.build(results, chosen,
                         [where.table([(name, kept.get("where")) for name, kept in raw.items()])])
    print("\n" + machine.sentence(described))
    print(tables.as_text(built), end="")
    written = record(options, described, chosen, results, raw)
    if options.json:
        with open(options.json, "w") as out:
            json.dump(written, out, indent=1)
    if options.document:
        document.write(options.document, written, built, described, programs.cache)
    failed = [
        run for kept in raw.values() for tracked in kept["runs"].values() for run in tracked
        if not run]
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
