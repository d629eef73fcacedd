# SPDX-License-Identifier: MIT
"""
No circle of includes: neither between modules (a module is a .c file with its headers) nor between
folders. What includes each other cannot be understood, tested or replaced by itself.
"""
import pathlib
import re

import tree

ROOMS = ("lib", "cli", "interpose")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def module(path):
    """lib/view/rows.c, rows.h and rows-local.h are lib/view/rows."""
    return str(path.parent / re.sub(r"-local$", "", path.stem))


def included(source, known):
    for name in INCLUDE.findall(tree.text(source)):
        for folder in (source.parent, *map(pathlib.PurePath, ("lib", "lib/include", "cli", "."))):
            if folder / name in known:
                yield folder / name
                break


def graph(sources, place_of):
    """place -> the places that its files include."""
    arrows = {}
    for source in sources:
        here = place_of(source)
        arrows.setdefault(here, set()).update(place_of(other) for other in included(source, sources))
        arrows[here].discard(here)
    return arrows


def circles(arrows):
    """The sets of places that reach each other (Tarjan, "Depth-first search and linear graph
    algorithms", 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(place):
        index[place] = low[place] = len(index)
        stack.append(place)
        for other in arrows.get(place, ()):
            if other not in index:
                visit(other)
                low[place] = min(low[place], low[other])
            elif other in stack:
                low[place] = min(low[place], index[other])
        if low[place] == index[place]:
            circle = stack[stack.index(place):]
            del stack[-len(circle):]
            if len(circle) > 1:
                found.append(sorted(circle))

    for place in sorted(arrows):
        if place not in index:
            visit(place)
    return found


sources = {path for path in tree.files(".c", ".h") if path.parts[0] in ROOMS}
modules = graph(sources, module)
folders = graph(sources, lambda path: str(path.parent))
problems = ["a circle: " + ", ".join(circle)
            for circle in circles(modules) + circles(folders)]
tree.report(problems, sources and f"{len(modules)} modules in {len(folders)} folders")
