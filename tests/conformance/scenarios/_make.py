"""Short constructors for the written scenarios."""

from __future__ import annotations

from typing import Any

from tests.conformance.model import Dyn, Scenario, Step, Sup, Worker

__all__ = ["case", "dyn", "sup", "tree", "w"]


def w(id: str, **options: Any) -> Worker:
    """A worker."""
    return Worker(id=id, **options)


def sup(id: str, *children: Worker | Sup | Dyn, **options: Any) -> Sup:
    """A nested supervisor."""
    return Sup(id=id, children=children, **options)


def dyn(id: str, **options: Any) -> Dyn:
    """A nested dynamic supervisor."""
    return Dyn(id=id, **options)


def tree(*children: Worker | Sup | Dyn, **options: Any) -> Sup:
    """The root supervisor."""
    return Sup(id="root", children=children, **options)


def case(name: str, root: Sup, *steps: Step) -> Scenario:
    """A scenario."""
    return Scenario(name=name, root=root, steps=steps)
