"""memcairn completion: the script that teaches a shell the commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from memcairn.cli.text import write

# The variable in which the script asks the program for completions.
VARIABLE = "_MEMCAIRN_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the script that completes commands and options in a shell.

    \b
    memcairn completion bash >> ~/.bashrc
    memcairn completion zsh >> ~/.zshrc
    memcairn completion fish > ~/.config/fish/completions/memcairn.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click knows all three"
    write(kind(context.find_root().command, {}, "memcairn", VARIABLE).source())
    return 0
