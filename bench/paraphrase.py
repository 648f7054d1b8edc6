#!/usr/bin/env python3
"""Do the questions marked as paraphrases share no content word with the passages that answer them?

usage: paraphrase.py [--cache FOLDER]

The passage is the whole paragraph, list or table that holds an evidence line. Words are compared
after splitting identifiers, dropping function words and stemming (Snowball, English). Chinese,
Japanese and Korean are compared by pairs of neighbouring characters, apart from pairs that only
carry grammar. The title and the headings above the passage are not part of it; the report counts
how many questions share no word with those either.
"""

import argparse
import re
import sys
from pathlib import Path

import Stemmer

from notes_corpus import Question, default_cache, fetch, questions, resolve

FUNCTION_WORDS = frozenset(
    """
    a about after again all also although always am an and another any anyone anything are as at
    away be because been before being both but by can cannot could did do does doing done down each
    either else enough ever every everyone everything few for from further had has have having he
    her here hers him his how however i if in instead into is it its itself just least less let many
    may maybe me might mine more most much must my neither never no nobody none nor not nothing now
    of off often on once one only onto or other others otherwise our ours out over own per perhaps
    quite rather s same shall she should since so some someone something somewhere still such t than
    that the their them then there these they this those though through thus till to together too
    under until up upon us very was we well were what whatever when where whether which while who
    whom whose why will with within without would yes yet you your yours d ll m re ve don doesn isn
    didn won couldn shouldn wouldn aren wasn weren hasn haven
    """.split()  # noqa: SIM905
)
IDENTIFIER_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[a-zß-ÿ]+|\d+")
CJK_RUN = re.compile(r"[㐀-鿿豈-﫿぀-ヿ가-힣]+")
HAN_OR_KATAKANA = re.compile(r"[㐀-鿿豈-﫿゠-ヿ]{2}")
HANGUL = re.compile(r"[가-힣]{2}")
# Pairs that carry grammar: pronouns, auxiliaries, conjunctions, verb endings.
GRAMMAR = frozenset(
    """
    可以 怎么 什么 为什 如何 是否 一个 这个 那个 我们 你们 他们 因为 所以 如果 但是 而且 或者
    已经 没有 不会 不能 应该 需要 就是 还是 以后 之后 时候 的时 这样 那么 自己 以及 进行 하는
    있는 하고 에서 으로 니다 습니 합니 됩니 하지 않는 않습 어떻 떻게 어떤 무엇 나요 하나 해야
    야하 면서 이다 한다 된다 입니 그것 이것 저것 때문 에게 까지 부터 보다 처럼 하면 려면 해요
    어요 아요 는데 지만 것은 것을 것이 수있 들은 들을 들이 에는 에도 으면 이나 거나 라고 다고
    이런 그런 하여 하기 지는 게하
    """.split()  # noqa: SIM905
)
_stem = Stemmer.Stemmer("english").stemWord


def content_words(text: str) -> set[str]:
    """The words of a text that carry meaning, in the form in which they are compared."""
    words = {
        _stem(part.lower())
        for part in IDENTIFIER_PART.findall(CJK_RUN.sub(" ", text))
        if part.lower() not in FUNCTION_WORDS
    }
    for run in CJK_RUN.findall(text):
        pairs = {run[i : i + 2] for i in range(len(run) - 1)} - GRAMMAR
        words |= {p for p in pairs if HAN_OR_KATAKANA.fullmatch(p) or HANGUL.fullmatch(p)}
    return words


def passage(lines: list[str], number: int) -> str:
    """The block between blank lines that holds the 1-based line `number`."""
    first = last = number - 1
    while first > 0 and lines[first - 1].strip():
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].strip():
        last += 1
    return "\n".join(lines[first : last + 1])


def headings(lines: list[str], number: int) -> str:
    """The frontmatter's title and description and the headings above a line."""
    above: dict[int, str] = {}
    for line in lines[:number]:
        if match := re.match(r"(#{1,6}) +(.*)", line):
            level = len(match[1])
            above = {key: text for key, text in above.items() if key < level} | {level: match[2]}
    front = [line for line in lines[:8] if re.match(r"(name|title|description):", line)]
    return "\n".join([*above.values(), *front])


def shared_words(question: Question, cache: Path, *, with_headings: bool = False) -> set[str]:
    """The content words that a question has in common with any passage that answers it."""
    words = content_words(question.question)
    shared: set[str] = set()
    for path, number in question.evidence:
        lines = resolve(path, cache).read_text(encoding="utf-8").splitlines()
        shared |= words & content_words(passage(lines, number))
        if with_headings:
            shared |= words & content_words(headings(lines, number))
    return shared


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=default_cache())
    cache = parser.parse_args().cache
    fetch(cache)
    marked = [question for question in questions() if question.paraphrase]
    failing = [(q, words) for q in marked if (words := shared_words(q, cache))]
    for question, words in failing:
        print(f"{' '.join(sorted(words))}: {question.question}")
    strict = sum(not shared_words(q, cache, with_headings=True) for q in marked)
    print(f"{len(marked)} paraphrases, {len(failing)} share a word with their passage")
    print(f"{strict} share none with the title and headings either")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
