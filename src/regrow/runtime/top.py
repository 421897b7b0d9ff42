"""The supervisor above services and the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from regrow.core.reasons import ExitReason
from regrow.core.services import ServiceEntry
from regrow.core.specs import ChildSpec, SupervisorSpec, child
from regrow.runtime.after import Stop
from regrow.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from regrow.runtime.process import Process
    from regrow.runtime.supervisor import Slot


class Top(Supervisor):
    """Services, in order, then the tree: the loss of a service restarts all that came after it.

    The end of the tree is the end of all, with the tree's reason: its own supervisor, the root,
    has tried what there was to try.
    """

    __slots__ = ()

    @property
    def root(self) -> Process | None:
        """The tree's own supervisor; None while it is being restarted."""
        return self._slots[-1].process if self._slots else None

    async def _ended(self, slot: Slot, reason: ExitReason) -> None:
        if slot is not self._slots[-1]:
            await super()._ended(slot, reason)
            return
        slot.fill(None)
        if self._process.after is None:
            self._process.after = Stop(reason)


def with_services(services: tuple[ServiceEntry, ...], tree: ChildSpec) -> ChildSpec:
    """The spec of services and tree together; the services are restarted as often as the tree's children."""
    children = [entry.spec for entry in services]
    flags = tree.args[0].flags if isinstance(tree.args[0], SupervisorSpec) else None
    assert flags is not None
    spec = SupervisorSpec.of(
        [*children, msgspec.structs.replace(tree, restart="permanent")],
        strategy="rest_for_one",
        max_restarts=flags.max_restarts,
        max_seconds=flags.max_seconds,
    )
    return child(Top, id="top", args=(spec,))
