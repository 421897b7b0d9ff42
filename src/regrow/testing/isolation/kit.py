"""`Kit`: what one test has for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar, final, overload

from regrow.core.hub import Subscriber, Subscription
from regrow.core.options import Restart, ShutdownOption
from regrow.core.ports import RandomStreams
from regrow.core.specs import ChildSpec, child
from regrow.errors import KitNotOpen, NoKitSystem
from regrow.runtime.genserver import GenServer
from regrow.runtime.pid import Pid
from regrow.runtime.system import System
from regrow.testing.isolation.children import Children, Expected
from regrow.testing.isolation.identity import Identity
from regrow.testing.isolation.plan import Function, Plan, spec_of
from regrow.testing.isolation.teardown import Teardown

if TYPE_CHECKING:
    import random
    from types import TracebackType
    from typing import Self

__all__ = ("Kit",)

S = TypeVar("S", bound=GenServer)


@final
class Kit:
    """What one test has for itself, in an `async with` block. Made by `kit`.

    Attributes:
        mode: How much it has.
        test_id: Which test it is.
        seed: Of its random streams; from the test's id, unless it was given.
    """

    __slots__ = (
        "_children",
        "_identity",
        "_plan",
        "_streams",
        "_system",
        "_teardown",
        "mode",
        "seed",
        "test_id",
    )

    def __init__(self, plan: Plan) -> None:
        self.mode: Final = plan.mode
        self.test_id: Final = plan.test_id
        self.seed: Final = plan.seed
        self._plan = plan
        self._system: System | None = plan.system
        self._streams = RandomStreams(plan.seed)
        self._identity: Identity | None = None
        self._children: Children | None = None
        self._teardown = Teardown()

    # -- names and numbers ---------------------------------------------------------------------

    def unique_name(self, prefix: str = "") -> str:
        """A name that nobody else has: the same in every run, and of no other test, whichever worker runs it.

        Args:
            prefix: What it begins with; default: what the test is called.

        Raises:
            KitNotOpen: Outside the block.
        """
        return self._opened().unique(prefix)

    def random(self, name: str) -> random.Random:
        """A stream of random numbers of the test's own, the same in every run: one for each name."""
        return self._streams(f"test/{name}")

    @property
    def system(self) -> System:
        """The System of the test.

        Raises:
            KitNotOpen: Outside the block.
            NoKitSystem: In mode `"basic"`, if none was given.
        """
        self._opened()
        if self._system is None:
            raise NoKitSystem(self.test_id)
        return self._system

    # -- processes -----------------------------------------------------------------------------

    @overload
    async def start_supervised(
        self,
        target: type[S],
        *,
        name: str | None = None,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
        restart: Restart | None = None,
        shutdown: ShutdownOption = None,
    ) -> Pid[S]: ...
    @overload
    async def start_supervised(
        self, target: ChildSpec, *, server: type[S], name: str | None = None
    ) -> Pid[S]: ...
    @overload
    async def start_supervised(
        self,
        target: ChildSpec | Function,
        *,
        name: str | None = None,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
        restart: Restart | None = None,
        shutdown: ShutdownOption = None,
    ) -> Pid[object]: ...
    async def start_supervised(
        self,
        target: type[GenServer] | ChildSpec | Function,
        *,
        server: type[GenServer] | None = None,
        name: str | None = None,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
        restart: Restart | None = None,
        shutdown: ShutdownOption = None,
    ) -> Pid[object]:
        """Start a child under the test's own supervisor; it is stopped at the end, before all older ones.

        It is restarted as its spec says; a crash alone doesn't fail the test. An end that is not in order
        does: `terminate` that raises, or takes longer than its `shutdown`.

        Args:
            target: A GenServer class, an `async def` function, or a child spec.
            server: The class of a child spec, for type checkers.
            name: Register it under this name. Default: the spec's, or none.
            args: Positional arguments of `init`, or of the function.
            kwargs: Keyword arguments of the same.
            restart: As in `rg.child`. Default: the spec's, or `"permanent"`.
            shutdown: As in `rg.child`. Default: the spec's, or 5.0 seconds.

        Returns:
            The Pid of this incarnation.

        Raises:
            StartError, NameTaken, BadChildSpec: It did not start; what `Supervisor.start_child` raises.
            ChildIgnored: Its `init` returned `rg.Ignore`.
            KitSupervisorEnded: Another child used up the restart budget of the supervisor.
            KitNotOpen: Outside the block.
        """
        del server
        spec = spec_of(target, name=name, args=args, kwargs=kwargs, restart=restart, shutdown=shutdown)
        return await self._start(spec, is_watched=False)

    async def spawn_supervised(
        self, function: Function, *args: object, name: str | None = None
    ) -> Pid[object]:
        """Run `function(*args)` as a process of the test: messages to the Pid reach the function itself.

        It is never restarted. If it crashes the test fails at its end, unless `expect_crash` said that it
        would. At the end it is told to stop like any child: it is cancelled, or gets an `rg.Exit` if it traps
        exits.

        Args:
            function: An `async def`; it may `await rg.receive()`.
            args: Its arguments.
            name: Register it under this name, default none.

        Raises:
            BadChildSpec: The function is no `async def`, or doesn't take these arguments.
            NameTaken: Another process has the name.
            KitSupervisorEnded: A child used up the restart budget of the supervisor.
            KitNotOpen: Outside the block.
        """
        spec = child(function, name=name, args=args, restart="temporary")
        return await self._start(spec, is_watched=True)

    async def stop_supervised(self, pid: Pid[object]) -> None:
        """Stop a process of the test now, whatever it has become over restarts.

        Raises:
            NotStartedHere: This kit didn't start it, or has stopped it.
            StopFailed: It did not end in order.
            UnexpectedCrash, CrashMissing: What else is wrong with how it ended.
            ExceptionGroup: Of several of these.
        """
        children = self._processes()
        started = children.get(pid)
        self._teardown.remove(started)
        await children.stop(started)

    def expect_crash(
        self,
        pid: Pid[object],
        error: type[BaseException] | tuple[type[BaseException], ...] | None = None,
        *,
        match: str | None = None,
    ) -> None:
        """Say that a process of the test crashes: the test fails at its end if it doesn't, or not so.

        Args:
            pid: What `start_supervised` or `spawn_supervised` returned; it may have crashed already.
            error: The exception, or several. Default: any abnormal end.
            match: A pattern that is searched for in the reason as text, as `"ValueError: .*"`. Default: any.

        Raises:
            NotStartedHere: This kit didn't start it, or has stopped it.
        """
        self._processes().get(pid).expected = Expected(error, match)

    async def _start(self, spec: ChildSpec, *, is_watched: bool) -> Pid[object]:
        children = self._processes()
        pid = await children.start(spec, is_watched=is_watched)
        started = children.get(pid)
        self._teardown.add(started, partial(children.stop, started))
        return pid

    # -- other things --------------------------------------------------------------------------

    def add_cleanup(self, function: Callable[..., object], *args: object) -> None:
        """Have `function(*args)` called at the end, in its turn: before what was started earlier is stopped.

        Args:
            function: May be `async def`.
            args: Its arguments.
        """
        self._opened()
        self._teardown.add(function, partial(function, *args))

    def subscribe(self, prefix: str, callback: Subscriber) -> Subscription:
        """Subscribe to events of the System until the end of the test; nobody else's subscription is touched.

        Args:
            prefix: The name of an event or its beginning, up to a dot; `""` for all.
            callback: A plain function of the event.

        Raises:
            BadSubscription: As of `system.events.subscribe`.
            KitNotOpen: There is no System.
        """
        subscription = self.system.events.subscribe(prefix, callback)
        self._teardown.add(subscription, subscription.close)
        return subscription

    # -- the block -----------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._identity is not None:
            raise KitNotOpen(self.test_id, entered=True)
        own_globals = self._plan.own_globals
        if own_globals is not None:
            own_globals.begin()
        self._identity = Identity(self.test_id)
        try:
            if self.mode != "basic":
                self._system = await self._plan.started_system(self._identity.system_name)
            if self._system is not None:
                self._children = Children(self._system, f"kit {self._identity.system_name}")
                await self._children.open()
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        teardown = self._teardown
        await teardown.run()
        system = self._system
        if system is not None and system.state == "running" and self._children is not None:
            await teardown.take(self._children.close)
        if system is not None and self.mode != "basic":
            error = await self._stop_system(system, error)
        if self._plan.own_globals is not None:
            await teardown.take(self._plan.own_globals.end)
        self._opened().close()
        self._identity = self._children = None
        teardown.finish(error, self.test_id)

    async def _stop_system(self, system: System, error: BaseException | None) -> BaseException | None:
        """Stop it. Gives the error of the test, None if that was only that the System had failed."""
        # Shown a cancellation, it knows whether it was its own.
        cancelled = error if isinstance(error, asyncio.CancelledError) else None
        kind = None if cancelled is None else type(cancelled)
        await self._teardown.take(partial(system.__aexit__, kind, cancelled, None))
        task = asyncio.current_task()
        is_over = system.state == "failed" and task is not None and not task.cancelling()
        return None if cancelled is not None and is_over else error

    def _opened(self) -> Identity:
        if self._identity is None:
            raise KitNotOpen(self.test_id)
        return self._identity

    def _processes(self) -> Children:
        self._opened()
        if self._children is None:
            raise NoKitSystem(self.test_id)
        return self._children
