"""Tables of patterns: search a text only for those that can match it.

A pattern that begins with plain text is tried only where that text occurs, which is many times
faster than the pattern, and it is compiled on its first use.
"""

from __future__ import annotations

import re
from functools import cache


@cache
def with_literals(table: tuple[tuple[str, str], ...]) -> list[tuple[str, str, str]]:
    """Label, literal beginning and pattern for each row of a table of (label, pattern)."""
    return [(label, _literal(form), form) for label, form in table]


# Compiling all patterns takes longer than importing this module.
compiled = cache(re.compile)


def _literal(form: str) -> str:
    """What every match of a pattern begins with, as far as that is plain text; may be empty."""
    plain = re.match(r"\(?([\w '’:/<-]*)(?![\w '’:/<-])(?P<next>.?)", form)
    if plain is None or "|" in re.sub(r"\(.*\)", "", form, flags=re.DOTALL):
        return ""
    literal = plain[1]
    return literal[:-1] if plain["next"] and plain["next"] in "?*{" else literal
