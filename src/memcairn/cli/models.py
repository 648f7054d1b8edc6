"""memcairn models: what can find by meaning here, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memcairn.cli import output
from memcairn.cli.text import write
from memcairn.embedding import providers
from memcairn.settings import config

if TYPE_CHECKING:
    from memcairn.embedding.providers import Offer


@click.command("models")
@output.json_option
@output.quiet_option
def command(*, as_json: bool, quiet: bool) -> int:
    """What can find by meaning: what is installed, its size and licence, and what it costs.

    \b
    memcairn models
    memcairn config set embedding.provider none
    """
    offers = providers.offers(providers.chosen(config.load()))
    if as_json:
        output.print_json(offers)
    elif not quiet:
        write("\n".join(map(_as_text, offers)))
    return 0


def _as_text(offer: Offer) -> str:
    """`*` before what is chosen; what it is; and on a line of its own what it takes."""
    facts = [f"not installed: {', '.join(offer.missing)}" if offer.missing else "installed"]
    facts += [f"needs {name}" for name in offer.unset]
    if offer.size_bytes:
        facts.append(output.size(offer.size_bytes))
    if offer.licence:
        facts.append(f"licence: {offer.licence}")
    facts.append(f"costs {offer.cost}")
    mark = "*" if offer.chosen else " "
    return f"{mark} {offer.provider:<18} {offer.meaning}\n  {'':18} {'; '.join(facts)}"
