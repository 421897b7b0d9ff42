"""What the files of a project tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Project(NamedTuple):
    """Facts gathered from all files before rules run.

    Plain values, as they go to worker processes and into the cache's keys.

    Attributes:
        bases: Qualified class -> the qualified names of its bases, sorted, for the classes that derive from
            those that were asked for; also what modules import of them, as if it derived from itself.
        queries: Qualified class of a server -> attribute -> the call that returns just that.
        absent: Texts that no file holds, so that they needn't be looked for again in each.
    """

    bases: Mapping[str, tuple[str, ...]] = {}
    queries: Mapping[str, Mapping[str, str]] = {}
    absent: frozenset[str] = frozenset()

    def bases_of(self, name: str) -> tuple[str, ...]:
        """The qualified names of a class's bases; empty if nothing is known of it."""
        return self.bases.get(name, ())
