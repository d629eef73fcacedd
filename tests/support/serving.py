# SPDX-License-Identifier: MIT
"""`memtrack serve` of a process that does what it is told, for tests that ask it."""
import contextlib
import http.client
import json
import os
import signal
import socket
import urllib.parse

from support import case, harness, live

TOKEN = {"X-Memtrack": "1"}


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %s\n%r" % (self.status, self.headers, self.body[:500])


class Server:
    """memtrack serve with these arguments, once it has said its address."""

    def __init__(self, directory, *arguments, **env):
        self.directory = directory
        self.child = live.Child([harness.MEMTRACK, "serve", *map(str, arguments)], cwd=directory,
                                env=harness.plain_environment(MEMTRACK_DIR=directory, **env))
        self.url = self.child.stdout.readline().decode().strip()
        if not self.url:
            raise AssertionError("no address: %r" % (self.child.communicate(),))
        self.port = urllib.parse.urlsplit(self.url).port

    def connect(self, host="127.0.0.1"):
        return http.client.HTTPConnection(host, self.port, timeout=harness.WATCHDOG_SECONDS)

    def ask(self, path, method="GET", body=None, headers=None, host="127.0.0.1"):
        with contextlib.closing(self.connect(host)) as connection:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())

    def get(self, path, **headers):
        answer = self.ask(path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        if answer.status != 200:
            raise AssertionError("%s: %r" % (path, answer))
        return answer

    def state(self):
        return self.get("/state").json()

    def raw(self, data):
        """What is answered to these bytes, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), harness.WATCHDOG_SECONDS) as one:
            with contextlib.suppress(OSError):  # it has been closed by then
                one.sendall(data)
                one.shutdown(socket.SHUT_WR)
            parts = []
            with contextlib.suppress(ConnectionResetError):
                while part := one.recv(65536):
                    parts.append(part)
            return b"".join(parts)

    def profile(self, path="/profile.pb.gz"):
        """What is served there now, as a file."""
        name = os.path.join(self.directory, "served.pb.gz")
        with open(name, "wb") as file:
            file.write(self.get(path).body)
        return harness.Profile(name)

    def wait_for(self, condition):
        """Until this holds of the state; each look asks for it."""
        deadline = live.time.monotonic() + harness.WATCHDOG_SECONDS
        while not condition(state := self.state()):
            if live.time.monotonic() > deadline:
                raise AssertionError(state)
        return state

    def end(self, number=signal.SIGINT):
        self.child.send_signal(number)
        out, err = self.child.communicate(timeout=harness.WATCHDOG_SECONDS)
        return harness.Result(self.child.returncode, out, err)


class Case(case.Case):
    def begin(self, *arguments):
        """tests/programs/obedient under the preload, until it has said that it is ready."""
        command = [harness.program("obedient"), *arguments]
        self.process = live.Child(command, "ok", env=harness.preloaded(self.dir), cwd=self.dir)
        self.addCleanup(self.process.stop)
        return self.process.pid

    def tell(self, order, answers=True):
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()
        if answers:
            self.process.wait_for("ok")

    def serve(self, *arguments, **env):
        server = Server(self.dir, *arguments, **env)
        self.addCleanup(server.child.stop)
        return server

    def both(self, *options):
        """A process, and a server of it."""
        self.begin()
        return self.serve(*options, self.process.pid)
