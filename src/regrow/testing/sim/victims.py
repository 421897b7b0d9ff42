"""Whom faults may strike by chance, and what a process is called over all its restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, final

from regrow.runtime.top import Top

if TYPE_CHECKING:
    from regrow.core.specs import SupervisorSpec
    from regrow.runtime.process import Process
    from regrow.testing.sim.faults import Faults

__all__ = ("Victims", "label_of")


@final
class Victims:
    """Whom the faults of one run may strike.

    Args:
        faults: Whom the test says they may.
    """

    __slots__ = ("_faults", "_known")

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._known: dict[Process, str | None] = {}

    def label(self, process: Process) -> str | None:
        """What the process is called in decisions; None if it is no victim."""
        try:
            return self._known[process]
        except KeyError:
            label = self._known[process] = label_of(process) if self._may_be_struck(process) else None
            return label

    def _may_be_struck(self, process: Process) -> bool:
        parent = process.parent
        if parent is None or process.child is None or parent.blueprint.server is Top:
            return False  # spawned by the test, the root, a service
        if not parent.blueprint.is_supervisor or _in_service(parent):
            return False
        only, spare = self._faults.only, self._faults.spare
        return (only is None or only(process)) and (spare is None or not spare(process))


def _in_service(process: Process) -> bool:
    """Whether it belongs to a service: its place under the top isn't the tree's, which is the last."""
    while process.parent is not None:
        above = process.parent
        if above.blueprint.server is Top:
            assert above.child is not None
            assert process.child is not None
            places = cast("SupervisorSpec", above.child.args[0]).children
            return process.child.id != places[-1].id
        process = above
    return False


def label_of(process: Process) -> str:
    """Its name; or else its id among its siblings, after what its supervisor is called."""
    if process.name is not None:
        return process.name
    parent = process.parent
    if parent is None or process.child is None:
        return process.kind
    above = label_of(parent)
    return process.child.id if parent.parent is None else f"{above}/{process.child.id}"
