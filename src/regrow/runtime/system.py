"""System: the owner of one tree of processes on one event loop."""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Never, TypeVar, final

from regrow.core.events import SystemStarted, SystemStopped
from regrow.core.hub import Hub
from regrow.core.options import Strategy
from regrow.core.ports import Ports
from regrow.core.reasons import KILLED, SHUTDOWN, ExitReason
from regrow.core.services import Service, check_services
from regrow.core.settings import Settings
from regrow.core.specs import ChildSpec, SupervisorSpec
from regrow.core.timeouts import Timeouts, TimeoutTable, read_factor
from regrow.errors import AlreadyStarted, NotStarted, StopTimeout, SystemFailed
from regrow.runtime.engine import Counters, Engine
from regrow.runtime.groups import Groups
from regrow.runtime.monitors import Monitors
from regrow.runtime.partition import partition_of
from regrow.runtime.pid import Pid, Ref
from regrow.runtime.process import Process
from regrow.runtime.registry import Registry
from regrow.runtime.start import spawn_process, start_child
from regrow.runtime.supervisor import supervisor
from regrow.runtime.timers import Timers

if TYPE_CHECKING:
    from typing import Self

S = TypeVar("S")
_incarnations = itertools.count(1)


@final
class System:
    """A supervision tree, and everything that its processes share: names, groups, timers, events.

    Everything is per System: two on one loop don't see each other. `async with system:` starts the
    tree and stops it at the end; `start()` and `stop()` do the same in two steps. If the root
    supervisor gives up, the body of the `async with` is cancelled and `SystemFailed` raised.

    Args:
        children: child specs, in the order of start.
        name: shown in Pids, default `"regrow"`.
        strategy, max_restarts, max_seconds: of the root supervisor; one_for_one, 3 in 5.0 s.
        services: started before and stopped after all children: see `rg.Service`.
        settings: the numbers it runs by.
        ports: clocks, random numbers, ids, threads, hooks.
        timeouts: the timeout table; `REGROW_TIMEOUT_FACTOR` in the environment scales it.
        debug: check threads at every send, note call sites and where tasks are made. Default False.
        strict: refuse tasks that no process owns. Default False.
        hand_off: run calls to idle `def` handlers on the caller's stack. Default True.
        indexes: metadata fields that `system.registry.find` looks up.
        redact: applied to messages and states before they are shown in reports and events.

    Raises:
        BadChildSpec, BadService, BadSetting: something can't be used; nothing is started yet.
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
        self.name: str = name
        self._spec = supervisor(
            children, id="root", strategy=strategy, max_restarts=max_restarts, max_seconds=max_seconds
        )
        self._services = check_services(services)
        self._settings = settings if settings is not None else Settings()
        self._ports = ports if ports is not None else Ports()
        self._timeouts = Timeouts(timeouts, factor=read_factor(os.environ))
        self._debug = debug
        self._strict = strict
        self._hand_off = hand_off
        self._indexes = indexes
        self._redact = redact
        self._hub = Hub(lambda: self._engine.loop.time() if self._engine is not None else math.nan)
        self._engine: Engine | None = None
        self._top: Process | None = None
        self._state = "not started"
        self._failure: ExitReason = None
        self._body: asyncio.Task[object] | None = None
        self._stopped: asyncio.Future[None] | None = None

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> Self:
        """Start services and children, in order; the first that fails undoes what had started.

        Raises:
            AlreadyStarted: it runs.
            ChildStartFailed: a child did not start; `child_id` and `reason` say which and why.
        """
        if self._state in ("starting", "running", "stopping"):
            raise AlreadyStarted(self.name, self._state)
        self._state = "starting"
        loop = asyncio.get_running_loop()
        engine = self._engine = Engine(
            name=self.name,
            incarnation=next(_incarnations),
            loop=loop,
            settings=self._settings,
            ports=self._ports,
            timeouts=self._timeouts,
            hub=self._hub,
            indexes=self._indexes,
            debug=self._debug,
            strict=self._strict,
            hand_off=self._hand_off,
            redact=self._redact,
        )
        self._failure = None
        self._stopped = loop.create_future()
        engine.ownership.begin()
        try:
            self._top = await start_child(engine, self._tree(), None)
        except BaseException:
            self._close()
            self._state = "not started"
            raise
        assert self._top is not None
        engine.root = self._root_of(self._top)
        engine.exits.when_down(self._top).add_done_callback(self._ended)
        self._state = "running"
        if self._settings.freeze_gc:
            gc.collect()
            gc.freeze()
        if SystemStarted in self._hub.wanted:
            self._hub.emit(SystemStarted(at=loop.time(), system=self.name))
        return self

    async def stop(self, *, timeout: float | None = None) -> None:
        """Stop the children in reverse order, then the services.

        Args:
            timeout: seconds after which what is left is killed, default `Settings.stop_timeout`.

        Raises:
            NotStarted: it isn't running.
            StopTimeout: it was not down in time and was killed.
        """
        engine = self._engine
        if engine is None or self._state not in ("running", "stopping") or self._top is None:
            raise NotStarted(self.name, self._state)
        engine.check_here("stop")
        self._state = "stopping"
        seconds = self._settings.stop_timeout if timeout is None else self._timeouts.resolve(timeout)
        late = False

        def kill() -> None:
            nonlocal late
            late = True
            self.kill()

        timer = engine.timers.internal(seconds, kill)
        engine.exits.shut_down(self._top, SHUTDOWN)
        assert self._stopped is not None
        await asyncio.shield(self._stopped)
        timer.cancel()
        if late:
            raise StopTimeout(self.name, seconds)

    def kill(self) -> None:
        """Kill the whole tree: no `terminate` runs."""
        engine = self._engine
        if engine is not None and self._top is not None:
            engine.exits.end(self._top, KILLED)

    async def __aenter__(self) -> Self:
        self._body = asyncio.current_task()
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        body, self._body = self._body, None
        if self._state == "running":
            await self.stop()
        if self._failure is not None:
            if isinstance(error, asyncio.CancelledError) and body is not None:
                body.uncancel()
            elif error is not None and not isinstance(error, asyncio.CancelledError):
                return  # what the body raised tells more
            raise SystemFailed(self.name, self._failure) from None

    def _tree(self) -> ChildSpec:
        if not self._services:
            return self._spec
        import msgspec

        children = [entry.spec for entry in self._services]
        main = msgspec.structs.replace(self._spec, restart="temporary", significant=True)
        spec = SupervisorSpec.of(
            [*children, main], strategy="rest_for_one", auto_shutdown="any_significant"
        )
        return msgspec.structs.replace(self._spec, id="top", args=(spec,))

    def _root_of(self, top: Process) -> Process:
        if not self._services or top.extras is None:
            return top
        return list(top.extras.children or ())[-1]

    def _ended(self, down: asyncio.Future[ExitReason]) -> None:
        """The top of the tree is down."""
        reason = down.result()
        wanted = self._state == "stopping"
        engine = self._engine
        assert engine is not None
        for process in list(engine.processes()):
            engine.exits.end(process, KILLED)
        waits = [engine.exits.when_down(process) for process in engine.processes()]
        if waits:
            asyncio.gather(*waits).add_done_callback(lambda _: self._finish(reason, wanted=wanted))
        else:
            self._finish(reason, wanted=wanted)

    def _finish(self, reason: ExitReason, *, wanted: bool) -> None:
        engine = self._engine
        assert engine is not None
        if SystemStopped in self._hub.wanted:
            self._hub.emit(SystemStopped(at=engine.loop.time(), system=self.name, reason=reason))
        self._close()
        self._state = "stopped" if wanted else "failed"
        if not wanted:
            self._failure = reason
            if self._body is not None:
                self._body.cancel()
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)

    def _close(self) -> None:
        engine = self._engine
        if engine is not None:
            engine.running = False
            engine.guard()
            engine.ownership.end()
            engine.threads.close()
            engine.timers.close()

    # -- what is in it -------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """`"not started"`, `"starting"`, `"running"`, `"stopping"`, `"stopped"` or `"failed"`."""
        return self._state

    @property
    def root(self) -> Pid[object]:
        """The root supervisor. Raises `NotStarted`."""
        root = self._running().root
        assert root is not None
        return root

    def ref(self, name: str, server: type[S]) -> Ref[S]:
        """A reference by name; nobody needs to hold the name yet."""
        return Ref(self._running(), name, server)

    def whereis(self, name: str) -> Pid[object] | None:
        """Who holds the name now, None if nobody does."""
        return self._running().names.get(name)

    def partition(self, name: str, key: object, server: type[S]) -> Ref[S]:
        """The partition of PartitionSupervisor `name` that `key` belongs to."""
        return partition_of(self._running(), name, key, server)

    def service(self, name: str) -> Service | ChildSpec:
        """What was given as a service under that name. Raises `KeyError`."""
        return next(entry.offered for entry in self._services if entry.name == name)

    def spawn(
        self, function: Callable[..., Coroutine[object, Never, object]], *args: object, name: str | None = None
    ) -> Pid[object]:
        """Run `function(*args)` as a plain process; it is killed when the System stops.

        Raises:
            NameTaken: another process has the name.
            BadTarget: the function is no `async def`.
        """
        return spawn_process(self._running(), function, args, name)

    @property
    def events(self) -> Hub:
        """The event hub; subscribers stay over a stop and a new start."""
        return self._hub

    @property
    def timeouts(self) -> Timeouts:
        """The timeout table with its run-time overrides."""
        return self._timeouts

    @property
    def registry(self) -> Registry:
        """Names, metadata, look-up."""
        return self._running().registry

    @property
    def groups(self) -> Groups:
        """Process groups."""
        return self._running().groups

    @property
    def monitors(self) -> Monitors:
        """The monitor table."""
        return self._running().monitors

    @property
    def timers(self) -> Timers:
        """The timers that are set."""
        return self._running().timers

    def processes(self) -> tuple[Pid[object], ...]:
        """All living processes, oldest first."""
        return tuple(sorted(self._running().processes(), key=lambda process: process.serial))

    def statistics(self) -> Counters:
        """A copy of the counts since the start."""
        import copy

        return copy.copy(self._running().counters)

    async def idle(self) -> None:
        """Return when nothing is left to run: no message to handle, no task that could go on.

        Timers that have not gone off, and what waits for the world outside, don't count.
        """
        from regrow.runtime.idle import idle

        await idle(self._running())

    def suspend(self, pid: Pid[object]) -> None:
        """Have a process handle no messages until `resume`; exit signals still reach it."""
        from regrow.runtime.idle import suspend

        suspend(self._running(), pid)

    def resume(self, pid: Pid[object]) -> None:
        """End `suspend`."""
        from regrow.runtime.idle import resume

        resume(self._running(), pid)

    @asynccontextmanager
    async def guest(self, *, name: str | None = None) -> AsyncIterator[Pid[object]]:
        """Make the current task a process for the length of the block: it may link, monitor, receive."""
        from regrow.runtime.guest import guest

        async with guest(self._running(), name) as pid:
            yield pid

    def _running(self) -> Engine:
        engine = self._engine
        if engine is None or not engine.running:
            raise NotStarted(self.name, self._state)
        engine.check_running()
        return engine

    def __repr__(self) -> str:
        return f"<System {self.name!r} {self._state}>"


