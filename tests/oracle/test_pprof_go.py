# SPDX-License-Identifier: MIT
# timeout: 240
"""go pprof opens memtrack's profiles and finds the same figures; memtrack opens what go pprof
writes."""
import gzip
import os
import re

from support import case, go, harness, live, pprof

COLUMNS = ["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes",
           "peak_objects/count", "peak_space/bytes", "temporary_objects/count", "max_space/bytes",
           "waste_space/bytes"]
TOTALS = {"alloc_objects": "total_blocks", "alloc_space": "total_bytes",
          "inuse_objects": "live_blocks", "inuse_space": "live_bytes",
          "peak_objects": "peak_blocks", "peak_space": "peak_bytes",
          "temporary_objects": "temporary_blocks"}
# gperftools' own text: two stacks, live and all-time; /bin/true gives the addresses a home.
TCMALLOC = """heap profile: 3: 300 [10: 1000] @ heapprofile
1: 100 [4: 400] @ 0x400010 0x400020
2: 200 [6: 600] @ 0x400030 0x400020

MAPPED_LIBRARIES:
00400000-00500000 r-xp 00000000 00:00 0 /bin/true
"""


class Raw:
    """The output of pprof -raw: sample types, samples as lists of values, and the other sections'
    lines."""

    def __init__(self, path):
        sections, name = {"head": []}, "head"
        for line in go.pprof("-raw", "-symbolize=none", path).splitlines():
            if line in ("Samples:", "Locations", "Mappings"):
                name = line.rstrip(":")
                sections[name] = []
            else:
                sections[name].append(line)
        self.head, self.mappings, self.locations = sections["head"], sections["Mappings"], sections[
            "Locations"]
        self.types = sections["Samples"][0].split()
        self.samples = [([int(v) for v in line.split(":")[0].split()], line.split(":")[1].split())
                        for line in sections["Samples"][1:] if re.match(r"^[-\d ]+:", line)]
        self.labels = [line.strip() for line in sections["Samples"][1:]
                       if re.match(r"^ +[a-z_]+:\[", line)]

    def sums(self):
        names = [t.split("/")[0] for t in self.types]
        return {name: sum(values[i] for values, _ in self.samples) for i, name in enumerate(names)}


class Recorded(case.ClassCase):
    """Profiles of programs that allocate in different ways."""

    def record(self, *command):
        name = os.path.basename(command[0])
        return harness.track(command, self.dir, name=name).profile

    def same_figures(self, profile):
        raw = Raw(profile.path)
        plain = [t.replace("[dflt]", "") for t in raw.types]
        self.assertEqual([c for c in COLUMNS if c in plain], plain)
        self.assertLessEqual(set(COLUMNS[:8]), set(plain))
        self.assertEqual(["peak_space/bytes[dflt]"], [t for t in raw.types if "dflt" in t])
        sums = raw.sums()
        expected = {pprof_name: profile.totals[ours] for pprof_name, ours in TOTALS.items()}
        self.assertEqual(expected, {name: sums[name] for name in TOTALS})
        self.assertGreater(len(raw.samples), 0)
        self.assertTrue(all(stack for _, stack in raw.samples),
                        "a sample without locations is left out of tables")
        self.assertIn("PeriodType: space bytes", raw.head)
        self.assertTrue(any("command: " in line for line in raw.head), raw.head)
        self.assertTrue(any(label.startswith("bytes:[") for label in raw.labels))
        self.assertTrue(any(label.startswith("thread:[") for label in raw.labels))
        return raw

    def test_columns_sum_to_the_totals(self):
        for program in ("tree", "containers", "temporary", "recursion", "threads_pipeline",
                        "stack_throw"):
            with self.subTest(program):
                self.same_figures(self.record(harness.program(program)))

    def test_a_program_of_the_system(self):
        raw = self.same_figures(self.record(harness.tool("python3"), "-c",
                                            "x = [str(i) for i in range(20000)]"))
        self.assertGreater(len(raw.samples), 100)

    def test_the_first_mapping_is_the_program_with_its_build_id(self):
        program = harness.program("tree")
        raw = self.same_figures(self.record(program))
        first = raw.mappings[0].split()
        self.assertEqual(program, first[2])
        notes = harness.check([harness.tool("readelf"), "-n", program]).stdout.decode()
        self.assertEqual(re.search(r"Build ID: (\w+)", notes)[1], first[3])
        self.assertIn("[FN][FL][LN][IN]", raw.mappings[0])

    def test_every_view_has_every_column(self):
        path = self.record(harness.program("containers")).path
        for column in COLUMNS[:8]:
            name = column.split("/")[0]
            text = go.pprof("-top", "-symbolize=none", "-sample_index=" + name, path)
            self.assertIn("Type: " + name, text)
        for view in ("-top", "-traces", "-tags", "-peek=main", "-tree", "-dot"):
            self.assertGreater(len(go.pprof(view, "-lines", "-symbolize=none", path)), 100, view)

    def test_no_field_is_unknown_to_others(self):
        """Perfetto takes a file with a field that pprof's Profile has not for another format."""
        with gzip.open(self.record(harness.program("threads_pipeline")).path) as file:
            fields = list(pprof.fields(file.read()))
        lengths, numbers = {1, 2, 3, 4, 5, 6, 11, 13}, {7, 8, 9, 10, 12, 13, 14}
        for number, value in fields:
            self.assertIn(number, numbers if isinstance(value, int) else lengths)
        self.assertGreater(len([value for number, value in fields if number == 11]), 2)

    def test_it_opens_on_what_there_is_to_see(self):
        """Of a program that has freed all, the peak; of a running one, what is live; of another
        tool's profile without live blocks, what was allocated."""
        profile = self.record(harness.program("peak_middle"))
        text = go.pprof("-top", "-symbolize=none", "-unit=B", profile.path)
        self.assertIn("Type: peak_space", text)
        self.assertIn("of %dB total" % profile.totals["peak_bytes"], text)
        with live.process([harness.program("threads_balance"), "4"]) as process:
            process.wait_for("ready")
            snapshot = self.path("snapshot.pb.gz")
            process.memtrack("snapshot", "-o", snapshot, process.pid)
        self.assertEqual(["inuse_space/bytes[dflt]"],
                         [t for t in Raw(snapshot).types if "dflt" in t])

    def test_lines_are_those_of_the_source(self):
        program = harness.program("tree")
        text = go.pprof("-top", "-lines", "-symbolize=none", "-nodecount=1000000",
                        "-nodefraction=0", "-sample_index=alloc_space", self.record(program).path)
        self.assertRegex(text, r"tree\.c:\d+")

    def test_differences_of_two(self):
        one = self.record(harness.program("tree")).path
        text = go.pprof("-top", "-symbolize=none", "-sample_index=alloc_space", "-diff_base=" + one,
                        one)
        self.assertRegex(text, r"Showing nodes accounting for 0, 0% of [\d.]+\w* total")

    def test_what_pprof_writes_is_read_again(self):
        profile = self.record(harness.program("containers"))
        copy = self.path("copy.pb.gz")
        go.pprof("-proto", "-symbolize=none", "-output=" + copy, profile.path)
        other = harness.Profile(copy)
        for name in TOTALS.values():
            self.assertEqual(profile.totals[name], other.totals[name], name)
        lines = {row["key"]: row["total_bytes"] for row in profile.rows("line") if row["line"]}
        again = {row["key"]: row["total_bytes"] for row in other.rows("line") if row["line"]}
        self.assertEqual(lines, again)


class OthersProfiles(case.ClassCase):
    def converted(self, text):
        path = self.path("converted.pb.gz")
        go.pprof("-proto", "-symbolize=none", "-output=" + path, self.write("source.heap", text))
        return path

    def test_a_profile_of_tcmalloc(self):
        totals = harness.Profile(self.converted(TCMALLOC)).totals
        self.assertEqual((3, 300, 10, 1000), tuple(totals[n]
                                                   for n in ("live_blocks", "live_bytes",
                                                             "total_blocks", "total_bytes")))

    def test_a_profile_of_live_blocks_only(self):
        """Equal figures in brackets are how the format says so; pprof then calls the columns
        objects and space."""
        text = re.sub(r"(\d+: \d+) \[\d+: \d+\]", r"\1 [\1]", TCMALLOC)
        totals = harness.Profile(self.converted(text)).totals
        self.assertEqual((3, 300, 0), tuple(totals[n]
                                            for n in ("live_blocks", "live_bytes", "total_bytes")))

    def test_text_is_read_as_pprof_converts_it(self):
        """Rows and totals of the text are those of what pprof makes of it, scaling included."""
        for kind in ("heapprofile", "heap_v2/4096", "heap_v2/524288", "heapz_v2/1000", "heap/2048",
                     "heap/2", "growthz", "fragmentationz"):
            text = TCMALLOC.replace("heapprofile", kind)
            if kind.endswith("z"):  # has no second pair of figures
                text = re.sub(r"(\d+: \d+) \[\d+: \d+\]", r"\1 [\1]", text)
            ours, theirs = harness.Profile(self.write("plain.heap",
                                                      text)), harness.Profile(self.converted(text))
            self.assertEqual(theirs.totals, ours.totals, kind)
            for by in ("module", "stack", "function"):
                found, expected = ([{k: row[k] for k in ("module", *TOTALS.values())} for row in
                                    p.rows(by)] for p in (ours, theirs))
                self.assertEqual(expected, found, (kind, by))

    def test_text_of_go_is_its_profile(self):
        """One Go program writes both formats of the same moment: every row is the same, by whatever
        it is grouped."""
        source = os.path.join(harness.SOURCE, "tests", "oracle", "heap.go")
        program = go.build(self.path("heap"), source, self.dir, GOFLAGS="-mod=mod")
        for rate in ("1", "4096", "524288"):
            harness.check([program, rate, "text.heap", "proto.pb.gz"], cwd=self.dir)
            text, proto = (harness.Profile(self.path(name))
                           for name in ("text.heap", "proto.pb.gz"))
            self.assertEqual(proto.totals, text.totals)
            for by in ("line", "function", "file", "size"):
                rows = [sorted((row["key"], *(row[name] for name in TOTALS.values()))
                               for row in p.rows(by) if row["total_blocks"]) for p in (proto, text)]
                self.assertEqual(rows[0], rows[1], (rate, by))
            self.assertIn("main.hold", [row["function"]
                                        for row in text.report("--by", "function")["rows"]])


if __name__ == "__main__":
    harness.main()
