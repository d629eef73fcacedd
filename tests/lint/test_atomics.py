# SPDX-License-Identifier: MIT
"""
Words that threads or readers share are used by the names of base/atomic.h: no builtin of the
compiler stands anywhere else, since its order is easily wrong and its reason never written. The
recorder has no C11 atomics either (see there). lib/include is for programs, and depends on nothing.
"""
import re

import tree

RAW = re.compile(r"\b__(?:atomic|sync)_\w+\s*\(")
C11 = re.compile(r"\b_Atomic\b|\batomic_\w+|<stdatomic\.h>")
RECORDER = ("lib/base/", "lib/ledger/writer/", "lib/unwind/", "lib/track/", "interpose/")
HOME = "lib/base/atomic.h"


def code_of(content):
    """The text without its comments, line for line."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda match: "\n" * match.group().count("\n"), content,
                  flags=re.DOTALL)


problems = []
checked = 0
for source in tree.files(".c", ".h"):
    is_public = source.parts[:2] == ("lib", "include")
    if source.parts[0] not in ("lib", "interpose", "cli") or is_public or str(source) == HOME:
        continue
    checked += 1
    for number, line in enumerate(code_of(tree.text(source)).splitlines(), 1):
        match = RAW.search(line) or (str(source).startswith(RECORDER) and C11.search(line))
        if match:
            problems.append(f"{source}:{number}: {match.group()}: use a name of {HOME}, with the "
                            "reason beside it")
if not RAW.search(tree.text(HOME)):
    problems.append(f"{HOME}: the pattern finds nothing, not even here")
tree.report(problems, checked and f"{checked} files")
