"""Build the bundle for Claude Desktop: build/memcairn-VERSION.mcpb.

usage: build.py WHEEL

The bundle contains the wheel of memcairn, so that it has the models; Claude Desktop installs Python and the
dependencies with its own uv. The form is that of https://github.com/modelcontextprotocol/mcpb, version 0.4.
"""

from __future__ import annotations

import json
import sys
import tomllib
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SERVER = """\
import os
import sys

from memcairn.cli import main

folder = os.environ.pop("MEMCAIRN_NOTES_FOLDER", "")
# Where the user chose none, this may be the name of the setting.
chosen = ["--root", folder] if os.path.isabs(folder) else []
sys.argv = ["memcairn", "serve", *chosen]
main()
"""


def manifest(project: dict[str, str]) -> dict[str, object]:
    """The manifest of the bundle, from the table `project` of pyproject.toml."""
    env = {"MEMCAIRN_NOTES_FOLDER": "${user_config.notes}"}
    run = ["run", "--directory", "${__dirname}", "server.py"]
    notes = {
        "type": "directory",
        "title": "Notes folder",
        "description": "The folder of Markdown notes. Without one, memcairn keeps its own.",
        "required": False,
        "default": "",
    }
    return {
        "manifest_version": "0.4",
        "name": project["name"],
        "display_name": project["name"],
        "version": project["version"],
        "description": project["description"],
        "long_description": "Memories in plain Markdown files on this machine. Nothing is sent.",
        "author": {"name": "The memcairn maintainers"},
        "license": project["license"],
        "keywords": list(project["keywords"]),
        "server": {
            "type": "uv",
            "entry_point": "server.py",
            "mcp_config": {"command": "uv", "args": run, "env": env},
        },
        "tools_generated": True,
        "prompts_generated": True,
        "user_config": {"notes": notes},
        "compatibility": {
            "platforms": ["darwin", "linux", "win32"],
            "runtimes": {"python": project["requires-python"]},
        },
    }


def build(wheel: Path, folder: Path) -> Path:
    """Write the bundle of a wheel into a folder; returns its path."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [
        "[project]",
        'name = "memcairn-claude-desktop"',
        f'version = "{project["version"]}"',
        f'requires-python = "{project["requires-python"]}"',
        'dependencies = ["memcairn"]',
        "",
        "[tool.uv.sources]",
        f'memcairn = {{ path = "{wheel.name}" }}',
        "",
    ]
    folder.mkdir(parents=True, exist_ok=True)
    bundle = folder / f"memcairn-{project['version']}.mcpb"
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest(project), indent=2) + "\n")
        archive.writestr("pyproject.toml", "\n".join(needs))
        archive.writestr("server.py", SERVER)
        archive.write(wheel, wheel.name, zipfile.ZIP_STORED)
    return bundle


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(f"{build(Path(sys.argv[1]), CHECKOUT / 'build')}\n")
