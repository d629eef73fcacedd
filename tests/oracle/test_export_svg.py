# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 8
"""The flame graph that `memtrack export --format svg` draws: xmllint takes it, its frames are the
nodes of `memtrack tree`, each within its caller and with its figure, nothing in it is active, and in
a browser no label is longer than its frame."""
import os
import re
import xml.etree.ElementTree as ElementTree

from support import exported, harness

SVG = "{http://www.w3.org/2000/svg}"
SORTED_BY = {"peak": "peak_bytes", "live": "live_bytes", "total": "total_bytes",
             "total-blocks": "total_blocks", "blocks": "total_blocks"}
ROW = 19


class Frame:
    def __init__(self, group):
        rectangle = group.find(SVG + "rect")
        self.x, self.y, self.width = (float(rectangle.get(key)) for key in ("x", "y", "width"))
        title = group.find(SVG + "title").text
        self.title = title.split("\n")[0]
        figure = (re.search(r"\(([-0-9,]+) bytes\)", title) or  # then blocks, of a difference signed
                  re.search(r"\n([0-9,]+) blocks?,", title) or
                  re.search(r"\n([+-][0-9,]+) blocks?\b", title))
        self.figure = int(figure[1].replace(",", "")) if figure else None
        self.texts = group.findall(SVG + "text")
        self.children = []

    def paths(self, above=()):
        """Each frame as (keys from the root, figure)."""
        for child in self.children:
            path = (*above, child.title)
            yield path, child.figure
            yield from child.paths(path)


def frames_of(svg):
    """The root, with everything below it; and all frames."""
    document = ElementTree.fromstring(svg)
    groups = [group for group in document.iter(SVG + "g") if group.find(SVG + "title") is not None]
    frames = [Frame(group) for group in groups]
    named = [frame for frame in frames if frame.figure is not None]
    last = {}  # of each level, the frame that was drawn last: a frame follows its caller
    for frame in named:
        last[frame.y] = frame
        if frame is not named[0]:
            last[frame.y - ROW].children.append(frame)
    return named[0], frames


def nodes(children, column, above=()):
    """The nodes of a tree as the frames have them; text that is long or not printable is not
    compared."""
    for node in children:
        path = (*above, node["key"])
        yield path, node[column]
        yield from nodes(node["children"], column, path)


class Svg(exported.Case):
    REAL = {"tree": ["tree"], "leaks": ["leaks"]}

    def test_frames_are_the_nodes_of_the_tree(self):
        for path, options, report in self.each():
            svg = self.export("svg", path, *options)
            harness.check([harness.tool("xmllint"), "--noout", "-"], stdin=svg)
            column = SORTED_BY[report["sort"]]
            if path == self.profiles["other"] and not column.startswith("live"):
                column, options = "live_bytes", [*options, "--sort", "live"]  # all that it has
            root, frames = frames_of(svg)
            self.assertEqual(self.passed(report, column), root.figure)
            tree = harness.ask("tree", "--by", "function", *options, path)
            known = dict(nodes(tree["children"], column))
            clean = {key: figure for key, figure in root.paths()
                     if all(name.isprintable() and "\\x" not in name and "…" not in name
                            for name in key)}
            for key, figure in clean.items():
                self.assertEqual(known[key], figure, key)
            for frame in frames:
                self.assertGreater(frame.width, .7)
                for child in frame.children:
                    self.assertGreaterEqual(child.x + .02, frame.x)
                    self.assertLessEqual(child.x + child.width, frame.x + frame.width + 1.02)

    def test_what_is_not_drawn_is_counted(self):
        for path, _, report in self.each(["end", "total"]):
            svg = self.export("svg", path, "--sort", report["sort"]).decode()
            root, _ = frames_of(svg)
            top = sum(child.figure for child in root.children)
            if top < root.figure and top > 0:
                self.assertIn("Not drawn: ", svg)

    def test_what_was_not_recorded_is_said(self):
        svg = self.export("svg", self.profiles["sampled"]).decode()
        self.assertIn(">1,234 events could not be recorded<", svg)
        self.assertIn("about 48.0 MiB at the peak", svg)
        self.assertNotIn("could not be recorded", self.export("svg", self.profiles["plain"]).decode())

    def test_a_part_of_the_paths_is_refused(self):
        result = harness.memtrack("export", "--format", "svg", "-n", "1", self.profiles["plain"],
                                  status=2)
        self.assertIn(b"a flame graph is of all call paths", result.stderr)

    def test_it_stands_alone_and_is_the_same_each_time(self):
        for path, options, _ in self.each(["end"]):
            svg = self.export("svg", path, *options)
            self.assertEqual(svg, self.export("svg", path, *options))
            for word in (b"<script", b"href", b"<foreignObject", b"url(", b"@import", b" on"):
                self.assertNotIn(word, re.sub(rb">[^<]*<", b"><", svg), word)
            self.assertEqual(1, svg.count(b"http://www.w3.org/2000/svg"))

    def test_the_picture_of_the_document(self):
        """docs/formats.md shows it; MEMTRACK_GOLDEN=write draws it again."""
        picture = os.path.join(harness.SOURCE, "docs", "pictures", "flame-graph.svg")
        svg = self.export("svg", self.profiles["deep"], "--sort", "total")
        if os.environ.get("MEMTRACK_GOLDEN") == "write":
            with open(picture, "wb") as file:
                file.write(svg)
        with open(picture, "rb") as file:
            self.assertEqual(file.read(), svg)

    def test_labels_fit_in_a_browser(self):
        chromium = harness.tool("chromium")
        page = self.path("labels.html")
        with open(page, "wb") as file:
            file.write(b"<!doctype html><meta charset=utf-8>")
            for name in ("deep", "hostile", "tree"):
                file.write(self.export("svg", self.profiles[name]))
            file.write(b"""<pre id=out></pre><script>
for (const group of document.querySelectorAll('svg g')) {
  const box = group.querySelector(':scope > rect');
  if (!box) continue;
  let sum = 0;
  for (const text of group.querySelectorAll(':scope > text')) sum += text.getComputedTextLength();
  out.append(`LABEL ${sum.toFixed(1)} ${box.getBBox().width.toFixed(1)}\\n`);
}
</script>""")
        result = harness.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
             "--user-data-dir=" + self.path("chromium"), "file://" + page],
            env=harness.plain_environment(HOME=self.dir))
        labels = [tuple(map(float, pair)) for pair in
                  re.findall(r"LABEL ([0-9.]+) ([0-9.]+)", result.stdout.decode())]
        self.assertGreater(sum(label > 0 for label, _ in labels), 2, result)
        for label, box in labels:
            self.assertLessEqual(label, box)


if __name__ == "__main__":
    harness.main()
