"""Checks that kill each child once, each in a run of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from typing_extensions import override

from regrow.comply.check import Check
from regrow.comply.context import Context, text_of
from regrow.comply.killing import fate_of
from regrow.comply.tree import Child, Node

MOST: Final = 10
"""Children of one dynamic supervisor that are killed: they are all alike."""


class KillChild(Check):
    """Each child is killed: its supervisor's strategy says who comes back, and nobody else falls."""

    name = "kill-child"
    title = "when a child is killed, exactly those restart that its supervisor's strategy names"

    @property
    @override
    def nothing(self) -> str:
        return "no supervisor of the application has a child"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        return [child.path for _, child in _children(context, self.name)]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        seen = context.kill(subject)
        return [*([text_of(seen.error)] if seen.error is not None else []), *seen.problems]


class RestartLeaks(Check):
    """A restart leaves no more than there was: what the dead one had is given back."""

    name = "restart-leaks"
    title = "a restart leaves behind no process, name, monitor, timer, subscriber, task, thread or socket"

    @property
    @override
    def nothing(self) -> str:
        return "no child of the application is ever restarted"

    @override
    def subjects(self, context: Context) -> Sequence[str]:
        return [
            child.path for node, child in _children(context, self.name) if fate_of(node, child) == "restarted"
        ]

    @override
    def examine(self, context: Context, subject: str) -> Sequence[str]:
        seen = context.kill(subject)
        if seen.error is not None:
            return [text_of(seen.error)]
        more = [f"{count} more {name} than before the restart" for name, count in seen.grown.items()]
        return [*more, *(f"nobody gave back what the killed one had: {left}" for left in seen.left)]


def _children(context: Context, check: str) -> Iterator[tuple[Node, Child]]:
    """The children that are killed: those that ran when the tree was up, by path."""
    for node in context.running(check).nodes:
        for place, child in enumerate(node.children):
            if child.process is not None and (node.by_id or place < MOST):
                yield node, child
