"""What the engine knows of a class of processes: its callbacks and handlers, resolved once."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

from regrow.core.messages import CastMessage, Message
from regrow.errors import BadServer, NotAMessage, RegrowError, UnknownCall, WrongKind, WrongServer
from regrow.runtime.after import Job
from regrow.runtime.mailbox import Mailbox, Overflow
from regrow.runtime.resume import resume

if TYPE_CHECKING:
    from regrow.runtime.genserver import GenServer
    from regrow.runtime.process import Process

Invoke: TypeAlias = Callable[..., object]
"""Runs a callback: `invoke(instance, argument)`."""
Prepare: TypeAlias = "Callable[[Process], Coroutine[object, object, Callable[[], object]]]"
"""Awaited before `init` of a process; what it returns is called when `init` has succeeded. Both may raise."""


@final
class Entry:
    """One callback of a class, ready to run: `invoke(instance, argument)`."""

    __slots__ = ("blocking", "hand_off", "inline", "invoke", "invoke_async", "is_async", "name", "raises")

    def __init__(
        self,
        name: str,
        invoke: Invoke,
        *,
        is_async: bool = False,
        blocking: bool = False,
        raises: tuple[type[Exception], ...] = (),
        hand_off: bool = True,
    ) -> None:
        self.name: str = name
        self.invoke: Invoke = invoke
        self.invoke_async: Callable[..., Awaitable[object]] = cast("Callable[..., Awaitable[object]]", invoke)
        """The same, typed for an `async def`."""
        self.is_async: bool = is_async
        self.blocking: bool = blocking
        self.raises: tuple[type[Exception], ...] = raises
        self.inline: bool = not (is_async or blocking)
        self.hand_off: bool = hand_off and self.inline


@final
class Blueprint:
    """The callbacks of one server class, or the function of plain processes."""

    __slots__ = (
        "calls",
        "capacity",
        "casts",
        "continues",
        "eager",
        "held",
        "info",
        "init",
        "is_supervisor",
        "label",
        "overflow",
        "prepare",
        "server",
        "starts_at_once",
        "state_slots",
        "terminate",
        "trap_exit",
        "twin",
        "unhandled_seen",
        "wrap",
    )

    def __init__(self, label: str, mailbox: Mailbox, *, trap_exit: bool = False) -> None:
        self.label: str = label
        self.capacity: int | None = mailbox.capacity
        self.overflow: Overflow = mailbox.overflow
        self.trap_exit: bool = trap_exit
        self.server: type[GenServer] | None = None
        self.calls: dict[type, Entry] = {}
        self.casts: dict[type, Entry] = {}
        self.init: Entry | None = None
        self.continues: Entry | None = None
        self.info: Entry | None = None
        self.terminate: Entry | None = None
        self.eager: bool = False
        self.held: dict[type, Entry] | None = None
        self.twin: Blueprint | None = None
        """The same for processes whose turns are committed."""
        self.prepare: Prepare | None = None
        """What `PREPARE` of the class says, None if nothing has to be done before `init`."""
        self.is_supervisor: bool = False
        self.starts_at_once: bool = False
        """Whether a start has nothing to wait for: no `prepare`, no `async def` init, no children."""
        self.state_slots: tuple[str, ...] = ()
        """Attributes that a server class keeps in slots, its own and its bases'."""
        self.unhandled_seen: set[type] = set()
        self.wrap: Callable[[Entry], Entry] | None = None
        """Applied to handlers when they are resolved; of a traced process's own blueprint only."""

    def call_entry(self, message: object) -> Entry:
        """The handler for a call, resolved by name in this class, so that overriding works.

        Raises:
            NotAMessage: no handler made it.
            WrongServer: the message was made for another class.
            WrongKind: it is a cast message.
            UnknownCall: the class has no such handler (any more).
        """
        entry = self.calls.get(type(message))
        if entry is None:
            entry = self._resolve(message, "call")
            entry = self.calls[type(message)] = entry if self.wrap is None else self.wrap(entry)
        return entry

    def entry(self, message: object) -> Entry:
        """The handler for a call or a cast. Raises what `call_entry` does."""
        is_cast: bool = issubclass(type(message), CastMessage)
        return self.cast_entry(message) if is_cast else self.call_entry(message)

    def cast_entry(self, message: object) -> Entry:
        """The handler for a cast. Raises what `call_entry` does."""
        casts = self.casts if self.held is None else self.held
        entry = casts.get(type(message))
        if entry is None:
            entry = self._resolve(message, "cast")
            entry = casts[type(message)] = entry if self.wrap is None else self.wrap(entry)
        return entry

    def known(self, message: object, *, called: bool = False) -> Entry | None:
        """The handler, also for the first message of its class; None if there is none that may be used."""
        try:
            return self.call_entry(message) if called else self.entry(message)
        except RegrowError:
            return None

    def _who(self) -> type:
        return self.server or PlainProcess

    def _resolve(self, message: object, kind: str) -> Entry:
        if not isinstance(message, Message):
            raise NotAMessage(type(message))
        handler = message.__handler__
        server = self.server
        if server is None or not issubclass(server, handler.server):
            raise WrongServer(self._who(), message, kind)
        if handler.kind != kind:
            raise WrongKind(message, handler.kind)
        resolved = handler.resolve(server)
        if not callable(getattr(server, handler.name, None)):
            raise UnknownCall(server, message)
        if self.eager and resolved.is_async and _is_own(resolved.handler.server):
            return Entry(handler.name, eagerly(resolved.invoke), raises=resolved.raises)
        return Entry(
            handler.name,
            resolved.invoke,
            is_async=resolved.is_async,
            blocking=resolved.blocking,
            raises=resolved.raises,
            hand_off=self.held is None,
        )

    def held_back(self) -> Blueprint:
        """The same for a process whose turns are committed: nothing of it takes a short cut."""
        if self.twin is None:
            assert self.server is not None
            self.twin = _make(self.server)
            self.twin.held = {}
        return self.twin


class PlainProcess:
    """Stands for the class of plain processes in error texts: they take infos only."""


PREPARE: Final = "__regrow_prepare__"
"""Attribute of a server class: a `Prepare`, for what has to be there before `init` runs."""

_KEPT_AS: Final = "__regrow_blueprint__"
_CALLBACKS: Final = ("init", "handle_continue", "handle_info", "terminate")


def blueprint_of(server: type[GenServer]) -> Blueprint:
    """The blueprint of a server class, made when the class is first started."""
    found: Blueprint | None = server.__dict__.get(_KEPT_AS)
    if found is None:
        found = _make(server)
        setattr(server, _KEPT_AS, found)  # on the class, so that it goes with it
    return found


def _make(server: type[GenServer]) -> Blueprint:
    from regrow.runtime.genserver import GenServer  # noqa: PLC0415  # it needs this module
    from regrow.runtime.supervision import SupervisorBase  # noqa: PLC0415  # so does it

    mailbox = server.mailbox
    if not isinstance(mailbox, Mailbox):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise BadServer(
            server, f"its mailbox is {mailbox!r}; allowed is rg.Mailbox(capacity=..., overflow=...)"
        )
    blueprint = Blueprint(server.__qualname__, mailbox, trap_exit=bool(server.trap_exit))
    blueprint.server = server
    blueprint.init, blueprint.continues, blueprint.info, blueprint.terminate = (
        _callback(server, GenServer, name) for name in _CALLBACKS
    )
    blueprint.state_slots = tuple(_slots(server, GenServer))
    blueprint.prepare = getattr(server, PREPARE, None)
    blueprint.is_supervisor = blueprint.eager = issubclass(server, SupervisorBase)
    waits = blueprint.is_supervisor or (blueprint.init is not None and blueprint.init.is_async)
    blueprint.starts_at_once = blueprint.prepare is None and not waits
    info = blueprint.info
    if blueprint.eager and info is not None and _is_own(_definer(server, info.name)):
        blueprint.info = Entry(info.name, eagerly(info.invoke))
    return blueprint


def _slots(server: type, base: type) -> Iterator[str]:
    for cls in server.__mro__:
        slots: object = () if cls is base else vars(cls).get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else tuple(cast("Iterable[str]", slots))
        yield from (name for name in names if not name.startswith("__"))


def _is_own(server: type) -> bool:
    """Whether the runtime wrote it: code that binds nothing to the current task."""
    return bool(vars(server).get("__regrow_eager__"))


def _definer(server: type, name: str) -> type:
    return next(one for one in server.__mro__ if name in vars(one))


def eagerly(invoke: Invoke) -> Invoke:
    """Run a coroutine of the runtime's own up to its first wait, the rest on the process's task."""

    def run(instance: GenServer, argument: object) -> object:
        coroutine = cast("Coroutine[object, object, object]", invoke(instance, argument))
        try:
            yielded = coroutine.send(None)
        except StopIteration as stop:
            return stop.value
        process = instance._process  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # ours
        process.after = Job(resume(coroutine, yielded))
        return None

    return run


def _callback(server: type, base: type, name: str) -> Entry | None:
    function = getattr(server, name)
    if function is getattr(base, name):
        return None
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise BadServer(server, f"{name} is a generator; write it as def or async def")
    return Entry(name, function, is_async=inspect.iscoroutinefunction(function))
