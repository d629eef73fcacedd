# SPDX-License-Identifier: MIT
"""
What the command is linked to is mapped and relocated before each of its runs, with all that those
libraries need themselves. So it is a decision: what a single command uses is loaded by that command
(lib/base/library.c).
"""
import re
import subprocess

import tree

# Its names and call paths, the files it reads and writes, and the screen.
NEEDED = {"libdw.so.1", "libelf.so.1", "libprotobuf-c.so.1", "libjansson.so.4", "libzstd.so.1",
          "libz.so.1", "libm.so.6", "libncursesw.so.6", "libtinfo.so.6", "libc.so.6"}


def needed(name):
    listing = subprocess.run(["readelf", "-dW", tree.BUILD / name], check=True,
                             capture_output=True, text=True).stdout
    return set(re.findall(r"NEEDED.*\[(.*?)\]", listing))


linked = needed("memtrack")
problems = [f"memtrack: is linked to {library}: load it where it is used (lib/base/library.h), or, "
            "if every command uses it, add it to tests/lint/test_needed.py"
            for library in sorted(linked - NEEDED) if not library.startswith("ld-linux")]
tree.report(problems, linked and f"{len(linked)} libraries")
