"""Options that commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any] | click.Command")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Print errors only.")


def limit_option(what: str) -> Callable[[F], F]:
    """--limit N of a list, 20 by default.

    Args:
        what: the items, in the plural.
    """
    return click.option(
        "--limit", "-n", default=20, show_default=True, metavar="N", type=click.IntRange(min=1),
        help=f"The maximum number of {what}.",
    )  # fmt: skip
