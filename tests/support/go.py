# SPDX-License-Identifier: MIT
"""Go's compiler, and its pprof as an oracle, wherever the machine has them."""
import contextlib
import glob
import os
import re
import shutil
import socket
import subprocess
import time
import unittest

from support import harness

WHERE = ("/usr/lib/go*/", "/usr/local/go/")


def find(name):
    """The path of a file of a Go installation; without it the test is skipped."""
    for pattern in WHERE:
        for path in sorted(glob.glob(pattern + name)):
            return path
    raise unittest.SkipTest("go is not installed")


def compiler():
    return shutil.which("go") or find("bin/go")


def build(output, source, directory, **extra):
    """The program output of a source file or a package, built in directory, without the network."""
    env = dict(os.environ, HOME=directory, GOCACHE=os.path.join(directory, "cache"),
               GOTOOLCHAIN="local", GOPROXY="off", **extra)
    harness.check([compiler(), "build", "-p=2", "-o", output, source], cwd=directory, env=env,
                  timeout=200)
    return output


def pprof_environment():
    """It finds no binaries and cannot ask the network: what it says comes from the profile."""
    return harness.plain_environment(HOME="/nonexistent", PPROF_TMPDIR="/tmp",
                                     PPROF_BINARY_PATH="/nonexistent")


def pprof(*options):
    """What go's pprof says."""
    return harness.check([find("pkg/tool/*/pprof"), *options],
                         env=pprof_environment()).stdout.decode(errors="replace")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except ConnectionRefusedError:
        return False


@contextlib.contextmanager
def served(*options):
    """The address at which go's pprof shows a profile."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [find("pkg/tool/*/pprof"), "-no_browser", "-http=127.0.0.1:%d" % port, *options],
        env=pprof_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        while not answers(port):
            assert process.poll() is None, "pprof has ended: %s" % (options,)
            time.sleep(0.02)
        yield "http://127.0.0.1:%d" % port
    finally:
        process.kill()
        process.wait()


def sums(path):
    """Of each column that pprof -raw shows of a file, by its name."""
    _, _, samples = pprof("-raw", "-symbolize=none", path).partition("Samples:\n")
    types, *lines = samples.partition("Locations\n")[0].splitlines()
    names = [name.partition("/")[0] for name in types.split()]
    rows = [[int(figure) for figure in line.split(":")[0].split()] for line in lines
            if re.match(r"^[-\d ]+:", line)]
    return {name: sum(row[i] for row in rows) for i, name in enumerate(names)}
