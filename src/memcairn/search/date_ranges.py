"""Date ranges relative to today, as the first and the last day: last week, two months ago, last Monday.

Dates that do not exist (30 February, 99999 years ago) raise ValueError or OverflowError.
"""

from __future__ import annotations

from datetime import date, timedelta

DateRange = tuple[date, date]
"""The first and the last day, both included."""


def day(today: date, ago: int) -> DateRange:
    """The day that was `ago` days before today."""
    then = today - timedelta(days=ago)
    return then, then


def week(today: date, ago: int) -> DateRange:
    """A week from Monday to Sunday; 0 is the current week."""
    monday = today - timedelta(days=today.weekday() + 7 * ago)
    return monday, monday + timedelta(days=6)


def month(today: date, ago: int) -> DateRange:
    """A calendar month; 0 is the current month."""
    months = today.year * 12 + today.month - 1 - ago
    return month_of(months // 12, months % 12 + 1)


def quarter(today: date, ago: int) -> DateRange:
    """A calendar quarter; 0 is the current quarter."""
    then = month(today, 3 * ago)[0]
    return quarter_of(then.year, (then.month + 2) // 3)


def year(today: date, ago: int) -> DateRange:
    """A calendar year; 0 is the current year."""
    return year_of(today.year - ago)


UNITS = {
    "day": day, "week": week, "weekend": week, "month": month, "quarter": quarter, "year": year,
}  # fmt: skip
_LENGTHS = {"day": 1, "week": 7, "month": 30, "year": 365}


def year_of(number: int) -> DateRange:
    """All days of a year."""
    return date(number, 1, 1), date(number, 12, 31)


def quarter_of(year_number: int, number: int) -> DateRange:
    """The quarter `number`, 1 to 4, of a year."""
    return date(year_number, 3 * number - 2, 1), month_of(year_number, 3 * number)[1]


def month_of(year_number: int, number: int) -> DateRange:
    """The month `number`, 1 to 12, of a year."""
    following = date(year_number + number // 12, number % 12 + 1, 1)
    return date(year_number, number, 1), following - timedelta(days=1)


def day_of(year_number: int, month_number: int, number: int) -> DateRange:
    """One date."""
    then = date(year_number, month_number, number)
    return then, then


def recent_quarter(number: int, today: date) -> DateRange:
    """The latest quarter with a number, 1 to 4, that has begun."""
    return quarter_of(today.year - (3 * number - 2 > today.month), number)


def recent_month(number: int, today: date) -> DateRange:
    """The latest month with a number, 1 to 12, that has begun."""
    return month_of(today.year - (number > today.month), number)


def recent_day(month_number: int, number: int, today: date) -> DateRange:
    """The latest day with this month and number that is not in the future."""
    this_year = date(today.year, month_number, number)
    then = this_year if this_year <= today else date(today.year - 1, month_number, number)
    return then, then


def units_ago(number: int, unit: str, today: date) -> DateRange:
    """The days that "two weeks ago" (that day, 3 days either way) or "two months ago" (that month) means."""
    if unit == "week":
        then = today - timedelta(weeks=number)
        return then - timedelta(days=3), then + timedelta(days=3)
    return UNITS[unit](today, number)


def last_units(number: int, unit: str, today: date) -> DateRange:
    """The days of the last `number` units until today; a month counts as 30 days, a year as 365."""
    return today - timedelta(days=number * _LENGTHS[unit]), today


def weekday(number: int, today: date) -> DateRange:
    """The latest such weekday before today; 0 is Monday."""
    return day(today, (today.weekday() - number - 1) % 7 + 1)


def weekday_of_week(number: int, ago: int, today: date) -> DateRange:
    """A weekday of the week that was `ago` weeks before this one; 0 is Monday."""
    then = week(today, ago)[0] + timedelta(days=number)
    return then, then
