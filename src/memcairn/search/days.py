"""Days of the calendar: last week, two months ago, the Monday before today, as first day and last.

What no calendar has raises ValueError or OverflowError: 30 February, 99999 years ago.
"""

from __future__ import annotations

from datetime import date, timedelta

Days = tuple[date, date]
"""The first day and the last, both included."""


def day(today: date, ago: int) -> Days:
    """One day."""
    then = today - timedelta(days=ago)
    return then, then


def week(today: date, ago: int) -> Days:
    """A week from Monday to Sunday; 0 is the one that today is in."""
    monday = today - timedelta(days=today.weekday() + 7 * ago)
    return monday, monday + timedelta(days=6)


def month(today: date, ago: int) -> Days:
    """A month of the calendar."""
    months = today.year * 12 + today.month - 1 - ago
    return month_of(months // 12, months % 12 + 1)


def quarter(today: date, ago: int) -> Days:
    """A quarter of the calendar."""
    then = month(today, 3 * ago)[0]
    return quarter_of(then.year, (then.month + 2) // 3)


def year(today: date, ago: int) -> Days:
    """A year of the calendar."""
    return year_of(today.year - ago)


UNITS = {
    "day": day, "week": week, "weekend": week, "month": month, "quarter": quarter, "year": year,
}  # fmt: skip
_LENGTHS = {"day": 1, "week": 7, "month": 30, "year": 365}


def year_of(number: int) -> Days:
    """The whole of a year."""
    return date(number, 1, 1), date(number, 12, 31)


def quarter_of(year_number: int, number: int) -> Days:
    """The quarter `number`, 1 to 4, of a year."""
    return date(year_number, 3 * number - 2, 1), month_of(year_number, 3 * number)[1]


def month_of(year_number: int, number: int) -> Days:
    """The month `number`, 1 to 12, of a year."""
    following = date(year_number + number // 12, number % 12 + 1, 1)
    return date(year_number, number, 1), following - timedelta(days=1)


def day_of(year_number: int, month_number: int, number: int) -> Days:
    """One day, by its date."""
    then = date(year_number, month_number, number)
    return then, then


def recent_quarter(number: int, today: date) -> Days:
    """The quarter of that number that is now, or was last."""
    return quarter_of(today.year - (3 * number - 2 > today.month), number)


def recent_month(number: int, today: date) -> Days:
    """The month of that number that is now, or was last."""
    return month_of(today.year - (number > today.month), number)


def recent_day(month_number: int, number: int, today: date) -> Days:
    """The day of that name that is today, or was last."""
    this_year = date(today.year, month_number, number)
    then = this_year if this_year <= today else date(today.year - 1, month_number, number)
    return then, then


def units_ago(number: int, unit: str, today: date) -> Days:
    """Two weeks ago is any day of about then; two months ago is that month."""
    if unit == "week":
        then = today - timedelta(weeks=number)
        return then - timedelta(days=3), then + timedelta(days=3)
    return UNITS[unit](today, number)


def last_units(number: int, unit: str, today: date) -> Days:
    """The days from so long ago until today; a month counts as 30, a year as 365."""
    return today - timedelta(days=number * _LENGTHS[unit]), today


def weekday(number: int, today: date) -> Days:
    """The last such day before today; 0 is Monday."""
    return day(today, (today.weekday() - number - 1) % 7 + 1)


def weekday_of_week(number: int, ago: int, today: date) -> Days:
    """That day of a week; 0 is Monday."""
    then = week(today, ago)[0] + timedelta(days=number)
    return then, then
