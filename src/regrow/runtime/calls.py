"""Calls: deadlines, cycles, answers. The hand-off itself stands in `Process._call`."""

from __future__ import annotations

import asyncio
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, final

from regrow.core.events import Expired, LateReply, TimedOut
from regrow.core.timeouts import MAX_TIMEOUT
from regrow.errors import CallCycle, CallTimeout, CallToSelf, NoProcess, ZombieProcess
from regrow.runtime.after import End, Failed, Stop
from regrow.runtime.items import Request, Tracked, message_of
from regrow.runtime.process import DEAD, STOPPING, Process, current_process

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Entry
    from regrow.runtime.engine import Engine
    from regrow.runtime.pid import Timeout


@final
class Calls:
    """The calls of one System that are under way."""

    __slots__ = ("_engine", "_over")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._over: asyncio.Future[object] = asyncio.Future(loop=engine.loop)
        self._over.set_result(None)

    # -- before --------------------------------------------------------------------------------

    def seconds(self, target: Process, message: object, timeout: Timeout) -> float:
        """The timeout in seconds.

        Raises:
            BadTimeout: it is none.
            UnknownTimeout: it is a name that nobody gave.
        """
        handler = getattr(message, "__handler__", None)
        operation = handler.name if handler is not None else None
        return self._engine.timeouts.resolve(timeout, server=target.blueprint.server, operation=operation)

    def check_caller(self, caller: Process, target: Process, message: object) -> None:
        """What a process's own calls have to obey: not itself, no cycle, its request's deadline."""
        if caller.extras is not None and caller.extras.zombie:
            raise ZombieProcess(caller)
        if caller.task is None or asyncio.current_task(self._engine.loop) is not caller.task:
            return
        if caller is target:
            raise CallToSelf(target, message)
        current = caller.current
        if type(current) is Request and caller.status != STOPPING:
            now = self._engine.loop.time()
            if current.deadline <= now:
                raise CallTimeout(target, message, 0.0, caller)

    def check_cycle(self, caller: Process, target: Process) -> None:
        """Raise `CallCycle` if `target` waits, through others, for `caller`."""
        path = [caller]
        node: Process | None = target
        while node is not None:
            if node is caller:
                raise CallCycle(path)
            path.append(node)
            node = node.waiting

    # -- the slow path -------------------------------------------------------------------------

    async def queued(  # noqa: C901, PLR0912  # in one piece, for speed
        self, target: Process, message: object, timeout: Timeout
    ) -> object:
        """Put the request into the mailbox and wait for its answer."""
        engine = self._engine
        # What `get_running_loop` says, which asks the kernel for our pid on Python 3.11.
        if not engine.running or get_ident() != engine.thread or not engine.loop.is_running():
            engine.check_here("call")
        if type(timeout) is float and 0.0 < timeout <= MAX_TIMEOUT:
            seconds = timeout
        else:
            seconds = self.seconds(target, message, timeout)
        if type(message) not in target.blueprint.calls:
            target.blueprint.call_entry(message)
        caller = current_process.get(None)
        own = None
        if caller is not None:
            own = self._own_call(caller, target, message)
        if target.status == DEAD:
            raise NoProcess(target)
        if own is None:
            loop = engine.loop
            request = Request(
                message, asyncio.Future(loop=loop), target, None, loop.time() + seconds, seconds
            )
        else:
            request = self._request(target, message, seconds, own)
        engine.timers.deadline(request)
        if not engine.plain and not engine.sends.admit(target, request):
            return await self.answer(request)
        mailbox = target.mailbox
        full = (mailbox is not None and len(mailbox) >= target.room) or target.room <= 0
        if own is not None:
            own.waiting = target
        try:
            if full:
                engine.sends.wait_for_place(target, request)
            else:
                engine.scheduler.enqueue(target, request)
            result = await request.future
            if target.current is not request:
                request.message = None  # the deadlines keep a request that is over, but nothing with it
            return result
        finally:
            request.future = self._over
            if own is not None:
                own.waiting = None
            if full:
                engine.sends.wait_no_more(target, request)

    def _own_call(self, caller: Process, target: Process, message: object) -> Process | None:
        """The caller, checked, if its own task calls; None if a task that it only owns does."""
        if caller.extras is not None and caller.extras.zombie:
            raise ZombieProcess(caller)
        if caller.task is None or asyncio.current_task(self._engine.loop) is not caller.task:
            return None
        self.check_caller(caller, target, message)
        self.check_cycle(caller, target)
        return caller

    def _request(self, target: Process, message: object, seconds: float, own: Process | None) -> Request:
        loop = self._engine.loop
        deadline = loop.time() + seconds
        owner = None
        if (
            own is not None
            and type(own.current) is Request
            and own.current.deadline < deadline
            and own.status != STOPPING  # what `terminate` calls is no part of the request that ended it
        ):
            deadline = own.current.deadline
            owner = own
        return Request(message, asyncio.Future(loop=loop), target, own, deadline, seconds, owner)

    async def answer(self, request: Request) -> object:
        """Wait for the answer of a request that is on its way."""
        own = request.caller
        if own is not None:
            own.waiting = request.target
        try:
            result = await request.future
            if request.target.current is not request:
                request.message = None
            return result
        finally:
            request.future = self._over
            if own is not None:
                own.waiting = None

    # -- a hand-off that did not just return ---------------------------------------------------

    def raised_inline(
        self, target: Process, entry: Entry, message: object, timeout: Timeout, error: BaseException
    ) -> Request:
        """The handler raised on the caller's stack: everything else happens on the scheduler's."""
        if error.__traceback__ is not None:
            error.__traceback__ = error.__traceback__.tb_next  # without the caller's frame
        request = self._request_behind(target, message, timeout)
        self._raised(target, entry, request, error)
        return request

    def _raised(self, target: Process, entry: Entry, request: Request, error: BaseException) -> None:
        if isinstance(error, entry.raises):
            self.finished(target, request, None, error)
        else:
            self._engine.exits.raised(target, error)
        self._back_to_scheduler(target)

    def supervised_inline(
        self, target: Process, entry: Entry, request: Request, result: object, error: BaseException | None
    ) -> None:
        """The hand-off of a supervised message did not just return; `request` is what it would have been."""
        if self._engine.timing:
            self._engine.scheduler.check_slow(target, request.message, self._engine.begun)
        current = target.current
        if isinstance(current, Request):  # made by reply_later, and perhaps answered already
            answered, current.future = current.future, request.future
            current.deadline, current.delivery = request.deadline, request.delivery
            request = current
            if answered.done():
                refusal = answered.exception()
                if refusal is None:
                    request.future.set_result(answered.result())
                else:
                    request.future.set_exception(refusal)
        target.current = request
        request.taken = True
        if error is None:
            self.finished(target, request, result)
            self._back_to_scheduler(target)
        else:
            if error.__traceback__ is not None:
                error.__traceback__ = error.__traceback__.tb_next
            self._raised(target, entry, request, error)

    def unfinished_inline(
        self, target: Process, message: object, timeout: Timeout, result: object
    ) -> Request:
        """The handler returned, and took a reply handle, stopped, or was ended meanwhile."""
        request = self._request_behind(target, message, timeout)
        self.finished(target, request, result)
        self._back_to_scheduler(target)
        return request

    def _request_behind(self, target: Process, message: object, timeout: Timeout) -> Request:
        """What the hand-off would have been on the slow path; from here on it is."""
        if self._engine.timing:
            self._engine.scheduler.check_slow(target, message, self._engine.begun)
        current = target.current
        if isinstance(current, Request):  # made by reply_later, which knows neither caller nor timeout
            request = current
            waiting = self._inline_request(target, message, timeout)
            request.caller, request.owner = waiting.caller, waiting.owner
            request.deadline, request.timeout = waiting.deadline, waiting.timeout
        else:
            request = self._inline_request(target, message, timeout)
            target.current = request
        self._engine.timers.deadline(request)
        return request

    def _inline_request(self, target: Process, message: object, timeout: Timeout) -> Request:
        caller = current_process.get(None)
        own = caller if caller is not None and caller.task is asyncio.current_task() else None
        return self._request(target, message, self.seconds(target, message, timeout), own)

    def deferred_inline(self, target: Process, message: object) -> Request:
        """The request behind a reply handle that is taken during a hand-off."""
        return self._request(target, message, MAX_TIMEOUT, None)

    def _back_to_scheduler(self, target: Process) -> None:
        scheduler = self._engine.scheduler
        if target.after is not None:
            scheduler.conclude(target)
        else:
            scheduler.settle(target)

    # -- answers -------------------------------------------------------------------------------

    def finished(
        self, process: Process, request: Request, result: object, declared: BaseException | None = None
    ) -> None:
        """The handler of `request` has returned, or raised what it declares.

        That is the answer unless it was put off; after a `stop` it is given when `terminate` has run.
        """
        after = process.after
        extras = process.extras
        if after is None and extras is None:  # nearly always; a deferred answer has extras
            process.current = None
            self._give(request, result, declared)
            return
        withheld = isinstance(after, Stop) and not after.reply
        deferred = request.deferred and declared is None
        if extras is not None and extras.turns is not None and not isinstance(after, End | Failed):
            extras.turns.close(request, result, declared)
            process.current = None
        elif deferred:
            process.current = None
        elif after is None:
            process.current = None
            self._give(request, result, declared)
        elif isinstance(after, Stop) and after.reply:
            after.answer = partial(self._give, request, result, declared)
        elif withheld:
            request.handled = True
        # Otherwise the process is being ended: its death answers, as `current` is still there.

    def _give(self, request: Request, result: object, declared: BaseException | None) -> None:
        if declared is None:
            if request.future.done():
                self._late(request)
            else:
                request.future.set_result(result)
        else:
            self.fail(request, declared)

    def reply(self, request: Request, result: object) -> None:
        """Give the answer, if somebody still waits for it."""
        if request.future.done():
            self._late(request)
        else:
            request.future.set_result(result)

    def fail(self, request: Request, error: BaseException) -> None:
        """Give an exception as the answer, if somebody still waits for it."""
        if request.future.done():
            self._late(request)
            return
        if isinstance(error, StopIteration):  # no future takes one: what Python makes of it in a coroutine
            refused, error = error, RuntimeError("a handler raised StopIteration")
            error.__cause__ = refused
        request.future.set_exception(error)
        if request.target.current is not request:
            request.message = None

    def _late(self, request: Request) -> None:
        engine = self._engine
        engine.counters.late_replies += 1
        if LateReply in engine.hub.wanted:
            shown = engine.reporter.show(request.message)
            engine.hub.emit(LateReply(at=engine.loop.time(), pid=request.target, message=shown))
        request.message = None

    def expired(self, process: Process, request: Request) -> None:
        """A request came to its turn after its caller had given up: dropped unhandled, counted."""
        self._expired(process, request.message)
        request.message = None

    def withdrawn(self, process: Process, item: Tracked) -> None:
        """The same of a message whose sender has withdrawn it."""
        self._expired(process, message_of(item))

    def _expired(self, process: Process, message: object) -> None:
        engine = self._engine
        engine.counters.expired += 1
        if Expired in engine.hub.wanted:
            shown = engine.reporter.show(message)
            engine.hub.emit(Expired(at=engine.loop.time(), pid=process, message=shown))

    def timed_out(self, request: Request) -> None:
        """The deadline of `request` has come."""
        engine = self._engine
        error = CallTimeout(request.target, request.message, request.timeout, request.owner)
        request.future.set_exception(error)
        engine.counters.timed_out += 1
        if TimedOut in engine.hub.wanted:
            shown = engine.reporter.show(request.message)
            engine.hub.emit(
                TimedOut(
                    at=engine.loop.time(),
                    target=request.target,
                    message=shown,
                    timeout=request.timeout,
                    owner=request.owner,
                )
            )
