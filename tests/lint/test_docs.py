# SPDX-License-Identifier: MIT
"""Links in the documents lead to files and headings that exist, and documents are reachable from the README."""
import pathlib
import re

import tree

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", flags=re.M | re.S)


def anchors(path):
    """The ids that a Markdown renderer gives to the headings of a file."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", tree.text(path)), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path):
    return LINK.findall(FENCE.sub("", tree.text(path)))


documents = tree.files(".md")
problems = []
reached = set()
for document in documents:
    for link in links(document):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (tree.SOURCE / document.parent / name).resolve() if name else (tree.SOURCE / document)
        if not target.exists():
            problems.append(f"{document}: {link} leads nowhere")
            continue
        relative = pathlib.PurePath(target.relative_to(tree.SOURCE))
        reached.add(relative)
        if anchor and relative.suffix == ".md" and anchor not in anchors(relative):
            problems.append(f"{document}: {link}: no such heading in {relative}")
problems += [f"{document}: no other document links to it"
             for document in documents if document.name != "README.md" and document not in reached]
tree.report(problems, documents and f"{len(documents)} documents")
