"""After any sequence of edits, the index equals one that is made anew from the same files."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from index_tools import content

from memcairn import Memory, Query

FOLDERS = ("", "sub", "sub/deep", "other")
NAMES = ("a.md", "b.md", "c.txt", "x.md")
WORDS = ("kiwi", "plum", "lime", "pear")

folders = st.sampled_from(FOLDERS)
names = st.sampled_from(NAMES)
words = st.sampled_from(WORDS)
sections = st.lists(st.tuples(st.integers(1, 3), words, words), min_size=0, max_size=4).map(
    lambda parts: "".join(f"{'#' * n} {title}\n\n{text}.\n\n" for n, title, text in parts)
)
heads = st.sampled_from(
    (
        "",
        "---\ntags: [x]\n---\n",
        "---\ndate: 2025-03-09\n---\n",
        "---\ntitle: T\nnamespace: own\n---\n",
        "---\nbroken: [\n---\n",
    )
)
patterns = st.sampled_from(("", "a.md\n", "sub/\n", "*.md\n!b.md\n", "deep\n", "/x.md\n"))


class Edits(RuleBasedStateMachine):
    """Files are edited in any order; now and then the index is brought up to date."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(os.path.realpath(tempfile.mkdtemp()))
        self.root = self.base / "notes"
        self.root.mkdir()
        self.memory = Memory(self.base / "home")
        self.memory.index(self.root)
        self.touched: set[Path] = set()
        self.rules_changed = False
        self.fresh = 0

    def teardown(self) -> None:
        self.memory.close()
        shutil.rmtree(self.base)

    def _place(self, folder: str, name: str) -> Path | None:
        path = self.root / folder / name
        return path if path.parent.is_dir() and not path.is_dir() else None

    @rule(folder=folders, name=names, head=heads, body=sections)
    def write(self, folder: str, name: str, head: str, body: str) -> None:
        if path := self._place(folder, name):
            path.write_text(head + body)
            self.touched.add(path)

    @rule(folder=folders, name=names, body=sections)
    def replace(self, folder: str, name: str, body: str) -> None:
        if path := self._place(folder, name):
            path.with_name(".tmp").write_text(body)
            path.with_name(".tmp").replace(path)
            self.touched.add(path)

    @rule(folder=folders, name=names, word=words)
    def append(self, folder: str, name: str, word: str) -> None:
        path = self._place(folder, name)
        if path and path.exists():
            with path.open("a") as file:
                file.write(f"\n{word}\n")
            self.touched.add(path)

    @rule(folder=folders, name=names, before=words, after=words)
    def edit_in_place(self, folder: str, name: str, before: str, after: str) -> None:
        path = self._place(folder, name)
        if path and path.exists():
            path.write_text(path.read_text().replace(before, after, 1))
            self.touched.add(path)

    @rule(folder=folders, name=names, head=heads)
    def change_frontmatter(self, folder: str, name: str, head: str) -> None:
        path = self._place(folder, name)
        if path and path.exists():
            text = path.read_text()
            path.write_text(head + (text.split("---\n", 2)[2] if text.startswith("---") else text))
            self.touched.add(path)

    @rule(folder=folders, name=names)
    def touch(self, folder: str, name: str) -> None:
        path = self._place(folder, name)
        if path and path.exists():
            os.utime(path)
            self.touched.add(path)

    @rule(folder=folders, name=names, to_folder=folders, to_name=names)
    def rename(self, folder: str, name: str, to_folder: str, to_name: str) -> None:
        before, after = self._place(folder, name), self._place(to_folder, to_name)
        if before and after and before.exists():
            before.replace(after)
            self.touched |= {before, after}

    @rule(folder=folders, name=names, to_folder=folders, to_name=names)
    def swap(self, folder: str, name: str, to_folder: str, to_name: str) -> None:
        one, other = self._place(folder, name), self._place(to_folder, to_name)
        if one and other and one.exists() and other.exists() and one != other:
            one.replace(self.root / ".swap")
            other.replace(one)
            (self.root / ".swap").replace(other)
            self.touched |= {one, other}

    @rule(folder=folders, name=names)
    def remove(self, folder: str, name: str) -> None:
        path = self._place(folder, name)
        if path and path.exists():
            path.unlink()
            self.touched.add(path)

    @rule(folder=st.sampled_from((*FOLDERS[1:], "x.md")))
    def make_folder(self, folder: str) -> None:
        path = self.root / folder
        if not path.exists():
            path.mkdir(parents=True)
            self.touched.add(path)

    @rule(folder=st.sampled_from((*FOLDERS[1:], "x.md")))
    def remove_folder(self, folder: str) -> None:
        path = self.root / folder
        if path.is_dir():
            shutil.rmtree(path)
            self.touched.add(path)

    @rule(before=st.sampled_from(FOLDERS[1:]), after=st.sampled_from(FOLDERS[1:]))
    def rename_folder(self, before: str, after: str) -> None:
        one, other = self.root / before, self.root / after
        if (
            one.is_dir()
            and not other.exists()
            and other.parent.is_dir()
            and one not in other.parents
        ):
            one.rename(other)
            self.touched |= {one, other}

    @rule(folder=folders, name=st.sampled_from((".gitignore", ".memcairnignore")), lines=patterns)
    def ignore(self, folder: str, name: str, lines: str) -> None:
        if path := self._place(folder, name):
            path.write_text(lines)
            self.rules_changed = True

    @rule(word=words)
    def search(self, word: str) -> None:
        for passage in self.memory.search(Query(word, limit=50)):
            lines = Path(passage.path).read_text().split("\n")
            there = lines[passage.start_line - 1 : passage.end_line]
            shown = passage.text.split("\n")
            # The line that ends a frontmatter is shown as a blank one.
            is_there = [a == b or (a, b) == ("", "---") for a, b in zip(shown, there, strict=False)]
            assert all(is_there) or passage.text == passage.title

    @rule()
    def index(self) -> None:
        self.memory.index(self.root)
        self._compare()

    @rule()
    def rest(self) -> None:
        # As if nothing had happened lately: what is younger is looked at once more in any case.
        for folder, _, found in os.walk(self.root):
            for path in (Path(folder), *(Path(folder, name) for name in found)):
                os.utime(path, (path.stat().st_mtime - 60,) * 2)
                self.touched.add(path)

    @rule()
    def drain(self) -> None:
        if self.rules_changed:
            self.touched = {self.root}
        self.memory.enqueue(self.touched)
        assert self.memory.flush().is_whole
        self._compare()

    def _compare(self) -> None:
        self.touched.clear()
        self.rules_changed = False
        self.fresh += 1
        with Memory(self.base / f"fresh-{self.fresh}") as fresh:
            fresh.index(self.root)
            assert content(self.memory) == content(fresh)

    @invariant()
    def there_are_as_many_chunks_as_full_texts(self) -> None:
        held = content(self.memory)
        assert held["full text"] == [(len(held["chunks"]),)]


TestAnyEdits = Edits.TestCase
TestAnyEdits.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
