"""Messages on their way: what the mailbox hook holds back, without changing the order of any pair.

What one process sends another arrives in the order in which it was sent, as Erlang promises: a message
that is held holds up those that the same sender sends the same receiver later. Signals, answers and whatever
else can't be held don't wait: they have what was sent before them arrive at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast, final

from typing_extensions import override

from regrow.core.reasons import ExitReason
from regrow.runtime.items import Info
from regrow.runtime.links import ties_of

if TYPE_CHECKING:
    from regrow.core.ports import MailboxHook
    from regrow.runtime.engine import Engine
    from regrow.runtime.process import Process

__all__ = ("Onlooker", "Transit")

Way: TypeAlias = "tuple[Process | None, Process]"
"""From whom, None for outside, and to whom."""


@final
class Onlooker(asyncio.Future[ExitReason]):
    """The exit reason of a process, for who looks on and must change nothing by it."""


@final
class _Held:
    """One message on its way."""

    __slots__ = ("arrive", "due")

    def __init__(self, arrive: Callable[[], object], *, due: bool) -> None:
        self.arrive: Callable[[], object] = arrive
        self.due: bool = due


@final
class Transit:
    """The messages of one System that are on their way.

    Args:
        engine: Of the System.
        hook: Decides about each message.
    """

    __slots__ = ("_engine", "_hook", "_ways")

    def __init__(self, engine: Engine, hook: MailboxHook) -> None:
        self._engine = engine
        self._hook = hook
        self._ways: dict[Way, deque[_Held]] = {}

    def passes(
        self,
        sender: Process | None,
        target: Process,
        item: object,
        message: object,
        arrive: Callable[[], object],
    ) -> bool | None:
        """Ask the hook about a message.

        Args:
            sender: Who sends it, None for outside.
            target: Who is to get it.
            item: What would stand in the mailbox.
            message: What the item carries.
            arrive: Puts it there, later.

        Returns:
            True: it may go on now. None: it is held, and `arrive` will be called. False: it is lost.
        """
        lossy = item is message or type(item) is Info
        decision = self._hook(sender, target, message, lossy)
        if decision == "drop":
            return False
        way = (sender, target)
        if decision == "duplicate" and lossy:
            if way not in self._ways:
                arrive()
                return True
            self._hold(way, 0.0, arrive)
        seconds = decision if isinstance(decision, float | int) else 0.0
        if seconds <= 0 and way not in self._ways:
            return True
        self._hold(way, seconds, arrive)
        return None

    def flush(self, sender: Process | None, target: Process | None = None) -> None:
        """Have everything from `sender` arrive now, to all or to `target` only: something else follows it."""
        for way in list(self._ways):
            if way[0] is sender and (target is None or way[1] is target):
                for held in self._ways[way]:
                    held.due = True
                self._release(way)

    def before_end(self, process: Process) -> None:
        """`process` ends: whoever is told of it has what it sent before arrive first."""
        targets = [target for sender, target in self._ways if sender is process]
        if targets:
            waiters = process.extras.down_waiters if process.extras is not None else None
            everybody = any(type(waiter) is not Onlooker for waiter in waiters or ())
            told = set(() if everybody else _told_of_end(process))
            for target in targets:
                if everybody or target in told:
                    self.flush(process, target)

    def answer_to(self, caller: Process | None, callee: Process) -> asyncio.Future[object] | None:
        """A future for an answer of `callee` that nothing which it sent before may come after."""
        if caller is None:
            return None
        return _Answer(self._engine.loop, partial(self.flush, callee, caller))

    def _hold(self, way: Way, seconds: float, arrive: Callable[[], object]) -> None:
        held = _Held(arrive, due=seconds <= 0)
        self._ways.setdefault(way, deque()).append(held)
        if not held.due:
            self._engine.timers.internal(seconds, partial(self._due, way, held))

    def _due(self, way: Way, held: _Held) -> None:
        held.due = True
        self._release(way)

    def _release(self, way: Way) -> None:
        """Have arrive what waits for nothing any more."""
        waiting = self._ways.get(way)
        while waiting and waiting[0].due:
            waiting.popleft().arrive()
        if waiting is not None and not waiting:
            self._ways.pop(way, None)


def _told_of_end(process: Process) -> Iterator[Process]:
    _, tied = ties_of(process)
    yield from tied
    for monitor in process.watchers or ():
        yield cast("Process", monitor.owner)


@final
class _Answer(asyncio.Future[object]):
    """An answer that is preceded by what its process sent the caller."""

    def __init__(self, loop: asyncio.AbstractEventLoop, before: Callable[[], None]) -> None:
        super().__init__(loop=loop)
        self._before = before

    @override
    def set_result(self, result: object, /) -> None:
        self._before()
        super().set_result(result)

    @override
    def set_exception(self, exception: type | BaseException, /) -> None:
        self._before()
        super().set_exception(exception)
