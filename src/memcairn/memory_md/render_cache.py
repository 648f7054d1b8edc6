"""What an update of MEMORY.md keeps for the next one, so that it need not look at every note.

It is a cache: without it, or with one of another version or other limits, everything is rendered,
and the files come out the same. It must describe the files on disk, so it is stored after they are.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import Any

from memcairn.memory_md.limits import Limits
from memcairn.memory_md.page_text import Contents, Page
from memcairn.memory_md.pages import PageForm, PageSpan

# To be raised when anything changes that decides which text a note, a page or the block has.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class RenderCache:
    """What the last update found.

    `listed` and `by_hand` are the paths of the notes that MEMORY.md shows in the block and outside
    of it; `pages` are those of the lowest level; `files` maps the names of all pages to a digest of
    their bytes; `written` holds digests of the lines of the block.
    """

    limits: Limits
    form: PageForm
    listed: frozenset[str]
    by_hand: frozenset[str]
    pages: tuple[Page, ...]
    files: dict[str, str]
    written: frozenset[str]

    def describes(self, limits: Limits, form: PageForm) -> bool:
        """Whether there are pages, made for these limits and in this form."""
        return bool(self.pages) and (self.limits, self.form) == (limits, form)


def dumps(kept: RenderCache) -> str:
    """`kept` as ASCII text, to be stored."""
    pages = [
        [
            _text(page.span.start),
            _text(page.span.end),
            _text(page.span.last),
            _text(page.span.seen),
            page.name,
            _contents(page.contents),
        ]
        for page in kept.pages
    ]
    value = {
        "version": _VERSION,
        "limits": astuple(kept.limits),
        "form": astuple(kept.form),
        "listed": sorted(kept.listed),
        "by_hand": sorted(kept.by_hand),
        "pages": pages,
        "files": kept.files,
        "written": sorted(kept.written),
    }
    return json.dumps(value, separators=(",", ":"))


def loads(text: str) -> RenderCache | None:
    """What `dumps` was given; None for the text of another version, or any other text."""
    try:
        value = json.loads(text)
        if value["version"] != _VERSION:
            return None
        return RenderCache(
            limits=Limits(*value["limits"]),
            form=PageForm(*value["form"]),
            listed=frozenset(value["listed"]),
            by_hand=frozenset(value["by_hand"]),
            pages=tuple(_page(row) for row in value["pages"]),
            files=value["files"],
            written=frozenset(value["written"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _contents(contents: Contents) -> list[Any]:
    return [contents.notes, contents.first, contents.last, contents.words, contents.months]


def _page(row: list[Any]) -> Page:
    start, end, last, seen, name, (notes, first, last_shown, words, months) = row
    return Page(
        PageSpan(
            start.encode("utf-8", "surrogateescape"),
            _key(end),
            last.encode("utf-8", "surrogateescape"),
            _key(seen),
        ),
        name,
        Contents(notes, first, last_shown, tuple(words), (months[0], months[1])),
    )


def _text(key: bytes | None) -> str | None:
    return None if key is None else key.decode("utf-8", "surrogateescape")


def _key(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
