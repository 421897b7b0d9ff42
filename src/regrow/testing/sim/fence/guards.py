"""Who stands at the fence: functions that take the place of real ones, and ask what run they are in."""

from __future__ import annotations

import inspect
import os
import sysconfig
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import lru_cache, wraps
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Final, TypeVar, cast, final

import regrow
from regrow.errors.faults import FenceBroken
from regrow.testing.sim.threads import worker_registry

if TYPE_CHECKING:
    from random import Random
    from types import FrameType

    from regrow.testing.sim.fence.options import Fence, Opening
    from regrow.testing.sim.loop import SimLoop

__all__ = ("FencedRun", "active", "fencing", "guard", "is_library", "refuse")

F = TypeVar("F", bound="Callable[..., object]")

TRANSPARENT: Final = frozenset({"random", "secrets", "uuid", "_strptime"})
"""Modules that only pass on what somebody else asks for; so do those of the fence."""
FENCE: Final = __name__.rpartition(".")[0]
ADVICE: Final[dict[Opening, str]] = {
    "clocks": (
        "write asyncio.get_running_loop().time() for durations, hand the code a clock for dates (sim.wall),"
        ' or give it the run\'s own by rt.Fence(virtual=("clocks",))'
    ),
    "randomness": (
        "take numbers from sim.random, hand the code a random.Random(seed) or a maker of ids, or give it the"
        ' run\'s own by rt.Fence(virtual=("randomness",))'
    ),
    "sockets": "give the code a stand-in for what is at the other end, such as a process of the System",
    "threads": "use asyncio.to_thread, loop.run_in_executor or a blocking handler, which the simulation runs",
    "subprocesses": "give the code a stand-in for the program",
}
HERE: Final = str(Path(regrow.__file__).parent) + os.sep
LIBRARIES: Final[tuple[str, ...]] = tuple(
    sorted(
        {
            str(Path(sysconfig.get_paths()[name])) + os.sep
            for name in ("stdlib", "platstdlib", "purelib", "platlib")
        }
    )
)


@final
class FencedRun:
    """The run that is fenced in now.

    Args:
        loop: Its loop.
        wall: Its wall clock.
        fence: What it lets through.
    """

    __slots__ = ("_fences", "_ident", "allowed", "broken", "loop", "over", "virtual", "wall")

    def __init__(self, loop: SimLoop, wall: Callable[[], float], fence: Fence) -> None:
        self._ident = get_ident()
        self._fences: list[Fence] = []
        self.loop: SimLoop = loop
        self.wall: Callable[[], float] = wall
        self.allowed: frozenset[str] = frozenset()
        self.virtual: frozenset[str] = frozenset()
        self.over: bool = False
        """Whether the test has ended, and only what it left is being ended."""
        self.broken: FenceBroken | None = None
        """What reached out first."""
        self._push(fence)

    @property
    def random(self) -> Random:
        """Where library code gets its random numbers from."""
        return self.loop.decisions.stream("library")

    @property
    def here(self) -> bool:
        """Whether this thread is the run's: its loop's, or one that works for it."""
        ident = get_ident()
        return ident == self._ident or ident in worker_registry

    @contextmanager
    def opened(self, fence: Fence) -> Generator[None]:
        """Let more through, inside."""
        self._push(fence)
        try:
            yield
        finally:
            self._fences.remove(fence)
            self._sum()

    def _push(self, fence: Fence) -> None:
        self._fences.append(fence)
        self._sum()

    def _sum(self) -> None:
        self.allowed = frozenset(one for fence in self._fences for one in fence.allow)
        self.virtual = frozenset(one for fence in self._fences for one in fence.virtual)

    def refuse(self, kind: Opening, what: str, frame: FrameType | None) -> FenceBroken:
        """What to raise; the run fails by it, whoever catches it."""
        error = FenceBroken(what, where=_place(frame), instead=ADVICE[kind])
        if self.broken is None:
            self.broken = error
            if self.loop.is_running() and not self.over:
                self.loop.stop()
        return error


_run: FencedRun | None = None


@contextmanager
def fencing(run: FencedRun) -> Generator[FencedRun]:
    """Inside, `run` is the run that is fenced in."""
    global _run  # noqa: PLW0603, RG301  # there is one at a time in a program
    before, _run = _run, run
    try:
        yield run
    finally:
        _run = before


def active() -> FencedRun | None:
    """The run that this code belongs to, None outside."""
    run = _run
    return run if run is not None and run.here else None


def guard(kind: Opening, what: str, real: F, route: Callable[..., object]) -> F:
    """What stands in the place of `real` while runs are fenced in.

    Args:
        kind: What it belongs to.
        what: What it is called in errors.
        real: What it does outside of runs, and where it is allowed.
        route: What library code gets: called with the run, and the arguments.
    """

    @wraps(real)
    def guarded(*args: object, **options: object) -> object:
        run = active()
        if run is None or kind in run.allowed:
            return real(*args, **options)
        if kind not in run.virtual:
            frame = asking_frame()
            if frame is None or not is_library(frame.f_code.co_filename):
                raise run.refuse(kind, what, frame)
        return route(run, *args, **options)

    return cast("F", guarded)


def refuse(kind: Opening, what: str) -> None:
    """Raise, unless there is no run, or it allows this.

    Raises:
        FenceBroken: The run doesn't allow it.
    """
    run = active()
    if run is not None and kind not in run.allowed:
        raise run.refuse(kind, what, user_frame())


@lru_cache(maxsize=4096)
def is_library(filename: str) -> bool:
    """Whether code of this file is the standard library's, an installed package's or Regrow's own."""
    return filename.startswith(("<frozen", HERE, *LIBRARIES))


def asking_frame() -> FrameType | None:
    """Of whoever asks for something: the innermost that doesn't only pass on what others ask for."""
    frame = inspect.currentframe()
    while frame is not None:
        if not _passes_on(frame):
            return frame
        frame = frame.f_back
    return None


def _passes_on(frame: FrameType) -> bool:
    made = frame.f_code.co_filename.startswith("<") and not frame.f_code.co_filename.startswith("<frozen")
    module = str(frame.f_globals.get("__name__"))
    return made or module in TRANSPARENT or module.startswith(FENCE)


def user_frame() -> FrameType | None:
    """The innermost that is nobody's library."""
    frame = asking_frame()
    first = frame
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame or first


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return ""
    path = frame.f_code.co_filename
    try:
        shown = str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        shown = path
    return f"{shown}:{frame.f_lineno} in {frame.f_code.co_qualname}"
