"""Which project a folder belongs to, and which root holds its memories."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from memcairn.errors import ConfigError
from memcairn.settings import config, project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any host."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in (
        "CLAUDE_CONFIG_DIR", "CLAUDE_PROJECT_DIR", "CLAUDE_CODE_DISABLE_AUTO_MEMORY",
        "CLAUDE_CODE_PROJECT_DIR_NAME",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    options = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(
        ["git", "-C", str(folder), *options, *arguments], check=True, capture_output=True
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "my project"
    (folder / "deep" / "er").mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def test_every_folder_and_worktree_of_a_repository_is_one_project(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"))

    for folder in (repository, repository / "deep" / "er", tmp_path / "tree"):
        assert project.folder_of(str(folder)) == str(repository)


def test_a_submodule_is_a_separate_project(repository: Path) -> None:
    inner = repository / "inner"
    inner.mkdir()
    (repository / ".git" / "modules" / "inner").mkdir(parents=True)
    (inner / ".git").write_text("gitdir: ../.git/modules/inner\n", encoding="utf-8")

    assert project.folder_of(str(inner)) == str(inner)


@pytest.mark.parametrize("content", ["", "nonsense", "gitdir: /nowhere", "gitdir: \0", "\xff" * 9])
def test_a_git_file_that_leads_nowhere_is_its_own_project(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / ".git").write_text(content, encoding="latin-1")

    assert project.folder_of(str(folder)) == str(folder)


def test_a_folder_outside_git_is_its_own_project(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()

    assert project.folder_of(str(tmp_path / "plain")) == str(tmp_path / "plain")


def test_different_folders_of_one_name_have_different_keys() -> None:
    keys = {project.key(folder) for folder in ("/a/app", "/b/app", "/b/app ", "/", "/b/日本 語")}

    assert len(keys) == 5
    assert all("/" not in key and " " not in key for key in keys)


def root_of(folder: Path, home: Path) -> str:
    return project.root(str(folder), config.load(), str(home))


def test_a_project_has_a_root_in_the_home(repository: Path, home: Path) -> None:
    root = root_of(repository / "deep", home)

    assert root == str(home / "memory" / project.key(str(repository)))
    assert "my-project" in root


def test_a_project_may_choose_a_folder_inside_it(repository: Path, home: Path) -> None:
    (repository / ".memcairn.toml").write_text('memory.root = "docs/memory"\n', encoding="utf-8")

    assert root_of(repository / "deep", home) == str(repository / "docs" / "memory")


@pytest.mark.parametrize("given", ["/etc", "..", "../x", ".", "", "a/../..", "link/x", "~"])
def test_a_project_may_not_name_a_folder_outside(
    repository: Path, home: Path, tmp_path: Path, given: str
) -> None:
    (repository / "link").symlink_to(tmp_path)
    (repository / ".memcairn.toml").write_text(f'memory.root = "{given}"\n', encoding="utf-8")

    if given in ("", "~"):  # nothing, and a folder of that name
        assert root_of(repository, home).startswith((str(home), str(repository)))
        return
    with pytest.raises(ConfigError, match="not a folder inside the project"):
        root_of(repository, home)


def test_a_setting_of_the_user_counts_for_all_projects(
    repository: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMCAIRN_MEMORY_ROOT", str(tmp_path / "all"))

    assert root_of(repository, home) == str(tmp_path / "all")


def claude_memory(user: Path, repository: Path) -> Path:
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in str(repository))
    return user / ".claude" / "projects" / name / "memory"


def test_the_folder_where_claude_code_remembers_is_the_root(
    repository: Path, home: Path, user: Path
) -> None:
    folder = claude_memory(user, repository)
    folder.mkdir(parents=True)

    assert root_of(repository, home) == str(folder)


def test_claude_code_gets_the_root_that_it_will_look_at(
    repository: Path, home: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(repository))
    assert root_of(repository, home) == str(claude_memory(user, repository))

    monkeypatch.setenv("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "1")
    assert root_of(repository, home).startswith(str(home))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"autoMemoryEnabled": False}, "home"),
        ({"autoMemoryDirectory": "~/elsewhere"}, "elsewhere"),
        ([], "claude"),
        (None, "claude"),
    ],
)
def test_the_settings_of_claude_code_count(
    repository: Path, home: Path, user: Path, settings: object, expected: str
) -> None:
    folder = claude_memory(user, repository)
    folder.mkdir(parents=True)
    text = json.dumps(settings) if settings is not None else "no JSON"
    (user / ".claude" / "settings.json").write_text(text, encoding="utf-8")

    wanted = {
        "home": str(home / "memory" / project.key(str(repository))),
        "elsewhere": str(user / "elsewhere"),
        "claude": str(folder),
    }
    assert root_of(repository, home) == wanted[expected]


@pytest.mark.parametrize(
    ("file", "given", "expected"),
    [
        ("~/.claude/settings.json", {"autoMemoryEnabled": False}, None),
        (".claude/settings.json", {"autoMemoryEnabled": False}, None),
        (".claude/settings.local.json", {"autoMemoryEnabled": False}, None),
        ("policy", {"autoMemoryEnabled": False}, None),
        ("~/.claude/settings.json", {"autoMemoryDirectory": "~/other"}, "other"),
        (".claude/settings.json", {"autoMemoryDirectory": "~/other"}, "other"),
        (".claude/settings.local.json", {"autoMemoryDirectory": "~/other"}, "other"),
        ("policy", {"autoMemoryDirectory": "~/other"}, "other"),
        ("policy.d", {"autoMemoryDirectory": "~/other"}, "other"),
        ("~/.claude/settings.json", {"autoMemoryDirectory": "relative"}, "default"),
    ],
)
def test_each_settings_file_of_claude_code_counts(
    file: str,
    given: dict[str, object],
    expected: str | None,
    repository: Path,
    user: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(project, "_POLICY_FOLDERS", {sys.platform: str(user / "policy")})
    claude_memory(user, repository).mkdir(parents=True)
    write_json(user / ".claude.json", {"projects": {str(repository): TRUSTED}})
    written = {
        "policy": user / "policy" / "managed-settings.json",
        "policy.d": user / "policy" / "managed-settings.d" / "10-memory.json",
    }.get(file, user / file[2:] if file[0] == "~" else repository / file)
    write_json(written, given)

    wanted = {
        None: None,
        "other": str(user / "other"),
        "default": str(claude_memory(user, repository)),
    }
    assert project.claude_folder(str(repository)) == wanted[expected]


TRUSTED = {"hasTrustDialogAccepted": True}


def write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_local_settings_of_claude_code_win_over_those_of_the_project_and_the_user(
    repository: Path, user: Path
) -> None:
    claude_memory(user, repository).mkdir(parents=True)
    write_json(user / ".claude" / "settings.json", {"autoMemoryEnabled": False})
    write_json(repository / ".claude" / "settings.json", {"autoMemoryEnabled": False})
    write_json(repository / ".claude" / "settings.local.json", {"autoMemoryEnabled": True})

    assert project.claude_folder(str(repository)) == str(claude_memory(user, repository))


def test_a_project_moves_the_memory_of_claude_code_only_once_it_is_trusted(
    repository: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(repository / ".claude" / "settings.json", {"autoMemoryDirectory": "~/.ssh"})
    assert project.claude_folder(str(repository)) is None

    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(repository))
    assert project.claude_folder(str(repository)) == str(user / ".ssh")


def test_the_environment_decides_before_the_settings_of_claude_code(
    repository: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claude_memory(user, repository).mkdir(parents=True)
    write_json(user / ".claude" / "settings.json", {"autoMemoryEnabled": False})

    monkeypatch.setenv("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "0")

    assert project.claude_folder(str(repository)) == str(claude_memory(user, repository))


def test_claude_code_may_be_given_its_folder_and_the_name_of_a_project(
    repository: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CODE_PROJECT_DIR_NAME", "named")
    default = claude_memory(user, repository)
    default.mkdir(parents=True)
    assert project.claude_folder(str(repository)) == str(default)

    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(user / "claude"))
    assert project.claude_folder(str(repository)) is None
    named = user / "claude" / "projects" / "named" / "memory"
    named.mkdir(parents=True)
    assert project.claude_folder(str(repository)) == str(named)


@pytest.mark.parametrize(
    ("name", "slug"), [("a_b.c d", "a-b-c-d"), ("ä", "-"), ("部署", "--"), ("🦊x", "--x")]
)
def test_claude_code_replaces_each_utf_16_unit_except_ascii_letters_and_digits(
    name: str, slug: str, user: Path
) -> None:
    (user / name).mkdir()
    above = "".join(c if c.isalnum() and c.isascii() else "-" for c in str(user))
    folder = user / ".claude" / "projects" / f"{above}-{slug}" / "memory"
    folder.mkdir(parents=True)

    assert project.claude_folder(str(user / name)) == str(folder)


class TestLongPath:
    @pytest.fixture
    def folder(self, user: Path) -> Path:
        folder = user.joinpath("a" * 120, "b" * 120)
        folder.mkdir(parents=True)
        return folder

    @pytest.fixture
    def start(self, folder: Path, user: Path) -> Path:
        slug = "".join(c if c.isalnum() and c.isascii() else "-" for c in str(folder))
        return user / ".claude" / "projects" / slug[:200]

    def test_a_folder_with_any_hash_is_it(self, folder: Path, start: Path) -> None:
        memory = start.with_name(f"{start.name}-1k2j3h") / "memory"
        memory.mkdir(parents=True)
        start.with_name(f"{start.name}-sub-dir").mkdir()

        assert project.claude_folder(str(folder)) == str(memory)

    def test_of_two_folders_none_is_certain(self, folder: Path, start: Path) -> None:
        for digest in ("1k2j3h", "zz9"):
            (start.with_name(f"{start.name}-{digest}") / "memory").mkdir(parents=True)

        assert project.claude_folder(str(folder)) is None

    def test_without_a_folder_the_name_is_unknown(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(folder))

        assert project.claude_folder(str(folder)) is None


def test_a_repository_of_dotfiles_makes_no_project_of_what_lies_below_the_home_folder(
    user: Path,
) -> None:
    (user / ".git").mkdir()
    (user / "work" / "deep").mkdir(parents=True)

    assert project.folder_of(str(user / "work" / "deep")) == str(user / "work" / "deep")
    assert project.folder_of(str(user)) == str(user)


def test_a_folder_below_dotfiles_does_not_take_the_memory_that_claude_code_shares_there(
    user: Path,
) -> None:
    (user / ".git").mkdir()
    (user / "work").mkdir()
    claude_memory(user, user).mkdir(parents=True)
    claude_memory(user, user / "work").mkdir(parents=True)

    assert project.claude_folder(str(user / "work")) is None
    assert project.claude_folder(str(user)) == str(claude_memory(user, user))


def test_memories_stay_where_they_went_first(repository: Path, home: Path, user: Path) -> None:
    first = root_of(repository, home)
    (home / "memory" / project.key(str(repository))).mkdir(parents=True)
    claude_memory(user, repository).mkdir(parents=True)

    assert root_of(repository, home) == first
