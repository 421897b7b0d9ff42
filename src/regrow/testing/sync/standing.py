"""How one stands and waits: with a name, a bound, and a word for who asks why nothing goes on."""

from __future__ import annotations

import asyncio
import re
from typing import Final, TypeVar

from regrow.runtime.process import current_process

T = TypeVar("T")

__all__ = ("standing", "who")

UNNAMED: Final = re.compile(r"Task-\d+")
"""What asyncio calls a task that nobody named."""


async def standing(future: asyncio.Future[T], seconds: float, late: T, what: str) -> T:  # noqa: ARG001
    """Wait for `future`, which becomes `late` after so many seconds.

    `what` is for those who tell who waits for what: they find it in this frame.
    """
    timer = future.get_loop().call_later(seconds, _settle, future, late)
    try:
        return await future
    finally:
        timer.cancel()


def _settle(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def who() -> str:
    """The process that waits here, or else the task: by its name, or by its function if nobody named it."""
    process = current_process.get(None)
    task = asyncio.current_task()
    if process is not None and process.alive and process.task is task:
        return str(process)
    assert task is not None
    name = task.get_name()
    return getattr(task.get_coro(), "__qualname__", name) if UNNAMED.fullmatch(name) else name
