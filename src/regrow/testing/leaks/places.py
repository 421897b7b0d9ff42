"""Where something was made: stacks taken in a microsecond, and written out only if they are wanted."""

from __future__ import annotations

import os.path
import threading
from itertools import islice
from types import CodeType, FrameType
from typing import Final, TypeAlias, cast

import regrow
from regrow.runtime.stacks import caller

__all__ = ("Place", "of_runtime", "place_here", "written")

Place: TypeAlias = "tuple[CodeType | int, ...]"
"""Code and offset of each frame in turn, innermost first: to read a line number costs more than all the rest,
and a tuple of tuples would give the garbage collector work."""

LENGTH: Final = 2 * 12
"""Frames that are kept, twice."""
SHOWN: Final = 4
"""Frames that are written out, the innermost."""

_STDLIB: Final = os.path.dirname(threading.__file__) + os.sep  # noqa: PTH120  # compared with texts, often
_OURS: Final = os.path.dirname(regrow.__file__) + os.sep  # noqa: PTH120
_BETWEEN: Final = (
    "asyncio/",
    "concurrent/",
    "contextlib.py",
    "multiprocessing/",
    "socket.py",
    "subprocess.py",
    "threading.py",
)
_GO_BETWEENS: Final = (
    *(_STDLIB + name for name in _BETWEEN),
    _OURS + "testing/leaks/",
    _OURS + "testing/virtual/",
)
_RUNTIME: Final = (_OURS + "runtime/", _OURS + "delivery/", _OURS + "resilience/")
_RUNNERS: Final = tuple(f"{os.sep}{name}{os.sep}" for name in ("_pytest", "pluggy", "pytest_asyncio"))
_SKIPPED: Final = (*_GO_BETWEENS, _OURS)


def place_here(depth: int) -> Place:
    """The frames from the caller, at depth 1, outwards."""
    frame: FrameType | None = caller(depth)
    flat: list[CodeType | int] = []
    while frame is not None and len(flat) < LENGTH:
        flat += (frame.f_code, frame.f_lasti)
        frame = frame.f_back
    return tuple(flat)


def _pairs(place: Place) -> list[tuple[CodeType, int]]:
    return cast("list[tuple[CodeType, int]]", list(zip(place[::2], place[1::2], strict=True)))


def written(place: Place) -> tuple[str, ...]:
    """The frames of whoever wanted it, outermost first: not those of what stands between, or runs tests."""
    frames = _pairs(place)
    own = [frame for frame in frames if not _is_skipped(frame[0].co_filename)] or frames
    return tuple(_line(code, offset) for code, offset in reversed(own[:SHOWN]))


def _is_skipped(file: str) -> bool:
    return file.startswith(_SKIPPED) or any(runner in file for runner in _RUNNERS)


def of_runtime(place: Place) -> bool:
    """Whether the runtime made it, for itself."""
    makers = (code for code, _ in _pairs(place) if not code.co_filename.startswith(_GO_BETWEENS))
    maker = next(makers, None)
    return maker is not None and maker.co_filename.startswith(_RUNTIME)


def _line(code: CodeType, offset: int) -> str:
    position = next(islice(code.co_positions(), max(offset, 0) // 2, None), None)
    line = position[0] if position is not None else None
    return f"{code.co_filename}:{line or code.co_firstlineno} in {code.co_qualname}"
