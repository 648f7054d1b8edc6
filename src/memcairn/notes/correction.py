"""What a new statement is to an old one: a repetition, a correction, or an addition.

Same subject and another value is a correction, unless a word that limits the subject differs, too: staging
and production, Linux and macOS, read and write. In doubt, it is an addition, and `doubt` is set. Stale is
what the old statement says does not hold any more: "canary since June, no longer blue-green".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from memcairn.notes import statement
from memcairn.notes import statement_words as table
from memcairn.notes.statement import Token, without_umlauts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memcairn.notes.statement import Statement

Relation = Literal["repetition", "correction", "addition", "stale"]

# The share of the shorter statement's words that both have.
MIN_SUBJECT = 0.5
MIN_SUBJECT_CHANGED = 0.3
# The share of all words of both that both have, where nothing but the differing value says that it changed.
MIN_UNION = 0.4
MIN_UNION_DENIED = 0.5
# Below this share, the statements have too little in common to ask a person about.
MIN_UNION_DOUBT = 0.3
_VALUES = frozenset(
    (
        "number", "time", "duration", "size", "percent", "count", "weekday", "month", "nth", "date",
        "period", "name", "code",
    )
)  # fmt: skip
_WEAK_SCOPES = frozenset(("place", "language", "bound", "numbered"))
_CLAUSE_END = re.compile(
    r"[;,，、；。](?=\D)|[.!?]\s|\s(?:because|since it|so that|weil|da es)\s|\s\("
)
_SUBORDINATE = re.compile(
    r"\s*(?:since|because|after|now that|as|weil|da|seit|seitdem|nachdem)\s[^,]+\s[^,]+,\s",
    re.IGNORECASE,
)
_REASON = re.compile(r"\b(?:because|weil)\b")
# These words often are not a scope: "the upload limit", "at most", "writes".
_LOOSE_SCOPES = frozenset(("bound", "access", "direction", "tests", "language", "numbered"))
_LOOSE = frozenset(("name", "code"))


@dataclass(frozen=True, slots=True)
class Judgement:
    """The relation of a new statement to an old one.

    Attributes:
        overlap: the share of words that both have, 0 to 1; the higher, the surer they have one subject.
        doubt: it may be a correction; a person should decide.
    """

    relation: Relation
    overlap: float
    doubt: bool = False


def relation(old: str, new: str) -> Judgement:
    """Compare two texts. Takes time quadratic in the number of words, of which few are read."""
    if statement.script(old) != statement.script(new):
        return Judgement("addition", 0.0)
    language = statement.language(old, new)
    before = statement.read(old, language)
    after = statement.read(new, language)
    whole = _judged(before, after)
    opens = _SUBORDINATE.match(new)
    if whole.relation == "correction" or not (after.says_change or opens or _REASON.search(new)):
        return whole
    # "Errors go to Datadog, we left Sentry": one clause has the new value, and the other one may name the old
    # one: "Since Marta went on leave, Henrik signs off".
    ends = _CLAUSE_END.split(new.strip(), maxsplit=1)
    said, reason = (new[opens.end() :], opens[0]) if opens else (ends[0], "".join(ends[1:]))
    clause = statement.read(said, language)
    if not before.edges.isdisjoint(clause.edges):
        compared = _Comparison(before, clause)
        named = statement.read(reason, language).keys
        is_named = any(token.key in named for token in compared.gone)
        if is_named and compared.come and compared.overlap >= MIN_SUBJECT:
            return Judgement("correction", round(compared.overlap, 3))
    judged = _judged(before, clause)
    return judged if judged.relation == "correction" else whole


def _judged(old: Statement, new: Statement) -> Judgement:
    if old.edges.isdisjoint(new.edges) and (old.tokens or new.tokens):
        return Judgement("addition", 0.0)  # nearly all pairs
    return _Comparison(old, new).judgement()


def have_same_values(old: str, new: str) -> bool:
    """Whether two texts have the same numbers, dates, names, code and so on, and both affirm or both deny."""
    language = statement.language(old, new)
    one, other = (statement.read(text, language) for text in (old, new))
    values, others = (
        {token.key for token in read.tokens if token.kind in _VALUES} for read in (one, other)
    )
    return values == others and one.denies == other.denies and one.scopes == other.scopes


class _Comparison:
    def __init__(self, old: Statement, new: Statement) -> None:
        self.old, self.new = old, new
        self.old_tokens = _split(old.tokens, new.tokens)
        self.new_tokens = _split(new.tokens, self.old_tokens)
        before = {token.key for token in self.old_tokens}
        after = {token.key for token in self.new_tokens}
        self.shared = before & after
        self.gone = [token for token in self.old_tokens if token.key not in after]
        self.come = [token for token in self.new_tokens if token.key not in before]
        self.conflicts = _conflicts(self.gone, self.come)
        replaced = {token.key for pair in self.conflicts for token in pair}
        subject_old = before - replaced
        subject_new = after - replaced
        self.smaller = min(len(subject_old), len(subject_new))
        self.overlap = len(self.shared) / self.smaller if self.smaller else 0.0
        self.union = len(self.shared) / max(1, len(subject_old | subject_new))

    def judgement(self) -> Judgement:
        relation, doubt = self._relation()
        doubt = doubt and self.union >= MIN_UNION_DOUBT
        return Judgement(relation, round(min(self.overlap, self.union + 0.5), 3), doubt)

    def _relation(self) -> tuple[Relation, bool]:  # noqa: C901, PLR0911 - the rules, in order
        old, new = self.old, self.new
        flips = self._flips()
        is_denied = self._denies_old_value()
        if not self.gone and not self.come and not flips and not is_denied:
            return "repetition", False
        if not self.shared:
            return "addition", False
        changed = new.says_change and not (old.says_change and not self.come)
        changed = changed or (new.says_since and not old.says_since)
        clash = self._clashing_scopes()
        if clash - _WEAK_SCOPES or (clash and not changed and self._differs_beside()):
            return "addition", False
        if self._is_denied_by_old():
            return "stale", False
        if is_denied and self.overlap >= MIN_SUBJECT_CHANGED:
            return "correction", False
        near = self.overlap >= MIN_SUBJECT
        if self._has_other_items():
            return "correction", False
        if new.adds and not old.adds and not changed and (self.gone or flips):
            return "addition", False
        if self.conflicts or flips:
            return self._of_conflict(changed=changed)
        if changed and near and self._brings_another_value():
            return "correction", False
        if near and self._is_substitution():
            # "Retries orders", "retries pictures": most things have several objects, but one name.
            is_only_one = (old.names and new.names) or (
                old.assigns and new.assigns and not self._has_other_task()
            )
            is_only_one = is_only_one or (self._differ_in_means() and not (old.lists or new.lists))
            return ("correction", False) if is_only_one else ("addition", True)
        if self._has_other_subject():
            return "addition", False
        if self._is_repetition():
            return ("addition", True) if changed and self.come else ("repetition", False)
        return "addition", near and self.union >= MIN_SUBJECT

    def _flips(self) -> bool:
        """Whether one affirms what the other denies, or one says on and the other off."""
        old, new = self.old, self.new
        if any(table.OPPOSITES.get(token.key) in new.keys for token in self.gone):
            return True
        if old.lacks & (new.keys - new.lacks) or new.lacks & (old.keys - old.lacks):
            return True
        if old.is_on is not None and new.is_on is not None:
            return old.is_on != new.is_on
        if old.contrasted and new.contrasted:
            return old.contrasted.isdisjoint(new.contrasted)
        return old.denies != new.denies

    def _differ_in_means(self) -> bool:
        """Whether they differ only in the means by which something is done: "with Jest", "with Vitest"."""
        gone, come = ({token.key for token in tokens} for tokens in (self.gone, self.come))
        return gone <= self.old.means and come <= self.new.means

    def _has_other_items(self) -> bool:
        """Whether both give a list of the same things, and the lists differ."""
        gone, come = ({token.key for token in tokens} for tokens in (self.gone, self.come))
        items, others = self.old.items, self.new.items
        return bool(items and others) and gone <= items and come <= others and items != others

    def _is_denied_by_old(self) -> bool:
        """Whether the old statement names what the new one says as what does not hold any more."""
        old, new = self.old, self.new
        denied = old.contrasted & self.shared
        affirmed = old.keys - old.contrasted - self.shared
        silent = not (new.says_change or new.contrasted)
        return bool(denied and affirmed) and silent and old.says_change and not new.denies

    def _denies_old_value(self) -> bool:
        """Whether the new statement says of what the old one says that it does not hold any more."""
        denied = self.new.contrasted & self.shared - self.old.contrasted
        says_more = bool(self.come) or self.new.denies or not self.old.contrasts
        return bool(denied) and not self.old.denies and says_more

    def _brings_another_value(self) -> bool:
        """Whether a statement that says that something changed has a word or value in place of an old one."""
        if self.gone and self.come:
            return True
        kinds = {"name" if token.kind in _LOOSE else token.kind for token in self.old_tokens}
        values = (token for token in self.come if token.kind in _VALUES)
        if any(("name" if token.kind in _LOOSE else token.kind) in kinds for token in values):
            return True
        return bool(self.come) and self.new.contrasts and not self.old.contrasts

    def _clashing_scopes(self) -> set[str]:
        old, new = self.old.scopes, self.new.scopes
        return {name for name in old.keys() & new.keys() if old[name].isdisjoint(new[name])}

    def _differs_beside(self) -> bool:
        """Whether the statements also differ in something other than the scope."""
        return bool(self.conflicts) or self._flips() or len(self._replaced()) > 1

    def _is_repetition(self) -> bool:
        if any(token.kind in _VALUES for token in self.come):
            return False
        if self.come and any(token.kind in _VALUES for token in self.gone):
            return False
        if self._differing():
            return False  # "keeps orders", "keeps invoices"
        size = len({token.key for token in self.new_tokens})
        has_value = any(
            token.kind in _VALUES and token.key in self.shared for token in self.new_tokens
        )
        share = len({token.key for token in self.come}) / size if size else 1.0
        return share <= (0.5 if has_value else 0.34) and self.overlap >= MIN_SUBJECT

    def _of_conflict(self, *, changed: bool) -> tuple[Relation, bool]:
        if changed and self._opens_otherwise():
            return "addition", False
        if changed:
            is_correction = self.overlap >= MIN_SUBJECT_CHANGED
            return ("correction", False) if is_correction else ("addition", self.overlap > 0)
        near = self.overlap >= MIN_SUBJECT
        is_listed = self.old.lists and self.new.lists and not self._flips()
        if is_listed and all(old.kind in _LOOSE for old, _ in self.conflicts):
            return "addition", False
        if near and (self._has_other_subject() or self._narrows() or self._differs_twice()):
            return "addition", False
        flips = self._flips()
        if flips and self.conflicts:
            return "addition", near
        is_near = self.union >= (MIN_UNION_DENIED if flips else MIN_UNION)
        return ("correction", False) if near and is_near else ("addition", near)

    def _opens_otherwise(self) -> bool:
        """Whether each opens with a word that the other has not: "Vite runs", "Storybook now runs"."""
        first, other = self.old_tokens[0], self.new_tokens[0]
        is_plain = {first.kind, other.kind}.isdisjoint(_VALUES - _LOOSE)
        has_value = any(old.kind not in _LOOSE for old, _ in self.conflicts)
        is_open = not (self.old.assigns or self.new.contrasts or self.new.contrasted)
        is_other = first in self.gone and other in self.come
        return is_plain and has_value and is_open and is_other

    def _differs_twice(self) -> bool:
        """Whether a word or name differs beside the value: "headers for 60", "footers for 90"."""
        replaced = {token.key for pair in self.conflicts for token in pair}
        gone, come = (
            any(token.key not in replaced for token in tokens) for tokens in (self.gone, self.come)
        )
        if not self.conflicts or (gone and come):
            return bool(self.conflicts)
        kinds = {"name" if old.kind in _LOOSE else old.kind for old, _ in self.conflicts}
        places = self._differing()
        is_named = any(token.kind not in _VALUES - _LOOSE for old, _ in places for token in old)
        # "/api to the backend", "/img to the CDN"
        is_pair = any(
            len(old) == len(new) > 1 and any(token.kind == "word" for token in (*old, *new))
            for old, new in places
        )
        # "Sensor 12 reports every 30 seconds", "Sensor 14 reports every 60 seconds"
        is_numbered = (1, 2, 1, 2) in self._replaced() and self.old_tokens[1].kind == "number"
        is_apart = len(places) > 1 and (is_named or is_numbered)
        return is_pair or is_apart or ("name" in kinds and len(kinds) > 1)

    def _differing(self) -> list[tuple[list[Token], list[Token]]]:
        """The places where each statement has words or values that the other has not."""
        places = (
            (
                [token for token in self.old_tokens[a:b] if token in self.gone],
                [token for token in self.new_tokens[c:d] if token in self.come],
            )
            for a, b, c, d in self._replaced()
        )
        return [(old, new) for old, new in places if old and new]

    def _narrows(self) -> bool:
        """Whether only the new statement names an environment, a platform, a place and so on."""
        return bool((self.new.scopes.keys() - self.old.scopes.keys()) - _LOOSE_SCOPES)

    def _has_other_subject(self) -> bool:
        """Whether a word before a shared word differs, too: "import job", "export job"."""
        if self.old.assigns and self.new.assigns:
            return self._has_other_task()
        old, new = self.old_tokens, self.new_tokens
        for start, end, first, last in self._replaced():
            words = [*old[start:end], *new[first:last]]
            # A name is the subject if it opens the statement, or if something else differs, too.
            opens = start == first == 0 and not (self.old.commands and self.new.commands)
            if opens and self._begins_plain(old[start:end]) and self._begins_plain(new[first:last]):
                return True
            if not (end < len(old) and last < len(new)):
                continue
            if all(token.key in table.SWITCHES or token.key in table.OPPOSITES for token in words):
                continue
            is_subject = _is_word(old[end]) and old[end].key == new[last].key
            plain = all(token.kind not in _VALUES for token in words)
            loose = all(token.kind not in _VALUES - _LOOSE for token in words)
            more = {token.key for token in (*self.gone, *self.come)} - {t.key for t in words}
            if is_subject and (plain or (loose and (opens or more))):
                return True
        return False

    def _has_other_task(self) -> bool:
        """Whether the same person is responsible for something else, as well: "Lena approves ..."."""
        is_same = self.old_tokens[0].key == self.new_tokens[0].key
        opens_with_person = self.old.has_task and self.new.has_task
        return opens_with_person and is_same and bool(self.gone and self.come)

    @staticmethod
    def _begins_plain(tokens: list[Token]) -> bool:
        """Whether the tokens are a word and then a value."""
        kinds = [token.kind in _VALUES for token in tokens]
        return len(kinds) > 1 and not kinds[0] and any(kinds)

    def _replaced(self) -> list[tuple[int, int, int, int]]:
        old = [token.key for token in self.old_tokens]
        new = [token.key for token in self.new_tokens]
        codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        return [(a, b, c, d) for tag, a, b, c, d in codes if tag == "replace"]

    def _is_substitution(self) -> bool:
        """Whether one word stands where another one stood, behind the subject."""
        old, new = self.old_tokens, self.new_tokens
        replaced = self._replaced()
        if len(replaced) != 1 or len(self.gone) + len(self.come) > sum(
            (b - a) + (d - c) for a, b, c, d in replaced
        ):
            return False
        start, end, first, last = replaced[0]
        if _units(old[start:end]) > 1 or _units(new[first:last]) > 1:
            return False
        if self.old.prefers and end == len(old):
            return False
        if end < len(old) and old[end].kind in _VALUES and old[end].key in self.shared:
            return False  # a verb before its value, in other words
        has_subject = not (self.old.commands and self.new.commands)
        return (
            (start > 0 and first > 0) or not has_subject or (self.old.assigns and self.new.assigns)
        )


def _is_word(token: Token) -> bool:
    return token.kind in ("word", "han") or token.kind in _LOOSE


def _units(tokens: list[Token]) -> int:
    """The number of words without numbers, where a run of Han characters counts as one."""
    count = 0
    before = ""
    for token in tokens:
        count += token.kind != "number" and (token.kind != "han" or before != "han")
        before = token.kind
    return count


def _split(tokens: Sequence[Token], others: Sequence[Token]) -> list[Token]:
    """The tokens; a compound or inflection of the other statement's words becomes these words."""
    keys = {token.key for token in others}
    alike: dict[str, list[str]] = {}  # nearly all pairs of words differ in their first letters
    for key in dict.fromkeys(token.key for token in others):
        alike.setdefault(without_umlauts(key)[:_MIN_STEM], []).append(key)
    parts = sorted((token.key for token in others if _may_be_part(token)), key=len, reverse=True)
    found: list[Token] = []
    for token in tokens:
        if token.key not in keys and token.kind in ("word", "name"):
            candidates = alike.get(without_umlauts(token.key)[:_MIN_STEM], ())
            same = next((key for key in candidates if _is_inflected(token.key, key)), None)
            if same is not None:
                found.append(Token(token.kind, same))
                continue
        inside = () if token.key in keys or token.kind != "word" else parts
        rest = token.key
        for part in inside:
            if len(part) < len(rest) and (rest.startswith(part) or rest.endswith(part)):
                found.append(Token("word", part))
                rest = rest.removeprefix(part) if rest.startswith(part) else rest.removesuffix(part)
        if len(rest) > _MAX_ENDING or rest == token.key:
            found.append(token if rest == token.key else Token("word", rest))
    return found


def _is_inflected(one: str, other: str) -> bool:
    """Whether two words in letters differ only in a short ending: dauert, dauern."""
    one, other = without_umlauts(one), without_umlauts(other)
    pairs = zip(one, other, strict=False)
    shorter = min(len(one), len(other))
    same = next((at for at, (a, b) in enumerate(pairs) if a != b), shorter)
    endings = len(one) + len(other) - 2 * same
    return same >= _MIN_STEM and endings <= _MAX_ENDING and one[0] < "\u3000"


_MIN_STEM = 4
_MIN_PART, _MIN_KANA_PART, _MAX_ENDING = 5, 3, 3


def _may_be_part(token: Token) -> bool:
    least = _MIN_PART if token.key[:1] < "\u3000" else _MIN_KANA_PART
    return token.kind == "word" and len(token.key) >= least


def _conflicts(gone: list[Token], come: list[Token]) -> list[tuple[Token, Token]]:
    """Pairs of values of the same kind, of which each statement has one."""
    found = []
    for old in gone:
        for new in come:
            if old.kind not in _VALUES or new.kind not in _VALUES:
                continue
            if old.kind == new.kind == "number":
                is_pair = bool(old.about & new.about) or _are_alone(gone, come)
            else:
                is_pair = old.kind == new.kind or (old.kind in _LOOSE and new.kind in _LOOSE)
            if is_pair:
                found.append((old, new))
    return found


def _are_alone(gone: list[Token], come: list[Token]) -> bool:
    """Whether each statement has only one number that the other has not, and few other words."""
    return all(
        sum(token.kind == "number" for token in tokens) == 1 and len(tokens) <= _FEW
        for tokens in (gone, come)
    )


_FEW = 2
