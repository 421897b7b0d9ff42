"""What is ready on a simulated loop, or will be at a time: callbacks, and whose steps they are."""

# They fill in for asyncio's what its own constructor would.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from asyncio import events
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Any, TypeAlias, final

from typing_extensions import override

__all__ = ("AnyTask", "Ready", "Timed")

AnyTask: TypeAlias = "asyncio.Task[object]"


@final
class Ready(events.Handle):
    """A callback and the task it is a step of, None if it is no task's."""

    __slots__ = ("task",)
    task: AnyTask | None
    _callback: Callable[..., object]
    _args: Sequence[Any]
    _context: Context

    def __init__(  # pyright: ignore[reportMissingSuperCall]
        self,
        callback: Callable[..., object],
        args: tuple[object, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        # As in asyncio, but for what its debug mode needs: a run makes a thousand of them.
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._source_traceback = None
        self._repr = None


@final
class Timed(events.TimerHandle):
    """The same, later."""

    __slots__ = ("task",)
    task: AnyTask | None
    _callback: Callable[..., object]
    _args: Sequence[Any]
    _context: Context

    def __init__(  # pyright: ignore[reportMissingSuperCall]
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[object, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        # As above.
        self._when = when
        self._scheduled = False
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._source_traceback = None
        self._repr = None
        self.task = None

    @override
    def cancel(self) -> None:
        """As in asyncio; the loop passes it over when it comes to its turn."""
        self._cancelled = True
        self._callback = _nothing
        self._args = ()


def _nothing() -> None:
    """What a cancelled timer would call."""
