"""Inbox: what `memcairn review` walks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from memcairn.memory import Memory
    from memcairn.ui.site import Ask


def waiting(memory: Memory) -> int:  # noqa: ARG001
    """How many proposals wait."""
    return 0


def page(ask: Ask) -> Mapping[str, object]:  # noqa: ARG001
    """The values of the page."""
    return {}


def decide(ask: Ask) -> str:  # noqa: ARG001
    """Decide."""
    return "/inbox"
