"""A test that refuses to end: after some cancels it is left where it stands, and its task goes on."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Coroutine, Generator
from inspect import CORO_CLOSED, getcoroutinestate
from types import CoroutineType
from typing import Final, TypeAlias, cast, final

__all__ = ("Leavable",)

Test: TypeAlias = "CoroutineType[object, object, object]"


@final
class Leavable(Generator[object, object, object]):
    """`await Leavable(test, refused)` is `await test` as long as `refused()` is False.

    From then on a cancel isn't given to the test any more, but raised here. The test is closed, so that
    its `finally` blocks run, as far as they don't wait.

    Attributes:
        cr_frame: Nothing of its own, for who looks for the frames of what a task awaits.
        cr_await: The test, for the same.
    """

    __slots__ = ("_refused", "cr_await")

    cr_frame = None

    def __init__(self, test: Coroutine[object, object, object], refused: Callable[[], bool]) -> None:
        self.cr_await: Final = cast("Test", test)
        self._refused = refused

    def __await__(self) -> Generator[object, object, object]:
        return self

    def send(self, value: object) -> object:
        """Go on with it."""
        __tracebackhide__ = True
        return self.cr_await.send(value)

    def throw(self, error: BaseException, *_: object) -> object:  # type: ignore[override]
        """Raise an error where it waits, or here if that is of no use."""
        __tracebackhide__ = True
        if isinstance(error, asyncio.CancelledError) and self._refused():
            self.close()
            raise error
        return self.cr_await.throw(error)

    def close(self) -> None:
        """End it where it waits."""
        try:
            self.cr_await.close()
        except RuntimeError:
            if getcoroutinestate(self.cr_await) == CORO_CLOSED:
                raise  # its own error
            # Python would try again when the program ends: then nothing that it could wait for is left, and
            # it would never end. So it is never freed.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.cr_await))
