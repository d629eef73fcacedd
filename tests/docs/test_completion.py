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
    result = subprocess.run(["bash", "-u", "-c", script, "bash", *words], capture_output=True,
                            text=True, env=environment)
    assert result.returncode == 0 and not result.stderr, result.stderr
    return set(result.stdout.split())


def long_options(command):
    text = subprocess.run([MEMTRACK, command, "--help"], check=True, capture_output=True,
                          text=True).stdout
    return set(re.findall(r"^ {2,8}(?:-\S,? *)?(--[a-z][a-z-]*)", text, flags=re.M))


def commands():
    text = subprocess.run([MEMTRACK, "--help"], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^ {2,4}([a-z][a-z-]*)  ", text, flags=re.M)


problems = []
known = set(commands())
if not {"run", "report", "top"} <= known <= complete("memtrack", ""):
    problems.append(f"commands: not offered are {sorted(known - complete('memtrack', ''))}")
for command in sorted(known):
    offered, listed = complete("memtrack", command, "--"), long_options(command)
    if len(listed) < 2 or offered != listed:
        problems.append(f"{command}: offers {sorted(offered)}, --help lists {sorted(listed)}")
    some = max(listed, default="")
    if not {some} <= complete("memtrack", command, some[:-1]) <= {o for o in listed
                                                                  if o.startswith(some[:-1])}:
        problems.append(f"{command} {some[:-1]}: {complete('memtrack', command, some[:-1])}")
    if os.listdir(".")[0] not in complete("memtrack", command, ""):
        problems.append(f"{command}: files are not offered")
for command in ("run", "check", "compare"):
    if "ls" not in complete("memtrack", command, "--", "ls"):
        problems.append(f"no program is offered after `{command} --`")
print("\n".join(problems) or "completion agrees with --help")
sys.exit(1 if problems else 0)
