# SPDX-License-Identifier: MIT
# timeout: 200
# cost: 12
"""What memtrack exports is read again as what it was, as far as the format holds it; and names of
every kind go through every format into its readers."""
import json

from support import exported, go, harness, pprof

BOTH = ("total_bytes", "total_blocks", "peak_bytes", "peak_blocks", "live_bytes", "live_blocks")
NAMES = ("semi;colon", "line\nbreak", "carriage\r\nreturn", "quote\"s 'and' `ticks`", "back\\slash",
         "tab\there", "\x1b[31mred\x1b[0m", "NaN", "1e400", "-1", " 12", "(3)", "fn=(1) x", "#hash",
         "</script><script>alert(1)</script>", "{closure#0}", "caf\u00e9 \u202efdp", "%s%n%x",
         "f (a.c:12)", "in 3 places, all below massif's threshold (1.00%)", "x" * 10 ** 5, "[lossy]")


def named():
    """A heap profile with a block of (i + 1) KiB in the function with the i-th of the names, called
    by the first."""
    field, number = pprof.field, pprof.number
    strings = ["", "inuse_objects", "count", "inuse_space", "bytes", *NAMES]
    parts = [field(1, number(1, 1) + number(2, 2)), field(1, number(1, 3) + number(2, 4))]
    for i in range(len(NAMES)):
        ids = number(1, i + 1) + (number(1, 1) if i else b"")
        parts += [field(2, ids + number(2, 1) + number(2, (i + 1) * 1024)),
                  field(4, number(1, i + 1) + field(4, number(1, i + 1) + number(2, i + 1))),
                  field(5, number(1, i + 1) + number(2, i + 5) + number(4, i + 5))]
    return b"".join(parts + [field(6, text.encode()) for text in strings])


class Again(exported.Case):
    TIMED = ("layers",)

    def made(self, format, path, *options):
        name = self.path("again." + format)
        with open(name, "wb") as file:
            file.write(self.export(format, path, *options))
        return name

    def by_line(self, path, *options):
        """Figures of lines; those without a line have other names, and are compared in sum."""
        sums = {}
        for row in self.report(path, "--by", "line", *options)["rows"]:
            known = row["key"] if row["line"] else "other"
            figures = sums.setdefault(known, dict.fromkeys(BOTH, 0))
            for name in BOTH:
                figures[name] += row[name]
        return sums

    def test_dhat(self):
        """As it is: every figure of every line."""
        for name in ("plain", "sampled", "many", "deep", "tree", "leaks", "threads"):
            path = self.profiles[name]
            made = self.made("dhat", path)
            self.assertEqual(self.by_line(path), self.by_line(made), name)
            if name in self.REAL:
                self.assertEqual(*(self.passed(self.report(file), "max_bytes")
                                   for file in (path, made)))

    def test_collapsed(self):
        """The one column, which is live there, by function."""
        for name in ("plain", "deep", "tree", "leaks", "threads"):
            path = self.profiles[name]
            for sort in ("peak", "total"):
                expected = {}
                for row in self.report(path, "--sort", sort)["rows"]:
                    path_of = tuple(f["function"] or "?" for f in row["stack"]) or ("?",)
                    expected[path_of] = expected.get(path_of, 0) + row[sort + "_bytes"]
                found = self.report(self.made("collapsed", path, "--sort", sort))
                self.assertEqual(sum(expected.values()), self.passed(found, "live_bytes"), name)
                sizes = sorted(row["live_bytes"] for row in found["rows"] if row["live_bytes"])
                self.assertEqual(sorted(v for v in expected.values() if v), sizes, name)

    def test_massif(self):
        """Peak and end, of lines that hold more than its threshold; the rest in sum."""
        for name in ("plain", "deep", "tree", "leaks", "timed layers"):
            path = self.profiles[name]
            one, again = self.by_line(path), self.by_line(self.made("massif", path))
            for column in ("peak_bytes", "live_bytes"):
                total = sum(figures[column] for figures in one.values())
                self.assertEqual(total, sum(figures[column] for figures in again.values()), name)
                for key, figures in one.items():
                    if key != "other" and figures[column] * 50 > total:
                        self.assertEqual(figures[column], again[key][column], (name, key))

    def test_massif_has_the_time_axis(self):
        made = self.made("massif", self.profiles["plain"])
        for time in ("0.6s", "1.2s", "1.5s"):
            one, again = (self.passed(self.report(path, "--at", time), "live_bytes")
                          for path in (self.profiles["plain"], made))
            self.assertEqual(one, again, time)


class Names(exported.Case):
    KNOWN, REAL = (), {}

    def test_every_name_goes_through_every_format(self):
        path = self.write("names.pb", named())
        total = sum(range(1, len(NAMES) + 1)) * 1024
        for format in ("pprof", "collapsed", "speedscope", "dhat", "massif", "callgrind", "heap",
                       "json", "csv"):
            with self.subTest(format):
                made = self.path("names." + format)
                with open(made, "wb") as file:
                    file.write(self.export(format, path))
                self.assertEqual(total, getattr(self, "total_of_" + format, self.total)(made))

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def total(self, made):
        """As memtrack reads it."""
        return self.passed(self.report(made), "live_bytes")

    def total_of_pprof(self, made):
        again = {row["function"]: row["live_bytes"] for row in
                 self.report(made, "--by", "function")["rows"]}
        self.assertEqual({name: (i + 1) * 1024 for i, name in enumerate(NAMES)}, again)
        return go.sums(made)["inuse_space"]

    def total_of_speedscope(self, made):
        with open(made) as file:
            document = json.load(file)
        self.assertEqual(set(NAMES), {frame["name"] for frame in document["shared"]["frames"]})
        return document["profiles"][0]["endValue"]

    def total_of_callgrind(self, made):
        text = harness.check([harness.tool("callgrind_annotate"), "--auto=no", "--threshold=100",
                              "--show-percs=no", made]).stdout.decode()
        totals = next(line for line in text.splitlines() if line.endswith("PROGRAM TOTALS"))
        return int(totals.split()[0].replace(",", ""))

    def total_of_massif(self, made):
        harness.check([harness.tool("ms_print"), made])
        return self.total(made)

    def total_of_json(self, made):
        with open(made) as file:
            return sum(row["live_bytes"] for row in json.load(file)["rows"])

    def total_of_csv(self, made):
        with open(made, "rb") as file:
            return sum(int(row["live_bytes"]) for row in harness.rows_of_csv(file.read()))


if __name__ == "__main__":
    harness.main()
