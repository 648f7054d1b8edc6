"""The period that a query mentions, and the dates of filters."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memcairn.errors import UsageError
from memcairn.search.dates import parse_date
from memcairn.search.periods import EARLIEST, Period, find_period, parse_period

TODAY = date(2026, 6, 17)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("what did we decide last week", "2026-06-08", "2026-06-14"),
        ("this week", "2026-06-15", "2026-06-21"),
        ("yesterday's outage", "2026-06-16", "2026-06-16"),
        ("the day before yesterday", "2026-06-15", "2026-06-15"),
        ("Two days ago", "2026-06-15", "2026-06-15"),
        ("what broke a week ago?", "2026-06-07", "2026-06-13"),
        ("three months ago", "2026-03-01", "2026-03-31"),
        ("2 years ago", "2024-01-01", "2024-12-31"),
        ("in the last 3 days", "2026-06-14", "2026-06-17"),
        ("past two weeks", "2026-06-03", "2026-06-17"),
        ("last month", "2026-05-01", "2026-05-31"),
        ("last quarter", "2026-01-01", "2026-03-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("what came up on Monday", "2026-06-15", "2026-06-15"),
        ("last Wednesday", "2026-06-10", "2026-06-10"),
        ("in March 2025", "2025-03-01", "2025-03-31"),
        ("in March", "2026-03-01", "2026-03-31"),
        ("in August", "2025-08-01", "2025-08-31"),
        ("in May", "2026-05-01", "2026-05-31"),
        ("May 2025", "2025-05-01", "2025-05-31"),
        ("March 3, 2025", "2025-03-03", "2025-03-03"),
        ("3rd of March 2024", "2024-03-03", "2024-03-03"),
        ("on Dec 24", "2025-12-24", "2025-12-24"),
        ("the 2025-03-14 incident", "2025-03-14", "2025-03-14"),
        ("in 2024", "2024-01-01", "2024-12-31"),
        ("Q1 2025", "2025-01-01", "2025-03-31"),
        ("Q3 numbers", "2025-07-01", "2025-09-30"),
        ("since last month", "2026-05-01", "2026-06-17"),
        ("since March", "2026-03-01", "2026-06-17"),
        ("after March 3, 2025", "2025-03-03", "2026-06-17"),
        ("before 2025", EARLIEST, "2025-01-01"),
        ("until March", EARLIEST, "2026-03-31"),
        ("between January and March", "2026-01-01", "2026-03-31"),
        ("from 2025-01 to 2025-03", "2025-01-01", "2025-03-31"),
        ("昨天为什么回滚", "2026-06-16", "2026-06-16"),
        ("上周的决定", "2026-06-08", "2026-06-14"),
        ("上个月", "2026-05-01", "2026-05-31"),
        ("上周三的会", "2026-06-10", "2026-06-10"),
        ("三个月前", "2026-03-01", "2026-03-31"),
        ("十二天前", "2026-06-05", "2026-06-05"),
        ("最近三天", "2026-06-14", "2026-06-17"),
        ("去年3月的计划", "2025-03-01", "2025-03-31"),
        ("2025年3月14日", "2025-03-14", "2025-03-14"),
        ("2025年", "2025-01-01", "2025-12-31"),
        ("三月以来", "2026-03-01", "2026-06-17"),
        ("2025年以前", EARLIEST, "2025-01-01"),
        ("昨日の会議", "2026-06-16", "2026-06-16"),
        ("先週決めたこと", "2026-06-08", "2026-06-14"),
        ("先々週", "2026-06-01", "2026-06-07"),
        ("先週の水曜日", "2026-06-10", "2026-06-10"),
        ("2週間前", "2026-05-31", "2026-06-06"),
        ("3ヶ月前", "2026-03-01", "2026-03-31"),
        ("昨年の3月", "2025-03-01", "2025-03-31"),
        ("2025年3月から", "2025-03-01", "2026-06-17"),
        ("어제 회의", "2026-06-16", "2026-06-16"),
        ("지난주에 정한 것", "2026-06-08", "2026-06-14"),
        ("지난 주", "2026-06-08", "2026-06-14"),
        ("지난주 수요일", "2026-06-10", "2026-06-10"),
        ("두 달 전", "2026-04-01", "2026-04-30"),
        ("3일 전", "2026-06-14", "2026-06-14"),
        ("작년 3월", "2025-03-01", "2025-03-31"),
        ("2025년 3월 14일", "2025-03-14", "2025-03-14"),
        ("3월 이후", "2026-03-01", "2026-06-17"),
        ("최근 3일", "2026-06-14", "2026-06-17"),
    ],
)
def test_common_date_expressions_are_recognized(text: str, first: str, last: str) -> None:
    assert find_period(text, TODAY) == Period(first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "which database did we pick",
        "what may we do",
        "we march on",
        "CVE-2025-0312",
        "python 2019 edition",
        "release 2025.3.1",
        "how many days until the release",
        "99999 years ago",
        "32nd of nothing",
        "数据库索引",
        "データベース",
        "毎日の作業",
        "月曜日",
        "데이터베이스 전체 구조",
    ],
)
def test_text_without_a_date_has_no_period(text: str) -> None:
    assert find_period(text, TODAY) is None


def test_a_week_begins_on_monday_in_every_week() -> None:
    for day in range(15, 22):
        period = find_period("last week", date(2026, 6, day))

        assert period == Period("2026-06-08", "2026-06-14")


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-06-07", False),
        ("2026-06-08", True),
        ("2026-06-14T23:59:59+02:00", True),
        ("2026-06-15", False),
    ],
)
def test_a_period_contains_its_first_and_last_day(moment: str, inside: bool) -> None:  # noqa: FBT001
    assert Period("2026-06-08", "2026-06-14").contains(moment) is inside


TIME_WORDS = (
    "last this past since until before after between and from to in on the of ago a two 3 99999 2025 0 31 "
    "week month year day days quarter monday march may february q4 2025-02-30 2025-13 2024-02-29 "
    "上周 去年 3月 三 个月 前 日 以来 2025年 先週 の 水曜日 지난주 전 두 달 이후 2월 30일"
)
WORDS = st.sampled_from(TIME_WORDS.split())


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=8).map(" ".join)),
    st.dates(),
)
@example("february 29 2023", TODAY)
@example("9999 months ago", date.min)
@example("in march", date.min)
@example("since yesterday", date.max)
def test_any_text_gives_an_ordered_period_or_none(text: str, today: date) -> None:
    period = find_period(text, today)

    if period is not None:
        assert date.fromisoformat(period.first) <= date.fromisoformat(period.last)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
def test_a_written_date_is_that_day(day: date) -> None:
    for text in (
        day.isoformat(),
        f"{day.day} {day:%B} {day.year}",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}년 {day.month}월 {day.day}일",
    ):
        assert find_period(f"notes {text}", TODAY) == Period(day.isoformat(), day.isoformat())


@given(st.dates(min_value=date(1902, 1, 1)), st.integers(0, 300))
def test_days_ago_are_that_many_days_ago(today: date, ago: int) -> None:
    for text in (f"{ago} days ago", f"{ago}天前", f"{ago}日前", f"{ago}일 전"):
        period = find_period(text, today)

        assert period is not None
        assert (today - date.fromisoformat(period.first)).days == ago
        assert period.first == period.last


@given(st.text(max_size=40))
def test_a_text_that_is_a_period_also_mentions_it(text: str) -> None:
    period = parse_period(text, TODAY)

    assert period is None or find_period(text, TODAY) is not None


@pytest.mark.parametrize(
    ("text", "start", "end", "last_day"),
    [
        ("2026", "2026-01-01", "2027-01-01", "2026-12-31"),
        ("2026-06", "2026-06-01", "2026-07-01", "2026-06-30"),
        ("2026-6-3", "2026-06-03", "2026-06-04", "2026-06-03"),
        ("2026-06-03T14:00", "2026-06-03T14:00:00", "2026-06-03T14:00:00.000001", "2026-06-03"),
        (
            "2026-06-03 14:00+02:00",
            "2026-06-03T14:00:00+02:00",
            "2026-06-03T14:00:00.000001+02:00",
            "2026-06-03",
        ),
        (" yesterday ", "2026-06-16", "2026-06-17", "2026-06-16"),
        ("last week", "2026-06-08", "2026-06-15", "2026-06-14"),
        ("上周", "2026-06-08", "2026-06-15", "2026-06-14"),
    ],
)
def test_a_date_is_a_year_a_month_a_day_a_moment_or_an_expression(
    text: str, start: str, end: str, last_day: str
) -> None:
    found = parse_date(text, TODAY)

    assert (found.start.text, found.end.text, found.last_day) == (start, end, last_day)
    assert found.start.mtime_ns < found.end.mtime_ns


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "2026-13",
        "2026-02-30",
        "20260603",
        "0000",
        "9999",
        "26-06-03",
        "last",
        "-",
        "x" * 500,
    ],
)
def test_the_error_for_an_invalid_date_lists_the_accepted_forms(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_date(text, TODAY)

    assert raised.value.hint is not None
    assert "2026-06-03" in raised.value.hint
