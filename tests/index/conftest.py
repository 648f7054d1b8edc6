from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memcairn import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def memory() -> Iterator[Memory]:
    """A memory over a new home."""
    with Memory() as memory:
        yield memory
