"""How a wait goes on: looking after every step of the loop's Systems, and now and then for all else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Final, Never, final
from weakref import WeakKeyDictionary

from regrow.core.options import is_seconds
from regrow.errors.waiting import BadWait
from regrow.runtime.steps import Steps, looking_on, steps_of

__all__ = ("checked_seconds", "until", "until_answered")

FIRST_POLL: Final = 0.001
"""Seconds until the first look at what no System tells of; each next is twice as late, up to `LAST_POLL`."""
LAST_POLL: Final = 0.01
POLLS: Final = 1000
"""Looks that a long wait has in all: its looks are further apart than `LAST_POLL`."""


def checked_seconds(option: str, value: object) -> float:
    """`value` as seconds above 0 and at most a day.

    Raises:
        BadWait: It isn't.
    """
    if not is_seconds(value):
        raise BadWait(value, f"{option} is a number of seconds above 0 and at most 86400")
    return float(value)  # type: ignore[arg-type]  # is_seconds says so


async def until(decide: Callable[[], bool], seconds: float) -> bool:
    """Ask `decide` now, after every step, and at the end, until it says True. False if it never did.

    What it raises goes through to who waits here.
    """
    watch = _Watch(asyncio.get_running_loop(), decide, seconds)
    with looking_on(watch.loop, watch.look):
        watch.poll()
        try:
            return await watch.answer
        finally:
            watch.close()


@final
class _Watch:
    """One wait of a plain predicate."""

    def __init__(self, loop: asyncio.AbstractEventLoop, decide: Callable[[], bool], seconds: float) -> None:
        self.loop = loop
        self.answer: asyncio.Future[bool] = loop.create_future()
        self._decide = decide
        self._context = copy_context()
        self._deadline = loop.time() + seconds
        self._pauses = _pauses(seconds)
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> bool:
        """Whether the wait is over with this look."""
        if self.answer.done():
            return False
        try:
            # Wherever the step was: the predicate is to see the context of the test it stands in.
            seen = self._context.run(self._decide)
        except BaseException as error:  # noqa: BLE001  # whatever it is belongs to who waits, not to the step
            self.answer.set_exception(error)
            return True
        if seen:
            self.answer.set_result(True)
        return seen

    def poll(self) -> None:
        """Look, and come back later."""
        if self.look() or self.answer.done():
            return
        now = self.loop.time()
        if now >= self._deadline:
            self.answer.set_result(False)
        else:
            self._timer = self.loop.call_at(  # noqa: RG101  # `close` cancels it
                min(now + next(self._pauses), self._deadline), self.poll
            )

    def close(self) -> None:
        """Nobody waits any more."""
        if self._timer is not None:
            self._timer.cancel()


def _pauses(seconds: float) -> Iterator[float]:
    pause, longest = FIRST_POLL, max(LAST_POLL, seconds / POLLS)
    while True:
        yield pause
        pause = min(2 * pause, longest)


async def until_answered(decide: Callable[[], Coroutine[object, Never, bool]], seconds: float) -> bool:
    """The same for a question that takes time: it is asked again after steps that don't come of asking."""
    loop = asyncio.get_running_loop()
    askers = _askers_on.setdefault(loop, _Askers())
    pauses = _pauses(seconds)
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            while True:
                with askers.one_more():
                    if await decide():
                        return True
                await _step_of_others(loop, askers, next(pauses))
    except TimeoutError:
        if not limit.expired():
            raise
        return False


@final
class _Askers:
    """How many questions are under way on a loop."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def one_more(self) -> Generator[None]:
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


_askers_on: WeakKeyDictionary[asyncio.AbstractEventLoop, _Askers] = WeakKeyDictionary()
"""A wait looks there only once: it may be collected together with its loop, which is no key any more then."""


async def _step_of_others(loop: asyncio.AbstractEventLoop, askers: _Askers, pause: float) -> None:
    """Return after a step while no question is under way, at the latest after `pause` seconds.

    A question makes steps of its own. If these counted, two that wait would keep each other asking for ever,
    and virtual time would stand still.
    """
    steps = steps_of(loop)
    woken: asyncio.Future[None] = loop.create_future()
    known = _count(steps)

    def look() -> bool:
        nonlocal known
        count = _count(steps)
        if askers.count:
            known = count
        if woken.done() or count == known:
            return False
        woken.set_result(None)
        return True

    with looking_on(loop, look):
        await asyncio.wait((woken,), timeout=pause)


def _count(steps: Steps) -> int:
    return sum(engine.scheduler.steps for engine in steps.running())
