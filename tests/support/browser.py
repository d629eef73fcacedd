# SPDX-License-Identifier: MIT
"""Browsers that show the page: Debian's Chromium through playwright-core, Debian's Firefox through
the protocol that it has itself (Marionette). A test without what it needs is skipped, and says what
that is."""
import contextlib
import fcntl
import functools
import json
import os
import select
import socket
import subprocess
import tempfile
import time
import unittest

from support import harness

PAGE = os.path.join(harness.SOURCE, "lib", "page")
MODULES = os.path.join(PAGE, "node_modules")
# The page unpacks its script before it runs it.
READY = """async () => {
    while (!window.memtrack) await new Promise((done) => setTimeout(done, 5));
    await window.memtrack.ready;
}"""
PATIENCE = 60  # seconds for one action: the machine may be busy


def environment(directory):
    """A browser needs a home; none of the user's settings."""
    return harness.plain_environment(HOME=directory, TMPDIR=directory, XDG_RUNTIME_DIR=directory,
                                     LC_ALL="C.UTF-8")


def are_missing():
    """Packages may have come since the others were installed."""
    return not all(os.path.exists(os.path.join(MODULES, name, "package.json"))
                   for name in ("playwright-core", "speedscope"))


@functools.cache
def modules():
    """The folder of the page's packages of npm, which are installed when they are missing."""
    if are_missing():
        npm = harness.tool("npm")
        with open(os.path.join(PAGE, "package-lock.json")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several tests may begin at once
            if are_missing():
                result = harness.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                                     cwd=PAGE, env=dict(os.environ), timeout=200)
                if result.code:
                    raise unittest.SkipTest("npm cannot install the page's packages: %r" % result)
    return MODULES


def package(*names):
    """The path of a file of one of them."""
    return os.path.join(modules(), *names)


class Chromium:
    """One browser with pages in it; a with block ends it."""

    def __init__(self):
        node, chromium = harness.tool("node"), harness.tool("chromium")
        self.directory = tempfile.TemporaryDirectory(prefix="memtrack-browser-")
        self.process = subprocess.Popen(
            [node, os.path.join(harness.SOURCE, "tests", "browser", "bridge.mjs"), modules(),
             chromium], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(self.directory.name), start_new_session=True)
        self.id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        harness.end_group(self.process) if self.process.poll() is None else self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        self.directory.cleanup()

    def ask(self, what, patience=PATIENCE, **words):
        self.id += 1
        self.process.stdin.write(json.dumps({"id": self.id, "what": what, **words}).encode() +
                                 b"\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], patience)[0]:
            raise harness.Hang("%s %s: no answer in %d s" % (what, words.get("text", ""), patience))
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the browser ended: %s" %
                                 self.process.stderr.read().decode(errors="replace"))
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError("%s %s: %s" % (what, words, answer["error"]))
        return answer["value"]

    def open(self, path, **how):
        """A page of a file, or of an address. how: width, height, dark, scale, script, offline."""
        url = path if "://" in path else "file://" + os.path.abspath(path.split("#")[0]) + (
            "#" + path.split("#")[1] if "#" in path else "")
        return Tab(self, self.ask("open", url=url, **how))


class Tab:
    """A page. Elements are named by CSS selectors."""

    def __init__(self, browser, tab):
        self.browser, self.tab = browser, tab

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, what, **words):
        return self.browser.ask(what, tab=self.tab, **words)

    def run(self, text, argument=None, **how):
        """The value of a function of JavaScript, waited for."""
        return self.ask("evaluate", text=text, argument=argument, **how)

    def ready(self):
        """Until the profile is shown."""
        self.run(READY)
        return self

    def refused(self):
        """Until it is shown, or the page has said why it is not."""
        self.run("() => (%s)().catch(() => null)" % READY)

    def press(self, *keys):
        self.ask("press", keys=keys)

    def type(self, text):
        self.ask("type", text=text)

    def click(self, selector):
        self.ask("click", selector=selector)

    def set(self, **state):
        """The page's state, and then until it is drawn."""
        self.run("(state) => { window.memtrack.set(state); return new Promise((done) => "
                 "requestAnimationFrame(() => requestAnimationFrame(() => done(null)))); }", state)

    def state(self):
        return self.run("() => window.memtrack.state()")

    def text(self, selector="body"):
        """What a person reads."""
        return self.run("(s) => document.querySelector(s)?.innerText ?? ''", selector)

    def screenshot(self, path):
        self.ask("screenshot", path=path)

    def seen(self):
        """What it did unasked: errors, dialogs, requests."""
        return self.ask("seen")

    def close(self):
        self.ask("close")


class Firefox:
    """One browser with one page. It has evaluate, press and screenshot, as Tab does."""

    def __init__(self, width=1280, height=720):
        firefox = harness.tool("firefox-esr")
        self.directory = tempfile.TemporaryDirectory(prefix="memtrack-browser-")
        profile = os.path.join(self.directory.name, "profile")
        os.mkdir(profile)
        with open(os.path.join(profile, "user.js"), "w") as file:
            file.write('user_pref("marionette.port", 0);\n'
                       'user_pref("browser.shell.checkDefaultBrowser", false);\n'
                       'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
                       'user_pref("app.update.enabled", false);\n'
                       'user_pref("network.proxy.type", 1);\n'  # nothing leaves the machine
                       'user_pref("network.proxy.http", "127.0.0.1");\n'
                       'user_pref("network.proxy.http_port", 9);\n'
                       'user_pref("network.proxy.ssl", "127.0.0.1");\n'
                       'user_pref("network.proxy.ssl_port", 9);\n')
        self.process = subprocess.Popen(
            [firefox, "--headless", "--marionette", "--no-remote", "--profile", profile,
             "--width", str(width), "--height", str(height)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(self.directory.name), start_new_session=True)
        self.id = 0
        try:
            self.connect(os.path.join(profile, "MarionetteActivePort"))
        except BaseException:
            self.__exit__()
            raise

    def connect(self, path):
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(path) or not os.path.getsize(path):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError("Firefox did not begin")
            time.sleep(0.05)
        with open(path) as file:
            self.socket = socket.create_connection(("127.0.0.1", int(file.read())), PATIENCE)
        self.stream = self.socket.makefile("rb")
        self.read()  # it greets
        self.ask("WebDriver:NewSession", strictFileInteractability=False)
        self.ask("WebDriver:SetTimeouts", script=PATIENCE * 1000, pageLoad=PATIENCE * 1000)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(AttributeError, OSError, AssertionError):
            self.ask("Marionette:Quit", flags=["eForceQuit"])
        with contextlib.suppress(AttributeError):
            self.stream.close()
            self.socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        self.directory.cleanup()

    def read(self):
        """A message is its length, a colon and JSON."""
        size = b""
        while not size.endswith(b":"):
            byte = self.stream.read(1)
            if not byte:
                raise AssertionError("Firefox ended")
            size += byte
        return json.loads(self.stream.read(int(size[:-1])))

    def ask(self, what, **words):
        self.id += 1
        text = json.dumps([0, self.id, what, words]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, number, error, value = self.read()
        assert number == self.id, number
        if error:
            raise AssertionError("%s %s: %s" % (what, words, error.get("message")))
        return value.get("value") if isinstance(value, dict) and "value" in value else value

    def open(self, path):
        self.ask("WebDriver:Navigate", url="file://" + os.path.abspath(path))

    def run(self, text, argument=None):
        """The value of a function of JavaScript, waited for."""
        answer = self.ask("WebDriver:ExecuteAsyncScript", args=[argument], sandbox=None, script="""
            const done = arguments[arguments.length - 1];
            Promise.resolve().then(() => (%s)(arguments[0])).then(
                (value) => done({value: value ?? null}), (error) => done({error: String(error)}));
            """ % text)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]

    def ready(self):
        self.run(READY)
        return self

    def press(self, *keys):
        for key in keys:
            self.ask("WebDriver:PerformActions", actions=[{
                "type": "key", "id": "keyboard", "actions": [
                    {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}])
