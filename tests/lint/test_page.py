# SPDX-License-Identifier: MIT
# timeout: 300
# cost: 40
"""
lib/page/dist/viewer.html is what lib/page/build.mjs and core/build.sh make of the sources: both are
run again, and the bytes compared. TypeScript is checked on the way. Every page has the viewer in it,
so it stays small, whether or not it can be built here.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tree

TOOLS = ("node", "npm", "clang-14", "wasm-ld-14", "wasm-opt", "xz", "protoc-c")
PAGE = tree.SOURCE / "lib/page"
VIEWER = PAGE / "dist/viewer.html"
MOST_BYTES = 150_000
if VIEWER.stat().st_size > MOST_BYTES:
    sys.exit(f"{VIEWER} has {VIEWER.stat().st_size} bytes, more than {MOST_BYTES}: lib/page/README.md "
             "says what has been tried to keep it small")
absent = [tool for tool in TOOLS if not shutil.which(tool)]
if absent or not pathlib.Path("/usr/lib/wasm32-wasi/libc.a").exists():
    print(f"skipped: scripts/deps build page has not been run (no {', '.join(absent) or 'wasi-libc'})")
    sys.exit(77)


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed in {cwd}:\n{done.stdout}{done.stderr}")


with tempfile.TemporaryDirectory() as folder:
    copy = pathlib.Path(folder) / "page"
    shutil.copytree(PAGE, copy, ignore=shutil.ignore_patterns("node_modules", "build", "dist"))
    run("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", cwd=copy)
    run("npx", "tsc", "--noEmit", cwd=copy)
    viewer = pathlib.Path(folder) / "viewer.html"
    run(PAGE / "core/build.sh", folder, cwd=tree.SOURCE)
    run("node", "build.mjs", viewer, folder, cwd=copy)
    if viewer.read_bytes() != VIEWER.read_bytes():
        sys.exit("lib/page/dist/viewer.html is not what its sources give: "
                 "cd lib/page && npm ci && npm run build")
print(f"viewer.html is what its sources give ({VIEWER.stat().st_size} bytes)")
