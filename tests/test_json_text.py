"""JSON without the module `json`: the same values, the same refusals."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memcairn.formats import json_text

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_a_written_value_is_read_again(value: object) -> None:
    written = json_text.dumps(value)

    assert written.isascii()
    assert json_text.loads(written) == value
    assert json.loads(written) == value


@given(VALUES, st.sampled_from([None, 0, 2]))
def test_what_json_writes_is_read(value: object, indent: int | None) -> None:
    text = f"\n\t {json.dumps(value, indent=indent, ensure_ascii=False)} \r\n"

    assert json_text.loads(text) == value


@given(st.text(alphabet='{}[]",:0.-e1nultrfas \\\u00e9', max_size=12))
def test_it_refuses_what_json_refuses(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):
            json_text.loads(text)
    else:
        assert json_text.loads(text) == expected


@pytest.mark.parametrize("content", [b"", b"{", b"[1,]", b'{"a": 1} x', b'"\xff"', b"{'a': 1}"])
def test_it_refuses_in_a_process_that_has_not_loaded_json(content: bytes) -> None:
    code = (
        "import sys; from memcairn.formats import json_text\n"
        "print('json' in sys.modules, 're' in sys.modules)\n"
        "try: json_text.loads(sys.stdin.buffer.read())\n"
        "except ValueError: print('refused')"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], input=content, capture_output=True, check=True
    )

    assert done.stdout.split() == [b"False", b"False", b"refused"]


def test_what_has_no_form_in_json_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        json_text.dumps({"a": object()})


def test_nesting_without_end_is_an_error_and_no_crash() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        json_text.loads("[" * 200_000)
