"""Expressions for dates in four languages: a pattern and a rule for each form.

Patterns match text in lower case. A rule takes the match and today, and returns the first and the last day.
It raises ValueError if the match is not a date ("30 February").
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from memcairn.search import date_ranges

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from memcairn.search.date_ranges import DateRange

    Rule = Callable[[re.Match[str], date], DateRange]


class Mention(NamedTuple):
    """An expression at the characters `start` to `end`, exclusive, and the days that it means."""

    start: int
    end: int
    days: DateRange


def find_mentions(text: str, today: date) -> list[Mention]:
    """The date expressions in a text in lower case, in order; the earlier or longer of two that overlap."""
    found: list[Mention] = []
    for pattern, rule in _forms(text.isascii()):
        for match in pattern.finditer(text):
            try:
                found.append(Mention(*match.span(), rule(match, today)))
            except (OverflowError, ValueError):
                continue
    found.sort(key=lambda mention: (mention.start, -mention.end))
    apart: list[Mention] = []
    for mention in found:
        if not apart or mention.start >= apart[-1].end:
            apart.append(mention)
    return apart


def _dated(year: str | None, month: int, day: str | None, today: date) -> DateRange:
    """A day or a month; without a year, the latest that has begun."""
    if year is None:
        return (
            date_ranges.recent_day(month, int(day), today)
            if day
            else date_ranges.recent_month(month, today)
        )
    return (
        date_ranges.day_of(int(year), month, int(day))
        if day
        else date_ranges.month_of(int(year), month)
    )


# ── English ──────────────────────────────────────────────────────────────────────────────────────

_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "a couple of": 2, "three": 3, "a few": 3, "several": 4,
    "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12,
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_AGO = {"day before yesterday": 2, "yesterday": 1, "last night": 1}

_NUMBER = rf"\b(\d{{1,4}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT = r"(day|week|fortnight|month|year)s?\b"
_MONTH = (
    r"\b(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_OF_YEAR = r"(?:19|20)\d\d"
# Without one of these before them, `may` and `march` are verbs, and 2019 is a number.
_PREPOSITION = "(?:" + "|".join(
    rf"(?<=\b{word}\s)"
    for word in (
        "in", "on", "of", "by", "since", "until", "till", "from", "to", "and", "during", "before",
        "after", "between", "last", "this", "early", "late", "mid", "year", "through", "around",
    )
) + ")"  # fmt: skip
_EDGE = r"(?<![\w./-])"


def _number(text: str) -> int:
    return _NUMBERS[text] if text in _NUMBERS else int(text)


def _english_month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _english_ago(match: re.Match[str], today: date) -> DateRange:
    number, unit = _number(match[1]), match[2]
    return date_ranges.units_ago(
        *((2 * number, "week") if unit == "fortnight" else (number, unit)), today
    )


def _english_last(match: re.Match[str], today: date) -> DateRange:
    number, unit = _number(match[1]), match[2]
    return date_ranges.last_units(
        *((2 * number, "week") if unit == "fortnight" else (number, unit)), today
    )


_ENGLISH: tuple[tuple[str, Rule], ...] = (
    (
        r"\b(?:the )?(day before yesterday|yesterday|last night|today|tonight|this morning)\b",
        lambda m, today: date_ranges.day(today, _DAYS_AGO.get(m[1], 0)),
    ),
    (
        r"\b(this|current|last|past|previous)\s+(week|weekend|month|quarter|year)\b",
        lambda m, today: date_ranges.UNITS[m[2]](today, 0 if m[1] in ("this", "current") else 1),
    ),
    (rf"\b(?:last|past|previous)\s+{_NUMBER}\s+{_UNIT}", _english_last),
    (rf"{_NUMBER}\s+{_UNIT}\s+ago\b", _english_ago),
    (
        rf"{_PREPOSITION}(mon|tues|wednes|thurs|fri|satur|sun)day\b",
        lambda m, today: date_ranges.weekday(_WEEKDAYS.index(m[1][:3]), today),
    ),
    (
        rf"{_MONTH}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+({_OF_YEAR})\b)?(?![.:\d])",
        lambda m, today: _dated(m[3], _english_month(m[1]), m[2], today),
    ),
    (
        rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+({_OF_YEAR})\b)?",
        lambda m, today: _dated(m[3], _english_month(m[2]), m[1], today),
    ),
    (
        rf"{_MONTH}\.?,?\s+(?:of\s+)?({_OF_YEAR})\b",
        lambda m, _: date_ranges.month_of(int(m[2]), _english_month(m[1])),
    ),
    (
        rf"{_PREPOSITION}{_MONTH}(?!\s+(?:i|we|you|they|it|have|be|not)\b)",
        lambda m, today: date_ranges.recent_month(_english_month(m[1]), today),
    ),
    (rf"{_PREPOSITION}({_OF_YEAR})\b(?![.\-/:])", lambda m, _: date_ranges.year_of(int(m[1]))),
    (
        rf"{_EDGE}({_OF_YEAR})([-/])(\d{{1,2}})(?:\2(\d{{1,2}}))?(?![\w/-])",
        lambda m, today: _dated(m[1], int(m[3]), m[4], today),
    ),
    (
        rf"\bq([1-4])(?:\s+(?:of\s+)?({_OF_YEAR}))?\b",
        lambda m, today: (
            date_ranges.quarter_of(int(m[2]), int(m[1]))
            if m[2]
            else date_ranges.recent_quarter(int(m[1]), today)
        ),
    ),
)

# ── Chinese, Japanese, Korean ────────────────────────────────────────────────────────────────────

# The meaning of a word: a unit, and how many of them ago.
_NAMED: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("今天", "今日", "오늘"), ("day", 0)),
    **dict.fromkeys(("昨天", "昨日", "昨晚", "きのう", "어제"), ("day", 1)),
    **dict.fromkeys(("前天", "一昨日", "おととい", "그저께", "그제"), ("day", 2)),
    **dict.fromkeys(("大前天", "엊그제"), ("day", 3)),
    **dict.fromkeys(("今週", "本週", "本周", "这周", "這週", "这个星期", "이번 주", "이번주"), ("week", 0)),
    **dict.fromkeys(
        ("上周", "上週", "上星期", "上个星期", "上個星期", "上礼拜", "上禮拜", "先週"), ("week", 1)
    ),
    **dict.fromkeys(("지난주", "지난 주", "저번 주", "저번주"), ("week", 1)),
    **dict.fromkeys(("上上周", "上上週", "上上星期", "先々週", "지지난주", "지지난 주"), ("week", 2)),
    **dict.fromkeys(("本月", "这个月", "這個月", "今月", "이번 달", "이번달"), ("month", 0)),
    **dict.fromkeys(("上个月", "上個月", "上月", "先月"), ("month", 1)),
    **dict.fromkeys(("지난달", "지난 달", "저번 달", "저번달"), ("month", 1)),
    **dict.fromkeys(("上上个月", "上上個月", "先々月", "지지난달"), ("month", 2)),
    **dict.fromkeys(("今年", "올해"), ("year", 0)),
    **dict.fromkeys(("去年", "昨年", "작년", "지난해"), ("year", 1)),
    **dict.fromkeys(("前年", "一昨年", "おととし", "재작년"), ("year", 2)),
    "하루 전": ("day", 1), "이틀 전": ("day", 2), "사흘 전": ("day", 3), "나흘 전": ("day", 4),
    "일주일 전": ("week", 1),
}  # fmt: skip
_DIGITS = {sign: number for number, sign in enumerate("一二三四五六七八九", 1)} | {"两": 2, "兩": 2}
_KOREAN = {"한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8}
_EAST_UNITS = {
    **dict.fromkeys(("天", "日", "日間", "일"), "day"),
    **dict.fromkeys(("周", "週", "週間", "星期", "礼拜", "禮拜", "주", "주일"), "week"),
    **dict.fromkeys(("月", "월", "달"), "month"),
    **dict.fromkeys(("年", "年間", "년", "해"), "year"),
}
_EAST_NUMBER = (
    r"((?<!\d)\d{1,3}|[一二两兩三四五六七八九十]{1,3}"
    r"|[한두세네](?=\s?[주달해])|다섯|여섯|일곱|여덟)\s?"
)
_MANY_MONTHS = r"[个個ヶか箇カヵケ개]\s?[月월]|달"
_EAST_UNIT = (
    rf"({_MANY_MONTHS}|[个個]?(?:星期|礼拜|禮拜)|天|日間|日|周|週間|週|年間|年|일|주일|주|년|해)"
)
_EAST_MONTH = r"((?<!\d)\d{1,2}|十[一二]?|[一二三四五六七八九])\s?[月월](?!間|间)"
_EAST_DAY = r"(?:\s?(\d{1,2})\s?[日号號일])?"
_YEAR_WORD = "(今年|去年|昨年|前年|一昨年|올해|작년|지난해|재작년)"
_EAST_WEEKDAYS = {
    sign: number
    for signs in ("一二三四五六日", "月火水木金土日", "월화수목금토일")
    for number, sign in enumerate(signs)
} | {"天": 6}


def _east_number(text: str) -> int:
    if text in _KOREAN:
        return _KOREAN[text]
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    number = _DIGITS.get(ones, 0)
    return number if not ten else 10 * _DIGITS.get(tens, 1) + number


def _east_unit(text: str) -> str:
    return _EAST_UNITS[text.lstrip("个個ヶか箇カヵケ개 ").strip()]


def _named(match: re.Match[str], today: date) -> DateRange:
    unit, ago = _NAMED[match[0]]
    return date_ranges.UNITS[unit](today, ago)


def _month_of_named_year(match: re.Match[str], today: date) -> DateRange:
    year = today.year - _NAMED[match[1]][1]
    return _dated(str(year), _east_number(match[2]), match[3], today)


def _east_weekday(match: re.Match[str], today: date) -> DateRange:
    ago = {"先々": 2, "上上": 2, "先": 1, "上": 1, "지난": 1, "저번": 1}.get(match[1], 0)
    return date_ranges.weekday_of_week(_EAST_WEEKDAYS[match[2]], ago, today)


_EAST: tuple[tuple[str, Rule], ...] = (
    ("|".join(sorted(_NAMED, key=len, reverse=True)), _named),
    (rf"{_YEAR_WORD}\s?の?\s?{_EAST_MONTH}{_EAST_DAY}", _month_of_named_year),
    (
        rf"{_EAST_NUMBER}{_EAST_UNIT}\s?(?:之|以)?[前전]",
        lambda m, today: date_ranges.units_ago(_east_number(m[1]), _east_unit(m[2]), today),
    ),
    (
        rf"(?:最近|过去|過去|近|ここ|直近|최근|지난)の?\s?{_EAST_NUMBER}{_EAST_UNIT}",
        lambda m, today: date_ranges.last_units(_east_number(m[1]), _east_unit(m[2]), today),
    ),
    (
        rf"(?<!\d)({_OF_YEAR})\s?[年년](?:\s?(\d{{1,2}})\s?[月월]{_EAST_DAY})?",
        lambda m, today: (
            _dated(m[1], int(m[2]), m[3], today) if m[2] else date_ranges.year_of(int(m[1]))
        ),
    ),
    (
        rf"{_EAST_MONTH}{_EAST_DAY}份?",
        lambda m, today: _dated(None, _east_number(m[1]), m[2], today),
    ),
    (r"(上上|上|这|這|本)[个個]?(?:周|週|星期|礼拜|禮拜)([一二三四五六日天])", _east_weekday),
    (r"(先々|先|今)週の?([月火水木金土日])曜日?", _east_weekday),
    (r"(지난|이번|저번)\s?주?\s?([월화수목금토일])요일", _east_weekday),
)


@cache
def _forms(ascii_only: bool) -> list[tuple[re.Pattern[str], Rule]]:  # noqa: FBT001 - private
    # Compiled when a text needs them: the East Asian ones take half of the time.
    forms = _ENGLISH if ascii_only else (*_ENGLISH, *_EAST)
    return [(re.compile(pattern), rule) for pattern, rule in forms]
