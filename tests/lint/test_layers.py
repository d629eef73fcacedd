# SPDX-License-Identifier: MIT
"""
Who may include whom. The table is the picture of the tree:

    base <- ledger (writer) <- track <- interpose        what goes into a target
    base <- unwind          <- track
    ledger (reader) <- profile <- view <- export <- cli   what reads
                                  view <- watch, launch <- cli   what watches a process, what starts one
                          export, watch <- serve <- cli   what shows one in a browser
                                  view <- analyze         the public library for programs that read

The two sides share layout.h, statistics.h, estimate.h, order.h, settings.h, the names of atomic.h and the texts of text.h, and nothing else. What base holds for the reading side ("common") never enters a target.
"""
import pathlib
import re

import tree

TARGET_SIDE = {"atomic", "base", "writer", "unwind", "track", "interpose"}
MAY_INCLUDE = {
    "atomic": {"atomic"},
    "layout": {"atomic", "layout", "public"},
    "common": {"common", "public"},
    "base": {"atomic", "base"},
    "writer": {"atomic", "base", "layout", "writer"},
    "unwind": {"atomic", "base", "unwind"},
    "track": {"atomic", "base", "layout", "writer", "unwind", "track", "public"},
    "interpose": {"atomic", "base", "layout", "writer", "track", "unwind", "interpose", "public"},
    "public": {"public"},
    "reader": {"common", "layout", "reader"},
    "profile": {"common", "layout", "reader", "profile"},
    "view": {"common", "layout", "reader", "profile", "view", "public"},
    "analyze": {"common", "reader", "profile", "view", "analyze", "public"},
    "export": {"common", "layout", "profile", "view", "export"},
    "page": {"common", "profile", "view", "export", "page"},
    "core": {"common", "layout", "profile", "view", "core"},
    "watch": {"common", "layout", "reader", "profile", "view", "watch"},
    "launch": {"common", "layout", "reader", "profile", "view", "launch"},
    "serve": {"common", "layout", "reader", "profile", "view", "export", "watch", "page", "serve"},
    "cli": {"common", "layout", "reader", "profile", "view", "export", "watch", "launch", "page",
            "serve", "cli"},
}
# lib/track, from the ground up: rooms (folders), then what calls them (files of its top floor).
# Each includes itself and what stands before it.
TRACK_FLOORS = [
    "ground/",  # state of the process, options, index, closed arrays, where an event was left
    "process/",  # what concerns the process as a whole: confinement, limits, its program
    "thread/",  # a thread's record and the part of each room in it; the peak
    "tables/",  # what is appended once and found again: paths, names, codes, modules, sites, rows
    "python/",  # frames of CPython in call paths
    "scopes/",
    "lines/",  # what each line changes, and its runs
    "live/",  # the table of live blocks, and counting
    "mappings/",
    "threads", "recover", "fork", "request", "clear", "start", "enter", "guard", "check", "record", "admit",
    "mappings", "discard", "whois",
]
# lib/profile and lib/view: the folders of its room that a folder may include, beside itself.
FOLDERS = {
    "profile": set(),
    "profile/heap": {"profile"},
    "profile/join": {"profile"},
    "profile/ledger": {"profile"},
    "profile/others": {"profile", "profile/heap"},
    "profile/pprof": {"profile", "profile/others"},
    "view/format": set(),
    "view/flow": set(),
    "view/jit": set(),
    "view/symbols": {"view/flow", "view/jit"},
    "view": {"view/format"},
    "view/benchmarks": {"view/format"},
    "view/annotate": {"view", "view/rows"},
    "view/lines": {"view/rows"},
    "view/rows": {"view", "view/format"},
    "view/processes": {"view", "view/format"},
    "view/redact": {"view", "view/rows", "view/sources"},
    "view/sources": {"view", "view/rows"},
    "view/scopes": {"view"},
    "view/summary": {"view/format", "view/rows"},
    "view/timeline": {"view/format", "view/rows"},
    "view/tree": {"view", "view/format", "view/rows"},
    "view/compare": {"view", "view/format", "view/rows"},
    "view/budget": {"view", "view/format", "view/rows", "view/scopes", "view/summary"},
}
# stdio allocates buffers, locale and iconv do as well: inside a target they would call the hooks they are part of.
FORBIDDEN_IN_TARGET = {"stdio.h", "locale.h", "iconv.h", "wchar.h", "syslog.h", "pthread.h"}


def room(path):
    """The row of the table that a path belongs to, None when it is none of the layers'."""
    path = re.sub(r"^lib/", "", str(path))
    if path in ("ledger/layout.h", "ledger/bounds.h", "ledger/era.h", "ledger/own.h", "ledger/lines.h",
                "ledger/invariants.h",
                "ledger/statistics.h", "ledger/order.h", "ledger/scopes.h", "ledger/estimate.h") or path.startswith("base/settings."):
        return "layout"
    if path in ("base/atomic.h", "base/text.h"):
        return "atomic"
    if path.startswith(("base/array.", "base/clock.", "base/error.", "base/hash.", "base/library.", "base/loop.", "base/new_file.", "base/process.", "base/saturate.", "base/search.")):
        return "common"
    if path.startswith("page/core/"):
        return "core"
    if path.startswith("ledger/"):
        return "writer" if path.startswith("ledger/writer/") else "reader"
    if path.startswith("include/"):
        return "public"
    first = path.split("/")[0]
    return first if first in MAY_INCLUDE else None


def track_floor(path):
    """The place of a file of lib/track in TRACK_FLOORS."""
    below = path.relative_to("lib/track")
    return TRACK_FLOORS.index(below.parts[0] + "/" if len(below.parts) > 1 else below.stem)


def leads_up(source, included):
    """Whether an include within lib/track leads to a higher floor."""
    inside = [str(path).startswith("lib/track/") for path in (source, included)]
    return all(inside) and track_floor(included) > track_floor(source)


def target_of(source, name):
    """The project's file that #include "name" in source means."""
    beside = source.parent / name
    if (tree.SOURCE / beside).is_file():
        return beside
    if name.endswith(".pb-c.h"):
        return pathlib.PurePath("lib") / name
    for folder in ("lib", "lib/include", "cli", "."):
        if (tree.SOURCE / folder / name).is_file():
            return pathlib.PurePath(folder) / name
    return None


def runs_up(source, included):
    """An arrow from a folder of a room to one of its floors that lies above, or is not in the table."""
    here, there = (str(path.parent).removeprefix("lib/") for path in (source, included))
    has_floors = here.split("/")[0] == there.split("/")[0] and here.split("/")[0] in FOLDERS
    return has_floors and here != there and there not in FOLDERS.get(here, set())


problems = []
checked = 0
for source in tree.files(".c", ".h"):
    here = room(source)
    if here is None or source.parts[0] in ("tests", "bench"):
        continue
    checked += 1
    for number, line in enumerate(tree.text(source).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^">]+)[">]', line)
        if not match:
            continue
        quote, name = match.groups()
        place = f"{source}:{number}"
        if quote == "<":
            if here in TARGET_SIDE and name in FORBIDDEN_IN_TARGET:
                problems.append(f"{place}: <{name}> must not be used inside a target")
            continue
        included = target_of(source, name)
        if included is None:
            problems.append(f'{place}: "{name}" is no file of the project')
        elif room(included) not in MAY_INCLUDE[here]:
            problems.append(f"{place}: {here} must not include {room(included)} ({included})")
        elif leads_up(source, included):
            problems.append(f"{place}: {included} stands on a higher floor of lib/track")
        elif runs_up(source, included):
            problems.append(f"{place}: {source.parent} must not include {included.parent} "
                            f"({included.name})")
        elif included == source.parent / name and "/" not in name and str(source).startswith("lib/"):
            problems.append(f'{place}: write "{str(included)[4:]}", relative to lib/')
tree.report(problems, checked and f"{checked} files")
