"""A thread that calls at a given real time, one for all tests of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import ClassVar, TypeAlias, final

from regrow.runtime.threadpool import RuntimeThread

__all__ = ("Alarm",)

Entry: TypeAlias = "tuple[float, Callable[[], object]]"


@final
class Alarm:
    """Calls a function in so many real seconds, in a thread of its own, unless it is switched off before."""

    _turn: ClassVar[threading.Condition] = threading.Condition()
    _entries: ClassVar[list[Entry]] = []
    _thread: ClassVar[threading.Thread | None] = None

    __slots__ = ("_entry",)

    def __init__(self, seconds: float, call: Callable[[], object]) -> None:
        self._entry = (monotonic() + seconds, call)
        with self._turn:
            self._entries.append(self._entry)
            self._turn.notify()

    def off(self) -> None:
        """It won't call; if it is just calling, wait until it has."""
        with self._turn:
            if self._entry in self._entries:
                self._entries.remove(self._entry)

    @classmethod
    def prepare(cls) -> None:
        """Start the thread, unless it runs: before the loops of tests, which would take it for theirs."""
        if cls._thread is None or not cls._thread.is_alive():
            cls._thread = RuntimeThread("regrow-alarm", cls._run)
            cls._thread.start()

    @classmethod
    def _run(cls) -> None:
        while True:
            with cls._turn:
                cls._turn.wait(cls._ring())

    @classmethod
    def _ring(cls) -> float | None:
        """Call whoever is due. Returns the seconds until the next one; the thread keeps nothing of it."""
        while cls._entries:
            first = min(cls._entries, key=lambda entry: entry[0])
            seconds = first[0] - monotonic()
            if seconds > 0:
                return seconds
            cls._entries.remove(first)
            first[1]()
        return None
