"""What a virtual loop asks for files that are ready: without waiting, unless the loop says so."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, final

from typing_extensions import override

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

__all__ = ("JumpingSelector",)


class OnPass(Protocol):
    """What is asked at the begin of each pass of the loop."""

    def __call__(self, *, heard: bool, idle: bool) -> float | None:
        """Move the clock, or give the real seconds to wait; None not to.

        Args:
            heard: Whether a file is ready.
            idle: Whether nothing else is.
        """
        ...


@final
class JumpingSelector(selectors.BaseSelector):
    """Asks the real selector without waiting, and a virtual clock what to do instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self._own: int = 0
        self._on_pass: OnPass | None = None
        self._on_silence: Callable[[], object] | None = None

    def attach(self, on_pass: OnPass, on_silence: Callable[[], object]) -> None:
        """Call these from now on, in each pass and after a wait in vain; the files so far are the loop's."""
        self._own = len(self._real.get_map())
        self._on_pass, self._on_silence = on_pass, on_silence

    @property
    def files(self) -> int:
        """How many files are watched that aren't the loop's own."""
        return len(self._real.get_map()) - self._own

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if self._on_pass is None or self._on_silence is None:
            return ready
        wait = self._on_pass(heard=bool(ready), idle=timeout is None or timeout > 0)
        if wait is None:
            return ready
        ready = self._real.select(wait)
        if not ready:
            self._on_silence()
        return ready

    @override
    def register(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    @override
    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    @override
    def modify(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    @override
    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    @override
    def close(self) -> None:
        self._on_pass = self._on_silence = None
        self._real.close()
