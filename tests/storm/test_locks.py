# SPDX-License-Identifier: MIT
# timeout: 900
# processors: 2
"""
Clearing, scopes of the process, new names, dlopen and dlclose, and forks, all at once. Nothing is
refused, nothing is dropped, and what follows is exact. The recorder of this build checks the rank,
the holder and the release of each lock, and traps. MEMTRACK_SEED is the first seed; MEMTRACK_SOAK=1
takes more of them, and longer.
"""
import os

from support import case, compiler, harness, oracle

SOAK = bool(os.environ.get("MEMTRACK_SOAK"))
ROUNDS, SEEDS = (4000, 12) if SOAK else (300, 2)
FIRST_SEED = int(os.environ.get("MEMTRACK_SEED", "1"))
PLUGINS = {"one": (111, 16), "two": (222, 48), "three": (333, 512)}
CHILDREN = 8
FIGURES = ("live_bytes", "live_blocks", "total_bytes", "total_blocks", "peak_bytes")


class Locks(case.Case):
    def setUp(self):
        super().setUp()
        self.plugins = compiler.plugins(self.dir, PLUGINS)

    def storm(self, seed):
        command = [harness.program("locks_storm"), str(ROUNDS), str(seed), *self.plugins]
        tracked = harness.track(command, self.dir, name="seed%d" % seed, timeout=300)
        self.assertEqual(0, tracked.code, "%r" % tracked)
        return tracked, [int(word) for word in tracked.stdout.split()]

    def check_scopes(self, profile, of_process, of_threads):
        """Each scope has a name of its own, and those of the second half are there: clearing forgets
        the others."""
        rows = harness.ask("scopes", "-n", "0", profile.path)["rows"]
        for process, expected in ((True, of_process), (False, of_threads)):
            counts = [row["count"] for row in rows if row["process"] == process]
            self.assertEqual((expected, expected), (len(counts), sum(counts)))

    def check_paths(self, profile, blocks, size, loads):
        rows = profile.rows("function")
        found = {row["function"]: (row["total_blocks"], row["total_bytes"], row["live_blocks"])
                 for row in rows}
        self.assertEqual((blocks, size, 0), found["take"])
        for (name, (plugin_size, _)), n in zip(PLUGINS.items(), loads):
            self.assertEqual((2 * n, 2 * n * plugin_size, 0), found.get(name + "_only", (0, 0, 0)),
                             name)
        oracle.adds_up(self, profile.report("--by", "function"), FIGURES)

    def check_child(self, profile):
        row = profile.row("function", "take")
        self.assertEqual((3, 3000, 0), (row["total_blocks"], row["total_bytes"],
                                        row["live_blocks"]))
        self.check_scopes(profile, 1, 0)

    def test_all_at_once(self):
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
            tracked, (bad, blocks, size, of_process, of_threads, clears, *loads) = self.storm(seed)
            print("seed %d: %d scopes of the process, %d of threads, %d clears, plugins loaded %s "
                  "times"
                  % (seed, of_process, of_threads, clears, loads))
            profile = tracked.profile
            self.assertEqual(0, bad)
            self.assertEqual(0, profile.coverage["dropped_events"], profile.coverage)
            self.check_scopes(profile, of_process, of_threads)
            self.check_paths(profile, blocks, size, loads)
            children = [p for p in tracked.profiles if p.path != profile.path]
            self.assertEqual(CHILDREN, len(children))
            for child in children:
                self.check_child(child)


if __name__ == "__main__":
    harness.main()
