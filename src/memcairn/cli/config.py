"""memcairn config: the settings, where each comes from, and changes to config.toml."""

from __future__ import annotations

import os

import click

from memcairn import paths
from memcairn.cli import options, output
from memcairn.cli.text import shown, write
from memcairn.settings import config, config_toml


@click.group("config")
def command() -> None:
    """Show the settings, and change them.

    \b
    memcairn config show
    memcairn config set embedding.provider ollama
    """


@command.command("show")
@options.json_option
@options.quiet_option
def show(*, as_json: bool, quiet: bool) -> int:
    """Show every setting, its value, and where the value comes from.

    \b
    memcairn config show
    """
    settings = config.load()
    if as_json:
        output.print_json(
            {
                "file": paths.config_file(),
                "settings": [
                    {
                        "name": setting.name,
                        "value": settings[setting.name],
                        "origin": settings.origin[setting.name],
                        "variable": setting.variable,
                        "meaning": setting.meaning,
                    }
                    for setting in config.SETTINGS
                ],
            }
        )
    if as_json or quiet:
        return 0
    write(f"file: {shown(paths.config_file())}")
    for setting in config.SETTINGS:
        value = as_text(settings[setting.name])
        write(f"{setting.name} = {value}  [{settings.origin[setting.name]}]")
        write(f"    {setting.meaning} ({setting.variable})")
    return 0


@command.command("set", context_settings={"ignore_unknown_options": True})
@click.argument("key")
@click.argument("value")
@options.json_option
@options.quiet_option
def set_(key: str, value: str, *, as_json: bool, quiet: bool) -> int:
    """Set KEY to VALUE in config.toml; the rest of the file is not changed.

    Separate the items of a list with commas; write a rule as GLOB=NAMESPACE. The API key of an
    embedding server is not a setting: put it in the environment as MEMCAIRN_EMBEDDING_KEY.

    \b
    memcairn config set embedding.provider onnx
    memcairn config set embedding.folder ~/models/multilingual-e5-small
    memcairn config set index.exclude "drafts/,*.tmp.md"
    """
    found = config_toml.set_value(key, value)
    _say(key, {"value": found}, f"{key} = {as_text(found)}", as_json=as_json, quiet=quiet)
    return 0


@command.command("unset")
@click.argument("key")
@options.json_option
@options.quiet_option
def unset(key: str, *, as_json: bool, quiet: bool) -> int:
    """Remove KEY from config.toml, so that its default applies again.

    \b
    memcairn config unset embedding.provider
    """
    was_set = config_toml.unset(key)
    default = config.BY_NAME[key].default
    text = f"{key} = {as_text(default)}  [default]" if was_set else f"{key} is not in the file"
    _say(key, {"value": default, "changed": was_set}, text, as_json=as_json, quiet=quiet)
    return 0


def _say(key: str, facts: dict[str, object], text: str, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        output.print_json({"setting": key, "file": paths.config_file(), **facts})
    elif not quiet:
        write(text)
    variable = config.BY_NAME[key].variable
    if variable in os.environ:
        output.warn(f"{variable} is set in the environment and overrides config.toml")


def as_text(value: object) -> str:
    """A value as `set_` takes it; "(none)" for an empty one."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return ", ".join(f"{glob}={name}" for glob, name in value.items()) or "(none)"
        case tuple():
            return ", ".join(value) or "(none)"
    return str(value) or "(none)"
