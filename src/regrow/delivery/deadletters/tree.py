"""The processes of the dead letters: upkeep, and one for each redrive that runs."""

from __future__ import annotations

from typing import Final, final

from regrow.core.specs import ChildSpec, child
from regrow.delivery.deadletters.letters import DeadLetters
from regrow.delivery.deadletters.queue import DeadLetterQueue
from regrow.delivery.deadletters.redrives import Redrives
from regrow.delivery.deadletters.upkeep import Upkeep
from regrow.runtime.dynamic import DynamicSupervisor, dynamic_supervisor
from regrow.runtime.supervisor import supervisor
from regrow.runtime.system import current_system

__all__ = ("DeadLetterTree",)

START: Final = 5.0


@final
class DeadLetterTree:
    """The dead letters of a journal that runs in a System.

    Attributes:
        letters: What users get.
        queue: To be told what is committed, and asked for room.
    """

    __slots__ = ("_prefix", "_redrives", "letters", "queue")

    def __init__(self, queue: DeadLetterQueue, *, prefix: str) -> None:
        self._prefix = prefix
        self._redrives = Redrives(queue, attended=True)
        self.queue: DeadLetterQueue = queue
        self.letters: DeadLetters = DeadLetters(queue, self._redrives)

    def child_spec(self) -> ChildSpec:
        """Its supervisor. A redrive that crashes goes on where it was; upkeep takes up what was running."""
        jobs = dynamic_supervisor(
            id="redrives", name=f"{self._prefix}.redrives", max_restarts=3, max_seconds=5.0
        )
        upkeep = child(self._upkeep, id="upkeep")
        return supervisor(
            [jobs, upkeep], id="dead_letters", strategy="rest_for_one", max_restarts=3, max_seconds=5.0
        )

    async def _upkeep(self) -> None:
        ref = current_system().ref(f"{self._prefix}.redrives", DynamicSupervisor)

        async def launch(id: int) -> None:
            spec = child(self._redrives.run, id=f"redrive {id}", args=(id,), restart="transient")
            await ref.call(DynamicSupervisor.start_child(spec), timeout=START)

        self._redrives.launch = launch
        await Upkeep(self.queue, self._redrives).run()
