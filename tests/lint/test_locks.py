# SPDX-License-Identifier: MIT
"""
Lock order, read from the sources: while a function holds a lock it takes only locks of a higher
rank, itself or in what it calls. The enum in lib/base/lock.h is the order.

A build with MEMTRACK_CHECKS traps when it happens; this test finds the order that no test program
has walked yet. What it takes for granted: a lock is held from the first line of a function that
takes it to the last one that gives it back, whatever is in between, and calls through pointers take
no lock. A function that takes a lock and does not give it back hands it to its caller, as one does
that gives back what it has not taken.
"""
import re

import tree

LOCK = "lib/base/lock.h"
ROOMS = ("lib/base/", "lib/ledger/", "lib/unwind/", "lib/track/", "interpose/")
HEAD = re.compile(r"^[A-Za-z_][^=;{}#]*\b(\w+)\([^;{}]*\)[^;{}()]*\{\n(.*?)^\}", re.M | re.S)
TAKE = re.compile(r"\bmt_lock_(?:acquire|acquire_word|try)\((.*?),\s*(MT_RANK_\w+)", re.S)
GIVE = re.compile(r"\bmt_lock_release(?:_word)?\((.*?),\s*(MT_RANK_\w+)", re.S)
CALL = re.compile(r"\b([a-z_]\w*)\(")
# Calls that take no lock where they are made, though the text says so.
EXCEPT = {
    "mt_check_now": "looks up names of domains that are there, which needs no lock",
    "bring_to_one_peak": "the copies of both sites have been reserved under the lock that is held",
}


def ranks():
    """The names of the ranks, lowest first."""
    text = re.search(r"enum mt_lock_rank \{(.*?)\}", tree.text(LOCK), re.S).group(1)
    return re.findall(r"\b(MT_RANK_\w+)\b", text)


class Function:
    """What a function does to locks, in the order of its text: (place, "take" | "give", rank), and
    its calls (place, name)."""

    def __init__(self, path, head, name, body, line):
        self.path, self.name, self.line = path, name, line
        self.is_private = head.startswith("static") and path.suffix == ".c"
        self.steps = [(m.start(), "take", m.group(2)) for m in TAKE.finditer(body)]
        self.steps += [(m.start(), "give", m.group(2)) for m in GIVE.finditer(body)]
        self.calls = [(m.start(), m.group(1)) for m in CALL.finditer(body)
                      if m.group(1) not in EXCEPT]
        self.locks = {(re.sub(r"[&\s]|\w+->", "", m.group(1)), m.group(2))
                      for m in TAKE.finditer(body)}

    def only(self, what, other):
        """Ranks that the function takes (gives) and does not give (take)."""
        def ranks_of(step):
            return {rank for _, kind, rank in self.steps if kind == step}
        return ranks_of(what) - ranks_of(other)


def functions():
    found = []
    for path in tree.files(".c", ".h"):
        if not str(path).startswith(ROOMS) or str(path) == LOCK or str(path) == "lib/base/lock.c":
            continue
        text = re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\])*\"",
                      lambda m: re.sub(r"[^\n]", " ", m.group()), tree.text(path), flags=re.S)
        for match in HEAD.finditer(text):
            found.append(Function(path, match.group(), match.group(1), match.group(2),
                                  text.count("\n", 0, match.start()) + 1))
    return found


def called(function, name, by_name):
    """The function that a call means: one of the same file, or one that other files can call."""
    candidates = by_name.get(name, [])
    beside = [f for f in candidates if f.path == function.path]
    return (beside or [f for f in candidates if not f.is_private] or [None])[0]


def taken_by_all(everything, by_name):
    """For each function the ranks that it or whatever it calls takes."""
    taken = {f: {rank for _, kind, rank in f.steps if kind == "take"} for f in everything}
    grown = True
    while grown:
        grown = False
        for f in everything:
            more = set().union(*(taken[c] for _, name in f.calls
                                 if (c := called(f, name, by_name)) and c is not f), set())
            if not more <= taken[f]:
                taken[f] |= more
                grown = True
    return taken


def held(function, by_name):
    """(rank, first, last place of the function's text) for each lock that it holds."""
    steps = list(function.steps)
    for place, name in function.calls:
        other = called(function, name, by_name)
        if other and other is not function:
            steps += [(place, "take", rank) for rank in other.only("take", "give")]
            steps += [(place, "give", rank) for rank in other.only("give", "take")]
    for rank in {rank for _, _, rank in steps}:
        takes = [place for place, kind, r in steps if r == rank and kind == "take"]
        gives = [place for place, kind, r in steps if r == rank and kind == "give"]
        if takes:
            yield rank, min(takes), max(gives, default=10 ** 9)


order = ranks()
everything = functions()
by_name = {}
for f in everything:
    by_name.setdefault(f.name, []).append(f)
taken = taken_by_all(everything, by_name)
problems = []
n_held = 0
for f in everything:
    for rank, first, last in held(f, by_name):
        n_held += 1
        for place, kind, other in f.steps:
            if first < place < last and kind == "take" and order.index(other) < order.index(rank):
                problems.append(f"{f.path}:{f.line}: {f.name} holds {rank} and takes {other}")
        for place, name in f.calls:
            callee = called(f, name, by_name)
            if not first < place < last or callee in (None, f):
                continue
            if rank in callee.only("give", "take"):
                continue
            for other in taken[callee]:
                if order.index(other) <= order.index(rank):
                    problems.append(f"{f.path}:{f.line}: {f.name} holds {rank}, "
                                    f"and {name} takes {other}")
lock_ranks = {}
for f in everything:
    for lock, rank in f.locks:
        key = lock if lock != "lock" else f"{f.path}:lock"
        lock_ranks.setdefault(key, set()).add(rank)
problems += [f"{name} is excepted, and is no function"
             for name in EXCEPT if name not in by_name]
problems += [f"{lock} is taken as {' and '.join(sorted(r))}" for lock, r in lock_ranks.items()
             if len(r) > 1]
tree.report(sorted(set(problems)),
            n_held and f"{n_held} places where a lock is held, {len(everything)} functions")
