# SPDX-License-Identifier: MIT
"""What every test needs: the paths, programs run under a watchdog, memtrack's answers, skipping.

A test file is a unittest module that ends in `harness.main()`. It passes (0), fails (1) or, when
all of it was skipped, exits with 77 and says why on stdout.
"""
import contextlib
import csv
import glob
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("MEMTRACK_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(
    __file__), "..", ".."))
BUILD = os.environ.get("MEMTRACK_BUILD") or os.path.join(SOURCE, "build", "ci")
MEMTRACK = os.environ.get("MEMTRACK") or os.path.join(BUILD, "memtrack")
LIBRARY = os.environ.get("MEMTRACK_LIB") or os.path.join(BUILD, "libmemtrack.so")
SUPPORT = os.path.join(SOURCE, "tests", "support")
ALLOCATORS = {"glibc": None, "jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4",
              "mimalloc": "libmimalloc.so.2"}

WATCHDOG_SECONDS = 60  # a program that hangs fails its test, it never stops the suite
SKIP = 77


class Hang(AssertionError):
    """A program was still running when its time was up."""


class Result:
    """How a program ended, and what it wrote. code is negative for a signal, as in subprocess."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def status(self):
        """The code as a shell and memtrack run tell it: 128 and the number of a signal."""
        return self.code if self.code >= 0 else 128 - self.code

    def same_as(self, other):
        return (self.code, self.stdout, self.stderr) == (other.code, other.stdout, other.stderr)

    def __repr__(self):
        return "exit %d\nstdout: %s\nstderr: %s" % (self.code, self.stdout[-2000:],
                                                    self.stderr[-2000:])


def plain_environment(**extra):
    """The environment of all measured programs: small, fixed, in the C locale, without any tool's
    variables. One that is None in extra is not there."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/nonexistent",
           "LC_ALL": "C", "PYTHONHASHSEED": "0", "PERL_HASH_SEED": "0",
           "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    env.update(extra)
    return {key: str(value) for key, value in env.items() if value is not None}


def preloaded(directory, *objects, **extra):
    """The environment under the bare preload, other objects behind the tracker's; ledgers are left
    in directory."""
    return plain_environment(LD_PRELOAD=":".join([LIBRARY, *objects]), MEMTRACK_DIR=directory,
                             **extra)


def ledgers(directory):
    """Paths of the ledgers that are there."""
    return sorted(os.path.join(path, name) for path, _, names in os.walk(directory)
                  for name in names if name.endswith(".ledger"))


def end_group(process):
    """End a process and its group, and return what it wrote: memtrack removes its ledgers when it
    is asked to end, and is killed when it does not."""
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=patience)
    raise AssertionError("%s was killed and goes on" % process.args)


def run(command, env=None, cwd=None, timeout=WATCHDOG_SECONDS, stdin=b"", **options):
    """Run to the end and return a Result. A program that outlives timeout is ended with its group:
    Hang."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    process = subprocess.Popen(command, env=plain_environment() if env is None else env, cwd=cwd,
                               stdin=subprocess.PIPE, start_new_session=True, **options)
    try:
        stdout, stderr = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        stdout, stderr = end_group(process)
        raise Hang("%s was still running after %s s\n%s" %
                   (command, timeout, Result(-9, stdout, stderr))) from None
    return Result(process.returncode, stdout, stderr)


def skip_if_told(result, command):
    """A program that cannot do here what it is for ends with 77 and says why."""
    if result.code == SKIP:
        raise unittest.SkipTest("%s: %s" % (os.path.basename(command[0]),
                                            result.stdout.decode().strip()))


def check(command, **options):
    """run, and fail unless it ends with 0."""
    result = run(command, **options)
    skip_if_told(result, command)
    if result.code != 0:
        raise AssertionError("%s\n%r" % (command, result))
    return result


@contextlib.contextmanager
def workdir():
    """A private directory below the build tree's temporary files, on a real disk, removed
    afterwards."""
    path = tempfile.mkdtemp(prefix="memtrack-test-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def remove_session(directory):
    """Remove the directory of a run's ledgers, with the one around it that root's runs have."""
    around = os.path.dirname(directory)
    is_inner = os.path.basename(around).startswith("memtrack-run-")
    shutil.rmtree(around if is_inner else directory, ignore_errors=True)


# ---- programs and preload objects ----------------------------------------------------------------

def program(name):
    """The path of one of tests/programs, as it is built."""
    path = os.path.join(BUILD, "tests", "programs", name)
    if not os.path.exists(path):
        source = os.path.join(SOURCE, "tests", "programs", name + ".cpp")
        if os.path.exists(source) and not shutil.which("c++"):
            raise unittest.SkipTest("%s is in C++, and there is no compiler for it" % name)
        raise AssertionError("%s is not built: build the tests first" % path)
    return path


def tool(name):
    """The path of a program of the machine; without it the test is skipped."""
    path = shutil.which(name, path=plain_environment()["PATH"])
    if not path:
        raise unittest.SkipTest("%s is not installed" % name)
    return path


def second_object(name):
    """An object that is loaded beside the tracker's, such as that for mmap."""
    return os.path.join(os.path.dirname(LIBRARY), "libmemtrack-%s.so" % name)


def find_library(soname):
    """The path of a library of the machine; without it the test is skipped."""
    for directory in ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib",
                      "/usr/lib/aarch64-linux-gnu"):
        path = os.path.join(directory, soname)
        if os.path.exists(path):
            return path
    raise unittest.SkipTest("%s is not installed" % soname)


def is_sanitized():
    """Is the command built with AddressSanitizer? Then its memory is not what it is as released."""
    with open(MEMTRACK, "rb") as file:
        return b"__asan_init" in file.read()


# ---- memtrack ------------------------------------------------------------------------------------

def memtrack(*arguments, status=0, **options):
    """The command with these arguments, which has to end with this status: its Result."""
    command = [MEMTRACK, *map(str, arguments)]
    result = run(command, **options)
    if result.code != status:
        raise AssertionError("%s: not status %d\n%r" % (command, status, result))
    return result


def ask(command, *arguments, **options):
    """What a command of memtrack says with --json."""
    return json.loads(memtrack(command, "--json", *arguments, **options).stdout)


def table(command, *arguments, **options):
    """What a command of memtrack says with --csv: its rows, each by the names of the columns."""
    return rows_of_csv(memtrack(command, "--csv", *arguments, **options).stdout)


def rows_of_csv(text):
    return list(csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True))


class Profile:
    """A profile file, seen through `memtrack report --json`: what a user can see is what is
    tested."""

    def __init__(self, path):
        self.path = path
        self.cache = {}

    def report(self, *options):
        if options not in self.cache:
            self.cache[options] = ask("report", *options, self.path)
        return self.cache[options]

    @property
    def totals(self):
        return self.report()["totals"]

    @property
    def coverage(self):
        return self.report()["coverage"]

    @property
    def process(self):
        return self.report()["process"]

    @property
    def notes(self):
        """In one text."""
        return " ".join(self.coverage["notes"])

    def rows(self, by, *options):
        return self.report("--by", by, *options)["rows"]

    def row(self, by, key, *options):
        """The one row whose key is this pattern's."""
        rows = [row for row in self.report("--by", by, *options)["rows"]
                if re.fullmatch(key, row["key"])]
        if len(rows) != 1:
            raise AssertionError("%d rows match %s in %s" % (len(rows), key, self.path))
        return rows[0]

    def __repr__(self):
        return "%s %s %s" % (self.process["command"], self.totals, self.coverage)


class Tracked(Result):
    """A program that ran under `memtrack run`: how it ended and the profiles of all its
    processes."""

    def __init__(self, result, paths):
        super().__init__(result.code, result.stdout, result.stderr)
        self.profiles = [Profile(path) for path in paths]

    @property
    def profile(self):
        """The one profile; of several, the one of the process that was started (the lowest start
        time and pid)."""
        if not self.profiles:
            raise AssertionError("no profile was written\n%r" % self)
        return min(self.profiles, key=lambda p: (p.process["start_time"], p.process["pid"]))

    def of(self, command):
        """Profiles whose command line starts with these words."""
        found = [p for p in self.profiles if p.process["command"][:len(command)] == command]
        if not found:
            raise AssertionError("no profile of %s among %s" %
                                 (command, [p.process for p in self.profiles]))
        return found


def record(profile, command, options=(), **more):
    """Run command under memtrack, its profiles in files of this pattern: how it ended."""
    return run([MEMTRACK, "run", "-q", "--force", "-o", profile, *options, "--", *command], **more)


def track(command, directory, options=(), env=None, name="p", **more):
    """Run command under memtrack and collect its profiles in directory."""
    result = record(os.path.join(directory, name + ".%e.%p.pb.gz"), command, options, env=env,
                    **more)
    skip_if_told(result, command)
    return Tracked(result, sorted(glob.glob(os.path.join(glob.escape(directory), name +
                                                         ".*.pb.gz*"))))


def hear_signals():
    """A shell that starts its jobs in the background has them ignore the keys of a terminal, and
    nohup its end; programs that are started here would inherit that, and wait for ever."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def main():
    """Run the module's tests; 77 when none of them could run."""
    hear_signals()
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    if len(sys.argv) > 1:
        suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:], sys.modules["__main__"])
    outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for test, reason in outcome.skipped:
        print("skipped: %s: %s" % (test, reason))
    if not outcome.wasSuccessful():
        sys.exit(1)
    # a part of one counts as that one
    skipped = {getattr(test, "test_case", test).id() for test, _ in outcome.skipped}
    sys.exit(SKIP if skipped and len(skipped) == outcome.testsRun else 0)
