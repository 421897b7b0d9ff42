"""`call` and `cast`: the decorators that make a method a handler."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import (
    TYPE_CHECKING,
    Concatenate,
    Generic,
    NamedTuple,
    Never,
    ParamSpec,
    Protocol,
    TypeVar,
    overload,
)
from typing import cast as as_type

from regrow.core.deliveries import Reconciler
from regrow.core.handler import Options, PendingHandler
from regrow.core.signatures import read_parameters
from regrow.errors.base import show
from regrow.errors.messages import BadHandler

if TYPE_CHECKING:
    from regrow.core.messages import CallMessage, CastMessage, Kind
    from regrow.core.signatures import Function

__all__ = ("CallHandler", "CastHandler", "call", "cast")

B_co = TypeVar("B_co", covariant=True)
F_co = TypeVar("F_co", covariant=True)
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
W = TypeVar("W", bound=Coroutine[object, Never, None] | None)


class CallHandler(PendingHandler, Generic[F_co, B_co]):
    """A call handler, to the type checkers.

    On the class it makes messages, ``Counter.increment(5)``; on an instance it is the bound method, `B_co`.
    `F_co` takes its arguments and returns the answer. Both vary as functions do: an override may take more.
    """

    @overload
    def __get__(
        self: CallHandler[Callable[P, R], object], instance: None, owner: type[S], /
    ) -> Callable[P, CallMessage[S, R]]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None, /) -> B_co: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> object:
        return _settled(self, instance, owner)


class CastHandler(PendingHandler, Generic[B_co]):
    """A cast handler, to the type checkers.

    On the class it makes messages, ``Counter.reset()``; on an instance it is the bound method, `B_co`.
    """

    @overload
    def __get__(
        self: CastHandler[Callable[P, object]], instance: None, owner: type[S], /
    ) -> Callable[P, CastMessage[S]]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None, /) -> B_co: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> object:
        return _settled(self, instance, owner)


class CallDecorator(Protocol):
    """What `call` with options returns: the decorator."""

    @overload
    def __call__(
        self, function: Callable[Concatenate[Never, P], Coroutine[object, Never, R]], /
    ) -> CallHandler[Callable[P, R], Callable[P, Coroutine[object, Never, R]]]: ...
    @overload
    def __call__(
        self, function: Callable[Concatenate[Never, P], R], /
    ) -> CallHandler[Callable[P, R], Callable[P, R]]: ...


class CastDecorator(Protocol):
    """What `cast` with options returns: the decorator."""

    def __call__(self, function: Callable[Concatenate[Never, P], W], /) -> CastHandler[Callable[P, W]]: ...


@overload
def call(
    function: Callable[Concatenate[Never, P], Coroutine[object, Never, R]], /
) -> CallHandler[Callable[P, R], Callable[P, Coroutine[object, Never, R]]]: ...
@overload
def call(function: Callable[Concatenate[Never, P], R], /) -> CallHandler[Callable[P, R], Callable[P, R]]: ...
@overload
def call(
    *,
    raises: type[Exception] | tuple[type[Exception], ...] = (),
    blocking: bool = False,
    version: int = 1,
    repeatable: bool = True,
    reconcile: Reconciler | None = None,
) -> CallDecorator: ...
def call(
    function: object = None,
    /,
    *,
    raises: object = (),
    blocking: object = False,
    version: object = 1,
    repeatable: object = True,
    reconcile: object = None,
) -> object:
    """Makes a method the handler of a call: a request that is answered with what the method returns.

    On the class it makes the message, on an instance it stays the method::

        class Counter(rg.GenServer):
            @rg.call
            def increment(self, by: int = 1) -> int: ...


        await counter.call(Counter.increment(5), timeout=1.0)

    Args:
        function: The method, a `def` or an `async def`.
        raises: The exceptions that are answers: raised at the caller, and the server lives on. Any other ends
            the server. Default: none.
        blocking: Whether the method runs in a thread, because it waits without `await`. Default: no. Not for
            an `async def`.
        version: The version of the arguments, from 1. Raise it when their meaning changes, if messages are
            stored. Default: 1.
        repeatable: Whether a supervised message may be handled again when its first handling was cut short,
            by a crash or a deadline. Default: yes. If not, the send ends as `outcome_unknown`, unless
            `reconcile` knows better.
        reconcile: For `repeatable=False`: a function that is given the `CurrentDelivery` and the message of
            a handling that was cut short, and returns True if it has happened all the same, False if it
            has not, so that it may be tried again, None if nobody knows. A `def` or an `async def`; it runs
            outside of the server. Default: None, which is never to know.

    Raises:
        BadHandler: It can't be a handler, or an option has a wrong value.
    """
    given = _Given(raises, blocking, version, repeatable, reconcile)

    def decorate(found: object) -> object:
        return CallHandler[object, object](*_checked("call", found, given))

    return decorate if function is None else decorate(function)


@overload
def cast(function: Callable[Concatenate[Never, P], W], /) -> CastHandler[Callable[P, W]]: ...
@overload
def cast(*, blocking: bool = False, version: int = 1) -> CastDecorator: ...
def cast(function: object = None, /, *, blocking: object = False, version: object = 1) -> object:
    """Makes a method the handler of a cast: a message that isn't answered.

    On the class it makes the message, on an instance it stays the method::

        class Counter(rg.GenServer):
            @rg.cast
            def reset(self) -> None: ...


        counter.cast(Counter.reset())

    Args:
        function: The method, a `def` or an `async def`, that returns None.
        blocking: Whether the method runs in a thread, because it waits without `await`. Default: no. Not for
            an `async def`.
        version: The version of the arguments, from 1. Raise it when their meaning changes, if messages are
            stored. Default: 1.

    Raises:
        BadHandler: It can't be a handler, or an option has a wrong value.
    """
    given = _Given(blocking=blocking, version=version)

    def decorate(found: object) -> object:
        return CastHandler[object](*_checked("cast", found, given))

    return decorate if function is None else decorate(function)


def _settled(pending: PendingHandler, instance: object, owner: type | None) -> object:
    owner = owner or type(instance)
    found: object = pending.settle(owner).__get__(instance, owner)
    return found


class _Given(NamedTuple):
    """The options as they were given, of any type."""

    raises: object = ()
    blocking: object = False
    version: object = 1
    repeatable: object = True
    reconcile: object = None


def _checked(kind: Kind, value: object, given: _Given) -> tuple[Function, Options]:
    inner: object = getattr(value, "__func__", value)
    server, _, name = getattr(inner, "__qualname__", "").rpartition(".")
    server = server.rpartition("<locals>.")[2]
    function, _parameters = read_parameters(server, name, value)
    problem, remedy = _what_is_wrong(given, is_async=inspect.iscoroutinefunction(function))
    if name.startswith("__") and name.endswith("__"):
        problem, remedy = "Python itself calls methods of such names", "Choose another name"
    if problem:
        raise BadHandler(server, name, value, problem, remedy)
    return function, Options(
        kind=kind,
        raises=as_type(tuple[type[Exception], ...], _as_tuple(given.raises)),
        blocking=bool(given.blocking),
        version=as_type(int, given.version),
        repeatable=bool(given.repeatable),
        reconcile=as_type("Reconciler | None", given.reconcile),
    )


def _what_is_wrong(given: _Given, *, is_async: bool) -> tuple[str, str]:
    for item in _as_tuple(given.raises):
        if not (isinstance(item, type) and issubclass(item, Exception)):
            problem = f"raises={show(given.raises)} isn't a subclass of Exception or a tuple of such"
            return problem, "Write raises=(KeyError,)"
    for option in ("blocking", "repeatable"):
        if not isinstance(getattr(given, option), bool):
            return (
                f"{option}={show(getattr(given, option))} is neither True nor False",
                "Leave it out for the default",
            )
    if given.reconcile is not None and (given.repeatable or not callable(given.reconcile)):
        return (
            f"reconcile={show(given.reconcile)} is for repeatable=False, and a function",
            "Write repeatable=False beside it, or leave it out",
        )
    if given.blocking and is_async:
        return "blocking=True is for what waits without `await`", "Write it as a `def`, or leave blocking out"
    if type(given.version) is not int or given.version < 1:
        return f"version={show(given.version)} is no whole number from 1", "Leave it out for 1"
    return "", ""


def _as_tuple(value: object) -> tuple[object, ...]:
    return as_type(tuple[object, ...], value) if isinstance(value, tuple) else (value,)
