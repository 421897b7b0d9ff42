"""`wait_for` and its kin: until a predicate is true, an assertion holds, or nothing has happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Never, NoReturn, TypeVar, overload

from regrow.errors.waiting import BadWait, BecameTrue, NotAllTrue, WaitFailed
from regrow.testing.waiting.attempts import Attempt, describe
from regrow.testing.waiting.watch import checked_seconds
from regrow.testing.waiting.world import world

T = TypeVar("T")
V = TypeVar("V")

__all__ = ("never", "wait_for", "wait_for_all", "wait_for_assertion")


@overload
async def wait_for(
    predicate: Callable[[], Coroutine[object, Never, T | None]], *, timeout: float = 1.0, message: str = ""
) -> T: ...
@overload
async def wait_for(predicate: Callable[[], T | None], *, timeout: float = 1.0, message: str = "") -> T: ...
async def wait_for(predicate: Callable[[], object], *, timeout: float = 1.0, message: str = "") -> object:
    """Wait until `predicate()` is true, and return what it returned.

    A plain predicate is asked after every step of the Systems on this loop: every message that was
    handled, every death and restart, so that what is true only for a moment between two messages is
    seen as well. On the kit's loops it is asked after every pass of the loop besides. What no System
    and no pass tells of is looked at every 10 ms of the loop's time, virtual time included (with timeouts
    of more than 10 s a thousand times in all). It is asked between the steps of others, so it must only look.

    An `async def` predicate may call processes. It is asked again after steps of others, and as often as said
    above, one question at a time.

    An exception of the predicate counts as "not yet": it is kept, and shown if time runs out. What is no
    `Exception`, such as a cancellation or `pytest.fail`, goes through at once.

    Args:
        predicate: A function of no arguments, plain or async.
        timeout: Seconds of the loop's time, default 1.0.
        message: What is waited for, for the error. Default: the predicate's name, or its line of code.

    Raises:
        WaitFailed: It was not true in time. Its text has what the predicate said last, and the process trees
            and mailboxes of the Systems on this loop.
        BadWait: The predicate is no function, or the timeout no such number; or it returned a task, a future
            or an async iterator, which is true whatever comes of it.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("timeout", timeout)
    attempt = Attempt(predicate)
    if not await attempt.comes_true(seconds):
        _fail(attempt, seconds, message)
    return attempt.value


@overload
async def wait_for_assertion(
    function: Callable[[], Coroutine[object, Never, T]], *, timeout: float = 1.0
) -> T: ...
@overload
async def wait_for_assertion(function: Callable[[], T], *, timeout: float = 1.0) -> T: ...
async def wait_for_assertion(function: Callable[[], object], *, timeout: float = 1.0) -> object:
    """Wait until `function()`, which makes assertions, returns, and return what it returned.

    It is asked when `wait_for` asks; any `Exception` counts as "not yet".

    Args:
        function: A function of no arguments, plain or async.
        timeout: Seconds of the loop's time, default 1.0.

    Raises:
        WaitFailed: It still raised at the end; the exception is its `__cause__`.
        BadWait: As in `wait_for`.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("timeout", timeout)
    attempt = Attempt(function, accepts=lambda _: True)
    if not await attempt.comes_true(seconds):
        _fail(attempt, seconds, "")
    return attempt.value


async def never(predicate: Callable[[], object], *, for_: float) -> None:
    """Wait for `for_` seconds, and fail at once if `predicate()` is true meanwhile.

    It is asked when `wait_for` asks, at the beginning and at the end too. What it raises goes through at
    once: a predicate that can't say no has not said it.

    Args:
        predicate: A function of no arguments, plain or async.
        for_: Seconds of the loop's time; on virtual time they cost nothing.

    Raises:
        BecameTrue: It was true, after so many seconds.
        BadWait: As in `wait_for`.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("for_", for_)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    attempt = Attempt(predicate, patient=False)
    if await attempt.comes_true(seconds):
        if attempt.error is not None:
            raise attempt.error
        raise BecameTrue(describe(predicate), loop.time() - begun, attempt.value, world())


@overload
async def wait_for_all(
    items: Iterable[V], predicate: Callable[[V], Coroutine[object, Never, T | None]], *, timeout: float = 1.0
) -> list[T]: ...
@overload
async def wait_for_all(
    items: Iterable[V], predicate: Callable[[V], T | None], *, timeout: float = 1.0
) -> list[T]: ...
async def wait_for_all(
    items: Iterable[V], predicate: Callable[[V], object], *, timeout: float = 1.0
) -> Sequence[object]:
    """Wait until `predicate(item)` has been true for each of `items`: all at once, under one deadline.

    Args:
        items: Servers, names, numbers: what the predicate takes.
        predicate: A function of one item, plain or async, asked as in `wait_for`.
        timeout: Seconds of the loop's time, default 1.0.

    Returns:
        What the predicate returned for each item when it was true, in the order of the items.

    Raises:
        NotAllTrue: It was not true of all in time. A `WaitFailed` that names those of which it wasn't.
        BadWait: There are no items, the predicate is no function, or the timeout no such number.
    """
    __tracebackhide__ = True
    seconds = checked_seconds("timeout", timeout)
    everything = list(items)
    if not everything:
        raise BadWait(everything, "there is nothing to wait for in an empty list, so nothing would be tested")
    if not callable(predicate):
        raise BadWait(predicate, "give a function of one item, such as lambda pid: not pid.alive")
    attempts = [Attempt(_about(predicate, item)) for item in everything]
    came = await _all_come_true(attempts, seconds)
    if not all(came):
        rows = zip(everything, attempts, came, strict=True)
        late = [(item, attempt.last()) for item, attempt, done in rows if not done]
        error = next((attempt.error for attempt in attempts if attempt.error is not None), None)
        what = describe(predicate)
        raise NotAllTrue(what, seconds, late=late, count=len(everything), world=world()) from error
    return [attempt.value for attempt in attempts]


async def _all_come_true(attempts: Sequence[Attempt], seconds: float) -> list[bool]:
    # Made by hand: a strict System refuses tasks that the loop makes and no process owns. And named: a count
    # over the whole program would make two equal runs differ.
    tasks = [
        asyncio.Task(attempt.comes_true(seconds), name=f"wait_for_all {number}")
        for number, attempt in enumerate(attempts)
    ]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise


def _about(predicate: Callable[[V], object], item: V) -> Callable[[], object]:
    return lambda: predicate(item)


def _fail(attempt: Attempt, seconds: float, message: str) -> NoReturn:
    __tracebackhide__ = True
    raise WaitFailed(
        message or describe(attempt.predicate),
        seconds,
        value=attempt.value,
        error=attempt.error,
        last=attempt.last(),
        world=world(),
    ) from attempt.error
