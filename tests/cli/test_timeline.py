# SPDX-License-Identifier: MIT
# timeout: 240
"""`memtrack timeline`: the figures of a real run in every format, the sum of a process tree, a
running process, bounded and hostile input; and a picture that a browser and an XML parser take."""
import collections
import csv
import glob
import io
import json
import os
import re
import xml.etree.ElementTree

from support import case, harness, live, profiles
from support.output import validate
from support.trace import check_trace

MEMTRACK = harness.MEMTRACK
SECOND = 10**9
MIB = 1 << 20


def timeline(*arguments, utf8=False, **options):
    env = harness.plain_environment(**({"LC_ALL": "C.UTF-8"} if utf8 else {}))
    return harness.run([MEMTRACK, "timeline", *arguments], env=env, **options)


class Case(case.Case):
    def make(self, kind, name=None):
        return profiles.make_timeline(kind, self.dir, name)

    def json(self, *arguments, **options):
        result = timeline("--json", *arguments, cwd=self.dir, **options)
        self.assertEqual(0, result.code, repr(result))
        return validate(json.loads(result.stdout), "memtrack-timeline-1")

    def refused(self, code, message, *arguments):
        result = timeline(*arguments, cwd=self.dir)
        self.assertEqual(code, result.code, repr(result))
        self.assertRegex(result.stderr.decode(), message)
        self.assertEqual(b"", result.stdout)


class Known(Case):
    """Profiles whose ticks are known: see make_timeline.c."""

    def test_text(self):
        text = timeline(self.make("one"), "--width", "60", "--height", "12").stdout.decode()
        self.assertRegex(text, r"program +\S*server .*pid 100\)")
        self.assertIn("one point per 1.00 s", text)
        self.assertRegex(text, r"peak 64\.0 MiB at 5\.50 s")
        self.assertRegex(text, r"v live>60M at 6\.00 s|live>60M at 6\.00 s v")
        self.assertIn("# heap (live)   r RSS   p PSS   s swap", text)
        self.assertTrue(text.isascii())
        self.assertLessEqual(max(map(len, text.splitlines()[3:])), 60)
        rows = [line for line in text.splitlines() if re.match(r".{11}[|+]", line)]
        self.assertEqual(9, len(rows))  # 12 without peak, mark and legend; the axis is one of them

    def test_each_height_has_a_scale(self):
        for height in range(8, 31):
            text = timeline(self.make("one"), "--width", "60", "--height",
                            str(height)).stdout.decode()
            self.assertRegex(text, r"(?m)^ *\d+ [KM]iB [|+]", "height %d" % height)

    def test_utf8(self):
        text = timeline(self.make("one"), utf8=True).stdout.decode()
        for glyph in "█•◦×▲▼┤└┬":
            self.assertIn(glyph, text)
        self.assertNotIn("\033", text)
        colored = timeline(self.make("one", "two.pb.gz"), "--color", "always",
                           utf8=True).stdout.decode()
        self.assertIn("\033[34m", colored)
        self.assertEqual(text, re.sub("\033\\[[0-9;]*m", "", colored))

    def test_json(self):
        document = self.json(self.make("one"))
        process, = document["processes"]
        self.assertEqual(list(range(11)), [tick["time_ns"] // SECOND for tick in process["ticks"]])
        self.assertEqual([i * 10 * MIB if i < 6 else (11 - i) * 10 * MIB for i in range(11)],
                         [tick["live_bytes"] for tick in process["ticks"]])
        self.assertEqual([(i + 1) * 12 * MIB for i in range(11)],
                         [tick["rss_bytes"] for tick in process["ticks"]])
        self.assertEqual({"live_bytes": 64 * MIB, "time_ns": 5500000000, "error_ns": 500000000},
                         process["peak"])
        self.assertEqual({"finest_ns": SECOND, "coarsest_ns": SECOND}, process["resolution"])
        self.assertEqual([{"time_ns": 6 * SECOND, "name": "live>60M", "kind": "trigger"}],
                         process["marks"])
        self.assertIsNone(document["tree"])

    def test_csv(self):
        rows = harness.rows_of_csv(timeline("--csv", self.make("one")).stdout)
        self.assertEqual(11, len(rows))
        self.assertEqual({"pid": "100", "time_ns": "3000000000", "gap_ns": "1000000000",
                          "live_bytes": str(30 * MIB), "rss_bytes": str(48 * MIB),
                          "pss_bytes": str(44 * MIB), "swap_bytes": str(MIB), "anon_bytes": "",
                          "total_blocks": "300"}, rows[3])

    def test_figures_that_were_not_read(self):
        process, = self.json(self.make("bare"))["processes"]
        self.assertTrue(all(tick["rss_bytes"] is None and tick["swap_bytes"] is None
                            for tick in process["ticks"]))
        rows = harness.rows_of_csv(timeline("--csv", self.make("bare", "b.pb.gz")).stdout)
        self.assertEqual({""}, {row["rss_bytes"] for row in rows})
        self.assertNotIn("RSS", timeline(self.make("bare", "c.pb.gz")).stdout.decode())

    def test_tree(self):
        """A parent of 10 s with 10 MiB at each tick; a child from 2.5 s to 6.5 s with 30 MiB."""
        parent, child = self.make("parent"), self.make("child")
        document = self.json("--tree", child, parent)
        self.assertEqual([200, 201], [p["process"]["pid"] for p in document["processes"]])
        self.assertEqual([None, 0], [p["parent"] for p in document["processes"]])
        tree = document["tree"]
        self.assertEqual(40 * MIB, tree["peak"]["live_bytes"])
        for tick in tree["ticks"]:
            inside = 2.5 * SECOND <= tick["time_ns"] < 6.5 * SECOND
            self.assertEqual((40 * MIB, 2) if inside else (10 * MIB, 1) if tick["time_ns"] < 10 *
                             SECOND else (0, 0), (tick["live_bytes"], tick["processes"]), tick)
        text = timeline("--tree", parent, child).stdout.decode()
        self.assertIn("and 1 more process, summed", text)
        self.assertRegex(text, r"(?m)^ +201 child +.*30\.0 MiB$")
        rows = harness.rows_of_csv(timeline("--tree", "--csv", parent, child).stdout)
        self.assertEqual(len(tree["ticks"]), len(rows))

    def test_directory_of_one_run(self):
        for kind in ("parent", "child", "stranger", "one"):
            self.make(kind)
        document = self.json(self.dir)
        self.assertEqual([200, 201], [p["process"]["pid"] for p in document["processes"]])
        self.assertEqual(document, self.json())

    def test_snapshots_of_a_process_that_is_there(self):
        """A process counts once, whatever a trigger has written of it meanwhile."""
        for kind in ("parent", "child"):
            self.make(kind)
        alone = self.json("--tree", self.dir)
        self.make("snapshot")
        self.assertEqual(alone, self.json("--tree", self.dir))
        result = timeline("--tree", "--json", "parent.pb.gz", "snapshot.pb.gz", "child.pb.gz",
                          cwd=self.dir)
        self.assertEqual(alone, json.loads(result.stdout))
        self.assertIn(b"1 profile is left out", result.stderr)
        self.assertEqual(2 * SECOND, self.json("snapshot.pb.gz")["duration_ns"])

    def test_composition(self):
        path = self.make("layers")
        document = self.json("--composition", "2", path)
        layers = {layer["key"]: layer["live_bytes"] for layer in document["composition"]["layers"]}
        self.assertEqual(["src/b.c:2", "src/a.c:1", None], list(layers))
        self.assertEqual([0, 0, SECOND, 2 * SECOND, 3 * SECOND], document["composition"]["time_ns"])
        self.assertEqual([0, 1000, 1000, 0, 500], layers["src/a.c:1"])
        self.assertEqual([0, 0, 4000, 4000, 4000], layers["src/b.c:2"])
        self.assertEqual([0, 10, 10, 20, 20], layers[None])
        rows = list(csv.reader(io.StringIO(timeline("--composition", "1", "--csv",
                                                    path).stdout.decode())))
        self.assertEqual(["time_ns", "gap_ns", "src/b.c:2", "[other]"], rows[0])
        self.assertEqual(["3000000000", "1000000000", "4000", "520"], rows[5])
        functions = self.json("--composition", "3", "--by", "function",
                              path)["composition"]["layers"]
        self.assertEqual(["b", "a", "c", None], [layer["key"] for layer in functions])

    def test_svg(self):
        wide = ("--width", "1200", "--height", "300")
        for arguments in (["one"], ["parent", "child"], ["--tree", "parent", "child"],
                          ["--composition", "2", "layers"]):
            with self.subTest(arguments):
                files = [self.make(a) if a.islower() and not a.startswith("-") else a
                         for a in arguments]
                result = timeline("--svg", "-", *wide, *files)
                root = xml.etree.ElementTree.fromstring(result.stdout)
                self.assertEqual("1200", root.get("width"))
                text = result.stdout.decode()
                self.assertIn("prefers-color-scheme", text)
                self.assertIn("resolution" if "child" not in arguments or "--tree" in arguments
                              else "UTC", text)
                self.assertNotRegex(text, r"<script|href=|url\(|nan|inf[^o]")
                # what knows no CSS draws it, too: each colour is an attribute
                self.assertNotIn("var(", text)
                shapes = [element for element in root.iter()
                          if re.search(r"\}(rect|path|circle|line|text)$", element.tag)]
                parents = {child: parent for parent in root.iter() for child in parent}
                for shape in shapes:
                    colors = [e.get(kind) for e in (shape, parents[shape])
                              for kind in ("fill", "stroke") if e.get(kind)]
                    self.assertTrue(colors, shape.attrib)
                    self.assertTrue(all(re.fullmatch("#[0-9a-f]{6}|none", color)
                                        for color in colors), shape.attrib)
                self.assertGreater(text.count("<title>"), 50)

    def test_svg_file(self):
        self.assertEqual(0, timeline("--svg", self.path("x.svg"), self.make("one")).code)
        self.refused(2, "exists", "--svg", "x.svg", "one.pb.gz")
        self.assertEqual(0, timeline("--svg", self.path("x.svg"), "--force",
                                     self.make("one", "o.pb.gz")).code)
        self.refused(3, "cannot write", "--svg", "nowhere/x.svg", "one.pb.gz")


class Measured(Case):
    """What the programs said of themselves, in each form. Process 500, and its child half a second
    later."""

    def paths(self):
        return self.make("measured"), self.make("worker")

    def test_text(self):
        server, worker = self.paths()
        text = timeline(server, "--width", "54", utf8=True).stdout.decode()
        lanes = {line.split()[0]: line[12:] for line in text.splitlines()
                 if re.match(r" *(load|request|cache|queue) ", line)}
        self.assertEqual("    ▬▬▬▬▬▬▬▬▬▬▬▬▬", lanes["load"])
        self.assertEqual("                    ▬▬▬ ▬▬▬ ▬▬▬ ▬▬▬ ▬▬▬", lanes["request"])
        self.assertEqual("        ▁▁▁▁▁▁▁▁▁▁▁▁█████████████████████", lanes["cache"])
        self.assertIn("highest: cache 4,000, queue <&> 7\n", text)
        self.assertLess(text.index("loaded at"), text.index("live>60M at"))
        both = timeline("--tree", server, worker, "--width", "54", utf8=True).stdout.decode()
        self.assertRegex(both, r"(?m)^ +request {8}▬{9} {5}▬▬▬ ▬▬▬ ▬▬▬ ▬▬▬ ▬▬▬$")
        self.assertRegex(both, r"(?m)^ +cache {8}▂▂▃")

    def test_svg(self):
        for options in ([self.paths()[0]], self.paths(), ["--tree", *self.paths()]):
            with self.subTest(options):
                text = timeline("--svg", "-", *options).stdout.decode()
                root = xml.etree.ElementTree.fromstring(text)
                for title in ("load, ", "cache, at most", "queue <&>, at most 7",
                              "loaded at 5.00 s"):
                    self.assertTrue(any(element.text.startswith(title) for element in root.iter()
                                        if element.tag.endswith("title")), title)
                without = timeline("--svg", "-", self.make("one")).stdout
                self.assertGreater(int(root.get("height")),
                                   int(xml.etree.ElementTree.fromstring(without).get("height")))

    def test_csv(self):
        rows = harness.rows_of_csv(timeline("--csv", "--events", *self.paths()).stdout)
        self.assertEqual({("500", "scope"): 6, ("500", "mark"): 2, ("500", "counter"): 3,
                          ("501", "scope"): 1, ("501", "counter"): 1},
                         collections.Counter((row["pid"], row["kind"]) for row in rows))
        request, = (row for row in rows if row["pid"] == "501" and row["kind"] == "scope")
        self.assertEqual(("request", "1500000000", "2000000000"),
                         (request["name"], request["time_ns"], request["duration_ns"]))

    def test_json(self):
        server, worker = self.json(*self.paths())["processes"]
        self.assertEqual(["load"] + ["request"] * 5, [scope["name"] for scope in server["scopes"]])
        self.assertEqual([{"time_ns": 1500000000, "name": "cache", "value": 1000}],
                         worker["counters"])

    def test_trace(self):
        result = timeline("--trace", self.path("t.json"), *self.paths())
        self.assertEqual((0, b"", b""), (result.code, result.stdout, result.stderr))
        found = check_trace(json.loads(self.read("t.json")))
        self.assertEqual({(500, 10**6), (501, 15 * 10**5)},
                         {(e["pid"], e["ts"]) for e in found["X"] if e["ts"] < 2 * 10**6})
        self.assertEqual({500, 501}, {e["pid"] for e in found["C"] if e["name"] == "heap"})
        self.assertEqual({"loaded", "live>60M"}, {e["name"] for e in found["i"]})
        self.refused(2, "exists", "--trace", "t.json", "measured.pb.gz")
        self.refused(2, "exclude each other", "--trace", "-", "--json", "measured.pb.gz")
        self.refused(2, "--events", "--events", "measured.pb.gz")


class Names(Case):
    """Of a name that does not fit both ends are kept: neither colons nor blanks divide it. Of a mark
    the time is never lost."""

    def test_tracks(self):
        text = timeline(self.make("named"), "--width", "80", utf8=True).stdout.decode()
        self.assertEqual(["cache…okup", "http:…okup", "http:…/a b", "load:… one", "load:… two"],
                         re.findall(r"(?m)^(.{10})  [ ▬]+$", text))

    def test_marks(self):
        for width in (60, 80, 200):
            text = timeline(self.make("named", "%d.pb.gz" % width), "--width", str(width),
                            utf8=True).stdout.decode()
            marks = [line for line in text.splitlines() if "▼" in line]
            self.assertEqual(8, len(marks), text)
            self.assertLessEqual(max(map(len, marks)), width)
            for second, mark in enumerate(marks):
                self.assertIn(" at %s" % ("%d.00 s" % second if second else "0"), mark)
        self.assertIn("cache::lookup at", marks[0])
        self.assertIn(r'''say "hi"\x0aagain at''', marks[5])
        self.assertIn("größe → ∞, länger at", marks[6])
        self.assertRegex(marks[7], r"^ +ä+…ä+ at")


class Hostile(Case):
    def test_names_and_numbers(self):
        path = self.make("hostile")
        for arguments in ([], ["--tree"], ["--json"], ["--csv"], ["--svg", "-"],
                          ["--composition", "3", "--json"], ["--composition", "3", "--svg", "-"],
                          ["--trace", "-"], ["--csv", "--events"]):
            with self.subTest(arguments):
                result = timeline(*arguments, path, timeout=20)
                self.assertEqual(0, result.code, repr(result))
                self.assertNotIn(b"\033", result.stdout)
                self.assertLess(len(result.stdout), 4 << 20)
                if "--svg" in arguments:
                    xml.etree.ElementTree.fromstring(result.stdout)
                if "--json" in arguments:
                    json.loads(result.stdout)
        result = timeline("--tree", path, self.make("one"), self.make("parent"), timeout=20)
        self.assertEqual(0, result.code, repr(result))

    def test_usage(self):
        one = self.make("one")
        self.refused(2, "exclude each other", "--json", "--csv", one)
        self.refused(2, "--composition needs", "--composition", "3", one)
        self.refused(2, "from 1 to 12", "--composition", "99", "--json", one)
        self.refused(2, "from 40 to", "--width", "1", one)
        self.refused(2, "no composition", "--tree", "--composition", "3", "--json", one)
        self.refused(2, "no time axis", self.make("untimed"))
        self.refused(2, "need a pid", "--for", "1s", one)
        self.refused(2, "need a pid", "--interval", "1s")
        self.refused(2, "needs --svg", "--force", one)
        self.refused(2, "the name is empty", "")
        self.refused(2, "is a directory", "--svg", self.dir, one)
        self.refused(2, "is a directory", "--trace", self.dir, "--force", one)
        self.refused(2, "no composition", "--composition", "3", "--json", one)
        self.refused(3, "nowhere.pb.gz", "nowhere.pb.gz")
        self.refused(3, "4000000", "4000000")
        os.mkdir(self.path("empty"))
        self.refused(3, "no profile with a time axis", "empty")


class Real(Case):
    def test_run(self):
        """sh starts two programs that hold memory for a moment: three processes of one run."""
        program = ("import time\n"
                   "for step in range(20): x = bytearray((step + 1) << 20); time.sleep(0.01)\n")
        script = "python3 -c '%s' & python3 -c '%s'; wait" % (program, program)
        result = harness.run([MEMTRACK, "run", "-q", "-o", self.path("%e.%p.pb.gz"), "--", "sh",
                              "-c", script], cwd=self.dir)
        self.assertEqual(0, result.code, repr(result))
        self.assertGreaterEqual(len(glob.glob(self.path("*.pb.gz"))), 3)
        document = self.json("--tree", self.dir)
        pythons = [p for p in document["processes"] if "python" in p["process"]["exe"]]
        self.assertEqual(2, len(pythons))
        for process in pythons:
            self.assertGreater(process["peak"]["live_bytes"], 20 * MIB)
            self.assertIsNotNone(process["parent"])
            self.assertTrue(any(tick["rss_bytes"] for tick in process["ticks"]))
            self.assertTrue(any(tick["pss_bytes"] for tick in process["ticks"]))
        self.assertGreater(document["tree"]["peak"]["live_bytes"],
                           max(p["peak"]["live_bytes"] for p in pythons))

    def test_running_process(self):
        env = harness.preloaded(self.dir)
        script = "import time\nkeep=[]\nprint('ready', flush=True)\nwhile True: keep.append(bytearray(1 << 20)); time.sleep(0.02)\n"
        with live.Child(["python3", "-c", script], "ready", env=env) as process:
            document = self.json(str(process.pid), "--for", "600ms", "--interval", "20ms")
        result = harness.run([MEMTRACK, "timeline", str(process.pid)],
                             env=harness.plain_environment(MEMTRACK_DIR=self.dir))
        self.assertEqual(3, result.code, repr(result))
        self.assertIn(b"process %d has ended" % process.pid, result.stderr)
        ticks = document["processes"][0]["ticks"]
        self.assertGreater(len(ticks), 5)
        self.assertGreater(ticks[-1]["live_bytes"], ticks[0]["live_bytes"])
        self.assertGreater(ticks[-1]["rss_bytes"], MIB)
        self.assertGreater(ticks[-1]["time_ns"] - ticks[0]["time_ns"], 0.3 * SECOND)


if __name__ == "__main__":
    harness.main()
