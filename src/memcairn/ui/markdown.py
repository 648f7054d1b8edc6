"""Render the Markdown of a note as HTML that is safe to show: no raw HTML, no images, no scripts.

Notes are untrusted. So the HTML is built from the parser's events: what is not in the tables below becomes
text, and a link keeps its target only with a harmless scheme.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from pyromark import Options, events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_YAML_STYLE_METADATA_BLOCKS
)
_TAGS = {
    "Paragraph": "p", "BlockQuote": "blockquote", "Item": "li", "Emphasis": "em", "Strong": "strong",
    "Strikethrough": "del", "TableRow": "tr", "TableHead": "tr", "Table": "table",
    "FootnoteDefinition": "div",
}  # fmt: skip
_ALONE = {"SoftBreak": Markup("\n"), "HardBreak": Markup("<br>"), "Rule": Markup("<hr>")}
_NOTHING = Markup("")
_SAFE_URL = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def render(text: str, link: Callable[[str], str | None]) -> Markup:
    """The HTML of a note's body.

    Args:
        text: the whole note; its frontmatter is left out.
        link: the address of the page of a linked file, None if it is not a note.
    """
    return _NOTHING.join(_parts(text, link))


def _parts(text: str, link: Callable[[str], str | None]) -> Iterator[Markup]:
    ends: list[Markup] = []
    is_hidden = is_head = False
    for event in events(text, options=_OPTIONS):
        if isinstance(event, str):
            yield _ALONE.get(event, _NOTHING)
            continue
        kind: str
        value: Any
        ((kind, value),) = event.items()
        if kind not in ("Start", "End"):
            if not is_hidden:
                yield _leaf(kind, value)
            continue
        tag: tuple[str, Any] = (
            (value, None) if isinstance(value, str) else next(iter(value.items()))
        )
        name, given = tag
        if name == "MetadataBlock":
            is_hidden = kind == "Start"
        elif kind == "Start":
            is_head = name == "TableHead" or (is_head and name == "TableCell")
            start, end = (
                _link(given["dest_url"], link) if name == "Link" else _tags(name, given, is_head)
            )
            ends.append(end)
            yield start
        else:
            yield ends.pop()


def _leaf(kind: str, value: Any) -> Markup:
    """Code, the box of a task, text, and raw HTML as text."""
    if kind == "Code":
        return Markup("<code>{}</code>").format(value)
    if kind == "TaskListMarker":
        return escape("☑ " if value else "☐ ")
    return escape(value) if isinstance(value, str) else _NOTHING


def _tags(name: str, given: Any, is_head: bool) -> tuple[Markup, Markup]:  # noqa: FBT001 - one caller
    """The start and the end of an element."""
    if name == "CodeBlock":
        return Markup('<pre tabindex="0"><code>'), Markup("</code></pre>")
    if name == "Image":
        return Markup('<span class="image">'), Markup("</span>")
    if name == "Heading":
        # The page has its own first heading.
        tag = f"h{min(6, int(given['level'][1]) + 1)}"
    elif name == "TableCell":
        tag = "th" if is_head else "td"
    elif name == "List":
        tag = "ul" if given is None else "ol"
    elif name in _TAGS:
        tag = _TAGS[name]
    else:
        return _NOTHING, _NOTHING
    return Markup("<{}>").format(tag), Markup("</{}>").format(tag)


def _link(url: str, link: Callable[[str], str | None]) -> tuple[Markup, Markup]:
    if _SAFE_URL.match(url):
        start = Markup('<a href="{}" rel="noreferrer noopener nofollow" target="_blank">').format(
            url
        )
        return start, Markup("</a>")
    target = None if _HAS_SCHEME.match(url) or url.startswith("#") else link(url)
    return (
        (Markup('<a href="{}">').format(target), Markup("</a>")) if target else (_NOTHING, _NOTHING)
    )
