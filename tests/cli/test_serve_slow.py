# SPDX-License-Identifier: MIT
# timeout: 240
# cost: 6
"""`memtrack serve` while a snapshot is being made, and with clients that take nothing: nobody waits
but who has asked for it."""
import os
import signal
import threading

from support import compiler, harness, live, serving
from support.serving import TOKEN


class Slow(serving.Case):
    """While a snapshot is being made, which here takes as long as the test wants."""

    def shut(self, *options):
        """A process, a server of it, and the path of a gate: where it is, each snapshot waits."""
        self.begin()
        self.gate, self.reached = self.path("gate"), self.path("reached")
        server = self.serve(*options, self.process.pid, GATE=self.gate, GATE_REACHED=self.reached,
                            LD_PRELOAD=compiler.shared_object("gate.c"))
        self.tag = server.state()["tag"]
        self.tell("a 30")
        os.mkfifo(self.gate)
        return server

    def begin_asking(self, server, *paths):
        """Requests in threads of their own; {path: answers}, and what waits for them. A snapshot
        has been begun."""
        answers = {path: [] for path in paths}
        threads = [threading.Thread(target=lambda path=path: answers[path].append(
            server.get(path))) for path in paths]
        for thread in threads:
            thread.start()
        deadline = live.time.monotonic() + harness.WATCHDOG_SECONDS
        while not os.path.exists(self.reached):
            self.assertLess(live.time.monotonic(), deadline)
            server.state()

        def finish():
            os.close(os.open(self.gate, os.O_RDONLY))
            os.unlink(self.gate)
            for thread in threads:
                thread.join()
            return answers
        return finish

    def test_others_are_answered(self):
        server = self.shut("--interval", "10ms")
        paths = ("/profile.pb.gz", "/", "/metrics", "/debug/pprof/heap", "/debug/pprof/allocs",
                 "/profile.pb.gz?again", "/debug/pprof/heap?debug=1")
        finish = self.begin_asking(server, *paths)
        state = server.state()
        self.assertEqual((self.tag, True, "running"),
                         (state["tag"], state["changed"], state["state"]))
        self.assertEqual(1, len(server.ask("/mark", "POST", b"", TOKEN).json()["marks"]))
        self.assertIn(b"/metrics", server.get("/debug/pprof/").body)
        self.assertEqual(404, server.ask("/nothing").status)
        since = "/state?since=%d" % state["time_ns"]  # ticks go on
        server.wait_for(lambda state: len(server.get(since).json()["ticks"]) > 2)
        self.assertEqual(self.tag, server.state()["tag"])
        answers = finish()
        self.assertEqual(dict.fromkeys(paths, 1), {path: len(a) for path, a in answers.items()})
        tags = {answers[path][0].headers["ETag"]
                for path in ("/profile.pb.gz", "/profile.pb.gz?again", "/")}
        self.assertEqual(1, len(tags))
        self.assertNotIn(self.tag, tags)
        path = self.write("first.pb.gz", answers["/profile.pb.gz"][0].body)
        self.assertLessEqual(30000, harness.Profile(path).totals["live_bytes"])
        timeline = harness.ask("timeline", path)
        self.assertEqual([], timeline["processes"][0]["marks"])  # it came later
        self.assertEqual(1, len(harness.ask("timeline", server.profile().path)
                                ["processes"][0]["marks"]))

    def test_the_process_ends(self):
        server = self.shut()
        finish = self.begin_asking(server, "/profile.pb.gz")
        self.process.kill()
        self.process.wait()
        self.assertEqual("running", server.state()["state"])  # as long as there is more to come
        finish()
        state = server.wait_for(lambda state: state["state"] == "ended")
        profile = server.profile()
        self.assertEqual(state["live_bytes"], profile.totals["live_bytes"])
        self.assertLessEqual(30000, state["live_bytes"])
        self.assertIn(b"has ended", server.end().stderr)

    def test_it_is_told_to_end(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                server = self.shut()
                waiting = server.connect()
                waiting.request("GET", "/profile.pb.gz")
                deadline = live.time.monotonic() + harness.WATCHDOG_SECONDS
                while not os.path.exists(self.reached):
                    self.assertLess(live.time.monotonic(), deadline)
                    server.state()
                result = server.end(number)
                self.assertEqual(0, result.code, result)
                waiting.close()
                os.unlink(self.gate)
                os.unlink(self.reached)

    def test_who_asked_goes_away(self):
        server = self.shut()
        for path in ("/profile.pb.gz", "/debug/pprof/heap?seconds=1", "/"):
            waiting = server.connect()
            waiting.request("GET", path)
            server.state()
            waiting.close()
        self.begin_asking(server, "/profile.pb.gz")()
        self.assertNotEqual(self.tag, server.state()["tag"])

    def test_who_takes_nothing(self):
        server = self.both()
        waiting = [server.connect() for _ in range(40)]
        for one in waiting:
            one.request("GET", "/")
        self.tell("a 8")
        self.assertLessEqual(8000, server.profile().totals["live_bytes"])
        self.assertEqual(200, waiting[0].getresponse().status)
        for one in waiting:
            one.close()


if __name__ == "__main__":
    harness.main()
