# SPDX-License-Identifier: MIT
"""
The manual pages are well-formed, there is one for each command, and each lists exactly the options
of --help all. What help prints fits into 80 columns, and what --help prints on a screen.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

MAN = pathlib.Path(os.environ["MEMTRACK_SOURCE"]) / "docs/man"
MEMTRACK = os.environ["MEMTRACK"]
EVERYWHERE = {"-h", "-?", "--help", "--usage", "-V", "--version"}  # described once, in --help itself
SCREEN = 30  # lines that --help may have
LIST = 36  # and that which lists the commands


def help_text(*arguments):
    return subprocess.run([MEMTRACK, *arguments], check=True, capture_output=True, text=True,
                          env=dict(os.environ, COLUMNS="80")).stdout


def options_of_help(text):
    """Options at the beginning of a line of --help, before the two spaces that lead to their
    description."""
    options = set()
    for line in text.splitlines():
        if re.match(r" {1,8}-", line):
            names = re.split(r" {2,}(?=[^-\s])", line.strip())[0]
            options |= set(re.findall(r"(?:^|[ ,])(--?[A-Za-z?][\w-]*)", names))
    return options - EVERYWHERE


def options_of_page(path):
    options = set()
    for line in path.read_text().splitlines():
        if line.startswith(".It Fl"):
            options |= {"-" + name for name in re.findall(r"\bFl (-?[\w?][\w-]*)", line)}
    return options - EVERYWHERE


def commands_of_help(text):
    lines = re.findall(r"^ {2}([a-z][a-z-]*(?:, [a-z]+)*) {2,}", text, flags=re.M)
    return {name for line in lines for name in line.split(", ")}


def problems():
    commands = commands_of_help(help_text("--help"))
    if not {"run", "report"} <= commands:
        yield f"memtrack --help lists the commands {sorted(commands)}"
    described = set(re.findall(r"^\.It Cm (\w+)$", (MAN / "memtrack.1").read_text(), flags=re.M))
    if described != commands:
        yield f"memtrack.1 describes {sorted(described)}, --help lists {sorted(commands)}"
    pages = {path.stem.removeprefix("memtrack-") for path in MAN.glob("memtrack-*.1")}
    if pages != commands:
        yield f"pages for {sorted(pages)}, commands {sorted(commands)}"
    for command in ["", *sorted(commands)]:
        for words in ["--help"], ["--help", "all"]:
            lines = help_text(*command.split(), *words).splitlines()
            for line in lines:
                if len(line) > 80:
                    yield f"memtrack {command} {' '.join(words)}: {len(line)} columns: {line}"
            most = SCREEN if command else LIST
            if "all" not in words and len(lines) > most:
                yield f"memtrack {command} --help: {len(lines)} lines, of {most}"
        if command and help_text("help", command) != help_text(command, "--help"):
            yield f"memtrack help {command} is not memtrack {command} --help"
        if command and help_text("help", command, "all") != help_text(command, "--help=all"):
            yield f"memtrack help {command} all is not memtrack {command} --help=all"
    for command in sorted(commands & pages):
        page, shown = options_of_page(MAN / f"memtrack-{command}.1"), options_of_help(help_text(
            command, "--help=all"))
        if not shown:
            yield f"{command} --help lists no option"
        for option in sorted(shown - page):
            yield f"memtrack-{command}.1 lacks {option}"
        for option in sorted(page - shown):
            yield f"memtrack-{command}.1 has {option}, --help does not"
    script = pathlib.Path(os.environ["MEMTRACK_SOURCE"]) / "scripts/man"
    result = subprocess.run([script, MEMTRACK, "--check"], capture_output=True, text=True)
    if result.returncode != 0:
        yield result.stderr.strip()
    if shutil.which("mandoc"):
        # STYLE messages about names that are no manual pages here depend on what is installed.
        result = subprocess.run(["mandoc", "-T", "lint", "-W", "style", *sorted(MAN.glob("*.1"))],
                                capture_output=True, text=True)
        yield from (line for line in result.stdout.splitlines()
                    if "referenced manual not found" not in line and "Mdocdate" not in line)


found = list(problems())
print("\n".join(found) or "manual pages agree with --help")
sys.exit(1 if found else 0)
