# SPDX-License-Identifier: MIT
"""
Links in the documents lead to files and headings that exist, links lead from the README to every
document, and no line of a document is longer than WIDTH columns.
"""
import pathlib
import re

import tree

WIDTH = 120
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", flags=re.M | re.S)
START = pathlib.PurePath("README.md")


def anchors(path):
    """The ids that a Markdown renderer gives to the headings of a file."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", tree.text(path)), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path):
    """Each link to a place in the tree, the file that it leads to, and the heading there or an
    empty text."""
    for link in LINK.findall(FENCE.sub("", tree.text(path))):
        if not re.match(r"[a-z]+:", link):
            name, _, anchor = link.partition("#")
            target = (tree.SOURCE / path.parent / name).resolve() if name else tree.SOURCE / path
            yield link, target, anchor


def broken_links(document):
    for link, target, anchor in links(document):
        if not target.exists():
            yield f"{document}: {link} leads nowhere"
            continue
        relative = pathlib.PurePath(target.relative_to(tree.SOURCE))
        if anchor and relative.suffix == ".md" and anchor not in anchors(relative):
            yield f"{document}: {link}: no such heading in {relative}"


def long_lines(document):
    for number, line in enumerate(tree.text(document).splitlines(), 1):
        if len(line) > WIDTH:
            yield f"{document}:{number}: {len(line)} columns, more than {WIDTH}"


def reached_from(start):
    """The documents to which links lead from start, directly or through others."""
    reached, waiting = {start}, [start]
    while waiting:
        for _, target, _ in links(waiting.pop()):
            if target.suffix == ".md" and target.exists():
                document = pathlib.PurePath(target.relative_to(tree.SOURCE))
                if document not in reached:
                    reached.add(document)
                    waiting.append(document)
    return reached


documents = tree.files(".md")
problems = [
    problem for document in documents for check in (broken_links, long_lines)
    for problem in check(document)]
problems += [
    f"{document}: no links lead to it from {START}"
    for document in sorted(set(documents) - reached_from(START))]
tree.report(problems, documents and f"{len(documents)} documents")
