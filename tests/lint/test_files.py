# SPDX-License-Identifier: MIT
"""Every file says its licence, is short enough to be read, and speaks of the project alone."""
import re

import tree

MAX_LINES = 700
CODE = {".c", ".h", ".cpp", ".hpp", ".py", ".cmake", ".sh", ".proto", ".map"}
FORBIDDEN = [
    (re.compile(r"(?<![\w.])/(?:home(?!/me\b)|root|Users|work|build|workspace|mnt)/[\w.]"),
     "path of somebody's machine"),
    (re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"), "unfinished work"),
    (re.compile(r"\bDESIGN(?:\.md)? \d|\bHOUSE\.md|\bCONTRACT\.md"),
     "refers to a text that is not in the tree"), ]
BINARY = {".gz", ".png", ".ico", ".woff2", ".elf", ".bin", ".ledger"}


def problems_of(path, content):
    lines = content.splitlines()
    is_code = path.suffix in CODE or path.name in ("CMakeLists.txt",
                                                   "Makefile") or content.startswith("#!")
    if is_code and not any("SPDX-License-Identifier: MIT" in line for line in lines[:3]):
        yield f"{path}:1: no SPDX-License-Identifier line"
    if is_code and len(lines) > MAX_LINES:
        yield f"{path}: {len(lines)} lines; split it, {MAX_LINES} is the limit"
    if content and not content.endswith("\n"):
        yield f"{path}: no newline at the end"
    if path.parts[:2] == ("tests", "lint"):
        return  # names what it forbids
    shown = False  # in a transcript: other people's paths are what was printed
    for number, line in enumerate(lines, 1):
        shown = (shown or line.startswith("<!-- transcript")) and line != "<!-- end -->"
        if shown:
            continue
        if line != line.rstrip() and path.suffix != ".md":
            yield f"{path}:{number}: space at the end of the line"
        for pattern, what in FORBIDDEN:
            if pattern.search(line):
                yield f"{path}:{number}: {what}: {line.strip()[:80]}"


# What is in dist/ is built, and packed: its words are those of its sources.
paths = [
    path for path in tree.files()
    if path.suffix not in BINARY and "dist" not in path.parts
    and not (tree.SOURCE / path).is_symlink()]
problems = [problem for path in paths for problem in problems_of(path, tree.text(path))]
tree.report(problems, paths and f"{len(paths)} files")
