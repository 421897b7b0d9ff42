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
from typing import TYPE_CHECKING, TypeAlias, final

from regrow.errors import NoProcess
from regrow.runtime.after import Failed
from regrow.runtime.blueprint import blueprint_of
from regrow.runtime.items import Request, message_of
from regrow.runtime.process import DEAD, Process

if TYPE_CHECKING:
    from regrow.runtime.pid import Pid
    from regrow.runtime.timers import Timer


@final
class Turn:
    """What one handler did that others can see.

    Attributes:
        process: whose handler it was.
        message: what it handled.
        delivery: the `delivery` of the request that it handled, None if that was none.
        declared: the exception that it raised as its answer, None otherwise.
    """

    __slots__ = ("_answer", "_effects", "declared", "delivery", "message", "process")

    def __init__(self, process: Process, message: object, delivery: object = None) -> None:
        self.process: Pid[object] = process
        self.message: object = message
        self.delivery: object = delivery
        self.declared: BaseException | None = None
        self._effects: list[Callable[[], object]] = []
        self._answer: tuple[Request, object] | None = None

    @property
    def effects(self) -> int:
        """How many sends and timers are held."""
        return len(self._effects)

    @property
    def request(self) -> Request | None:
        """The call that it answers, for the runtime."""
        return self._answer[0] if self._answer is not None else None

    def add(self, effect: Callable[[], object]) -> None:
        """Hold one more effect, for the runtime."""
        self._effects.append(effect)

    def answer(self, request: Request, result: object, declared: BaseException | None) -> None:
        """Hold the answer, for the runtime."""
        self._answer = (request, result)
        self.declared = declared

    def release(self) -> None:
        """Let everything out, the answer last, for the runtime."""
        for effect in self._effects:
            effect()
        if self._answer is None:
            return
        request, result = self._answer
        calls = request.target.engine.calls
        if self.declared is not None:
            calls.fail(request, self.declared)
        else:
            calls.reply(request, result)


CommitHook: TypeAlias = Callable[[Turn], "asyncio.Future[None] | None"]
"""Called with each turn when its handler has returned. None says that it is committed already."""


def hold_effects(pid: Pid[object], commit: CommitHook) -> None:
    """From the next message on, hold back what the handlers of `pid` do until `commit` lets it out.

    Calls to it are not handed off any more.

    Raises:
        NoProcess: it has ended, or is no GenServer.
    """
    process = pid
    if not isinstance(process, Process) or process.status == DEAD or process.blueprint.server is None:
        raise NoProcess(pid)
    process.more().turns = Turns(process, commit)
    process.blueprint = blueprint_of(process.blueprint.server).held_back()


@final
class Turns:
    """The turns of one process: the open one, and those that wait for their commit."""

    __slots__ = ("_commit", "_open", "_process", "_waiting")

    def __init__(self, process: Process, commit: CommitHook) -> None:
        self._process = process
        self._commit = commit
        self._open: Turn | None = None
        self._waiting: deque[tuple[Turn, asyncio.Future[None]]] = deque()

    def hold_send(self, target: Process, item: object, message: object) -> bool:
        """Hold a send if a handler runs. False if it may go out at once."""
        if self._process.current is None:
            return False
        self._turn().add(partial(target.engine.sends.put_late, target, item, message))
        return True

    def hold_timer(self, timer: Timer) -> bool:
        """Hold a timer if a handler runs. False if it may be set at once."""
        if self._process.current is None:
            return False
        self._turn().add(partial(self._process.engine.timers.set_held, timer))
        return True

    def close(self, request: Request | None, result: object, declared: BaseException | None = None) -> None:
        """The handler has returned, with this answer if it was a call."""
        turn = self._turn()
        self._open = None
        if request is not None:
            turn.answer(request, result, declared)
        future = self._commit(turn)
        if future is None and not self._waiting:
            turn.release()
            return
        if future is None:
            future = self._process.engine.loop.create_future()
            future.set_result(None)
        self._waiting.append((turn, future))
        future.add_done_callback(self._committed)

    def _turn(self) -> Turn:
        if self._open is None:
            current = self._process.current
            if isinstance(current, Request):
                self._open = Turn(self._process, current.message, current.delivery)
            else:
                self._open = Turn(self._process, message_of(current))
        return self._open

    def _committed(self, _: asyncio.Future[None]) -> None:
        while self._waiting and self._waiting[0][1].done():
            turn, future = self._waiting.popleft()
            error = future.exception() if not future.cancelled() else asyncio.CancelledError()
            if error is not None:
                self._abort(turn, error)
                return
            turn.release()

    def _abort(self, turn: Turn, error: BaseException) -> None:
        """A commit failed: nothing of it or after it gets out, and the process crashes."""
        process = self._process
        turns = [turn, *(later for later, _ in self._waiting)]
        self._waiting.clear()
        requests = {one.request for one in turns if one.request is not None}
        if process.status == DEAD:
            process.engine.exits.fail_requests(process, requests, error)
            return
        extras = process.more()
        extras.deferred = requests | (extras.deferred or set())
        process.engine.exits.crash(process, Failed(error))
