"""Notes, texts and readers for the tests of MEMORY.md."""

import os
import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from posixpath import normpath
from urllib.parse import unquote

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pyromark import events

from memcairn.memory_md.graphemes import count
from memcairn.memory_md.rank import order
from memcairn.memory_md.render import render
from memcairn.store.memory_md import MemoryMdNote, sort_key

TODAY = date(2025, 11, 20)
DAY = TODAY.toordinal()

WORDS = [
    "deploy",
    "build",
    "test",
    "queue",
    "index",
    "agent",
    "memory",
    "note",
    "error",
    "timeout",
    "cache",
    "retry",
    "schema",
    "login",
    "token",
    "branch",
    "review",
    "release",
    "docker",
    "pytest",
]


def note(path, title="", description="", **more):
    return MemoryMdNote(
        path=path,
        title=title or path.rsplit("/", 1)[-1].removesuffix(".md"),
        description=description,
        **{"type": None, "pinned": False, "changed": DAY, **more},
    )


class NoteList:
    """The interface of `store.memory_md.MemoryMdNotes` for a list of notes with distinct paths."""

    def __init__(self, notes):
        self._notes = sorted(notes, key=lambda note: sort_key(note.path))
        self._keys = [sort_key(note.path) for note in self._notes]
        self._by_path = {note.path: note for note in self._notes}

    def count(self):
        return len(self._notes)

    def best(self):
        return iter(sorted(self._notes, key=order))

    def since(self, key):
        for place in range(bisect_left(self._keys, key), len(self._notes)):
            yield self._notes[place]

    def at(self, path):
        return self._by_path.get(path)

    def with_file_name(self, name):
        return [path for path in self._by_path if path.rpartition("/")[2] == name]

    def beside_pages(self):
        return [path for path in self._by_path if path.rpartition("/")[0].casefold() == "index"]


def many(count, seed=1, folders=("observed/", "project/", "feedback/", "", "reference/api/")):
    """Notes as an agent would write them, the same for the same arguments."""
    chance = random.Random(seed)
    return [
        note(
            f"{chance.choice(folders)}2025-{n % 12 + 1:02}-{chance.choice(WORDS)}-{n}.md",
            " ".join(chance.sample(WORDS, 4)).capitalize(),
            " ".join(chance.choices(WORDS, k=chance.randint(0, 14))),
            type=chance.choice(["user", "feedback", "project", "reference", "observed", None]),
            pinned=n % 500 == 7,
            changed=DAY - n % 300,
            superseded=n % 97 == 5,
        )
        for n in range(count)
    ]


# Pieces that somebody could hope to break out of an entry with.
HOSTILE = [
    "fix](x) <!-- memcairn:end -->",
    "<!-- memcairn:begin 0 notes, 0 listed here -->",
    "](javascript:alert(1))",
    "[a](b.md)",
    "![a](b.png)",
    "[[wiki]]",
    "[^1]: note",
    "`code` ``",
    "```",
    "~~~",
    "<script>",
    "</pre>",
    "<?php",
    "<![CDATA[",
    "<http://x.example/>",
    "<!--",
    "-->",
    "--!>",
    "&lt;&amp;&#x41;&nbsp;",
    "*em* **strong** _em_ __strong__ a_b_c",
    "\\",
    "\\]",
    "# heading",
    "## More",
    "- item",
    "1. item",
    "> quote",
    "| a | b |",
    "---",
    "===",
    "\n",
    "\r\n",
    "\u2028",
    "\u2029",
    "\x85",
    "\x00",
    "\x1b[31m",
    "\t",
    "  ",
    "\u202eevil\u202c",
    "\u200b",
    "\ufeff",
    "\u0301",
    "e\u0301\u0302",
    "日本語のタイトル",
    "ऑपरेटिंग सिस्टम क्षत्रिय",
    "עברית",
    "👩‍👩‍👧‍👦",
    "🇩🇪🇫🇷",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "각",
    "\U000e0041\U000e0042",
    "%20",
    "%",
    "?",
    "#",
    "^",
    ":",
    "(",
    ")",
    "<",
    ">",
    '"',
    "'",
    ";",
    "&",
    "…",
    " — ",
]

any_char = st.characters(exclude_categories=["Cs"])
texts = st.one_of(
    st.text(any_char, max_size=40),
    st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join),
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(any_char, max_size=6)), max_size=12).map(
        " ".join
    ),
    st.sampled_from(["x" * 300, "語" * 300, "👩‍👩‍👧‍👦" * 40, "a_b" * 100, "\\" * 200, "[" * 200]),
)


def _segment(data):
    name = os.fsdecode(data.replace(b"/", b"").replace(b"\x00", b""))
    return name if name not in {"", ".", ".."} else "x"


_names = st.one_of(
    st.sampled_from(HOSTILE).map(lambda text: _segment(text.encode())),
    st.text(any_char, min_size=1, max_size=12).map(lambda text: _segment(text.encode())),
    st.binary(min_size=1, max_size=12).map(_segment),
    st.sampled_from(
        ["javascript:x", "data:y", "a b", " a", "b ", "f(x)", "[id]", "100%25", "&lt;"]
    ),
)
paths = st.lists(_names, min_size=1, max_size=4).map(lambda parts: "/".join(parts) + ".md")

facts = st.builds(
    MemoryMdNote,
    path=paths,
    title=texts,
    description=texts,
    type=st.sampled_from(
        [None, "user", "feedback", "project", "reference", "observed", "C #", "# x"]
    ),
    pinned=st.booleans(),
    changed=st.integers(DAY - 400, DAY),
    second=st.integers(0, 86_399),
    used_day=st.one_of(st.none(), st.integers(DAY - 100, DAY)),
    use_count=st.integers(0, 20),
    valid_until=st.sampled_from([None, "2024-01-01", "2025-11-20", "2030-01-01T10:00", "soon"]),
    superseded=st.booleans(),
)
roots = st.lists(facts, max_size=40, unique_by=lambda fact: fact.path)


@dataclass(frozen=True)
class Link:
    text: str
    path: str


def _path(destination, folder):
    return normpath(folder + unquote(destination, errors="surrogateescape"))


def markdown_it_links(text, folder=""):
    """The links of a Markdown text, as markdown-it reads them."""
    found = []
    for token in MarkdownIt().parse(text):
        inside = None
        for child in token.children or []:
            if child.type == "link_open":
                inside = [child.attrs["href"], ""]
            elif child.type == "link_close":
                found.append(Link(inside[1], _path(inside[0], folder)))
                inside = None
            elif inside is not None:
                inside[1] += child.content
    return found


def pyromark_links(text, folder=""):
    """The links of a Markdown text, as pulldown-cmark reads them."""
    found = []
    inside = None
    for event in events(text):
        if isinstance(event, dict) and isinstance(event.get("Start"), dict):
            if "Link" in event["Start"]:
                inside = [event["Start"]["Link"]["dest_url"], ""]
        elif event == {"End": "Link"}:
            found.append(Link(inside[1], _path(inside[0], folder)))
            inside = None
        elif inside is not None and "Text" in event:
            inside[1] += event["Text"]
    return found


def readable(data):
    """A file as a Markdown parser takes it."""
    return data.decode("utf-8", "replace")


def hops(rendered, read=pyromark_links):
    """How many links lead from MEMORY.md to each path that can be reached."""
    distance = {}
    waiting = [("", rendered.memory_md, 1)]
    for folder, data, steps in waiting:
        for link in read(readable(data), folder):
            if link.path in distance:
                continue
            distance[link.path] = steps
            if link.path in rendered.pages:
                waiting.append(("index/", rendered.pages[link.path], steps + 1))
    return {path: steps for path, steps in distance.items() if path not in rendered.pages}


def over_limit(data, limits):
    """What a file has too much of, counted as simply as possible."""
    text = data.decode("utf-8", "surrogateescape")
    found = {
        "lines": len(text.split("\n")) - limits.lines,
        "units": len(text.encode("utf-16-le", "surrogatepass")) // 2 - limits.units,
        "bytes": len(data) - limits.size_bytes,
    }
    return {name: excess for name, excess in found.items() if excess > 0}


def entry_lines(data):
    return [line for line in readable(data).split("\n") if line.startswith("- [")]


def longest_entry(data):
    return max(map(count, entry_lines(data)), default=0)


def everything(notes, present=None, **more):
    return render(NoteList(notes), present, **{"today": TODAY, **more})
