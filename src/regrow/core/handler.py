"""Handlers as the runtime sees them: what a class says, and what runs when a message arrives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from inspect import Parameter, Signature
from itertools import repeat
from typing import TYPE_CHECKING, TypeAlias, cast

import msgspec

from regrow.core.deliveries import Reconciler
from regrow.core.messages import CallMessage, CastMessage, Kind, Message
from regrow.core.signatures import Parameters, misfit, only_scalars, read_parameters
from regrow.errors.calls import WrongServer
from regrow.errors.messages import BadHandler

if TYPE_CHECKING:
    from types import FunctionType

    from regrow.core.signatures import Function

__all__ = ("Handler", "HandlerProperty", "Invoke", "Options", "Resolved", "adopt_overrides", "install")

Invoke: TypeAlias = Callable[[object, Message], object]
"""Runs a handler: ``invoke(server_instance, message)``."""

_CACHE = "__regrow_resolved__"
_COPIED = (bytearray, dict, list, set)
_PLAIN = (bool, bytes, complex, float, frozenset, int, str, tuple, type(None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What a decorator says about a handler, beside its function."""

    kind: Kind
    blocking: bool = False
    raises: tuple[type[Exception], ...] = ()
    version: int = 1
    repeatable: bool = True
    reconcile: Reconciler | None = None


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Handler:
    """One handler, as the class that defines it says.

    Attributes:
        server: The class that defines it.
        name: Its name there.
        function: The plain function.
        options: What its decorator says.
        parameters: What it takes after self.
        message: The class of its messages.
    """

    server: type
    name: str
    function: Function
    options: Options
    parameters: Parameters
    message: type[Message]

    @property
    def kind(self) -> Kind:
        """``"call"`` or ``"cast"``."""
        return self.options.kind

    @property
    def is_async(self) -> bool:
        """Whether the function is an `async def`."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def blocking(self) -> bool:
        """Whether it runs in a thread."""
        return self.options.blocking

    @property
    def raises(self) -> tuple[type[Exception], ...]:
        """The exceptions that are answers."""
        return self.options.raises

    @property
    def version(self) -> int:
        """The version of its arguments, from 1."""
        return self.options.version

    @property
    def repeatable(self) -> bool:
        """Whether a message whose handling was cut short may be handled again."""
        return self.options.repeatable

    @property
    def reconcile(self) -> Reconciler | None:
        """Finds out whether a message whose handling was cut short has been handled."""
        return self.options.reconcile

    @property
    def positional(self) -> tuple[str, ...]:
        """The names of the arguments that can be given by position."""
        return tuple(parameter.name for parameter in self.parameters.positional)

    @property
    def keywords(self) -> tuple[str, ...]:
        """The names of the arguments that are given by keyword only."""
        return tuple(parameter.name for parameter in self.parameters.keywords)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all arguments, which are the message's fields, in order."""
        return self.positional + self.keywords

    def resolve(self, server: type) -> Resolved:
        """What runs when a process of class `server` gets this handler's message.

        It is found by name in `server`, so that overriding works, and kept on the class.

        Raises:
            WrongServer: `server` is neither the class of this handler nor a subclass.
            BadHandler: What overrides it in `server` can't be a handler.
        """
        cache: dict[type[Message], Resolved] | None = vars(server).get(_CACHE)
        if cache is None:
            # On the class, and not in a table here: it is to end with the class.
            cache = {}
            setattr(server, _CACHE, cache)
        found = cache.get(self.message)
        if found is None:
            found = cache[self.message] = _resolve(self, server)
        return found


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Resolved:
    """What runs for one class of messages in one class of servers.

    Attributes:
        handler: The handler that runs: the override, not what it overrides.
        function: Its plain function.
        is_async: Whether it is an `async def`.
        blocking: Whether it runs in a thread.
        raises: The exceptions that are answers.
        invoke: Calls the function with a server and the fields of a message.
    """

    handler: Handler
    function: Function
    is_async: bool
    blocking: bool
    raises: tuple[type[Exception], ...]
    invoke: Invoke


class HandlerProperty(property):
    """A handler in its class: the bound method on an instance, the maker of messages on the class.

    Each handler has a subclass whose ``__call__`` is the class of its messages. A property that is looked up
    on the class returns itself, so that making a message runs no Python code.
    """

    handler: Handler
    __name__: str
    __qualname__: str
    __signature__: Signature
    __wrapped__: Function

    def __set_name__(self, owner: type, name: str) -> None:
        # A handler taken over from another class (`pop = Stack.pop`), or a class made again with slots.
        if self.handler.server is not owner or self.handler.name != name:
            install(owner, name, self.handler.function, self.handler.options)


class PendingHandler:
    """What a decorator returns; it turns into the handler when the class is made."""

    def __init__(self, function: Function, options: Options) -> None:
        self._function = function
        self._options = options

    def __set_name__(self, owner: type, name: str) -> None:
        install(owner, name, self._function, self._options)

    def settle(self, owner: type) -> HandlerProperty:
        """Takes its place in a class that was already made when it was put there."""
        for server in owner.__mro__:
            for name, value in list(vars(server).items()):
                if value is self:
                    return install(server, name, self._function, self._options)
        raise AssertionError


def install(owner: type, name: str, value: object, options: Options) -> HandlerProperty:
    """Makes the handler `name` of the class `owner` out of a function.

    Raises:
        BadHandler: It can't be one.
    """
    function, parameters = read_parameters(owner.__qualname__, name, value)
    message = _make_message(owner, name, function, parameters, options.kind)
    handler = Handler(
        server=owner, name=name, function=function, options=options, parameters=parameters, message=message
    )
    message.__handler__ = handler
    made = _make_property(handler)
    setattr(owner, name, made)
    return made


def _make_property(handler: Handler) -> HandlerProperty:
    function = handler.function
    namespace = {
        "__call__": handler.message,
        "__isabstractmethod__": getattr(function, "__isabstractmethod__", False),
        "__module__": function.__module__,
        "handler": handler,
    }
    kind = type(handler.name, (HandlerProperty,), namespace)
    # The function's own way to make a bound method, in C.
    made: HandlerProperty = kind(cast("FunctionType", function).__get__)
    made.__doc__ = function.__doc__
    made.__name__ = handler.name
    made.__qualname__ = function.__qualname__
    made.__wrapped__ = function
    made.__signature__ = Signature(list(handler.parameters.all), return_annotation=handler.message)
    return made


def _make_message(
    owner: type, name: str, function: Function, parameters: Parameters, kind: Kind
) -> type[Message]:
    shown = f"{owner.__name__}.{name}"
    gc = not only_scalars(function, owner, tuple(p.name for p in parameters.all))
    made: type[msgspec.Struct] = CallMessage if kind == "call" else CastMessage
    for part, kw_only in ((parameters.positional, False), (parameters.keywords, True)):
        if part or not kw_only:
            fields = [_field(parameter) for parameter in part]
            made = msgspec.defstruct(
                shown, fields, bases=(made,), module=owner.__module__, frozen=True, gc=gc, kw_only=kw_only
            )
    made.__qualname__ = f"{owner.__qualname__}.{name}"
    made.__doc__ = function.__doc__
    return cast(type[Message], made)


def _field(parameter: Parameter) -> tuple[str, type] | tuple[str, type, object]:
    default = parameter.default
    if default is Parameter.empty:
        return parameter.name, object
    if type(default) in _PLAIN:
        return parameter.name, object, default
    if type(default) in _COPIED:
        # Not one list for all messages: they go to different processes.
        return parameter.name, object, msgspec.field(default_factory=default.copy)
    # The object itself for every message, as Python does it; `repeat` gives it without running Python code.
    return parameter.name, object, msgspec.field(default_factory=repeat(default).__next__)


def _resolve(handler: Handler, server: type) -> Resolved:
    if handler.server not in server.__mro__:
        raise WrongServer(server, handler.message, handler.kind)
    winner = _winner(server, handler)
    _check_override(winner, handler)
    function = winner.function
    return Resolved(
        handler=winner,
        function=function,
        is_async=winner.is_async,
        blocking=winner.blocking,
        raises=winner.raises,
        invoke=_make_invoke(handler, function),
    )


def _winner(server: type, handler: Handler) -> Handler:
    value = next(vars(klass)[handler.name] for klass in server.__mro__ if handler.name in vars(klass))
    if isinstance(value, PendingHandler):
        value = value.settle(server)
    if not isinstance(value, HandlerProperty):
        value = install(server, handler.name, value, _inherited(handler, value))
    return value.handler


def _inherited(handler: Handler, override: object) -> Options:
    # A blocking handler may be overridden by an `async def`, which needs no thread.
    blocking = handler.blocking and not inspect.iscoroutinefunction(override)
    return replace(handler.options, blocking=blocking)


def _check_override(winner: Handler, base: Handler) -> None:
    if winner is base:
        return
    who = f"{base.server.__qualname__}.{base.name}"
    if winner.kind != base.kind:
        problem = f"it is a {winner.kind} and {who} is a {base.kind}"
        remedy = f"Decorate it with @{base.kind}, or give it another name"
    else:
        problem = misfit(winner.parameters, base.parameters)
        remedy = f"Take what {who} takes, and give anything more a default"
    if problem:
        raise BadHandler(winner.server.__qualname__, winner.name, winner.function, problem, remedy)


def _make_invoke(handler: Handler, function: Function) -> Invoke:
    # Generated, because every message takes this way, and a loop over the fields costs more than all else.
    # One code object for each, so that the interpreter specialises the look-ups to the one message class.
    arguments = ["server", *(f"message.{name}" for name in handler.positional)]
    arguments += [f"{name}=message.{name}" for name in handler.keywords]
    text = f"def invoke(server, message):\n    return function({', '.join(arguments)})\n"
    names: dict[str, object] = {"function": function}
    code = compile(text, f"<dispatch of {handler.server.__qualname__}.{handler.name}>", "exec")
    exec(code, names)  # noqa: S102  # the text holds only identifiers of the function's own signature
    return cast(Invoke, names["invoke"])


def adopt_overrides(server: type, *, reserved: frozenset[str] = frozenset()) -> None:
    """Makes handlers of the undecorated methods that override handlers, and checks all overrides.

    A class of servers calls it from its `__init_subclass__`. What a base or a mixin defines counts too.

    Args:
        server: The new class.
        reserved: Names that no handler may have.

    Raises:
        BadHandler: A handler has a reserved name; an override has another kind, doesn't take what the
            handler it overrides takes, or is no function.
    """
    for name, handlers in _handlers_of(server).items():
        if name in reserved:
            remedy = "Choose another name; leave the decorator out to write the runtime's own method"
            first = handlers[0]
            raise BadHandler(
                first.server.__qualname__, name, first.function, "the name is the runtime's own", remedy
            )
        winner = _winner(server, handlers[0])
        for handler in handlers:
            _check_override(winner, handler)


def _handlers_of(server: type) -> dict[str, list[Handler]]:
    found: dict[str, list[Handler]] = {}
    for klass in server.__mro__:
        for name, value in list(vars(klass).items()):
            if isinstance(value, HandlerProperty):
                found.setdefault(name, []).append(value.handler)
    return found
