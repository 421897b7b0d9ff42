"""One life of a System: from its start until nothing of it is left on the loop."""

# regrow: file-ignore[RG402] a System's life goes on until its tree is down, whoever is cancelled

from __future__ import annotations

import asyncio
import gc
import logging
from typing import TYPE_CHECKING, ClassVar, TypeVar, final

from regrow.core.events import SystemStarted, SystemStopped
from regrow.core.reasons import KILLED, SHUTDOWN, ExitReason
from regrow.core.specs import ChildSpec
from regrow.errors import RegrowError, StopTimeout, SystemFailed
from regrow.runtime.after import End, Failed, Stop
from regrow.runtime.extensions import stop_extensions
from regrow.runtime.process import DEAD, STARTING, STOPPING, Process, current_process
from regrow.runtime.start import start_child

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine

T = TypeVar("T")
_log = logging.getLogger("regrow.system")


@final
class Life:
    """Starts the tree, waits for its end, sweeps out what is left, and tells how it went.

    A task of its own does this, so that nobody who starts or stops a System, and is cancelled
    meanwhile, leaves half of one behind.
    """

    __slots__ = (
        "_asked",
        "_body",
        "_body_cancelled",
        "_ended",
        "_engine",
        "_interrupted",
        "_late",
        "_late_told",
        "_spec",
        "_started",
        "_task",
        "failure",
        "state",
        "top",
    )

    def __init__(self, engine: Engine, spec: ChildSpec) -> None:
        self.state: str = "starting"
        self.top: Process | None = None
        self.failure: ExitReason = None
        self._engine = engine
        self._spec = spec
        self._asked = False
        self._late: float | None = None
        self._late_told = False
        self._interrupted = False
        self._body: asyncio.Task[object] | None = None
        self._body_cancelled = False
        self._started: asyncio.Future[None] = engine.loop.create_future()
        self._ended: asyncio.Future[None] = engine.loop.create_future()
        self._task: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing of it is left."""
        return self._ended.done()

    # -- the life itself -----------------------------------------------------------------------

    async def start(self) -> None:
        """Start the tree. A start that is cancelled is undone, in order, before it says so."""
        engine = self._engine
        engine.interrupt = self.interrupt
        engine.ownership.begin()
        self._task = engine.own_task(self._live(), f"{engine.name} (system)")
        try:
            await asyncio.shield(self._started)
        except asyncio.CancelledError:
            self.begin_stop(engine.settings.stop_timeout)
            await self._until_over()
            raise
        except RegrowError:
            if self._interrupted:
                raise KeyboardInterrupt from None
            raise

    async def _live(self) -> None:
        engine = self._engine
        try:
            self.top = await start_child(engine, self._spec, None)
            assert self.top is not None
            down = engine.exits.when_down(self.top)
            self._up()
        except BaseException as error:  # noqa: BLE001  # it goes on to who started
            await self._sweep()
            self._over("not started", SHUTDOWN)
            self._started.set_exception(error)
            self._started.exception()  # who started may have gone
            return
        try:
            reason = await asyncio.shield(down)
        except asyncio.CancelledError:
            _log.warning("system %r is killed: its loop is being closed before it was stopped", engine.name)
            self.kill()
            await _undisturbed(down)
            reason = down.result()
        if self.state == "running":
            self.state = "stopping"
        await self._sweep()
        self._over("stopped" if self._asked else "failed", reason)

    def _up(self) -> None:
        engine = self._engine
        self.state = "running"
        if engine.settings.freeze_gc:
            _Frozen.enter()
        if SystemStarted in engine.hub.wanted:
            engine.hub.emit(SystemStarted(at=engine.loop.time(), system=engine.name))
        self._started.set_result(None)

    async def _sweep(self) -> None:
        """End what no supervisor has ended: spawned processes, guests, children of the killed."""
        engine = self._engine
        engine.closing = True
        while left := list(engine.processes()):
            downs = [engine.exits.when_down(process) for process in left]
            for process in left:
                engine.exits.end(process, KILLED)
            await _undisturbed(*downs)
        if engine.leaving:
            # Cancelled tasks have as long as a killed process has.
            await _undisturbed(*engine.leaving, timeout=engine.settings.kill_grace)

    def _over(self, state: str, reason: ExitReason) -> None:
        engine = self._engine
        if engine.settings.freeze_gc and self._started.done():
            _Frozen.leave()
        if state != "not started" and SystemStopped in engine.hub.wanted:
            engine.hub.emit(SystemStopped(at=engine.loop.time(), system=engine.name, reason=reason))
        engine.running = False
        stop_extensions(engine)
        engine.guard()
        engine.interrupt = None
        engine.ownership.end()
        engine.threads.close()
        engine.timers.close()
        self.top = self._task = None
        self.state = state
        self.failure = reason if state == "failed" else None
        engine.close_events()
        self._ended.set_result(None)
        if self._body is not None and (state == "failed" or self._interrupted):
            self._body_cancelled = True
            self._body.cancel()
        elif self._body is None and state == "failed":
            _log.error("%s", SystemFailed(engine.name, reason))

    # -- its end -------------------------------------------------------------------------------

    def begin_stop(self, seconds: float) -> None:
        """Have the tree stop, in order; what is left of it after `seconds` is killed."""
        engine = self._engine
        top = self.top
        if self.state == "starting":
            for process in list(engine.processes()):
                if process.status == STARTING and process.task is not None:
                    engine.exits.end(process, SHUTDOWN)  # the start fails, and is undone
        elif self.state == "running" and top is not None:
            ending = top.status in (STOPPING, DEAD) or isinstance(top.after, Stop | End | Failed)
            self._asked = not ending  # a root that has given up has failed, whoever says stop now
            self.state = "stopping"
            stop_extensions(engine)
            engine.exits.shut_down(top, SHUTDOWN)
        if not self.over:
            engine.timers.internal(seconds, lambda: self.expire(seconds))

    def expire(self, seconds: float) -> None:
        """The time for an orderly stop is over: kill what is left."""
        if not self.over:
            self._late = seconds
            self.kill()

    def kill(self) -> None:
        """End every process at once; no `terminate` runs."""
        engine = self._engine
        if self.over:
            return
        if self.state == "running":
            self._asked = True
            self.state = "stopping"
        for process in list(engine.processes()):
            engine.exits.end(process, KILLED)
        if self.state == "starting" and self._task is not None:
            self._task.cancel()

    def interrupt(self) -> None:
        """A KeyboardInterrupt has hit a process: stop in order, at the second time at once."""
        if self._interrupted or self.state == "stopping":
            self.kill()
        self._interrupted = True
        self.begin_stop(self._engine.settings.stop_timeout)

    async def stop(self, seconds: float) -> None:
        """See `System.stop`."""
        if not self.over:
            self._engine.check_here("stop")
            self.begin_stop(seconds)
            inside = current_process.get(None)
            if inside is not None and inside.engine is self._engine and inside.status != DEAD:
                return  # it would wait for its own end
            await self._until_over()
        self._tell()
        if self._late is not None:
            self._late_told = True
            raise StopTimeout(self._engine.name, self._late)

    async def wait(self) -> None:
        """See `System.wait`."""
        await asyncio.shield(self._ended)
        self._tell()

    async def _until_over(self) -> None:
        """Wait for the end; a cancel means that there is no more time for an orderly one."""
        try:
            await asyncio.shield(self._ended)
        except asyncio.CancelledError:
            self.kill()
            await _undisturbed(self._ended)
            raise

    def _tell(self) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        if self.state == "failed":
            raise SystemFailed(self._engine.name, self.failure)

    # -- the body of `async with` --------------------------------------------------------------

    def enter(self, body: asyncio.Task[object] | None) -> None:
        """From now on a failure cancels `body`."""
        if self.over:
            self._tell()
        self._body = body

    async def leave(self, error: BaseException | None) -> None:
        """The body is left, with `error`: stop, and raise what there is to say beside it."""
        body, self._body = self._body, None
        cancelled = False
        try:
            self.begin_stop(self._engine.settings.stop_timeout)
            await self._until_over()
        except asyncio.CancelledError:
            cancelled = True
        if self._body_cancelled and body is not None:
            body.uncancel()
        if self._interrupted:
            raise KeyboardInterrupt from error
        problem = self._problem()
        if problem is None:
            if cancelled:
                raise asyncio.CancelledError
        elif isinstance(error, type(problem)):
            return  # told already
        elif error is None or isinstance(error, RegrowError | asyncio.CancelledError):
            raise problem from error if isinstance(error, RegrowError) else None
        else:
            error.add_note(str(problem))  # what the body raised tells more

    def _problem(self) -> RegrowError | None:
        if self.state == "failed":
            return SystemFailed(self._engine.name, self.failure)
        if self._late is None or self._late_told:
            return None
        return StopTimeout(self._engine.name, self._late)


async def _undisturbed(*awaited: asyncio.Future[T], timeout: float | None = None) -> None:
    """Wait for all of them, whoever cancels: each is bound to end."""
    loop = asyncio.get_running_loop()
    until = None if timeout is None else loop.time() + timeout
    while waiting := [future for future in awaited if not future.done()]:
        left = None if until is None else until - loop.time()
        if left is not None and left <= 0:
            return
        try:
            await asyncio.wait(waiting, timeout=left)
        except asyncio.CancelledError:
            continue


class _Frozen:
    """Who has had the garbage collector leave alone what there was; the last one out undoes it."""

    count: ClassVar[int] = 0

    @classmethod
    def enter(cls) -> None:
        cls.count += 1
        gc.collect()
        gc.freeze()

    @classmethod
    def leave(cls) -> None:
        cls.count -= 1
        if cls.count == 0:
            gc.unfreeze()
