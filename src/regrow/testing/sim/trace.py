"""What a run did, step by step, and a hash of it that is equal for equal runs only."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regrow.runtime.process import Process
    from regrow.testing.sim.decisions import Deviations

__all__ = ("Note", "Trace")

Note = str | int | float
_encode = msgspec.msgpack.Encoder().encode


class Trace:
    """Notes of one run: names and numbers, never addresses, reprs or real times."""

    __slots__ = ("_notes", "add")
    tells: ClassVar[bool] = False
    """Whether somebody wants to hear of each step."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self.add: Callable[[Note], None] = self._notes.append
        """Note one more thing."""

    @property
    def notes(self) -> Sequence[Note]:
        """All so far."""
        return self._notes

    def step(self, task: asyncio.Task[object] | None, callback: object) -> None:
        """The loop runs this next: a step of `task`, or a callback that is none of a task's."""
        if task is not None:
            self._notes.append(task.get_name())
        else:
            self._notes.append(getattr(callback, "__qualname__", None) or type(callback).__name__)

    def chosen(self, index: int, ready: Sequence[object]) -> None:  # noqa: ARG002  # a story tells of them
        """Not the oldest of those that are ready goes on: a task, a process, or None, which is a callback."""
        self._notes.append(index)

    def held(self, one: object, picks: int) -> None:  # noqa: ARG002  # a story tells of it
        """The oldest of those that are ready is held back, for so many picks."""
        self._notes.append(-picks)

    def fewer(self, hand_offs: float) -> None:
        """In the next step only so many calls run on their caller's stack."""
        self._notes.append(hand_offs)

    def cut(self) -> None:
        """The time of the present turn is up."""
        self._notes.append("turn")

    def time(self, now: float) -> None:
        """Nothing was ready: time jumped."""
        self._notes.append(now)

    def begin(self, process: Process) -> None:
        """A process is about to start."""
        self._notes.append(process.serial)

    def turn(self, process: Process, message: object) -> None:
        """A process is about to handle a message."""
        self._notes.append(process.serial)
        self._notes.append(type(message).__name__)

    def fault(self, text: str) -> None:
        """A fault strikes."""
        self._notes.append(text)

    def note(self, text: str) -> None:
        """Anything else that happens for sure."""
        self._notes.append(text)

    def hash(self, made: Deviations) -> str:
        """16 hexadecimal digits of all that was noted, and of the answers that weren't 0."""
        return blake2b(_encode((self._notes, list(made.items()))), digest_size=8).hexdigest()
