"""Build the files of the models before memcairn is packed or installed."""  # noqa: INP001

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ModelBuildHook(BuildHookInterface[Any]):
    """Runs before the files of a distribution are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the files, unless they exist and match the manifest."""
        models = Path(self.root, "models")
        sys.path.insert(0, str(models))
        # Importable only now, and only here: the package `builder` is not installed.
        from builder.build import build  # noqa: PLC0415

        build()
