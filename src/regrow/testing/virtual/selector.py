"""What a virtual loop asks for files that are ready: without waiting, unless the loop says so."""

from __future__ import annotations

import selectors
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, final

from typing_extensions import override

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

__all__ = ("JumpingSelector",)


class Clock(Protocol):
    """What moves the clock instead of waiting."""

    def begin_pass(self, *, heard: bool, idle: bool) -> float | None:
        """A pass of the loop begins. Returns the real seconds to wait, None not to.

        Args:
            heard: Whether a file is ready.
            idle: Whether nothing else is.
        """
        ...

    def nothing_heard(self) -> None:
        """The wait was in vain."""
        ...


@final
class JumpingSelector(selectors.BaseSelector):
    """Asks the real selector without waiting, and a clock what to do instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self._own: int = 0
        self._clock: Clock | None = None

    def attach(self, clock: Clock) -> None:
        """From now on `clock` is asked; the files until now are the loop's own."""
        self._own = len(self._real.get_map())
        self._clock = clock

    @property
    def files(self) -> int:
        """How many files are watched that aren't the loop's own."""
        return len(self._real.get_map()) - self._own

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        clock = self._clock
        if clock is None:
            return ready
        wait = clock.begin_pass(heard=bool(ready), idle=timeout is None or timeout > 0)
        if wait is None:
            return ready
        ready = self._real.select(wait)
        if not ready:
            clock.nothing_heard()
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
        self._clock = None
        self._real.close()
