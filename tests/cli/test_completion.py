# SPDX-License-Identifier: MIT
# timeout: 300
"""
Real shells complete what memtrack takes: bash with and without bash-completion, zsh and fish. Every
option that --help lists, every value of those that have a list of values, processes, profiles, and
the command line of the program that is run. A shell that is not installed is left out.
"""
import functools
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import unittest

MEMTRACK = os.environ["MEMTRACK"]
SCRIPTS = pathlib.Path(os.environ["MEMTRACK_SOURCE"]) / "cli/completion"
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
COMMANDS = (
    "run report tree annotate scopes timeline watch snapshot diff top serve list whois attach "
    "detach check compare export".split()
)
# Lists that are too long for the help to name them beside the option: it has them in its text.
LISTS = {
    "COLUMN": "live|peak|total|blocks|temporary|max|waste|live-blocks|peak-blocks",
    "STATISTIC": "peak|net|allocated|blocks|freed|self|time|self-time|cpu|count|errors|name",
}

# Answers a line of standard input with what could stand at its end, and a line "=" behind that.
BASH = r"""
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
compopt() { :; }
answer() {
    local rest=$1 word
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMP_TYPE=9 COMP_KEY=9
    while [[ $rest =~ ^(\ +|[=:]+|[^\ =:]+)(.*)$ ]]; do
        word=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
        [[ $word == \ * ]] || COMP_WORDS+=("$word")
    done
    [[ $1 == *\  ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _memtrack memtrack "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\n' "${COMPREPLY[@]}" =
}
while IFS= read -r line; do answer "$line"; done
"""
FISH = r"""
source $SCRIPTS/memtrack.fish
while read -l line
    complete -C "$line" | string replace -r '\t.*' ''
    echo =
end
"""
# In an interactive zsh the key ^T has a file of lines completed; what would be added is noted.
ZSH = r"""
PROMPT= RPROMPT=
fpath=($FUNCTIONS $fpath)
autoload -Uz compinit && compinit -D -u
setopt no_beep no_list_beep
zstyle ':completion:*' accept-exact false
compadd() {
    if [[ "${@[1,(i)(-|--)]}" == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return
    fi
    local -a hits
    builtin compadd -A hits "$@"
    print -rl -- $hits >>$OUT
    builtin compadd "$@"
}
take-lines() {
    local line
    for line in "${(@f)$(<$LINES_FILE)}"; do
        BUFFER=$line CURSOR=$#line
        zle list-choices
        print = >>$OUT
    done
    BUFFER=
    print DONE >>$OUT
}
zle -N take-lines
bindkey '^T' take-lines
print READY >>$OUT
"""


def memtrack(*arguments, **options):
    return subprocess.run([MEMTRACK, *arguments], capture_output=True, text=True, **options)


def formats_of_help():
    """Those of export, which its help has in the text of the option."""
    text = memtrack("export", "--help", "all").stdout
    words = re.search(r"one of these:((?:\s+[a-z]+)+)\n  -", text).group(1)
    return "|".join(words.split())


@functools.cache
def options_of_help(command):
    """Long options of --help all, each with its argument or None."""
    text = memtrack(command, "--help", "all").stdout
    return dict(re.findall(r"^ {2,8}(?:-\S,? *)?--([a-z][a-z-]*)(?:=(\S+))?", text, flags=re.M))


def values_of(argument):
    """ "auto|always|never": the words; of "snapshot|signal:NAME" up to the capitals."""
    words = formats_of_help() if argument == "FORMAT" else LISTS.get(argument, argument or "")
    found = (re.match(r"[a-z][a-z:-]*", part) for part in words.split("|"))
    return {match.group() for match in found if match}


def groups(text):
    """Parts of lines that end with a line "="."""
    parts, part = [], set()
    for line in text.splitlines():
        if line == "=":
            parts.append(part)
            part = set()
        elif line:
            part.add(line.rstrip("/"))
    return parts


class Shells(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.work = cls.folder / "work"
        (cls.work / "profiles").mkdir(parents=True)
        for name in ("one.pb.gz", "notes.txt", "old.json", "left.ledger"):
            (cls.work / name).touch()
        (cls.folder / "functions").mkdir()
        (cls.folder / "functions/_memtrack").symlink_to(SCRIPTS / "memtrack.zsh")
        cls.env = dict(
            os.environ,
            PATH=f"{os.path.dirname(MEMTRACK)}:/usr/bin:/bin",
            LC_ALL="C.UTF-8",
            SCRIPTS=str(SCRIPTS),
            FUNCTIONS=str(cls.folder / "functions"),
            HOME=str(cls.folder),
            XDG_CONFIG_HOME=str(cls.folder),
            TERM="dumb",
        )

    def run_shell(self, command, lines):
        result = subprocess.run(
            command,
            input="".join(line + "\n" for line in lines),
            cwd=self.work,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=200,
        )
        self.assertEqual("", result.stderr)
        return groups(result.stdout)

    def bash(self, lines):
        return self.run_shell(["bash", "--norc", "-c", f". {SCRIPTS}/memtrack.bash\n{BASH}"], lines)

    def bash_with_completion(self, lines):
        script = f". {BASH_COMPLETION}\n. {SCRIPTS}/memtrack.bash\n{BASH}"
        return self.run_shell(["bash", "--norc", "-c", script], lines)

    def fish(self, lines):
        return self.run_shell(["fish", "-c", FISH], lines)

    def zsh(self, lines):
        out, start = self.folder / "zsh.out", self.folder / "zsh.start"
        out.write_text("")
        start.write_text(ZSH)
        (self.folder / "zsh.lines").write_text("\n".join(lines))
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.work)
            os.execvpe(
                "zsh",
                ["zsh", "-f", "-i"],
                dict(self.env, OUT=str(out), LINES_FILE=str(self.folder / "zsh.lines")),
            )
        try:
            os.write(terminal, f" . {start}\r".encode())
            self.read_until(terminal, out, "READY")
            os.write(terminal, b"\x14")
            self.read_until(terminal, out, "DONE")
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            os.close(terminal)
        return groups(out.read_text().split("READY\n")[1])

    def read_until(self, terminal, out, word):
        shown = b""
        while word not in out.read_text().split("\n"):
            if not select.select([terminal], [], [], 100)[0]:
                self.fail(f"zsh says nothing more: {shown[-2000:]}")
            shown += os.read(terminal, 65536)
            if terminal and len(shown) > 1 << 22:
                shown = shown[-4096:]

    def shells(self):
        yield "bash", self.bash
        if os.path.exists(BASH_COMPLETION):
            yield "bash with bash-completion", self.bash_with_completion
        if shutil.which("zsh"):
            yield "zsh", self.zsh
        if shutil.which("fish"):
            yield "fish", self.fish

    def complete(self, cases):
        """cases: (line, words that must be there, words that must not)."""
        for name, shell in self.shells():
            answers = shell([line for line, *_ in cases])
            self.assertEqual(len(cases), len(answers), name)
            for (line, wanted, *unwanted), answer in zip(cases, answers):
                with self.subTest(shell=name, line=line):
                    typed = re.search(r"--[a-z-]+=$", line)
                    if typed and name not in ("bash", "bash with bash-completion", "zsh"):
                        wanted = {typed.group() + word for word in wanted}
                    self.assertEqual(set(), set(wanted) - answer, f"of {sorted(answer)[:40]}")
                    self.assertEqual(set(), set(*unwanted) & answer)

    def test_commands(self):
        lines = re.findall(r"^ {2}([a-z]+(?:, [a-z]+)*) {2,}\S", memtrack("--help").stdout, flags=re.M)
        self.assertEqual(set(COMMANDS), {name for line in lines for name in line.split(", ")})
        self.complete(
            [
                ("memtrack ", {*COMMANDS, "help", "ls"}),
                ("memtrack re", {"report"}, {"run"}),
                ("memtrack help ", set(COMMANDS), {"ls"}),
                ("memtrack help report ", {"all"}),
            ]
        )

    def test_options(self):
        cases = []
        for command in COMMANDS:
            options = {"--" + name for name in options_of_help(command)}
            self.assertGreater(len(options), 4, command)
            cases.append((f"memtrack {command} --", options))
        self.complete(cases + [("memtrack report --inc", {"--include"}, {"--exclude"})])

    def test_values(self):
        cases = []
        for command in COMMANDS:
            for option, argument in options_of_help(command).items():
                values = values_of(argument)
                if values:
                    cases.append((f"memtrack {command} --{option} ", values))
                    cases.append((f"memtrack {command} --{option}=", values))
        lists = [line for line, _ in cases]
        for line in (
            "report --by ",
            "diff --sort ",
            "scopes --sort ",
            "top --sort ",
            "timeline --by ",
            "run --allocator ",
            "report --at ",
            "check --color ",
            "run --do ",
            "run --follow ",
            "export --format ",
        ):
            self.assertIn("memtrack " + line, lists)
        self.complete(cases + [("memtrack report --by fu", {"function"}, {"file"})])

    def test_values_are_taken(self):
        """What is offered is understood: it is the file that is missing, and not the value."""
        for command, files in (
            ("report", 1),
            ("diff", 2),
            ("scopes", 1),
            ("timeline", 1),
        ):
            for option, argument in options_of_help(command).items():
                for value in values_of(argument):
                    extra = (
                        ["--composition=3", "--csv"]
                        if (command, option) == ("timeline", "by")
                        else []
                    )
                    value += "x" if value.endswith(":") else ""
                    result = memtrack(
                        command, f"--{option}={value}", *extra, *["no-such.pb.gz"] * files
                    )
                    self.assertEqual(
                        3, result.returncode, f"{command} --{option}={value}: {result.stderr}"
                    )

    def test_files(self):
        self.complete(
            [
                ("memtrack report ", {"one.pb.gz", "profiles"}, {"notes.txt"}),
                ("memtrack report --by line on", {"one.pb.gz"}),
                ("memtrack diff one.pb.gz ", {"one.pb.gz"}, {"notes.txt"}),
                ("memtrack check --max-peak 1M ", {"one.pb.gz"}),
                ("memtrack check --baseline ", {"one.pb.gz"}, {"notes.txt"}),
                ("memtrack list --verify ", {"left.ledger"}, {"one.pb.gz"}),
                ("memtrack compare --input ", {"notes.txt", "one.pb.gz"}),
                ("memtrack compare ", {"old.json", "--"}, {"one.pb.gz"}),
                ("memtrack compare old.json ", {"old.json"}, {"one.pb.gz", "notes.txt"}),
                ("memtrack report --sysroot ", {"profiles"}, {"one.pb.gz", "notes.txt"}),
            ]
        )

    def test_programs(self):
        self.complete(
            [
                ("memtrack run l", {"ls"}, {"--force"}),
                ("memtrack run --frames 5 -- l", {"ls"}),
                ("memtrack run ls no", {"notes.txt"}),
                ("memtrack ls no", {"notes.txt"}),
                ("memtrack compare --warmup -- ls -- l", {"ls"}),
                ("memtrack check --run --max-peak 1M l", {"ls"}),
                ("memtrack check --run -- l", {"ls"}),
            ]
        )

    def test_options_of_the_program(self):
        """Behind the program, what is completed is its own: by whatever the shell knows of it."""
        for name, shell in self.shells():
            if name == "bash":
                continue
            with self.subTest(name):
                for line in ("memtrack run -- ls --siz", "memtrack ls --siz"):
                    self.assertEqual(
                        [{"--size"}], [{re.sub("=$", "", w) for w in a} for a in shell([line])]
                    )

    def test_processes(self):
        process = subprocess.Popen(
            [
                MEMTRACK,
                "run",
                "-q",
                "-o",
                self.folder / "p.pb.gz",
                "--",
                "sh",
                "-c",
                "echo $$; read line",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            pid = process.stdout.readline().strip()
            self.complete(
                [
                    (f"memtrack {command} ", {pid})
                    for command in (
                        "report",
                        "tree",
                        "top",
                        "snapshot",
                        "whois",
                        "attach",
                        "detach",
                        "timeline",
                        "scopes",
                        "list",
                        "diff",
                    )
                ]
            )
            told = memtrack("--complete", "top", "").stdout
            self.assertRegex(told, rf"(?m)^{pid}\t.* live, sh -c echo")
        finally:
            process.communicate("\n")
        self.assertEqual(0, process.returncode)


if __name__ == "__main__":
    unittest.main()
