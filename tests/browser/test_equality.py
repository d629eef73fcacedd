# SPDX-License-Identifier: MIT
# timeout: 240
# processors: 2
# cost: 25
"""What the page answers through window.memtrack is what the command prints as JSON: rows, totals
and scopes, member by member and in the same order, for profiles of every kind and for every grouping,
order, filter, moment and range."""
import concurrent.futures
import glob
import itertools
import json
import os
import random

from support import browser, builds, case, harness, profiles

GROUPS = ("line", "function", "file", "module", "stack", "thread", "scope", "size", "domain",
          "process")
WITH_FRAMES = GROUPS[:4]
SORTS = ("live", "peak", "total", "blocks", "temporary", "max", "waste", "live-blocks",
         "peak-blocks")
FILTERS = ({}, {"include": ["*a*"]}, {"exclude": ["*e*"]}, {"include": ["*s*", "*m*"]},
           {"include": ["*a*"], "exclude": ["*.so*"], "allFrames": True}, {"include": ["thread:*1*"]},
           {"exclude": ["scope:*e*"]}, {"include": ["domain:*"], "exclude": ["*main*"]},
           {"include": ["*.c:1*", "nothing.c:7"]})
CHARGING = ({}, {}, {"keepStd": True}, {"keepWrappers": True}, {"wrapper": ["*a*"]})
FLAGS = {"cumulative": "--cumulative", "allFrames": "--all-frames", "keepStd": "--keep-std",
         "keepWrappers": "--keep-wrappers"}
KNOWN = ("plain", "hostile", "sampled", "rebuilt", "other", "change", "freed", "empty", "deep",
         "scopes")
TIMED = ("one", "measured", "layers", "hostile", "untimed", "snapshot")
PROGRAMS = {"threads": ["scope_threads"], "nested": ["scope_nested"], "domains": ["scope_domains"],
            "open": ["scope_open"], "tree": ["tree"], "peak": ["peak_middle"],
            "recursion": ["recursion"], "counters": ["own_figures", "counters"],
            "caches": ["own_figures", "caches"]}
FIGURES = ("counters", "caches")  # each has some of its name
TRIES = 400 if os.environ.get("MEMTRACK_SOAK") else 4  # of each profile
SEED = 11

ASK = """(questions) => JSON.stringify(questions.map((question) => {
    try {
        return { rows: memtrack.rows(question), totals: memtrack.totals(question) };
    } catch (error) {
        return { refused: error.message };
    }
}))"""


def options(question):
    """The same question, as a command's options."""
    words = []
    for key in ("by", "sort", "at"):
        if question.get(key):
            words += ["--" + key, question[key]]
    for key in ("include", "exclude", "wrapper"):
        for pattern in question.get(key, ()):
            words += ["--" + key, pattern]
    return words + [option for key, option in FLAGS.items() if question.get(key)]


def plain(value):
    """JSON as it is compared: members keep their order, and numbers are what a script can hold."""
    if isinstance(value, dict):
        return [[key, plain(member)] for key, member in value.items()]
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return value


def first_difference(ours, theirs, at=""):
    """Where two values part, in words."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if list(ours) != list(theirs):
            return "%s has %s, and not %s" % (at, list(ours), list(theirs))
        pairs = [("%s.%s" % (at, key), ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            return "%s has %d items, and not %d" % (at, len(ours), len(theirs))
        pairs = [("%s[%d]" % (at, i), *pair) for i, pair in enumerate(zip(ours, theirs))]
    else:
        return "" if plain(ours) == plain(theirs) else "%s is %r, and not %r" % (at, ours, theirs)
    return next(filter(None, (first_difference(b, c, a) for a, b, c in pairs)), "")


TEXT = "() => document.querySelector('main').innerText"
PATH = "() => document.querySelector('.path').textContent"
HEADS = "() => [...document.querySelectorAll('h2')].map((head) => head.textContent)"
NAMES = """() => [...document.querySelectorAll('.sides tbody th')].map((name) => name.textContent)"""

# A page without a profile gets two, and shows them some time later.
DROPPED = """async (n) => {
    const rows = () => { try { return memtrack.rows().length; } catch { return 0; } };
    for (let i = 0; i < 1000 && rows() !== n; i++) await new Promise((next) => setTimeout(next, 20));
    return document.querySelector("main").innerText;
}"""


class Equality(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)
        cls.paths = {kind: profiles.make(kind, cls.dir) for kind in KNOWN}
        for kind in TIMED:
            cls.paths["timed " + kind] = profiles.make_timeline(kind, cls.dir, "t-%s.pb.gz" % kind)
        for name, command in PROGRAMS.items():
            cls.record(name, [harness.program(command[0]), *command[1:]], ["--interval", "1ms"])
        cls.record("estimates", [harness.program("scope_domains")], ["--sample", "512"])
        cls.record("cut", [harness.program("total_frames")], ["--frames", "8"])
        cls.record("scopes in part", [harness.program("scope_nested")], ["--scope-sample", "3"])
        cls.record_family("family", "fork_both")
        seeds = os.path.join(harness.SOURCE, "tests", "fuzz", "corpus", "fuzz_pprof")
        for path in sorted(glob.glob(os.path.join(seeds, "seed-text-*"))):
            cls.paths["other tool's " + os.path.basename(path)] = path
        cls.random = random.Random(SEED)

    @classmethod
    def record(cls, name, command, more=()):
        path = cls.path(name + ".pb.gz")
        result = harness.record(path, command, more, cwd=cls.dir)
        assert os.path.exists(path), result
        cls.paths[name] = path

    @classmethod
    def record_family(cls, name, program):
        """A run of several processes: the directory with their profiles."""
        os.mkdir(cls.path(name))
        harness.check([harness.MEMTRACK, "run", "-q", "--", harness.program(program)],
                      cwd=cls.path(name))
        cls.paths[name], = glob.glob(cls.path(name, "*"))

    def page(self, *paths, more=(), name="page.html"):
        """The page that the command makes of one profile, or of two to compare them."""
        page = self.path(name)
        harness.memtrack("diff" if paths[1:] else "report", "--html", page, "--force", *more,
                         *paths)
        return self.browser.open(page).ready()

    def command(self, *arguments):
        """What it prints, or that it refuses."""
        result = harness.run([harness.MEMTRACK, *arguments, "--json"], cwd=self.dir)
        if result.code:
            return {"refused": result.stderr.decode()}
        return json.loads(result.stdout)

    def same(self, tab, questions, command, files):
        """The page's rows and totals are those of the command; files: what it is given for a
        question."""
        questions = list(questions)
        commands = [[command, *files(question), *options(question)] for question in questions]
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            printed = two.map(lambda words: self.command(*words), commands)
            shown = json.loads(tab.run(ASK, questions))
            for answers in zip(commands, questions, shown, printed):
                self.same_answer(*answers)
        self.assertEqual([], tab.seen()["errors"])

    def same_answer(self, command, question, shown, printed):
        about = "%s of memtrack %s" % (question, " ".join(command))
        if "refused" in shown or "refused" in printed:
            self.assertEqual("refused" in printed, "refused" in shown, (about, printed, shown))
            return
        self.assertEqual("", first_difference(shown["rows"], printed["rows"], "rows"), about)
        if question.get("from") or question.get("to"):
            return  # totals are those of the whole profile
        totals = printed.get("totals") or {key: printed[key] for key in ("old", "new", "diff")}
        self.assertEqual("", first_difference(shown["totals"], totals, "totals"), about)

    def questions(self, moments=("",)):
        """A few, in which everything is asked with everything in the long run."""
        pick = self.random.choice
        yield {"by": "line"}
        yield {"by": "stack"}
        for _ in range(TRIES):
            question = {"by": pick(GROUPS), **pick(FILTERS), **pick(CHARGING)}
            if pick((True, False)):
                question["sort"] = pick(SORTS)
            if question["by"] in WITH_FRAMES and pick((True, False, False)):
                question["cumulative"] = True
            question["at"] = pick(moments)
            yield question

    def moments(self, tab):
        """Times of the recording as one writes them, within it and just beside its ticks."""
        ticks = self.command("timeline", self.paths[tab])
        times = [tick["time_ns"] for process in ticks.get("processes", ())
                 for tick in process["ticks"]]
        if not times:
            return ["", "end", "peak"]
        chosen = [self.random.choice(times) for _ in range(3)] + [times[-1] // 2, times[-1] + 1]
        return ["", "end", "peak", "0s", *("%.9gs" % (time / 1e9) for time in chosen)]

    def test_reports(self):
        for name, path in self.paths.items():
            with self.subTest(name), self.page(path) as tab:
                self.same(tab, self.questions(self.moments(name)), "report", lambda _: [path])
                self.same_scopes(tab, self.command("scopes", path))

    def same_scopes(self, tab, printed):
        shown = tab.run("() => memtrack.scopes()")
        if "refused" in printed:
            self.assertEqual([], shown, printed)
        else:
            self.assertEqual("", first_difference(shown, printed["rows"], "scopes"))
            figures = {"metadata": printed["process"].get("metadata", {}),
                       **{name: printed[name] for name in FIGURES}}
            self.assertEqual("", first_difference(tab.run("() => memtrack.figures()"), figures,
                                                  "figures"))

    def test_figures(self):
        """What is compared is there, and stands on the page."""
        for name in FIGURES:
            with self.subTest(name), self.page(self.paths[name]) as tab:
                printed = self.command("scopes", self.paths[name])
                self.assertNotEqual([], printed[name])
                self.assertEqual({"version": "1.2.3"}, printed["process"]["metadata"])
                self.same_scopes(tab, printed)
                self.assertIn("version=1.2.3", tab.run(TEXT))
                tab.set(view="scopes")
                self.assertIn(name.capitalize(), tab.run(HEADS))
                self.assertEqual([row["name"] for row in printed["caches"] + printed["counters"]],
                                 tab.run(NAMES))

    def test_cut_paths(self):
        """A path that --frames has cut says how many frames are missing, in the command's words."""
        printed = self.command("report", self.paths["cut"], "--by", "stack")["rows"]
        for at_least in (False, True):
            row = next(r for r in printed if r.get("total_frames_at_least") is at_least)
            words = "[truncated] … %s%d more frames" % (
                "at least " if at_least else "", row["total_frames"] - len(row["stack"]) + 1)
            with self.subTest(words), self.page(self.paths["cut"]) as tab:
                tab.set(view="table", by="stack", select=row["key"])
                self.assertIn(words, tab.run(PATH))

    def test_all_orders(self):
        """Every grouping in every order, and every one with what was called."""
        path = self.paths["deep"]
        questions = [{"by": by, "sort": sort} for by, sort in itertools.product(GROUPS, SORTS)]
        questions += [{"by": by, "cumulative": True} for by in WITH_FRAMES]
        with self.page(path) as tab:
            self.same(tab, questions, "report", lambda _: [path])

    def test_ranges(self):
        """From a moment to another one of the same profile: the rows of diff FILE@A FILE@B."""
        for name in ("timed one", "timed layers", "timed measured", "threads", "nested"):
            path = self.paths[name]
            with self.subTest(name), self.page(path) as tab:
                moments = self.moments(name)[1:]
                questions = [{**question, "from": self.random.choice(moments),
                              "to": self.random.choice(moments)} for question in self.questions()]
                self.same(tab, questions, "diff", lambda question: [
                    "%s@%s" % (path, question[side]) for side in ("from", "to")])

    def test_comparisons(self):
        pairs = [("plain", "rebuilt"), ("rebuilt", "plain"), ("plain", "sampled"),
                 ("other", "freed"), ("empty", "plain"), ("threads", "nested"),
                 ("timed one", "timed layers"), ("estimates", "domains"), ("scopes", "scopes")]
        for old, new in pairs:
            paths = self.paths[old], self.paths[new]
            with self.subTest("%s, %s" % (old, new)), self.page(*paths) as tab:
                self.same(tab, self.questions(("", "", "end", "peak")), "diff", lambda _: paths)

    def builds(self, compiler):
        """Two builds, and the trees that they were made of."""
        directory = self.path(compiler)
        os.mkdir(directory)
        return builds.make(directory, SEED, compiler=compiler)

    def test_builds(self):
        """Lines moved: their text says where to, which the command reads and the page cannot. When
        the sources are gone, the command has the pairs of the page."""
        for compiler in ("gcc", "clang"):
            trees, paths = self.builds(compiler)
            with self.subTest(compiler), self.page(*paths) as tab:
                self.same(tab, self.questions(("", "end", "peak")), "diff", lambda _: paths)
                known = self.command("diff", *paths)
                with self.page(*paths, more=["--redact"], name="redacted.html") as redacted:
                    for tree in trees:
                        os.rename(tree, tree + ".gone")
                    self.assertNotEqual(known["rows"], self.command("diff", *paths)["rows"])
                    self.same_parts(tab, "page.html")
                    self.same_parts(redacted, "redacted.html")
                self.same_dropped(paths)

    def same_parts(self, tab, name):
        """The page equals the command that compares the profiles in it, either way round."""
        sides = [self.path(name) + part for part in ("#old", "#new")]
        self.same(tab, self.questions(), "diff", lambda _: sides)

    def same_dropped(self, paths):
        """Without the page of both nobody knows more than the profiles say; and it is said."""
        harness.memtrack("report", "--html", self.path("empty.html"), "--force", "/dev/null")
        with self.browser.open(self.path("empty.html")) as tab:
            rows = self.command("diff", *paths)["rows"]
            tab.ask("files", selector="input[type=file]", paths=list(paths))
            self.assertIn("paired without their text", tab.run(DROPPED, len(rows)))
            self.same(tab, [{"by": "line"}, {"by": "stack"}], "diff", lambda _: paths)


if __name__ == "__main__":
    harness.main()
