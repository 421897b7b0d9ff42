"""Errors of the test kit. All that say that a test failed are AssertionErrors as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from regrow.errors.base import RegrowError

__all__ = (
    "Deadlock",
    "NoProgress",
    "NotDeclared",
    "NotVirtual",
    "TestKitError",
    "TookTooLong",
    "Waiting",
)

MOST_LINES: Final = 60
"""Lines of a list in a text; what there is more is counted."""


class TestKitError(RegrowError):
    """Base of what the test kit raises."""

    __test__ = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One that waits: a task, or a process that has none of its own just now.

    Attributes:
        who: The process, or the task by its name, or by its coroutine where nobody gave it a name.
        doing: The handler that runs, None outside processes.
        awaits: What it waits for, as far as that can be told; empty otherwise.
        place: File, line and function of the innermost frame that is neither Regrow's nor the standard
            library's; None if there is none.
        code: The source line there, empty if it isn't at hand.
        mailbox: Messages in the mailbox of its process, None outside processes.
        stack: All such frames, outermost first.
    """

    who: str
    doing: str | None = None
    awaits: str = ""
    place: str | None = None
    code: str = ""
    mailbox: int | None = None
    stack: tuple[str, ...] = ()

    def __str__(self) -> str:
        doing = f" in {self.doing}" if self.doing else ""
        awaits = f" waits for {self.awaits}" if self.awaits else " waits"
        place = f" at {self.place}" if self.place else ""
        code = f": {self.code}" if self.code else ""
        mailbox = f" (in its mailbox: {self.mailbox})" if self.mailbox else ""
        return f"{self.who}{doing}{awaits}{place}{code}{mailbox}"


class Deadlock(TestKitError, AssertionError):
    """Nothing can ever happen again: nothing is ready, no timer is set, nothing outside may speak up.

    Attributes:
        at: Virtual time in seconds.
        waiting: Who waits, where and for what.
        cycles: Those who wait for each other, each one for the next and the last for the first.
        busy: Threads and subprocesses that held the clock for longer than the loop's patience.
    """

    def __init__(
        self,
        at: float,
        waiting: Sequence[Waiting],
        *,
        cycles: Sequence[Sequence[str]] = (),
        busy: Sequence[str] = (),
        hint: str = "",
    ) -> None:
        self.at: float = at
        self.waiting: tuple[Waiting, ...] = tuple(waiting)
        self.cycles: tuple[tuple[str, ...], ...] = tuple(tuple(one) for one in cycles)
        self.busy: tuple[str, ...] = tuple(busy)
        why = "nothing is ready and no timer is set"
        if busy:
            why = "these hold the clock and say nothing, which loop.jumping() would allow: " + ", ".join(busy)
        rings = [f"they wait for each other: {' -> '.join([*one, one[0]])}" for one in self.cycles]
        lines = [*rings, *_lines(waiting), *([hint] if hint else [])]
        super().__init__(_listed(f"nothing can happen any more at virtual time {at:.12g}: {why}", lines))


class NoProgress(TestKitError, AssertionError):
    """The loop is busy and the clock stands still: something is ready again and again at one moment.

    Attributes:
        at: Virtual time in seconds.
        passes: Passes of the loop since the clock last moved.
        ready: The tasks that were about to run.
        timers: The timers that were due last, by what they call.
        callbacks: The callbacks that were about to run, other than the steps of tasks.
    """

    def __init__(
        self,
        at: float,
        passes: int,
        ready: Sequence[Waiting],
        timers: Sequence[str],
        callbacks: Sequence[str],
    ) -> None:
        self.at: float = at
        self.passes: int = passes
        self.ready: tuple[Waiting, ...] = tuple(ready)
        self.timers: tuple[str, ...] = tuple(timers)
        self.callbacks: tuple[str, ...] = tuple(callbacks)
        lines = [f"ready again: {_placed(one)}" for one in ready]
        lines += [f"due again: {one}" for one in timers]
        lines += [f"called again: {one}" for one in callbacks]
        text = (
            f"the clock stood still at virtual time {at:.12g} for {passes} passes of the loop, which was busy"
            " all the while; a delay of 0 and a timer for now don't move it (max_passes, if it is right so)"
        )
        super().__init__(_listed(text, lines))


class TookTooLong(TestKitError, AssertionError):
    """A run on virtual time took too long in real time.

    Attributes:
        limit: Real seconds it had.
        at: Virtual time in seconds.
        waiting: What its tasks and processes were doing.
    """

    def __init__(self, limit: float, at: float, waiting: Sequence[Waiting]) -> None:
        self.limit: float = limit
        self.at: float = at
        self.waiting: tuple[Waiting, ...] = tuple(waiting)
        text = (
            f"still running after {limit:g} s of real time, at virtual time {at:.12g}: an endless loop of"
            " timers, or a limit that is too low; what there is"
        )
        super().__init__(_listed(text, [line for one in waiting for line in _with_stack(one)]))


class NotDeclared(TestKitError):
    """Code on virtual time used something real that its test hadn't declared.

    Attributes:
        what: What it used.
        option: What declares it: "sockets", "threads" or "subprocesses".
    """

    def __init__(self, what: str, option: str) -> None:
        self.what: str = what
        self.option: str = option
        super().__init__(
            f"{what} on virtual time: the clock doesn't wait for {option} unless the test declares them, by"
            f" run_virtual(..., {option}=True), VirtualLoop({option}=True) or"
            f" @pytest.mark.regrow({option}=True); or give the code a stand-in that needs none"
        )


class NotVirtual(TestKitError):
    """`pass_time` on a real loop.

    Attributes:
        seconds: How much time was to pass.
        loop: The class of the loop.
    """

    def __init__(self, seconds: float, loop: str) -> None:
        self.seconds: float = seconds
        self.loop: str = loop
        super().__init__(
            f"pass_time({seconds!r}) on a real loop ({loop}) would really sleep: run it on virtual time,"
            " by run_virtual, VirtualTestCase or @pytest.mark.regrow, or wait for what is to happen"
        )


def _listed(text: str, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return "\n  ".join([f"{text}:" if lines else text, *lines[:MOST_LINES], *more])


def _lines(waiting: Sequence[Waiting]) -> list[str]:
    return [str(one) for one in waiting] or ["nobody waits"]


def _placed(one: Waiting) -> str:
    return f"{one.who}{f' at {one.place}' if one.place else ''}{f': {one.code}' if one.code else ''}"


def _with_stack(one: Waiting) -> list[str]:
    return [str(one), *(f"  {frame}" for frame in one.stack[:-1])]
