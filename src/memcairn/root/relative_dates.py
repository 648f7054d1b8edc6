"""Relative dates in a memory, with the day that they mean on the day when it is said.

    We deploy with canary since yesterday.     ──►  We deploy with canary since yesterday (2026-11-30).
    Der Umzug ist nächsten Freitag.            ──►  Der Umzug ist nächsten Freitag (2026-12-04).

Next Friday is the first one after today. Code stays as it is, and so does "every last Friday".
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from memcairn.notes.language import likely_language

if TYPE_CHECKING:
    from collections.abc import Callable

    Days = Callable[[re.Match[str], date], str]

_DAYS = {
    -2: "day before yesterday|vorgestern|avant-hier|anteayer|antes de ayer|anteontem|前天|一昨日|그저께",
    -1: "yesterday|last night|gestern|ayer|ontem|昨天|昨日|어제",
    0: "today|tonight|this morning|heute|aujourd['’]hui|hoy|hoje|今天|今日|오늘",
    1: "tomorrow|(?-i:(?<!jeden )morgen)|demain|(?<!la )mañana|amanhã|明天|明日|내일",
    2: "day after tomorrow|übermorgen|après-demain|pasado mañana|depois de amanhã|后天|後天|明後日|모레",
}
_LAST_WEEK = "last week|letzte[rn]? Woche|la semaine dernière|la semana pasada|(?:na )?semana passada|上周|上个星期|先週|지난 ?주"
_NEXT_WEEK = "next week|nächste[rn]? Woche|la semaine prochaine|la próxima semana|na próxima semana|下周|下个星期|来週|다음 ?주"
_LAST_MONTH = "last month|letzten Monat|le mois dernier|el mes pasado|(?:no )?mês passado|上个月|先月|지난 ?달"
_NEXT_MONTH = (
    "next month|nächsten Monat|le mois prochain|el próximo mes|no próximo mês|下个月|来月|다음 ?달"
)
_WEEKDAYS = (
    "monday|montag|lundi|lunes|segunda(?:-feira)?|[周期]一|月曜日?|월요일",
    "tuesday|dienstag|mardi|martes|terça(?:-feira)?|[周期]二|火曜日?|화요일",
    "wednesday|mittwoch|mercredi|miércoles|quarta(?:-feira)?|[周期]三|水曜日?|수요일",
    "thursday|donnerstag|jeudi|jueves|quinta(?:-feira)?|[周期]四|木曜日?|목요일",
    "friday|freitag|vendredi|viernes|sexta(?:-feira)?|[周期]五|金曜日?|금요일",
    "saturday|samstag|samedi|sábado|[周期]六|土曜日?|토요일",
    "sunday|sonntag|dimanche|domingo|[周期][日天]|日曜日?|일요일",
)
_WEEKDAY = "|".join(f"(?P<day{at}>{names})" for at, names in enumerate(_WEEKDAYS))
_WEEKDAY_FIRST = _WEEKDAY.replace("(?P<day", "(?P<first")
_LAST = "(?:last|letzte[nr]?|vergangenen|el pasado|上(?:个?星)?|先週の|지난 ?주? )"
_NEXT = "(?:next|this coming|nächste[nr]?|kommenden|el próximo|na próxima|下(?:个?星)?|来週の|다음 ?주? )"
_AFTER_LAST = "(?:dernier|pasado|passada)"
_AFTER_NEXT = "(?:prochain|que viene|que vem)"
_AGO = (
    r"(?P<ago>\d{1,3})\s?(?:days? ago|天前|日前|일 전)|vor (?P<ago2>\d{1,3}) Tagen|il y a (?P<ago3>\d{1,3}) jours"
    r"|hace (?P<ago4>\d{1,3}) días|há (?P<ago5>\d{1,3}) dias"
)
# What recurs is not relative, and what has its date needs none.
_BEFORE = r"(?<!every )(?<!each )(?<!the )"
_AFTER = r"(?! of (?:the|each|every|a)\b|['’]s\b)(?!\s*\()"
_CODE = re.compile(
    r"(^(?:```|~~~).*?^(?:```|~~~)|`[^`\n]*`|\"[^\"\n]*\")", re.DOTALL | re.MULTILINE
)


def with_days(text: str, today: date) -> str:
    """The text, with a day, week or month in parentheses behind each relative date."""
    forms = _forms(likely_language(text) == "fr")
    parts = _CODE.split(text)
    for at in range(0, len(parts), 2):
        found: dict[int, tuple[int, str]] = {}
        for pattern, days in forms:
            for match in pattern.finditer(parts[at]):
                if found.get(match.start(), (0, ""))[0] < match.end():
                    found[match.start()] = (match.end(), days(match, today))
        ends: dict[int, str] = {}
        for _, (end, said) in sorted(found.items()):
            ends.setdefault(end, said)  # "the day before yesterday" is not yesterday
        for end, said in sorted(ends.items(), reverse=True):
            parts[at] = f"{parts[at][:end]} ({said}){parts[at][end:]}"
    return "".join(parts)


@cache
def _forms(is_french: bool) -> tuple[tuple[re.Pattern[str], Days], ...]:  # noqa: FBT001 - private
    # In German, `hier` means here.
    days = {**_DAYS, -1: f"{_DAYS[-1]}|hier"} if is_french else _DAYS
    forms: list[tuple[str, Days]] = [(names, _days(offset)) for offset, names in days.items()]
    forms += [
        (_LAST_WEEK, lambda _, today: _week(today, -1)),
        (_NEXT_WEEK, lambda _, today: _week(today, 1)),
        (_LAST_MONTH, lambda _, today: f"{today.replace(day=1) - timedelta(1):%Y-%m}"),
        (_NEXT_MONTH, lambda _, today: f"{today.replace(day=28) + timedelta(4):%Y-%m}"),
        (rf"{_BEFORE}{_LAST}\s?(?:{_WEEKDAY})|(?:{_WEEKDAY_FIRST}) {_AFTER_LAST}", _last),
        (rf"{_BEFORE}{_NEXT}\s?(?:{_WEEKDAY})|(?:{_WEEKDAY_FIRST}) {_AFTER_NEXT}", _next),
        (_AGO, lambda m, today: str(today - timedelta(int(next(filter(None, m.groups())))))),
    ]
    edge, end = r"(?<![^\W\d_\u3000-\uffff])", r"(?![^\W\d_\u3000-\uffff])"
    return tuple(
        (re.compile(f"{edge}(?:{pattern}){end}{_AFTER}", re.IGNORECASE), days)
        for pattern, days in forms
    )


def _days(offset: int) -> Days:
    return lambda _, today: str(today + timedelta(offset))


def _week(today: date, ahead: int) -> str:
    return f"week of {today - timedelta(today.weekday()) + timedelta(7 * ahead)}"


def _number(match: re.Match[str]) -> int:
    """The weekday that matched; 0 is Monday."""
    return next(int(name[-1]) for name, said in match.groupdict().items() if said)


def _last(match: re.Match[str], today: date) -> str:
    if match[0][0] in "上先지":  # of the last week
        return str(today - timedelta(today.weekday() + 7) + timedelta(_number(match)))
    return str(today - timedelta((today.weekday() - _number(match) - 1) % 7 + 1))


def _next(match: re.Match[str], today: date) -> str:
    if match[0][0] in "下来다":  # of the next week
        return str(today - timedelta(today.weekday() - 7) + timedelta(_number(match)))
    return str(today + timedelta((_number(match) - today.weekday() - 1) % 7 + 1))
