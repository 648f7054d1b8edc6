"""`memcairn search WORDS`, where nothing has to be indexed first: without click and `Memory`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from memcairn import paths
from memcairn.cli import behind, passages
from memcairn.cli.text import write
from memcairn.errors import MemcairnError
from memcairn.search import straight
from memcairn.search.query import Query
from memcairn.sqlite import SQLiteError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS = {"--limit": "limit", "-n": "limit", "--budget": "budget_words"}
_TEXTS = {"--namespace": "namespace", "--root": "root", "--type": "type"}


def parse(arguments: Sequence[str]) -> tuple[Query, bool] | None:
    """The query, and whether JSON is wanted; None for what click has a say in: errors, help, rarities."""
    words: list[str] = []
    options: dict[str, Any] = {}
    as_json = False
    rest = iter(arguments)
    for argument in rest:
        if argument in _NUMBERS:
            number = next(rest, "")
            if not (number.isascii() and number.isdecimal() and int(number)):
                return None
            options[_NUMBERS[argument]] = int(number)
        elif argument in _TEXTS:
            options[_TEXTS[argument]] = next(rest, "-")
            if options[_TEXTS[argument]].startswith("-"):
                return None
        elif argument == "--json":
            as_json = True
        elif argument.startswith("-"):
            return None
        else:
            words.append(argument)
    if not words:
        return None
    if "root" in options:
        options["root"] = paths.real(options["root"])
    return Query(" ".join(words), **options), as_json


def run(arguments: Sequence[str]) -> bool:
    """Answer, if that takes nothing but reading; False if it takes more."""
    parsed = parse(arguments)
    if parsed is None:
        return False
    query, as_json = parsed
    home = paths.home()
    found = straight.answer(os.path.join(home, "index.db"), query)
    if not found:  # what to say then is a longer story
        return False
    text = passages.as_json(found) if as_json else passages.as_text(found)
    try:
        behind.embed(home)
    except (MemcairnError, SQLiteError):
        return False  # click says what is wrong
    write(text)
    return True
