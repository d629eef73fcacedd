#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
page.py [--bars] PROFILE…: how long a page of each profile takes to open in Chromium, how long each
thing that one does with it takes, by the browser's own performance timeline, and how much memory it
takes in all.

bench/giant.py 1000000 giant.pb.gz; bench/page.py giant.pb.gz

MEMTRACK is the command (build/release/memtrack unless it is set). Needs the packages of the page
(npm ci in lib/page), which are installed when they are missing. --bars fails above 2.5 s to open
and 100 ms for anything else, for up to 400,000 samples, and above 10 s and 2 GB beyond.
"""
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests"))
os.environ.setdefault("MEMTRACK", os.path.join(HERE, "..", "build", "release", "memtrack"))
from support import browser, harness  # noqa: E402

# What is done, one after the other: a name, and what it changes.
STEPS = [("table", {"view": "table"}), ("by function", {"by": "function"}),
         ("with callees", {"cumulative": True}), ("by line", {"by": "line", "cumulative": False}),
         ("sort by total", {"sort": "total"}), ("filter", {"sort": "", "include": ["*a*"]}),
         ("no filter", {"include": []}), ("search", {"search": "a"}), ("open a row", None),
         ("flame graph", {"view": "flame", "search": "", "select": ""}),
         ("inverted", {"shape": "inverted"}), ("flame search", {"search": "alloc"}),
         ("by total", {"shape": "icicle", "search": "", "sort": "total"}),
         ("timeline", {"view": "timeline", "sort": ""}), ("bands", {"course": "bands"}),
         ("a moment", {"view": "table", "course": "lines", "at": "MIDDLE"}),
         ("flame at a moment", {"view": "flame"}),
         ("a range", {"view": "table", "at": "", "from": "FIRST", "to": "MIDDLE"}),
         ("summary", {"view": "summary", "from": "", "to": ""})]
# Settled: the work that the page puts off until it is idle is done.
SETTLE = "() => new Promise((done) => setTimeout(() => requestIdleCallback(done, { timeout: 20000 }), 50))"
SET = """(change) => {
    performance.clearMeasures("memtrack-update");
    const begin = performance.now();
    memtrack.set(change);
    return new Promise((done) => requestAnimationFrame(() => { const drawn = performance.now();
        setTimeout(() => done([performance.getEntriesByName("memtrack-update").reduce((sum, m) => sum + m.duration, 0),
                               Math.max(drawn - begin, performance.now() - begin)]), 0); }));
}"""


def memory(tab):
    """MiB that the processes of the browser have of their own, its page's first of all."""
    resident = 0
    for process in tab.ask("memory")["processes"]:
        if process["type"] == "renderer":
            with open("/proc/%d/status" % process["id"]) as file:
                lines = dict(line.split(":", 1) for line in file)
            resident = max(resident, int(lines["VmHWM"].split()[0]))
    return resident / 1024


def measure(chromium, profile, directory):
    """(milliseconds to open, [(step, milliseconds)], MiB at most, samples)"""
    page = os.path.join(directory, "page.html")
    harness.memtrack("report", "--html", page, "--force", profile, timeout=300)
    with chromium.open(page, wait=300000) as tab:
        tab.ready()
        opened = tab.run("() => performance.getEntriesByName('memtrack-shown')[0].startTime")
        tab.run(SETTLE)
        result = harness.run([harness.MEMTRACK, "timeline", "--json", profile])
        processes = json.loads(result.stdout)["processes"] if result.code == 0 else []
        times = [tick for process in processes for tick in process["ticks"]] or [{"time_ns": 0}]
        words = {"MIDDLE": "%.9gs" % (times[len(times) // 2]["time_ns"] / 1e9),
                 "FIRST": "%.9gs" % (times[len(times) // 4]["time_ns"] / 1e9)}
        timed = len(times) > 1
        results = []
        for name, change in STEPS:
            if not timed and ("moment" in name or "range" in name or name in ("timeline", "bands")):
                continue
            if change is None:
                change = {"select": tab.run("() => memtrack.rows(memtrack.options())[0].key")}
            change = {key: words.get(value, value) if isinstance(value, str) else value
                      for key, value in change.items()}
            results.append((name, *tab.run(SET, change, patience=300)))
            tab.run(SETTLE)
        if tab.seen()["errors"]:
            sys.exit("%s: %s" % (profile, tab.seen()["errors"]))
        return opened, results, memory(tab)


def main():
    bars = "--bars" in sys.argv
    broken = 0
    with browser.Chromium() as chromium, tempfile.TemporaryDirectory() as directory:
        for profile in [word for word in sys.argv[1:] if word != "--bars"]:
            opened, results, mib = measure(chromium, profile, directory)
            print("%s: open %.0f ms, %.0f MiB" % (profile, opened, mib))
            is_giant = os.path.getsize(profile) > 20 << 20
            broken += opened > (10000 if is_giant else 2500) or is_giant and mib > 2048
            for name, script, drawn in results:
                slow = "" if script <= 100 else "  above 100 ms"
                print("  %-20s %8.1f ms, %8.1f ms until drawn%s" % (name, script, drawn, slow))
                broken += bool(slow) and not is_giant
    sys.exit(1 if bars and broken else 0)


if __name__ == "__main__":
    main()
