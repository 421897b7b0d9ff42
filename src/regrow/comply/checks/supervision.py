"""Checks of the supervisors of a running application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from typing_extensions import override

from regrow.comply.check import Check
from regrow.comply.context import Context
from regrow.comply.describe import PRODUCTION, Description
from regrow.comply.tree import Node

MOST: Final = 1000
"""Restarts within the window beyond which a budget bounds nothing."""
_MISSING: Final = "not there"


class RestartIntensity(Check):
    """A supervisor gives up at some time, so that what is above it gets its turn."""

    name = "restart-intensity"
    title = "each supervisor's restart budget bounds something: at most 1000 restarts in its window"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        return [node.path for node in context.running(self.name).nodes]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        return [text for node in context.steady.nodes if node.path == subject for text in _intensity(node)]


def _intensity(node: Node) -> Sequence[str]:
    flags = node.flags
    if flags.max_restarts <= MOST:
        return []
    budget = f"{flags.max_restarts:,} restarts in {flags.max_seconds:g} s"
    return [f"{budget} bound nothing: a child that can't run is restarted for ever, and nobody hears of it"]


class SameSupervision(Check):
    """What is tested is what runs: supervision doesn't depend on where it is."""

    name = "same-supervision"
    title = "each supervisor is the same under test and in production"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        return [node.path for node in context.running(self.name).nodes]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        found, nodes = context.descriptions, context.steady.nodes
        if subject != nodes[0].path:
            return list(_differences(found.seen, subject))
        here = {node.path for node in nodes[1:]}
        elsewhere = dict.fromkeys(path for seen in found.seen.values() for path in seen if path not in here)
        return [
            *(f"the application doesn't run in {name}: {why}" for name, why in found.failed.items()),
            *(text for path in elsewhere for text in _differences(found.seen, path)),
        ]


def _differences(seen: Mapping[str, Description], path: str) -> Iterator[str]:
    """What a supervisor is in production, and what it is elsewhere."""
    rows = {name: one.get(path, {}) for name, one in seen.items()}
    first = rows.pop(PRODUCTION, {})
    for name, row in rows.items():
        for key in dict.fromkeys([*first, *row]):
            if first.get(key) != row.get(key):
                mine, other = first.get(key, _MISSING), row.get(key, _MISSING)
                yield f"{path}: {key} is {mine} in {PRODUCTION} and {other} in {name}"
