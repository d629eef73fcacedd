# SPDX-License-Identifier: MIT
"""Pages put together from the viewer alone, without the command: what a test says is in them, a
profile or not."""
import base64
import html
import json
import os

from support import harness

VIEWER = os.path.join(harness.SOURCE, "lib", "page", "dist", "viewer.html")


def block(name, data, attributes=""):
    return '<script id="memtrack-%s" type="text/plain"%s>%s</script>\n' % (name, attributes, data)


def profile(data, name, number=0):
    """A profile of these bytes under this name."""
    return block("profile" + ("-2" if number else ""), base64.b64encode(data).decode(),
                 ' data-name="%s"' % html.escape(name))


def write(path, *profiles, page=None, lines=None, static="<p>The summary.</p>"):
    """A page with these profiles, (bytes, name) each, in the file: its path. lines: what it knows
    of the lines of a comparison, bytes."""
    with open(VIEWER) as file:
        text = file.read()
    data = "".join(profile(*one, number) for number, one in enumerate(profiles))
    if page is not None:
        data += block("page", json.dumps(page).replace("<", "\\u003c"))
    if lines is not None:
        data += block("lines", base64.b64encode(lines).decode())
    for key, value in {"CONNECT": "'none'", "TITLE": "memtrack", "STATIC": static,
                       "DATA": data}.items():
        text = text.replace("@%s@" % key, value)
    with open(path, "w") as file:
        file.write(text)
    return path


def of(path, *files, **more):
    """A page of profiles in files."""
    def read(name):
        with open(name, "rb") as file:
            return file.read(), os.path.basename(name)
    return write(path, *map(read, files), **more)
