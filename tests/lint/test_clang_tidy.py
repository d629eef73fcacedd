# SPDX-License-Identifier: MIT
# timeout: 3600
# processors: 2
# slow
# cost: 70
"""
clang-tidy finds nothing in what is built (.clang-tidy says what it looks for, and why not for the
rest).

A file in which it found nothing is not looked at again before something changes that it is made of:
its own text, the text of a header that it includes, its options, .clang-tidy or the tool. What it
includes is asked of the compiler when it is looked at, and kept under the hash of the file's own
text and options; what was found clean is kept under the hash of all the texts, so that both answers
hold for every branch of the tree. All of it is in the build directory, which goes away as a whole.

Nearly all of the time is the analyser's, which follows paths: a function of many branches takes it
to its bound of 225,000 states, many of which differ in nothing that matters. A bound of 20,000
takes a sixth of the time and still enters every branch, for the analyser prefers those where it has
not been. The rest is looked for with MEMTRACK_SOAK=1.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess

import tree

ROOMS = ("lib", "cli", "interpose", "bench")
STATES = 225000 if os.environ.get("MEMTRACK_SOAK") else 20000
TIDY, CLANG = shutil.which("clang-tidy"), shutil.which("clang")

if not TIDY or not CLANG:
    tree.skip("no clang-tidy")


def commands():
    """(file, compile options) of our sources; a file that is compiled twice is looked at once."""
    database = json.loads((tree.BUILD / "compile_commands.json").read_text())
    ours = {str(path) for path in tree.files(".c")}
    entries = {}
    for entry in database:
        path = os.path.relpath(entry["file"], tree.SOURCE)
        if path.split("/")[0] in ROOMS and path in ours:
            words = shlex.split(entry["command"])
            options = [
                word for word in words if word.startswith(("-I", "-isystem", "-D", "-std", "-U"))]
            entries.setdefault(path, [*options, "-Wno-unknown-warning-option"])
    return sorted(entries.items())


class Texts:
    """Hashes of files, each read once."""

    def __init__(self):
        self.known = {}

    def hash(self, path):
        if path not in self.known:
            try:
                self.known[path] = hashlib.sha256((tree.SOURCE / path).read_bytes()).hexdigest()
            except OSError:
                self.known[path] = "gone"
        return self.known[path]


def digest(*words):
    return hashlib.sha256("\0".join(words).encode()).hexdigest()


class Cache:
    """What is known of files: what each includes, and in which texts nothing was found."""

    def __init__(self, folder):
        self.included, self.clean = folder / "included", folder / "clean"
        self.texts = Texts()
        version = subprocess.run([TIDY, "--version"], capture_output=True, text=True).stdout
        self.tool = digest(version, self.texts.hash(".clang-tidy"), str(STATES))
        for part in (self.included, self.clean):
            part.mkdir(parents=True, exist_ok=True)

    def list_of(self, path, options):
        return self.included / digest(path, self.texts.hash(path), *options)

    def mark(self, path, options, included):
        return self.clean / digest(
            self.tool, path, *options, *[
                word for name in sorted(included) for word in (name, self.texts.hash(name))])

    def is_clean(self, path, options):
        names = self.list_of(path, options)
        return names.exists() and self.mark(path, options, json.loads(names.read_text())).exists()

    def set_clean(self, path, options):
        """The compiler names the file itself and everything that it includes, system headers
        too."""
        rule = subprocess.run([CLANG, "-M", *options, path], cwd=tree.SOURCE, capture_output=True,
                              text=True, check=True)
        names = [
            name.replace("\\ ", " ") for name in re.findall(r"(?:\\ |[^\s\\])+",
                                                            rule.stdout.partition(":")[2])]
        self.list_of(path, options).write_text(json.dumps(names))
        self.mark(path, options, names).touch()


def look(path, options, cache):
    """What is found in the file, "" for nothing; and was it looked at?"""
    if cache.is_clean(path, options):
        return "", False
    bound = ["-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={STATES}"]
    result = subprocess.run([TIDY, "--quiet", path, "--", *options, *bound], cwd=tree.SOURCE,
                            capture_output=True, text=True)
    if result.returncode == 0:
        cache.set_clean(path, options)
        return "", True
    return result.stdout + (result.stderr if not result.stdout else ""), True


def main():
    entries = commands()
    cache = Cache(tree.BUILD / "lint/clang-tidy")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(lambda entry: look(*entry, cache), entries))
    print(sum(looked for _, looked in seen), "of them looked at")
    tree.report([found for found, _ in seen if found], entries and f"{len(entries)} files")


main()
