"""`Sequencer`: steps of several tasks in one order."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Literal, TypeAlias, final

from typing_extensions import override

from regrow.errors.sync import SequenceBroken
from regrow.errors.waiting import BadWait
from regrow.testing.sync.standing import standing, who
from regrow.testing.waiting.watch import checked_seconds

__all__ = ("Sequencer",)

_Turn: TypeAlias = Literal["turn", "late", "broken"]


@final
class Sequencer:
    """Has steps of several tasks or processes run in the order of their numbers, from 0.

        seq = rt.Sequencer()

        async def one() -> None:
            async with seq(0):
                ...  # first
            async with seq(2):
                ...  # third

    A step begins when the one before it has ended, however that ended. Each number is used once.
    """

    def __init__(self) -> None:
        self._asked: set[int] = set()
        self._next = 0
        self._running: int | None = None
        self._waiting: dict[int, asyncio.Future[_Turn]] = {}
        self._broken: str | None = None

    def __call__(self, step: int, *, timeout: float = 1.0) -> AbstractAsyncContextManager[None]:
        """The block of one step: `async with seq(0): ...`.

        Args:
            step: Its number, from 0.
            timeout: Seconds of the loop's time that it waits for its turn, default 1.0.

        Raises:
            SequenceBroken: The steps before it didn't come, or end, in time; or a step was cancelled while
                it waited.
            BadWait: The number was used before, or is none; or the timeout is no such number.
        """
        seconds = checked_seconds("timeout", timeout)
        self._check_step(step)
        self._asked.add(step)
        return _Step(self, step, seconds)

    # -- for its blocks ------------------------------------------------------------------------

    async def begin(self, step: int, seconds: float) -> None:
        """The block of `step` is entered: wait for its turn."""
        await self._turn(step, seconds)
        self._running = step

    def end(self, step: int) -> None:
        """The block of `step` is left."""
        self._running = None
        self._next = step + 1
        after = self._waiting.get(step + 1)
        if after is not None and not after.done():
            after.set_result("turn")

    def _check_step(self, step: int) -> None:
        if type(step) is not int or step < 0:
            raise BadWait(step, "a step is a whole number from 0")
        if step in self._asked:
            raise BadWait(step, "that step has been taken: each comes once in a sequence")

    async def _turn(self, step: int, seconds: float) -> None:
        if self._broken is not None:
            raise SequenceBroken(step, self._broken)
        if step == self._next:
            return
        me = who()
        future = self._waiting[step] = asyncio.get_running_loop().create_future()
        try:
            turn = await standing(
                future, seconds, "late", f"step {self._next} of a sequence, to begin step {step}"
            )
        except asyncio.CancelledError:
            self._break(f"{me} was cancelled, or ended, while it waited for the turn of step {step}")
            raise
        finally:
            del self._waiting[step]
        if turn == "late":
            self._break(f"{self._state()} after {seconds:g} s")
        if self._broken is not None and turn != "turn":
            raise SequenceBroken(step, self._broken)

    def _state(self) -> str:
        if self._running is not None:
            return f"step {self._running} had not ended"
        return f"step {self._next} had not come"

    def _break(self, why: str) -> None:
        if self._broken is None:
            self._broken = why
        for future in self._waiting.values():
            if not future.done():
                future.set_result("broken")


@final
class _Step(AbstractAsyncContextManager[None]):
    """One block. A class, as nobody can look into a generator to see what it waits for."""

    def __init__(self, sequencer: Sequencer, step: int, seconds: float) -> None:
        self._sequencer = sequencer
        self._step = step
        self._seconds = seconds

    @override
    async def __aenter__(self) -> None:
        await self._sequencer.begin(self._step, self._seconds)

    @override
    async def __aexit__(self, *exc_info: object) -> None:
        self._sequencer.end(self._step)
