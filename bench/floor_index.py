"""The floor for indexing: read, split at headings, insert into FTS5, one transaction.

usage: floor_index.py FOLDER DATABASE

It has no change detection, parser, line numbers, frontmatter or updates.
"""

import os
import re
import sqlite3
import sys

SECTION = re.compile(r"^(?=#{1,6} )", re.MULTILINE)


def files(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files(entry.path)
            elif entry.name.endswith(".md"):
                yield entry.path


def rows(folder):
    for path in files(folder):
        with open(path, encoding="utf-8") as file:
            for section in SECTION.split(file.read()):
                if section.strip():
                    yield path, section


db = sqlite3.connect(sys.argv[2])
db.execute("CREATE VIRTUAL TABLE chunk USING fts5 (path UNINDEXED, text, tokenize = 'porter')")
with db:
    db.executemany("INSERT INTO chunk VALUES (?, ?)", rows(sys.argv[1]))
db.close()
