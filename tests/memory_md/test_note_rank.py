from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_md_samples import DAY, TODAY, facts, note

from memcairn.memory_md.rank import (
    HALF_LIFE_DAYS,
    MAX_USE,
    TYPE_DAYS,
    is_current,
    is_expired,
    order,
    rank,
    standing,
    type_name,
    type_order,
)


def milli_days(fact):
    return standing(fact).milli_days


def test_a_later_change_comes_before_an_earlier_one():
    assert order(note("b.md", changed=DAY)) < order(note("a.md", changed=DAY - 1))


def test_equal_notes_are_ordered_by_path():
    assert order(note("a.md")) < order(note("b.md"))


def test_of_equal_standings_the_last_changed_comes_first():
    morning = note("a.md", second=8 * 3600)
    evening = note("b.md", second=20 * 3600)

    assert order(evening) < order(morning) < order(note("a.md"))
    assert order(note("c.md", type="project")) < order(evening)
    assert order(note("c.md", changed=DAY + 1)) < order(note("d.md", second=86_399))


def test_rank_is_standing_and_then_the_time_of_day():
    last, first = note("a.md", second=86_399), note("a.md", changed=DAY + 1)

    assert rank(last) < rank(first)
    assert rank(last) // 86_400 == milli_days(last)


def test_a_pinned_note_comes_before_all_others():
    old = note("z.md", pinned=True, changed=DAY - 5000)

    assert order(old) < order(note("a.md", type="user", used_day=DAY, use_count=100))


def test_one_use_on_the_day_of_the_change_is_worth_a_half_life():
    assert milli_days(note("a.md", used_day=DAY, use_count=1)) == (DAY + HALF_LIFE_DAYS) * 1000


@given(st.integers(0, 2000), st.integers(0, 10**6))
def test_use_counts_for_something_and_never_for_more_than_its_bound(days_ago, uses):
    unused = note("a.md", changed=DAY - days_ago)
    used = unused._replace(used_day=DAY, use_count=uses)

    assert milli_days(used) >= milli_days(unused)
    assert milli_days(used) <= (DAY + HALF_LIFE_DAYS * 2.4) * 1000
    assert 1 + MAX_USE < 2 ** (2.4)


def test_more_and_later_use_comes_before_less_and_earlier_use():
    ranks = [
        milli_days(note("a.md", changed=DAY - 90, used_day=day, use_count=uses))
        for day, uses in [(DAY, 8), (DAY, 3), (DAY, 1), (DAY - 20, 1), (DAY - 80, 1), (None, 0)]
    ]

    assert all(first > second for first, second in pairwise(ranks))


def test_user_notes_outlast_project_notes():
    assert order(note("a.md", type="User ", changed=DAY - 100)) < order(
        note("b.md", type="project")
    )
    assert order(note("a.md", type="project")) < order(note("b.md", type="user", changed=DAY - 200))


@given(facts, facts, st.integers(1, 4000))
def test_the_order_of_two_notes_is_the_same_at_any_time(one, other, days):
    def later(fact):
        used = None if fact.used_day is None else fact.used_day + days
        return fact._replace(changed=fact.changed + days, used_day=used)

    assert milli_days(later(one)) - milli_days(one) == days * 1000
    assert (milli_days(one) < milli_days(other)) == (
        milli_days(later(one)) < milli_days(later(other))
    )


@given(facts)
def test_the_components_add_up_to_the_rank(fact):
    parts = standing(fact)

    assert parts.type_days in {0, *TYPE_DAYS.values()}
    assert parts.use_days >= 0
    assert milli_days(fact) == round((parts.changed + parts.type_days) * 1000) + round(
        parts.use_days * 1000
    )


@pytest.mark.parametrize(
    ("valid_until", "expired"),
    [
        (None, False),
        ("2025-11-19", True),
        ("2025-11-20", False),
        ("2025-11-19T23:59:59Z", True),
        ("2025-11-20T00:00:00Z", False),
        ("next week", False),
        ("", False),
    ],
)
def test_a_note_is_valid_to_the_end_of_its_last_day(valid_until, expired):
    assert is_expired(valid_until, TODAY) is expired
    assert is_current(note("a.md", valid_until=valid_until), TODAY) is not expired


def test_a_superseded_note_is_not_current():
    assert not is_current(note("a.md", superseded=True), TODAY)


def test_days_far_apart_do_not_overflow():
    ancient = note("a.md", changed=1, used_day=date.max.toordinal(), use_count=9)

    assert milli_days(ancient) == pytest.approx((date.max.toordinal() + 60) * 1000)
    assert (TODAY - timedelta(days=1)).toordinal() == DAY - 1


def test_groups_are_ordered_by_known_type_then_by_name():
    kinds = [None, "observed", "Reference", "a type", " USER", "feedback", "project"]

    assert sorted(map(type_name, kinds), key=type_order) == [
        "user",
        "feedback",
        "project",
        "reference",
        "a type",
        "observed",
        None,
    ]
