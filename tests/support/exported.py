# SPDX-License-Identifier: MIT
"""What tests of `memtrack export` have in common: profiles of known content and of real programs,
the ways to look at them, and the report whose figures every format has to repeat."""
import os

from support import case, harness, profiles, workloads

KNOWN = ("plain", "hostile", "sampled", "other", "change", "empty", "many", "deep", "scopes")
WITHOUT_PEAK = ("other", "change")  # other tools do not know what was there then
TIMED = ("one", "measured", "layers")
REAL = {"tree": ["tree"], "leaks": ["leaks"], "threads": ["scope_threads"]}

# What a person may ask for: options that export and report share.
VIEWS = {"end": [], "peak": ["--at", "peak"], "total": ["--sort", "total"],
         "blocks": ["--sort", "blocks"], "filtered": ["--exclude", "*intern*", "--exclude", "*leak*"]}

VALUES = ("live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
          "temporary_blocks", "max_bytes", "waste_bytes")


class Case(case.ClassCase):
    """PROFILES: {name: path}, made once for the class."""

    KNOWN = KNOWN
    TIMED = ()
    REAL = REAL

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profiles = {kind: profiles.make(kind, cls.dir) for kind in cls.KNOWN}
        for kind in cls.TIMED:
            cls.profiles["timed " + kind] = profiles.make_timeline(kind, cls.dir,
                                                                   "timed-%s.pb.gz" % kind)
        for name, command in cls.REAL.items():
            path = cls.path(name + ".pb.gz")
            result = harness.record(path, [harness.program(command[0]), *command[1:]], cwd=cls.dir)
            assert os.path.exists(path), result
            cls.profiles[name] = path

    @classmethod
    def record_tools(cls, *names):
        """Programs of the system as well: those of the names that are installed."""
        for workload in workloads.real(20):
            if workload.name in names:
                tracked = workload.track(cls.dir, name=workload.name)
                cls.profiles[workload.name] = tracked.profile.path

    def export(self, format, path, *options):
        """What is written, in bytes."""
        return harness.memtrack("export", "--quiet", "--format", format, *options, path,
                                cwd=self.dir).stdout

    def report(self, path, *options):
        """Its rows are by stack, unless the options say another grouping."""
        by = [] if "--by" in options else ["--by", "stack"]
        return harness.ask("report", *by, *options, path, cwd=self.dir)

    def passed(self, report, value):
        """The sum of a column over the rows, which is what passed the filters."""
        return sum(row[value] for row in report["rows"])

    def each(self, views=VIEWS):
        """Each profile in each view: (path, options, report)."""
        for name, path in self.profiles.items():
            for view in views:
                if view != "peak" or name not in WITHOUT_PEAK:
                    yield path, VIEWS[view], self.report(path, *VIEWS[view])
