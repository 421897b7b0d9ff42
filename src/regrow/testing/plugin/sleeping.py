"""Tests that wait by sleeping are told so."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

import pytest

from regrow.errors.plugin import SleepInTest
from regrow.runtime.process import current_process
from regrow.runtime.stacks import caller

__all__ = ("sleep_refused",)

Sleep: TypeAlias = Callable[..., object]


@contextmanager
def sleep_refused(names: dict[str, object]) -> Generator[None]:
    """Inside, `asyncio.sleep` and `anyio.sleep` raise where a test's own code calls them.

    A sleep of 0, in a process, or in code that stands in another module is none of a test's.

    Args:
        names: The globals of the test's module.
    """
    with pytest.MonkeyPatch.context() as patch:
        for library in ("asyncio", "anyio"):
            module = sys.modules.get(library)
            if module is None:
                continue
            original: Sleep = module.sleep
            refusing = _refusing(original, names, f"{library}.sleep")
            patch.setattr(module, "sleep", refusing)
            for name, value in list(names.items()):
                if value is original:  # by `from asyncio import sleep`
                    patch.setitem(names, name, refusing)
        yield


def _refusing(original: Sleep, names: dict[str, object], called: str) -> Sleep:
    @functools.wraps(original)
    def sleep(delay: float, *args: object, **kwargs: object) -> object:
        __tracebackhide__ = True
        frame = caller(1)
        if delay > 0 and frame.f_globals is names and current_process.get(None) is None:
            raise SleepInTest(f"{called}({delay!r})", f"{frame.f_code.co_filename}:{frame.f_lineno}")
        return original(delay, *args, **kwargs)

    return sleep
