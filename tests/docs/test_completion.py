# SPDX-License-Identifier: MIT
"""bash completes the commands and the options that --help lists."""
import os
import re
import subprocess
import sys

SOURCE = os.environ["MEMTRACK_SOURCE"]
MEMTRACK = os.environ["MEMTRACK"]


def complete(*words):
    script = f"""source {SOURCE}/cli/completion.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _memtrack
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    environment = dict(os.environ, PATH=f"{os.path.dirname(MEMTRACK)}:{os.environ['PATH']}")
    result = subprocess.run(["bash", "-u", "-c", script, "bash", *words], capture_output=True, text=True, env=environment)
    assert result.returncode == 0 and not result.stderr, result.stderr
    return set(result.stdout.split())


def long_options(command):
    text = subprocess.run([MEMTRACK, command, "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^ {2,8}(?:-\S,? *)?(--[a-z][a-z-]*)", text, flags=re.M))


problems = []
if not {"run", "report"} <= complete("memtrack", "r"):
    problems.append(f"commands: {sorted(complete('memtrack', 'r'))}")
for command in ("run", "report", "diff"):
    offered, listed = complete("memtrack", command, "--"), long_options(command)
    if len(listed) < 5 or offered != listed:
        problems.append(f"{command}: offers {sorted(offered)}, --help lists {sorted(listed)}")
    if complete("memtrack", command, "--js") != {"--json"}:
        problems.append(f"{command} --js: {complete('memtrack', command, '--js')}")
for command in ("run", "check", "compare"):
    if "ls" not in complete("memtrack", command, "--", "ls"):
        problems.append(f"no program is offered after `{command} --`")
print("\n".join(problems) or "completion agrees with --help")
sys.exit(1 if problems else 0)
