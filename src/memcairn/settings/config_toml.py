"""Change config.toml and keep its comments, order and layout.

config.toml ──► tomlkit ──► one value set or removed ──► checked ──► replaced atomically
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import AbstractTable

from memcairn import paths
from memcairn.errors import ConfigError
from memcairn.formats import toml_text
from memcairn.fs import atomic
from memcairn.settings import config

if TYPE_CHECKING:
    from collections.abc import Callable

    from tomlkit import TOMLDocument

_BOM = "\ufeff"


def set_value(name: str, text: str) -> Any:
    """Set a setting in the user's config.toml.

    Args:
        name: for example `embedding.provider`.
        text: the value, as `config.parsed` parses it.

    Returns:
        The value.

    Raises:
        ConfigError: there is no such setting, the value is invalid, or the file cannot be used.
    """
    setting = _setting(name)
    value = config.parsed(setting, text)
    plain = list(value) if isinstance(value, tuple) else value

    def change(document: TOMLDocument) -> None:
        table: Any = document
        *sections, key = name.split(".")
        for section in sections:
            if section not in table:
                table[section] = tomlkit.table()
            table = table[section]
        table[key] = plain

    _change(change)
    return value


def unset(name: str) -> bool:
    """Remove a setting from the user's config.toml, and its section if that is empty then.

    Returns:
        False if it was not set.

    Raises:
        ConfigError: there is no such setting, or the file cannot be used.
    """
    _setting(name)
    found = False

    def change(document: TOMLDocument) -> None:
        nonlocal found
        found = _take_out(document, name.split("."))

    _change(change)
    return found


def _take_out(table: Any, keys: list[str]) -> bool:
    key, *rest = keys
    if key not in table:
        return False
    found = _take_out(table[key], rest) if rest else True
    if not rest or (isinstance(table[key], AbstractTable) and not table[key].as_string().strip()):
        del table[key]
    return found


def _setting(name: str) -> config.Setting:
    if name not in config.BY_NAME:
        raise config.no_setting(name)
    return config.BY_NAME[name]


def _change(change: Callable[[TOMLDocument], None]) -> None:
    # With dotfile managers it is a symlink, which stays; its target is changed.
    file = Path(os.path.realpath(paths.config_file()))
    before = _read(file)
    try:
        document = tomlkit.parse(before.removeprefix(_BOM))
        change(document)
        changed = tomlkit.dumps(document)
        values = toml_text.loads(changed)
    except (tomlkit.exceptions.TOMLKitError, ValueError, TypeError, RecursionError) as error:
        hint = "fix or delete it"
        raise ConfigError(f"cannot be changed: {error}", path=file, hint=hint) from error
    config.check(values, str(file))
    after = _BOM + changed if before.startswith(_BOM) else changed
    if after == before:
        return
    try:
        if not file.parent.is_dir():
            paths.make_private_folder(str(file.parent))
        atomic.replace(file, after.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=file) from error


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=file) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8", path=file) from error
