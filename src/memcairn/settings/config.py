"""The table of settings, used for TOML, the environment, `memcairn config show` and the reference.

defaults  <  config.toml  <  .memcairn.toml of a root (only settings of its notes)  <  MEMCAIRN_*
"""

from __future__ import annotations

import os
import stat
from collections import namedtuple

from memcairn import paths
from memcairn.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NamedTuple

    class _Setting(NamedTuple):
        name: str
        default: bool | float | str | tuple[str, ...] | dict[str, str]
        meaning: str
        in_project: bool = False
        choices: tuple[str, ...] = ()

else:
    # Importing typing costs a hook call half as much as starting Python.
    _Setting = namedtuple(  # noqa: PYI024
        "_Setting", "name default meaning in_project choices", defaults=(False, ())
    )

PROJECT_FILE = ".memcairn.toml"


class Setting(_Setting):
    """One setting.

    `default` also determines the type: bool, int, float, str, a tuple of str, or a dict of str to str. With
    `in_project`, the .memcairn.toml of a root may set it. Such a file may come with a cloned repository, so
    it may only change how its own notes are read. If there are `choices`, the value is one of them.
    """

    __slots__ = ()

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "MEMCAIRN_" + self.name.replace(".", "_").upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("queue.window_s", 5.0, "Seconds without writes before a changed path is indexed."),
    Setting("queue.max_wait_s", 60.0, "Maximum wait of a path that is written continuously, in seconds."),
    Setting("index.max_file_bytes", 4 * 1024 * 1024, "Larger files are not indexed.", in_project=True),
    Setting(
        "index.extensions",
        tuple(sorted(paths.NOTE_SUFFIXES)),
        "File name endings that make a file a note.",
        in_project=True,
    ),
    Setting(
        "index.exclude",
        (),
        "Additional patterns to exclude, in .gitignore syntax.",
        in_project=True,
    ),
    Setting("memory_md.max_lines", 200, "Maximum number of lines of a MEMORY.md or an index page."),
    Setting("memory_md.max_units", 25_000, "Its maximum number of UTF-16 code units, as hosts count."),
    Setting("memory_md.max_bytes", 25_600, "Its maximum size in bytes."),
    Setting("memory_md.entry_chars", 150, "Maximum length of one entry, in user-perceived characters."),
    Setting("memory.root", "", "The folder that `add` writes to; empty: the folder memory in the home."),
    Setting("recall.budget_words", 400, "Maximum number of words recalled for one prompt."),
    Setting("recall.announce", True, "Show the names of recalled notes to the user, where the agent can."),  # noqa: FBT003
    Setting("recall.start_words", 800, "Maximum number of words added at the start of a session."),
    Setting("sessions.keep_scratch", False, "Keep a session's scratch folder when it ends."),  # noqa: FBT003
    Setting("transcripts.copy", False, "Copy the transcripts of agents, to search them."),  # noqa: FBT003
    Setting("sessions.notes", True, "Write a note about each session, and show the last one of the branch."),  # noqa: FBT003
    Setting("sessions.keep_prompts", False, "Store the first prompt of a session in its note."),  # noqa: FBT003
    Setting("sessions.keep_outputs", False, "Store the line that names the error of a failed command."),  # noqa: FBT003
    Setting("sync.interval_s", 600.0, "How often the resident process synchronizes scopes; 0: never."),
    Setting("daemon.idle_s", 900.0, "The resident process ends after this many seconds without a client."),
    Setting("daemon.autostart", False, "Commands in a terminal start the resident process, too."),  # noqa: FBT003
    Setting("tools.max_read_bytes", 1 << 20, "Maximum bytes that one call of a file tool reads."),
    Setting("tools.max_write_bytes", 16 << 20, "Maximum size in bytes of a file that a tool writes."),
    Setting("tools.max_append_bytes", 4 << 20, "Maximum number of bytes that one call appends."),
    Setting("tools.max_query_chars", 2_000, "Maximum length of a query of a tool, in characters."),
    Setting("history.max_bytes", 128 << 20, "Maximum compressed bytes of earlier versions of a root."),
    Setting("history.max_revisions", 10_000, "Maximum number of changes of a root that are kept."),
    Setting("history.max_days", 365.0, "Number of days that they are kept."),
    Setting("snapshots.keep", 20, "Snapshots of a root that are kept; the oldest ones go first."),
    Setting("snapshots.max_days", 180.0, "Days that a snapshot is kept, unless it has a name."),
    Setting(
        "embedding.provider",
        "builtin",
        "The model of semantic search: none; builtin, if it is installed; onnx, a model in a folder; ollama "
        "or openai-compatible, a server, whose key is in MEMCAIRN_EMBEDDING_KEY, never in a file.",
        choices=("none", "builtin", "onnx", "ollama", "openai-compatible"),
    ),
    Setting("embedding.model", "", "The model's name on the server."),
    Setting("embedding.url", "", "The server's address; empty: Ollama on this machine."),
    Setting("embedding.folder", "", "The folder with the files of an ONNX model."),
    Setting("embedding.requests_per_minute", 0.0, "Maximum requests to the server in a minute; 0: no limit."),
    Setting("embedding.query_prompt", "", "Text that the model expects before a query."),
    Setting("embedding.text_prompt", "", "Text that the model expects before a text of a note."),
    Setting(
        "embedding.background",
        True,  # noqa: FBT003
        "Embed new notes in a background process that `index`, `add` and `search` start.",
    ),
    Setting(
        "namespaces",
        {},
        "Rules: a glob on the path below the root (or an absolute glob) = the namespace of matching notes. "
        "The first matching rule applies.",
        in_project=True,
    ),
)  # fmt: skip
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}


class Config:
    """The effective settings: `config["queue.window_s"]`; `origin` maps each to where it was set.

    Raises:
        ConfigError: a file is not TOML, or a value is invalid.
    """

    def __init__(self, values: Mapping[str, Any], origin: Mapping[str, str]) -> None:
        self._values = values
        self.origin = origin

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def seconds(self, name: str) -> float:
        """A duration setting, in seconds."""
        return float(self._values[name])

    def for_root(self, root: str) -> Config:
        """These settings, with those that the root's own .memcairn.toml may change."""
        file = os.path.join(root, PROJECT_FILE)
        found = read_toml(file)
        if not found:
            return self
        values, origin = dict(self._values), dict(self.origin)
        for name, value in _flatten(found).items():
            setting = BY_NAME.get(name)
            # A setting that a project must not set is ignored: a newer memcairn may allow it.
            if (
                setting is None
                or not setting.in_project
                or self.origin[name].startswith("MEMCAIRN_")
            ):
                continue
            values[name] = _checked(setting, value, file)
            origin[name] = file
        return Config(values, origin)


def load() -> Config:
    """Read the user's config.toml and the environment."""
    values: dict[str, Any] = {setting.name: setting.default for setting in SETTINGS}
    origin = dict.fromkeys(values, "default")
    file = paths.config_file()
    for name, value in _flatten(read_toml(file)).items():
        if name not in BY_NAME:
            raise no_setting(name, file)
        values[name] = _checked(BY_NAME[name], value, file)
        origin[name] = file
    for setting in SETTINGS:
        text = os.environ.get(setting.variable)
        if text is not None:
            values[setting.name] = _from_text(setting, text, source=setting.variable)
            origin[setting.name] = setting.variable
    return Config(values, origin)


def no_setting(name: str, file: str | None = None) -> ConfigError:
    """The error for an unknown setting."""
    hint = "`memcairn config show` lists the settings"
    if name == "embedding.key":
        hint = "a key is never in a file: set MEMCAIRN_EMBEDDING_KEY in the environment"
    elif name == "history.kind":
        hint = "it was removed: delete this line; earlier versions are kept in the journal"
    return ConfigError(f"there is no setting {name!r}", path=file, hint=hint)


def parsed(setting: Setting, text: str) -> Any:
    """Parse a value; lists are separated by commas, and rules are GLOB=NAMESPACE, separated by commas.

    Raises:
        ConfigError: the text is not a valid value of this setting.
    """
    return _from_text(setting, text, source=None)


def check(values: Mapping[str, Any], file: str) -> None:
    """Check the contents of a config.toml.

    Raises:
        ConfigError: a setting is unknown, or a value is invalid.
    """
    for name, value in _flatten(values).items():
        if name not in BY_NAME:
            raise no_setting(name, file)
        _checked(BY_NAME[name], value, file)


def read_toml(file: str) -> dict[str, Any]:
    """The contents of a TOML file; empty if there is no such file.

    Raises:
        ConfigError: it is not a regular file, cannot be read, or is not TOML.
    """
    try:
        # Reading a FIFO or a device could block for ever.
        if not stat.S_ISREG(os.stat(file).st_mode):
            raise ConfigError("is not a regular file", path=file, hint="delete it")
        stream = open(file, "rb")  # noqa: SIM115 - closed below
    except (FileNotFoundError, NotADirectoryError):
        # A root may be a single file, which has no settings file.
        return {}
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=file) from error
    from memcairn.formats import toml_text  # noqa: PLC0415 - most roots, and many users, have no such file

    try:
        with stream:
            return toml_text.loads(stream.read().decode("utf-8-sig"))
    except ValueError as error:
        raise ConfigError(f"is not TOML: {error}", path=file, hint="fix or delete it") from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=file) from error


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = prefix + key
        is_section = isinstance(value, dict) and not isinstance(
            getattr(BY_NAME.get(name), "default", None), dict
        )
        if is_section:
            flat |= _flatten(value, name + ".")
        else:
            flat[name] = value
    return flat


def _checked(setting: Setting, value: Any, file: str | None) -> Any:
    default = setting.default
    match default:
        case bool():
            good = isinstance(value, bool)
        case int() | float():
            good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        case tuple():
            good = isinstance(value, list) and all(isinstance(item, str) for item in value)
            value = tuple(value) if good else value
        case dict():
            good = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
        case _:
            good = isinstance(value, str)
    if good and setting.choices and value not in setting.choices:
        raise ConfigError(
            f"{setting.name} is {value!r}, but it must be one of {', '.join(setting.choices)}",
            path=file,
        )
    if not good:
        raise ConfigError(
            f"{setting.name} is {value!r}, but a value like {_example(default)} is needed",
            path=file,
        )
    return value


def _from_text(setting: Setting, text: str, *, source: str | None) -> Any:
    match setting.default:
        case bool():
            lowered = text.strip().lower()
            if lowered in ("1", "true", "yes", "on", "0", "false", "no", "off"):
                return lowered in ("1", "true", "yes", "on")
        case int() | float() as default:
            try:
                return _checked(setting, type(default)(text), source)
            except ValueError:
                pass
        case tuple():
            return tuple(item.strip() for item in text.split(",") if item.strip())
        case dict():
            pairs = [item.partition("=") for item in text.split(",") if item.strip()]
            return {key.strip(): value.strip() for key, _, value in pairs}
        case _:
            return _checked(setting, text, source)
    raise ConfigError(
        f"{setting.name} is {text!r}, but a value like {_example(setting.default)} is needed",
        path=source,
    )


def _example(default: object) -> str:
    match default:
        case bool():
            return "true"
        case tuple():
            return '["*.md"]'
        case dict():
            return '{"work/**" = "work"}'
        case _:
            return repr(default)
