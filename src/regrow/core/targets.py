"""Whether a child's target can be started, and with these arguments; answers are remembered."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast
from weakref import WeakKeyDictionary

from regrow.errors.specs import BadArguments, BadTarget

__all__ = ("Target", "check_target", "kind_of", "name_of", "own_kwargs", "unwrapped")

Target: TypeAlias = Callable[..., object]
"""A GenServer class, or an `async def` function."""

CALLBACKS: Final = ("init", "handle_info", "terminate")
NO_KEYWORDS: Final[Mapping[str, object]] = {}
_NO_SELF: Final = object()

# Whether arguments fit depends on the target and on their number and names alone. Weak, so that a
# function made on the fly isn't kept for ever.
_fitting: WeakKeyDictionary[Target, set[object]] = WeakKeyDictionary()


def check_target(
    target: object,
    args: object,
    kwargs: object,
    child: str | None = None,
) -> None:
    """Raise unless `target` can be started with these arguments.

    Raises:
        BadTarget: If it is neither a GenServer class nor an `async def` function.
        BadArguments: If the arguments don't fit `init`, or the function.
    """
    if not isinstance(args, tuple):
        raise BadArguments(args, "args has to be a tuple, as (10,)", "a child spec", child)
    args = cast(tuple[object, ...], args)
    keywords = _keywords(kwargs, child)
    shape = (len(args), frozenset(keywords)) if keywords else len(args)
    try:
        shapes = _fitting.get(target)  # type: ignore[call-overload]
        if shapes is not None and shape in shapes:
            return
    except TypeError:  # a callable object without hash or weak references: checked each time
        shapes = None
    if not callable(target):
        raise BadTarget(target, _hint(target), child)
    _check_startable(target, child)
    _check_arguments(target, args, keywords, child)
    try:
        _fitting.setdefault(target, set()).add(shape)
    except TypeError:
        return


def _keywords(given: object, child: str | None) -> Mapping[str, object]:
    if given is None:
        return NO_KEYWORDS
    kwargs = given
    if type(kwargs) is dict or isinstance(kwargs, Mapping):
        keywords = cast(Mapping[str, object], kwargs)
        for key in keywords:
            if type(key) is not str:
                break
        else:
            return keywords
    problem = 'kwargs has to be a mapping with string keys, as {"step": 2}'
    raise BadArguments(given, problem, "a child spec", child)


def own_kwargs(kwargs: object) -> Mapping[str, object] | None:
    """A copy of a mapping, None for an empty one; anything else as it is, to be refused later."""
    if isinstance(kwargs, Mapping):
        return dict(cast(Mapping[str, object], kwargs)) or None
    return cast(Mapping[str, object] | None, kwargs)


def _check_startable(target: Target, child: str | None) -> None:
    if isinstance(target, type):
        if not all(callable(getattr(target, callback, None)) for callback in CALLBACKS):
            raise BadTarget(target, "This class isn't derived from GenServer", child)
        return
    if not _is_async(target):
        raise BadTarget(target, _hint(target), child)


def _is_async(target: object) -> bool:
    while isinstance(target, functools.partial):
        target = target.func
    if inspect.iscoroutinefunction(target):
        return True
    call: object = getattr(type(target), "__call__", None)  # noqa: B004  # the method is wanted
    return inspect.iscoroutinefunction(call)


def _hint(target: object) -> str:
    if inspect.iscoroutine(target):
        target.close()
        return "It was called already: pass the function itself, and its arguments as args="
    if inspect.isasyncgenfunction(target):
        return "An async generator has nobody to take what it yields"
    if inspect.isroutine(target):
        return "Write it as async def"
    if all(callable(getattr(target, callback, None)) for callback in CALLBACKS):
        return "Pass the class, not an instance of it"
    return "Pass the class or the function itself"


def _check_arguments(
    target: Target, args: tuple[object, ...], kwargs: Mapping[str, object], child: str | None
) -> None:
    function: Target = target
    bound = args
    if isinstance(target, type):
        function = getattr(target, "init")  # noqa: B009  # callable, as was checked
        bound = (_NO_SELF, *args)
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # a builtin that doesn't say what it takes
        return
    try:
        signature.bind(*bound, **kwargs)
    except TypeError as problem:
        given: dict[str, object] = {"args": args, "kwargs": dict(kwargs)}
        shown = f"{getattr(function, '__qualname__', name_of(target))}{signature}"
        raise BadArguments(given, str(problem), shown, child) from None


def name_of(target: object) -> str:
    """The target's own name, as the default id of its child."""
    while isinstance(target, functools.partial):
        target = target.func
    name: object = getattr(target, "__name__", None)
    return name if isinstance(name, str) and name else type(target).__name__


def kind_of(target: object) -> str:
    """What `__child_kind__` of a behaviour's class says: ``"worker"`` without it."""
    kind: object = getattr(target, "__child_kind__", "worker")
    return kind if isinstance(kind, str) else "worker"


def unwrapped(target: object) -> object:
    """The class behind a parametrised one: `Cache[int]` is started as `Cache`."""
    origin = typing.get_origin(target)
    return origin if isinstance(origin, type) else target
