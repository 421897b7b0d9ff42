"""Senders that wait for what a journal owes, and their deadlines.

Many are told at the same time, all those of a commit or of a slice of handlers. A future for each, and a
callback of the loop for each, would be a seventh of what a durable send costs; so a sender waits by a
`Wait` itself, and `wake_all` resumes many in one callback.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

import msgspec
from typing_extensions import override

if TYPE_CHECKING:
    from typing import Never

    from regrow.runtime.timers import Timers

__all__ = ("End", "Wait", "Waits", "wake_all")

End: TypeAlias = Literal["accepted", "handled", "rejected", "dead_lettered", "ignored", "outcome_unknown"]
"""What a sender that waits is told."""

LINES: Final = 16
"""Timeouts that have a line of their own; a program uses few."""
PURGE_FROM: Final = 1024


@final
class Wait(msgspec.Struct, eq=False):
    """A sender that waits, for the commit of what it sent or for its handler: since `begun`, `timeout` s.

    It is told something once. Whoever sets `told` without a method of this class has its task go on by
    `wake_all`.

    One task awaits it, once. To that it is a future, by the protocol that `asyncio.isfuture` asks for:
    asyncio uses `_loop`, `_asyncio_future_blocking`, `add_done_callback`, `cancel` and `result`; who looks at
    tasks from outside uses `done`, `cancelled` and `_callbacks`. anyio spares a task that was told already if
    what it waits for is an `asyncio.Future` to `isinstance`.

    Attributes:
        handled: Whether it waits for the handler.
        accepted: Whether its message is in the journal.
        end, reply, error, attempts, duplicate: What it is told: by default what is told most.
        told: Whether it was told, or waits no more.
        given_up: Whether it was cancelled.
        result: Called when its task goes on: raises what the sender is to have raised, if anything (`bool`
            doesn't, and is called faster than a function of ours).
        going_on: What lets its task go on, and where.
    """

    _loop: asyncio.AbstractEventLoop
    begun: float
    timeout: float
    handled: bool
    accepted: bool = False
    end: End = "handled"
    reply: object = None
    error: BaseException | None = None
    attempts: int = 1
    duplicate: bool = False
    told: bool = False
    given_up: bool = False
    result: Callable[[], object] = bool
    _asyncio_future_blocking: bool = True
    going_on: tuple[Context, Callable[[Wait], object]] | None = None

    @override
    def __repr__(self) -> str:
        """For the repr of a task that waits for it: not what others have sent."""
        return f"<Wait for {self.timeout:g} s, {'done' if self.told else 'pending'}>"

    def __await__(self) -> Generator[Wait, None, None]:
        """Return when it is done."""
        if self.told:
            self.result()
            return iter(())  # type: ignore[return-value]
        return iter((self,))  # type: ignore[return-value]  # a generator would cost twice as much

    def add_done_callback(self, go_on: Callable[[Wait], object], *, context: Context) -> None:
        """Its task waits for it."""
        self.going_on = context, go_on

    @property  # type: ignore[misc]  # nobody sets it
    def __class__(self) -> type[asyncio.Future[Any]]:  # type: ignore[override]
        """What it is to `isinstance`, besides a `Wait`."""
        return asyncio.Future

    @property
    def _callbacks(self) -> list[tuple[Callable[[Wait], object], Context]]:
        if self.going_on is None:
            return []
        context, go_on = self.going_on
        return [(go_on, context)]

    def done(self) -> bool:
        """Whether it was told, or waits no more."""
        return self.told

    def cancel(self, msg: object = None) -> bool:
        """Its task is cancelled. Returns whether that is in time."""
        in_time = self.fail(asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg))
        if in_time:
            self.given_up = True
        return in_time

    def cancelled(self) -> bool:
        """Whether its task was cancelled before it was told anything."""
        return self.given_up

    @property
    def deadline(self) -> float:
        """When its time is over, in loop time."""
        return self.begun + self.timeout

    @property
    def live(self) -> bool:
        """Whether it still waits."""
        return not self.told

    def fire(self) -> None:
        """Its time is over: what is accepted goes on without it."""
        if self.accepted:
            self.part()
        else:
            self.fail(TimeoutError())

    def part(self) -> None:
        """It is accepted, and that is all that will be said here."""
        if self.parted():
            self.wake()

    def parted(self) -> bool:
        """The same for a task that is resumed by `wake_all`. Returns False if it was done."""
        if self.told:
            return False
        self.end = "accepted"
        self.attempts = 0
        self.told = True
        return True

    def tell(self, end: End, attempts: int, reply: object = None, error: BaseException | None = None) -> None:
        """The delivery has ended."""
        if not self.told:
            self.end = end
            self.reply = reply
            self.error = error
            self.attempts = attempts
            self.told = True
            self.wake()

    def fail(self, error: BaseException) -> bool:
        """Have `error` raised. Returns False if it is done."""
        if self.told:
            return False
        self.told = True
        self.result = partial(_raised, [error])
        self.wake()
        return True

    def wake(self) -> None:
        """Let its task go on, in the loop's next pass; it is told."""
        if self.going_on is not None:
            context, go_on = self.going_on
            self.going_on = None
            self._loop.call_soon(go_on, self, context=context)


def _raised(error: list[BaseException]) -> Never:
    # Many may have the same error raised: its traceback would grow with each, and keep the frames of all.
    raise error.pop().with_traceback(None)


def wake_all(loop: asyncio.AbstractEventLoop, waits: Iterable[Wait]) -> None:
    """Let all their tasks go on, in the loop's next pass; they are told."""
    if getattr(type(loop), "call_soon", None) is asyncio.BaseEventLoop.call_soon:
        # In a context that is no task's own: one can't be entered twice.
        loop.call_soon(_resume, loop, deque(waits), context=copy_context())
    else:  # it has a way of its own with callbacks: a simulated one draws which comes next
        for wait in waits:
            wait.wake()


def _resume(loop: asyncio.AbstractEventLoop, waits: deque[Wait]) -> None:
    try:
        while waits:
            wait = waits.popleft()
            if (going_on := wait.going_on) is not None:
                wait.going_on = None  # it stands in line until its deadline, and its task need not
                going_on[0].run(going_on[1], wait)
    finally:
        if waits:  # the loop is to stop at once: the others go on with it, as by callbacks of their own
            wake_all(loop, waits)


@final
class Line:
    """Waits with the same timeout: whoever came first is due first. It stands among the deadlines itself."""

    __slots__ = ("deadline", "live", "purge_at", "waits")

    def __init__(self) -> None:
        self.waits: deque[Wait] = deque()
        self.purge_at: int = PURGE_FROM
        self.deadline: float = 0.0
        """When the first of them may be due."""
        self.live: bool = False
        """Whether it stands among the deadlines."""

    def purge(self) -> None:
        """Forget those that have their answer."""
        self.waits = deque([wait for wait in self.waits if not wait.told])
        self.purge_at = max(PURGE_FROM, 2 * len(self.waits))

    def fire(self) -> float | None:
        """The first may be due."""
        waits, due = self.waits, self.deadline
        while waits and (waits[0].told or waits[0].deadline <= due):
            wait = waits.popleft()
            if not wait.told:
                wait.fire()
        if waits:
            self.deadline = waits[0].deadline
            return self.deadline
        self.live = False
        return None


@final
class Waits:
    """All who wait for what one journal owes."""

    __slots__ = ("_timers", "lines")

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self.lines: dict[float, Line] = {}
        """By timeout, in seconds."""

    def begin(self, line: Line | None, wait: Wait) -> None:
        """Fail `wait` at its deadline, unless it has its answer by then.

        Nobody is in the line of its timeout, or it has none. With a line that is live, to stand in it is all.
        """
        if line is None:
            if len(self.lines) >= LINES:
                self._timers.deadline(wait)
                return
            line = self.lines[wait.timeout] = Line()
        line.waits.append(wait)
        line.live = True
        line.deadline = wait.deadline
        self._timers.deadline(line)

    def tidy(self) -> None:
        """Forget those that have their answer, where they have become many."""
        for line in self.lines.values():
            if len(line.waits) > line.purge_at:
                line.purge()
