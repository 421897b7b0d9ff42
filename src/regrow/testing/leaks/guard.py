"""`leak_guard`: fails the test that leaves something behind, and says where it was made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeAlias, final

from regrow.errors import BadSetting, GuardUsed, LeaksFound
from regrow.testing.leaks import aio, systems, world
from regrow.testing.leaks.kinds import KINDS, Leak
from regrow.testing.leaks.recorder import AnyTask, Loop, Recorder, running_loop
from regrow.testing.optouts import OptOuts

if TYPE_CHECKING:
    from typing import Self

__all__ = ("LeakGuard", "leak_guard")

Found: TypeAlias = "list[tuple[Leak, object]]"
TURNS: Final = 20
"""Turns of the loop in which what is about to end may do so."""


@final
class LeakGuard:
    """Looks on while a block runs, and raises `LeaksFound` at its end for what is left. See `leak_guard`.

    Attributes:
        leaks: What was found, what was let pass included; empty before the end.
    """

    __slots__ = (
        "_ended",
        "_opt_outs",
        "_processes",
        "_recorder",
        "_rows",
        "_tasks",
        "_threads",
        "_used",
        "leaks",
    )

    def __init__(self, opt_outs: OptOuts, *, stacks: bool) -> None:
        self.leaks: tuple[Leak, ...] = ()
        self._opt_outs = opt_outs
        self._used = False
        self._ended: Found = []
        self._tasks: set[AnyTask] = set()
        self._threads: set[Thread] = set()
        self._processes: set[int] = set()
        self._rows: systems.Rows = {}
        self._recorder = Recorder(
            stacks=stacks, closing=self._loop_ends, finishing=self._loop_finishes, closed=self._loop_closes
        )

    # -- the block -----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._used:
            raise GuardUsed("leak_guard")
        self._used = True
        loop = running_loop()
        if loop is not None:
            self._tasks = asyncio.all_tasks(loop)
        self._threads = set(threading.enumerate())
        self._processes = set(world.active_children())
        self._recorder.begin()
        self._rows = systems.rows_of_all(self._recorder.shared)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            found = self._settled(self._look())
        finally:
            self._recorder.end()
        self._judge(found, error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            found = self._look()
            for _ in range(TURNS):
                if not found:
                    break
                await asyncio.sleep(0)
                found = self._look()
            found = self._settled(found)
        finally:
            self._recorder.end()
        self._judge(found, error)

    def _settled(self, found: Found) -> Found:
        """The same when threads that are about to end have ended."""
        ending = [left for _, left in found if isinstance(left, Thread)]
        if not ending:
            return found
        world.until_ended(ending)
        return self._look()

    def _judge(self, found: Found, error: BaseException | None) -> None:
        found.sort(key=lambda pair: KINDS.index(pair[0].kind))
        self.leaks = tuple(leak for leak, _ in found)
        bad = [pair for pair in found if not self._opt_outs.lets_pass(pair[0].kind, pair[0].name)]
        for _, left in bad:
            _stop(left)
        problem = LeaksFound([leak for leak, _ in bad]) if bad else self._opt_outs.stale()
        if problem is None:
            return
        if error is None:
            raise problem
        if bad:
            error.add_note(str(problem))  # what the test itself raised tells more

    def _look(self) -> Found:
        """All that is left now, each with the thing itself."""
        recorder = self._recorder
        return [
            *self._ended,
            *aio.tasks(recorder, self._tasks, None),
            *aio.timers(recorder, None),
            *aio.asyncgens(recorder, None),
            *world.threads(recorder, self._threads),
            *world.children(recorder, self._processes),
            *world.executors(recorder),
            *world.sockets(recorder),
            *systems.still_running(recorder.shared),
            *((leak, None) for leak in systems.surplus(recorder, self._rows)),
        ]

    # -- loops that end meanwhile --------------------------------------------------------------

    def _loop_ends(self, loop: Loop) -> None:
        """`asyncio.run` is about to cancel what the coroutine that it ran has left."""
        self._note(systems.still_running(self._recorder.shared, loop=loop))
        self._note(aio.tasks(self._recorder, self._tasks, loop))

    def _loop_finishes(self, loop: Loop) -> None:
        """It is about to close async generators."""
        self._note(aio.asyncgens(self._recorder, loop))

    def _loop_closes(self, loop: Loop) -> None:
        """It is about to forget its timers."""
        self._note(aio.timers(self._recorder, loop))

    def _note(self, found: Iterable[tuple[Leak, object]]) -> None:
        self._ended += [(leak, None) for leak, _ in found]


def _stop(left: object) -> None:
    """Keep what can be stopped at once from disturbing the next test."""
    if isinstance(left, asyncio.Task | asyncio.TimerHandle):
        left.cancel()


def leak_guard(*, allow: Sequence[str] = (), reason: str = "", stacks: bool = True) -> LeakGuard:
    """Fail a block that leaves behind what it made: `with` or `async with`, with pytest and without.

    Found are tasks, timers, async generators, threads, child processes, executors, sockets; Systems that
    still run, and with them open journals; and in Systems that ran before the block and run after it,
    processes, names, monitors, links, subscribers, timers and messages in mailboxes that there are more of.
    Tasks, timers and async generators that only the end of their loop has ended are found as well. What other
    tests make at the same time is not the block's.

    `async with` gives what is about to end a few turns of the loop to do so; `with` can't. Tasks and timers
    that were left are cancelled. If the block itself fails, what it left is added to its error as a note.

    Args:
        allow: What may be left behind: kinds of `rt.LeakKind`, or `"kind:pattern"` for names that match.
        reason: Why; without one nothing is allowed.
        stacks: Note where everything is made, at some microseconds each. Default True.

    Raises:
        BadSetting: An entry of `allow` is of no known kind, or there is no reason, or `stacks` is no bool.
        GuardUsed: At the beginning of the block: the guard was entered before.
        LeaksFound: At the end of the block: something was left.
        StaleOptOut: At the end of the block: an entry of `allow` was not needed.
    """
    if type(stacks) is not bool:
        raise BadSetting("stacks", stacks, "True or False", owner="leak_guard")
    return LeakGuard(OptOuts("leak_guard", allow, reason, KINDS), stacks=stacks)
