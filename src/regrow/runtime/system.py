"""System: the owner of one tree of processes on one event loop."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Never, TypeVar, cast, final, overload

from regrow.core.arguments import check_run, check_system
from regrow.core.hub import Hub
from regrow.core.options import Strategy
from regrow.core.ports import Ports, ports_of
from regrow.core.services import Service, ServiceEntry, check_services
from regrow.core.settings import Settings
from regrow.core.show import shower
from regrow.core.specs import ChildSpec
from regrow.core.timeouts import Timeouts, TimeoutTable, read_factor
from regrow.errors import AlreadyStarted, NoSuchService, NotAProcess, NotStarted
from regrow.runtime.access import Access
from regrow.runtime.engine import Engine
from regrow.runtime.life import Life
from regrow.runtime.lifespan import ASGIApp, lifespan, wrap
from regrow.runtime.pid import Pid, Timeout
from regrow.runtime.process import current_process
from regrow.runtime.run import LoopFactory, run
from regrow.runtime.supervisor import Supervisor, supervisor
from regrow.runtime.top import Top, with_services
from regrow.runtime.tree import tree

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")
_incarnations = itertools.count(1)


@final
class System(Access):
    """A supervision tree, and everything that its processes share: names, groups, timers, events.

    Everything is per System: two on one loop don't see each other. `async with system:` starts the
    tree and stops it at the end; `start()` and `stop()` do the same in two steps. If the root
    supervisor gives up, the body of the `async with` is cancelled and `SystemFailed` raised.

    Args:
        children: Child specs, in the order of start.
        name: Shown in Pids, default `"regrow"`.
        strategy, max_restarts, max_seconds: Of the root supervisor; one_for_one, 3 in 5.0 s.
        services: Started before and stopped after all children: see `rg.types.Service`.
        settings: The numbers it runs by.
        ports: Clocks, random numbers, ids, threads, hooks. Default: what the loop offers by
            `regrow_ports()`, as test loops do, else the real world.
        timeouts: The timeout table; `REGROW_TIMEOUT_FACTOR` in the environment scales it.
        debug: Check threads at every send, note call sites and where tasks are made. Default False.
        strict: Refuse tasks that no process owns. Default False.
        hand_off: Run calls to idle `def` handlers on the caller's stack. Default True.
        indexes: Metadata fields that `system.registry.find` looks up.
        redact: Applied to messages and states before they are shown in reports and events.

    Raises:
        BadChildSpec, BadService, BadSetting: Something can't be used; nothing is started yet.
    """

    def __init__(
        self,
        children: Iterable[ChildSpec] = (),
        *,
        name: str = "regrow",
        strategy: Strategy = "one_for_one",
        max_restarts: int = 3,
        max_seconds: float = 5.0,
        services: Iterable[Service | ChildSpec] = (),
        settings: Settings | None = None,
        ports: Ports | None = None,
        timeouts: TimeoutTable | None = None,
        debug: bool = False,
        strict: bool = False,
        hand_off: bool = True,
        indexes: tuple[str, ...] = (),
        redact: Callable[[object], object] | None = None,
    ) -> None:
        check_system(
            name=name,
            services=services,
            settings=settings,
            ports=ports,
            timeouts=timeouts,
            debug=debug,
            strict=strict,
            hand_off=hand_off,
            indexes=indexes,
            redact=redact,
        )
        self.name: str = name
        self._spec = supervisor(
            children, id="root", strategy=strategy, max_restarts=max_restarts, max_seconds=max_seconds
        )
        self._services = tuple(services)
        self._entries = check_services(self._services)
        self._settings = settings if settings is not None else Settings()
        self._ports = ports
        self._timeouts = Timeouts(timeouts, factor=read_factor(os.environ))
        self._debug = debug
        self._strict = strict
        self._hand_off = hand_off
        self._indexes = indexes
        self._redact = redact
        self._hub = Hub(
            lambda: self._engine.loop.time() if self._engine is not None else math.nan, shower(redact)
        )
        self._engine: Engine | None = None
        self._life: Life | None = None
        self._whole(self._entries)

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> Self:
        """Start services and children, in order; the first that fails undoes what had started.

        For notebooks and the like, where no block is at hand; `stop()` is its other half, and
        `wait()` tells of a failure. A start that is cancelled is undone first.

        Raises:
            AlreadyStarted: It runs.
            ChildStartFailed: A child did not start; `child_id` and `reason` say which and why.
        """
        if self._life is not None and not self._life.over:
            raise AlreadyStarted(self.name, self._living().state)
        if self._life is not None:
            self._entries = check_services(self._services)  # asked once per start
        loop = asyncio.get_running_loop()
        engine = self._engine = Engine(
            name=self.name,
            incarnation=next(_incarnations),
            loop=loop,
            settings=self._settings,
            ports=self._ports if self._ports is not None else ports_of(loop),
            timeouts=self._timeouts,
            hub=self._hub,
            indexes=self._indexes,
            debug=self._debug,
            strict=self._strict,
            hand_off=self._hand_off,
            redact=self._redact,
        )
        engine.system = self
        self._life = Life(engine, self._whole(self._entries))
        await self._life.start()
        return self

    async def stop(self, *, timeout: Timeout | None = None) -> None:
        """Stop the children in reverse order, then the services; then whatever else runs is killed.

        Stopping what has stopped does nothing. Inside a process of the System it returns at once,
        and the process ends with the rest. If it is cancelled, what is left is killed.

        Args:
            timeout: Seconds after which what is left is killed, or a name from the timeout table;
                default `Settings.stop_timeout`.

        Raises:
            NotStarted: It never ran.
            StopTimeout: It was not down in time and was killed.
            SystemFailed: The root supervisor had given up before.
        """
        seconds = self._settings.stop_timeout if timeout is None else self._timeouts.resolve(timeout)
        await self._living().stop(seconds)

    async def wait(self) -> None:
        """Return when the System has been stopped.

        Raises:
            NotStarted: It never ran.
            SystemFailed: The root supervisor gave up.
        """
        await self._living().wait()

    def kill(self) -> None:
        """End every process at once: no `terminate` runs. `wait()` tells when all have ended.

        Raises:
            NotStarted: It never ran.
        """
        self._living().kill()

    async def __aenter__(self) -> Self:
        await self.start()
        self._living().enter(asyncio.current_task())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._living().leave(error)

    @overload
    def run(self, *, loop_factory: LoopFactory | None = None) -> None: ...
    @overload
    def run(
        self,
        main: Callable[[System], Coroutine[object, Never, T]],
        *,
        loop_factory: LoopFactory | None = None,
    ) -> T | None: ...
    def run(
        self,
        main: Callable[[System], Coroutine[object, Never, T]] | None = None,
        *,
        loop_factory: LoopFactory | None = None,
    ) -> T | None:
        """Run the System, and `main(system)` in it, on an event loop of its own, until `main` returns.

        SIGTERM and SIGINT cancel `main`, then stop the tree in order, both within
        `Settings.stop_timeout`; a second SIGINT kills at once. The handlers that were there are put
        back in the end, and none are set outside the main thread.

        Args:
            main: An `async def` of one argument; default: wait until the System is stopped.
            loop_factory: Makes the loop, for example `uvloop.new_event_loop`; default asyncio's.

        Returns:
            What `main` returned; None if a signal came first.

        Raises:
            BadSetting: `main` is no `async def` function, or `loop_factory` no function.
            LoopRunning: There is a loop already; use `async with system:` there.
            SystemFailed: The root supervisor gave up.
            StopTimeout: It was not down in time and was killed.
            KeyboardInterrupt: Of the second SIGINT, or raised in a process.
        """
        check_run(main=main, loop_factory=loop_factory)
        return run(self, main, loop_factory)

    def lifespan(self, app: object) -> AbstractAsyncContextManager[None]:  # noqa: ARG002  # the frameworks give it
        """For ASGI frameworks: `Starlette(lifespan=system.lifespan)` starts and stops it with the app."""
        return lifespan(self)

    def asgi(self, app: ASGIApp) -> ASGIApp:
        """Wrap any ASGI app so that the System starts before it and stops after it."""
        return wrap(self, app)

    def _whole(self, entries: tuple[ServiceEntry, ...]) -> ChildSpec:
        return with_services(entries, self._spec) if entries else self._spec

    def _living(self) -> Life:
        if self._life is None:
            raise NotStarted(self.name, "not started")
        if self._engine is not None and not self._life.over:
            self._engine.check_fork()
        return self._life

    # -- what is in it -------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """`"not started"`, `"starting"`, `"running"`, `"stopping"`, `"stopped"` or `"failed"`."""
        return "not started" if self._life is None else self._life.state

    @property
    def strict(self) -> bool:
        """Whether tasks that no process owns are refused. It can be set while the System doesn't run.

        Raises:
            AlreadyStarted: It is set while the System runs.
            BadSetting: It is set to something else than True or False.
        """
        return self._strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        if self._life is not None and not self._life.over:
            raise AlreadyStarted(self.name, self._living().state)
        check_system(strict=strict)
        self._strict = strict

    @property
    def settings(self) -> Settings:
        """The numbers it runs by."""
        return self._settings

    @property
    def root(self) -> Pid[Supervisor]:
        """The root supervisor. Raises `NotStarted`, also while a lost service has it restarted."""
        self._running()
        top = self._living().top
        root = top.instance.root if top is not None and isinstance(top.instance, Top) else top
        if root is None:
            raise NotStarted(self.name, "starting")
        return cast("Pid[Supervisor]", root)

    def tree(self, *, limit: int = 100) -> str:
        """The processes as text, one a line, each under its supervisor.

        Args:
            limit: How many children of one supervisor are shown, default 100.
        """
        return tree(self._running(), self.state, limit)

    def service(self, name: str) -> Service | ChildSpec:
        """What was given as a service under that name.

        Raises:
            NoSuchService: There is none.
        """
        for entry in self._entries:
            if entry.name == name:
                return entry.offered
        raise NoSuchService(name, tuple(entry.name for entry in self._entries))

    @property
    def events(self) -> Hub:
        """The event hub; subscribers stay over a stop and a new start."""
        return self._hub

    @property
    def timeouts(self) -> Timeouts:
        """The timeout table with its run-time overrides."""
        return self._timeouts

    def _running(self) -> Engine:
        engine = self._engine
        if engine is not None:
            engine.check_fork()
        if engine is None or not engine.running:
            raise NotStarted(self.name, self.state)
        return engine

    def __repr__(self) -> str:
        return f"<System {self.name!r} {self.state}>"


def current_system() -> System:
    """The System of the process that this code runs in.

    Raises:
        NotAProcess: It runs in none.
    """
    process = current_process.get(None)
    if process is None or process.engine.system is None:
        raise NotAProcess("rg.current_system()")
    return process.engine.system
