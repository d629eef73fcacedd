#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the inputs of the benchmark: the same bytes on every machine.

Everything is derived from random.Random(seed).random(), whose sequence Python promises not to
change (randint and choices carry no such promise). Each input is written beside its final name and
renamed, so that an interrupted run leaves no half file behind. The sizes follow what the programs
meet in practice: 40 MB of JSON, 19 MB of XML, 7 MB of SQL, the preprocessed amalgamation of SQLite,
200,000 lines of preprocessed C++, and a repository with a few thousand commits.

usage: make.py DIRECTORY [INPUT]..."""
import json
import os
import random
import shutil
import subprocess
import sys

import repository
import sources

WORDS = (
    "amber basil cedar dune ember fjord grove heath inlet jetty knoll larch maple nettle oasis "
    "pine quarry reed "
    "sage thorn umbra vale willow yarrow").split()
HERE = os.path.dirname(os.path.abspath(__file__))


class Dice:
    """Integers and choices from the one stable source of numbers."""

    def __init__(self, seed):
        self.next = random.Random(seed).random

    def below(self, n):
        return int(self.next() * n)

    def between(self, low, high):
        return low + int(self.next() * (high - low + 1))

    def pick(self, items):
        return items[int(self.next() * len(items))]

    def phrase(self, low, high):
        return " ".join([self.pick(WORDS) for _ in range(self.between(low, high))])


def json_record(dice, i):
    nested = {
        "a": dice.below(1000001),
        "b": [dice.below(1000) for _ in range(dice.between(0, 12))],
        "c": {"k%d" % dice.below(51): dice.pick(WORDS), "text": "x" * dice.between(0, 120)},
    }
    return {
        "id": i,
        "name": dice.phrase(3, 3),
        "tags": dice.phrase(1, 8).split(),
        "score": round(dice.next() * 1000, 4),
        "active": i % 2 == 1,
        "nested": nested,
        "desc": dice.phrase(5, 40), }


def make_json(path, records=100000):
    dice = Dice(42)
    with open(path, "w") as out:
        out.write("[")
        for i in range(records):
            out.write(",\n" if i else "")
            json.dump(json_record(dice, i), out)
        out.write("]\n")


def make_xml(path, items=100000):
    dice = Dice(43)
    with open(path, "w") as out:
        out.write('<?xml version="1.0"?>\n<root>\n')
        for i in range(items):
            entries = "".join('<e n="%d">%s</e>' % (j, dice.pick(WORDS))
                              for j in range(dice.between(0, 8)))
            out.write(
                '<item id="%d" kind="%s"><name>%s</name><v a="%d">%s</v><list>%s</list></item>\n' %
                (i, dice.pick(WORDS), dice.phrase(
                    3, 3), dice.below(100000), "y" * dice.between(0, 60), entries))
        out.write("</root>\n")


def sql_query(dice, i, rows):
    if i % 200 == 0:
        return (
            "SELECT name,weight,length(note) FROM parts WHERE name>'%s99%d' ORDER BY weight LIMIT "
            "5;\n"
            % (dice.pick(WORDS), dice.below(100)))
    return (
        "SELECT parts.name,tags.word,group_concat(note) FROM parts JOIN tags ON parts.id=tags.part "
        "WHERE parts.id=%d GROUP BY 1,2;\n" % dice.below(rows + 1))


def make_sql(path, rows=60000, queries=12000):
    dice = Dice(1)
    with open(path, "w") as out:
        out.write("CREATE TABLE parts(id INTEGER PRIMARY KEY,name TEXT,weight REAL,note TEXT);\n"
                  "CREATE TABLE tags(part INTEGER,word TEXT);\nBEGIN;\n")
        for i in range(rows):
            out.write("INSERT INTO parts VALUES(%d,'%s%d',%f,'%s');\n" % (
                i, dice.pick(WORDS), dice.below(10000), dice.next(), "z" * dice.between(0, 60)))
            if i % 2 == 0:
                out.write("INSERT INTO tags VALUES(%d,'%s');\n" %
                          (dice.below(rows + 1), dice.pick(WORDS)))
        out.write(
            "COMMIT;\nCREATE INDEX parts_name ON parts(name);\nCREATE INDEX tags_part ON "
            "tags(part);\n"
        )
        for i in range(queries):
            out.write(sql_query(dice, i, rows))
        out.write("SELECT word,count(*),avg(weight),max(upper(name)||'-'||lower(note)) FROM parts "
                  "JOIN tags ON parts.id=tags.part GROUP BY word;\n"
                  "UPDATE parts SET note=printf('%s-%d',name,id) WHERE id%3=0;\n"
                  "SELECT sum(length(replace(note,'a','bb'))) FROM parts;\n")


def make_cxx(path):
    """Preprocessed here and now, so that the compiler's own headers fit the compiler that is
    measured."""
    source = os.path.join(HERE, "templates.cpp")
    subprocess.run(["clang++", "-std=c++17", "-E", "-I/usr/include/eigen3", "-o", path, source],
                   check=True)


INPUTS = {
    "records.json": make_json,
    "items.xml": make_xml,
    "load.sql": make_sql,
    "sqlite3.i": sources.make_sqlite,
    "templates.ii": make_cxx,
    "history.git": repository.make,
}


def ensure(directory, name):
    """The path of the input, made now if it is not there yet."""
    path = os.path.join(directory, name)
    if os.path.exists(path):
        return path
    os.makedirs(directory, exist_ok=True)
    partial = path + ".partial"
    if os.path.isdir(partial):
        shutil.rmtree(partial)
    print("bench: making %s" % path, file=sys.stderr)
    INPUTS[name](partial)
    os.rename(partial, path)
    return path


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: make.py DIRECTORY [%s]..." % "|".join(INPUTS))
    for name in sys.argv[2:] or INPUTS:
        if name not in INPUTS:
            sys.exit("make.py: no input %s: there are %s" % (name, " ".join(INPUTS)))
        ensure(sys.argv[1], name)


if __name__ == "__main__":
    main()
