# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 12
"""`memtrack serve`: what is under its address while a process runs, when it has ended in each way,
and of a file; and what it refuses. The process does nothing but what it is told, so every figure is
known."""
import base64
import contextlib
import http.client
import json
import os
import platform
import re
import signal
import socket
import subprocess
import threading
import unittest

from support import go, harness, live, output, profiles
from support.serving import Case, Server, TOKEN

HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options",
           "Referrer-Policy", "Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy")


PROMETHEUS = """
scrape_configs:
  - job_name: memtrack
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{targets: ['127.0.0.1:%d']}]
"""


class Running(Case):
    def test_figures_are_those_of_the_process(self):
        server = self.both()
        self.tell("a 10")
        self.tell("b 4")
        report = harness.ask("report", "-n", "0", self.process.pid,
                             env=harness.plain_environment(MEMTRACK_DIR=self.dir))
        served = server.profile()
        self.assertEqual(report["totals"], served.totals)
        key = lambda row: (row["key"], row["live_bytes"], row["total_blocks"])
        self.assertEqual(sorted(map(key, report["rows"])), sorted(map(key, served.rows("line"))))
        state = output.validate(server.state(), "memtrack-state-1")
        self.assertEqual(("running", self.process.pid, "obedient"),
                         (state["state"], state["pid"], state["program"]))
        for name in ("live_bytes", "peak_bytes", "total_blocks"):
            self.assertEqual(report["totals"][name], state[name])
        self.assertGreater(state["rss_bytes"], 0)
        self.assertFalse(state["changed"])
        with open("/proc/%d/status" % self.process.pid) as file:
            self.assertIn("TracerPid:\t0\n", file.read())

    def test_each_profile_is_of_now(self):
        server = self.both()
        before = server.profile().totals["live_bytes"]
        for i in range(1, 8):
            self.tell("a 3")
            self.assertEqual(before + 3000 * i, server.profile().totals["live_bytes"])

    def test_a_process_that_does_nothing_is_read_once(self):
        server = self.both()
        first = server.get("/profile.pb.gz")
        tag = first.headers["ETag"]
        self.assertRegex(tag, r'^"[0-9a-f-]+"$')
        self.assertEqual("no-cache", first.headers["Cache-Control"])
        again = server.ask("/profile.pb.gz", headers={"If-None-Match": tag})
        self.assertEqual((304, b"", tag), (again.status, again.body, again.headers["ETag"]))
        self.assertEqual(200, server.ask("/profile.pb.gz", headers={"If-None-Match": '"0"'}).status)
        self.assertEqual(first.body, server.get("/profile.pb.gz").body)
        self.tell("a 1")
        self.assertTrue(server.state()["changed"])
        self.assertNotEqual(tag, server.get("/profile.pb.gz", If_None_Match=tag).headers["ETag"])

    def test_many_at_once_get_the_same(self):
        server = self.both()
        for _ in range(5):
            self.tell("a 2")
            barrier, tags = threading.Barrier(12), []

            def ask():
                barrier.wait()
                tags.append(server.get("/profile.pb.gz").headers["ETag"])
            threads = [threading.Thread(target=ask) for _ in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual((12, 1), (len(tags), len(set(tags))))

    def test_pprof_opens_it(self):
        server = self.both()
        self.tell("a 100")
        self.tell("t 500")
        for path, kind, whole in (("heap", "inuse_space", "live_bytes"),
                                  ("allocs", "alloc_space", "total_bytes")):
            url = server.url + "debug/pprof/" + path
            text = go.pprof("-top", "-symbolize=none", "-unit=B", url)
            self.assertIn("Type: " + kind, text)
            self.assertIn("grow_alpha", text)
            self.assertIn("of %dB total" % server.profile().totals[whole], text)
        totals = server.profile().totals
        answer = server.get("/debug/pprof/heap?debug=1")
        self.assertRegex(answer.body.decode().split("\n")[0], r"^heap profile: +%d: +%d \[ *%d: +%d\] @"
                         % tuple(totals[name] for name in ("live_blocks", "live_bytes",
                                                           "total_blocks", "total_bytes")))
        self.assertIn("of %dB total" % totals["live_bytes"], go.pprof(
            "-top", "-symbolize=none", "-unit=B", "-sample_index=inuse_space",
            self.write("heap.txt", answer.body)))
        self.assertEqual(400, server.ask("/debug/pprof/heap?debug=1&seconds=1").status)

    def test_pprof_charges_who_the_report_charges(self):
        """Also where the innermost frames are those of an allocator of the program's own."""
        server = self.both("--wrapper", "grow_*")
        self.tell("a 40")
        self.tell("b 20")
        rows = server.profile().rows("function")
        for path, name in (("heap", "live_bytes"), ("allocs", "total_bytes")):
            text = go.pprof("-top", "-symbolize=none", "-unit=B", "-nodefraction=0",
                            "-edgefraction=0", "-nodecount=100000",
                            server.url + "debug/pprof/" + path)
            flat = {function: int(size) for size, function in re.findall(
                r"^ *(\d+)B +\S+ +\S+ +\S+ +\S+ +(.*?)(?: \(inline\))?$", text, flags=re.M)
                    if size != "0"}
            charged = {row["function"]: row[name] for row in rows if row[name]}
            self.assertEqual(charged, flat)
            self.assertNotIn("grow_alpha", text)
            self.assertEqual(5000, flat["first_caller"])

    def test_the_change_over_some_seconds(self):
        server = self.both()
        self.tell("a 50")
        before = server.state()["tag"]
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(server.get("/debug/pprof/heap?seconds=1")))
        thread.start()
        server.wait_for(lambda state: state["tag"] != before)  # the first of the two is taken
        self.tell("a 7")
        self.tell("t 9")
        thread.join()
        path = self.write("change.pb.gz", answers[0].body)
        change = harness.Profile(path)
        self.assertEqual((7000, 7, 16), tuple(change.totals[name] for name in (
            "live_bytes", "live_blocks", "total_blocks")))
        self.assertEqual({"grow_alpha": 7000, "passing": 0},
                         {row["function"]: row["live_bytes"] for row in change.rows("function")
                          if row["total_bytes"]})
        for seconds in ("0", "x", "-1", "3601", ""):
            self.assertEqual(400, server.ask("/debug/pprof/heap?seconds=" + seconds).status)

    def test_metrics(self):
        server = self.both()
        self.tell("a 10")
        live_bytes = server.state()["live_bytes"]
        kinds = {"": ("text/plain; version=0.0.4; charset=utf-8", False),
                 "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4":
                     ("application/openmetrics-text; version=1.0.0; charset=utf-8", True)}
        for accept, (kind, is_open) in kinds.items():
            answer = server.get("/metrics", Accept=accept)
            self.assertEqual(kind, answer.headers["Content-Type"])
            text = answer.body.decode()
            self.assertIn("\nmemtrack_live_bytes %d\n" % live_bytes, text)
            self.assertEqual(is_open, "\n# UNIT memtrack_live_bytes bytes\n" in text)
            self.assertIn("\nmemtrack_process_running 1\n", text)
            self.assertRegex(text, r'memtrack_row_live_bytes\{by="line",key="[^"]*obedient\.c:\d+"')

    def test_a_prometheus_scrapes_it(self):
        prometheus = harness.tool("prometheus")
        server = self.both()
        self.tell("a 10")
        config = self.write("prometheus.yml", PROMETHEUS % server.port)
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        child = live.Child([prometheus, "--config.file=" + config, "--storage.tsdb.path=tsdb",
                            "--web.listen-address=127.0.0.1:%d" % port],
                           cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           stdin=subprocess.DEVNULL)
        self.addCleanup(child.stop)
        deadline = live.time.monotonic() + harness.WATCHDOG_SECONDS
        found = []
        while not found and live.time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException, KeyError, ValueError), \
                    contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as one:
                one.request("GET", "/api/v1/query?query=memtrack_row_live_bytes")
                found = json.loads(one.getresponse().read())["data"]["result"]
            self.assertIsNone(child.poll())
        live_bytes = server.state()["live_bytes"]
        self.assertEqual(live_bytes, sum(int(one["value"][1]) for one in found))
        self.assertIn("grow_alpha", [one["metric"].get("function") for one in found])

    def test_marks_are_on_the_time_axis(self):
        server = self.both()
        for number, (path, body, name) in enumerate((
                ("/mark", b"before", "before"), ("/mark?name=two%20words", b"", "two words"),
                ("/mark", b"", "mark 3"), ("/mark", "Zürich\nrest".encode(), "Zürich"))):
            self.tell("a 1")
            answer = server.ask(path, "POST", body, TOKEN)
            self.assertEqual(200, answer.status, answer)
            marks = output.validate(answer.json(), "memtrack-marks-1")["marks"]
            self.assertEqual((number + 1, name), (len(marks), marks[-1]["name"]))
            self.assertEqual(server.state()["live_bytes"], marks[-1]["live_bytes"])
        marks = server.get("/marks").json()["marks"]
        timeline = output.validate(harness.ask("timeline", server.profile().path),
                                   "memtrack-timeline-1")
        found = [(mark["name"], mark["time_ns"], mark["kind"])
                 for process in timeline["processes"] for mark in process["marks"]]
        self.assertEqual([(mark["name"], mark["time_ns"], "outside") for mark in marks], found)

    def test_what_was_live_at_a_mark(self):
        server = self.both("--interval", "1m")  # there is no tick but those of who asks
        self.tell("a 100")
        at = server.ask("/mark", "POST", b"", TOKEN).json()["marks"][0]["time_ns"]
        self.tell("b 100")
        profile = server.profile()
        rows = profile.rows("function", "--at", "%.6fs" % ((at + 1000) / 1e9))
        found = {row["function"]: row["live_bytes"] for row in rows}
        self.assertEqual(100000, found.get("grow_alpha"), found)
        self.assertFalse(found.get("grow_beta"), found)

    def test_the_page(self):
        server = self.both()
        self.tell("a 100")
        page = server.get("/")
        self.assertEqual("text/html; charset=utf-8", page.headers["Content-Type"])
        text = page.body.decode()
        self.assertRegex(text, r"connect-src 'self'")
        self.assertIn('"live":true', text)
        self.assertIn("grow_alpha", text)  # without scripts
        self.assertNotIn('id="memtrack-profile"', text)
        self.assertEqual(304, server.ask("/", headers={"If-None-Match": page.headers["ETag"]}).status)

    def test_ticks_since(self):
        server = self.both("--interval", "10ms")
        first = server.wait_for(lambda state: state["time_ns"] > 0)
        last, ticks = first["time_ns"], []
        while len(ticks) < 3:  # of 10 ms, or of what a busy machine makes of them
            last = server.wait_for(lambda state: state["time_ns"] > last)["time_ns"]
            ticks = server.get("/state?since=%d" % first["time_ns"]).json()["ticks"]
        times = [tick["time_ns"] for tick in ticks]
        self.assertEqual(sorted(set(times)), times)
        self.assertGreater(times[0], first["time_ns"])
        self.assertEqual(1, len(server.state()["ticks"]))

    def test_both_loopback_addresses(self):
        server = self.both()
        if not socket.has_ipv6:
            raise unittest.SkipTest("no IPv6")
        try:
            answer = server.ask("/state", host="::1")
        except OSError as error:
            raise unittest.SkipTest("no ::1: %s" % error) from None
        self.assertEqual(200, answer.status)


class Ending(Case):
    """The kernel tells since 6.15 how a process has ended that is somebody else's."""

    KNOWS = tuple(map(int, re.findall(r"\d+", platform.release())[:2])) >= (6, 15)

    def ended(self, server, code, number):
        state = server.wait_for(
            lambda s: s["state"] == "ended" and (not self.KNOWS or s["exit"] != {
                "code": None, "signal": None}))
        if self.KNOWS:
            self.assertEqual({"code": code, "signal": number}, state["exit"])
        return state

    def test_the_last_profile_stays(self):
        server = self.both()
        self.tell("a 20")
        expected = server.profile().totals
        self.tell("q", answers=False)
        self.process.wait()
        state = self.ended(server, 0, None)
        profile = server.profile()
        for name in ("total_blocks", "peak_bytes"):
            self.assertLessEqual(expected[name], profile.totals[name])
        self.assertEqual(profile.totals["live_bytes"], state["live_bytes"])
        if self.KNOWS:
            self.assertEqual({"code": 0, "signal": None}, profile.process["exit"])
        first = server.get("/profile.pb.gz")
        self.assertEqual(304, server.ask("/profile.pb.gz",
                                         headers={"If-None-Match": first.headers["ETag"]}).status)
        self.assertIn(b"\nmemtrack_process_running 0\n", server.get("/metrics").body)
        self.assertEqual(409, server.ask("/mark", "POST", b"", TOKEN).status)
        result = server.end()
        self.assertEqual(0, result.code, result)
        self.assertIn(b"has ended; its last profile stays", result.stderr)

    def test_killed(self):
        server = self.both()
        self.tell("a 30")
        live_bytes = server.state()["live_bytes"]
        self.process.kill()
        self.process.wait()
        state = self.ended(server, None, 9)
        self.assertEqual(live_bytes, state["live_bytes"])
        self.assertEqual(live_bytes, server.profile().totals["live_bytes"])

    def test_it_ends_with_the_process(self):
        server = self.both("--until-end", "-q")
        self.process.kill()
        self.process.wait()
        out, err = server.child.communicate(timeout=harness.WATCHDOG_SECONDS)
        self.assertEqual((0, b"", b""), (server.child.returncode, out, err))

    def test_signals_end_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                server = self.both()
                with contextlib.closing(server.connect()) as silent:
                    silent.connect()
                    waiting = server.connect()
                    waiting.request("GET", "/debug/pprof/heap?seconds=600")
                    server.state()
                    result = server.end(number)
                    self.assertEqual(0, result.code, result)
                    waiting.close()

    def test_another_program(self):
        server = self.both()
        self.tell("a 500")
        server.ask("/mark", "POST", b"", TOKEN)
        self.tell("x")
        state = server.wait_for(lambda s: s["live_bytes"] < 500000 and s["marks"] == 0)
        self.assertEqual(("running", "obedient"), (state["state"], state["program"]))
        self.assertFalse(state["start_time"].startswith("1970"))
        self.tell("a 2")
        profile = server.profile()
        self.assertEqual(server.state()["live_bytes"], profile.totals["live_bytes"])
        self.assertLess(profile.totals["total_bytes"], 500000)

    def test_a_program_that_is_not_tracked(self):
        server = self.both()
        self.tell("a 40")
        live_bytes = server.state()["live_bytes"]
        self.tell("u", answers=False)
        state = server.wait_for(lambda s: s["state"] == "replaced")
        self.assertEqual(live_bytes, state["live_bytes"])
        self.assertIsNone(self.process.poll())
        self.assertIn(b"a program that is not tracked", server.end().stderr)

    def test_stopped(self):
        server = self.both()
        self.tell("a 5")
        self.process.send_signal(signal.SIGSTOP)
        server.wait_for(lambda s: s["state"] == "stopped")
        self.assertLessEqual(5000, server.profile().totals["live_bytes"])
        self.process.send_signal(signal.SIGCONT)
        server.wait_for(lambda s: s["state"] == "running")


class Refusing(Case):
    def test_other_names(self):
        server = self.both()
        for host in ("evil.example", "127.0.0.1.evil.example:%d" % server.port, "192.0.2.1", "[::1"):
            for path in ("/state", "/profile.pb.gz", "/metrics", "/nothing"):
                answer = server.ask(path, headers={"Host": host})
                self.assertEqual(403, answer.status, (host, path))
                self.assertNotIn(b"obedient", answer.body)
        self.assertEqual(200, server.ask("/state", headers={"Host": "localhost:1"}).status)
        self.assertIn(b" 400 ", server.raw(b"GET /state HTTP/1.1\r\n\r\n").split(b"\r\n")[0])
        self.assertIn(b" 403 ", server.raw(b"GET /state HTTP/1.0\r\n\r\n").split(b"\r\n")[0])
        named = self.serve("--host", "build.example", self.process.pid)
        self.assertEqual(200, named.ask("/state", headers={"Host": "build.example:99"}).status)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_other_users(self):
        nobody = 65534
        script = ("import http.client, socket, sys\n"
                  "c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n"
                  "if len(sys.argv) > 2:\n"
                  "    c.sock = socket.socket(socket.AF_INET6)\n"  # as programs that know IPv6 alone
                  "    c.sock.connect(('::ffff:127.0.0.1', c.port))\n"
                  "c.request('GET', '/state')\n"
                  "print(c.getresponse().status)")

        def status(server, *more, **who):
            return int(harness.check([harness.tool("python3"), "-c", script, str(server.port), *more],
                                     cwd="/", **who).stdout)
        server = self.both()
        for more in ((), ("six",)):
            self.assertEqual(200, status(server, *more))
            self.assertEqual(403, status(server, *more, user=nobody, group=nobody))
        known = self.serve("--any-user", self.process.pid)
        self.assertEqual(200, status(known, user=nobody, group=nobody))

    def test_other_origins(self):
        server = self.both()
        own = server.url.rstrip("/")
        for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": "null", **TOKEN},
                        {"Origin": "http://127.0.0.1:1"}):
            self.assertEqual(403, server.ask("/mark", "POST", b"", headers).status, headers)
        self.assertEqual(200, server.ask("/mark", "POST", b"", {"Origin": own}).status)
        self.assertEqual(403, server.ask("/state", headers={"Sec-Fetch-Site": "cross-site"}).status)
        self.assertEqual(1, server.state()["marks"])
        for path in ("/state", "/profile.pb.gz", "/mark", "/nothing"):
            headers = server.ask(path, headers={"Origin": "http://evil.example"}).headers
            self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_methods_and_paths(self):
        server = self.both()
        for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"):
            self.assertEqual(405, server.ask("/state", method).status, method)
        self.assertEqual(405, server.ask("/mark").status)
        self.assertEqual(405, server.ask("/state", "POST", b"", TOKEN).status)
        for path in ("//", "//../", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/state/",
                     "/STATE", "/etc/passwd", "/%"):
            answer = server.ask(path)
            self.assertEqual(404, answer.status, path)
            self.assertIn(b"/metrics", answer.body)
        head, get = server.ask("/profile.pb.gz", "HEAD"), server.get("/profile.pb.gz")
        self.assertEqual((200, b""), (head.status, head.body))
        self.assertEqual(get.headers["Content-Length"], head.headers["Content-Length"])
        self.assertIn(b"/debug/pprof/heap", server.get("/debug/pprof/").body)

    def test_every_answer_says_how_little_may_be_done_with_it(self):
        server = self.both()
        for path in ("/state", "/metrics", "/profile.pb.gz", "/marks", "/mark", "/nothing"):
            for headers in ({}, {"Host": "evil.example"}):
                answer = server.ask(path, headers=headers)
                for name in HEADERS:
                    self.assertTrue(answer.headers[name], (path, name))
                self.assertIn("frame-ancestors 'none'", answer.headers["Content-Security-Policy"])

    def test_sizes(self):
        server = self.both()
        self.assertEqual(413, server.ask("/mark", "POST", b"x" * 5000, TOKEN).status)
        self.assertEqual(200, server.ask("/mark", "POST", b"x" * 4096, TOKEN).status)
        head = b"POST /mark HTTP/1.1\r\nHost: localhost\r\nX-Memtrack: 1\r\n"
        chunks = b"".join(b"1000\r\n" + b"y" * 4096 + b"\r\n" for _ in range(3)) + b"0\r\n\r\n"
        self.assertNotIn(b" 200 ", server.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks))
        self.assertIn(b" 431 ", server.raw(b"GET /state HTTP/1.1\r\nHost: localhost\r\nX: " +
                                           b"z" * 100000 + b"\r\n\r\n").split(b"\r\n")[0])
        long_path = server.raw(b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertRegex(long_path.split(b"\r\n")[0], rb"^(HTTP/1.1 (414|431) .*)?$")
        for garbage in (b"\0" * 1000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                        b"GET / HTTP/9.9\r\n\r\n", b"POST /mark HTTP/1.1\r\nHost: localhost\r\n"
                        b"X-Memtrack: 1\r\nContent-Length: -5\r\n\r\n"):
            self.assertNotIn(b" 200 ", server.raw(garbage))
        self.assertEqual(1, server.state()["marks"])

    def test_silent_connections_keep_nobody_out(self):
        server = self.both()
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(contextlib.closing(socket.create_connection(
                ("127.0.0.1", server.port), harness.WATCHDOG_SECONDS))) for _ in range(100)]
            for one in silent[::2]:
                with contextlib.suppress(OSError):
                    one.sendall(b"GET /state HTTP/1.1\r\nX-Slow: ")
            for _ in range(20):
                self.assertEqual("running", server.state()["state"])
            silent[0].setblocking(False)
            self.assertEqual(b"", silent[0].recv(1))  # the one that was silent longest had to go

    def test_waiting_for_changes_is_bounded(self):
        server = self.both()
        with contextlib.ExitStack() as stack:
            waiting = [stack.enter_context(contextlib.closing(server.connect())) for _ in range(8)]
            for one in waiting:
                one.request("GET", "/debug/pprof/heap?seconds=600")
            full = server.ask("/debug/pprof/allocs?seconds=600")
            while full.status != 503:
                full = server.ask("/debug/pprof/allocs?seconds=600")
            self.assertEqual("600", full.headers["Retry-After"])
            self.assertEqual("running", server.state()["state"])

    def test_a_client_that_goes_away(self):
        server = self.both()
        for _ in range(20):
            self.tell("a 1")
            connection = server.connect()
            connection.request("GET", "/profile.pb.gz")
            connection.sock.close()
        self.assertEqual("running", server.state()["state"])

    @unittest.skipUnless(os.environ.get("MEMTRACK_SOAK"), "takes its time: MEMTRACK_SOAK")
    def test_a_request_that_trickles_is_ended(self):
        server = self.both()
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            one.sendall(b"GET /state HTTP/1.1\r\n")
            began = live.time.monotonic()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while live.time.monotonic() < began + 60:
                    one.sendall(b"X: y\r\n")
                    live.time.sleep(1)
            self.assertLess(live.time.monotonic(), began + 30)


class Files(profiles.Command):
    COMMAND = "serve"
    KINDS = ("plain", "hostile", "other")

    def serve(self, *arguments, **env):
        server = Server(self.dir, *arguments, **env)
        self.addCleanup(server.child.stop)
        return server

    def page(self, server):
        """The profile in the page of a file, which asks for nothing."""
        text = server.get("/").body.decode()
        self.assertIn("connect-src 'none'", text)
        block = re.search(r'<script id="memtrack-profile"[^>]*>([^<]*)</script>', text)
        with open(self.path("page.pb.gz"), "wb") as file:
            file.write(base64.b64decode(block[1]))
        return self.path("page.pb.gz")

    def test_a_profile(self):
        for kind in self.KINDS:
            server = self.serve(kind + ".pb.gz")
            state = output.validate(server.state(), "memtrack-state-1")
            self.assertEqual("profile", state["state"])
            expected = harness.ask("report", kind + ".pb.gz", cwd=self.dir)
            served = harness.ask("report", server.profile().path, cwd=self.dir)
            self.assertEqual(expected["totals"], served["totals"])
            self.assertEqual(expected["rows"], served["rows"])
            self.assertEqual(expected["rows"], harness.ask("report", self.page(server))["rows"])
            self.assertEqual(409, server.ask("/mark", "POST", b"", TOKEN).status)
            change = server.get("/debug/pprof/heap?seconds=1").body
            self.assertTrue(change.startswith(b"\x1f\x8b"))
            self.assertEqual(0, server.end().code)

    def test_a_run_of_several(self):
        directory = self.path("run")
        harness.memtrack("run", "-q", "-o", directory + "/", "sh", "-c", "/bin/true; /bin/true",
                         cwd=self.dir)
        server = self.serve(directory)
        self.assertEqual(harness.ask("report", directory, cwd=self.dir)["totals"],
                         server.profile().totals)

    def test_what_cannot_be_served(self):
        self.problem("nothing.pb.gz", status=3, contains="nothing.pb.gz")
        self.problem("999999999", status=3, contains="999999999")
        self.problem(str(os.getpid()), status=3, contains="not tracked")
        self.problem("--listen", "example.org:80", "plain.pb.gz", status=2, contains="--listen")
        self.problem("--listen", "192.0.2.1:0", "plain.pb.gz", status=3, contains="192.0.2.1")
        self.problem("--host", "a:80", "plain.pb.gz", status=2, contains="--host")
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
            self.problem("--listen", str(taken.getsockname()[1]), "plain.pb.gz", status=3,
                         contains="another port")

    def test_others_can_reach_it(self):
        server = self.serve("--listen", "0.0.0.0:0", "plain.pb.gz")
        self.assertRegex(server.url, r"^http://127\.0\.0\.1:\d+/$")
        self.assertEqual(200, server.ask("/state", headers={"Host": "192.0.2.1"}).status)
        self.assertEqual(200, server.ask("/state", headers={"Host": socket.gethostname()}).status)
        self.assertEqual(403, server.ask("/state", headers={"Host": "evil.example"}).status)
        self.assertIn(b"whoever can reach this machine's port %d can read" % server.port,
                      server.end().stderr)


if __name__ == "__main__":
    harness.main()
