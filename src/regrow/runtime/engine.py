"""The engine of one System: its tables, its counters, and the parts that work on them."""

from __future__ import annotations

import asyncio
import os
import threading
from asyncio import (  # the documented one raises where there is none
    _get_running_loop as _running_loop,  # pyright: ignore[reportPrivateUsage]
)
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context
from typing import TYPE_CHECKING, Final, TypeVar, final
from weakref import WeakSet

from regrow.core.events import SlowHandler
from regrow.core.hub import Hub
from regrow.core.ports import Ports
from regrow.core.settings import Settings
from regrow.core.show import Redact
from regrow.core.timeouts import Timeouts
from regrow.errors import ForkedSystem, NotStarted, WrongLoop, WrongThread
from regrow.runtime.calls import Calls
from regrow.runtime.contexts import Contexts
from regrow.runtime.counters import Counters
from regrow.runtime.exits import Exits
from regrow.runtime.groups import Groups
from regrow.runtime.monitors import Monitors
from regrow.runtime.ownership import Ownership
from regrow.runtime.registry import Registry
from regrow.runtime.reports import Reporter
from regrow.runtime.scheduler import Scheduler
from regrow.runtime.sends import Sends
from regrow.runtime.steps import Look, Steps, steps_of
from regrow.runtime.threads import Threads
from regrow.runtime.timers import Timers
from regrow.runtime.transit import Transit
from regrow.runtime.worker import Workers

if TYPE_CHECKING:
    from regrow.core.ports import MailboxHook
    from regrow.runtime.debug import Tracer
    from regrow.runtime.process import Process
    from regrow.runtime.system import System

T = TypeVar("T")

ENGINES: Final[WeakSet[Engine]] = WeakSet()
"""All engines of this OS process."""


@final
class Engine:
    """Everything that the parts of one running System share. One per start of a System."""

    __slots__ = (
        "__weakref__",
        "_giving_out",
        "_guards",
        "attention",
        "begun",
        "calls",
        "closing",
        "contexts",
        "counters",
        "debug",
        "delivery",
        "exits",
        "extensions",
        "groups",
        "hand_offs",
        "hand_offs_left",
        "handling",
        "hub",
        "incarnation",
        "interrupt",
        "leaving",
        "looks",
        "loop",
        "monitors",
        "monotonic",
        "name",
        "names",
        "next_serial",
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
        "settings",
        "steps",
        "strict",
        "system",
        "thread",
        "threads",
        "timeouts",
        "timers",
        "timing",
        "tracer",
        "transit",
        "turn_end",
        "watched",
        "workers",
    )

    watched: bool
    """Whether a slice handles one message at a time, as somebody wants to know of each."""

    def __init__(  # noqa: PLR0915  # one statement per part
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
        self.name: str = name
        self.incarnation: int = incarnation
        self.loop: asyncio.AbstractEventLoop = loop
        self.settings: Settings = settings
        self.ports: Ports = ports
        self.timeouts: Timeouts = timeouts
        self.hub: Hub = hub
        self.debug: bool = debug
        self.strict: bool = strict
        self.redact: Redact | None = redact
        self.next_serial: Callable[[], int] = ports.ids.next
        """Gives a number that no process of this System had."""
        self.running: bool = True
        self.thread: int = threading.get_ident()
        self.os_pid: int = os.getpid()
        self.monotonic: Callable[[], float] = ports.monotonic
        self.handling: Process | None = None
        self.delivery: object = None
        """What `current_delivery()` tells of a supervised message that is being handed off; else None."""
        self.system: System | None = None
        self.extensions: dict[Callable[[Engine], object], object] = {}
        """What the rooms above keep for this run: see `runtime.extensions`."""
        self.closing: bool = False
        """Set when what is left after the tree is swept out: nothing may be started any more."""
        self.interrupt: Callable[[], object] | None = None
        """Called when a KeyboardInterrupt has hit a process."""
        self.leaving: set[asyncio.Task[object]] = set()
        """Tasks that no process has any more and that are about to end."""
        self.tracer: Tracer | None = None
        """What records the processes that are traced, None if none is."""
        self._giving_out = False
        self._guards = int(debug)
        self.plain: bool = not self._guards
        self.hand_offs: int = settings.hand_off_budget if hand_off else 0
        self.hand_offs_left: int = self.hand_offs
        self.transit: Transit | None = None
        """The messages that the mailbox hook holds back, if there is one."""
        if ports.mailbox_hook is not None:
            self.hook_mailboxes(ports.mailbox_hook)
        self._begin_watching()
        self.turn_end: float = 0.0
        self.counters: Counters = Counters()
        self.rootless: dict[Process, None] = {}
        self.names: dict[str, Process] = {}
        self.contexts: Contexts = Contexts()
        self.timers: Timers = Timers(self)
        self.scheduler: Scheduler = Scheduler(self)
        self.workers: Workers = Workers(self)
        self.calls: Calls = Calls(self)
        self.sends: Sends = Sends(self)
        self.exits: Exits = Exits(self)
        self.monitors: Monitors = Monitors(self)
        self.registry: Registry = Registry(self, indexes)
        self.groups: Groups = Groups(self)
        self.ownership: Ownership = Ownership(self)
        self.reporter: Reporter = Reporter(self)
        self.threads: Threads = Threads(self)
        hub.open(self.later, self._listeners_changed)
        ENGINES.add(self)

    def _begin_watching(self) -> None:
        self.parked: bool = self.settings.watchdog and not self.ports.virtual
        """Set by the watchdog: it wants to know when the loop is used again."""
        self.timing: bool = False
        """Whether somebody listens for slow handlers."""
        self.steps: Steps = steps_of(self.loop)
        self.looks: list[Look] = self.steps.joined_by(self)
        self.attention: bool = self.parked
        """Whether a hand-off has to look at `parked`, `timing` and `looks`: one question instead of three."""
        self.begun: float = 0.0
        """When the present hand-off began, if anybody wants to know."""

    def processes(self) -> Iterator[Process]:
        """All living processes: those without a supervisor by age, each before its children."""
        ready = list(reversed(self.rootless))
        while ready:
            process = ready.pop()
            yield process
            extras = process.extras
            if extras is not None and extras.children:
                ready.extend(reversed(extras.children))

    def own_task(
        self, coroutine: Coroutine[object, object, T], name: str, context: Context | None = None
    ) -> asyncio.Task[T]:
        """A task of the runtime's own, which awaits it or sees it off; in no process's context by default.

        Made like this it passes by the loop's task factory, so that nobody is asked whose it is.
        """
        made_in = context or self.contexts.base
        return asyncio.Task(coroutine, loop=self.loop, name=name, context=made_in)  # noqa: RG101  # see above

    def see_off(self, task: asyncio.Task[object]) -> None:
        """A task is about to end and its process knows it no more: a stop waits for it."""
        if not task.done():
            self.leaving.add(task)
            task.add_done_callback(self.leaving.discard, context=self.contexts.base)

    def later(self) -> None:
        """See to it that events and reports are given out soon, on nobody's stack."""
        if self._giving_out:
            return
        self._giving_out = True
        if threading.get_ident() == self.thread:
            self.loop.call_soon(self._give_out, context=self.contexts.base)
        else:
            self.loop.call_soon_threadsafe(self._give_out, context=self.contexts.base)

    def _give_out(self) -> None:
        self._giving_out = False
        self.reporter.flush()
        self.hub.flush()

    def _listeners_changed(self) -> None:
        self.timing = SlowHandler in self.hub.wanted
        if self.timing:
            self.begun = self.monotonic()
        self.looks_changed()

    def looks_changed(self) -> None:
        """Somebody began or ceased to look on."""
        hook = self.ports.step_hook is not None
        self.watched = self.timing or hook or bool(self.looks)
        self.attention = self.attention or self.timing or bool(self.looks)

    def look(self) -> None:
        """A step is over: have those look on who want to."""
        outer, self.handling = self.handling, None
        try:
            self.steps.over()
        finally:
            self.handling = outer

    def close_events(self) -> None:
        """The System is down: what is still to be told is told now."""
        self.reporter.flush()
        self.hub.shut()

    def hook_mailboxes(self, hook: MailboxHook) -> None:
        """From now on `hook` decides about each message, so all of them go through mailboxes."""
        self.transit = Transit(self, hook)
        self.hand_offs = self.hand_offs_left = 0
        self.guard()

    def guard(self) -> None:
        """Have every send take the long way from now on, where hooks and checks are."""
        self._guards += 1
        self.plain = False

    def unguard(self) -> None:
        """End one `guard`."""
        self._guards -= 1
        self.plain = not self._guards

    def forked(self) -> None:
        """This is the child of a fork: have every operation take the long way, to its error."""
        self.running = False
        self.parked = False
        self.hand_offs = self.hand_offs_left = 0
        self.guard()

    def check_fork(self) -> None:
        """Raise `ForkedSystem` in the child of a fork."""
        if os.getpid() != self.os_pid:
            raise ForkedSystem(self.name)

    def check_running(self) -> None:
        """Raise unless this System runs in this OS process.

        Raises:
            ForkedSystem, NotStarted: It doesn't.
        """
        self.check_fork()
        if not self.running:
            raise NotStarted(self.name, "stopped")

    def check_here(self, operation: str) -> None:
        """Raise unless this is the System's loop and thread.

        Raises:
            WrongThread, WrongLoop, NotStarted, ForkedSystem: It isn't.
        """
        if self.running and _running_loop() is self.loop:
            return
        self.check_running()
        if threading.get_ident() != self.thread:
            raise WrongThread(operation)
        raise WrongLoop(operation)


def _forked() -> None:
    for engine in list(ENGINES):
        engine.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
