"""The engine of one System: its tables, its counters, and the parts that work on them."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, final

import msgspec

from regrow.core.hub import Hub
from regrow.core.ports import Ports
from regrow.core.settings import Settings
from regrow.core.timeouts import Timeouts
from asyncio import _get_running_loop as _running_loop  # the documented one raises where there is none

from regrow.errors import ForkedSystem, NotStarted, WrongLoop, WrongThread
from regrow.runtime.calls import Calls
from regrow.runtime.contexts import Contexts
from regrow.runtime.exits import Exits
from regrow.runtime.groups import Groups
from regrow.runtime.monitors import Monitors
from regrow.runtime.ownership import Ownership
from regrow.runtime.registry import Registry
from regrow.runtime.reports import Reporter
from regrow.runtime.scheduler import Scheduler
from regrow.runtime.sends import Sends
from regrow.runtime.threads import Threads
from regrow.runtime.timers import Timers
from regrow.runtime.worker import Workers

if TYPE_CHECKING:
    from regrow.core.events import Event
    from regrow.runtime.process import Process
    from regrow.runtime.system import System

Redact = Callable[[object], object]


class Counters(msgspec.Struct):
    """What happened in a System since it started. Plain counts."""

    started: int = 0
    exited: int = 0
    crashed: int = 0
    restarts: int = 0
    dropped: int = 0
    expired: int = 0
    timed_out: int = 0
    late_replies: int = 0
    orphans: int = 0
    zombies: int = 0


@final
class Engine:
    """Everything that the parts of one running System share. One per start of a System."""

    __slots__ = (
        "_guards",
        "calls",
        "closing",
        "contexts",
        "counters",
        "debug",
        "exits",
        "groups",
        "held_events",
        "hand_offs",
        "hand_offs_left",
        "handling",
        "hub",
        "incarnation",
        "interrupt",
        "leaving",
        "loop",
        "monitors",
        "monotonic",
        "name",
        "names",
        "os_pid",
        "ownership",
        "parked",
        "plain",
        "ports",
        "redact",
        "registry",
        "reporter",
        "rootless",
        "running",
        "scheduler",
        "sends",
        "serial",
        "settings",
        "strict",
        "system",
        "thread",
        "threads",
        "timeouts",
        "timers",
        "tracing",
        "turn_end",
        "workers",
    )

    def __init__(
        self,
        *,
        name: str,
        incarnation: int,
        loop: asyncio.AbstractEventLoop,
        settings: Settings,
        ports: Ports,
        timeouts: Timeouts,
        hub: Hub,
        indexes: tuple[str, ...],
        debug: bool,
        strict: bool,
        hand_off: bool,
        redact: Redact | None,
    ) -> None:
        self.name = name
        self.incarnation = incarnation
        self.loop = loop
        self.settings = settings
        self.ports = ports
        self.timeouts = timeouts
        self.hub = hub
        self.debug = debug
        self.strict = strict
        self.redact = redact
        self.serial = 0
        self.running = True
        self.thread = threading.get_ident()
        self.os_pid = os.getpid()
        self.monotonic = ports.monotonic
        self.handling: Process | None = None
        self.system: System | None = None
        self.closing = False
        """Set when what is left after the tree is swept out: nothing may be started any more."""
        self.interrupt: Callable[[], object] | None = None
        """Called when a KeyboardInterrupt has hit a process."""
        self.leaving: set[asyncio.Task[object]] = set()
        """Tasks that no process has any more and that are about to end."""
        self.tracing = False
        self._guards = int(debug) + (ports.mailbox_hook is not None)
        self.plain = not self._guards
        self.hand_offs = settings.hand_off_budget if hand_off else 0
        self.hand_offs_left = self.hand_offs
        self.parked = False
        self.turn_end = 0.0
        self.held_events: list[Event] | None = None
        self.counters = Counters()
        self.rootless: dict[Process, None] = {}
        self.names: dict[str, Process] = {}
        self.contexts = Contexts()
        self.timers = Timers(self)
        self.scheduler = Scheduler(self)
        self.workers = Workers(self)
        self.calls = Calls(self)
        self.sends = Sends(self)
        self.exits = Exits(self)
        self.monitors = Monitors(self)
        self.registry = Registry(self, indexes)
        self.groups = Groups(self)
        self.ownership = Ownership(self)
        self.reporter = Reporter(self)
        self.threads = Threads(self)

    def next_serial(self) -> int:
        """A number that no process of this System had."""
        self.serial = serial = self.ports.ids.next()
        return serial

    def processes(self) -> Iterator[Process]:
        """All living processes: those without a supervisor by age, each before its children."""
        ready = list(reversed(self.rootless))
        while ready:
            process = ready.pop()
            yield process
            extras = process.extras
            if extras is not None and extras.children:
                ready.extend(reversed(extras.children))

    def see_off(self, task: asyncio.Task[object]) -> None:
        """A task is about to end and its process knows it no more: a stop waits for it."""
        if not task.done():
            self.leaving.add(task)
            task.add_done_callback(self.leaving.discard, context=self.contexts.base)

    def emit(self, event: Event) -> None:
        """Give an event to its subscribers, after the death that is under way if there is one."""
        if self.held_events is not None:
            self.held_events.append(event)
        else:
            self.hub.emit(event)

    def hold_events(self) -> None:
        """A death begins: nobody else's code runs inside it."""
        self.held_events = []

    def release_events(self) -> None:
        """The death is done."""
        held, self.held_events = self.held_events, None
        for event in held or ():
            self.hub.emit(event)

    def guard(self) -> None:
        """Have every send take the long way from now on, where hooks and checks are."""
        self._guards += 1
        self.plain = False

    def unguard(self) -> None:
        """End one `guard`."""
        self._guards -= 1
        self.plain = not self._guards

    def check_running(self) -> None:
        """Raise unless this System runs in this OS process.

        Raises:
            ForkedSystem, NotStarted: it doesn't.
        """
        if os.getpid() != self.os_pid:
            raise ForkedSystem(self.name)
        if not self.running:
            raise NotStarted(self.name, "stopped")

    def check_here(self, operation: str) -> None:
        """Raise unless this is the System's loop and thread.

        Raises:
            WrongThread, WrongLoop, NotStarted, ForkedSystem: it isn't.
        """
        if self.running and _running_loop() is self.loop:
            return
        self.check_running()
        if threading.get_ident() != self.thread:
            raise WrongThread(operation)
        if asyncio.get_running_loop() is not self.loop:
            raise WrongLoop(operation)
