# SPDX-License-Identifier: MIT
"""
Golden files are tests/cli/golden/COMMAND-NAME.txt. Each begins with a command as a person would
type it, and goes on with what it prints, both streams in order; more commands may follow:

    $ COLUMNS=100 memtrack report --by stack plain.pb.gz
     program    /srv/demo/parser (process 4711)
     ...

The test reads the command from the file, runs it in the directory of its test, and compares. So a
new case is a new file with nothing but its `$` line, which MEMTRACK_GOLDEN=write completes (and it
renews the others).
"""
import glob
import os
import re

from support import harness

DIRECTORY = os.path.join(harness.SOURCE, "tests", "cli", "golden")
# a backslash at the end goes on in the next line
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*\n)", flags=re.M)
# the commands whose tests call check_files
TESTED = ("annotate", "check", "diff", "export", "report", "run", "scopes", "snapshot", "timeline", "top",
          "tree")


def names():
    return sorted(os.path.basename(path)[:-len(".txt")]
                  for path in glob.glob(os.path.join(DIRECTORY, "*.txt")))


def commands_of(text):
    """[command, what it printed, command, what it printed, …]"""
    before, *rest = COMMAND.split(text)
    if before or not rest:
        raise AssertionError("a golden file begins with a command: $ memtrack …")
    return rest


def printed(command, directory, **more):
    environment = harness.plain_environment(LC_ALL="C.UTF-8", COLUMNS="80",
                                            PATH="%s:/usr/bin:/bin" %
                                            os.path.dirname(harness.MEMTRACK), **more)
    result = harness.run(["bash", "-o", "pipefail", "-c", "exec 2>&1\n" + command], env=environment,
                         cwd=directory)
    if result.code != 0:
        raise AssertionError("%s%r" % (command, result))
    return result.stdout.decode()


def check_file(case, name, directory, steady, **more):
    path = os.path.join(DIRECTORY, name + ".txt")
    with open(path, newline="") as file:
        kept = file.read()
    commands = commands_of(kept)[::2]
    text = "".join("$ %s%s" % (command, steady(printed(command, directory, **more)))
                   for command in commands)
    if os.environ.get("MEMTRACK_GOLDEN") == "write":
        with open(path, "w", newline="") as file:
            file.write(text)
    else:
        case.maxDiff = None
        case.assertMultiLineEqual(kept, text)


def check_files(case, command, directory, steady=lambda text: text, **more):
    """Every golden file of a command, each as a subtest. A file of a command that no test asks for
    is a mistake. steady takes out of a text what differs from run to run; more is of the
    environment."""
    strays = [name for name in names() if name.partition("-")[0] not in TESTED]
    case.assertEqual([], strays, "golden files that no test compares with")
    files = [name for name in names() if name.partition("-")[0] == command]
    case.assertNotEqual([], files)
    for name in files:
        with case.subTest(name):
            check_file(case, name, directory, steady, **more)
