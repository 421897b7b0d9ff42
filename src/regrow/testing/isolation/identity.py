"""Which test is this: names and seeds that are its own, the same in every run."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from typing import ClassVar, Final, cast, final

from regrow.errors import BadSetting
from regrow.runtime.stacks import caller

__all__ = ("Identity", "current_test_id", "seed_of")

VARIABLE: Final = "PYTEST_CURRENT_TEST"
MAX_NAME: Final = 40


def current_test_id(depth: int) -> str:
    """The id of the test that pytest runs now; without pytest, the function `depth` above that asks."""
    under_pytest = os.environ.get(VARIABLE, "").rpartition(" (")[0]
    if under_pytest:
        return under_pytest
    frame = caller(depth)
    return f"{frame.f_globals.get('__name__', '?')}::{frame.f_code.co_qualname}"


def seed_of(test_id: str) -> int:
    """The seed of a test: the same on every machine, in every worker."""
    return int.from_bytes(hashlib.sha256(test_id.encode()).digest()[:8])


@final
class Identity:
    """A test's name, and the names that it gives to things.

    A name has in it what the test is called and a digest of its whole id, so that no other test has it,
    whichever worker runs it; of two kits that one test has open at the same time, the second counts as
    another.

    Args:
        test_id: What the test runner calls the test.
    """

    _open: ClassVar[defaultdict[str, set[int]]] = defaultdict(set)

    __slots__ = ("_digest", "_given", "_number", "short", "test_id")

    def __init__(self, test_id: str) -> None:
        self.test_id: Final = test_id
        taken = Identity._open[test_id]
        self._number = next(number for number in range(len(taken) + 1) if number not in taken)
        taken.add(self._number)
        whole = f"{test_id}#{self._number}" if self._number else test_id
        self._digest = hashlib.sha256(whole.encode()).hexdigest()[:8]
        self._given = 0
        last = re.split(r"::|\.", re.sub(r"\[.*", "", test_id, flags=re.DOTALL))[-1]
        self.short: Final = re.sub(r"\W+", "-", last).strip("-")[:MAX_NAME] or "test"

    def unique(self, prefix: str) -> str:
        """One more name. Raises `BadSetting` for a prefix that is no text."""
        given = cast("object", prefix)
        if not isinstance(given, str):
            raise BadSetting("prefix", prefix, "a text", owner="unique_name")
        self._given += 1
        return f"{prefix or self.short}-{self._digest}-{self._given}"

    @property
    def system_name(self) -> str:
        """What its System is called."""
        return f"{self.short}-{self._digest}"

    def close(self) -> None:
        """The kit is closed; the next of the same test may have its names."""
        taken = Identity._open[self.test_id]
        taken.discard(self._number)
        if not taken:
            del Identity._open[self.test_id]
