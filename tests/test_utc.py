from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.formats.utc import utc_text


@given(seconds=st.integers(-62_135_596_800, 253_402_300_799))
def test_a_time_is_written_as_datetime_writes_it(seconds: int) -> None:
    assert utc_text(seconds) == datetime.fromtimestamp(seconds, UTC).isoformat()


def test_a_fraction_is_cut_off() -> None:
    assert utc_text(1.75) == "1970-01-01T00:00:01+00:00"
    assert utc_text(-0.25) == "1969-12-31T23:59:59+00:00"
    assert utc_text(1.75, milliseconds=True) == "1970-01-01T00:00:01.750Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1e18, "9999-12-31T23:59:59+00:00"), (-1e18, "0001-01-01T00:00:00+00:00")],
)
def test_a_time_beyond_the_calendar_is_its_end(seconds: float, text: str) -> None:
    assert utc_text(seconds) == text
