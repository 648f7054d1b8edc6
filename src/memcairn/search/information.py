"""How much each word of a query says: little if every text has it, much if it is a name.

The information of a word is the negative logarithm of its probability. The multilingual model's tokenizer
knows it for its 16 languages. Of an English query each word has the same, since nothing is gained
(docs/decisions/relevance.md); so has each word if that model is not in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from memcairn.notes.words import shares, spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Of a word whose probability is not known.
USUAL = 6.0
# The information of the most common words, which counts as none.
_LEAST = 5.0


def information(
    text: str, words: Iterable[str], surprise: Callable[[str], float | None]
) -> dict[str, float]:
    """The information of each index word of a query.

    Args:
        text: of the query: an index word is a stem, and its probability is that of the word it stands for.
        words: the index words.
        surprise: the negative logarithm of a word's probability; None if it is not known.
    """
    found: dict[str, float] = {}
    for start, end, parts in spans(text):
        for part in parts:
            value = _above_least(surprise(text[start:end] if len(parts) == 1 else part))
            found[part] = max(found.get(part, 0.0), value)
    parts_of_words = shares(text)
    return {
        word: parts_of_words.get(word, 1.0)
        * (found[word] if word in found else _above_least(surprise(word)))
        for word in words
    }


def _above_least(value: float | None) -> float:
    return USUAL if value is None else max(value - _LEAST, 0.0)
