# SPDX-License-Identifier: MIT
"""shellcheck finds nothing in the shell scripts, and bash can parse the completion."""
import shutil
import subprocess

import tree

if not shutil.which("shellcheck"):
    tree.skip("no shellcheck")
scripts = [
    str(path) for path in tree.files() if path.suffix in (".sh", ".bash") or
    (not path.suffix and tree.text(path).startswith(("#!/usr/bin/env bash", "#!/bin/")))]
result = subprocess.run(["shellcheck", "--shell=bash", "--format=gcc", *scripts], cwd=tree.SOURCE,
                        capture_output=True, text=True)
tree.report(result.stdout.splitlines(), scripts and f"{len(scripts)} scripts")
