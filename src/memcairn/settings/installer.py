"""The command that adds a package to this installation, by the tool that made it."""

from __future__ import annotations

import os
import shlex
import sys


def command(*modules: str) -> str:
    """A command line that installs modules of memcairn's dependencies beside memcairn.

    uv writes uv-receipt.toml into the environment of a tool, and its name into pyvenv.cfg; pipx writes
    pipx_metadata.json.
    """
    packages = [_requirement(module) for module in modules]
    if os.path.exists(os.path.join(sys.prefix, "uv-receipt.toml")):
        with_all = [word for package in packages for word in ("--with", package)]
        return shlex.join(["uv", "tool", "install", "memcairn", *with_all])
    if os.path.exists(os.path.join(sys.prefix, "pipx_metadata.json")):
        return shlex.join(["pipx", "inject", "memcairn", *packages])
    if _made_by_uv():
        return shlex.join(["uv", "pip", "install", "--python", sys.executable, *packages])
    return shlex.join([sys.executable, "-m", "pip", "install", *packages])


def removal() -> str:
    """A command line that removes memcairn."""
    if os.path.exists(os.path.join(sys.prefix, "uv-receipt.toml")):
        return "uv tool uninstall memcairn"
    if os.path.exists(os.path.join(sys.prefix, "pipx_metadata.json")):
        return "pipx uninstall memcairn"
    if _made_by_uv():
        return shlex.join(["uv", "pip", "uninstall", "--python", sys.executable, "memcairn"])
    return shlex.join([sys.executable, "-m", "pip", "uninstall", "memcairn"])


def _requirement(module: str) -> str:
    """The requirement that memcairn's metadata state for a package, else its name."""
    from importlib.metadata import PackageNotFoundError, requires  # noqa: PLC0415 - slow

    try:
        stated = requires("memcairn") or []
    except PackageNotFoundError:
        stated = []
    found = (line.partition(";")[0].strip() for line in stated)
    return next((line for line in found if line.lower().startswith(module.lower())), module)


def _made_by_uv() -> bool:
    try:
        with open(os.path.join(sys.prefix, "pyvenv.cfg"), encoding="utf-8") as file:
            return any(line.startswith("uv =") for line in file)
    except OSError:
        return False
