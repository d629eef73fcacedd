# SPDX-License-Identifier: MIT
"""Go's compiler, and its pprof as an oracle, wherever the machine has them."""
import glob
import os
import re
import shutil
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


def pprof(*options):
    """What go's pprof says where it finds no binaries and cannot ask the network: it comes from the
    profile."""
    env = harness.plain_environment(HOME="/nonexistent", PPROF_TMPDIR="/tmp",
                                    PPROF_BINARY_PATH="/nonexistent")
    return harness.check([find("pkg/tool/*/pprof"), *options],
                         env=env).stdout.decode(errors="replace")


def sums(path):
    """Of each column that pprof -raw shows of a file, by its name."""
    _, _, samples = pprof("-raw", "-symbolize=none", path).partition("Samples:\n")
    types, *lines = samples.partition("Locations\n")[0].splitlines()
    names = [name.partition("/")[0] for name in types.split()]
    rows = [[int(figure) for figure in line.split(":")[0].split()] for line in lines
            if re.match(r"^[-\d ]+:", line)]
    return {name: sum(row[i] for row in rows) for i, name in enumerate(names)}
