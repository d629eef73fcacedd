# SPDX-License-Identifier: MIT
"""Every C and C++ file is formatted as .clang-format says; `make format` repairs it."""
import shutil
import subprocess

import tree

if not shutil.which("clang-format"):
    tree.skip("no clang-format")
sources = tree.files(".c", ".h", ".cpp", ".hpp")
result = subprocess.run(
    ["clang-format", "--dry-run", "-Werror", "--ferror-limit=3", *map(str, sources)],
    cwd=tree.SOURCE, capture_output=True, text=True)
problems = [line for line in result.stderr.splitlines() if "error:" in line]
if result.returncode and not problems:
    problems = [result.stderr]
tree.report(problems, f"{len(sources)} files")
