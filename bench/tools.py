# SPDX-License-Identifier: MIT
"""What a workload can run under: nothing, memtrack in two ways, heaptrack, or any library to
preload."""
import contextlib
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import time


class Failed(Exception):
    """The workload did not do its work under this tool."""


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        return (done.stdout or done.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.SubprocessError):
        return "unknown"


class Native:
    name = "native"
    leaves_stdout_alone = True

    def version(self):
        return "no tracker"

    def missing(self):
        """Why this cannot run here, or None."""
        return None

    def command(self, argv, scratch):
        return argv

    def environment(self, scratch):
        return {}

    def outputs(self, scratch):
        return []

    def report(self, scratch):
        """The command that turns the output into text, or None."""
        return None

    def collect(self, scratch):
        """What else there is to say of a run."""
        return {}

    def beside(self, scratch):
        """What goes on while the program runs, as a context."""
        return contextlib.nullcontext()


class Preload(Native):
    """A tracker's library alone: what it costs inside the target."""

    def __init__(self, library, name=None):
        self.preload = os.path.abspath(library)
        self.plain_name = os.path.basename(library).removeprefix("lib").removesuffix(".so")
        self.name = name or self.plain_name

    def version(self):
        return "%s, preloaded" % os.path.basename(self.preload)

    def missing(self):
        return None if os.path.exists(self.preload) else "%s is not there" % self.preload

    def environment(self, scratch):
        return {"LD_PRELOAD": self.preload, "MEMTRACK_DIR": scratch}

    def outputs(self, scratch):
        return glob.glob(os.path.join(scratch, "*.ledger"))


class Sampling(Preload):
    """The library, which measures one scope in 100 and counts the others."""

    def __init__(self, build):
        super().__init__(os.path.join(build, "libmemtrack.so"), "one in 100")

    def environment(self, scratch):
        return {**super().environment(scratch), "MEMTRACK_SCOPE_SAMPLE": "100"}


class LookedAt(Preload):
    """The library, and from outside a snapshot every 100 ms as long as the program runs."""

    def __init__(self, build):
        super().__init__(os.path.join(build, "libmemtrack.so"), "snapshots")
        self.program = os.path.join(os.path.abspath(build), "memtrack")
        self.usage = None

    def ledger(self, scratch):
        """Its name begins with the process's number."""
        deadline = time.monotonic() + 10
        while not self.outputs(scratch):
            if time.monotonic() > deadline:
                raise Failed("no ledger has appeared")
            time.sleep(0.005)
        return os.path.basename(self.outputs(scratch)[0])

    @contextlib.contextmanager
    def beside(self, scratch):
        pid = self.ledger(scratch).split(".")[0]
        reader = subprocess.Popen([
            self.program, "snapshot", pid, "--every", "100ms", "--count", "100000", "--force", "-o",
            os.path.join(scratch, "%n.pb.gz")], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            os.kill(
                reader.pid,
                signal.SIGTERM)  # it may have ended with the program; nobody has waited for it yet
            _, _, self.usage = os.wait4(reader.pid, 0)
            reader.returncode = 0

    def collect(self, scratch):
        taken = len(glob.glob(os.path.join(scratch, "*.pb.gz")))
        if not taken:
            raise Failed("no snapshot was taken")
        spent = self.usage.ru_utime + self.usage.ru_stime
        return {"snapshots": taken, "snapshot_ms": 1e3 * spent / taken}


class Memtrack(Native):
    name = "memtrack"

    def __init__(self, build):
        self.program = os.path.join(os.path.abspath(build), "memtrack")

    def version(self):
        return first_line([self.program, "--version"])

    def missing(self):
        return None if os.path.exists(
            self.program) else "%s is not there: run make build" % self.program

    def command(self, argv, scratch):
        return [self.program, "run", "-q", "-o", os.path.join(scratch, "%e.%p.pb.gz"), "--", *argv]

    def outputs(self, scratch):
        return glob.glob(os.path.join(scratch, "*.pb.gz"))

    def report(self, scratch):
        profiles = sorted(self.outputs(scratch), key=os.path.getsize)
        return [self.program, "report", profiles[-1]] if profiles else None


class Heaptrack(Native):
    name = "heaptrack"
    leaves_stdout_alone = False

    def version(self):
        return first_line(["heaptrack", "--version"])

    def missing(self):
        return None if shutil.which("heaptrack") else "heaptrack is not installed: run make deps"

    def command(self, argv, scratch):
        # The name would otherwise start with the tool that is used to open it, if a graphical one
        # is installed.
        return ["heaptrack", "-o", os.path.join(scratch, "heaptrack"), *argv]

    def outputs(self, scratch):
        return glob.glob(os.path.join(scratch, "heaptrack.*"))

    def report(self, scratch):
        recorded = self.outputs(scratch)
        return ["heaptrack_print", recorded[0]] if recorded else None


def choose(names, preloads, build):
    known = {
        "native": Native(), "preload": Preload(os.path.join(build, "libmemtrack.so"), "preload"),
        "memtrack": Memtrack(build), "heaptrack": Heaptrack(),
    }
    wanted = names or (["native"] if preloads else list(known))
    for name in wanted:
        if name not in known:
            raise SystemExit("bench: no tool %s; there are: %s" % (name, " ".join(known)))
    if "native" not in wanted:
        wanted = ["native", *wanted]
    return [known[name] for name in wanted] + named_apart([Preload(path)
                                                           for path in preloads], wanted)


def named_apart(preloads, taken):
    """Results are kept by a tool's name: libraries of one file name get as much of their
    directories as tells them apart."""
    for preload in preloads:
        parts = pathlib.PurePath(preload.preload).parent.parts[1:]
        same = [
            other for other in preloads
            if os.path.basename(other.preload) == os.path.basename(preload.preload)]
        if any(other.preload == preload.preload for other in same if other is not preload):
            raise SystemExit("bench: --preload %s is given twice" % preload.preload)
        n = 0
        while n < len(parts) and any(
                apart(other, n) == apart(preload, n) for other in same if other is not preload):
            n += 1
        preload.name = apart(preload, n)
        if preload.name in taken:
            preload.name = preload.preload
    return preloads


def apart(preload, n):
    """The name of a library with the last n of its directories."""
    directories = pathlib.PurePath(preload.preload).parent.parts[1:]
    return "/".join([
        *directories[len(directories) - min(n, len(directories)):], preload.plain_name])
