# SPDX-License-Identifier: MIT
"""From runs to figures: ratios to the native run of the same round, median and range."""
import statistics

# Above this share of a processor taken by others, a run counts as disturbed.
DISTURBED = 0.15


def spread(values):
    """(median, least, greatest), or None."""
    return (statistics.median(values), min(values), max(values)) if values else None


def paired(native, tracked, key, inverse=False):
    pairs = [
        (n[key], t[key]) for n, t in zip(native, tracked) if n and t and n.get(key) and t.get(key)]
    return spread([n / t if inverse else t / n for n, t in pairs])


def values(runs, key):
    return spread([r[key] for r in runs if r and r.get(key)])


def disturbance(runs):
    return max((run["foreign_cpus"] for run in runs if run), default=0)


def of_tool(workload, native, tracked):
    rate = workload.shape in ("throughput", "snapshots")
    result = {
        "wall_s":
        values(tracked, "wall_s"),
        "cpu_s":
        values(tracked, "cpu_s"),
        "slowdown":
        paired(native, tracked, "throughput", inverse=True) if rate else paired(
            native, tracked, "wall_s"),
        "cpu":
        None if rate else paired(native, tracked, "cpu_s"),
        "throughput":
        values(tracked, "throughput"),
        "output_bytes":
        values(tracked, "output_bytes"),
        "report_s":
        values(tracked, "report_s"),
        "report_kib":
        values(tracked, "report_kib"),
        "foreign_cpus":
        disturbance(tracked),
        "snapshots":
        values(tracked, "snapshots"),
        "snapshot_ms":
        values(tracked, "snapshot_ms"),
        "slowdown_inside":
        paired(native, tracked, "per_cpu_s", inverse=True), }
    depths = [r["ns"] for r in tracked if r and "ns" in r]
    if depths:
        result["ns"] = {d: spread([ns[d] for ns in depths if d in ns]) for d in depths[0]}
    return result


def of_workload(workload, runs, memory):
    """runs: tool -> list with an entry (or None) per round; memory: tool -> the run that looked
    at each process."""
    tools = {}
    for tool, tracked in runs.items():
        tools[tool] = of_tool(workload, runs["native"], tracked)
        seen, base = memory.get(tool) or {}, memory.get("native") or {}
        for key in ("target_kib", "helper_kib", "recording_kib", "largest_kib"):
            tools[tool][key] = seen.get(key)
        if seen.get("target_kib") and base.get("target_kib"):
            tools[tool]["rss"] = seen["target_kib"] / base["target_kib"]
    return tools


def disturbed(tools):
    return any(figures["foreign_cpus"] > DISTURBED for figures in tools.values())
