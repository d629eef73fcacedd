# SPDX-License-Identifier: MIT
"""One run of one workload under one tool.

Times and sizes come from bench/launch.c. What other processes used of the machine meanwhile is
taken from /proc/stat, so that a disturbed figure can be told from a slow one."""
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time

from tools import Failed

TICK = os.sysconf("SC_CLK_TCK")


def busy_s():
    with open("/proc/stat") as stat:
        fields = [int(x) for x in stat.readline().split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / TICK


def wait_for_quiet(patience_s, window_s=1.0):
    """Returns when others leave the machine alone, or after patience_s all the same."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        before = busy_s() - own_s()
        time.sleep(window_s)
        if busy_s() - own_s() - before < 0.2 * window_s:
            return


def own_s():
    total = 0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def scratch_directory(fast):
    """On tmpfs for ledgers, which is where they live by default; on the cache's disk for files
    that are kept."""
    parent = "/dev/shm" if fast and os.access("/dev/shm", os.W_OK) else None
    return tempfile.mkdtemp(prefix="memtrack-bench-", dir=parent)


def occupied(paths):
    return sum(
        os.stat(path).st_blocks * 512 if path.endswith(".ledger") else os.path.getsize(path)
        for path in paths)


def parse_output(workload, text):
    if workload.shape == "depth":
        return {
            "ns": {int(d): float(ns) for d, ns in re.findall(r"depth (\d+): ([\d.]+) ns", text)}}
    if workload.shape == "scopes":
        return {
            "ns": {
                what: float(ns)
                for what, ns in re.findall(r"^(.+): ([\d.-]+) ns$", text, re.MULTILINE)}}
    if workload.shape in ("throughput", "snapshots"):
        found = re.search(workload.throughput, text)
        if not found:
            raise Failed("prints no throughput (pattern %s)" % workload.throughput)
        return {"throughput": float(found.group(1)) * workload.scale}
    return {}


class Bench:
    """Knows where the launcher, the inputs and the programs are."""

    def __init__(self, launcher, resolve, seconds, repeat):
        self.launcher = launcher
        self.resolve = resolve
        self.seconds = seconds
        self.repeat = repeat

    def launch(self, argv, environment, scratch, stdin, stdout, options=()):
        """Starts the launcher; finish() waits for it."""
        self.result = os.path.join(scratch, "result.json")
        command = [self.launcher, *options, "-o", self.result, "--", *argv]
        return subprocess.Popen(command, env=dict(os.environ, **environment), cwd=scratch,
                                stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)

    def finish(self, process):
        _, errors = process.communicate()
        if process.returncode != 0:
            raise Failed("launcher: exit %d: %s" %
                         (process.returncode, errors.decode(errors="replace")[-300:]))
        with open(self.result) as source:
            result = json.load(source)
        if result["status"] != 0:
            raise Failed("exit %d: %s" %
                         (result["status"], errors.decode(errors="replace").strip()[-300:]))
        return result

    def arguments(self, workload, tool, scratch):
        argv = [
            self.resolve(word.replace("{seconds}", str(self.seconds))) for word in workload.command]
        environment = dict(workload.environment, **tool.environment(scratch))
        return argv, environment

    def batch(self, workload, tool, scratch, options):
        """A program that runs and ends."""
        argv, environment = self.arguments(workload, tool, scratch)
        stdin = self.resolve(workload.stdin) if workload.stdin else os.devnull
        printed = os.path.join(scratch, "stdout")
        if workload.shape == "startup":
            options = (*options, "-r", str(self.repeat))
        with open(stdin, "rb") as source, open(printed, "wb") as sink:
            process = self.launch(tool.command(argv, scratch), environment, scratch, source, sink,
                                  options)
            with tool.beside(scratch):
                result = self.finish(process)
        with open(printed, "rb") as source:
            text = source.read()
        result["stdout"] = hashlib.sha256(text).hexdigest()
        result.update(parse_output(workload, text.decode(errors="replace")))
        return result

    def server(self, workload, tool, scratch, options):
        """redis-server under the tool; the time is that of its clients."""
        argv, environment = self.arguments(workload, tool, scratch)
        socket = os.path.join(scratch, "socket")
        process = self.launch(tool.command([*argv, socket], scratch), environment, scratch,
                              subprocess.DEVNULL, subprocess.DEVNULL, options)
        try:
            self.wait_for(socket, process)
            begin = time.monotonic()
            for test in ([
                    "-t", "set,get,lpush,hset,sadd,zadd", "-n", "150000", "-r", "100000", "-d",
                    "64"], ["-n", "10000", "-r", "100000", "lrange", "mylist", "0", "20"]):
                subprocess.run(["redis-benchmark", "-s", socket, "-P", "16", "-q", *test],
                               check=True, stdout=subprocess.DEVNULL)
            wall = time.monotonic() - begin
        finally:
            subprocess.run(["redis-cli", "-s", socket, "shutdown", "nosave"], capture_output=True)
        result = self.finish(process)
        result["wall_ns"] = int(wall * 1e9)
        return result

    def wait_for(self, socket, process):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            answer = subprocess.run(["redis-cli", "-s", socket, "ping"], capture_output=True)
            if answer.stdout.strip() == b"PONG":
                return
            time.sleep(0.02)
        raise Failed("redis-server does not answer")

    def report(self, tool, scratch):
        """What it takes to turn the recording into text."""
        command = tool.report(scratch)
        if not command:
            return {}
        with open(os.devnull, "wb") as sink:
            result = self.finish(self.launch(command, {}, scratch, subprocess.DEVNULL, sink))
        return {"report_s": result["wall_ns"] / 1e9, "report_kib": result["largest_kib"]}

    def run(self, workload, tool, per_process=False):
        scratch = scratch_directory(fast="LD_PRELOAD" in tool.environment(""))
        try:
            action = self.server if workload.shape == "server" else self.batch
            begin, busy, own = time.monotonic(), busy_s(), own_s()
            result = action(workload, tool, scratch, ("-p",) if per_process else ())
            elapsed = time.monotonic() - begin
            foreign = max(0.0, (busy_s() - busy) - (own_s() - own)) / max(elapsed, 1 / TICK)
            times = self.repeat if workload.shape == "startup" else 1
            run = {
                "wall_s": result["wall_ns"] / times / 1e9, "cpu_s": result["cpu_us"] / times / 1e6,
                "foreign_cpus": round(foreign, 2), "largest_kib": result["largest_kib"],
                "output_bytes": occupied(tool.outputs(scratch)) // times}
            run.update({
                key: result[key] for key in ("throughput", "ns", "stdout") if key in result})
            if workload.shape == "snapshots":
                run["per_cpu_s"] = run["throughput"] * run["wall_s"] / run["cpu_s"]
            run.update(tool.collect(scratch))
            if per_process:
                run.update(split_memory(result, workload, self.resolve))
            elif workload.shape in ("fixed", "server"):
                run.update(self.report(tool, scratch))
            return run
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def split_memory(result, workload, resolve):
    """The target is told by its name, which the kernel cuts to 15 characters; the rest are the
    tracker's."""
    name = os.path.basename(resolve(workload.command[0]))[:15]
    targets = [p for p in result["processes"] if p["name"] == name]
    others = [p["peak_kib"] for p in result["processes"] if p["name"] != name]
    if not targets:
        raise Failed("no process named %s was seen" % name)
    recording = [p["first_peak_kib"] for p in targets] if others else []
    return {"target_kib": max(p["peak_kib"] for p in targets), "helper_kib": max(others, default=0),
            "recording_kib": max(recording, default=0),
            "largest_kib": max(p["peak_kib"] for p in result["processes"])}
