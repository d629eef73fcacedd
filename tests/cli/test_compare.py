# SPDX-License-Identifier: MIT
# timeout: 240
"""`memtrack compare`: figures that equal those of single runs, a verdict that follows from them,
errors that say which command failed and why, and nothing left behind however it ends."""
import os
import signal
import statistics

from support import harness, live, profiles

MEMTRACK = harness.MEMTRACK
FIGURES = ("peak_bytes", "live_bytes", "total_bytes", "total_blocks", "temporary_blocks")


class Case(profiles.Trials):
    COMMAND = "compare"

    def call(self, *arguments, **options):
        result = super().call(*arguments, **options)
        self.assertEqual([], self.leftovers())
        return result

    def figures(self, *arguments):
        found = self.valid(*arguments)
        found["by"] = {statistic["name"]: statistic for statistic in found["statistics"]}
        return found

    def program(self, name, text):
        """A shell script of its own directory, that leaves a line in `calls` each time."""
        return self.write(name, "#!/bin/sh\necho %s >>%s\n%s\n" % (name, self.path("calls"), text),
                          0o755)

    def calls(self):
        return self.read("calls").decode().split()


class Figures(Case):
    def test_those_of_single_runs(self):
        programs = [harness.program("tree"), harness.program("leaks")]
        found = self.figures("-r", "3", "--", programs[0], "--", programs[1])
        totals = [harness.track([program], self.dir, name=str(i)).profile.totals for i,
                  program in enumerate(programs)]
        for name in FIGURES:
            with self.subTest(name):
                one = found["by"][name]
                self.assertEqual([totals[0][name]] * 3, one["first"]["values"])
                self.assertEqual([totals[1][name]] * 3, one["second"]["values"])
                difference = totals[1][name] - totals[0][name]
                self.assertEqual([difference] * 3, [one["difference"][key]
                                                    for key in ("estimate", "low", "high")])
                self.assertEqual("less" if difference < 0 else "more" if difference > 0 else "same",
                                 one["verdict"])

    def test_statistics(self):
        found = self.figures("-r", "5", "--", harness.program("tree"), "--",
                             harness.program("tree"))
        self.assertEqual(5, found["runs"])
        time = found["by"]["duration_ns"]
        differences = sorted(b - a for a in time["first"]["values"]
                             for b in time["second"]["values"])
        for side in ("first", "second"):
            values = time[side]["values"]
            self.assertEqual([statistics.median(values), min(values), max(values)],
                             [time[side][key] for key in ("median", "min", "max")])
        self.assertEqual([differences[12], differences[2], differences[-3]],
                         [time["difference"][key] for key in ("estimate", "low", "high")])
        # of 252 orders, 8 are outside
        self.assertAlmostEqual(100 * (1 - 8 / 252), time["difference"]["confidence_percent"])
        self.assertEqual("same", found["by"]["peak_bytes"]["verdict"])

    def test_children_are_part_of_it(self):
        tree = harness.program("tree")
        found = self.figures("-r", "1", "--", tree, "--", "sh", "-c", '"$1"; "$1"; true', "sh",
                             tree)
        self.assertGreaterEqual(found["by"]["total_blocks"]["second"]["median"],
                                2 * found["by"]["total_blocks"]["first"]["median"])
        self.assertEqual(found["by"]["peak_bytes"]["first"]["median"],
                         found["by"]["peak_bytes"]["second"]["median"])

    def test_environments(self):
        found = self.figures("-r", "1", "--", "sh", "-c", 'test "$A" = b; test "$A" != b', "--",
                             "env", "A=c", "sh", "-c", 'test "$A" = c')
        self.assertEqual(["env", "A=c", "sh", "-c", 'test "$A" = c'], found["commands"][1])

    def test_in_turns(self):
        one, other = self.program("one", ""), self.program("other", "")
        self.call("-r", "3", "--", one, "--", other)
        self.assertEqual(["one", "other", "other", "one", "one", "other"], self.calls())
        os.unlink(self.path("calls"))
        self.call("-r", "1", "--warmup", "--", one, "--", other)
        self.assertEqual(["one", "other"] * 2, self.calls())

    def test_text(self):
        text = self.call("-r", "4", "--", harness.program("tree"), "--",
                         harness.program("leaks")).stdout.decode()
        rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
        self.assertTrue(rows["peak"].endswith("less"), text)
        self.assertTrue(rows["live"].endswith("more"), text)
        self.assertIn("With 97% confidence", " ".join(text.split()))
        self.assertLessEqual(max(map(len, text.splitlines())), 90)
        same = self.call("-r", "1", "--", harness.program("tree"), "--",
                         harness.program("tree")).stdout.decode()
        self.assertIn("the same", same)
        self.assertIn("One run of each", same)


class Streams(Case):
    def test_output_is_dropped_unless_shown(self):
        noisy = self.program("noisy", "echo out; echo err >&2")
        self.assertNotIn(b"out\n", self.call("-r", "1", "--", noisy, "--", noisy).stdout)
        self.assertEqual(b"", self.call("-r", "1", "--", noisy, "--", noisy).stderr)
        shown = self.call("-r", "1", "--show", "--", noisy, "--", noisy)
        self.assertNotIn(b"out\n", shown.stdout)
        self.assertEqual((2, 2), (shown.stderr.count(b"out\n"), shown.stderr.count(b"err\n")))

    def test_input_is_there_for_every_run(self):
        self.write("in", "word\n")
        reader = self.program("reader", 'read word && test "$word" = word')
        self.call("-r", "2", "--input", "in", "--", reader, "--", reader)
        self.call("-r", "2", "--", reader, "--", reader, status=3)
        self.call("-r", "2", "--input", "missing", "--", reader, "--", reader, status=2)


class Errors(Case):
    def test_failing_command(self):
        good, bad = self.program("good", ""), self.program("bad", "echo because >&2; exit 9")
        result = self.call("--", good, "--", bad, status=3)
        self.assertEqual(b"", result.stdout)
        for text in (b"bad ended with status 9 in run 1", b"because"):
            self.assertIn(text, result.stderr)
        self.assertEqual(["good", "bad"], self.calls())
        self.call("-i", "-r", "2", "--", good, "--", bad)

    def test_killed_command(self):
        victim = self.program("victim", "kill -SEGV $$")
        self.assertIn(b"Segmentation fault", self.call("--", victim, "--", victim, status=3).stderr)

    def test_what_cannot_be_recorded(self):
        result = self.call("-i", "--", "/no/such/program", "--", "true", status=3)
        self.assertIn(b"not found", result.stderr)
        for status in (125, 126, 127):  # as memtrack itself ends
            result = self.call("-i", "--", "sh", "-c", "exit %d" % status, "--", "true", status=3)
            self.assertIn(b"could not be recorded: status %d" % status, result.stderr)

    def test_wrong_usage(self):
        for arguments in ([], ["--"], ["--", "true"], ["--", "true", "--"], ["--", "--", "true"],
                          ["--", "true", "--", "true", "--", "true"],
                          ["-r", "0", "--", "true", "--", "true"],
                          ["-r", "x", "--", "true", "--", "true"], ["--", "true", "--", ""]):
            with self.subTest(arguments):
                self.call(*arguments, status=2)

    def test_interrupted(self):
        for how in ("group", "alone"):
            with self.subTest(how):
                slow = self.program("slow", "exec sleep 30")
                process = live.Child([MEMTRACK, "compare", "--", slow, "--", slow], cwd=self.dir,
                                     env=self.environment(), start_new_session=True)
                while not os.path.exists(self.path("calls")):
                    self.assertIsNone(process.poll())
                os.unlink(self.path("calls"))
                (os.killpg if how == "group" else os.kill)(process.pid, signal.SIGTERM)
                process.communicate(timeout=25)
                self.assertEqual(-signal.SIGTERM, process.returncode)
                self.assertEqual([], self.leftovers())


if __name__ == "__main__":
    harness.main()
