"""Read a short text as a statement: its values in one form, its words, and whether it affirms or denies.

    "Never deploy on Friday at 2 p.m."   ──►  denies; deploy, weekday 5, time 14:00
    "金曜日の14:00にデプロイしてはいけない"  ──►  denies; weekday 5, time 14:00, デプロイ

Values in another form are equal: 14 days and two weeks, 14:00 and 2 p.m., fünf and 5. English, German,
Chinese and Japanese are known, and through `function_words` French, Spanish, Portuguese and Korean; in other
languages, numbers, names and identifiers still are.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from memcairn.notes import function_words
from memcairn.notes import statement_words as table
from memcairn.notes.stems import stem
from memcairn.notes.stop_words import STOP_WORDS

MAX_CHARS = 4_000
"""Of a longer text, only the beginning is read."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a value.

    Attributes:
        kind: word, name, code, or the kind of a value: number, time, duration, size, percent, weekday,
            month, date, period.
        key: equal for equal words and values.
        about: for a number, the words beside it.
    """

    kind: str
    key: str
    about: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Statement:
    """A text as its values and words.

    Attributes:
        tokens: in order.
        denies: whether it forbids or denies.
        is_on: whether something is on or off; None if it says neither.
        says_change: whether the text itself says that something changed: "no longer", "now", "改为".
        says_since: whether it says since when it holds: "since May".
        contrasts: whether it names what does not hold: "not X", "instead of X".
        contrasted: the keys of what it says does not hold.
        lacks: the keys of what it says is absent: "without a body".
        items: the keys of the list that it ends with.
        means: the keys of the means by which something is done: "via X", "mit X".
        scopes: the words that limit what it is about, by category: environment, platform ...
        prefers: whether it states a preference, of which there may be many.
        assigns: whether it says who is responsible.
        has_task: whether it says so as "Lena owns ...", the person first.
        names: whether it says what something is called or set to, of which there is one.
        adds: whether it says that something else holds, too: "also", "another".
        lists: whether it says something that may be said of several things: "supports", "sends".
        commands: whether it opens with what to do instead of a subject: "use", "we deploy".
        edges: the first and the last letters of each key. Two statements without a common one have no word in
            common, not even as an inflection or a part of a compound.
    """

    tokens: tuple[Token, ...]
    denies: bool
    is_on: bool | None
    says_change: bool
    says_since: bool
    contrasts: bool
    contrasted: frozenset[str]
    lacks: frozenset[str]
    items: frozenset[str]
    means: frozenset[str]
    scopes: dict[str, frozenset[str]]
    prefers: bool
    assigns: bool
    has_task: bool
    names: bool
    adds: bool
    lists: bool
    commands: bool
    edges: frozenset[str]

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all tokens."""
        return frozenset(token.key for token in self.tokens)


@lru_cache(maxsize=2_048)
def read(text: str, language: str = "") -> Statement:
    """Read a text; takes time linear in its length, and never raises.

    Args:
        text: the text.
        language: as `language` says of this text and of one that it is compared with.
    """
    is_german = language == "de"
    text = unicodedata.normalize("NFKC", text[:MAX_CHARS])
    text = text.lower() if text.isupper() and not script(text) else text
    if language in function_words.LANGUAGES:
        text = function_words.in_english(text, language)
    for pattern, plain in table.PLAIN:
        text = pattern.sub(plain, text)
    text = re.sub(r"[*_]{2,}|^\s*(?:#+|[-*+>])\s+", " ", text, flags=re.MULTILINE)
    contrasts = table.CONTRAST.search(text) is not None
    affirmed = table.DUTY.sub(" ", text)
    bare = table.CONTRAST.sub(" ", affirmed)
    says_on, says_off = bool(table.ON.search(text)), bool(table.OFF.search(text))
    tokens = tuple(_tokens(text, is_german=is_german))
    first = (f"^{without_umlauts(token.key)[:_EDGE]}" for token in tokens)
    last = (f"{token.key[-_EDGE:]}$" for token in tokens)
    return Statement(
        tokens=tokens,
        denies=table.DENIAL.search(bare) is not None,
        is_on=says_on if says_on != says_off else None,
        says_change=table.CHANGE.search(text) is not None,
        says_since=table.SINCE.search(text) is not None,
        contrasts=contrasts,
        contrasted=_keys(table.CONTRASTED, text, is_german=is_german),
        lacks=_keys(table.WITHOUT, text, is_german=is_german),
        items=_keys(table.ITEMS, text, is_german=is_german),
        means=_keys(table.MEANS, text, is_german=is_german),
        scopes=_scopes(text),
        prefers=table.PREFERENCE.search(text) is not None,
        assigns=table.ASSIGNMENT.search(text) is not None,
        has_task=table.TASK.search(text) is not None,
        names=table.NAMING.search(text) is not None,
        adds=table.ALSO.search(text) is not None,
        lists=table.LISTING.search(text) is not None,
        commands=table.COMMAND.match(text) is not None,
        edges=frozenset((*first, *last)),
    )


_MIN_PARTICIPLE = 7
_PARTICIPLE = re.compile(
    r"\A(ein|aus|ab|an|auf|zu|vor|mit|nach|frei|weg|her|hin|um|durch|bei|los)?ge(?=\w+(?:t|en)\Z)"
)
_EDGE = 3  # no longer than the shortest part of a compound
_UMLAUTS = str.maketrans("äöü", "aou")


@lru_cache(maxsize=4_096)
def without_umlauts(key: str) -> str:
    """The key as its inflections are compared: Läufe, Lauf; geprüft, prüft; eingecheckt, einchecken."""
    key = key.translate(_UMLAUTS)
    is_participle = (
        key.startswith("ge") and key.endswith(("t", "en")) and len(key) >= _MIN_PARTICIPLE
    )
    return key[2:] if is_participle else key


def _keys(pattern: re.Pattern[str], text: str, *, is_german: bool) -> frozenset[str]:
    """The keys of what a group of the pattern matches."""
    return frozenset(
        token.key
        for match in pattern.finditer(text)
        for token in _tokens(next(filter(None, match.groups())), is_german=is_german)
    )


def _scopes(text: str) -> dict[str, frozenset[str]]:
    found = {}
    for category, patterns in table.SCOPE_PATTERNS.items():
        names = frozenset(name for name, pattern in patterns.items() if pattern.search(text))
        if names:
            found[category] = names
    numbered = frozenset(match[0].casefold() for match in table.NUMBERED.finditer(text))
    if numbered:
        found["numbered"] = numbered
    return found


@lru_cache(maxsize=2_048)
def script(text: str) -> str:
    """Kana for Japanese, han for Chinese, "" for other languages: statements in one script are comparable."""
    text = text[:MAX_CHARS]
    return "kana" if _KANA.search(text) else "han" if _HAN.search(text) else ""


_KANA = re.compile("[\u3041-\u30fa]")
_HAN = re.compile("[\u3400-\u9fff]")


def language(*texts: str) -> str:
    """The language by whose rules to read these texts together: de, fr, es, pt, ko, or "" for the others."""
    text = "\n".join(one[:MAX_CHARS] for one in texts)
    return function_words.of(text) or ("de" if table.GERMAN.search(text) else "")


def _tokens(text: str, *, is_german: bool) -> list[Token]:
    is_cjk = re.search(r"[\u3040-\u30ff\u3400-\u9fff]", text) is not None
    quiet = table.DENIAL.sub(lambda match: " " if not match[0].isascii() else match[0], text)
    quiet = table.CHANGE.sub(lambda match: " " if not match[0].isascii() else match[0], quiet)
    quiet = re.sub(
        "必须|一定要?|务必|必ず|可以|允许|不|手で|こと|です|ます|かかる|所要", " ", quiet
    )
    quiet = table.CJK_SYNONYMS.sub(_synonym, quiet)
    found: list[Token] = []
    for match in table.SCAN.finditer(quiet):
        token = _token(match, quiet, is_german=is_german, is_cjk=is_cjk)
        if token is not None:
            found.append(token)
    return [
        Token(token.kind, token.key, _beside(found, at)) if token.kind == "number" else token
        for at, token in enumerate(found)
    ]


def _synonym(match: re.Match[str]) -> str:
    word = match[0]
    return f"\ue000{table.SYNONYMS.get(word) or table.SYNONYMS[word + '~']} "


def _beside(tokens: list[Token], at: int) -> frozenset[str]:
    """The words that a number may belong to: `port 5433`, `100 requests`."""
    beside = [*tokens[max(at - 1, 0) : at], *tokens[at + 1 : at + 2]]
    return frozenset(token.key for token in beside if token.kind in ("word", "name", "code", "han"))


def _token(match: re.Match[str], text: str, *, is_german: bool, is_cjk: bool) -> Token | None:  # noqa: C901, PLR0911, PLR0912 - one branch for each form
    groups = match.groupdict()
    kind = match.lastgroup or ""
    if groups["unit"]:
        kind = "amount"
    value = match[0]
    match kind:
        case "synonym":
            return Token("word", groups[kind])
        case "url":
            return Token("code", value.rstrip(".,;").casefold())
        case "tag":
            return Token("code", value.casefold())
        case "code" | "path" | "file" | "email":
            found = (groups[kind] or value).strip().rstrip("/\\.").removeprefix("./")
            return Token("code", " ".join(found.split()).casefold()) if found else None
        case "date":
            return Token("date", "-".join(f"{int(part):02}" for part in re.findall(r"\d+", value)))
        case "y1" | "m1" | "y2" | "d2" | "d3":
            given = (groups["y1"] or groups["y2"], groups["m1"] or groups["m2"] or groups["m3"])
            month = table.MONTHS.get((given[1] or "").casefold()) or int(given[1] or 0)
            day = int(groups["d1"] or groups["d2"] or groups["d3"])
            return Token("date", f"{given[0] or '-'}-{month:02}-{day:02}")
        case "period" | "often" | "zh_period" | "ja_period":
            return Token(
                "period", f"per {table.PERIODS[groups[kind].casefold().removeprefix('1').strip()]}"
            )
        case "cjk_hour" | "cjk_minute":
            return _time(groups["cjk_hour"], groups["cjk_minute"], groups["day_part"])
        case "minute2":
            return _time(groups["hour2"], groups["minute2"], groups["day_part2"])
        case "minute" | "half":
            return _time(groups["hour"], groups["minute"], groups["half"])
        case "half3":
            return _time(groups["hour3"], None, groups["half3"])
        case "hour4":
            return _time(value.split()[-1], None, None)
        case "size_unit":
            return Token(
                "size", f"{_number(groups['size']) * table.BYTES[value_unit(groups)]:g} bytes"
            )
        case "percent":
            sign = "‰" if value.endswith("‰") else "%"
            return Token("percent", f"{_number(groups['percent']):g} {sign}")
        case "amount":
            unit = next(name for name in table.UNITS if groups[f"unit_{name}"])
            amount = 0.5 if groups["amount"] == "半" else _number(groups["amount"])
            if unit in table.SECONDS:
                return Token("duration", f"{amount * table.SECONDS[unit]:g} s")
            return Token("duration", f"{amount * (12 if unit == 'year' else 1):g} months")
        case "cjk_nth":
            return Token("nth", f"{_number(groups['cjk_nth']):g}th")
        case "cjk_first":
            return Token("nth", "1th")
        case "zh_day" | "ja_day":
            return Token("weekday", f"weekday {table.CJK_WEEKDAYS[groups[kind]]}")
        case "month_number":
            return Token("month", f"month {int(groups[kind])}")
        case "counter":
            return Token("count", f"{_number(groups['counted']):g}")
        case "day_of_month":
            return Token("nth", f"{int(groups[kind])}th")
        case "version":
            return Token("number", value.casefold().removeprefix("v"))
        case "number":
            return Token("number", f"{_number(value):g}")
        case "ident" | "locale":
            return Token("code", value.casefold())
        case "kana" | "hangul":
            return Token("word", value.rstrip("ー"))
        case "han":
            return None if _is_light(match, text) else Token("han", value)
        case _:
            return _word(value, match, text, is_german=is_german, is_cjk=is_cjk)


def _is_light(match: re.Match[str], text: str) -> bool:
    """Whether a sign says nothing of the subject; in Japanese it does as a part of a word: 有料, 在庫."""
    if match[0] not in table.HAN_LIGHT:
        return False
    beside = text[max(match.start() - 1, 0) : match.start()] + text[match.end() : match.end() + 1]
    is_part = any(_HAN.match(sign) and sign not in table.HAN_LIGHT for sign in beside)
    return not (is_part and _KANA.search(text))


def value_unit(groups: dict[str, str]) -> str:
    """The prefix of a unit of size, in lower case."""
    return groups["size_unit"].lower()


def _word(  # noqa: PLR0911 - one branch for each form
    value: str, match: re.Match[str], text: str, *, is_german: bool, is_cjk: bool
) -> Token | None:
    word = value.casefold().replace("’", "'").removesuffix("'s")
    if word in table.WEEKDAYS:
        return Token("weekday", f"weekday {table.WEEKDAYS[word]}")
    if word in table.ORDINALS:
        return Token("nth", f"{table.ORDINALS[word]}th")
    before = text[: match.start()].rstrip().rpartition(" ")[2].casefold()
    if word in table.MONTHS and (
        word not in ("may", "mar", "mai", "sep") or before in table.BEFORE_MONTH
    ):
        return Token("month", f"month {table.MONTHS[word]}")
    if word in table.NUMBERS and word not in table.ARTICLES:
        return Token("number", f"{table.NUMBERS[word]}")
    repeated = re.fullmatch(r"(\w+?)mal", word)
    if repeated and repeated[1] in table.NUMBERS:
        return Token("count", f"{table.NUMBERS[repeated[1]]}")
    starts = match.start() == 0 or re.search(r"(?:[.!?:;]\s*|\n\s*)\Z", text[: match.start()])
    is_name = value[0].isupper() and not is_german and not starts
    is_name = is_name or (is_cjk and value.isascii())
    if value in "ABCDEFGH" and (is_cjk or not starts):
        return Token("code", word)  # "shop A"
    if (word.replace("'", "") in STOP_WORDS and word != "go") or (
        word in table.LIGHT and not is_name
    ):
        return None
    if value.isupper() and len(value) > 1:
        return Token("code", word)
    key = word if is_german else stem(word)
    return Token("name" if is_name else "word", table.SYNONYMS.get(key, key))


def _time(hour: str, minute: str | None, part: str | None) -> Token:
    hours = int(_number(hour))
    part = (part or "").casefold().replace(".", "")
    minutes = 30 if minute == "半" else int(_number(minute.rstrip("分"))) if minute else 0
    if hours < 12 and (
        part == "pm" or (part in table.TIMES_OF_DAY and not (part in ("晚上", "夜") and hours < 6))
    ):
        hours += 12
    if hours == 12 and part == "am":
        hours = 0
    return Token("time", f"{hours:02}:{minutes:02}")


def _number(text: str) -> float:
    """The value of digits, Han numerals or a number word."""
    text = text.strip().casefold()
    if text in table.NUMBERS:
        return table.NUMBERS[text]
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        return float(re.sub("[.,]", "", text))
    if text[0].isdecimal() and text.isascii():
        return (
            float(re.sub(",", ".", text, count=1))
            if text.count(".") + text.count(",") <= 1
            else 0.0
        )
    total = digit = 0
    for sign in text:
        if sign in table.HAN_POWERS:
            total += (digit or 1) * table.HAN_POWERS[sign]
            digit = 0
        else:
            digit = digit * 10 + table.HAN_DIGITS.get(sign, 0)
    return total + digit
