"""Make the model's files when its wheel is built: `pip install ./models` is all it takes."""  # noqa: INP001

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ModelBuildHook(BuildHookInterface[Any]):
    """Runs before the files of the wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Make the files, unless they are there already and match the manifest."""
        sys.path.insert(0, self.root)
        # The build's own code is importable only once its folder is on the path.
        from builder.build import build  # noqa: PLC0415

        build(Path(self.root, "memcairn_minilm", "data"))
