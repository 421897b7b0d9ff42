"""What a run did, step by step, and a hash of it that is equal for equal runs only."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING, final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from regrow.runtime.process import Process
    from regrow.testing.sim.decisions import Deviations

__all__ = ("Trace",)

_encode = msgspec.json.Encoder().encode


@final
class Trace:
    """Notes of one run: names and numbers, never addresses, reprs or real times.

    Args:
        tell: Called with each note as text, for a story; default None.
    """

    __slots__ = ("_notes", "_tell")

    def __init__(self, tell: Callable[[str], object] | None = None) -> None:
        self._notes: list[str | int | float] = []
        self._tell = tell

    def step(self, task: asyncio.Task[object] | None, callback: object) -> None:
        """The loop runs this next: a step of `task`, or a callback that is none of a task's."""
        if task is not None:
            self._notes.append(task.get_name())
        else:
            self._notes.append(getattr(callback, "__qualname__", None) or type(callback).__name__)

    def chosen(self, index: int, of: int) -> None:
        """Not the oldest of the ready ones runs, but a younger."""
        self._notes.append(index)
        if self._tell is not None:
            self._tell(f"  runs number {index + 1} of {of} that are ready")

    def time(self, now: float) -> None:
        """Nothing was ready: time jumped."""
        self._notes.append(now)

    def turn(self, process: Process, message: object) -> None:
        """A process is about to handle a message."""
        kind = type(message).__name__
        self._notes.append(process.serial)
        self._notes.append(kind)
        if self._tell is not None:
            self._tell(f"{process.name or process.kind} #{process.serial} handles {kind}")

    def fault(self, text: str) -> None:
        """A fault strikes."""
        self._notes.append(text)
        if self._tell is not None:
            self._tell(f"! {text}")

    def note(self, text: str) -> None:
        """Anything else that happens for sure."""
        self._notes.append(text)
        if self._tell is not None:
            self._tell(text)

    def hash(self, made: Deviations) -> str:
        """16 hexadecimal digits of all that was noted, and of the answers that weren't 0."""
        return blake2b(_encode((self._notes, sorted(made.items()))), digest_size=8).hexdigest()
