# SPDX-License-Identifier: MIT
# timeout: 300
# processors: 2
# cost: 20
"""A profile whose names are programs, or that lies about itself, in a page: nothing of it runs,
nothing hangs, nothing is asked of the network, and what is wrong is said."""
import gzip
import io
import os
import random

from support import browser, bombs, case, harness, pages, profiles
from support.pprof import field, number, varint

SCRIPTS = ["<img src=x onerror='window.pwned=1'>", "</script><script>window.pwned=1</script>",
           "<!--", "-->", "<svg/onload=window.pwned=1>", "javascript:window.pwned=1", "@SCRIPT@",
           "@DATA@", "${window.pwned=1}", "'\"><iframe srcdoc='<script>parent.pwned=1</script>'>",
           "\u202egnp.exe\u202c", "a\0b", "&lt;b&gt;&amp;#x3c;", "__proto__", "constructor", "NaN",
           "\ud7ff\u2028\u2029\ufffe", "x" * 10**6, "(" * 10**5, "a<" * 10**5, "\n" * 1000]
BYTES = [text.encode() for text in SCRIPTS] + [b"\xff\xfe\xc0\x80", b"\xed\xa0\x80", b""]
KINDS = ["alloc_objects", "count", "alloc_space", "bytes", "inuse_objects", "inuse_space",
         "memtrack_thread", "thread", "scope", "domain"]


def profile():
    """Each of the names as a function in a file of that name, called by all others, in a thread, a
    scope and a domain of that name."""
    strings = [b"", *(kind.encode() for kind in KINDS), *BYTES]
    index = {text: i for i, text in reversed(list(enumerate(strings)))}
    of = {kind: index[kind.encode()] for kind in KINDS}
    out = b"".join(field(6, text) for text in strings)
    for kind, unit in (("alloc_objects", "count"), ("alloc_space", "bytes"),
                       ("inuse_objects", "count"), ("inuse_space", "bytes")):
        out += field(1, number(1, of[kind]) + number(2, of[unit]))
    for i, name in enumerate(BYTES, 1):
        out += field(3, number(1, i) + number(2, i << 20) + number(3, i + 1 << 20) +
                     number(5, index[name]))
        out += field(5, number(1, i) + number(2, index[name]) + number(4, index[name]))
        out += field(4, number(1, i) + number(2, i) + number(3, (i << 20) + 16) +
                     field(4, number(1, i) + number(2, i)))
    for i, name in enumerate(BYTES, 1):
        path = b"".join(map(varint, [i, *range(1, len(BYTES) + 1)]))
        labels = b"".join(field(3, number(1, of[key]) + number(2, index[name]))
                          for key in ("thread", "scope", "domain"))
        out += field(2, field(1, path) + field(2, b"".join(map(varint, (i, i * 100, i, i * 50)))) +
                     labels)
    return gzip.compress(out)


# What would be there if a name had become a part of the page.
INTACT = """() => ({ pwned: window.pwned ?? null, scripts: document.scripts.length,
    strangers: document.querySelectorAll("img, iframe, object, embed, b[onclick], #app script").length,
    handlers: [...document.querySelectorAll("*")].filter((node) =>
        [...node.attributes].some((a) => a.name.startsWith("on") || /javascript:/i.test(a.name === "href" ? a.value : ""))).length })"""
VIEWS = "() => [...document.querySelectorAll('nav a')].map((a) => new URLSearchParams(a.hash.slice(1)).get('view') ?? 'summary')"


class Hostile(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)

    def intact(self, tab, path, scripts):
        self.assertEqual({"pwned": None, "scripts": scripts, "strangers": 0, "handlers": 0},
                         tab.run(INTACT))
        seen = tab.seen()
        self.assertEqual([], seen["dialogs"])
        self.assertEqual([], [url for url in seen["requests"] if not url.endswith(
            os.path.basename(path))])

    def visit(self, tab):
        """Every view, the larger ones in their kinds, with rows open."""
        for view in tab.run(VIEWS):
            tab.set(view=view)
        for by in ("line", "function", "file", "module", "thread", "scope", "domain", "size"):
            tab.set(view="table", by=by, select="")
            for key in tab.run("(by) => memtrack.rows({ by }).slice(0, 3).map((row) => row.key)",
                               by):
                tab.set(select=key)
        for shape in ("icicle", "inverted", "sandwich"):
            tab.set(view="flame", shape=shape, select=SCRIPTS[0])
        tab.set(view="table", by="line", select="", search=SCRIPTS[0], include=[SCRIPTS[1]])

    def test_names(self):
        path = self.write("names.pb.gz", profile())
        page, usual = self.path("names.html"), self.path("usual.html")
        harness.memtrack("report", "--html", page, path)
        harness.memtrack("report", "--html", usual, profiles.make("plain", self.dir))
        with self.browser.open(usual) as tab:
            scripts = tab.run(INTACT)["scripts"]
        with self.browser.open(page) as tab:
            tab.ready()
            self.intact(tab, page, scripts)
            self.visit(tab)
            self.intact(tab, page, scripts)
            self.assertEqual([], tab.seen()["errors"])
        # and without scripts what the command wrote
        with self.browser.open(page, script=False) as tab:
            self.assertEqual([], tab.seen()["errors"] + tab.seen()["dialogs"])

    def test_name_of_the_file(self):
        """As it stands in an attribute of the page, and as the command line and the summary do."""
        for name in SCRIPTS[:4]:
            name = name.replace("/", "\u2215") + ".pb.gz"
            page = self.path("file.html")
            harness.memtrack("report", "--html", page, "--force", self.write(name, profile()))
            with self.subTest(name), self.browser.open(page) as tab:
                tab.ready()
                self.intact(tab, page, tab.run("() => document.scripts.length"))
                self.assertEqual(None, tab.run("() => window.pwned ?? null"))

    def test_address(self):
        """What is in the address is not trusted either."""
        page = pages.write(self.path("address.html"), (profile(), "a.pb.gz"))
        fragments = ["view=%3Cimg%20src=x%20onerror=window.pwned=1%3E&by=constructor&sort=__proto__",
                     "sort=toString&at=NaN", "view=table&at=1e999s&from=-1s", "include=" + "x" * 10**5,
                     "view=flame&focus=" + "0." * 10**4 + "&select=" + "%00" * 100,
                     "order=constructor&view=table", "&".join("include=a%d" % i for i in range(1000)),
                     "%", "=&=&&view", "view=source&source=%2e%2e%2f", "shape=x&color=y&course=z"]
        for fragment in fragments:
            with self.subTest(fragment[:60]), self.browser.open(page + "#" + fragment) as tab:
                tab.ready()
                self.intact(tab, page, tab.run("() => document.scripts.length"))
                self.assertEqual([], tab.seen()["errors"])
                # and there is a way back
                tab.set(view="table", at="", to="", sort="", include=[], order="", **{"from": ""})
                self.assertIn("rows", tab.text("main"))

    def test_damaged(self):
        """What is no profile is refused, with its name and a reason, as the command refuses it."""
        whole = profile()
        half = gzip.compress(gzip.decompress(whole)[:20000])
        damaged = {"empty": b"", "cut": whole[:len(whole) // 2], "no gzip": b"\x1f\x8b" + b"x" * 99,
                   "half": half, "text": b"Dear Sir,\n", "zeros": bytes(10000),
                   "a wrong sum": whole[:-8] + bytes(8)}
        for name, data in damaged.items():
            page = pages.write(self.path("damaged.html"), (data, "%s.pb.gz" % name))
            with self.subTest(name), self.browser.open(page) as tab:
                tab.refused()
                said = tab.text(".problem")
                self.assertIn(name, said)
                self.assertGreater(len(said.split()), 4, said)
                self.assertEqual([], tab.seen()["errors"])

    def test_damaged_page(self):
        """Of which a part was lost."""
        page = pages.of(self.path("whole.html"), profiles.make("plain", self.dir))
        text = self.read("whole.html").decode()
        for name, begin in (("profile", 'data-name="plain.pb.gz">'),
                            ("viewer", '<script id="memtrack-viewer" type="text/plain">')):
            at = text.index(begin) + len(begin)
            for kind, damaged in (("other letters", text[:at] + "#%!" + text[at:]),
                                  ("a gap", text[:at + 100] + text[at + 400:]),
                                  ("nothing", text[:at] + text[text.index("</script>", at):])):
                self.write("whole.html", damaged)
                with self.subTest(name, kind=kind), self.browser.open(page) as tab:
                    tab.refused()
                    self.assertGreater(len(tab.text(".problem").split()), 4)

    def test_lies_about_lines(self):
        """What a comparison knows of lines may be anything: rows stay all of those that there are."""
        paths = [profiles.make(kind, self.dir) for kind in ("plain", "rebuilt")]
        lies = {"noise": random.Random(5).randbytes(10000),
                "names": b"".join(name + b"\x0010=1 20=2\0" for name in BYTES if name) + b"\0",
                "many": gzip.compress(b"src/a.c\0" + b" ".join(
                    b"%d=%d" % (i, i) for i in range(1, 200000)) + b"\0\0")}
        wanted = harness.ask("diff", *paths)["diff"]["total_bytes"]
        for name, lines in lies.items():
            page = pages.of(self.path("lines.html"), *paths, lines=lines)
            with self.subTest(name), self.browser.open(page).ready() as tab:
                shown = tab.run("() => memtrack.rows().map((row) => row.diff_total_bytes)")
                self.assertEqual(wanted, sum(shown))
                self.intact(tab, page, tab.run("() => document.scripts.length"))
        page = pages.of(self.path("lines.html"), *paths, lines=gzip.compress(bytes(99))[:20])
        with self.browser.open(page) as tab:
            tab.refused()
            self.assertIn("lines", tab.text(".problem"))

    def test_bombs(self):
        """Small files that mean much: shown or refused, and the browser lives. The machine may be
        busy; a quadratic step takes hours."""
        names = bombs.BOMBS if os.environ.get("MEMTRACK_SOAK") else [
            "a path of millions", "deep inlines", "angles", "ticks", "scopes",
            "text: records"]
        for name in names:
            page = pages.write(self.path("bomb.html"), (bombs.packed(bombs.BOMBS[name]), "bomb.pb.gz"))
            with self.subTest(name), self.browser.open(page) as tab:
                tab.refused()
                self.assertTrue(tab.text("#app").strip())
                self.assertEqual([], tab.seen()["errors"])

    def test_gzip_of_nothing(self):
        """Half a GiB of zeros in half a MB is refused before it is in memory."""
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9) as file:
            for _ in range(512):
                file.write(bytes(1 << 20))
        page = pages.write(self.path("zeros.html"), (buffer.getvalue(), "zeros.pb.gz"))
        with self.browser.open(page) as tab:
            tab.refused()
            self.assertIn("256 times", tab.text(".problem"))


if __name__ == "__main__":
    harness.main()
