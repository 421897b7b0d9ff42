"""A thread that calls at a given real time, one for all tests of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final, TypeAlias, final

from regrow.runtime.threadpool import RuntimeThread

__all__ = ("Alarm", "prepare")

Entry: TypeAlias = "tuple[float, Callable[[], object]]"


@final
class Alarm:
    """Calls a function in so many real seconds, in the thread for it, unless it is switched off before."""

    __slots__ = ("_entry",)

    def __init__(self, seconds: float, call: Callable[[], object]) -> None:
        self._entry = (monotonic() + seconds, call)
        _CLOCK.add(self._entry)

    def off(self) -> None:
        """It won't call; if it is just calling, wait until it has."""
        _CLOCK.remove(self._entry)


@final
class _Clock:
    """The thread, and what it is to call."""

    __slots__ = ("_entries", "_thread", "_turn")

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._entries: list[Entry] = []
        self._thread: threading.Thread | None = None

    def add(self, entry: Entry) -> None:
        with self._turn:
            self._entries.append(entry)
            self._turn.notify()

    def remove(self, entry: Entry) -> None:
        with self._turn:
            if entry in self._entries:
                self._entries.remove(entry)

    def prepare(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = RuntimeThread("regrow-alarm", self._run)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait(self._ring())

    def _ring(self) -> float | None:
        """Call whoever is due. Returns the seconds until the next one; the thread keeps nothing of it."""
        while self._entries:
            first = min(self._entries, key=lambda entry: entry[0])
            seconds = first[0] - monotonic()
            if seconds > 0:
                return seconds
            self._entries.remove(first)
            first[1]()
        return None


_CLOCK: Final = _Clock()


def prepare() -> None:
    """Start the thread, unless it runs: before the loops of tests, which would take it for theirs."""
    _CLOCK.prepare()
