"""memcairn models: the models for semantic search, and what each needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from memcairn.cli import options, output
from memcairn.cli.text import write
from memcairn.embedding import providers
from memcairn.settings import config

if TYPE_CHECKING:
    from memcairn.embedding.providers import Offer


@click.command("models")
@options.json_option
@options.quiet_option
def command(*, as_json: bool, quiet: bool) -> int:
    """List the models for semantic search: installed or not, size, licence and cost.

    \b
    memcairn models
    memcairn config set embedding.provider none
    """
    offers = providers.offers(providers.chosen(config.load()))
    if as_json:
        output.print_json({"models": offers})
    elif not quiet:
        write("\n".join(map(_as_text, offers)))
    return 0


def _as_text(offer: Offer) -> str:
    """The model, with `*` if it is chosen, and on the next line what it needs."""
    facts = [f"not installed: {', '.join(offer.missing)}" if offer.missing else "installed"]
    facts += [f"needs {name}" for name in offer.unset]
    if offer.size_bytes:
        facts.append(output.size(offer.size_bytes))
    if offer.licence:
        facts.append(f"licence: {offer.licence}")
    facts.append(f"costs {offer.cost}")
    mark = "*" if offer.chosen else " "
    return f"{mark} {offer.provider:<18} {offer.meaning}\n  {'':18} {'; '.join(facts)}"
