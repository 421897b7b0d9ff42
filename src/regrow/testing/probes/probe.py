"""`Probe`: a process that notes what it gets, and the test's handle on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import chain, count
from typing import Generic, cast, overload

from typing_extensions import TypeVar, override

from regrow.core.options import Restart
from regrow.core.specs import ChildSpec, child
from regrow.errors.probes import BadProbe, NotReceived, ProbeNotRunning, ReceivedAfterAll
from regrow.runtime import plain
from regrow.runtime.genserver import GenServer
from regrow.runtime.monitors import Monitor
from regrow.runtime.pid import Pid, Ref
from regrow.runtime.supervisor import Supervisor
from regrow.runtime.system import System
from regrow.testing.probes.patterns import Pattern
from regrow.testing.probes.records import Received, Records
from regrow.testing.probes.stand_in import DO, check_replies, stand_in
from regrow.testing.waiting.watch import checked_seconds, until

S = TypeVar("S", bound=GenServer, default=GenServer)
T = TypeVar("T")
R = TypeVar("R", bound=GenServer)

__all__ = ("Probe",)

CONTROL_TIMEOUT = 5.0
"""Seconds that a probe may take to start, or to set a link or a monitor."""


class Probe(Generic[S]):
    """A process that notes what it gets, and can be asked about it.

    `Probe()` takes plain sends, DOWN and EXIT. `Probe.of(Counter)` stands in for a server class: it takes its
    calls and casts too, with the same types, and answers as it is told. The process comes from
    `probe.child_spec(name=...)`, wherever a child spec can stand, or from `await probe.start(system)`::

        probe = rt.Probe.of(Counter, replies={"increment": 5})
        async with rg.System([probe.child_spec(name="counter"), rg.child(Shop, name="shop")]) as system:
            ...  # whatever makes the shop count
            await probe.expect(Counter.increment(1))

    It traps exits, so that whoever it is linked to may crash. What it got stays known when it is
    restarted, and after the end of the System.
    """

    __test__ = False

    def __init__(self) -> None:
        self._records = Records()
        self._replies: dict[str, object] = {}
        self._stands_for: type[GenServer] = GenServer
        self._pid: Pid[S] | None = None
        self._server = stand_in(GenServer, self._records, self._replies, self._born)

    @classmethod
    def of(cls, server: type[R], *, replies: Mapping[str, object] | None = None) -> Probe[R]:
        """A probe that stands in for `server`.

        Args:
            server: A GenServer class, not a supervisor. Its own `init`, handlers and callbacks never run.
            replies: What calls are answered with, by the handler's name. A function, plain or async, is
                called with the arguments of the call and returns the answer; an exception is raised, and is
                an answer if the handler declares it, else the probe's crash; anything else is the answer.
                A call without a reply ends at its caller with `NoReply`. Default: none.

        Raises:
            BadProbe: No probe can stand in for that, or a reply is for no call of it.
        """
        probe: Probe[R] = Probe()
        probe._stands_for = server
        probe._server = stand_in(server, probe._records, probe._replies, probe._born)
        probe.reply_with(**(replies or {}))
        return probe

    def reply_with(self, **replies: object) -> None:
        """Set replies from now on, beside those there are: `probe.reply_with(increment=6)`.

        Raises:
            BadProbe: One is for no call of the class it stands in for.
        """
        check_replies(self._stands_for, replies)
        self._replies.update(replies)

    # -- its process ---------------------------------------------------------------------------

    def child_spec(
        self,
        *,
        name: str | None = None,
        id: str | None = None,
        restart: Restart = "permanent",
    ) -> ChildSpec:
        """A child spec for its process; one process at a time.

        Args:
            name: The name to register it under. Default: none.
            id: Its id among its siblings. Default: `name`, or else `"probe"`.
            restart: As in `rg.child`, default `"permanent"`.
        """
        return child(self._server, name=name, id=id or name or "probe", restart=restart)

    async def start(self, system: System, *, name: str | None = None) -> Pid[S]:
        """Start it as a temporary child of the root supervisor of `system`, and return its Pid.

        Args:
            system: A System that runs.
            name: The name to register it under. Default: none.

        Raises:
            NotStarted: The System doesn't run.
            NameTaken: Another process has the name.
            DuplicateChild: A child of the root has that name for its id.
        """
        others = await system.root.call(Supervisor.which_children(), timeout=CONTROL_TIMEOUT)
        taken = {one.id for one in others}
        free = next(one for one in chain(["probe"], map("probe {}".format, count(2))) if one not in taken)
        spec = self.child_spec(name=name, id=name or free, restart="temporary")
        await system.root.call(Supervisor.start_child(spec), timeout=CONTROL_TIMEOUT)
        return self.pid

    @property
    def pid(self) -> Pid[S]:
        """Its process.

        Raises:
            ProbeNotRunning: It has none, or not any more.
        """
        pid = self._pid
        if pid is None or not pid.alive:
            raise ProbeNotRunning(self)
        return pid

    async def monitor(self, target: Pid[object] | Ref[object] | str) -> Monitor:
        """Have its process monitor `target`; `await probe.expect(rg.Down)` then waits for its end."""
        return await self._inside(lambda: plain.monitor(target))

    async def demonitor(self, monitor: Monitor) -> None:
        """End such a monitor."""
        await self._inside(lambda: plain.demonitor(monitor))

    async def link(self, pid: Pid[object]) -> None:
        """Link its process to `pid`; `await probe.expect(rg.Exit)` then waits for its end."""
        await self._inside(lambda: plain.link(pid))

    async def unlink(self, pid: Pid[object]) -> None:
        """End such a link."""
        await self._inside(lambda: plain.unlink(pid))

    # -- what it got ---------------------------------------------------------------------------

    @property
    def received(self) -> tuple[Received, ...]:
        """All that it got so far, oldest first, whether or not it was expected."""
        return tuple(self._records.received)

    @overload
    async def expect(self, pattern: type[T], *, timeout: float = 1.0) -> T: ...
    @overload
    async def expect(self, pattern: object, *, timeout: float = 1.0) -> object: ...
    async def expect(self, pattern: object, *, timeout: float = 1.0) -> object:
        """Wait until it has got what matches `pattern`, and return that message.

        What came before the call counts as well, but each message is expected once: the second of two
        equal expectations needs a second message. Messages that don't match stay for later expectations.

        Args:
            pattern: A type, or a tuple of types; a message, `Counter.increment(5)`; a handler,
                `Counter.increment`, for any message of it; a function of the message that says whether it
                is the one (where it raises, it isn't); or any other value, which has to be equal.
            timeout: Seconds of the loop's time, default 1.0.

        Raises:
            NotReceived: It hadn't got it in time. The text has all that it got.
            BadWait: The timeout is no such number.
        """
        found = await self._expect((pattern,), timeout)
        return found[0]

    async def expect_in_order(self, *patterns: object, timeout: float = 1.0) -> list[object]:
        """Wait until it has got what matches each of `patterns`, in this order, and return these messages.

        Others may have come in between.

        Args:
            patterns: At least two, each as in `expect`.
            timeout: Seconds of the loop's time for all of it, default 1.0.

        Raises:
            NotReceived: It hadn't got them in that order in time.
            BadProbe: There are fewer than two.
            BadWait: The timeout is no such number.
        """
        if len(patterns) < 2:
            raise BadProbe(patterns, "an order is of two messages or more; use expect for one")
        return await self._expect(patterns, timeout)

    async def expect_no(self, pattern: object, *, for_: float) -> None:
        """Wait for `for_` seconds, and fail at once if it gets what matches `pattern`.

        A message that it had got before, and that was never expected, counts as well.

        Args:
            pattern: As in `expect`; `object` for anything at all.
            for_: Seconds of the loop's time; on virtual time they cost nothing.

        Raises:
            ReceivedAfterAll: It got it.
            BadWait: `for_` is no such number.
        """
        seconds = checked_seconds("for_", for_)
        unwanted = Pattern(pattern)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        records = self._records
        if await until(lambda: bool(records.find([unwanted])), seconds):
            place = records.find([unwanted])[0]
            raise ReceivedAfterAll(
                self, unwanted.text, loop.time() - begun, found=records.text(place), received=records.texts()
            )

    @override
    def __repr__(self) -> str:
        of = f" of {self._stands_for.__qualname__}" if self._stands_for is not GenServer else ""
        name = f" {self._pid.registered_name!r}" if self._pid and self._pid.registered_name else ""
        return f"<Probe{of}{name}>"

    # -- inside --------------------------------------------------------------------------------

    async def _expect(self, patterns: tuple[object, ...], timeout: float) -> list[object]:
        seconds = checked_seconds("timeout", timeout)
        wanted = [Pattern(pattern) for pattern in patterns]
        records = self._records
        if await until(lambda: len(records.find(wanted)) == len(wanted), seconds):
            return records.take(records.find(wanted))
        raised = next((one for one in wanted if one.error is not None), None)
        trouble = "" if raised is None else f"a pattern raised {raised.error!r}, at a message it isn't for"
        raise NotReceived(
            self,
            [one.text for one in wanted],
            seconds,
            came=len(records.find(wanted)),
            received=records.texts(),
            trouble=trouble,
        ) from None if raised is None else raised.error

    async def _inside(self, what: Callable[[], T]) -> T:
        """Have its process do something."""
        make = getattr(self._server, DO)
        return cast("T", await self.pid.call(make(what), timeout=CONTROL_TIMEOUT))

    def _born(self, server: GenServer) -> None:
        self._pid = cast("Pid[S]", server.pid)
