"""Turns whose effects are held back until they are committed.

A service that keeps a server's state safe installs a commit hook on its process. What a handler
sends, sets as timers and answers then stays in its `Turn` until the hook's future is done; the
next message may start meanwhile. Turns are released in the order they were handled. A commit that
fails crashes the process, and nothing of that turn or of a later one gets out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias, final

from regrow.errors import NoProcess, ProcessExited, ReplyLost
from regrow.runtime.after import Failed, Stop
from regrow.runtime.blueprint import blueprint_of
from regrow.runtime.items import Request, Tracked, message_of
from regrow.runtime.process import DEAD, RUNNING, Process, current_process

if TYPE_CHECKING:
    from regrow.runtime.pid import Pid
    from regrow.runtime.timers import Timer

Answer: TypeAlias = tuple[Request, object, BaseException | None]


@final
class Turn:
    """What one handler did that others can see.

    Attributes:
        process: Whose handler it was.
        message: What it handled.
        delivery: The `delivery` of the request that it handled, None if that was none.
        declared: The exception that it raised as its answer, None otherwise.
    """

    __slots__ = ("_answers", "_effects", "_undo", "declared", "delivery", "message", "process")

    def __init__(self, process: Process, message: object, delivery: object = None) -> None:
        self.process: Pid[object] = process
        self.message: object = message
        self.delivery: object = delivery
        self.declared: BaseException | None = None
        self._effects: list[Callable[[], object]] | None = None
        self._undo: list[Callable[[], object]] | None = None
        self._answers: list[Answer] | None = None

    @property
    def effects(self) -> int:
        """How many sends and timers are held."""
        return len(self._effects or ())

    @property
    def requests(self) -> list[Request]:
        """The requests that it answers: the one that it handled, and those that were put off before."""
        return [answer[0] for answer in self._answers or ()]

    def delivered(self) -> list[Request]:
        """Those of them that are supervised messages."""
        return [answer[0] for answer in self._answers or () if answer[0].delivery is not None]

    def add(self, effect: Callable[[], object], undo: Callable[[], object] | None = None) -> None:
        """Hold one more effect, for the runtime."""
        if self._effects is None:
            self._effects = []
        self._effects.append(effect)
        if undo is not None:
            self._undo = self._undo or []
            self._undo.append(undo)

    def answer(self, request: Request, result: object, error: BaseException | None) -> None:
        """Hold an answer, for the runtime."""
        if self._answers is None:
            self._answers = [(request, result, error)]
        else:
            self._answers.append((request, result, error))

    def take_back(self) -> None:
        """Make as if it had sent nothing and set no timer; its own answer alone stays."""
        self._effects = None
        for undo in self._undo or ():
            undo()
        self._undo = None
        answers = self._answers or []
        self._answers = [answer for answer in answers if answer[2] is self.declared]
        for request, _, error in answers:
            if error is not self.declared:
                request.target.engine.calls.fail(request, ReplyLost(request.target, request.message))

    def release(self) -> None:
        """Let everything out, the answers last, for the runtime."""
        for effect in self._effects or ():
            effect()
        for request, result, error in self._answers or ():
            if error is not None:
                request.target.engine.calls.fail(request, error)
            elif request.future.done():
                request.target.engine.calls.reply(request, result)  # too late, which it counts
            else:
                request.future.set_result(result)


CommitHook: TypeAlias = Callable[[Turn], "asyncio.Future[None] | None"]
"""Called with each turn when its handler has returned.

The future is done when it is committed. None says that it needs no commit of its own: it gets out with the
turns before it.
"""


class Admission(Protocol):
    """Asked before a supervised message is handled."""

    def __call__(self, request: Request, /) -> bool:
        """False: it was handled before. It is answered with None, in a turn of its own."""
        ...


def hold_effects(pid: Pid[object], commit: CommitHook, admit: Admission | None = None) -> None:
    """From the next message on, hold back what the handlers of `pid` do until `commit` lets it out.

    Calls to it are not handed off any more.

    Args:
        pid: A GenServer's process.
        commit: Is given each turn.
        admit: Is asked before each supervised message. Default None: all are handled.

    Raises:
        NoProcess: It has ended, or is no GenServer.
    """
    process = pid
    if not isinstance(process, Process) or process.status == DEAD or process.blueprint.server is None:
        raise NoProcess(pid)
    process.more().turns = Turns(process, commit, admit)
    process.blueprint = blueprint_of(process.blueprint.server).held_back()


@final
class Turns:
    """The turns of one process: the open one, and those that wait for their commit."""

    __slots__ = ("_admit", "_concluding", "_open", "_over", "_process", "_waiting", "commit")

    def __init__(self, process: Process, commit: CommitHook, admit: Admission | None) -> None:
        self._process = process
        self._admit = admit
        self._open: Turn | None = None
        self._waiting: deque[tuple[Turn, asyncio.Future[None]]] = deque()
        self._concluding = False
        self._over = False
        self.commit: CommitHook = commit

    @property
    def handling(self) -> bool:
        """Whether a handler runs; not `init`, nor `terminate`."""
        return not self._over and (self._process.current is not None or self._process.status == RUNNING)

    def put_off_end(self) -> bool:
        """The process is to end in order: whether it has to wait until all that it handled is committed."""
        if not self._waiting:
            self._over = True
            return False
        self._concluding = True
        return True

    def admits(self, request: Request) -> bool:
        """Whether a supervised message is to be handled; if not, this answers it."""
        if self._admit is None or self._admit(request):
            return True
        request.taken = request.duplicate = True
        self._process.current = request
        self.close(request, None)
        self._process.current = None
        return False

    def hold_send(self, target: Process, item: object, message: object) -> bool:
        """Hold a send if a handler runs. False if it may go out at once, as what is waited for does."""
        if not self.handling or isinstance(item, Tracked):
            return False
        self._turn().add(partial(target.engine.sends.release, self._process, target, item, message))
        return True

    def hold_timer(self, timer: Timer) -> bool:
        """Hold a timer if a handler runs. False if it may be set at once."""
        if not self.handling:
            return False
        timers = self._process.engine.timers
        self._turn().add(partial(timers.set_held, timer), partial(timers.take_back, timer))
        return True

    def hold_answer(self, request: Request, result: object, error: BaseException | None) -> bool:
        """Hold the answer to a request that was put off, if the handler gives it. False if it may go out."""
        process = self._process
        if not self.handling or current_process.get(None) is not process:
            return False
        self._turn().answer(request, result, error)
        extras = process.more()
        extras.deferred = extras.deferred or {}
        extras.deferred[request] = None  # until the turn is closed a crash answers it
        return True

    def close(self, request: Request | None, result: object, declared: BaseException | None = None) -> None:
        """The handler has returned, with this answer if it was a request."""
        process = self._process
        turn = self._open or self._turn()
        if request is not None:
            if declared is None and process.after is None and not request.deferred:
                turn.answer(request, result, None)
            else:
                self._close_request(turn, request, result, declared)
        future = self.commit(turn)
        self._open = None
        extras = process.extras
        if extras is not None and extras.deferred:
            for one in turn.requests:
                extras.deferred.pop(one, None)
        waiting = self._waiting
        if future is None:
            if not waiting:
                turn.release()
                return
            future = waiting[-1][1]
        elif not waiting or waiting[-1][1] is not future:
            future.add_done_callback(self._committed, context=process.engine.contexts.base)
        waiting.append((turn, future))

    def _close_request(
        self, turn: Turn, request: Request, result: object, declared: BaseException | None
    ) -> None:
        after = self._process.after
        if declared is not None:
            turn.declared = declared
            turn.answer(request, None, declared)
        elif isinstance(after, Stop) and not after.reply:
            request.handled = True
            turn.answer(request, None, ProcessExited(after.reason, self._process))
        elif not request.deferred:
            turn.answer(request, result, None)

    def _turn(self) -> Turn:
        """The open turn, made when it is first needed."""
        turn = self._open
        if turn is None:
            current = self._process.current
            if type(current) is Request:
                turn = Turn(self._process, current.message, current.delivery)
            else:
                turn = Turn(self._process, message_of(current))
            self._open = turn
        return turn

    def _committed(self, _: asyncio.Future[None]) -> None:
        while self._waiting and self._waiting[0][1].done():
            turn, future = self._waiting.popleft()
            error = future.exception() if not future.cancelled() else asyncio.CancelledError()
            if error is not None:
                self._abort(turn, error)
                return
            if self._process.engine.running:  # or it was killed meanwhile, and nobody is left to be told
                turn.release()
        if self._concluding and not self._waiting:
            self._concluding = False
            self._process.engine.scheduler.conclude(self._process)

    def _abort(self, turn: Turn, error: BaseException) -> None:
        """A commit failed: nothing of it or after it gets out, and the process crashes."""
        process = self._process
        turns = [turn, *(later for later, _ in self._waiting)]
        self._waiting.clear()
        requests = dict.fromkeys(request for one in turns for request in one.requests)
        if process.status == DEAD:
            process.engine.exits.fail_requests(process, requests, error)
            return
        extras = process.more()
        extras.deferred = requests | (extras.deferred or {})
        process.engine.exits.crash(process, Failed(error))
