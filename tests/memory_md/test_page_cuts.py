import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memcairn.memory_md.limits import Limits
from memcairn.memory_md.pages import PageForm, cut, cut_again, form, tight

SMALL = PageForm(lines=12, size_bytes=1200, line_bytes=100, slack=4)


def items_of(weights):
    return sorted((key.encode(), weight) for key, weight in weights.items())


def since(items):
    def start(key):
        return iter([item for item in items if item[0] >= key])

    return start


keys = st.lists(st.sampled_from("abcd/"), min_size=1, max_size=6).map("".join)
roots = st.dictionaries(keys, st.integers(20, 1500), max_size=80)


@given(roots)
def test_the_spans_cover_all_notes_once_and_each_fits_on_a_page(weights):
    items = items_of(weights)

    spans = list(cut(items, SMALL))

    held = [[item for item in items if span.contains(item[0])] for span in spans]
    assert [item for page in held for item in page] == items
    for page, span in zip(held, spans, strict=True):
        assert span.last == page[-1][0]
        assert len(page) <= SMALL.lines
        assert sum(weight for _, weight in page) <= SMALL.size_bytes or len(page) == 1
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert not spans or (spans[0].start, spans[-1].end) == (b"", None)


@settings(max_examples=300)
@given(roots, st.dictionaries(keys, st.one_of(st.none(), st.integers(20, 1500)), max_size=8))
def test_cutting_again_after_a_change_gives_what_cutting_everything_gives(weights, changes):
    old = list(cut(items_of(weights), SMALL))
    now = {key: weight for key, weight in {**weights, **changes}.items() if weight is not None}
    items = items_of(now)

    spans = cut_again(old, [key.encode() for key in changes], since(items), SMALL)

    assert spans == list(cut(items, SMALL))


def test_a_change_reads_and_changes_a_few_pages_only():
    limits = Limits()
    shape = form(20_000, limits)
    weights = {f"notes/{number:06}.md": 110 for number in range(0, 40_000, 2)}
    old = list(cut(items_of(weights), shape))
    changed_pages = []
    read = []
    for number in range(1, 40_000, 1001):
        key = f"notes/{number:06}.md"
        items = items_of({**weights, key: 110})
        count = 0

        def counting(start, items=items):
            nonlocal count
            for item in items:
                if item[0] >= start:
                    count += 1
                    yield item

        spans = cut_again(old, [key.encode()], counting, shape)
        changed_pages.append(len(set(spans) - set(old)))
        read.append(count)

    assert len(old) > 100
    assert sum(changed_pages) / len(changed_pages) < 2
    assert max(changed_pages) < 8
    assert sum(read) / len(read) < 1000


def test_a_page_ends_where_a_folder_ends_if_there_is_room_to_choose():
    shape = form(900, Limits())
    weights = {f"{folder}/{number:03}.md": 100 for folder in "abcdefghi" for number in range(100)}

    spans = list(cut(items_of(weights), shape))

    assert all(span.start.endswith(b"/000.md") for span in spans[1:])


def test_thirty_six_thousand_notes_take_no_more_pages_than_memory_md_has_lines_for():
    limits = Limits()
    shape = form(36_000, limits)

    assert shape == tight(limits)
    least = shape.lines - shape.lines // shape.slack
    assert shape.lines * shape.line_bytes <= shape.size_bytes
    assert 36_000 / least <= limits.lines - 6


@pytest.mark.parametrize("notes", [0, 1, 200, 1_800, 1_801, 3_600, 7_300, 11_000, 11_850])
def test_pages_take_half_of_memory_md_while_there_are_few_notes(notes):
    limits = Limits()
    shape = form(notes, limits)

    most = min(shape.lines, shape.size_bytes // shape.line_bytes)
    assert notes / (most - most // shape.slack / 2) <= limits.lines / 2


@given(st.integers(0, 36_000))
def test_pages_fit_into_memory_md_with_any_lines(notes):
    limits = Limits()
    shape = form(notes, limits)

    most = min(shape.lines, shape.size_bytes // shape.line_bytes)
    assert notes / (most - most // shape.slack) <= limits.lines - 6


@given(st.integers(0, 100_000))
def test_more_notes_never_have_longer_lines(notes):
    assert form(notes + 1, Limits()).line_bytes <= form(notes, Limits()).line_bytes
