# SPDX-License-Identifier: MIT
"""Two builds of a program, each of a source tree of its own, between which lines have moved, have
changed, came, went and were doubled; so alike that often nothing but their text tells them apart."""
import os
import random

from support import compiler, harness

HEAD = """#include <stdlib.h>
#define KEEP __attribute__((noinline))
static void *kept[100000];
static int n;
"""
FUNCTIONS = 12
STATEMENTS = 6
KEPT = "    kept[n++] = malloc(%d); /* wish %d */"
FREED = "    free(malloc(%d)); /* whim %d */"


def _statement(choose):
    return choose.choice((KEPT, KEPT, FREED)) % (choose.choice((64, 64, 96)), choose.randrange(10 ** 6))


def _edit(choose, lines):
    """A function's lines after a day of work."""
    edited = []
    for line in lines:
        what = choose.randrange(8)
        if what == 0:
            continue  # taken away
        if what == 1:
            edited.append(_statement(choose))
        if what == 2:
            edited += [line, "    /* nothing */"]
        if what == 3:
            line = line.replace("(64)", "(80)")
        edited.append(line)
    return edited


def _source(functions):
    text = [HEAD]
    for name, lines in functions.items():
        text += ["static KEEP void %s(void) {" % name, *lines, "}", ""]
    calls = ["        %s();" % name for name in functions]
    text += ["int main(void) {", "    for (int i = 0; i < 3; i++) {", *calls, "    }",
             "    return n > 100000;", "}", ""]
    return "\n".join(text)


def make(directory, seed, **how):
    """Builds both below the directory, and records them. Returns the trees and the profiles, the
    old side first; how: see compiler.build."""
    choose = random.Random(seed)
    old = {"f%d" % i: [_statement(choose) for _ in range(STATEMENTS)] for i in range(FUNCTIONS)}
    new = {name: _edit(choose, lines) for name, lines in old.items()}
    trees, profiles = [], []
    for side, functions in (("old", old), ("new", new)):
        tree = os.path.join(directory, side, "tree")
        os.makedirs(tree)
        source = os.path.join(tree, "app.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(_source(functions))
        program = compiler.build(os.path.join(directory, side, "app"), source, "-g", "-O0", **how)
        profile = os.path.join(directory, side + ".pb.gz")
        harness.record(profile, [program], cwd=directory)
        trees.append(tree)
        profiles.append(profile)
    return trees, profiles
