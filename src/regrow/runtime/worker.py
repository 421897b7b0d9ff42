"""A process's own task, for `async def` and blocking handlers.

The task handles one message at a time, stays warm for a moment in case another comes, and ends.
Nothing of one message reaches the next: a task that somebody cancelled is not used again.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, cast, final

from regrow.core.reasons import NORMAL
from regrow.runtime.after import End, Failed, ProcessExit
from regrow.runtime.items import Request
from regrow.runtime.process import IDLE, RUNNING
from regrow.runtime.resume import resume

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process
    from regrow.runtime.timers import Timer


@final
class Workers:
    """Starts, warms and ends the own tasks of one System's processes."""

    __slots__ = ("_alive", "_engine", "_paced", "_stretch", "_sweep", "_warm", "receiving")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._alive = 0
        self._paced: deque[asyncio.Future[None]] = deque()
        self._warm: dict[Process, int] = {}
        # Virtual time stands still while a task runs, so that there counts alone end a turn.
        self._stretch: float = engine.settings.turn_messages if engine.ports.virtual else math.inf
        self._sweep: Timer | None = None
        self.receiving: int = 0
        """Own tasks that wait in `receive`."""

    @property
    def outside(self) -> int:
        """Own tasks that wait for something else than a message: the runtime isn't told when they go on."""
        warm = sum(process.wakeup is not None for process in list(self._warm))
        return self._alive - warm - self.receiving

    # -- starting ------------------------------------------------------------------------------

    def start(self, process: Process, entry: Entry, argument: object) -> None:
        """Have `process`'s own task run this callback, and what comes after it."""
        self.run(process, self._serve(process, entry, argument))

    def run(self, process: Process, coroutine: Coroutine[object, object, None]) -> None:
        """Run `coroutine` as the own task of `process`; its end is looked at by the next turn."""
        engine = self._engine
        if process.task is not None:
            self.detach(process)  # a warm one, from before a hand-off: its end isn't that of the process
        context = process.context or engine.contexts.make(process)
        task = engine.own_task(coroutine, process.name or process.kind, context)
        process.task = task
        self._alive += 1
        if engine.parked:
            engine.threads.unpark()
        task.add_done_callback(partial(self._ended, process), context=engine.contexts.base)

    def job(self, process: Process, coroutine: Coroutine[object, object, object]) -> None:
        """Go on with a handler that began on the scheduler."""
        going_on = self._go_on(process, coroutine)
        # Begun here, so that a kill before the task's first step is thrown to where the handler waits.
        self.run(process, resume(going_on, going_on.send(None)))  # type: ignore[arg-type]

    def ask_init(
        self, process: Process, entry: Entry, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> asyncio.Future[object]:
        """Run an async `init` on the process's own task; the future is of what it returns."""
        future: asyncio.Future[object] = self._engine.loop.create_future()
        self.run(process, self._init(process, entry, args, kwargs, future))
        return future

    def plain(
        self,
        process: Process,
        function: Callable[..., Awaitable[object]],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        """Run the function of a plain process."""
        process.status = RUNNING
        self.run(process, self._plain(process, function, args, kwargs))

    # -- the task's bodies ---------------------------------------------------------------------

    async def _serve(  # noqa: C901, PLR0912, PLR0915  # in one piece, for speed
        self, process: Process, entry: Entry, argument: object
    ) -> None:
        engine = self._engine
        scheduler = engine.scheduler
        task = cast("asyncio.Task[None]", process.task)
        warm = self._warm
        monotonic = engine.monotonic
        max_warm = engine.settings.max_warm
        hook = engine.ports.step_hook
        short = process.blueprint.held is None
        found: tuple[Entry, object] | None
        try:
            if monotonic() > engine.turn_end:
                await self._pace()
            found = None if self._given_up(process) else (entry, argument)
            result = item = argument = None  # a busy task lives long, and a message is not to
            until = scheduler.steps + self._stretch
            while True:
                if found is not None:
                    if process.extras is not None:
                        engine.sends.grant_places(process)
                    entry, argument = found
                    await self._one(process, entry, argument)
                    found = argument = None
                    if process.after is not None or process.task is not task or task.cancelling():
                        return
                if engine.looks:
                    engine.look()
                if monotonic() > engine.turn_end or scheduler.steps >= until:
                    await self._pace()
                    until = scheduler.steps + self._stretch
                extras = process.extras
                if extras is not None:
                    if extras.place_waiters:
                        engine.sends.grant_places(process)
                    if extras.suspended:
                        return
                mailbox = process.mailbox
                if mailbox:
                    process.status = RUNNING
                    item = mailbox[0]
                    if short and type(item) is Request and item.delivery is None and not item.future.done():
                        # A call of an async handler, next in order: without the detour of a slice.
                        handler = process.blueprint.calls.get(type(item.message))
                        if handler is not None and handler.is_async:
                            if hook is not None and not scheduler.announced(process, item.message, hook):
                                break
                            process.current = mailbox.popleft()
                            scheduler.steps += 1
                            if engine.looks:
                                engine.look()
                            if extras is not None:
                                engine.sends.grant_places(process)
                            invoke = handler.invoke_async
                            try:
                                result = await invoke(process.instance, item.message)
                            except handler.raises as error:
                                scheduler.declared(process, error)
                            else:
                                engine.calls.finished(process, item, result)
                            if process.after is not None or process.task is not task or task.cancelling():
                                return
                            result = item = None
                            continue
                    item = None
                    found = self._slice(process)
                    if process.after is not None:
                        return
                    continue
                if len(warm) >= max_warm and process not in warm:
                    return
                await self._kept_warm(process)
                if process.task is not task:
                    return
                if engine.parked:
                    engine.threads.unpark()
        except BaseException as error:  # noqa: BLE001  # whatever it is ends the process
            if process.task is task:
                self._raised(process, error)

    def _kept_warm(self, process: Process) -> asyncio.Future[None]:
        """Let it rest with its task kept; the future is done when there is something to do."""
        self._engine.scheduler.rest(process)
        wakeup = process.wakeup = asyncio.Future(loop=self._engine.loop)
        self._warm[process] = 0
        if self._sweep is None:
            self._arm_sweep()
        return wakeup

    def _raised(self, process: Process, error: BaseException) -> None:
        if process.status == IDLE:  # cancelled while it was warm: no hand-off any more
            process.status = RUNNING
        self._engine.exits.raised(process, error)

    def _given_up(self, process: Process) -> bool:
        """Whether who asked has given up before this first step: it isn't handled then."""
        current = process.current
        if type(current) is not Request or not current.future.done():
            return False
        process.current = None
        self._engine.calls.expired(process, current)
        return True

    async def _pace(self) -> None:
        """The time of this turn is used up: stand in line; each pass of the loop lets one process on."""
        place: asyncio.Future[None] = self._engine.loop.create_future()
        self._paced.append(place)
        if len(self._paced) == 1:
            self._engine.loop.call_soon(self._let_one_on, context=self._engine.contexts.base)
        self._engine.scheduler.exhausted()
        await place

    def _let_one_on(self) -> None:
        paced = self._paced
        while paced:
            place = paced.popleft()
            if not place.done():
                place.set_result(None)
                break
        if paced:
            self._engine.loop.call_soon(self._let_one_on, context=self._engine.contexts.base)

    def _slice(self, process: Process) -> tuple[Entry, object] | None:
        scheduler = self._engine.scheduler
        scheduler.slice(process, self._engine.settings.slice_messages, self._engine.turn_end)
        found = scheduler.found
        scheduler.found = None
        return found

    async def _one(self, process: Process, entry: Entry, argument: object) -> None:
        engine = self._engine
        engine.scheduler.steps += 1
        held = process.blueprint.held is not None
        if held:
            engine.guard()
        try:
            if entry.blocking:
                result = await engine.threads.run(process, entry, argument)
            elif entry.is_async:
                invoke = entry.invoke_async
                result = await invoke(process.instance, argument)
            else:
                result = entry.invoke(process.instance, argument)
        except entry.raises as error:
            engine.scheduler.declared(process, error)
            return
        finally:
            if held:
                engine.unguard()
        engine.scheduler.completed(process, result)

    async def _go_on(self, process: Process, coroutine: Coroutine[object, object, object]) -> None:
        engine = self._engine
        raises: tuple[type[Exception], ...] = ()
        current = process.current
        if isinstance(current, Request):
            raises = process.blueprint.entry(current.message).raises
        try:
            result = await coroutine
        except raises as error:
            engine.scheduler.declared(process, error)
        except BaseException as error:  # noqa: BLE001  # whatever it is ends the process
            engine.exits.raised(process, error)
        else:
            engine.scheduler.completed(process, result)

    async def _init(
        self,
        process: Process,
        entry: Entry,
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        future: asyncio.Future[object],
    ) -> None:
        try:
            result = await entry.invoke_async(process.instance, *args, **kwargs)
        except BaseException as error:  # noqa: BLE001  # whatever it is ends the process
            self._engine.exits.raised(process, error)
        else:
            if not future.done():
                future.set_result(result)

    async def _plain(
        self,
        process: Process,
        function: Callable[..., Awaitable[object]],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        try:
            await function(*args, **kwargs)
        except ProcessExit as leave:
            process.after = process.after or End(leave.reason)
        except BaseException as error:  # noqa: BLE001  # whatever it is ends the process
            self._engine.exits.raised(process, error)
        else:
            process.after = process.after or End(NORMAL)

    # -- ending --------------------------------------------------------------------------------

    def detach(self, process: Process) -> None:
        """Let a warm task end; the process goes on, or has ended, without it."""
        self._warm.pop(process, None)
        if process.task is not None:
            self._engine.see_off(process.task)
        process.task = None
        wakeup = process.wakeup
        process.wakeup = None
        if wakeup is not None and not wakeup.done():
            wakeup.set_result(None)

    def _ended(self, process: Process, task: asyncio.Task[None]) -> None:
        self._alive -= 1
        if process.task is not task:
            return  # it was detached
        engine = self._engine
        process.task = None
        self._warm.pop(process, None)
        if task.cancelled() and process.after is None:
            # Cancelled before its first step, by somebody who is not the runtime.
            process.after = Failed(asyncio.CancelledError())
        if process.after is not None:
            engine.exits.conclude(process)
        elif process.status == RUNNING:
            engine.scheduler.settle(process)
        if engine.looks:
            engine.look()

    def _arm_sweep(self) -> None:
        engine = self._engine
        self._sweep = engine.timers.internal(engine.settings.warm_seconds, self._end_cold)

    def _end_cold(self) -> None:
        """End the tasks that had nothing to do since the last look."""
        self._sweep = None
        warm = self._warm
        for process, age in list(warm.items()):
            if process.wakeup is None:
                continue  # it has something to do
            if age == 0:
                warm[process] = 1
            else:
                self.detach(process)
        if warm:
            self._arm_sweep()
