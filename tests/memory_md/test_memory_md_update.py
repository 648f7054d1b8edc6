"""An update with the render cache gives the same files as rendering everything."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from memory_md_samples import DAY, TODAY, NoteList, everything, hops, many, note, over_limit

from memcairn.memory_md import render_cache
from memcairn.memory_md.limits import Limits
from memcairn.memory_md.render import render

SMALL = Limits(lines=16, units=2_000, size_bytes=2_200, entry_chars=80)


class Root:
    """A root as refreshing sees it: notes, files, and the cache of the last update."""

    def __init__(self, limits, facts=()):
        self.limits = limits
        self.facts = {fact.path: fact for fact in facts}
        self.today = TODAY
        self.memory_md = None
        self.pages = {}
        self.cache = None
        self.changed = {fact.path for fact in facts}

    def put(self, fact):
        old = self.facts.get(fact.path)
        self.facts[fact.path] = fact
        texts = ("title", "description", "changed")
        if old is None or any(getattr(old, name) != getattr(fact, name) for name in texts):
            self.changed.add(fact.path)

    def remove(self, path):
        del self.facts[path]
        self.changed.add(path)

    def refresh(self):
        rendered = render(
            NoteList(self.facts.values()),
            self.memory_md,
            today=self.today,
            limits=self.limits,
            cache=self.cache,
            changed=self.changed,
        )
        assert not set(rendered.pages) & set(rendered.removed)
        assert set(rendered.removed) <= set(self.pages)
        self.memory_md = rendered.memory_md
        self.pages.update(rendered.pages)
        for path in rendered.removed:
            del self.pages[path]
        for path in self.facts:
            self.pages.pop(path, None)  # somebody wrote a note over a page
        self.cache = render_cache.loads(render_cache.dumps(rendered.cache))
        assert self.cache == rendered.cache
        self.changed = set()
        return rendered

    def assert_equals_a_rebuild(self):
        rebuilt = everything(
            self.facts.values(), self.memory_md, today=self.today, limits=self.limits
        )
        assert self.memory_md == rebuilt.memory_md
        assert self.pages == rebuilt.pages
        assert self.cache == rebuilt.cache


class Refreshing(RuleBasedStateMachine):
    """Writes, edits, renames, removals, pins, uses, hand edits and days, in any order."""

    def __init__(self):
        super().__init__()
        self.root = Root(SMALL, many(60, seed=8))
        self.edited = 0

    def any_path(self, data):
        return data.draw(st.sampled_from(sorted(self.root.facts)))

    @rule(
        folder=st.sampled_from(["", "a/", "b/", "b/c/", "index/", "z/"]),
        name=st.sampled_from(["more", "all", "b", "x y", "é", "long" * 30]),
        number=st.integers(0, 9),
        length=st.sampled_from([1, 30, 500]),
    )
    def write(self, folder, name, number, length):
        self.root.put(note(f"{folder}{name}-{number}.md", "t" * length, "words " * number))

    @rule(count=st.integers(1, 60), seed=st.integers(0, 3))
    def write_many(self, count, seed):
        for fact in many(count, seed=seed, folders=("m/", "n/")):
            self.root.put(fact)

    @precondition(lambda self: self.root.facts)
    @rule(data=st.data(), change=st.sampled_from(["title", "pin", "use", "type", "date", "old"]))
    def edit(self, data, change):
        fact = self.root.facts[self.any_path(data)]
        changes = {
            "title": {"title": fact.title[::-1] + "!", "changed": DAY},
            "pin": {"pinned": not fact.pinned},
            "use": {"used_day": DAY, "use_count": fact.use_count + 1},
            "type": {"type": "user"},
            "date": {"valid_until": (self.root.today + timedelta(days=1)).isoformat()},
            "old": {"superseded": not fact.superseded},
        }
        self.root.put(fact._replace(**changes[change]))

    @precondition(lambda self: self.root.facts)
    @rule(data=st.data())
    def rename(self, data):
        fact = self.root.facts[self.any_path(data)]
        self.root.remove(fact.path)
        self.root.put(fact._replace(path=f"moved/{fact.path}"))

    @precondition(lambda self: self.root.facts)
    @rule(data=st.data(), count=st.integers(1, 30))
    def remove(self, data, count):
        paths = sorted(self.root.facts)
        first = data.draw(st.integers(0, len(paths) - 1))
        for path in paths[first : first + count]:
            self.root.remove(path)

    @rule(days=st.integers(1, 3))
    def days_pass(self, days):
        self.root.today += timedelta(days=days)

    @precondition(lambda self: self.root.memory_md)
    @rule(data=st.data(), how=st.sampled_from(["append", "insert", "drop", "swap", "entry", "cut"]))
    def edit_by_hand(self, data, how):
        lines = self.root.memory_md.split(b"\n")
        place = data.draw(st.integers(0, len(lines) - 1))
        self.edited += 1
        match how:
            case "append":
                lines.append(f"more {self.edited}".encode())
            case "insert":
                lines.insert(place, f"mine {self.edited}".encode())
            case "drop":
                del lines[place]
            case "swap":
                lines[place], lines[0] = lines[0], lines[place]
            case "entry" if self.root.facts:
                lines.insert(place, f"- [Mine](<{self.any_path(data)}>)".encode())
            case "cut":
                del lines[place:]
        self.root.memory_md = b"\n".join(lines)

    @rule()
    def forget(self):
        """The cache is lost, and with it the pages to remove."""
        self.root.cache = None
        self.root.pages = {}

    @invariant()
    def the_files_are_what_a_rebuild_gives(self):
        rendered = self.root.refresh()
        self.root.assert_equals_a_rebuild()
        assert len(self.root.facts) == rendered.listed + rendered.folded + rendered.hand_linked
        if not any(finding.kind == "over-limit" for finding in rendered.findings):
            assert over_limit(self.root.memory_md, SMALL) == {}
        assert all(over_limit(data, SMALL) == {} for data in self.root.pages.values())


TestRefreshing = Refreshing.TestCase
TestRefreshing.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("size", [150, 201, 1_800, 1_801, 3_000])
def test_updates_of_an_ordinary_root_equal_a_rebuild(size):
    root = Root(Limits(), many(size))
    root.refresh()
    for number in range(12):
        root.put(note(f"project/new-{number}.md", f"New {number}", type="project"))
        root.remove(sorted(root.facts)[number * 11])
        paths = sorted(root.facts)
        fact = root.facts[paths[number * 5 + 60]]
        root.put(fact._replace(title=f"Changed {number}", changed=DAY))
        root.put(root.facts[paths[number * 4 + 80]]._replace(pinned=True))
        root.refresh()
        root.assert_equals_a_rebuild()


def test_an_update_writes_and_reads_only_what_the_change_reaches():
    root = Root(Limits(), many(10_000))
    root.refresh()
    read = []

    class Counting(NoteList):
        def since(self, key):
            for fact in super().since(key):
                read.append(fact.path)
                yield fact

        def best(self):
            for fact in super().best():
                read.append(fact.path)
                yield fact

    fact = root.facts[sorted(root.facts)[5_000]]
    root.put(fact._replace(title="Changed", changed=DAY))
    rendered = render(
        Counting(root.facts.values()),
        root.memory_md,
        today=TODAY,
        cache=root.cache,
        changed=root.changed,
    )

    assert len(rendered.pages) <= 3
    assert len(read) < 1_500


def test_an_update_without_a_change_writes_nothing_new():
    root = Root(Limits(), many(1_000))
    before = root.refresh().memory_md

    again = root.refresh()

    assert again.memory_md == before
    assert (again.pages, again.removed) == ({}, ())


def test_a_page_whose_text_stays_is_not_written():
    root = Root(Limits(), many(1_000))
    root.refresh()
    root.changed = set(root.facts)

    assert root.refresh().pages == {}


def test_pages_that_are_no_longer_needed_are_removed():
    root = Root(Limits(), many(1_000))
    root.refresh()
    assert root.pages
    for path in sorted(root.facts)[50:]:
        root.remove(path)
    for fact in list(root.facts.values()):
        root.put(fact._replace(superseded=False))

    rendered = root.refresh()

    assert root.pages == {}
    assert len(rendered.removed) > 3
    assert len(hops(rendered)) == 50


def test_with_other_limits_everything_is_rendered_again():
    root = Root(Limits(), many(1_000))
    root.refresh()
    root.limits = Limits(lines=100)

    root.refresh()

    root.assert_equals_a_rebuild()


def test_a_generated_line_is_recognized_after_its_note_got_another_title():
    root = Root(Limits(), [note("a.md", "A"), note("b.md", "B"), note("c.md", "C")])
    root.refresh()
    root.put(note("a.md", "Another"))
    root.memory_md = root.memory_md.replace(b"- [B]", b"- [My B]")

    root.refresh()

    text = root.memory_md.decode()
    assert "- [My B](b.md)\n<!-- memcairn:begin" in text
    assert "- [A]" not in text


@given(st.text(max_size=40))
def test_text_that_is_not_a_cache_is_ignored(text):
    assert render_cache.loads(text) is None


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"version": 2}', '{"version": 1}'])
def test_a_damaged_cache_or_one_of_another_version_is_ignored(text):
    assert render_cache.loads(text) is None


def test_a_note_written_where_a_page_was_is_not_removed():
    root = Root(Limits(), many(1_000))
    assert "index/more.md" in root.refresh().pages
    root.put(note("index/more.md", "Mine"))

    rendered = root.refresh()

    assert "index/more.md" not in {*rendered.removed, *rendered.pages}
    assert any(path.startswith("index/more-") for path in rendered.pages)
