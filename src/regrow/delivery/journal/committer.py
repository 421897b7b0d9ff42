"""The thread that commits."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import final

from regrow.runtime.threadpool import RuntimeThread

__all__ = ("Committer",)


@final
class Committer:
    """One thread that does what it is given, in turn, and tells nobody.

    A future that is the loop's as well as the thread's costs as much as the Python of a small commit, and
    has the GIL changed once more.
    """

    __slots__ = ("_jobs", "_made")

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._made = False

    def put(self, job: Callable[[], object]) -> None:
        """Do `job`, which raises nothing, when all before it is done."""
        if not self._made:
            self._made = True
            RuntimeThread("regrow-journal", self._work).start()
        self._jobs.put(job)

    def close(self) -> None:
        """Do what there is, and no more."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # it holds what was written
