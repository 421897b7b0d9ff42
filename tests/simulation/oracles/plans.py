"""Supervision trees as plans: what scenarios build and oracles check."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
Restart: TypeAlias = Literal["permanent", "transient", "temporary"]
AutoShutdown: TypeAlias = Literal["never", "any_significant", "all_significant"]
Start: TypeAlias = Literal["ok", "slow", "raise", "hang", "ignore"]
"""What an `init` does."""
End: TypeAlias = Literal["quick", "slow", "hang", "raise"]
"""What a `terminate` does."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A worker. `starts` are its first starts, in order; all later ones are "ok"."""

    label: str
    colour: Literal["def", "async", "plain"] = "def"
    restart: Restart = "permanent"
    significant: bool = False
    shutdown: float | Literal["brutal_kill"] | None = None
    starts: tuple[Start, ...] = ()
    end: End = "quick"
    trap_exit: bool = False
    named: bool = False


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor of static children."""

    label: str
    children: tuple[Leaf | Branch, ...]
    strategy: Strategy = "one_for_one"
    max_restarts: int = 3
    max_seconds: float = 5.0
    auto_shutdown: AutoShutdown = "never"
    restart: Restart = "permanent"
    significant: bool = False


def leaves(branch: Branch) -> list[Leaf]:
    """All workers below, in order."""
    found: list[Leaf] = []
    for child in branch.children:
        found += leaves(child) if isinstance(child, Branch) else [child]
    return found


def branches(branch: Branch) -> list[Branch]:
    """It and all supervisors below, in order."""
    found = [branch]
    for child in branch.children:
        if isinstance(child, Branch):
            found += branches(child)
    return found
