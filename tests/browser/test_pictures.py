# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 8
"""The pictures of the page in the documents: that they are there, each in both themes, and that
their views still draw something like them.

MEMTRACK_PICTURES=PROFILE renews them from that profile before the test; those in the documents are of a
redis-server with debug information, recorded while redis-benchmark asked it."""
import os
import struct

from support import browser, case, harness, profiles

PICTURES = os.path.join(harness.SOURCE, "docs", "pictures")
VIEWS = {"summary": {"view": "summary"}, "timeline": {"view": "timeline"},
         "flame": {"view": "flame"}, "table": {"view": "table"}}
THEMES = {"light": False, "dark": True}
MOST_BYTES = 1500000  # of all together
# Pictures that show nothing pack into little.
LEAST_BYTES = 20000


def size_of(path):
    with open(path, "rb") as file:
        head = file.read(24)
    assert head.startswith(b"\x89PNG"), path
    return struct.unpack(">II", head[16:])


class Pictures(case.ClassCase):
    def names(self):
        for view in VIEWS:
            for theme in THEMES:
                yield view, theme, "page-%s-%s.png" % (view, theme)

    def draw(self, chromium, profile, directory):
        page = self.path("page.html")
        harness.memtrack("report", "--html", page, "--force", profile)
        for view, theme, name in self.names():
            with chromium.open(page, dark=THEMES[theme]) as tab:
                tab.ready().set(**VIEWS[view])
                # what is put off until the page is idle is drawn as well
                tab.run("""() => new Promise((done) => setTimeout(() =>
                    requestIdleCallback(() => requestAnimationFrame(done)), 300))""")
                tab.screenshot(os.path.join(directory, name))
                self.assertEqual([], tab.seen()["errors"])

    def test_pictures(self):
        with browser.Chromium() as chromium:
            if os.environ.get("MEMTRACK_PICTURES"):
                self.draw(chromium, os.environ["MEMTRACK_PICTURES"], PICTURES)
            self.draw(chromium, profiles.make_timeline("layers", self.dir, "l.pb.gz"), self.dir)
        total = 0
        for _, _, name in self.names():
            kept, drawn = os.path.join(PICTURES, name), self.path(name)
            self.assertTrue(os.path.exists(kept), name)
            self.assertEqual(size_of(kept), size_of(drawn))
            self.assertGreater(os.path.getsize(drawn), LEAST_BYTES, name)
            total += os.path.getsize(kept)
        self.assertLess(total, MOST_BYTES)
        for theme in range(0, len(VIEWS) * 2, 2):  # the themes are two
            names = [name for _, _, name in self.names()][theme:theme + 2]
            self.assertNotEqual(self.read(names[0]), self.read(names[1]))


if __name__ == "__main__":
    harness.main()
