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
    from collections.abc import Callable

_OPTIONS = (
    Options.ENABLE_TABLES
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_YAML_STYLE_METADATA_BLOCKS
)
_TAGS = {
    "Paragraph": "p",
    "BlockQuote": "blockquote",
    "Item": "li",
    "Emphasis": "em",
    "Strong": "strong",
    "Strikethrough": "del",
    "TableRow": "tr",
    "TableHead": "tr",
    "Table": "table",
    "FootnoteDefinition": "div",
}
_LINES = {"SoftBreak": Markup("\n"), "HardBreak": Markup("<br>"), "Rule": Markup("<hr>")}
_SAFE_URL = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def render(text: str, link: Callable[[str], str | None]) -> Markup:
    """The HTML of a note's body.

    Args:
        text: the whole note; its frontmatter is left out.
        link: the address of the page of a linked file, None if it is not a note.
    """
    return Markup("").join(_Renderer(link).parts(text))


class _Renderer:
    """The state of one rendering."""

    def __init__(self, link: Callable[[str], str | None]) -> None:
        self._link = link
        self._ends: list[Markup] = []
        self._hidden = 0
        self._in_head = False

    def parts(self, text: str) -> list[Markup]:
        found = []
        for event in events(text, options=_OPTIONS):
            part = self._part(event)
            if part and not self._hidden:
                found.append(part)
        return found

    def _part(self, event: Any) -> Markup:
        match event:
            case {"Start": tag}:
                return self._start(tag)
            case {"End": tag}:
                return self._end(tag)
            case {"Code": text}:
                return Markup("<code>{}</code>").format(text)
            case {"TaskListMarker": done}:
                return escape("☑ " if done else "☐ ")
            case str():
                return _LINES.get(event, Markup(""))
        # Text, and raw HTML as text.
        (text,) = event.values()
        return escape(text) if isinstance(text, str) else Markup("")

    def _start(self, tag: Any) -> Markup:
        name: str
        value: Any
        name, value = (tag, None) if isinstance(tag, str) else next(iter(tag.items()))
        if name == "MetadataBlock":
            self._hidden += 1
            return Markup("")
        start, end = (
            self._link_tags(value["dest_url"]) if name == "Link" else self._tags(name, value)
        )
        self._ends.append(end)
        return start

    def _tags(self, name: str, value: Any) -> tuple[Markup, Markup]:
        if name == "CodeBlock":
            return Markup('<pre tabindex="0"><code>'), Markup("</code></pre>")
        if name == "Image":
            return Markup('<span class="image">'), Markup("</span>")
        self._in_head = name == "TableHead" or (self._in_head and name == "TableCell")
        if name == "TableCell":
            return _element("th" if self._in_head else "td")
        if name == "Heading":
            # The page has its own first heading.
            return _element(f"h{min(6, int(value['level'][1]) + 1)}")
        if name == "List":
            return _element("ul" if value is None else "ol")
        return _element(_TAGS[name]) if name in _TAGS else (Markup(""), Markup(""))

    def _link_tags(self, url: str) -> tuple[Markup, Markup]:
        end = Markup("</a>")
        if _SAFE_URL.match(url):
            start = Markup('<a href="{}" rel="noreferrer noopener nofollow" target="_blank">')
            return start.format(url), end
        target = None if _HAS_SCHEME.match(url) or url.startswith("#") else self._link(url)
        return (Markup('<a href="{}">').format(target), end) if target else (Markup(""), Markup(""))

    def _end(self, tag: Any) -> Markup:
        name = tag if isinstance(tag, str) else next(iter(tag))
        if name == "MetadataBlock":
            self._hidden -= 1
            return Markup("")
        return self._ends.pop()


def _element(tag: str) -> tuple[Markup, Markup]:
    return Markup("<{}>").format(tag), Markup("</{}>").format(tag)
