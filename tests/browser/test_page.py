# SPDX-License-Identifier: MIT
# timeout: 240
# processors: 2
# cost: 25
"""The page as a person has it: what it saves is the profile, it asks nothing of the network, the
keyboard is enough, nothing overlaps or is cut off in windows of all sizes, text can be read in both
themes, on paper and without scripts; and Firefox shows the same figures."""
import json
import os
import socket

from support import browser, case, harness, profiles

SIZES = {"1280x720": {"width": 1280, "height": 720}, "1920x1080": {"width": 1920, "height": 1080},
         "200 %": {"width": 640, "height": 360, "scale": 2}}
RULES = ["color-contrast", "button-name", "link-name", "label", "select-name", "aria-allowed-attr",
         "aria-required-children", "aria-required-parent", "aria-roles", "aria-valid-attr",
         "aria-valid-attr-value", "document-title", "html-has-lang", "image-alt", "list",
         "listitem", "duplicate-id-aria", "aria-hidden-focus", "nested-interactive", "dlitem",
         "definition-list"]


def script(name):
    """A function that looks at the page, in a file beside this one."""
    with open(os.path.join(harness.SOURCE, "tests", "browser", name)) as file:
        return file.read()


def views(tab):
    """The names of those that have something to show."""
    return tab.run("""() => [...document.querySelectorAll("nav a:not(.missing)")].map(
        (link) => new URLSearchParams(link.hash.slice(1)).get("view") ?? "summary")""")


class Page(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)
        timed = profiles.make_timeline("layers", cls.dir, "layers.pb.gz")
        cls.paths = {kind: profiles.make(kind, cls.dir)
                     for kind in ("plain", "deep", "rebuilt", "scopes")}
        cls.paths["layers"] = timed
        cls.pages = {name: cls.make(name, "report", path) for name, path in cls.paths.items()}
        cls.pages["comparison"] = cls.make("comparison", "diff", cls.paths["plain"],
                                           cls.paths["rebuilt"])

    @classmethod
    def make(cls, name, command, *paths):
        page = cls.path(name + ".html")
        harness.memtrack(command, "--html", page, *paths)
        return page

    def quiet(self, tab, page):
        self.assertEqual({"errors": [], "dialogs": [], "requests": ["file://" + page]}, tab.seen())

    def test_saved(self):
        """The button gives the profile's own bytes, and the command reads the page like it."""
        for name in self.paths:
            with self.subTest(name), self.browser.open(self.pages[name]) as tab:
                suggested = tab.ready().ask("save", path=self.path("saved"),
                                            selector="header button[title^=Save]")
                self.assertEqual(os.path.basename(self.paths[name]), suggested)
                with open(self.paths[name], "rb") as file:
                    self.assertEqual(file.read(), self.read("saved"))
                self.quiet(tab, self.pages[name])
            self.assertEqual(harness.ask("report", self.paths[name]),
                             harness.ask("report", self.pages[name]))

    def dhat(self, name, at_peak):
        """A run that freed all it had, as DHAT writes it."""
        point = {"tb": 900, "tbk": 9, "tl": 9, "mb": 700, "mbk": 7, "gb": at_peak, "gbk": 1,
                 "eb": 0, "ebk": 0, "fs": [1]}
        whole = {"dhatFileVersion": 2, "mode": "heap", "verb": "Allocated", "bklt": True,
                 "bkacc": False, "tu": "instrs", "Mtu": "Minstr", "tuth": 1, "cmd": "./x",
                 "pid": 1, "te": 10, "tg": 5, "pps": [point],
                 "ftbl": ["[root]", "0x1: f (a.c:5)"]}
        with open(self.path(name), "w") as file:
            json.dump(whole, file)
        return self.path(name)

    def test_what_changed(self):
        """Nothing is live in either: the first screen is about what differs, as the command is."""
        sides = self.dhat("old.json", 100), self.dhat("new.json", 600)
        page = self.path("freed.html")
        harness.memtrack("diff", "--html", page, *sides)
        said = harness.ask("diff", "--json", *sides)
        self.assertEqual("peak", said["sort"])
        with self.browser.open(page) as tab:
            tab.ready()
            self.assertEqual(
                ["500 B more at the peak: the lines that changed most", "The recordings"],
                tab.run("() => [...document.querySelectorAll('h2')].slice(0, 2)"
                        ".map((head) => head.textContent)"))
            self.assertEqual([["live", "0 B", "0 B", "0 B", ""], ["live blocks", "0", "0", "0", ""],
                              ["peak", "100 B", "600 B", "+500 B", "+500.0%"],
                              ["peak blocks", "1", "1", "0", ""],
                              ["total", "900 B", "900 B", "0 B", ""],
                              ["total blocks", "9", "9", "0", ""]],
                             tab.run("() => [...document.querySelectorAll('.sides tbody tr')]"
                                     ".map((row) => [...row.cells].map((c) => c.textContent))"))
            self.assertEqual("Peak", tab.run("() => document.querySelector("
                                             "'[aria-pressed=true]').textContent"))

    def test_nothing(self):
        """Where there is nothing, the first sentence says why."""
        head = "() => document.querySelector('h2').textContent"
        with self.browser.open(self.pages["plain"]) as tab:
            tab.ready().set(include=["nowhere"])
            self.assertEqual("Nothing passes the filter.", tab.run(head))

    def test_policy(self):
        """Nothing that the page may not do is left to its good will."""
        with socket.create_server(("127.0.0.1", 0)) as server, self.browser.open(
                self.pages["plain"], offline=False) as tab:
            server.setblocking(False)
            tab.ready()
            self.quiet(tab, self.pages["plain"])
            self.assertIsNone(tab.run("""async (url) => {
                const script = document.createElement("script"), image = new Image();
                script.textContent = "window.pwned = 1";
                document.head.append(script);
                image.src = url;
                const link = document.createElement("link");
                Object.assign(link, { rel: "stylesheet", href: url });
                document.head.append(link);
                try { await fetch(url); window.pwned = 2; } catch {}
                navigator.sendBeacon(url, "x");
                return window.pwned ?? null;
            }""", "http://127.0.0.1:%d/" % server.getsockname()[1]))
            self.assertRaises(BlockingIOError, server.accept)
            policy = tab.run("() => document.querySelector('meta[http-equiv]').content")
            self.assertIn("default-src 'none'", policy)
            self.assertIn("connect-src 'none'", policy)
            self.assertNotIn("unsafe-inline", policy)

    def test_room(self):
        """Nothing overlaps and nothing is cut off, whatever the window."""
        wrong, overlaps = [], script("overlaps.js")
        for size, how in SIZES.items():
            for name, page in self.pages.items():
                with self.browser.open(page, **how) as tab:
                    for view in views(tab.ready()):
                        tab.set(view=view)
                        wrong += ["%s, %s, %s: %s" % (size, name, view, what)
                                  for what in tab.run(overlaps)]
                    if name == "plain":
                        tab.set(view="table", select=tab.run("() => memtrack.rows({})[0].key"),
                                include=["*"], at="1s")
                        wrong += ["%s, an open row: %s" % (size, what)
                                  for what in tab.run(overlaps)]
        self.assertEqual([], wrong, "\n".join(wrong))

    def test_contrast_and_names(self):
        """What axe finds, which knows the guidelines (WCAG AA): contrast, and names of controls."""
        wrong, look = [], script("axe.js")
        axe = os.path.join(browser.modules(), "axe-core", "axe.min.js")
        for dark in (False, True):
            for name in ("plain", "layers", "comparison", "scopes"):
                with self.browser.open(self.pages[name], dark=dark) as tab:
                    tab.ready().ask("script", path=axe)
                    for view in views(tab):
                        tab.set(view=view)
                        wrong += ["%s, %s, %s: %s" % ("dark" if dark else "light", name, view, what)
                                  for what in tab.run(look, RULES)]
        self.assertEqual([], wrong, "\n".join(wrong))

    def reached(self, tab, look):
        """Tab goes round all controls, and what has the focus is seen: the names of the others."""
        tab.run("() => document.activeElement.blur()")
        wanted = [control["name"] for control in tab.run(look)]
        missed = set(range(len(wanted)))
        for _ in range(len(wanted) + 8):
            tab.press("Tab")
            for i, control in enumerate(tab.run(look)):
                if control["focused"]:
                    self.assertTrue(control["seen"], control)
                    missed.discard(i)
            if not missed:
                break
        return [wanted[i] for i in missed]

    def test_keyboard(self):
        look = script("controls.js")
        for name in ("plain", "layers"):
            with self.subTest(name), self.browser.open(self.pages[name]) as tab:
                for view in views(tab.ready()):
                    tab.set(view=view)
                    self.assertEqual([], self.reached(tab, look), view)

    def test_keys(self):
        with self.browser.open(self.pages["plain"]) as tab:
            tab.ready().press("?")
            self.assertIn("Keys", tab.text("dialog[open]"))
            tab.press("Escape")
            self.assertEqual("", tab.text("dialog[open]"))
            tab.press("/")
            tab.type("zzz")
            self.assertEqual("zzz", tab.state()["search"])
            tab.press("Escape", "Escape")
            self.assertEqual("", tab.state()["search"])

    def test_rows_by_keyboard(self):
        with self.browser.open(self.pages["plain"]) as tab:
            tab.ready().set(view="table")
            keys = tab.run("() => memtrack.rows({}).map((row) => row.key)")
            tab.press("ArrowDown", "ArrowDown")
            self.assertEqual(keys[1], tab.state()["select"])
            self.assertIn(keys[1], tab.text(".detail"))
            tab.press("Escape")
            self.assertEqual("", tab.state()["select"])

    def test_address(self):
        """A link to a view is a link to a view, and the browser goes back."""
        with self.browser.open(self.pages["plain"]) as tab:
            tab.ready().set(view="table", by="function", sort="total", include=["parse*"])
            address = tab.run("() => location.hash")
            shown = tab.text("main")
            tab.run("() => history.back()")
            tab.run("() => new Promise((done) => setTimeout(done, 100))")
            self.assertEqual("summary", tab.state()["view"])
        with self.browser.open(self.pages["plain"] + address) as tab:
            self.assertEqual(shown, tab.ready().text("main"))

    def test_paper_and_no_script(self):
        rows = harness.ask("report", self.paths["plain"])["rows"]
        with self.browser.open(self.pages["plain"]) as tab:
            tab.ready().ask("pdf", path=self.path("page.pdf"))
            self.assertGreater(os.path.getsize(self.path("page.pdf")), 8000)
        with self.browser.open(self.pages["plain"], script=False) as tab:
            tab.ask("screenshot", path=self.path("static.png"))
            tab.ask("pdf", path=self.path("static.pdf"))
            self.assertGreater(os.path.getsize(self.path("static.pdf")), 8000)
        with open(self.pages["plain"]) as file:
            static = file.read().partition('id="static">')[2].partition("</article>")[0]
        self.assertIn("48.0 MiB", static)
        for row in rows[:3]:
            self.assertIn(os.path.basename(row["key"]), static)

    def test_dropped(self):
        """A page opens what is dropped on it, of memtrack and of other tools."""
        seed = os.path.join(harness.SOURCE, "tests", "fuzz", "corpus", "fuzz_pprof")
        paths = [os.path.join(seed, "seed-text-jemalloc.bin"),
                 os.path.join(seed, "seed-foreign.bin"), self.paths["deep"]]
        for path in paths:
            with self.subTest(path), self.browser.open(self.pages["plain"]) as tab:
                tab.ready()
                wanted = harness.ask("report", path)["rows"]
                with open(path, "rb") as file:
                    dropped = [os.path.basename(path), list(file.read()), len(wanted),
                               wanted[0]["key"]]
                shown = tab.run("""async ([name, bytes, n, key]) => {
                    const dataTransfer = new DataTransfer();
                    dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
                    dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
                    const done = () => memtrack.rows().length === n &&
                        memtrack.rows()[0].key === key;
                    for (let i = 0; i < 500 && !done(); i++)
                        await new Promise((next) => setTimeout(next, 20));
                    return JSON.stringify(memtrack.rows());
                }""", dropped)
                self.assertEqual(wanted, json.loads(shown))


class Firefox(case.ClassCase):
    def test_main_path(self):
        """From the summary to the row, its paths and a moment, by keys; the figures are the
        command's."""
        path = profiles.make_timeline("layers", self.dir, "layers.pb.gz")
        page = self.path("page.html")
        harness.memtrack("report", "--html", page, path)
        with browser.Firefox() as firefox:
            firefox.open(page)
            firefox.ready()
            for question, options in (({}, []), ({"by": "function", "sort": "total"},
                                                 ["--by", "function", "--sort", "total"]),
                                      ({"at": "peak"}, ["--at", "peak"])):
                report = harness.ask("report", *options, path)
                self.assertEqual(report["rows"], firefox.run("(q) => memtrack.rows(q)", question))
                self.assertEqual(report["totals"],
                                 firefox.run("(q) => memtrack.totals(q)", question))
            for view in views(firefox):
                firefox.run("(view) => memtrack.set({ view })", view)
                self.assertEqual([True, ""], firefox.run("""() => [
                    document.querySelector("main").childElementCount > 0,
                    document.querySelector(".problem")?.innerText ?? ""]"""))
            firefox.run("() => { memtrack.set({ view: 'table' }); document.activeElement.blur(); }")
            firefox.press("\ue015")  # down
            self.assertEqual(report["rows"] and harness.ask("report", path)["rows"][0]["key"],
                             firefox.run("() => memtrack.state().select"))


if __name__ == "__main__":
    harness.main()
