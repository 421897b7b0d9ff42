"""Global state that one test at a time has for itself, and that is as it was when the test is over."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import ClassVar, final

from regrow.errors import AlreadyIsolated
from regrow.testing.contamination.guard import ContaminationGuard
from regrow.testing.contamination.snapshot import Snapshot

__all__ = ("OwnGlobals",)


@final
class OwnGlobals:
    """Environment, working directory, logging, random state and so on, from `begin` to `end`.

    The shared generator of random numbers is seeded for as long.

    Args:
        test_id: Whose they are.
        seed: For the shared generator.
        packages: Whose module globals are put back as well.
        guard: Raises about what was changed; None to put it back in silence.
    """

    _holder: ClassVar[OwnGlobals | None] = None

    __slots__ = ("_guard", "_packages", "_random", "_seed", "_snapshot", "_test_id")

    def __init__(
        self, test_id: str, seed: int, packages: Sequence[str], guard: ContaminationGuard | None
    ) -> None:
        self._test_id = test_id
        self._seed = seed
        self._packages = packages
        self._guard = guard
        self._random = random.getstate()
        self._snapshot: Snapshot | None = None

    def begin(self) -> None:
        """Take them.

        Raises:
            AlreadyIsolated: Another test of this OS process has them.
        """
        if OwnGlobals._holder is not None:
            raise AlreadyIsolated(OwnGlobals._holder._test_id, self._test_id)  # noqa: SLF001  # another of this class
        OwnGlobals._holder = self
        self._random = random.getstate()
        random.seed(self._seed)
        if self._guard is not None:
            self._guard.__enter__()
        else:
            self._snapshot = Snapshot(self._packages)

    def end(self) -> None:
        """Put them back.

        Raises:
            Contaminated, StaleOptOut: What the guard has to say.
        """
        OwnGlobals._holder = None
        try:
            if self._snapshot is not None:
                self._snapshot.restore(lambda _kind, _name: False)
            elif self._guard is not None:
                self._guard.__exit__(None, None, None)
        finally:
            random.setstate(self._random)
