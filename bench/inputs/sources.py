# SPDX-License-Identifier: MIT
"""The C translation unit that cc1 compiles: SQLite's amalgamation, from Debian's source package.

The package index for sources is fetched into a directory of its own, so that the system's
configuration stays as it is. Without network, or on another distribution, a generated
translation unit of the same size takes its place; its first line says so, and the benchmark's
result names it, because the two are not comparable."""
import os
import random
import re
import shutil
import subprocess
import sys

SUBSTITUTE = "/* generated in place of sqlite3.c */\n"


def apt_options(work):
    for directory in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(work, directory), exist_ok=True)
    with open("/etc/os-release") as release:
        codename = re.search(r"^VERSION_CODENAME=(\w+)", release.read(), re.M).group(1)
    with open(os.path.join(work, "sources.list"), "w") as out:
        out.write("deb-src http://deb.debian.org/debian %s main\n" % codename)
    settings = {
        "Dir::Etc::SourceList": "sources.list", "Dir::State::Lists": "lists", "Dir::Cache": "cache"}
    options = ["-qq", "-o", "Dir::Etc::SourceParts=-", "-o", "APT::Sandbox::User=root"]
    for key, value in settings.items():
        options += ["-o", "%s=%s" % (key, os.path.join(work, value))]
    return options


def amalgamate(work):
    """The directory that holds sqlite3.c, built from the source package below work."""
    def quiet(command, cwd):
        subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=600)

    options = apt_options(work)
    quiet(["apt-get", *options, "update"], work)
    quiet(["apt-get", *options, "source", "--only-source", "sqlite3"], work)
    tree = next(e.path for e in os.scandir(work) if e.is_dir() and e.name.startswith("sqlite3-"))
    quiet(["./configure", "--disable-tcl"], tree)
    quiet(["make", "sqlite3.c"], tree)
    return tree


def write_function(out, rng, n):
    out.write("struct record%d { int key; double weight; char name[%d]; struct record%d *next; };\n"
              % (n, 8 + int(rng() * 56), n))
    out.write("static int handle%d(struct record%d *r, int limit) {\n  int total = %d;\n" %
              (n, n, int(rng() * 1000)))
    for i in range(8 + int(rng() * 24)):
        a, b = int(rng() * 100), int(rng() * 100)
        out.write(
            "  for (int i%d = 0; r && i%d < limit; i%d++) {\n"
            "    if (r->key %% %d == %d) total += r->key * %d - (int)r->weight;\n"
            "    else { switch (r->name[%d] & 3) { case 0: total ^= %d; break; case 1: total -= "
            "r->key; break;\n"
            "      default: total += handle%d(r->next ? (void *)r->next : 0, limit - 1); } }\n"
            "    r = r->next ? r->next : r;\n  }\n" %
            (i, i, i, 2 + a, a // 2, b, i % 8, a * b, max(0, n - 1)))
    out.write("  return total;\n}\n")


def generate(path, size=3400000):
    rng = random.Random(3).random
    with open(path, "w") as out:
        out.write(SUBSTITUTE)
        n = 0
        while out.tell() < size:
            write_function(out, rng, n)
            n += 1
        out.write("int main(void) { return handle%d(0, 3); }\n" % (n - 1))


def make_sqlite(path):
    work = path + ".work"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    try:
        tree = amalgamate(work)
        subprocess.run(
            ["gcc", "-E", "sqlite3.c", "-o", os.path.abspath(path)], cwd=tree, check=True)
    except (OSError, AttributeError, StopIteration, subprocess.SubprocessError) as error:
        print("bench: no SQLite source (%s): compiling generated C instead" % error,
              file=sys.stderr)
        generate(path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def is_substitute(path):
    with open(path, errors="replace") as text:
        return text.readline() == SUBSTITUTE
