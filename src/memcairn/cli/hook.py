"""memcairn hook: what hosts call. The program takes a shorter way to it; this is for its help."""

from __future__ import annotations

import click

from memcairn.hosts import hook
from memcairn.hosts.limits import LIMIT_S


@click.command("hook", context_settings={"ignore_unknown_options": True})
@click.argument("event", type=click.Choice(list(LIMIT_S)))
@click.option("--host", required=True, metavar="NAME", help="In whose form to answer.")
def command(event: str, *, host: str) -> int:
    """Answer an EVENT of a host; its JSON is on standard input. Hosts call this, people need not.

    It always exits 0, within the host's time limit. What went wrong is in logs/hook.log in the home.

    \b
    echo '{"prompt": "how do we deploy?"}' | memcairn hook user-prompt --host claude-code
    """
    hook.run([event, "--host", host])
