# SPDX-License-Identifier: MIT
"""
What the preloaded objects promise to the programs they are loaded into, read from the built files:
they export what the table of hooks says and nothing more, they need libc alone and of it only what
undefined.txt lists, they use no thread-local storage that could be allocated late, and they need no
alignment of the stack.
"""
import re
import subprocess

import tree

MAX_TLS_BYTES = 64
NEEDED = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
# Relocations of dynamic thread-local storage: the first access of a thread may call malloc.
LATE_TLS = re.compile(r"R_\w+_(?:DTPMOD|DTPOFF|TLSDESC)\w*")

# A vector register and the stack in one instruction that is none of the scalar ones.
ALIGNED_ON_STACK = re.compile(
    r"\t((?!\w*s[sd][lq]?\b|movup|movdqu|movq\b|movd\b)\w+ [^\n]*(?:%[xy]mm\d+,[^\n]*\(%r[sb]p|\(%r[sb]p[^\n]*%[xy]mm)[^\n]*)"
)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(path, *options):
    """(name without version, type) of the dynamic symbols."""
    rows = [line.split() for line in output("nm", "-D", *options, str(path)).splitlines()]
    return {(row[-1].split("@")[0], row[-2]) for row in rows}


TABLE = "interpose/hooks.def"
# For each kind of line of the table: which of its words, split at commas, is the name. A kind that
# is not here is an error below.
NAME_AT = {
    "FAMILY": 2, "FAMILY_ASKED": 1, "LIBC": 2, "NEW": 2, "DELETE": 2, "CALL": 1, "FORK": 0, "OWN":
    1, "API": 0, "PRIVATE": 1, "SECOND": 2, "SECOND_ASKED": 2}
# Kinds of what is looked up at run time.
LOOKED_UP = {"FAMILY", "FAMILY_ASKED", "LIBC", "CALL", "FORK", "SECOND", "SECOND_ASKED"}


def table():
    """(kind, object, name) of each line of the table, read here without a preprocessor."""
    text = re.sub(r"/\*.*?\*/", "", (tree.SOURCE / TABLE).read_text(), flags=re.S)
    for kind, words in re.findall(r"^MT_HOOK_(\w+)\(([^()]*)", text, flags=re.M):
        words = [word.strip() for word in words.split(",")]
        name = words[NAME_AT[kind]]
        yield kind, words[0] if kind.startswith(
            "SECOND") else "memtrack", "memtrack_private_" + name if kind == "PRIVATE" else name


def exports_of(wanted):
    return {name for kind, of, name in table() if of == wanted and not kind.endswith("ASKED")}


def looked_up():
    """Names of functions that the sources look up at run time, to call them without an import."""
    names = {name for kind, _, name in table() if kind in LOOKED_UP}
    for path in sorted((tree.SOURCE / "interpose").glob("*.[ch]")):
        text = path.read_text()
        names |= set(
            re.findall(
                r'\b(?:mt_next_symbol|memtrack_private_next|find_in|provider_of|first_with)\((?:map, )?"(\w+)"',
                text))
    return names


def check_looked_up():
    listed = {
        line.split("#")[0].strip()
        for line in (tree.SOURCE / "tests/lint/looked_up.txt").read_text().splitlines()} - {""}
    for name in sorted(looked_up() - listed):
        yield f"interpose/ looks up {name}, which tests/lint/looked_up.txt does not list"
    for name in sorted(listed - looked_up()):
        yield f"tests/lint/looked_up.txt: {name} is looked up by nothing; remove it"


def allowed_undefined(but_for_clang=False):
    lines = (tree.SOURCE / "tests/lint/undefined.txt").read_text().splitlines()
    return {
        line.split("#")[0].strip()
        for line in lines if not (but_for_clang and "# clang" in line)} - {""}


def check(name, of, extra_needed=()):
    path = tree.BUILD / name
    needed = set(re.findall(r"NEEDED.*\[(.*?)\]", output("readelf", "-d", str(path))))
    for library in sorted(needed - NEEDED - set(extra_needed)):
        yield f"{name}: needs {library}; a target may not have it"

    exported = {symbol for symbol, kind in symbols(path, "--defined-only") if kind != "A"}
    promised = exports_of(of)
    for symbol in sorted(exported - promised):
        yield f"{name}: exports {symbol}, which {TABLE} does not list"
    for symbol in sorted(promised - exported):
        yield f"{TABLE}: lists {symbol}, which {name} does not export"

    undefined = {symbol for symbol, _ in symbols(path, "--undefined-only")}
    provided = exports_of("memtrack") if extra_needed else set()
    for symbol in sorted(undefined - allowed_undefined() - provided):
        yield f"{name}: uses {symbol}, which tests/lint/undefined.txt does not allow"

    for relocation in sorted(set(LATE_TLS.findall(output("readelf", "-rW", str(path))))):
        yield f"{name}: relocation {relocation}: thread-local storage that may call malloc"
    tls = re.search(r"^\s*TLS\s+(?:0x\w+\s+){4}0x(\w+)", output("readelf", "-lW", str(path)),
                    flags=re.M)
    if tls and int(tls.group(1), 16) > MAX_TLS_BYTES:
        yield f"{name}: {int(tls.group(1), 16)} bytes of static thread-local storage; {MAX_TLS_BYTES} is the limit"
    for line in sorted(
            set(ALIGNED_ON_STACK.findall(output("objdump", "-d", "--no-show-raw-insn",
                                                str(path))))):
        yield f"{name}: {line.strip()}: it faults when the caller's stack is not aligned"
    if "TEXTREL" in output("readelf", "-d", str(path)):
        yield f"{name}: text relocations"


problems = list(check("libmemtrack.so", "memtrack"))
checked = ["libmemtrack.so"]
for second in ("jemalloc", "mimalloc", "mmap"):
    name = "libmemtrack-%s.so" % second
    problems += check(name, second, ["libmemtrack.so"])
    checked.append(name)
used = {symbol for name in checked for symbol, _ in symbols(tree.BUILD / name, "--undefined-only")}
problems += [f"tests/lint/undefined.txt: {symbol} is used by nothing; remove it"
             for symbol in sorted(allowed_undefined(but_for_clang=True) - used)]
problems += check_looked_up()
tree.report(problems, ", ".join(checked))
