"""What the files of a project tell each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Project:
    """Facts gathered from all files before rules run.

    Plain values, as they go to worker processes and into the cache's keys.

    Attributes:
        bases: Qualified class -> the qualified names of its bases, for all classes of the project that
            have any.
    """

    bases: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def is_a(self, name: str, roots: Iterable[str]) -> bool:
        """Whether a qualified class is one of `roots`, or derives from one as far as the project says."""
        wanted, known = frozenset(roots), dict(self.bases)
        seen: set[str] = set()
        left = [name]
        while left:
            one = left.pop()
            if one in wanted:
                return True
            if one not in seen:
                seen.add(one)
                left += known.get(one, ())
        return False
