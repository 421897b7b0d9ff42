"""What a test leaves to nobody: coroutines never awaited, exceptions never retrieved, failed callbacks."""

from __future__ import annotations

import asyncio
import gc
import linecache
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from types import CoroutineType
from typing import Final, TypeAlias, cast, final

import regrow
from regrow.testing.plugin.limits import Interrupted

__all__ = ("Unhandled",)

DEPTH: Final = 4
"""Frames that each coroutine keeps of who made it: the runtime makes some for whoever calls it."""
PACKAGE: Final = str(Path(regrow.__file__).parent)
NEVER_AWAITED: Final = "coroutine .* was never awaited"

Place: TypeAlias = "tuple[str, int, str]"
Context: TypeAlias = "dict[str, object]"
Handler: TypeAlias = "Callable[[asyncio.AbstractEventLoop, Context], object]"


@final
class Unhandled:
    """Collects them between `begin` and `end`, and blames the test that ran meanwhile.

    What was there before is set aside meanwhile (`gc.freeze`), so that the search for garbage at the end
    looks at what the test made only.
    """

    __slots__ = ("_depth", "_found", "_hook", "_loops", "_over", "problems")

    def __init__(self) -> None:
        self.problems: list[str] = []
        """One text for each, complete after `end`."""
        self._found: list[tuple[str, BaseException | None]] = []
        self._loops: list[tuple[asyncio.AbstractEventLoop, Handler | None]] = []
        self._hook = sys.unraisablehook
        self._depth = 0
        self._over = False

    def begin(self) -> None:
        """Start to collect."""
        _forget_last_failure()
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._unraisable
        self._depth = sys.get_coroutine_origin_tracking_depth()
        sys.set_coroutine_origin_tracking_depth(max(DEPTH, self._depth))
        # pytest restores the filters after the test. As an error the warning brings the coroutine along.
        warnings.filterwarnings("error", NEVER_AWAITED, RuntimeWarning)
        gc.freeze()

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Collect what this loop would only log. A handler that the test sets itself has its way."""
        current = loop.get_exception_handler()
        if current != self._failed:
            self._loops.append((loop, current))
            loop.set_exception_handler(self._failed)

    def end(self) -> None:
        """Find what is left, and stop collecting."""
        _forget_last_failure()
        gc.collect()
        while self._found:
            self._write()
            gc.collect()
        gc.unfreeze()
        self._over = True
        sys.set_coroutine_origin_tracking_depth(self._depth)
        if sys.unraisablehook == self._unraisable:
            sys.unraisablehook = self._hook
        for loop, before in reversed(self._loops):
            if not loop.is_closed() and loop.get_exception_handler() == self._failed:
                loop.set_exception_handler(before)
        self._loops.clear()

    def _write(self) -> None:
        """Make texts of what was found. Not at once: that may be within the garbage collector, anywhere."""
        found, self._found = self._found, []
        for text, error in found:
            trace = "" if error is None else "\n" + "".join(traceback.format_exception(error)).rstrip()
            self.problems.append(text + trace)

    def _unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        culprit: object = unraisable.object
        if not isinstance(culprit, CoroutineType) or not isinstance(unraisable.exc_value, RuntimeWarning):
            self._hook(unraisable)
            return
        coroutine = cast("CoroutineType[object, object, object]", culprit)
        text = f"coroutine '{_name(coroutine)}' was never awaited{_origin(coroutine)}{_source(coroutine)}"
        self._found.append((text, None))

    def _failed(self, loop: asyncio.AbstractEventLoop, context: Context) -> None:
        if self._over:  # too late to fail the test: it was kept alive until now
            loop.default_exception_handler(context)
            return
        text = str(context.get("message") or "unhandled exception in the event loop")
        task = context.get("task") or context.get("future")
        if isinstance(task, asyncio.Task):
            coroutine: object = cast("asyncio.Task[object]", task).get_coro()
            text += f": {getattr(coroutine, '__qualname__', task.get_name())}{_origin(coroutine)}"
        error = context.get("exception")
        if isinstance(error, Interrupted):
            return
        self._found.append((text, error if isinstance(error, BaseException) else None))


def _origin(made: object) -> str:
    """Where a coroutine was made, if it knows."""
    place = _place(made)
    return "" if place is None else f', made at\n  File "{place[0]}", line {place[1]}, in {place[2]}'


def _source(made: object) -> str:
    """The line there, if it is at hand."""
    place = _place(made)
    line = "" if place is None else linecache.getline(place[0], place[1]).strip()
    return f"\n    {line}" if line else ""


def _place(made: object) -> Place | None:
    origin = _origins(made)
    outside = (place for place in origin if not place[0].startswith(PACKAGE))
    return next(outside, origin[0]) if origin else None


def _name(coroutine: CoroutineType[object, object, object]) -> str:
    """What was called: of Regrow's coroutines the function that the user knows, as `call`."""
    inside = list(takewhile(lambda place: place[0].startswith(PACKAGE), _origins(coroutine)))
    return inside[-1][2] if inside else coroutine.__qualname__


def _origins(made: object) -> Sequence[Place]:
    """Who made a coroutine, innermost first, if it knows."""
    return cast("Sequence[Place] | None", getattr(made, "cr_origin", None)) or ()


def _forget_last_failure() -> None:
    """Let go of the last failure, which pytest keeps for debuggers until the next test is called.

    Whatever its frames keep alive would be found dead in the wrong test.
    """
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)
