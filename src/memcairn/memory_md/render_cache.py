"""The render cache: data of one update of MEMORY.md that lets the next one read few notes.

Without it, or after a change of the version or of the limits, everything is rendered and the files
come out the same. It must describe the files on disk, so it is stored after they are written.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import Any

from memcairn.memory_md.limits import Limits
from memcairn.memory_md.page_text import Contents, Page
from memcairn.memory_md.pages import PageForm, PageSpan

# Increase it with each change to the text of an entry, a page or the block.
_VERSION = 2


@dataclass(frozen=True, slots=True)
class RenderCache:
    """Data of the last update.

    `listed` and `hand_linked` are the paths of the notes that MEMORY.md shows in the block and
    outside it. `pages` are those of the lowest level. `digests` maps the names of all pages to a
    digest of their bytes; `line_digests` are those of the lines of the block.
    """

    limits: Limits
    form: PageForm
    listed: frozenset[str]
    hand_linked: frozenset[str]
    pages: tuple[Page, ...]
    digests: dict[str, str]
    line_digests: frozenset[str]

    def has_pages_for(self, limits: Limits, form: PageForm) -> bool:
        """Whether there are pages, and they have these limits and this form."""
        return bool(self.pages) and (self.limits, self.form) == (limits, form)


def dumps(cache: RenderCache) -> str:
    """`cache` as ASCII text."""
    pages = [
        [
            _text(page.span.start),
            _text(page.span.end),
            _text(page.span.last),
            _text(page.span.seen),
            page.name,
            _contents(page.contents),
        ]
        for page in cache.pages
    ]
    value = {
        "version": _VERSION,
        "limits": astuple(cache.limits),
        "form": astuple(cache.form),
        "listed": sorted(cache.listed),
        "hand_linked": sorted(cache.hand_linked),
        "pages": pages,
        "digests": cache.digests,
        "line_digests": sorted(cache.line_digests),
    }
    return json.dumps(value, separators=(",", ":"))


def loads(text: str) -> RenderCache | None:
    """The argument of `dumps`; None for a text of another version and for any other text."""
    try:
        value = json.loads(text)
        if value["version"] != _VERSION:
            return None
        return RenderCache(
            limits=Limits(*value["limits"]),
            form=PageForm(*value["form"]),
            listed=frozenset(value["listed"]),
            hand_linked=frozenset(value["hand_linked"]),
            pages=tuple(_page(row) for row in value["pages"]),
            digests=value["digests"],
            line_digests=frozenset(value["line_digests"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _contents(contents: Contents) -> list[Any]:
    return [contents.notes, contents.first, contents.last, contents.words, contents.months]


def _page(row: list[Any]) -> Page:
    start, end, last, seen, name, (notes, first_path, last_path, words, months) = row
    return Page(
        PageSpan(_key(start) or b"", _key(end), _key(last) or b"", _key(seen)),
        name,
        Contents(notes, first_path, last_path, tuple(words), (months[0], months[1])),
    )


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode("utf-8", "surrogateescape")


def _key(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
