# SPDX-License-Identifier: MIT
"""What the lint tests share: the files of the tree, and one way to report."""
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["MEMTRACK_SOURCE"])
BUILD = pathlib.Path(os.environ["MEMTRACK_BUILD"])
SKIP = 77


def files(*suffixes):
    """Paths relative to SOURCE of the files that belong to the project, or those with one of the
    suffixes."""
    if (SOURCE / ".git").exists():
        listing = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z"], check=True,
                                 capture_output=True).stdout
        names = [name.decode() for name in listing.split(b"\0") if name]
    else:  # an unpacked archive
        names = [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()]
        names = [name for name in names if not name.startswith(("build/", "build-"))]
    paths = [pathlib.PurePath(name) for name in sorted(names) if (SOURCE / name).is_file()]
    return [path for path in paths if not suffixes or path.suffix in suffixes]


def text(path):
    return (SOURCE / path).read_text(encoding="utf-8", errors="replace")


def report(problems, checked):
    """End the test: print every problem; a test that looked at nothing has found nothing out and
    fails, too."""
    for problem in problems:
        print(problem)
    if not checked:
        print("nothing was checked")
    else:
        print(f"{len(problems)} problems in {checked}")
    sys.exit(1 if problems or not checked else 0)


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIP)
