"""Tables of patterns, with the literal beginning of each pattern.

A pattern is only tried where its literal occurs, which is many times faster than the pattern alone, and
is compiled on first use.
"""

from __future__ import annotations

import re
from functools import cache


@cache
def with_literals(table: tuple[tuple[str, str], ...]) -> list[tuple[str, str, str]]:
    """Extend each row (label, pattern) to (label, literal beginning, pattern)."""
    return [(label, _literal(form), form) for label, form in table]


# Compiling all patterns takes longer than importing this module.
compiled = cache(re.compile)


def _literal(form: str) -> str:
    """The literal text with which every match of a pattern begins; may be empty."""
    plain = re.match(r"\(?([\w '’:/<-]*)(?![\w '’:/<-])(?P<next>.?)", form)
    if plain is None or "|" in re.sub(r"\(.*\)", "", form, flags=re.DOTALL):
        return ""
    literal = plain[1]
    return literal[:-1] if plain["next"] and plain["next"] in "?*{" else literal
