"""Calls that hold the loop up are errors, on request."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType, ModuleType

import pytest

from regrow.runtime.stacks import caller, module_of, place

__all__ = ("blocking_refused",)


@contextmanager
def blocking_refused(scanned: ModuleType | str, problems: list[str]) -> Generator[None]:
    """Inside, calls that block the loop raise, and are noted, if `scanned` is on the stack.

    Blockbuster knows which calls block and where they may: a list that its users keep up to date. The error
    alone isn't enough, as in a process it is one more crash that a supervisor mends.

    Args:
        scanned: A package by name, or a module.
        problems: Where texts of what was found go.
    """
    __tracebackhide__ = True
    try:
        from blockbuster import BlockBuster, BlockingError  # noqa: PLC0415  # an extra
    except ImportError:
        pytest.fail(
            'blocking-calls = "error" needs Blockbuster: pip install "regrow[blocking]"', pytrace=False
        )
    init = BlockingError.__init__

    def note(self: BlockingError, func: str) -> None:
        init(self, func)
        problems.append(f"{func} held up the loop at {place(_outside(caller(1)))}")

    found = BlockBuster(scanned)
    for function in found.functions.values():
        function.can_block_in("<frozen importlib._bootstrap>", "_find_and_load")  # a late import
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BlockingError, "__init__", note)
        found.activate()
        try:
            yield
        except BlockingError:
            problems.pop()  # the test fails of it anyway
            raise
        finally:
            found.deactivate()


def _outside(frame: FrameType | None) -> FrameType | None:
    while frame is not None and module_of(frame).partition(".")[0] == "blockbuster":
        frame = frame.f_back
    return frame
