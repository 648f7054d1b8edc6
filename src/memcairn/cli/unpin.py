"""memcairn unpin: see pin."""

from __future__ import annotations

from memcairn.cli.pin import unpin as command

__all__ = ["command"]
