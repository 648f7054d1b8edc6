"""Describe a tool, and make one from a typed function."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import pydantic
from mcp.types import Tool as ListedTool
from mcp.types import ToolAnnotations

from memcairn.errors import UsageError
from memcairn.formats import json_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic.fields import FieldInfo

CORE = frozenset(
    {
        "memory_search",
        "memory_observe",
        "mem_read",
        "mem_write",
        "mem_edit",
        "memory_get_context",
        "mem_remove",
        "mem_index_refresh",
    }
)


@dataclass(frozen=True)
class Tool:
    """A function that takes an OpenRoot and the client's arguments.

    Attributes:
        function: returns a dataclass, whose docstring and fields are the schema of the output.
        text: formats the result as text, for clients that do not show the structured content.
        title: the title that users see.
        outcome: the outcome of a successful call in the log; see memcairn.sessions.Line.
        read_only: a call changes nothing.
        destructive: a call may remove or replace something.
        idempotent: a repeated call has no further effect.
        always_load: hosts that load most tools on demand should always load this one.
    """

    name: str
    function: Callable[..., Any]
    text: Callable[[Any], str]
    title: str
    outcome: str
    read_only: bool
    destructive: bool
    idempotent: bool
    always_load: bool

    @cached_property
    def description(self) -> ListedTool:
        """The description that clients receive."""
        return ListedTool(
            name=self.name,
            title=self.title,
            description=inspect.getdoc(self.function),
            input_schema=_slim(self.arguments.model_json_schema(by_alias=True)),
            output_schema=_slim(_in_place(self.result.json_schema(mode="serialization"))),
            annotations=ToolAnnotations(
                title=self.title,
                read_only_hint=self.read_only,
                destructive_hint=self.destructive,
                idempotent_hint=self.idempotent,
                open_world_hint=False,
            ),
            _meta={"anthropic/alwaysLoad": True} if self.always_load else None,
        )

    @cached_property
    def arguments(self) -> type[pydantic.BaseModel]:
        """A model of the arguments: the function's parameters except the first."""
        _, *parameters = inspect.signature(self.function, eval_str=True).parameters.values()
        fields: dict[str, Any] = {
            parameter.name: (
                parameter.annotation,
                ... if parameter.default is parameter.empty else parameter.default,
            )
            for parameter in parameters
        }
        model: type[pydantic.BaseModel] = pydantic.create_model(
            self.name, __config__=pydantic.ConfigDict(extra="forbid"), **fields
        )
        return model

    @cached_property
    def result(self) -> pydantic.TypeAdapter[Any]:
        """The type of the result."""
        returned = inspect.signature(self.function, eval_str=True).return_annotation
        return pydantic.TypeAdapter(returned)

    def validated(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Convert the arguments of a call to the parameters of the function.

        Raises:
            UsageError: they do not match the schema. The message names the arguments, never their values.
        """
        try:
            model = self.arguments.model_validate(arguments)
        except pydantic.ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, problem['loc'])) or 'the call'}: {problem['msg']}"
                for problem in error.errors(include_url=False, include_input=False)
            )
            known = ", ".join(_signature(field, name) for name, field in self._fields.items())
            raise UsageError(wrong, hint=f"{self.name} takes: {known}") from error
        return {name: getattr(model, name) for name in self._fields}

    @property
    def _fields(self) -> dict[str, FieldInfo]:
        return self.arguments.model_fields

    def structured(self, result: object) -> dict[str, Any]:
        """The result as JSON, without null members."""
        plain: dict[str, Any] = self.result.dump_python(result, mode="json", exclude_none=True)
        return plain

    def log_fields(
        self, arguments: dict[str, Any], content: dict[str, Any]
    ) -> tuple[str, str, int]:
        """The outcome, path and size in bytes of a successful call, for the log."""
        outcome = "created" if content.get("created") is True else self.outcome
        path = content.get("target") or content.get("path") or self.path(arguments)
        return outcome, str(path), int(content.get("size_bytes", 0))

    def path(self, arguments: dict[str, Any]) -> str:
        """The path that a call refers to, or ""."""
        for name in _PATHS:
            path = arguments.get(name)
            if isinstance(path, str):
                return path[:_MAX_LOGGED_CHARS]
        return ""


def _in_place(schema: dict[str, Any]) -> Any:
    """Replace each reference in a schema by its definition: clients validate such a schema faster."""
    kinds = schema.pop("$defs", {})

    def replaced(part: Any) -> Any:
        if isinstance(part, list):
            return [replaced(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            *_, name = part["$ref"].split("/")
            part = kinds[name] | {key: value for key, value in part.items() if key != "$ref"}
        return {key: replaced(value) for key, value in part.items()}

    return replaced(schema)


def _slim(schema: Any) -> Any:
    """Shorten a schema, since a model reads all of it.

    Titles are left out because they repeat the names. Null is left out where it means the same as a missing
    member: results have no null members, and an argument that may be null may also be missing.
    """
    if isinstance(schema, list):
        return [_slim(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    slim = {
        key: _slim(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str)) and key != "anyOf"
    }
    members = schema.get("properties", {})
    if "required" in slim:
        slim["required"] = [name for name in slim["required"] if not _may_be_null(members[name])]
    if not _may_be_null(schema):
        return slim | ({"anyOf": _slim(schema["anyOf"])} if "anyOf" in schema else {})
    if slim.get("default", "") is None:
        del slim["default"]
    kinds = [_slim(kind) for kind in schema["anyOf"] if kind != _NULL]
    return (kinds[0] if len(kinds) == 1 else {"anyOf": kinds}) | slim


_NULL = {"type": "null"}


def _may_be_null(schema: dict[str, Any]) -> bool:
    return _NULL in schema.get("anyOf", ())


def _signature(field: FieldInfo, name: str) -> str:
    return (field.alias or name) + ("" if field.is_required() else "?")


_PATHS = ("path", "from", "path1", "store_path", "dir")
_MAX_LOGGED_CHARS = 1_000

F = TypeVar("F", bound="Callable[..., Any]")


class Tools:
    """The tools of a module, in order of definition."""

    def __init__(self) -> None:
        self.tools: list[Tool] = []

    def add(
        self,
        title: str,
        text: Callable[[Any], str],
        outcome: str,
        *,
        read_only: bool = False,
        destructive: bool = False,
        idempotent: bool = False,
        always_load: bool = False,
    ) -> Callable[[F], F]:
        """Register a function as a tool; `Tool` describes the arguments."""

        def register(function: F) -> F:
            self.tools.append(
                Tool(
                    function.__name__,
                    function,
                    text,
                    title,
                    outcome,
                    read_only,
                    destructive,
                    idempotent or read_only,
                    always_load,
                )
            )
            return function

        return register


def _to_list(value: object) -> object:
    """Accept a list that a client sent as JSON text, or as words separated by commas."""
    if not isinstance(value, str):
        return value
    try:
        read = json_text.loads(value)
    except ValueError:
        return [word.strip() for word in value.split(",") if word.strip()]
    return read if isinstance(read, list) else [value]


Strings = Annotated[list[str], pydantic.BeforeValidator(_to_list)]
