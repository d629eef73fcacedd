# SPDX-License-Identifier: MIT
"""A git repository that looks, to `git log --stat`, like that of a C library after ten years: 3,700
commits on 420 files of a few hundred lines, each commit changing a handful of places in one to six
files, names and dates spread as usual.

Written with `git fast-import`: no network, and the same object names everywhere. The repack
afterwards makes the pack a server would send (delta chains), which is what makes reading history
allocate."""
import os
import random
import shutil
import subprocess

COMMITS = 3700
FILES = 420
NOUNS = (
    "arena bin cache chunk extent hook index lock map node page pool prof queue slab stats tree "
    "tsd witness").split()
VERBS = ("add bound check clear drop fold guard init mark merge purge reset split steal sweep "
         "track").split()
AUTHORS = [
    "Ann Archer", "Bo Bergman", "Cleo Cruz", "Dev Dutta", "Eli Ek", "Fay Fox", "Gil Grau",
    "Hal Holm"]


class History:
    def __init__(self, out):
        self.out = out
        self.rng = random.Random(11).random
        self.files = {}
        self.mark = 0

    def below(self, n):
        return int(self.rng() * n)

    def pick(self, items):
        return items[int(self.rng() * len(items))]

    def line(self):
        shape = self.below(5)
        a, b = self.pick(NOUNS), self.pick(VERBS)
        if shape == 0:
            return "\tif (%s->n%s > %d) {\n" % (a, b, self.below(4096))
        if shape == 1:
            return "\t\t%s_%s(tsdn, %s, %s[%d]);\n" % (a, b, a, self.pick(NOUNS), self.below(64))
        if shape == 2:
            return "\t}\n"
        if shape == 3:
            return "/* %s the %s before the %s is %sed. */\n" % (b.capitalize(), a,
                                                                 self.pick(NOUNS), self.pick(VERBS))
        return "static size_t %s_%s_%s;\n" % (a, b, self.pick(NOUNS))

    def create(self, path):
        self.files[path] = [self.line() for _ in range(20 + self.below(700))]

    def edit(self, path):
        lines = self.files[path]
        for _ in range(1 + self.below(6)):
            at, removed, added = self.below(len(lines) + 1), self.below(6), self.below(8)
            lines[at:at + removed] = [self.line() for _ in range(added)]

    def data(self, text):
        raw = text.encode()
        self.out.write(b"data %d\n%s\n" % (len(raw), raw))

    def commit(self, number, changed):
        author = self.pick(AUTHORS)
        who = "%s <%s@example.org> %d +0000" % (author, author.split()[0].lower(),
                                                1262304000 + number * 86000)
        parent = self.mark
        self.mark += 1
        self.out.write(("commit refs/heads/main\nmark :%d\nauthor %s\ncommitter %s\n" %
                        (self.mark, who, who)).encode())
        self.data("%s %s %s\n\n%s" % (self.pick(VERBS).capitalize(), self.pick(NOUNS),
                                      self.pick(NOUNS), "".join(self.line().strip("\t")
                                                                for _ in range(self.below(12)))))
        if parent:
            self.out.write(b"from :%d\n" % parent)
        for path in changed:
            self.out.write(b"M 100644 inline %s\n" % path.encode())
            self.data("".join(self.files[path]))

    def write(self):
        names = [
            "%s/%s_%s.%s" %
            (self.pick(["src", "include/internal", "test/unit", "test/stress", "doc"
                        ]), self.pick(NOUNS), i, self.pick("cch")) for i in range(FILES)]
        for path in names:
            self.create(path)
        self.commit(0, names)
        for number in range(1, COMMITS):
            # Squaring favours few files: every project has the ones that every change touches.
            changed = sorted({
                names[int(self.rng() ** 2 * FILES)] for _ in range(1 + self.below(6))})
            for path in changed:
                self.edit(path)
            self.commit(number, changed)


def make(path):
    """A bare repository at path."""
    environment = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True, env=environment)
    git = ["git", "-C", path]
    with subprocess.Popen([*git, "fast-import", "--quiet"], stdin=subprocess.PIPE,
                          env=environment) as importer:
        History(importer.stdin).write()
        importer.stdin.close()
    if importer.returncode != 0:
        raise subprocess.CalledProcessError(importer.returncode, "git fast-import")
    subprocess.run([*git, "-c", "pack.threads=1", "repack", "-adfq", "--window=10", "--depth=50"],
                   check=True, env=environment)
