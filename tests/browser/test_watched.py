# SPDX-License-Identifier: MIT
# timeout: 120
# cost: 8
"""The page of a tree of processes that memtrack watch has looked at: what stands on it, at each
moment and over each range, is what memtrack timeline says of the same file."""
import json

from support import browser, case, harness

TREE = ["sh", "-c", "sleep 1 & sleep 1 & sleep 1 & wait"]
HEAD = "() => document.querySelector('.moment h2, .answer h2, .page h2').textContent"
HOLDERS = """() => [...document.querySelectorAll('.moment li')].map((row) =>
    [row.querySelector('b').textContent, row.querySelector('.amount').textContent.split(' · ')[0]])"""
ROWS = """() => [...document.querySelectorAll('.grid tbody tr')].map((row) =>
    [...row.children].map((cell) => cell.innerText.trim()))"""
FACTS = """() => Object.fromEntries([...document.querySelectorAll('.facts dt')].map((term) =>
    [term.textContent, term.nextSibling.textContent]))"""
LEGEND = "() => [...document.querySelectorAll('.legend > span')].map((e) => e.textContent)"


def size(value):
    """In the words of the command."""
    sign, value = "-" if value < 0 else "", abs(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1023.95:
            break
        value /= 1024
    return "%s%s %s" % (sign, value if unit == "B" else "%.1f" % value, unit)


class Watched(case.ClassCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)
        cls.file = cls.path("tree.pb.gz")
        harness.memtrack("watch", "-q", "-o", cls.file, "--", *TREE)
        harness.memtrack("report", "--html", cls.path("tree.html"), cls.file)
        cls.timeline = json.loads(harness.memtrack("timeline", "--json", cls.file).stdout)
        cls.tree, cls.processes = cls.timeline["tree"], cls.timeline["processes"]
        assert len(cls.processes) > 1, cls.processes

    def page(self):
        return self.browser.open(self.path("tree.html")).ready()

    def name(self, process):
        about = process["process"]
        return "%s %d" % (about["command"][0].split("/")[-1], about["pid"])

    def had(self, time_ns):
        """The RSS of each process at a look, of which it had some."""
        had = {}
        for process in self.processes:
            ticks = process["ticks"]
            before = [tick["rss_bytes"] for tick in ticks if tick["time_ns"] <= time_ns]
            if before and time_ns <= ticks[-1]["time_ns"] and before[-1]:
                had[self.name(process)] = before[-1]
        return had

    def test_peaks(self):
        """The sum's, and that of the process that had most, each named."""
        most = max(self.processes, key=lambda process: process["peak_rss_bytes"])
        peak = max(self.tree["ticks"], key=lambda tick: tick["rss_bytes"])
        with self.page() as tab:
            self.assertIn("At most %s of RSS, at " % size(peak["rss_bytes"]), tab.run(HEAD))
            facts = tab.run(FACTS)
            self.assertTrue(facts["at most"].startswith("RSS %s" % size(self.tree["peak_rss_bytes"])))
            self.assertEqual("%s in process %d, %s" % (
                size(most["peak_rss_bytes"]), most["process"]["pid"],
                self.name(most).split()[0]), facts["peak RSS"])
            self.assertEqual([], tab.seen()["errors"])

    def test_moments(self):
        ticks = self.tree["ticks"]
        with self.page() as tab:
            for tick in ticks[:: max(1, len(ticks) // 8)]:
                tab.set(view="timeline", at="%.9fs" % (tick["time_ns"] / 1e9))
                had = self.had(tick["time_ns"])
                self.assertEqual(tick["rss_bytes"], sum(had.values()))
                self.assertTrue(tab.run(HEAD).startswith(size(tick["rss_bytes"])), tab.run(HEAD))
                self.assertEqual({name: size(value) for name, value in had.items()},
                                 dict(tab.run(HOLDERS)))
            self.assertEqual([], tab.seen()["errors"])

    def test_range(self):
        first, last = self.tree["ticks"][0]["time_ns"], max(
            self.tree["ticks"], key=lambda tick: tick["processes"])["time_ns"]
        old, new = self.had(first), self.had(last)
        change = {name: new.get(name, 0) - old.get(name, 0) for name in {*old, *new}}
        with self.page() as tab:
            tab.set(view="timeline", **{"from": "%.9fs" % (first / 1e9), "to": "%.9fs" % (last / 1e9)})
            self.assertEqual({name: "+" * (value > 0) + size(value)
                              for name, value in change.items() if value}, dict(tab.run(HOLDERS)))

    def test_processes(self):
        with self.page() as tab:
            tab.set(view="processes")
            self.assertTrue(tab.run(HEAD).startswith("%d processes: " % len(self.processes)))
            self.assertEqual({(self.name(p), size(p["peak_rss_bytes"])) for p in self.processes},
                             {(row[0], row[1]) for row in tab.run(ROWS)})
            tab.set(view="timeline", course="bands")
            self.assertLessEqual({self.name(p) for p in self.processes[:10]}, set(tab.run(LEGEND)))
            self.assertEqual([], tab.seen()["errors"])


if __name__ == "__main__":
    harness.main()
