"""How processes end: exit signals, and death in one step of fixed order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, final

from regrow.core.events import Exited, Zombie
from regrow.core.reasons import KILLED, NOPROC, NORMAL, Crash, ExitReason
from regrow.errors import ProcessExited, WaitTimeout
from regrow.runtime.after import End, Failed, Job, ProcessExit, Stop
from regrow.runtime.items import Exit, Request
from regrow.runtime.process import DEAD, IDLE, QUEUED, RUNNING, STARTING, STOPPING, SUSPENDED, current_process
from regrow.runtime.resume import resume
from regrow.runtime.transit import Onlooker

if TYPE_CHECKING:
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Timeout
    from regrow.runtime.process import Process


@final
class Exits:
    """Exit signals and deaths of one System's processes."""

    __slots__ = ("_engine", "guests")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.guests: dict[Process, int] = {}
        """Guests, whose task is a user's, by how often it was cancelled here: that is taken back later."""

    # -- signals -------------------------------------------------------------------------------

    def signal_from_user(self, target: Process, reason: ExitReason) -> None:
        """`pid.exit(reason)`: like OTP's `exit/2`."""
        self._engine.check_here("exit")
        sender = current_process.get(None)
        if reason is NORMAL and sender is not target and not target.trap_exit:
            return
        self._engine.sends.before_signal(target)
        self.signal(target, sender, reason)

    def kill_from_user(self, target: Process) -> None:
        """`pid.kill()`: can't be trapped."""
        self._engine.check_here("kill")
        self._engine.sends.before_signal(target)
        self.end(target, KILLED)

    def signal(self, target: Process, sender: Process | None, reason: ExitReason) -> None:
        """An EXIT reaches `target`: a message if it traps exits, else its end."""
        if target.status == DEAD:
            return
        if target.trap_exit:
            self._trapped(target, sender or target, reason)
        else:
            self.end(target, reason)

    def _trapped(self, target: Process, sender: Process, reason: ExitReason) -> None:
        extras = target.extras
        above = target.parent or target
        if extras is not None and extras.suspended and sender is above:
            self.stop(target, reason, reply=False)  # what comes from above is obeyed, suspended or not
        else:
            self._engine.scheduler.signal(target, Exit(sender, reason))

    def linked(self, target: Process, sender: Process, reason: ExitReason) -> None:
        """A linked process ended: a normal end does not harm one that doesn't trap exits."""
        if reason is not NORMAL or target.trap_exit:
            self.signal(target, sender, reason)

    def shut_down(self, target: Process, reason: ExitReason) -> None:
        """A supervisor stops its child: `terminate` runs whether or not the child traps exits."""
        if target.status == DEAD:
            return
        if target.trap_exit and target.status != STARTING:
            self._trapped(target, target.parent or target, reason)
        elif target.status == STARTING:
            self.end(target, reason)
        elif target.after is None or isinstance(target.after, Job):
            target.after = Stop(reason, reply=False)
            self._interrupt(target)

    def stop(self, process: Process, reason: ExitReason, *, reply: bool) -> None:
        """`self.stop()`: at the end of the present handler, or now if none runs."""
        if process.status == DEAD or isinstance(process.after, End):
            return
        process.after = Stop(reason, reply)
        if process.status in (IDLE, QUEUED, SUSPENDED):
            self._interrupt(process)

    def crash(self, process: Process, failed: Failed) -> None:
        """End `process` as if its handler had raised; one that runs now is interrupted."""
        if process.status == DEAD or isinstance(process.after, End):
            return
        process.after = failed
        self._interrupt(process)

    def fail_requests(self, process: Process, requests: Iterable[Request], error: BaseException) -> None:
        """Callers of a process that has ended already."""
        for request in requests:
            if not request.future.done():
                request.future.set_exception(ProcessExited(Crash.of(error), process))

    def put_down(self, target: Process) -> None:
        """A supervisor kills its child."""
        if target.status != DEAD:
            target.more().put_down = True
            self.end(target, KILLED)

    def end(self, target: Process, reason: ExitReason) -> None:
        """End `target` without `terminate`, as soon as it runs no code."""
        if target.status == DEAD:
            return
        after = target.after
        if isinstance(after, End):
            return  # the first signal is the one that ends it
        target.after = End(reason, by_signal=True)
        self._interrupt(target)

    def _interrupt(self, target: Process) -> None:
        engine = self._engine
        task = target.task
        if task is None:
            if target.status in (IDLE, QUEUED, SUSPENDED):
                target.status = STOPPING
                engine.scheduler.conclude(target)
            return  # on the stack: looked at when its handler has returned
        if target.wakeup is not None and target.status == IDLE and target.blueprint.server is not None:
            engine.workers.detach(target)
            target.status = STOPPING
            engine.scheduler.conclude(target)
        elif engine.handling is not target:
            target.status = target.status if target.status == STARTING else STOPPING
            self._cancel(target, task)

    def _cancel(self, target: Process, task: asyncio.Task[None]) -> None:
        """Cancel the own task; again at half of the kill grace; at its end `target` is a zombie."""
        self._cancel_once(target, task)
        if isinstance(target.after, End):
            half = self._engine.settings.kill_grace / 2
            self._engine.timers.internal(half, lambda: self._cancel_again(target, task, half))

    def _cancel_again(self, target: Process, task: asyncio.Task[None], half: float) -> None:
        if target.task is task and not task.done():
            self._cancel_once(target, task)
            self._engine.timers.internal(half, lambda: self._give_up(target, task))

    def _cancel_once(self, target: Process, task: asyncio.Task[None]) -> None:
        task.cancel()
        if target in self.guests:
            self.guests[target] += 1

    def _give_up(self, target: Process, task: asyncio.Task[None]) -> None:
        if target.task is not task or task.done():
            return
        engine = self._engine
        after = target.after
        reason = after.reason if isinstance(after, End) else KILLED
        target.more().zombie = True
        engine.guard()
        engine.counters.zombies += 1
        engine.threads.replace_lost(target)
        engine.reporter.zombie(target, reason)
        if Zombie in engine.hub.wanted:
            engine.hub.emit(Zombie(at=engine.loop.time(), pid=target, reason=reason))
        target.task = None
        engine.ownership.lose(task)
        engine.scheduler.conclude(target)

    # -- conclusions ---------------------------------------------------------------------------

    def raised(self, process: Process, error: BaseException) -> None:
        """A callback raised: note it, unless the process is being ended anyway."""
        if isinstance(error, KeyboardInterrupt):
            if not isinstance(process.after, End):
                process.after = End(KILLED)
            if self._engine.interrupt is not None:
                self._engine.interrupt()
            return
        after = process.after
        if isinstance(after, End):
            return
        if isinstance(error, ProcessExit):
            process.after = Stop(error.reason, reply=False)
        elif not (isinstance(after, Stop) and isinstance(error, asyncio.CancelledError)):
            process.after = Failed(error)

    def conclude(self, process: Process) -> None:
        """The handler has returned or its task has ended: do what stands in `process.after`."""
        after = process.after
        if after is None or process.status == DEAD:
            return
        if isinstance(after, Job):
            process.after = None
            process.status = RUNNING
            self._engine.workers.job(process, after.coroutine)
        elif isinstance(after, End):
            self.finish(process, after.reason, by_signal=after.by_signal)
        elif process.extras is not None and process.extras.turns and process.extras.turns.put_off_end():
            process.status = QUEUED  # on no queue: what comes has to wait, a kill hasn't
        elif isinstance(after, Failed):
            self._terminate(process, Crash.of(after.error), None)
        else:
            self._terminate(process, after.reason, after.answer)

    def _terminate(self, process: Process, reason: ExitReason, answer: Callable[[], None] | None) -> None:
        engine = self._engine
        entry = process.blueprint.terminate
        if entry is None or process.status == STARTING:
            if answer is not None:
                answer()
            self.finish(process, reason)
            return
        process.after = None
        process.status = STOPPING
        coroutine = self._terminating(process, reason, answer)
        if not entry.inline and not process.blueprint.eager:
            engine.workers.run(process, coroutine)
            return
        context = process.context or engine.contexts.make(process)
        outer = engine.handling
        engine.handling = process
        try:
            yielded = context.run(coroutine.send, None)
        except StopIteration:
            engine.handling = outer
            self.conclude(process)
        else:
            engine.handling = outer
            engine.workers.run(process, resume(coroutine, yielded))  # type: ignore[arg-type]

    async def _terminating(
        self, process: Process, reason: ExitReason, answer: Callable[[], None] | None
    ) -> None:
        entry = process.blueprint.terminate
        assert entry is not None
        try:
            if entry.blocking or not entry.is_async:
                entry.invoke(process.instance, reason)
            else:
                await entry.invoke_async(process.instance, reason)
        except BaseException as error:  # noqa: BLE001  # whatever it is becomes the reason
            if isinstance(process.after, End):
                return
            reason = Crash.of(error)
        if not isinstance(process.after, End):
            process.after = End(reason)
            if answer is not None:
                answer()

    # -- death ---------------------------------------------------------------------------------

    def finish(  # noqa: C901  # a list of steps, in their order
        self, process: Process, reason: ExitReason, *, by_signal: bool = False
    ) -> None:
        """Death, in one step: nobody else's code runs inside it.

        Dead to all; name, groups and timers gone; EXIT to links, then DOWN to monitors, then
        failure to callers; the rest of the mailbox dropped and counted. Its report, unless somebody
        else ended it, and its events are made here and given out later.
        """
        engine = self._engine
        begun = process.status != STARTING
        if engine.transit is not None:
            engine.transit.before_end(process)
        if not by_signal:
            engine.reporter.crashed(process, reason)
        process.status = DEAD
        process.after = None
        mailbox, process.mailbox = process.mailbox, None
        current, process.current = process.current, None
        engine.rootless.pop(process, None)
        if process.name is not None:
            engine.registry.forget(process)
        extras = process.extras
        if extras is not None:
            engine.groups.forget(process)
            engine.timers.forget(process)
            engine.monitors.forget_owner(process)
        self._exit_links(process, reason, begun=begun)
        engine.monitors.fire(process, reason)
        pending = self._pending(process, current, mailbox)
        for request in pending:
            if not request.future.done():
                request.future.set_exception(ProcessExited(reason, process))
        dropped = engine.sends.drop_rest(process, mailbox, reason) if mailbox else 0
        for request in pending:
            request.message = None
        if extras is not None:
            self._finish_extras(process, reason)
        if process.task is not None or process.wakeup is not None:
            engine.workers.detach(process)
        process.instance = process.context = process.waiting = None
        if begun:
            engine.counters.exited += 1
            if Exited in engine.hub.wanted:
                now = engine.loop.time()
                engine.hub.emit(
                    Exited(at=now, pid=process, kind=process.kind, reason=reason, dropped=dropped)
                )
        if engine.tracer is not None:
            engine.tracer.exited(process, reason)
        engine.reporter.remind()

    def _exit_links(self, process: Process, reason: ExitReason, *, begun: bool) -> None:
        parent = process.parent
        extras = process.extras
        links, process.links = process.links, None
        children = extras.children if extras is not None else None
        if links is not None:
            for linked in links:
                if linked.links is not None:
                    linked.links.pop(process, None)
                self.linked(linked, process, reason)
        if children:
            self._engine.rootless.update(children)  # to be found until they have ended
            for child in reversed(children):
                self.linked(child, process, reason)
        if parent is not None and parent.extras is not None and parent.extras.children is not None:
            parent.extras.children.pop(process, None)
            if begun and parent.status != DEAD:
                self.linked(parent, process, reason)

    def _pending(self, process: Process, current: object, mailbox: deque[object] | None) -> list[Request]:
        pending: list[Request] = []
        if isinstance(current, Request):
            pending.append(current)
        extras = process.extras
        if extras is not None and extras.deferred:
            pending.extend(extras.deferred)
            extras.deferred = None
        if extras is not None and extras.place_waiters:
            pending.extend(one for one in extras.place_waiters if isinstance(one, Request))
        if mailbox:
            pending.extend(item for item in mailbox if type(item) is Request)
        return pending

    def _finish_extras(self, process: Process, reason: ExitReason) -> None:
        engine = self._engine
        extras = process.extras
        assert extras is not None
        process.extras = None
        if extras.zombie:
            process.more().zombie = True
        if extras.put_down:
            process.more().put_down = True
        if extras.receipt is not None:
            if reason is NORMAL:
                engine.loop.call_soon(extras.receipt.handled)
            else:
                engine.loop.call_soon(extras.receipt.lost, reason)
        for waiter in extras.place_waiters or ():
            if not isinstance(waiter, Request) and not waiter.done():
                waiter.set_exception(ProcessExited(reason, process))
        for down in extras.down_waiters or ():
            if not down.done():
                down.set_result(reason)
        if extras.tasks:
            engine.ownership.orphans(process, extras.tasks)

    # -- waiting for a death -------------------------------------------------------------------

    def when_down(self, process: Process, *, onlooker: bool = False) -> asyncio.Future[ExitReason]:
        """A future of the exit reason; done with `NOPROC` if the process has ended already.

        An onlooker is no part of the program: it may hear of the end before what the process sent arrives.
        """
        loop = self._engine.loop
        future: asyncio.Future[ExitReason] = Onlooker(loop=loop) if onlooker else loop.create_future()
        if process.status == DEAD:
            future.set_result(NOPROC)
        else:
            extras = process.more()
            if extras.down_waiters is None:
                extras.down_waiters = []
            extras.down_waiters.append(future)
        return future

    async def down(self, process: Process | None, timeout: Timeout) -> ExitReason:
        """Wait for the end of `process`; None and the dead give `NOPROC`."""
        engine = self._engine
        engine.check_here("down")
        seconds = engine.timeouts.resolve(timeout)
        if process is None or process.status == DEAD:
            return NOPROC
        future = self.when_down(process)
        timer = engine.timers.fail_after(seconds, future, lambda: WaitTimeout(process, "down", seconds))
        try:
            return await future
        finally:
            timer.cancel()
            extras = process.extras
            if extras is not None and extras.down_waiters and future in extras.down_waiters:
                extras.down_waiters.remove(future)
