"""A run in words, while it runs: who goes on, what is handled, who starts and who ends, what strikes."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, cast, final

from typing_extensions import override

from regrow.core.reasons import format_reason
from regrow.runtime.blueprint import Entry
from regrow.runtime.items import Request
from regrow.runtime.process import Process
from regrow.testing.sim.schedules import FOREVER
from regrow.testing.sim.trace import Trace
from regrow.testing.sim.victims import label_of

if TYPE_CHECKING:
    from types import FrameType

    from regrow.core.reasons import ExitReason
    from regrow.runtime.blueprint import Blueprint

__all__ = ("DEVIATION", "FAULT", "PLAIN", "TellingTrace")

PLAIN: Final = " "
DEVIATION: Final = "*"
FAULT: Final = "!"
"""What a line begins with."""
OWN: Final = ("regrow", "asyncio")
"""Packages whose frames and callbacks aren't worth a line."""
MOST_NAMES: Final = 5
PID: Final = re.compile(r"<\S+\.\d+\.\d+ ([^<>]+)>")
"""A Pid as text; its last number counts all Systems of the program."""

Tell = Callable[[str], object]


@final
class TellingTrace(Trace):
    """A trace that tells each note as a line of text. It changes nothing in the run.

    Args:
        tell: Called with each line: its mark, the virtual time, and what happens.
    """

    __slots__ = ("_ends", "_handled", "_met", "_now", "_tell", "_twins")
    tells = True

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell
        self._now = 0.0
        self._ends: dict[Process, asyncio.Future[ExitReason]] = {}
        self._met: dict[str, int] = {}
        self._handled: object = None
        self._twins: dict[Blueprint, Blueprint] = {}

    # -- what the run notes --------------------------------------------------------------------

    @override
    def step(self, task: asyncio.Task[object] | None, callback: object) -> None:
        super().step(task, callback)
        self._tell_ends()
        if task is not None:
            place = _place(task)
            if place is not None:
                self._line(PLAIN, f"{task.get_name()} goes on at {place}")
        elif not _is_own(str(getattr(callback, "__module__", None) or OWN[0])):
            self._line(PLAIN, f"the loop calls {getattr(callback, '__qualname__', 'a callback')}")

    @override
    def chosen(self, index: int, ready: Sequence[object]) -> None:
        super().chosen(index, ready)
        self._tell_ends()
        earlier = [_called(one) for one in islice(ready, min(index, MOST_NAMES))]  # a deque can't be sliced
        more = [f"{index - MOST_NAMES} more"] if index > MOST_NAMES else []
        self._line(DEVIATION, f"{_called(ready[index])} goes before {', '.join([*earlier, *more])}")

    @override
    def held(self, one: object, picks: int) -> None:
        super().held(one, picks)
        self._tell_ends()
        while_ = "as long as others are ready" if picks == FOREVER else f"for {picks} picks"
        self._line(DEVIATION, f"{_called(one)} is held back {while_}")

    @override
    def fewer(self, hand_offs: float) -> None:
        super().fewer(hand_offs)
        after = f", after the first {hand_offs:g}," if hand_offs else ""
        self._line(DEVIATION, f"calls of this step{after} go through the mailbox")

    @override
    def cut(self) -> None:
        super().cut()
        self._line(DEVIATION, "the time of this turn is up")

    @override
    def time(self, now: float) -> None:
        super().time(now)
        self._tell_ends()
        self._now = now

    @override
    def begin(self, process: Process) -> None:
        super().begin(process)
        label = label_of(process)
        met = self._met[label] = self._met.get(label, 0) + 1
        # Nobody waits for this future, so its end is no step of the loop.
        self._ends[process] = process.engine.exits.when_down(process, onlooker=True)
        self._line(
            PLAIN, f"{label} starts" if met == 1 else f"{label} starts again, for the {_nth(met)} time"
        )
        self._listen(process)

    @override
    def turn(self, process: Process, message: object) -> None:
        super().turn(process, message)
        self._handles(process, message, "")

    @override
    def fault(self, text: str) -> None:
        super().fault(text)
        self._line(FAULT, text)

    @override
    def note(self, text: str) -> None:
        super().note(text)
        self._line(PLAIN, text)

    # -- lines ---------------------------------------------------------------------------------

    def _line(self, mark: str, text: str) -> None:
        self._tell(f"{mark} {self._now:9.3f} s  {text}")

    def _handles(self, process: Process, message: object, how: str) -> None:
        self._handled = message
        item = process.mailbox[0] if process.mailbox else None
        caller = item.caller if isinstance(item, Request) and item.message is message else None
        asked = f", asked by {label_of(caller)}" if caller is not None else how
        shown = PID.sub(r"<\1>", process.engine.reporter.show(message))
        self._line(PLAIN, f"{label_of(process)} handles {shown}{asked}")

    def _tell_ends(self) -> None:
        ended = [process for process, end in self._ends.items() if end.done()]
        for process in ended:
            reason = self._ends.pop(process).result()
            self._line(PLAIN, f"{label_of(process)} has ended: {format_reason(reason)}")

    # -- hand-offs -----------------------------------------------------------------------------

    def _listen(self, process: Process) -> None:
        """Hear of what it handles on its callers' stacks, which is no turn."""
        blueprint = process.blueprint
        if blueprint.server is None or blueprint.held is not None:
            return
        twin = self._twins.get(blueprint)
        if twin is None:
            twin = self._twins[blueprint] = copy.copy(blueprint)
            earlier = blueprint.wrap
            twin.wrap = self._wrapped if earlier is None else lambda entry: self._wrapped(earlier(entry))
            twin.calls = {kind: self._wrapped(entry) for kind, entry in blueprint.calls.items()}
        process.blueprint = twin

    def _wrapped(self, entry: Entry) -> Entry:
        if not entry.hand_off:
            return entry
        inner = entry.invoke

        def run(instance: object, message: object) -> object:
            process = getattr(instance, "_process", None)
            if self._handled is not message and process is not None:
                task = asyncio.current_task()
                caller = task.get_name() if task is not None else "its caller"
                self._handles(process, message, f" on the stack of {caller}")
            return inner(instance, message)

        return Entry(entry.name, run, raises=entry.raises, hand_off=True)


def _called(one: object) -> str:
    if isinstance(one, asyncio.Task):
        return cast("asyncio.Task[object]", one).get_name()
    return label_of(one) if isinstance(one, Process) else "a callback"


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in OWN


def _nth(number: int) -> str:
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _place(task: asyncio.Task[object]) -> str | None:
    """Where a task stands, in code that is neither Regrow's nor asyncio's; None if it has no such."""
    awaits: object = task.get_coro()
    found: str | None = None
    while awaits is not None:
        frame: FrameType | None = getattr(awaits, "cr_frame", None) or getattr(awaits, "gi_frame", None)
        if frame is not None and not _is_own(str(frame.f_globals.get("__name__", ""))):
            code = frame.f_code
            found = f"{PurePath(code.co_filename).name}:{frame.f_lineno} in {code.co_name}"
        awaits = getattr(awaits, "cr_await", None) or getattr(awaits, "gi_yieldfrom", None)
    return found
