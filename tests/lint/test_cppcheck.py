# SPDX-License-Identifier: MIT
# timeout: 900
# processors: 2
# slow
# cost: 16
"""cppcheck finds nothing in the C files; it keeps what it learnt of unchanged files in the build
directory."""
import os
import shutil
import subprocess

import tree

ROOMS = ("lib", "cli", "interpose", "bench")
SUPPRESSED = [
    "missingInclude", "missingIncludeSystem", "unmatchedSuppression",
    "normalCheckLevelMaxBranches", "toomanyconfigs",
]

if not shutil.which("cppcheck"):
    tree.skip("no cppcheck")
sources = [str(path) for path in tree.files(".c") if path.parts[0] in ROOMS]
cache = tree.BUILD / "cppcheck"
cache.mkdir(exist_ok=True)
result = subprocess.run([
    "cppcheck", "--quiet", "--enable=warning,performance,portability", "--std=c11", "--language=c",
    "--inline-suppr", "--error-exitcode=1", f"--cppcheck-build-dir={cache}", f"-j{os.cpu_count()}",
    "--max-configs=4", "-D__GNUC__=12", "-D__x86_64__", "-DElfW(type)=Elf64_##type", "-I.", "-Ilib",
    "-Ilib/include", *[f"--suppress={name}" for name in SUPPRESSED], *sources], cwd=tree.SOURCE,
                        capture_output=True, text=True)
problems = [result.stderr or result.stdout] if result.returncode else []
tree.report(problems, sources and f"{len(sources)} files")
