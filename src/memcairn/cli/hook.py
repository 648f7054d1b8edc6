"""memcairn hook: the command for hosts. The program runs it without this module, which is for its help."""

from __future__ import annotations

import click

from memcairn.hosts import hook
from memcairn.hosts.limits import LIMIT_S


@click.command("hook", context_settings={"ignore_unknown_options": True})
@click.argument("event", type=click.Choice(list(LIMIT_S)))
@click.option("--host", required=True, metavar="NAME", help="The agent whose form the answer has.")
def command(event: str, *, host: str) -> int:
    """Answer an EVENT of an agent, with its JSON on standard input. Agents call this.

    It always exits with 0, within the time limit of the event. Problems are in logs/hook.log in the home.

    \b
    echo '{"prompt": "how do we deploy?"}' | memcairn hook user-prompt --host claude-code
    """
    hook.run([event, "--host", host])
