# SPDX-License-Identifier: MIT
# timeout: 1200
# processors: 2
"""
clang-tidy finds nothing in what is built (.clang-tidy says what it looks for, and why not for the rest). A file that
was clean and has not changed since, nor any header or option, is not looked at again.
"""
import concurrent.futures
import hashlib
import json
import os
import shutil
import subprocess

import tree

ROOMS = ("lib", "cli", "interpose", "bench")

if not shutil.which("clang-tidy"):
    tree.skip("no clang-tidy")


def commands():
    """(file, compile command) of our sources; a file that is compiled twice is looked at once."""
    database = json.loads((tree.BUILD / "compile_commands.json").read_text())
    ours = {str(path) for path in tree.files(".c")}
    entries = {}
    for entry in database:
        path = os.path.relpath(entry["file"], tree.SOURCE)
        if path.split("/")[0] in ROOMS and path in ours:
            entries.setdefault(path, entry["command"])
    return sorted(entries.items())


def shared_key():
    """Changes whenever something does that any file may depend on."""
    digest = hashlib.sha256(subprocess.run(["clang-tidy", "--version"], capture_output=True).stdout)
    for path in [*tree.files(".h"), ".clang-tidy"]:
        digest.update((tree.SOURCE / path).read_bytes())
    return digest.hexdigest()


def look(path, command, key, cache):
    digest = hashlib.sha256(f"{key} {command}".encode() + (tree.SOURCE / path).read_bytes()).hexdigest()
    mark = cache / digest
    if mark.exists():
        return ""
    options = [word for word in command.split() if word.startswith(("-I", "-isystem", "-D", "-std", "-U"))]
    options = [word.replace('\\"', '"') for word in options]
    result = subprocess.run(["clang-tidy", "--quiet", path, "--", *options, "-Wno-unknown-warning-option"],
                            cwd=tree.SOURCE, capture_output=True, text=True)
    if result.returncode == 0:
        mark.touch()
        return ""
    return result.stdout + (result.stderr if not result.stdout else "")


cache = tree.BUILD / "clang-tidy-clean"
cache.mkdir(exist_ok=True)
entries = commands()
key = shared_key()
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    findings = list(pool.map(lambda entry: look(*entry, key, cache), entries))
tree.report([finding for finding in findings if finding], entries and f"{len(entries)} files")
