"""The process: a slotted object that owns no task while it is idle.

It is the Pid itself: a reference that users hold and the runtime's record of the process are one
object, so that a send needs no look-up. What lives long is small; what is rare is in `Extras`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from sys import exception as exception_in_flight
from threading import get_ident
from typing import TYPE_CHECKING, Final, TypeVar, final

from typing_extensions import override

from regrow.core.messages import CallMessage, CastMessage
from regrow.core.reasons import ExitReason
from regrow.core.timeouts import MAX_TIMEOUT
from regrow.errors import CallFromHandler
from regrow.runtime.pid import Pid, Timeout, check_left_out_timeouts

if TYPE_CHECKING:
    from typing import Never

    from regrow.core.specs import ChildSpec
    from regrow.runtime.after import After
    from regrow.runtime.aliases import Alias
    from regrow.runtime.blueprint import Blueprint, Entry
    from regrow.runtime.effects import Turns
    from regrow.runtime.engine import Engine
    from regrow.runtime.from_thread import FromThread
    from regrow.runtime.items import Receipt, Request
    from regrow.runtime.monitors import Monitor
    from regrow.runtime.reservations import Reservation
    from regrow.runtime.timers import Timer

R = TypeVar("R")

IDLE: Final = 0
"""Nothing to do: no message, no signal, up and running. The only state a hand-off may find."""
QUEUED: Final = 1
"""On the run queue, or its own task has been woken."""
RUNNING: Final = 2
"""A handler of it runs: on the stack, or on its own task."""
STARTING: Final = 3
"""`init` has not returned."""
STOPPING: Final = 4
"""`terminate` runs, or its task is being cancelled: no message is handled any more."""
SUSPENDED: Final = 5
"""Held by `system.suspend`."""
DEAD: Final = 6

current_process: ContextVar[Process] = ContextVar("regrow.current_process")
"""The process in whose context this code runs; tasks inherit it, so they belong to the process."""


@final
class Extras:
    """What few processes have."""

    __slots__ = (
        "aliases",
        "children",
        "deferred",
        "down_waiters",
        "groups",
        "pattern",
        "place_waiters",
        "put_down",
        "receipt",
        "signals",
        "suspended",
        "tasks",
        "timers",
        "turns",
        "waiting",
        "watching",
        "zombie",
    )

    def __init__(self) -> None:
        self.aliases: dict[Alias, None] | None = None
        self.children: dict[Process, None] | None = None
        self.deferred: dict[Request, None] | None = None
        self.down_waiters: list[asyncio.Future[ExitReason]] | None = None
        self.groups: set[str] | None = None
        self.pattern: object = None
        self.place_waiters: dict[Request | asyncio.Future[None], int] | None = None
        """Who stands in line, and for how many places."""
        self.put_down: bool = False
        """Killed by its supervisor, which had its own reasons."""
        self.receipt: Receipt | None = None
        self.signals: int = 0
        self.suspended: bool = False
        self.tasks: dict[asyncio.Task[object], None] | None = None
        self.timers: set[Timer] | None = None
        self.turns: Turns | None = None
        self.waiting: Process | None = None
        self.watching: dict[Monitor, None] | None = None
        self.zombie: bool = False


@final
class Process(Pid[object]):
    """A process of this System. All state is the runtime's; users see a `Pid`."""

    __slots__ = (
        "after",
        "blueprint",
        "child",
        "context",
        "current",
        "engine",
        "extra",
        "extras",
        "instance",
        "links",
        "mailbox",
        "name",
        "parent",
        "room",
        "serial",
        "status",
        "task",
        "trap_exit",
        "wakeup",
        "watchers",
    )

    def __init__(
        self, engine: Engine, blueprint: Blueprint, parent: Process | None, name: str | None
    ) -> None:
        self.engine: Engine = engine
        self.blueprint: Blueprint = blueprint
        self.serial: int = engine.next_serial()
        self.status: int = STARTING
        self.room: int = blueprint.capacity or engine.settings.mailbox_capacity
        self.trap_exit: bool = blueprint.trap_exit
        self.parent: Process | None = parent
        self.name: str | None = name
        self.after: After | None = None
        self.child: ChildSpec | None = None
        self.extra: tuple[object, ...] = ()
        self.context: Context | None = None
        self.current: object = None
        self.extras: Extras | None = None
        self.instance: object = None
        self.links: dict[Process, None] | None = None
        self.mailbox: deque[object] | None = None
        self.task: asyncio.Task[None] | None = None
        self.wakeup: asyncio.Future[None] | None = None
        self.watchers: dict[Monitor, None] | None = None

    # -- the hot paths ------------------------------------------------------------------------

    @override
    def cast(self, message: CastMessage[object]) -> None:
        mailbox = self.mailbox
        if (
            mailbox is not None
            and len(mailbox) < self.room
            and type(message) in self.blueprint.casts
            and self.engine.plain
        ):
            mailbox.append(message)
        else:
            self.engine.sends.cast(self, message)

    @override
    def call(self, message: CallMessage[object, R], *, timeout: Timeout) -> Coroutine[object, Never, R]:
        engine = self.engine
        if engine.handling is not None:
            raise CallFromHandler(engine.handling, message)
        handler = self.blueprint.calls.get(type(message)) or self.blueprint.known(message, called=True)
        if handler is None or not handler.hand_off:
            return engine.calls.queued(self, message, timeout)  # type: ignore[return-value]
        return self._call(handler, message, timeout)

    async def _call(  # noqa: C901  # in one piece: a call more per hand-off is measurable
        self, handler: Entry, message: CallMessage[object, R], timeout: Timeout
    ) -> R:
        engine = self.engine
        if (
            self.status
            or engine.hand_offs_left <= 0
            or exception_in_flight() is not None
            or get_ident() != engine.thread
            or not engine.loop.is_running()  # get_running_loop() asks the kernel for our pid on Python 3.11
        ):
            return await engine.calls.queued(self, message, timeout)  # type: ignore[return-value]
        if engine.attention:
            engine.threads.attend()
        if type(timeout) is not float or not 0.0 < timeout <= MAX_TIMEOUT:
            engine.calls.seconds(self, message, timeout)
        caller = current_process.get(None)
        if caller is not None:
            engine.calls.check_caller(caller, self, message)
        self.status = RUNNING
        self.current = message
        engine.handling = self
        try:
            result = (self.context or engine.contexts.make(self)).run(handler.invoke, self.instance, message)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the process has crashed
            engine.handling = None
            pending = engine.calls.raised_inline(self, handler, message, timeout, error)
        else:
            engine.handling = None
            if self.after is None and self.current is message:
                self.current = None
                if self.mailbox is None:
                    self.status = IDLE
                else:
                    engine.scheduler.requeue(self)
                engine.hand_offs_left -= 1
                monotonic = engine.monotonic
                if monotonic() > engine.turn_end or engine.hand_offs_left <= 0:
                    engine.scheduler.exhausted()
                    if engine.timing:
                        engine.scheduler.check_slow(self, message, engine.begun)
                return result  # type: ignore[return-value]
            pending = engine.calls.unfinished_inline(self, message, timeout, result)
        return await engine.calls.answer(pending)  # type: ignore[return-value]

    # -- the rest -----------------------------------------------------------------------------

    @override
    def send(self, message: object) -> None:
        self.engine.sends.info(self, message)

    @override
    def reserve(self, *, timeout: Timeout) -> Coroutine[object, Never, Reservation[object]]:
        return self.engine.sends.reserve(self, timeout)

    @override
    def exit(self, reason: ExitReason) -> None:
        self.engine.exits.signal_from_user(self, reason)

    @override
    def kill(self) -> None:
        self.engine.exits.kill_from_user(self)

    @override
    def down(self, *, timeout: Timeout) -> Coroutine[object, Never, ExitReason]:
        return self.engine.exits.down(self, timeout)

    @property
    @override
    def alive(self) -> bool:
        return self.status != DEAD

    @property
    @override
    def from_thread(self) -> FromThread[object]:
        return self.engine.threads.reference(self)

    @property
    @override
    def system_name(self) -> str:
        return self.engine.name

    @property
    @override
    def incarnation(self) -> int:
        return self.engine.incarnation

    @property
    @override
    def registered_name(self) -> str | None:
        return self.name

    @property
    @override
    def kind(self) -> str:
        return self.blueprint.label

    def __repr__(self) -> str:
        engine = self.engine
        name = f" {self.name!r}" if self.name else ""
        return f"<{engine.name}.{self.serial}.{engine.incarnation} {self.blueprint.label}{name}>"

    @property
    def waiting(self) -> Process | None:
        """Whose answer its own task waits for."""
        extras = self.extras
        return extras.waiting if extras is not None else None

    @waiting.setter
    def waiting(self, other: Process | None) -> None:
        if other is not None or self.extras is not None:
            self.more().waiting = other

    def has_room(self, places: int = 1) -> bool:
        """Whether its bound lets one more message in, or so many."""
        return (len(self.mailbox) if self.mailbox else 0) + places <= self.room

    def more(self) -> Extras:
        """The rare part, made when first needed."""
        extras = self.extras
        if extras is None:
            extras = self.extras = Extras()
        return extras


check_left_out_timeouts(Process, "call", "reserve", "down")
