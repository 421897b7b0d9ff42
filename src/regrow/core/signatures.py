"""What a handler's function takes: checked once, and compared with what it overrides."""

from __future__ import annotations

import builtins
import enum
import inspect
import types
import typing
from inspect import Parameter
from types import FunctionType, SimpleNamespace
from typing import (
    TYPE_CHECKING,
    Annotated,
    Literal,
    NamedTuple,
    NewType,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

from regrow.errors.messages import BadHandler

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = (
    "Function",
    "Parameters",
    "annotations_of",
    "known_annotations_of",
    "misfit",
    "only_scalars",
    "read_parameters",
)

Function: TypeAlias = "Callable[..., object]"
"""A plain function. To the type checkers a `FunctionType` in an attribute would be a method."""

_VARIADIC = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}
_SCALARS = frozenset({bool, bytes, complex, float, int, str, type(None)})

_NOT_FUNCTIONS: dict[type, tuple[str, str]] = {
    staticmethod: ("it is a staticmethod", "Leave @staticmethod out and take self"),
    classmethod: ("it is a classmethod", "Leave @classmethod out and take self"),
    property: ("it is a property", "Write a handler that returns the value"),
}


class Parameters(NamedTuple):
    """What a handler takes after self, in the order of its signature."""

    positional: tuple[Parameter, ...]
    keywords: tuple[Parameter, ...]

    @property
    def all(self) -> tuple[Parameter, ...]:
        """Both, positional ones first."""
        return self.positional + self.keywords


def read_parameters(server: str, name: str, value: object) -> tuple[Function, Parameters]:
    """The function and its parameters after self.

    Args:
        server: The name of the class, for the error.
        name: The name of the handler, for the error.
        value: What stands in the class body.

    Raises:
        BadHandler: It is no function that can be a handler.
    """
    problem, remedy = _what_is_wrong(value)
    if problem or not isinstance(value, FunctionType):
        raise BadHandler(server, name, value, problem, remedy)
    parameters = list(inspect.signature(value).parameters.values())
    if not parameters or parameters[0].kind not in (
        Parameter.POSITIONAL_ONLY,
        Parameter.POSITIONAL_OR_KEYWORD,
    ):
        raise BadHandler(
            server, name, value, "its first parameter isn't self", "Write self as its first parameter"
        )
    for parameter in parameters:
        if parameter.kind in _VARIADIC:
            shown = _VARIADIC[parameter.kind] + parameter.name
            remedy = f"Take one list or dict in the place of {shown}, or name what it may hold"
            raise BadHandler(server, name, value, f"it takes {shown}, which no message can hold", remedy)
    return value, _split(parameters[1:])


def _split(parameters: list[Parameter]) -> Parameters:
    keywords = tuple(p for p in parameters if p.kind is Parameter.KEYWORD_ONLY)
    return Parameters(tuple(parameters[: len(parameters) - len(keywords)]), keywords)


def _what_is_wrong(value: object) -> tuple[str, str]:
    for kind, reason in _NOT_FUNCTIONS.items():
        if isinstance(value, kind):
            return reason
    if not isinstance(value, FunctionType):
        return f"it is no function but of type {type(value).__name__}", "Write it with def in the class body"
    if inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value):
        return "it is a generator (it has a yield)", "Return a list, or cast the parts to whoever asks"
    return "", ""


def misfit(override: Parameters, base: Parameters) -> str:
    """Why a function with the parameters `override` can't take what one with `base` takes; else ''."""
    count = len(base.positional)
    if len(override.positional) < count:
        found = len(override.positional)
        return f"it takes {found} arguments by position, and the handler it overrides {count}"
    extra = override.positional[count:]
    by_name = {p.name for p in (*extra, *override.keywords) if p.kind is not Parameter.POSITIONAL_ONLY}
    given = {p.name for p in base.keywords}
    for parameter in base.keywords:
        if parameter.name not in by_name:
            return f"it doesn't take {parameter.name}=, which the handler it overrides does"
    for parameter in (*extra, *override.keywords):
        if parameter.name not in given and parameter.default is Parameter.empty:
            return f"it needs {parameter.name}, which the handler it overrides doesn't take"
    return ""


def annotations_of(function: Function, owner: type) -> dict[str, object]:
    """The types of a function's parameters; what the module doesn't know is looked up in the class.

    Raises:
        Exception: Whatever evaluating an annotation raises, often `NameError`.
    """
    inner = inspect.unwrap(function)
    hints = {name: hint for name, hint in inner.__annotations__.items() if name != "return"}
    known: dict[str, object] = inner.__globals__
    local = {name: value for name, value in vars(owner).items() if not hasattr(builtins, name)}
    local = {owner.__name__: owner, **local}
    names = {name: value for name, value in local.items() if name not in known}
    holder = SimpleNamespace(__annotations__=hints)
    return typing.get_type_hints(holder, known, names, include_extras=True)


def known_annotations_of(function: Function, owner: type) -> dict[str, object]:
    """The same; none where one of them can't be evaluated."""
    try:
        return annotations_of(function, owner)
    except Exception:  # noqa: BLE001, RG401  # whatever an annotation raises, for which it is no place here
        return {}


def only_scalars(function: Function, owner: type, names: tuple[str, ...]) -> bool:
    """Whether all parameters `names` are declared to hold nothing that could lead back to their message."""
    if not names:
        return True
    hints = known_annotations_of(function, owner)
    return all(name in hints and _is_scalar(hints[name]) for name in names)


def _is_scalar(hint: object) -> bool:
    if isinstance(hint, NewType):
        return _is_scalar(hint.__supertype__)
    origin = get_origin(hint)
    if origin is Annotated:
        return _is_scalar(get_args(hint)[0])
    if origin in (Union, types.UnionType):
        return all(_is_scalar(part) for part in get_args(hint))
    if origin is Literal:
        return True
    return isinstance(hint, type) and (hint in _SCALARS or issubclass(hint, enum.Enum))
