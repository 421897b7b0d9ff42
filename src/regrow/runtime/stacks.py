"""Looking at stacks: who called, and what other threads do. The interpreter has no public names for it."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Final

BETWEEN: Final = frozenset(
    {"asyncio", "concurrent", "contextlib", "contextvars", "multiprocessing", "subprocess", "threading"}
)
"""Packages that stand between who wants a task or thread and what makes it."""
WATCHERS: Final = "regrow.testing.leaks.patches"
"""A module whose wrappers stand between as well, while a test is watched for leaks."""


def caller(depth: int) -> FrameType:
    """The frame that called the function that asks, at depth 1; its caller at depth 2; and so on."""
    return sys._getframe(depth + 1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def all_threads() -> dict[int, FrameType]:
    """What each thread of this program, however it was made, does now."""
    return sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def module_of(frame: FrameType) -> str:
    """The name of the module that a frame's code stands in."""
    return str(frame.f_globals.get("__name__", ""))


def is_runtime(module: str) -> bool:
    """Whether a module is the runtime's own."""
    return module == "regrow.runtime" or module.startswith("regrow.runtime.")


def outside(frame: FrameType | None) -> FrameType | None:
    """The innermost frame, from `frame` on, outside the runtime and the standard library's go-betweens."""
    while frame is not None:
        module = module_of(frame)
        if module.partition(".")[0] not in BETWEEN and module != WATCHERS and not is_runtime(module):
            return frame
        frame = frame.f_back
    return None


def site(frame: FrameType | None) -> str | None:
    """File, line and function of the innermost frame outside the runtime."""
    found = outside(frame)
    return None if found is None else f"{place(found)} in {found.f_code.co_qualname}"


def place(frame: FrameType | None) -> str | None:
    """File and line of a frame."""
    return None if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
