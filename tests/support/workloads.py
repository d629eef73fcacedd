# SPDX-License-Identifier: MIT
"""The programs on which figures are compared, and the files they work on.

Every workload does the same in every run: the inputs come from a seeded generator, the environment
is fixed (sameenv.c hides what a tool adds to it), and hash seeds are off.
"""
import hashlib
import os
import random
import subprocess
import unittest

from support import compiler, harness


class Workload:
    def __init__(self, name, command, stdin=b"", env=None, cwd=None):
        self.name, self.command, self.stdin, self.env, self.cwd = name, command, stdin, env or {
            }, cwd

    def environment(self, *preload, **extra):
        """In which it does the same under every tool; objects of preload come before
        sameenv.c's."""
        return harness.plain_environment(LD_PRELOAD=":".join([*preload,
                                                              compiler.shared_object("sameenv.c")]),
                                         SAMEENV=self.command[0], **self.env, **extra)

    def run(self, *wrapper, env=None, **more):
        """To the end, as arguments of the wrapper (a tool, with its options); its Result."""
        return harness.run([*wrapper, *self.command], env=env or self.environment(), cwd=self.cwd,
                           stdin=self.stdin, **more)

    def track(self, directory, options=(), env=None, **more):
        """Under memtrack run: see harness.track."""
        return harness.track(self.command, directory, options, env or self.environment(),
                             cwd=self.cwd, stdin=self.stdin, **more)

    def __repr__(self):
        return self.name


# ---- inputs --------------------------------------------------------------------------------------

def words(rng):
    return ["".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 9)))
            for _ in range(500)]


def text(rng, lines):
    vocabulary = words(rng)
    return "".join(" ".join(rng.choice(vocabulary) for _ in range(rng.randint(3, 14))) + "\n"
                   for _ in range(lines))


def json_text(rng, records):
    vocabulary = words(rng)
    rows = (
        '{"id":%d,"name":"%s","tags":["%s","%s"],"value":%.3f,"deep":{"a":{"b":[%d,null,true]}}}' %
        (i, rng.choice(vocabulary), rng.choice(vocabulary), rng.choice(vocabulary), rng.random() *
         1000, i * 7) for i in range(records))
    return "[" + ",\n".join(rows) + "]\n"


def xml_text(rng, records):
    vocabulary = words(rng)
    rows = ("<item id='%d'><name lang='%s'>%s</name><!-- %d --><v>%d</v></item>" %
            (i, rng.choice(vocabulary)[:2], rng.choice(vocabulary), i, rng.randint(0, 10 ** 6))
            for i in range(records))
    return "<?xml version='1.0'?><root>" + "".join(rows) + "</root>\n"


def sql_text(rng, rows):
    vocabulary = words(rng)
    insert = "".join("INSERT INTO t VALUES(%d,'%s',%d);\n" %
                     (i, rng.choice(vocabulary), rng.randint(0, 10 ** 6)) for i in range(rows))
    return ("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value "
            "INT);\nBEGIN;\n" + insert + "COMMIT;\n"
            "CREATE INDEX i ON t(name, value);\nSELECT name, count(*), sum(value) FROM t GROUP BY "
            "name ORDER BY 3;\n"
            "SELECT a.id, b.id FROM t a JOIN t b ON a.value = b.value WHERE a.id < b.id LIMIT "
            "20;\n")


def c_text(rng, functions):
    parts = ["typedef struct { int a, b; double c[4]; } s;\n"]
    for i in range(functions):
        parts.append("double f%d(s *p, int n) { double r = %d; for (int i = 0; i < n; i++) { "
                     "p->c[i & 3] += r * %d;"
                     " if (p->a ^ i) r += p->b %% %d; switch (i %% 5) { case 1: r -= 2; break; "
                     "case 3: r *= p->c[1]; } }"
                     " return r + %s; }\n" % (i, i, rng.randint(1, 99), rng.randint(2, 50),
                                              "f%d(p, n - "
                                              "1)" % rng.randint(0, i - 1) if i else "0"))
    return "".join(parts)


PYTHON = ("import re, json\n"
          "rows = json.load(open('j.json'))\n"
          "names = sorted({row['name'] for row in rows})\n"
          "text = open('text.txt').read()\n"
          "count = {}\n"
          "for word in re.findall(r'[a-z]+', text): count[word] = count.get(word, 0) + 1\n"
          "print(len(names), len(count), max(count.values()), json.dumps(rows[:2], "
          "sort_keys=True))\n")

GENERATORS = {"text.txt": (text, 20000), "j.json": (json_text, 4000), "x.xml": (xml_text, 6000),
              "q.sql": (sql_text, 8000), "in.c": (c_text, 200), "other.txt": (text, 18000)}


def fixtures(scale=1):
    """A directory with the inputs, made once per build tree; scale divides their length."""
    directory = os.path.join(harness.BUILD, "tests", "made", "inputs-%d" % scale)
    if os.path.isdir(directory):
        return directory
    fresh = "%s.%d" % (directory, os.getpid())
    os.makedirs(os.path.join(fresh, "d"))
    for name, (generate, n) in GENERATORS.items():
        with open(os.path.join(fresh, name), "w") as file:
            file.write(generate(random.Random(name), max(n // scale, 4)))
    with open(os.path.join(fresh, "work.py"), "w") as file:
        file.write(PYTHON)
    for i in range(60):
        with open(os.path.join(fresh, "d", "file%02d.txt" % i), "w") as file:
            file.write(text(random.Random(i), 20))
    try:
        os.rename(fresh, directory)
    except OSError:  # somebody else was faster
        subprocess.run(["rm", "-rf", fresh], check=True)
    return directory


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


# ---- what is run ---------------------------------------------------------------------------------

# Deterministic, one thread, and every allocation by an entry point that all the other tools know.
COMMON = ("list", "tree", "growth", "zeroed", "aligned", "strings", "operators", "containers",
          "temporary", "peak_middle", "peak_sites", "leaks", "zero_realloc", "sizes",
          "stack_tailcalls", "stack_longjmp", "stack_frames_O2")

# The rest of the deterministic single-threaded ones.
OWN = ("aligned_rare", "failing", "libc_aliases", "sized_free", "early", "stack_asm",
       "stack_coroutines", "stack_frames_O0", "stack_frames_omit", "stack_frames_keep",
       "stack_frames_realign", "stack_frames_notables", "stack_frames_blind", "signals_altstack")


def program(name, *arguments):
    """One of tests/programs."""
    return Workload(" ".join([name, *arguments]), [harness.program(name), *arguments])


def programs(names=COMMON):
    """Of these names, or of {name: arguments}."""
    arguments = names if isinstance(names, dict) else {}
    return [program(name, *arguments.get(name, ())) for name in names]


PERL = ('my %h; while (<>) { $h{$_}++ for split } my @k = sort { $h{$b} <=> $h{$a} || $a cmp $b } '
        'keys %h; '
        'print "$_ $h{$_}\\n" for @k[0..50]; my $s = join ",", map { scalar reverse } @k; $s =~ '
        's/(\\w+),/<$1>/g; '
        'print length($s), "\\n";')
def real(scale=1):
    """Real programs as a distribution ships them. Those that are not installed are left out."""
    directory = fixtures(scale)
    with open(os.path.join(directory, "q.sql"), "rb") as file:
        sql = file.read()
    wanted = [
        ("jq", [
            "jq", "-S", "map(select(.value > 10) | {name, t: .tags[0], s: (.name + "
            ".tags[1])})", "j.json"], b"", {}),
        ("sqlite3", ["sqlite3", ":memory:"], sql, {}),
        ("xmllint", ["xmllint", "--format", "--xpath", "//item[v > "
                     "500000]/name", "x.xml"], b"", {}),
        ("perl", ["perl", "-e", PERL, "text.txt"], b"", {}),
        ("python3", ["/usr/bin/python3", "-E", "-s", "-S",
                     "work.py"], b"", {"PYTHONMALLOC": "malloc"}),
        ("sed", ["sed", "-E", r"s/([a-z]+) ([a-z]+)/\2-\1/g; /^[xyz]/d; G", "text.txt"], b"", {}),
        ("git", ["git", "diff", "--no-index", "--stat", "-p", "text.txt",
                 "other.txt"], b"", {"GIT_CONFIG_NOSYSTEM": "1"}),
        ("gawk", [
            "gawk", "{ for (i = 1; i <= NF; i++) n[$i]++ } END { PROCINFO[\"sorted_in\"] = "
            "\"@ind_str_asc\"; "
            "for (w in n) print w, n[w] }", "text.txt"], b"", {}),
        ("sort", ["sort", "--parallel=1", "-k2", "text.txt"], b"", {}), ]
    return [Workload(name, command, stdin, env, directory) for name, command, stdin, env in wanted
            if available(command[0])]


def available(name):
    try:
        return harness.tool(name)
    except unittest.SkipTest:
        return None


def compiler_proper():
    """cc1 at work: many paths, many blocks, pointers in hash tables. Not the same in every run:
    compare within one."""
    path = harness.check([harness.tool("gcc"), "-print-prog-name=cc1"]).stdout.decode().strip()
    return Workload("cc1", [path, "-quiet", "-O1", "-o", "/dev/null", "in.c"], cwd=fixtures(20))
