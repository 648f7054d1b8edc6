"""memcairn config: the settings in force, and who set them."""

from __future__ import annotations

import click

from memcairn import config, paths
from memcairn.cli import output
from memcairn.cli.text import shown, write


@click.group("config")
def command() -> None:
    """Show the settings.

    \b
    memcairn config show
    """


@command.command("show")
@output.json_option
def show(*, as_json: bool) -> int:
    """Every setting, its value, and where the value is from.

    \b
    memcairn config show
    """
    settings = config.load()
    if as_json:
        output.print_json(
            {
                setting.name: {
                    "value": settings[setting.name],
                    "origin": settings.origin[setting.name],
                    "variable": setting.variable,
                    "meaning": setting.meaning,
                }
                for setting in config.SETTINGS
            }
        )
        return 0
    write(f"file: {shown(paths.config_file())}")
    for setting in config.SETTINGS:
        value = settings[setting.name]
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        write(f"{setting.name} = {text or '(none)'}  [{settings.origin[setting.name]}]")
        write(f"    {setting.meaning} ({setting.variable})")
    return 0
