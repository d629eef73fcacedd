# SPDX-License-Identifier: MIT
"""The Python workload: parse and print JSON, group it, grow an unbalanced tree of objects, fill a
dictionary.

Run with PYTHONMALLOC=malloc, or the interpreter's own pools hide the objects from every tracker.
usage: load.py SCALE RECORDS.json"""
import json
import sys


class Numbers:
    def __init__(self):
        self.state = 12345

    def next(self):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return self.state


class Node:
    __slots__ = ("key", "value", "left", "right")

    def __init__(self, key, value):
        self.key = key
        self.value = value
        self.left = None
        self.right = None


def insert(node, key, value):
    if node is None:
        return Node(key, value)
    if key < node.key:
        node.left = insert(node.left, key, value)
    elif key > node.key:
        node.right = insert(node.right, key, value)
    else:
        node.value = value
    return node


def group(records):
    by_tag = {}
    for record in records:
        for tag in record["tags"]:
            by_tag.setdefault(tag, []).append((record["id"], record["score"]))
    return by_tag


def main(scale, path):
    with open(path) as source:
        text = source.read(4_000_000)
    text = text[:text.rindex(",\n")] + "]"
    numbers = Numbers()
    for _ in range(scale):
        records = json.loads(text)
        by_tag = group(records)
        printed = json.dumps(records)
    root = None
    for i in range(40000 * scale):
        root = insert(root, numbers.next(), str(i))
    words = {}
    for record in records:
        for word in record["desc"].split():
            words[word + str(numbers.next() % 5000)] = words.get(word, 0) + 1
    print(len(by_tag), len(printed), len(words))


main(int(sys.argv[1]), sys.argv[2])
