# SPDX-License-Identifier: MIT
"""The tables, once as text and once as Markdown."""
import textwrap

import summary

WIDTH = 118  # of paragraphs of Markdown


def ratio(value):
    if value is None:
        return "-"
    median, least, most = value
    digits = 2 if median < 10 else 1
    return "%.*f (%.*f–%.*f)" % (digits, median, digits, least, digits, most)


def mib(kib):
    return "-" if not kib else "%.1f" % (kib / 1024)


def size(spread):
    if not spread:
        return "-"
    n = spread[0]
    return "%.1f MB" % (n / 1e6) if n >= 1e6 else "%.0f kB" % (n / 1e3)


def seconds(spread):
    return "-" if not spread else "%.2f s" % spread[0]


def number(value):
    return "-" if value is None else "%.2f" % value


def rate(spread):
    return "-" if not spread else "%.1f M/s" % (spread[0] / 1e6)


def name_of(workload, tools):
    return workload.name + (" *" if summary.disturbed(tools) else "")


def time_rows(results, key):
    for workload, tools in results:
        if workload.shape not in ("fixed", "server"):
            continue
        native = tools["native"]["wall_s" if key == "slowdown" else "cpu_s"]
        row = [name_of(workload, tools), seconds(native)]
        row += [ratio(figures[key]) for tool, figures in tools.items() if tool != "native"]
        yield row + ([number(workload.target)] if key == "slowdown" else [])


def throughput_rows(results):
    for workload, tools in results:
        if workload.shape == "throughput":
            yield [
                name_of(workload, tools),
                str(workload.threads),
                rate(tools["native"]["throughput"])
            ] + [ratio(figures["slowdown"]) for tool, figures in tools.items() if tool != "native"
                 ] + [number(workload.target)]


def snapshot_rows(results):
    for workload, tools in results:
        looked_at = tools.get("snapshots")
        if looked_at and looked_at["snapshots"]:
            yield [
                name_of(workload, tools),
                str(workload.threads),
                rate(tools["native"]["throughput"]),
                ratio(looked_at["slowdown"]),
                ratio(looked_at["slowdown_inside"]),
                "%d" % looked_at["snapshots"][0],
                "%.1f ms" % looked_at["snapshot_ms"][0]]


def memory_rows(results):
    for workload, tools in results:
        if not tools["native"]["target_kib"]:
            continue
        row = [workload.name, mib(tools["native"]["target_kib"])]
        for tool, figures in tools.items():
            if tool != "native":
                row.append("%s × %s" % (mib(figures["target_kib"]), number(figures.get("rss"))))
                row.append(mib(figures["helper_kib"]))
                row.append(mib(figures["recording_kib"]))
        yield row + [number(workload.target_rss)]


def output_rows(results):
    for workload, tools in results:
        if workload.shape in ("scopes", "snapshots"):
            continue  # their tools are others
        cells = []
        for tool, figures in tools.items():
            if tool != "native":
                cells += [size(figures["output_bytes"]), seconds(figures["report_s"]),
                          mib((figures["report_kib"] or [0])[0])]
        if any(cell != "-" for cell in cells):
            yield [workload.name, *cells]


SCOPE_GOALS = {"scope": "100"}


SCOPE_TOOLS = ("memtrack", "one in 100")


def scope_rows(results):
    """The ratio is to the two readings of the clock that are measured beside it in the same run."""
    for workload, tools in results:
        if workload.shape == "scopes":
            nanoseconds = {tool: tools.get(tool, {}).get("ns") or {}
                           for tool in ("native", *SCOPE_TOOLS)}
            clocks = nanoseconds["memtrack"].get("two clock readings")
            for what, native in nanoseconds["native"].items():
                tracked = [nanoseconds[tool].get(what) for tool in SCOPE_TOOLS]
                ratio = tracked[0][0] / clocks[0] if tracked[0] and clocks and clocks[0] else None
                yield [what, "%.1f" % native[0], *("%.0f" % ns[0] if ns else "-" for ns in tracked),
                       "%.2f" % ratio if ratio else "-", SCOPE_GOALS.get(what, "-")]


def depth_rows(results):
    for workload, tools in results:
        if workload.shape != "depth":
            continue
        for depth, native in (tools["native"].get("ns") or {}).items():
            row = [str(depth), "%.1f" % native[0]]
            for tool, figures in tools.items():
                if tool != "native":
                    tracked = (figures.get("ns") or {}).get(depth)
                    row.append("+%.1f" % (tracked[0] - native[0]) if tracked else "-")
            yield row


def startup_rows(results):
    for workload, tools in results:
        if workload.shape == "startup":
            native = tools["native"]["wall_s"]
            if not native:
                continue
            row = [workload.name, "%.2f ms" % (native[0] * 1e3)]
            for tool, figures in tools.items():
                if tool != "native":
                    tracked = figures["wall_s"]
                    row.append("+%.2f ms" % ((tracked[0] - native[0]) * 1e3) if tracked else "-")
            yield row


def without_empty(header, rows):
    """Drops the columns in which no row has anything."""
    kept = [i for i in range(len(header)) if i == 0 or any(row[i] != "-" for row in rows)]
    return [header[i] for i in kept], [[row[i] for i in kept] for row in rows]


def best_rows(results):
    for workload, tools in results:
        if workload.shape in ("fixed", "server") and tools["native"]["cpu_s"]:
            native = tools["native"]["cpu_s"]
            row = [workload.name, "%.2f s" % native[1]]
            for tool, figures in tools.items():
                if tool != "native":
                    row.append(number(figures["cpu_s"][1] /
                                      native[1] if figures["cpu_s"] else None))
            yield row


def build(results, tools, more=()):
    """Every table that has rows: (title, note, header, rows)."""
    others = [tool.name for tool in tools if tool.name != "native"]
    memory = [heading for tool in others for heading in (tool + ": target", "helper", "recording")]
    triples = [heading for tool in others for heading in (tool + ": output", "report", "MiB")]
    tables = [
        ("Wall time",
         "Cells are the ratio to native: median (least–greatest). The goal is the bound that this "
         "project sets itself.",
         ["workload", "native", *others, "goal"], time_rows(results, "slowdown")),
        ("Processor time",
         "User and system time, with the tracker's other processes; cells are the ratio to native.",
         ["workload", "native", *others], time_rows(results, "cpu")),
        ("Processor time, least",
         "Cells compare the least of all rounds with the least native one: that is what is "
         "left of the ratio when other processes disturbed some rounds.",
         ["workload", "native",
          *others], best_rows(results) if any(summary.disturbed(figures)
                                              for _, figures in results) else []),
        ("Throughput", "Cells are native operations per second divided by tracked ones.",
         ["workload", "threads", "native", *others, "goal"], throughput_rows(results)),
        ("Snapshots",
         "A tracked program runs alone, and with `memtrack snapshot PID --every 100ms` beside it. "
         "The slow-down is its "
         "operations per second alone divided by those with the snapshots. The next column is the "
         "same per second of the "
         "program's own processor time, which leaves out what the reader takes of the machine. The "
         "last column is the "
         "processor time of the reader for each snapshot.",
         ["workload", "threads", "alone", "slow-down", "inside", "snapshots",
          "each"], snapshot_rows(results)),
        ("Peak memory",
         "Cells are MiB of resident memory: of the target (and its ratio to native), of the "
         "largest process "
         "beside it, and of the one that was started (`memtrack run`, heaptrack's script) as long "
         "as the target ran.",
         ["workload", "native", *memory, "goal"], memory_rows(results)),
        ("Output",
         "Columns are the size of what is kept, and the time and MiB that it takes to turn it into "
         "text.",
         ["workload", *triples], output_rows(results)),
        ("Added nanoseconds", "Cells are nanoseconds per malloc and free, by stack depth.",
         ["depth", "native ns", *others], depth_rows(results)),
        ("Scopes",
         "Cells are nanoseconds each, in a process that nobody tracks, in a tracked one, and where "
         "one scope in 100 is measured (`--scope-sample 100`). A scope that is measured reads the "
         "clock twice, and the ratio is how many times as long as these two readings it takes.",
         ["what", "untracked", *SCOPE_TOOLS, "ratio", "goal"], scope_rows(results)),
        ("Start-up", "Cells are the time that is added to a program that does nothing.",
         ["workload", "native", *others], startup_rows(results)), ]
    listed = [(title, note, *without_empty(header, list(rows)))
              for title, note, header, rows in [*tables, *more]]
    return [table for table in listed if table[3]]


def as_text(tables):
    lines = []
    for title, note, header, rows in tables:
        widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
        lines += ["", title.upper(), note, ""]
        for row in [header, *rows]:
            cells = [row[0].ljust(widths[0])] + [
                cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
            lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + "\n"


def as_markdown(tables):
    lines = []
    for title, note, header, rows in tables:
        lines += [
            "## " + title, "",
            textwrap.fill(note, WIDTH, break_on_hyphens=False), "",
            "| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        lines.append("")
    return "\n".join(lines)
