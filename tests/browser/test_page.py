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
VIEWS = "() => [...document.querySelectorAll('nav a')].filter((a) => !a.classList.contains('missing')).map((a) => new URLSearchParams(a.hash.slice(1)).get('view') ?? 'summary')"

# Pairs of controls that share a part of the screen, and controls that are cut off at its side.
OVERLAPS = """() => {
    const visible = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
    const clipped = (node) => { // what is scrolled out of sight
        const box = node.getBoundingClientRect(), out = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
        for (let at = node.parentElement; at; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (!/auto|scroll|hidden|clip/.test(style.overflowX + style.overflowY)) continue;
            const around = at.getBoundingClientRect();
            out.left = Math.max(out.left, around.left); out.right = Math.min(out.right, around.right);
            out.top = Math.max(out.top, around.top); out.bottom = Math.min(out.bottom, around.bottom);
        }
        return out;
    };
    const nodes = [...document.querySelectorAll("header > *, nav a, button, select, input, h2, dt, dd, .num, canvas, td, th")]
        .filter((node) => visible(node) && !node.closest("dialog, #static") && node.textContent !== undefined && !node.matches(".grow"));
    const name = (node) => `${node.tagName.toLowerCase()}.${node.className} "${(node.textContent || node.getAttribute("aria-label") || "").trim().slice(0, 30)}"`;
    const boxes = nodes.map((node) => ({ node, box: clipped(node) })).filter(({ box }) => box.right - box.left > 1 && box.bottom - box.top > 1);
    const found = [];
    for (let i = 0; i < boxes.length && found.length < 10; i++)
        for (let k = i + 1; k < boxes.length; k++) {
            const { node: a, box: x } = boxes[i], { node: b, box: y } = boxes[k];
            if (a.contains(b) || b.contains(a)) continue;
            const floats = (node) => { for (let at = node; at; at = at.parentElement) if (["absolute", "sticky", "fixed"].includes(getComputedStyle(at).position) && !at.matches(".body > .row")) return true; return false; };
            const wide = Math.min(x.right, y.right) - Math.max(x.left, y.left), high = Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top);
            if (wide > 2 && high > 2 && !floats(a) && !floats(b)) found.push(`${name(a)} and ${name(b)}: ${wide.toFixed(0)}x${high.toFixed(0)}`);
        }
    const wide = document.documentElement.scrollWidth - innerWidth;
    if (wide > 0) found.push(`the page is ${wide} pixels wider than its window`);
    for (const { node, box } of boxes.filter(({ node }) => node.matches("header > *, nav a, .tools *")))
        if (box.right > innerWidth + 1 || box.left < -1) found.push(`${name(node)} is cut off at ${box.left.toFixed(0)}-${box.right.toFixed(0)}`);
    return found;
}"""
AXE = """async (rules) => (await axe.run(document.querySelector("#app"), { runOnly: rules })).violations.flatMap((violation) =>
    violation.nodes.slice(0, 4).map((node) => `${violation.id}: ${node.html.slice(0, 120)} ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""}`))"""
RULES = ["color-contrast", "button-name", "link-name", "label", "select-name", "aria-allowed-attr",
         "aria-required-children", "aria-required-parent", "aria-roles", "aria-valid-attr",
         "aria-valid-attr-value", "document-title", "html-has-lang", "image-alt", "list", "listitem",
         "duplicate-id-aria", "aria-hidden-focus", "nested-interactive", "dlitem", "definition-list"]
FOCUS = """() => { const node = document.activeElement; return node === document.body ? "" :
    `${node.tagName.toLowerCase()} ${(node.getAttribute("aria-label") || node.textContent || "").trim().slice(0, 40)}`; }"""
OUTLINE = "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0; }"


class Page(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)
        timed = profiles.make_timeline("layers", cls.dir, "layers.pb.gz")
        cls.paths = {"plain": profiles.make("plain", cls.dir), "deep": profiles.make("deep", cls.dir),
                     "rebuilt": profiles.make("rebuilt", cls.dir), "layers": timed,
                     "scopes": profiles.make("scopes", cls.dir)}
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
                const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: url });
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
        wrong = []
        for size, how in SIZES.items():
            for name, page in self.pages.items():
                with self.browser.open(page, **how) as tab:
                    for view in tab.ready().run(VIEWS):
                        tab.set(view=view)
                        wrong += ["%s, %s, %s: %s" % (size, name, view, what)
                                  for what in tab.run(OVERLAPS)]
                    if name == "plain":
                        tab.set(view="table", select=tab.run("() => memtrack.rows({})[0].key"),
                                include=["*"], at="1s")
                        wrong += ["%s, an open row: %s" % (size, what) for what in tab.run(OVERLAPS)]
        self.assertEqual([], wrong, "\n".join(wrong))

    def test_contrast_and_names(self):
        """What axe finds, which knows the guidelines (WCAG AA): contrast, and names of controls."""
        wrong = []
        axe = os.path.join(browser.modules(), "axe-core", "axe.min.js")
        for dark in (False, True):
            for name in ("plain", "layers", "comparison", "scopes"):
                with self.browser.open(self.pages[name], dark=dark) as tab:
                    tab.ready().ask("script", path=axe)
                    for view in tab.run(VIEWS):
                        tab.set(view=view)
                        wrong += ["%s, %s, %s: %s" % ("dark" if dark else "light", name, view, what)
                                  for what in tab.run(AXE, RULES)]
        self.assertEqual([], wrong, "\n".join(wrong))

    def test_keyboard(self):
        """Tab reaches every control, what has the focus is seen, and each view has its key."""
        for name in ("plain", "layers"):
            with self.subTest(name), self.browser.open(self.pages[name]) as tab:
                views = tab.ready().run(VIEWS)
                for view in views:
                    tab.set(view=view)
                    controls = tab.run("""() => [...document.querySelectorAll("button, select, input, a[href]")].filter(
                        (n) => n.checkVisibility() && !n.disabled && n.tabIndex >= 0 && !n.closest("dialog:not([open])")).length""")
                    tab.run("() => document.activeElement.blur()")
                    reached = set()
                    for _ in range(controls + 6):
                        tab.press("Tab")
                        reached.add(tab.run("() => { const all = [...document.querySelectorAll('*')]; return all.indexOf(document.activeElement); }"))
                        self.assertTrue(tab.run(OUTLINE) or not tab.run(FOCUS), (view, tab.run(FOCUS)))
                    self.assertGreaterEqual(len(reached), min(controls, 3), view)
                    missed = tab.run("""(reached) => { const all = [...document.querySelectorAll("*")];
                        return all.filter((n, i) => n.matches("button, select, input, a[href]") && n.checkVisibility() && !n.disabled &&
                            n.tabIndex >= 0 && !n.closest("dialog") && !reached.includes(i)).map((n) => n.textContent || n.ariaLabel); }""",
                                     sorted(reached))
                    self.assertEqual([], missed, view)
                tab.run("() => document.activeElement.blur()")
                tab.set(view="summary")
                tab.press("?")
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
        """The viewer alone opens what is given to it, of memtrack and of others; two are compared."""
        seed = os.path.join(harness.SOURCE, "tests", "fuzz", "corpus", "fuzz_pprof")
        viewer = self.pages["plain"]
        for paths, view in (([os.path.join(seed, "seed-text-jemalloc.bin")], "report"),
                            ([os.path.join(seed, "seed-foreign.bin")], "report"),
                            ([self.paths["deep"]], "report")):
            with self.subTest(paths), self.browser.open(viewer) as tab:
                tab.ready()
                data = []
                for path in paths:
                    with open(path, "rb") as file:
                        data.append({"name": os.path.basename(path), "bytes": list(file.read())})
                tab.run("""(files) => { const given = new DataTransfer();
                    for (const file of files) given.items.add(new File([new Uint8Array(file.bytes)], file.name));
                    dispatchEvent(Object.assign(new DragEvent("drop", { dataTransfer: given, cancelable: true }))); }""", data)
                wanted = harness.ask(view, *paths)["rows"]
                shown = tab.run("""async (n) => { for (let i = 0; i < 200; i++) {
                    if (memtrack.rows({}).length === n[0] && memtrack.rows({})[0].key === n[1]) break;
                    await new Promise((done) => setTimeout(done, 20)); }
                    return JSON.stringify(memtrack.rows({})); }""", [len(wanted), wanted[0]["key"]])
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
                self.assertEqual(report["totals"], firefox.run("(q) => memtrack.totals(q)", question))
            for view in firefox.run(VIEWS):
                firefox.run("(view) => memtrack.set({ view })", view)
                self.assertTrue(firefox.run("() => document.querySelector('main').childElementCount"))
                self.assertEqual("", firefox.run("() => document.querySelector('.problem')?.innerText ?? ''"))
            firefox.run("() => { memtrack.set({ view: 'table' }); document.activeElement.blur(); }")
            firefox.press("\ue015")  # down
            self.assertEqual(report["rows"] and harness.ask("report", path)["rows"][0]["key"],
                             firefox.run("() => memtrack.state().select"))


if __name__ == "__main__":
    harness.main()
