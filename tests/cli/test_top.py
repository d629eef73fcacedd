# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 19
"""`memtrack top` in a real terminal (tmux): what the screen shows, what each key does, what happens
when the program or the terminal goes; and its tables without one. The program does nothing but what
it is told, so every figure is known."""
import contextlib
import json
import os
import re
import signal
import subprocess
import time
import unittest

from support import harness, live, output

MEMTRACK = harness.MEMTRACK
WAIT_SECONDS = 20


class Obedient:
    """tests/programs/obedient under the preload."""

    def __init__(self, directory, *arguments):
        command = [harness.program("obedient"), *arguments]
        self.process = live.Child(command, "ok", env=harness.preloaded(directory), cwd=directory)
        self.pid = self.process.pid

    def tell(self, order):
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()
        self.process.wait_for("ok")

    def end(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait()

    def close(self):
        self.process.stop()


class Terminal:
    """A tmux server of its own with one window, in which a script runs that starts memtrack top."""

    n = 0

    def __init__(self, directory, arguments, width=100, height=24, **extra):
        self.directory = directory
        Terminal.n += 1
        self.tmux = [harness.tool("tmux"), "-f", "/dev/null", "-S",
                     os.path.join(directory, "tmux%d" % Terminal.n)]
        environment = harness.plain_environment(LC_ALL="C.UTF-8", SHELL="/bin/sh", NO_COLOR=None)
        setting = " ".join("%s='%s'" % pair for pair in extra.items())
        script = (
            "trap : INT; cd '%s'; echo before; stty -a >stty-before; %s '%s' top %s; status=$?; "
            "stty -a >stty-after; echo \"status $status\"; exec cat" %
            (directory, setting, MEMTRACK, arguments))
        subprocess.run([*self.tmux, "new-session", "-d", "-x", str(width), "-y", str(height),
                        script], env=environment, check=True)

    def call(self, *arguments, check=True):
        return subprocess.run([*self.tmux, *arguments], capture_output=True, text=True,
                              check=check).stdout

    def keys(self, *keys):
        self.call("send-keys", *keys)

    def screen(self, *options):
        return self.call("capture-pane", "-p", *options)

    def resize(self, width, height):
        self.call("resize-window", "-x", str(width), "-y", str(height))

    def wait_for(self, wanted, *options):
        """Until the screen matches; it is returned."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            screen = self.screen(*options)
            if re.search(wanted, screen, flags=re.M):
                return screen
            if time.monotonic() > deadline:
                raise AssertionError("waited for %r on\n%s" % (wanted, screen))
            time.sleep(0.03)

    def pid(self):
        """Of memtrack, the child of the script."""
        script = int(self.call("display-message", "-p", "#{pane_pid}"))
        with open("/proc/%d/task/%d/children" % (script, script)) as file:
            return int(file.read().split()[0])

    def is_sane(self):
        """The settings are back, the main screen is shown, and the cursor can be seen."""
        with open(os.path.join(self.directory, "stty-before")) as before:
            with open(os.path.join(self.directory, "stty-after")) as after:
                same = before.read() == after.read()
        return same and self.call("display-message", "-p",
                                  "#{alternate_on} #{cursor_flag}").split() == ["0", "1"]

    def close(self):
        self.call("kill-server", check=False)


class Case(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.dir = self.stack.enter_context(harness.workdir())

    def obedient(self, *arguments):
        program = Obedient(self.dir, *arguments)
        self.stack.callback(program.close)
        return program

    def top(self, program, options="", **extra):
        terminal = Terminal(self.dir, "%s %d" % (options, program.pid), **extra)
        self.stack.callback(terminal.close)
        return terminal

    def quit(self, terminal):
        terminal.keys("q")
        terminal.wait_for("^status 0$")
        self.assertTrue(terminal.is_sane())


class Screen(Case):
    def test_rows_follow_the_program(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, "--by function")
        screen = terminal.wait_for(r"^ *1000\.0 KiB .*grow_alpha")
        self.assertIn("pid %d" % program.pid, screen)
        self.assertRegex(screen, r"heap +1008\.0 KiB")
        self.assertRegex(screen, r"rss +\d")
        program.tell("b 1024")
        screen = terminal.wait_for(r"^ *500\.0 KiB +.*\+500\.0 KiB .*1,024.* grow_beta")
        self.assertRegex(screen, r"change \+500\.0 KiB")
        program.tell("d")
        terminal.wait_for(r"^ *0 B .*-1000\.0 KiB .*grow_alpha")
        self.quit(terminal)

    def test_sort(self):
        program = self.obedient()
        program.tell("a 100")
        program.tell("t 5000")
        terminal = self.top(program, "--by function", width=140)
        order = r"(?s)%s.*\n.*%s"
        terminal.wait_for(order % ("grow_alpha", "passing"))
        terminal.keys("T")
        terminal.wait_for(order % ("passing", "grow_alpha"))
        self.assertIn("TOTAL▾", terminal.screen())
        terminal.keys("<")
        terminal.wait_for("BLOCKS▾")
        terminal.wait_for(order % ("grow_alpha", "passing"))
        terminal.keys(">", ">")
        terminal.wait_for("LIVE▾")
        self.quit(terminal)

    def test_filter(self):
        program = self.obedient()
        program.tell("a 10")
        program.tell("b 10")
        terminal = self.top(program, "--by function")
        terminal.wait_for("grow_beta")
        terminal.keys("/", "alphx", "BSpace", "a", "Enter")
        screen = terminal.wait_for("/ alpha(  in .*)?$")
        self.assertIn("grow_alpha", screen)
        self.assertNotIn("grow_beta", screen)
        self.assertRegex(screen, "these, .* of everything")
        terminal.keys("/", "C-u", "!grow_a*", "Enter")
        screen = terminal.wait_for("/ !grow_a")
        self.assertNotIn("grow_alpha", screen)
        terminal.keys("/", "C-u", "no such thing", "Enter")
        terminal.wait_for("nothing passes the filter")
        terminal.keys("/", "C-u", "alpha", "Escape")
        terminal.wait_for("/ no such thing")
        terminal.keys("/", "C-u", "Enter")
        terminal.wait_for("grow_alpha")
        self.quit(terminal)

    def test_mark_and_pause(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, "--by function --sort live")
        terminal.wait_for("1,024 .*grow_alpha")
        program.tell("a 1024")
        terminal.wait_for(r"\+1000\.0 KiB .*grow_alpha")
        terminal.keys("m")
        terminal.wait_for(r" 0 B .*2,048 .*grow_alpha")
        terminal.keys("Space")
        terminal.wait_for("paused")
        program.tell("a 1024")
        time.sleep(0.5)
        self.assertRegex(terminal.screen(), "2,048 .*grow_alpha")
        terminal.keys("Space")
        terminal.wait_for(r"\+1000\.0 KiB .*3,072 .*grow_alpha")
        self.quit(terminal)

    def test_open(self):
        program = self.obedient()
        program.tell("b 30")
        terminal = self.top(program, "--by function", width=140)
        terminal.wait_for("grow_beta")
        terminal.keys("/", "beta", "Enter")
        terminal.wait_for("/ beta(  in .*)?$")
        terminal.keys("Enter")
        terminal.wait_for("call paths of: grow_beta")
        # names come in the background
        terminal.wait_for(r"7\.3 KiB .* 50\.0%  first_caller$")
        terminal.wait_for(r"7\.3 KiB .* 50\.0%  second_caller$")
        self.assertIn("all: grow_beta ← … ← obey", terminal.screen())
        terminal.keys("Down", "Enter")
        terminal.wait_for("CALL PATH, innermost first")
        terminal.wait_for(
            r"^ grow_beta +\S*obedient\.c:\d+\n (first|second)_caller +\S*obedient\.c:\d+\n")
        terminal.keys("b")
        terminal.wait_for("call paths of: grow_beta")
        terminal.keys("b")
        terminal.wait_for("FUNCTION  / beta(  in .*)?$")
        self.quit(terminal)

    def test_grouping_and_help(self):
        program = self.obedient()
        program.tell("b 30")
        terminal = self.top(program)
        terminal.wait_for(r"obedient\.c:\d+  grow_beta")
        for key, wanted in [("f", "FUNCTION"), ("i", r"FILE"), ("m", "MODULE"), ("t", "THREAD"),
                            ("z", "SIZE"), ("c", "SCOPE"), ("d", "DOMAIN"), ("s", "CALL PATH"),
                            ("l", "LINE")]:
            terminal.keys("g")
            terminal.wait_for("group by:")
            terminal.keys(key)
            terminal.wait_for("BLOCKS +%s(  (in|all:) .*)?$" % wanted)
        terminal.keys("?")
        terminal.wait_for("any key goes on")
        terminal.keys("x")
        terminal.wait_for("LIVE▾")
        self.quit(terminal)

    def test_any_size(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, "--by function")
        terminal.wait_for("grow_alpha")
        for width, height in [(20, 5), (300, 60), (1, 1), (2, 30), (200, 2), (40, 9), (80, 13),
                              (20, 5)]:
            terminal.resize(width, height)
            time.sleep(0.15)
            terminal.keys("Down", "Up", "Enter", "b", "h", "h")
        terminal.wait_for(r"heap 1008\.0 KiB")
        self.assertRegex(terminal.screen(), r"1000\.0 KiB  \S")
        terminal.resize(100, 24)
        terminal.wait_for("grow_alpha")
        self.quit(terminal)

    def test_snapshot(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program)
        terminal.wait_for("grow_alpha")
        terminal.keys("w")
        terminal.wait_for(r"wrote memtrack\.obedient\.%d\.pb\.gz" % program.pid)
        report = harness.Profile(os.path.join(self.dir, "memtrack.obedient.%d.pb.gz" %
                                              program.pid)).report()
        live = {row["function"]: row["live_bytes"] for row in report["rows"]}
        self.assertEqual(live["grow_alpha"], 1024 * 1000)
        self.assertFalse(report["recording"]["approximate"])
        self.quit(terminal)

    def test_colour(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, TERM="screen-256color")
        self.assertRegex(terminal.wait_for("grow_alpha", "-e"), "\x1b\\[[0-9;]*3[0-7]m")
        self.quit(terminal)
        terminal.close()
        terminal = self.top(program, TERM="screen-256color", NO_COLOR="1")
        self.assertNotRegex(terminal.wait_for("grow_alpha", "-e"), "\x1b\\[[0-9;]*3[0-7]m")

    def test_ascii(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, LC_ALL="C")
        screen = terminal.wait_for("grow_alpha")
        self.assertEqual(screen, screen.encode("ascii", "replace").decode())
        self.quit(terminal)

    def test_text_of_the_program_is_harmless(self):
        program = self.obedient("\x1b]2;gotcha\x07", "\x1b[2J")
        terminal = self.top(program)
        self.assertIn(r"\x1b]2;gotcha\x07 \x1b[2J", terminal.wait_for("LIVE"))
        self.assertNotEqual(terminal.call("display-message", "-p", "#{pane_title}").strip(),
                            "gotcha")
        self.quit(terminal)


class Endings(Case):
    def test_the_program_is_killed(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, "--by function")
        terminal.wait_for("grow_alpha")
        program.tell("b 10")
        program.end()
        screen = terminal.wait_for("ended")
        self.assertRegex(screen, r"1000\.0 KiB .*grow_alpha")
        self.assertRegex(screen, "10  *grow_beta")  # what it did last
        self.assertRegex(screen, r"rss +\d")
        terminal.keys("Enter")
        terminal.wait_for("call paths of: grow_alpha")
        terminal.keys("w")
        terminal.wait_for("wrote memtrack.obedient")
        self.quit(terminal)

    def test_the_program_is_stopped(self):
        program = self.obedient()
        program.tell("a 1024")
        program.process.send_signal(signal.SIGSTOP)
        terminal = self.top(program)
        terminal.wait_for("stopped")
        self.assertIn("grow_alpha", terminal.screen())
        terminal.keys("w")
        terminal.wait_for("wrote memtrack.obedient")
        program.process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + WAIT_SECONDS
        while "stopped" in terminal.screen():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.quit(terminal)

    def test_the_program_executes_another(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, "--by function")
        terminal.wait_for("grow_alpha")
        program.tell("x")
        terminal.wait_for("executed another program")
        program.tell("b 10")
        screen = terminal.wait_for("grow_beta")
        self.assertNotIn("grow_alpha", screen)
        self.quit(terminal)

    def test_the_program_executes_one_that_is_not_tracked(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program, "--by function")
        terminal.wait_for("grow_alpha")
        program.process.stdin.write(b"u\n")
        program.process.stdin.flush()
        self.assertIn("grow_alpha", terminal.wait_for("runs another program, untracked"))
        program.end()
        self.assertIn("grow_alpha", terminal.wait_for("ended"))
        self.quit(terminal)

    def test_signals(self):
        program = self.obedient()
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT,
                       signal.SIGINT):
            with self.subTest(number.name):
                terminal = self.top(program)
                terminal.wait_for("LIVE")
                if number == signal.SIGINT:
                    terminal.keys("C-c")
                else:
                    os.kill(terminal.pid(), number)
                terminal.wait_for("^status %d$" % (128 + number))
                self.assertTrue(terminal.is_sane())
                terminal.close()

    def test_the_terminal_vanishes(self):
        program = self.obedient()
        terminal = self.top(program)
        terminal.wait_for("LIVE")
        pid = terminal.pid()
        terminal.close()
        deadline = time.monotonic() + WAIT_SECONDS
        while os.path.exists("/proc/%d" % pid):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_it_is_a_small_load(self):
        program = self.obedient()
        program.tell("a 1024")
        terminal = self.top(program)
        terminal.wait_for("grow_alpha")

        def used():
            with open("/proc/%d/stat" % terminal.pid()) as file:
                fields = file.read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        time.sleep(1)  # addresses have their names
        before, began = used(), time.monotonic()
        for _ in range(20):
            program.tell("t 100000")
            time.sleep(0.2)
        self.assertLess((used() - before) / (time.monotonic() - began), 0.1)  # 0.01 when idle
        self.quit(terminal)


class Tables(Case):
    def run_top(self, *arguments, status=0, **env):
        env = harness.plain_environment(**{"LC_ALL": "C.UTF-8", "COLUMNS": "100", **env})
        return harness.memtrack("top", *arguments, status=status, cwd=self.dir, env=env)

    def objects(self, *arguments):
        return [json.loads(line) for line in self.run_top("--json", *arguments).stdout.splitlines()]

    def test_once(self):
        program = self.obedient()
        program.tell("a 1024")
        program.tell("b 100")
        text = self.run_top("--once", "--delay", "50ms", "--by", "function", "-n", "1",
                            program.pid).stdout.decode()
        lines = text.splitlines()
        self.assertRegex(lines[0], r"pid %d  running  \S*obedient" % program.pid)
        if len(lines[1]) < 80 and "allocation" not in lines[1]:
            lines[1:3] = [" ".join(lines[1:3])]
        self.assertEqual(" sources in " + os.path.join(harness.SOURCE, "tests/programs"), lines.pop(2))
        self.assertRegex(lines[2], "LIVE +CHANGE +BYTES/S +ALLOCS/S +BLOCKS  FUNCTION$")
        self.assertRegex(lines[3], r"1000\.0 KiB +0 B +0 B +0 +1,024  grow_alpha ")
        self.assertRegex(lines[4], r"… \d+ more$")
        self.assertRegex(lines[5], r"total$")

    def test_figures(self):
        program = self.obedient()
        program.tell("a 1024")
        program.tell("t 500")
        program.tell("b 100")
        table, = self.objects("--once", "--delay", "50ms", "--by", "function", "--sort", "total",
                              program.pid)
        rows = {row["function"]: row for row in table["rows"]}
        self.assertEqual([rows["grow_alpha"][name]
                          for name in ("live_bytes", "live_blocks", "total_blocks")],
                         [1024000, 1024, 1024])
        self.assertEqual([rows["passing"][name] for name in ("live_bytes", "total_bytes",
                                                             "total_blocks")], [0, 50000, 500])
        self.assertEqual(table["rows"][0]["function"], "grow_alpha")
        for name, value in table["totals"].items():
            if name in table["rows"][0]:
                self.assertEqual(sum(row[name] for row in table["rows"]), value, name)
        report = harness.ask("report", program.pid, env=harness.plain_environment())
        for name in ("live_bytes", "live_blocks", "total_bytes", "total_blocks", "peak_bytes"):
            self.assertEqual(table["totals"][name], report["totals"][name], name)

    def test_schema(self):
        validator = output.validator("memtrack-top-1")
        schema = validator.schema
        program = self.obedient()
        program.tell("b 10")
        combinations = [(by, "live") for by in schema["properties"]["group_by"]["enum"]]
        combinations += [("line", sort) for sort in schema["properties"]["sort"]["enum"]]
        for by, sort in combinations:
            table, = self.objects("--once", "--delay", "10ms", "--by", by, "--sort", sort,
                                  program.pid)
            self.assertEqual([error.message for error in validator.iter_errors(table)], [])
            self.assertEqual((table["group_by"], table["sort"]), (by, sort))
            self.assertEqual("stack" in table["rows"][0], by == "stack")

    def test_batch_takes_rates(self):
        program = self.obedient()
        command = [MEMTRACK, "top", "--batch", "--json", "--delay", "300ms", "--by", "function",
                   str(program.pid)]
        reader = self.stack.enter_context(live.Child(command))
        json.loads(reader.stdout.readline())
        program.tell("a 3000")
        seen = 0
        while seen < 3000:
            table = json.loads(reader.stdout.readline())
            row = next((row for row in table["rows"] if row["function"] == "grow_alpha"), None)
            if row:
                seen += round(row["blocks_per_second"] * table["window_ns"] / 1e9)
        self.assertAlmostEqual(seen, 3000, delta=30)
        self.assertEqual(row["diff_live_bytes"], 3000 * 1000)
        program.end()
        last = [json.loads(line) for line in reader.stdout][-1]
        self.assertEqual(last["process"]["state"], "ended")
        self.assertEqual(reader.wait(), 0)

    def test_count_and_filters(self):
        program = self.obedient()
        program.tell("a 10")
        program.tell("b 10")
        tables = self.objects("--batch", "--count", "3", "--delay", "20ms", "--by", "function",
                              "--include", "*beta*", program.pid)
        self.assertEqual([[row["function"] for row in table["rows"]] for table in tables],
                         [["grow_beta"]] * 3)
        stack, = self.objects("--once", "--delay", "20ms", "--by", "stack", "--include", "*beta*",
                              program.pid)
        self.assertEqual({row["stack"][1]["function"] for row in stack["rows"]},
                         {"first_caller", "second_caller"})

    def test_a_ledger_of_a_dead_process(self):
        program = self.obedient()
        program.tell("a 1024")
        program.end()
        ledger, = harness.ledgers(self.dir)
        table, = self.objects("--once", "--by", "function", ledger)
        self.assertEqual(table["process"]["state"], "ended")
        self.assertEqual(table["rows"][0]["live_bytes"], 1024000)
        with open(ledger, "r+b") as file:
            file.truncate(100)
        self.assertIn(b"damaged", self.run_top("--once", ledger, status=3).stderr)

    def test_refusals(self):
        for status, wanted, arguments in [
            (2, b"no terminal on", ["1"]),
            (2, b"give a pid", ["--once"]),
            (2, b"give one process (got 1 and 2)", ["--once", "1", "2"]),
            (2, b"needs one of", ["--once", "--by", "nothing", "1"]),
            (2, b"needs one of", ["--once", "--sort", "size", "1"]),
            (2, b"needs at least 10ms", ["--once", "--delay", "1ms", "1"]),
            (2, b"--count 0: needs a number from 1 on", ["--batch", "--count", "0", "1"]),
            (2, b"excludes --batch and --count", ["--once", "--count", "2", "1"]),
            (2, b"need --once or --batch", ["--json", "1"]),
            (3, b"", ["--once", str(os.getpid())]),  # not tracked
            (3, b"", ["--once", "99999999"]),
            (3, b"No such file", ["--once", "/nonexistent/x.ledger"]),
            (3, b"not a memtrack or pprof profile", ["--once", "/etc/passwd"]),
        ]:
            with self.subTest(arguments):
                result = self.run_top(*arguments, status=status)
                self.assertIn(wanted, result.stderr)
                self.assertTrue(result.stderr)
                self.assertEqual(result.stdout, b"")

    def test_an_unknown_terminal(self):
        program = self.obedient()
        terminal = self.top(program, TERM="no-such-terminal")
        screen = terminal.wait_for("^status 2$")
        self.assertIn("TERM=no-such-terminal", screen)


if __name__ == "__main__":
    harness.main()
