# SPDX-License-Identifier: MIT
"""
Names say where a thing is. A function that other files can call begins with the file that defines
it: mt_<file>_ or mt_<folder>_<file>_, and mt_<folder>_ in the file that is called like its folder.
The object files say which functions those are. And no two functions have one name, and no two
structures, unions or enums of the project (mt_…) one tag.
"""
import re
import subprocess

import tree

ROOMS = ("lib", "cli", "interpose")
OBJECT = re.compile(r"CMakeFiles/\w[\w-]*\.dir/((?:lib|cli|interpose)/.*\.c)\.o(?:bj)?$")
TAG = re.compile(r"^(?:typedef )?(?:struct|union|enum) (mt_\w+) \{", re.M)


def objects():
    """The object file of each source, one for those that are compiled twice."""
    sources = {str(path) for path in tree.files(".c")}
    found = {}
    for path in tree.BUILD.glob("CMakeFiles/**/*.c.o"):
        match = OBJECT.search(str(path))
        if match and match.group(1) in sources:
            found[match.group(1)] = str(path)
    return found


def defined_by(paths):
    """object file -> the project's functions that it gives to others."""
    listing = subprocess.run(["nm", "-A", "-g", "--defined-only", *paths], check=True,
                             capture_output=True, text=True).stdout
    found = {path: [] for path in paths}
    for line in listing.splitlines():
        path, _, symbol = line.partition(".o:")
        word = symbol.split()
        if len(word) == 3 and word[1] in "TW" and word[2].startswith("mt_"):
            found[path + ".o"].append(word[2])
    return found


def prefixes(source):
    """What the name of a function of this file may begin with."""
    folder, file = source.removesuffix(".c").split("/")[-2:]
    return [f"mt_{file}", f"mt_{folder}_{file}"]


problems = []
sources = objects()
names = defined_by(list(sources.values())) if sources else {}
for source, path in sorted(sources.items()):
    allowed = prefixes(source)
    for name in names[path]:
        if not any(name == prefix or name.startswith(prefix + "_") for prefix in allowed):
            problems.append(f"{source}: {name} does not begin with {' or '.join(allowed)}")
n_functions = sum(map(len, names.values()))
# Of two functions of one name, a static library gives whichever it comes to first.
homes = {}
for source, path in sorted(sources.items()):
    for name in names[path]:
        homes.setdefault(name, []).append(source)
problems += [f"{name} is defined in {' and '.join(paths)}" for name, paths in sorted(homes.items())
             if len(paths) > 1]
tags = {}
for path in tree.files(".c", ".h"):
    if path.parts[0] in ROOMS:
        for match in TAG.finditer(tree.text(path)):
            tags.setdefault(match.group(1), []).append(str(path))
problems += [f"{tag} is defined in {' and '.join(paths)}" for tag, paths in sorted(tags.items())
             if len(paths) > 1]
tree.report(problems, n_functions and tags and f"{n_functions} functions, {len(tags)} tags")
