# SPDX-License-Identifier: MIT
"""docs/coming-from-python.md has a row for every public name of tracemalloc, memory_profiler (with
mprof), cProfile, pstats, line_profiler and timeit, and each row leads to a section with a tested
transcript in which its equivalent is used; what it names is there."""
import importlib
import inspect
import os
import re
import subprocess
import unittest

from support import harness

DOCS = os.path.join(harness.SOURCE, "docs")
PAGE = os.path.join(DOCS, "coming-from-python.md")
# Those that need not be installed: memory_profiler 0.61.0, line_profiler 4.0.2.
MEMORY_PROFILER = """CodeMap LineProfiler LogFile MemTimer MemitResult MemoryProfilerMagics TimeStamper
choose_backend exec_with_profiler line_cell_magic load_ipython_extension magics_class memory_usage
profile run_module_with_profiler show_results""".split()
MPROF = ["mprof " + name for name in ("run", "rm", "clean", "list", "plot", "peak")]
LINE_PROFILER = """LineProfiler load_ipython_extension load_stats main show_func show_text
LineProfiler.add_function LineProfiler.add_module LineProfiler.disable
LineProfiler.disable_by_count LineProfiler.dump_stats LineProfiler.enable
LineProfiler.enable_by_count LineProfiler.get_stats LineProfiler.print_stats LineProfiler.run
LineProfiler.runcall LineProfiler.runctx LineProfiler.timer_unit LineProfiler.wrap_classmethod
LineProfiler.wrap_coroutine LineProfiler.wrap_function LineProfiler.wrap_generator""".split()

LINKS = {}  # of the labels below the page: file and section
WORD = r"memtrack_\w+|MEMTRACK_\w+|--[\w-]+|memtrack [a-z]+"


def public(owner):
    return [name for name in dir(owner) if not name.startswith("_")]


def names_of(module_name, modules=()):
    """Names of what a module itself defines, and of what its classes do."""
    module = importlib.import_module(module_name)
    names = set()
    for name in getattr(module, "__all__", public(module)):
        value = getattr(module, name)
        if inspect.ismodule(value) or getattr(value, "__module__", module_name) not in (
                module_name, *modules):
            continue
        names.add(name)
        if inspect.isclass(value):
            names.update("%s.%s" % (name, member) for member in [
                *public(value), *getattr(value, "__annotations__", ())]
                if member not in public(object))
    return names


def read(path):
    with open(path) as file:
        return file.read()


def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def sections(text):
    """The text below each heading, with the headings below it: {anchor: text}."""
    found, fenced, lines = [], False, text.splitlines()
    for number, line in enumerate(lines):
        fenced ^= line.startswith("```")
        match = re.match(r"(#+) (.*)", line)
        if match and not fenced:
            found.append((number, len(match.group(1)), match.group(2)))
    parts = {}
    for i, (number, level, heading) in enumerate(found):
        end = next((n for n, other, _ in found[i + 1:] if other <= level), len(lines))
        parts[anchor(heading)] = "\n".join(lines[number:end])
    return parts


def rows():
    """[(module, names, equivalents, target)] of all tables."""
    found, module = [], None
    for line in read(PAGE).splitlines():
        cells = re.findall(r"(?:[^|`]|`[^`]*`)+", line.strip("|")) if line.startswith("|") else []
        if line.startswith("## "):
            module = line[3:]
        elif len(cells) == 3 and cells[0].strip(" -") and cells[2].strip() != "run in":
            label = cells[2].strip(" []")
            found.append((module, re.findall(r"`(.*?)`", cells[0]),
                          re.findall(r"`(.*?)`", cells[1]), LINKS.get(label)))
    return found


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for label, file, section in re.findall(r"^\[(.*?)\]: (.*?)#(.*)$", read(PAGE), flags=re.M):
            LINKS[label] = (file, section)

    def named(self, *modules):
        return {name.split("(")[0] for module, names, _, _ in rows() if module in modules
                for name in names}

    def test_every_public_name_has_a_row(self):
        lacking = {}
        for heading, expected in (
                ("tracemalloc", names_of("tracemalloc", ["_tracemalloc"]) | {"Traceback.format"}),
                ("cProfile and pstats", {name for name in names_of("cProfile", ["_lsprof"])
                                         if name != "Profile"} | names_of("pstats")),
                ("timeit", names_of("timeit")), ("memory_profiler", {*MEMORY_PROFILER, *MPROF}),
                ("line_profiler", set(LINE_PROFILER))):
            there = self.named(heading)
            # a class is there when its members are
            there |= {name.partition(".")[0] for name in there if "." in name}
            # what is inherited of tuple, int and str is no news
            lacking[heading] = {
                name for name in expected - there
                if not re.search(r"\.(index|count|conjugate|bit_length|to_bytes|from_bytes|real|imag|"
                                 r"numerator|denominator|as_integer_ratio|bit_count)$", name) and
                not (name.startswith("SortKey.") and name.split(".")[1] in public(str))}
        self.assertEqual({heading: set() for heading in lacking}, lacking)

    def test_every_row_leads_to_where_it_is_run(self):
        for module, names, equivalents, target in rows():
            self.assertTrue(names and equivalents and target, (module, names))
            file, section = target
            parts = sections(read(os.path.join(DOCS, file) if file else PAGE))
            self.assertIn(section, parts, names)
            text = parts[section]
            self.assertRegex(text, r"<!-- transcript: \w+ -->|```console", names)
            words = {word for equivalent in equivalents
                     for word in re.findall(WORD, equivalent) or [equivalent]}
            self.assertTrue(any(re.search(r"(?<![\w-])%s(?!\w)" % re.escape(word), text)
                                for word in words), (names, equivalents, section))

    def test_what_is_named_is_there(self):
        headers = "".join(read(os.path.join(folder, name))
                          for folder, _, files in os.walk(harness.SOURCE + "/lib/include")
                          for name in files)
        options = harness.check([harness.MEMTRACK, "--help"]).stdout.decode() + "".join(
            harness.check([harness.MEMTRACK, command, "--help=all"]).stdout.decode()
            for command in ("run", "watch", "timeline", "report", "scopes", "annotate", "diff"))
        for _, names, equivalents, _ in rows():
            text = " ".join(equivalents)
            for function in re.findall(r"\bmemtrack_(\w+)|\b(MEMTRACK_\w+)(?!=)\b", text):
                name = next(filter(None, function))
                if name != "MEMTRACK_SCOPE_CPU":
                    self.assertRegex(headers, r"\b(memtrack_|API_\(\w+, )?%s\b" % name, names)
            for option in re.findall(r"--[a-z]+[a-z-]*", text):
                self.assertIn(option, options, names)
            for command in re.findall(r"memtrack ([a-z]+)\b", text):
                self.assertEqual(0, subprocess.run([harness.MEMTRACK, "help", command],
                                                   stdout=subprocess.DEVNULL).returncode, names)


if __name__ == "__main__":
    unittest.main()
