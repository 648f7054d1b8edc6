"""A process that swaps folders and files for links while the operations run."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from memcairn.errors import MemcairnError
from memcairn.vault import Vault

SECRET = "the secret that nobody may read"
ATTACKER = Path(__file__).with_name("attacker.py")

OPERATIONS = {
    "read": lambda v, p: v.read(p),
    "write": lambda v, p: v.write(p, "mine\n", overwrite=True),
    "append": lambda v, p: v.append(p, "mine\n"),
    "edit": lambda v, p: v.edit(p, "inside", "mine"),
    "new": lambda v, p: v.write(f"{p}.new", "mine\n"),
    "list": lambda v, p: v.list(recursive=True),
    "grep": lambda v, p: v.grep("secret"),
    "diff": lambda v, p: v.diff(p, "plain.md"),
    "mkdir": lambda v, p: v.mkdir(f"{p}.d/deep"),
    "move": lambda v, p: v.move(p, f"{p}.moved"),
    "remove": lambda v, p: v.remove(p),
    "restore": lambda v, p: v.restore((v.trash() or [v.remove(p)])[0].id, target=p),
    "purge": lambda v, p: v.purge_trash(keep=3, max_age_days=1),
}


def test_a_process_that_swaps_links_in_leads_nothing_outside(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "note.md").write_text(SECRET, encoding="utf-8")
    (root / "folder").mkdir()
    for name in ("folder/note.md", "file.md", "plain.md"):
        (root / name).write_text("inside\n", encoding="utf-8")
    vault = Vault(root, trash=tmp_path / "trash")
    refused = dict.fromkeys(OPERATIONS, 0)
    done = dict.fromkeys(OPERATIONS, 0)
    attacker = subprocess.Popen(
        [sys.executable, str(ATTACKER), str(root), str(outside)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with attacker:
        assert attacker.stdout is not None
        assert attacker.stdout.readline() == "ready\n"
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for name, operation in OPERATIONS.items():
                for path in ("folder/note.md", "file.md"):
                    try:
                        result = operation(vault, path)
                    except MemcairnError as error:
                        result = error
                        refused[name] += 1
                    else:
                        done[name] += 1
                    assert SECRET not in repr(result)
        swaps = int(attacker.communicate("")[0])

    assert [path.name for path in outside.iterdir()] == ["note.md"]
    assert (outside / "note.md").read_text(encoding="utf-8") == SECRET
    assert swaps > 100
    assert sum(refused.values()) > 100
    assert sum(done.values()) > 100
    assert all(done[name] for name in ("read", "list", "grep", "write")), done
    assert not [path for path in root.rglob("*") if not path.is_symlink() and _holds_secret(path)]


def _holds_secret(path: Path) -> bool:
    # The hard link that the attacker itself made is the one exception.
    return path.is_file() and path.stat().st_nlink == 1 and SECRET in path.read_text("utf-8")
