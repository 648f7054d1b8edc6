"""What columns of index.db hold."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from memcairn.store.chunks import as_json


@given(st.lists(st.text()))
def test_a_list_of_strings_is_what_json_makes_of_it(values: list[str]) -> None:
    assert as_json(values) == json.dumps(values, ensure_ascii=False)
