# SPDX-License-Identifier: MIT
# timeout: 180
# cost: 12
"""The tour (docs/tour.md): a program in two versions, and in each viewer the line that holds its peak
and the line that grew, where a person reads them. The pictures of the tour are there.

MEMTRACK_PICTURES=PROFILE renews them, as those of test_pictures.py."""
import base64
import collections
import json
import os
import unittest

from support import browser, case, go, harness

PICTURES = os.path.join(harness.SOURCE, "docs", "pictures")
OLD, NEW = "$line{$_} = [$.]", "$line{$_} = [$., length]"
NUMBERS = "\n".join(map(str, range(1, 100001))) + "\n"
# perl's arena of the bodies of values, and that of the values: what another element of each list is.
PEAK, GREW = ("Perl_more_bodies", "sv.c"), ("Perl_more_sv", "sv.c")
NAMES = ["tour-%s%s.png" % (viewer, what) for viewer in ("page", "pprof", "speedscope")
         for what in ("", "-diff")]
BYTES = range(20000, 150000)  # of a picture that shows something, and is soon there
# Until the text is somewhere in the document.
APPEARS = """async (text) => {
    const end = performance.now() + 20000;
    while (!document.body.innerText.includes(text)) {
        if (performance.now() > end) throw new Error(`no ${text} in ${document.body.innerText}`);
        await new Promise((done) => setTimeout(done, 10));
    }
}"""
# The middle of the first element that has this text and no other in it.
PLACE = """(text) => {
    const found = [...document.querySelectorAll("td, span, div")].find(
        (element) => element.innerText?.trim() === text);
    const box = found.getBoundingClientRect();
    return {x: box.x + box.width / 2, y: box.y + box.height / 2};
}"""
# In speedscope, the frame of the chosen function: the first below the axis of its callees.
CALLEES = """() => {
    let part = [...document.querySelectorAll("div")].find(
        (element) => element.innerText?.trim() === "Callees");
    while (part.getBoundingClientRect().width < 300) part = part.parentElement;
    const box = part.getBoundingClientRect();
    return {x: box.x + 200, y: box.y + 32};
}"""


def export(form, profile, out):
    harness.memtrack("export", "--force", "--format", form, "-o", out, profile)
    return out


class Tour(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        harness.tool("perl")
        for name, script in (("old", OLD), ("new", NEW)):
            harness.memtrack("run", "-q", "-o", cls.path(name + ".pb.gz"), "--", "perl", "-ne",
                             script, stdin=NUMBERS.encode())
        cls.old, cls.new = cls.path("old.pb.gz"), cls.path("new.pb.gz")
        cls.peak = cls.first_line(harness.ask("report", "-n", "1", cls.new))
        cls.grew = cls.first_line(harness.ask("diff", "-n", "1", cls.old, cls.new))
        if not cls.peak[1]:
            raise unittest.SkipTest("perl has no line information: perl-debug is not installed")
        cls.chromium = browser.Chromium()
        cls.addClassCleanup(cls.chromium.__exit__)
        cls.pictures = PICTURES if os.environ.get("MEMTRACK_PICTURES") else cls.dir

    @staticmethod
    def first_line(answer):
        row = answer["rows"][0]
        return row["function"], os.path.basename(row["file"] or ""), row["line"]

    def for_go(self):
        """Both versions, without the functions that the report charges to their callers."""
        return [export("pprof", path, self.path("go-" + os.path.basename(path)))
                for path in (self.old, self.new)]

    def difference(self):
        """What grew, as one profile."""
        old, new = self.for_go()
        go.pprof("-proto", "-output", self.path("grew.pb.gz"), "-base", old, new)
        return self.path("grew.pb.gz")

    def kept(self, name):
        """A picture that was drawn now, and the one of the documents, show something."""
        for directory in (self.pictures, PICTURES):
            self.assertIn(os.path.getsize(os.path.join(directory, name)), BYTES, name)

    def shoot(self, tab, name):
        tab.screenshot(os.path.join(self.pictures, name))
        self.kept(name)

    def test_terminal(self):
        self.assertEqual(PEAK, self.peak[:2])
        self.assertEqual(GREW, self.grew[:2])

    def test_page(self):
        for (command, *files), line, name in (
                (("report", self.new), self.peak, "tour-page.png"),
                (("diff", self.old, self.new), self.grew, "tour-page-diff.png")):
            page = self.path(command + ".html")
            harness.memtrack(command, "--html", page, *files)
            with self.chromium.open(page, height=560) as tab:
                tab.ready().run(APPEARS, "The recording")
                text = tab.text()
                lines = [part for part in text.split() if part.startswith("sv.c:")]
                self.assertEqual("%s:%d" % line[1:], lines[0], text)
                self.shoot(tab, name)

    def test_go(self):
        old, new = self.for_go()
        for options, line, name in (((new,), self.peak, "tour-pprof.png"),
                                    (("-diff_base", old, new), self.grew, "tour-pprof-diff.png")):
            with go.served("-lines", *options) as address:
                with self.chromium.open(address + "/ui/top", offline=False, height=360) as tab:
                    rows = tab.run("""() => [...document.querySelectorAll("#rows tr")].map(
                        (row) => row.innerText)""")
                    self.assertRegex(rows[0], r"%s \S*%s:%d\s" % line)
                    self.shoot(tab, name)

    def test_speedscope(self):
        for profile, line, name in ((self.new, self.peak, "tour-speedscope.png"),
                                    (self.difference(), self.grew, "tour-speedscope-diff.png")):
            file = export("speedscope", profile, self.path("speedscope.json"))
            # as speedscope's own command hands a file to its page
            self.write("profile.js", "speedscope.loadFileFromBase64(%s, %s)" % (
                json.dumps(os.path.basename(file)),
                json.dumps(base64.b64encode(self.read(file)).decode())))
            page = "%s#localProfilePath=%s&view=sandwich" % (
                browser.package("speedscope", "dist", "release", "index.html"),
                self.path("profile.js"))
            with self.chromium.open(page, height=400) as tab:
                tab.run(APPEARS, "Symbol Name")
                tab.run(APPEARS, line[0])
                rows = tab.run("""() => [...document.querySelectorAll("tr")].map(
                    (row) => row.innerText).filter((text) => text.includes("%)"))""")
                self.assertEqual(line[0], rows[0].split()[-1])
                tab.ask("clickAt", **tab.run(PLACE, line[0]))
                tab.run(APPEARS, "Callees")
                self.assertIn("%s:%d" % line[1:], self.hovered(tab))
                self.shoot(tab, name)

    def hovered(self, tab):
        """What is said of the chosen function's frame, which listens once it is drawn."""
        for step in range(200):
            place = tab.run(CALLEES)
            tab.ask("move", x=place["x"] + step % 2, y=place["y"])
            tab.run("() => new Promise((done) => requestAnimationFrame(() => "
                    "requestAnimationFrame(() => done(null))))")
            if ".c:" in tab.text():
                return tab.text()
        raise AssertionError(tab.text())

    def test_firefox(self):
        """Its front end cannot be installed: the figures are where it takes them from."""
        for profile, line in ((self.new, self.peak), (self.difference(), self.grew)):
            with open(export("firefox", profile, self.path("firefox.json"))) as file:
                document = json.load(file)
            shared, thread = document["shared"], document["threads"][0]
            self.assertEqual("At the peak", thread["name"])
            frames, functions = shared["frameTable"], shared["funcTable"]
            sums = collections.Counter()
            for stack, weight in zip(thread["nativeAllocations"]["stack"],
                                     thread["nativeAllocations"]["weight"]):
                frame = shared["stackTable"]["frame"][stack]
                name = shared["stringArray"][functions["name"][frames["func"][frame]]]
                caller = shared["stackTable"]["frame"][stack -
                                                       shared["stackTable"]["prefixOffset"][stack]]
                within = shared["stringArray"][functions["name"][frames["func"][caller]]]
                sums[name, within] += weight
            self.assertEqual(("%s:%d" % line[1:], line[0]), sums.most_common(1)[0][0])

    def test_the_tour_shows_its_pictures(self):
        with open(os.path.join(harness.SOURCE, "docs", "tour.md")) as file:
            text = file.read()
        for name in NAMES:
            self.assertIn("(pictures/%s)" % name, text)


if __name__ == "__main__":
    harness.main()
