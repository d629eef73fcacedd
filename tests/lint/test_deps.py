# SPDX-License-Identifier: MIT
"""
scripts/deps, with the package tools replaced by scripts that note how they are called: nothing is
done when nothing is missing, the package list is fetched only after a failure, and each way to fail
says what to do.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

import tree

SCRIPT = tree.SOURCE / "scripts/deps"


def run(*groups, installed="all", apt="ok", user="0", sudo=True, debian=True):
    """(status, stderr, calls of apt-get) with a system of this kind around the script."""
    with tempfile.TemporaryDirectory() as folder:
        tools = pathlib.Path(folder)

        def tool(name, body):
            (tools / name).write_text(f"#!/bin/bash\n{body}\n")
            (tools / name).chmod(0o755)

        for name in ("bash", "env", "awk", "sort", "comm", "mktemp", "rm", "tail"):
            (tools / name).symlink_to(shutil.which(name))
        tool("id", f"echo {user}")
        if sudo:
            tool("sudo", '"$@"')
        if debian:
            echo = 'for p in "${@:3}"; do echo "installed $p"; done' if installed == "all" else f'echo "{installed}"'
            tool("dpkg-query", echo)
            log = tools / "log"
            result = {"ok": "true", "never": "false", "after-update":
                      f'grep -q "^update$" {log}'}[apt]
            (tools / "grep").symlink_to(shutil.which("grep"))
            tool(
                "apt-get",
                f'while [[ $1 == -* ]]; do [[ $1 == -o ]] && shift; shift; done; echo "$1" >>{log}; '
                f'[[ $1 == update ]] || {result}')
        done = subprocess.run(["bash", SCRIPT, *groups], env={"PATH": folder}, capture_output=True,
                              text=True)
        calls = (tools / "log").read_text().split() if (tools / "log").exists() else []
        return done.returncode, done.stderr, calls


problems = []


def expect(what, condition, seen):
    if not condition:
        problems.append(f"{what}: {seen}")


everything = ("build", "demo", "test", "check", "page", "soak", "bench")
seen = run(*everything)
expect("nothing is missing: silence", seen == (0, "", []), seen)
seen = run("build", installed="")
expect("missing: installed without fetching the list", seen[0] == 0 and seen[2] == ["install"],
       seen)
expect("and named", "libdw-dev" in seen[1], seen)
seen = run("build", installed="installed gcc\nconfig-files cmake")
expect("removed packages count as missing, installed ones do not",
       " cmake" in seen[1] and " gcc" not in seen[1], seen)
seen = run("build", installed="", apt="after-update")
expect("an old list is fetched, then installed", seen[0] == 0 and
       seen[2] == ["install", "update", "install"], seen)
seen = run("build", installed="", apt="never")
expect("no network: status 1 and a next step", seen[0] == 1 and "network" in seen[1], seen)
seen = run("build", installed="", user="1000")
expect("sudo for other users", seen[0] == 0 and seen[2] == ["install"], seen)
seen = run("build", installed="", user="1000", sudo=False)
expect("no sudo: status 1 and the command to run as root", seen[0] == 1 and
       "apt-get install" in seen[1], seen)
seen = run("build", debian=False)
expect("not Debian: says what must be there and goes on", seen[0] == 0 and "libdw-dev" in seen[1],
       seen)
seen = run("nonsense")
expect("unknown group", seen[0] == 1 and "nonsense" in seen[1], seen)
seen = run()
expect("no group", seen[0] == 1 and "usage" in seen[1], seen)
tree.report(problems, "scripts/deps")
