"""When the simulated disk is slow, full or broken, and when the power goes while it is written to."""

from __future__ import annotations

from math import inf
from threading import get_ident
from typing import TYPE_CHECKING, Final, final

from regrow.testing.sim.hazards import Chance
from regrow.testing.sim.threads import worker_registry

if TYPE_CHECKING:
    from regrow.testing.sim.disk import SimDisk
    from regrow.testing.sim.faults import StoreFaults
    from regrow.testing.sim.hazards import Drawn, Hazards, Tally
    from regrow.testing.sim.loop import SimLoop
    from regrow.testing.sim.machines import Machine, Machines

__all__ = ("StoreFaulter",)

STEPS: Final = 20
"""Into how many steps the longest time is divided."""
COMMIT_SECONDS: Final = 0.002
"""The longest that a commit takes without a fault."""
BEFORE, MEANWHILE, AFTER = 1, 2, 3
"""When the power goes: before anything is written, while it is, or before anybody is told that it was."""


@final
class StoreFaulter:
    """Decides for the disks of one run.

    Args:
        faults: How often by chance.
        hazards: Where chance comes from.
        tally: Where faults are counted.
        loop: The loop of the run.
        machines: Whose power may go.
    """

    __slots__ = ("_cuts", "_drawn", "_faults", "_hazards", "_loop", "_machines", "_scripts", "_tally")

    def __init__(
        self, faults: StoreFaults, hazards: Hazards, tally: Tally, loop: SimLoop, machines: Machines
    ) -> None:
        self._faults = faults
        self._hazards = hazards
        self._tally = tally
        self._loop = loop
        self._machines = machines
        self._cuts = 0
        self._drawn: dict[SimDisk, Drawn | None] = {}
        self._scripts: list[tuple[str, str | None, float]] = []

    def ask_for(self, kind: str, disk: str | None, *, seconds: float = 0.0) -> None:
        """Have the next commit to this disk, or to any, meet a fault; a read, if it is "fail_read"."""
        self._scripts.append((kind, disk, seconds))

    # -- what the store asks -------------------------------------------------------------------

    def opened(self, disk: SimDisk) -> None:
        """A store has it open now, for the machine that this runs on."""
        self._machines.attach(disk, _machine())

    def before_commit(self, disk: SimDisk) -> None:
        """A commit begins."""
        faults = self._faults
        chances = (
            Chance("slow_commit", faults.slow, STEPS),
            Chance("disk_full", faults.full, 1),
            Chance("sync_failed", faults.fail, 1),
            Chance("power_cut", faults.power_cut, 3),
        )
        self._drawn[disk] = self._hazards.of(disk.name, chances).strike()
        self._maybe_cut(disk, BEFORE)

    def full(self, disk: SimDisk) -> bool:
        """Whether there is no place on the disk."""
        return self._strikes("disk_full", disk)

    def syncing(self, disk: SimDisk) -> None:
        """It is written: take the time that this takes."""
        latency = self._loop.decisions.answer(f"commit on {disk.name}", 0.5, STEPS, stream="latency")
        seconds = COMMIT_SECONDS * latency / STEPS
        scripted = self._scripted("slow_commit", disk)
        drawn = self._drawn[disk]
        if scripted is not None:
            seconds += scripted
            self._tally.struck("slow_commit", f"slow_commit on {disk.name} by {scripted:g} s")
        elif drawn is not None and drawn.kind == "slow_commit":
            longer = self._faults.max_slow * drawn.strength / STEPS
            seconds += longer
            self._tally.struck("slow_commit", f"slow_commit on {disk.name} by {longer:g} s")
        self._wait(seconds)
        self._maybe_cut(disk, MEANWHILE)

    def broken(self, disk: SimDisk) -> bool:
        """Whether the sync fails."""
        return self._strikes("sync_failed", disk)

    def after_commit(self, disk: SimDisk) -> None:
        """It is as safe as it gets, and nobody knows yet."""
        self._maybe_cut(disk, AFTER)

    def unreadable(self, disk: SimDisk) -> bool:
        """Whether a read fails."""
        if self._scripted("read_failed", disk) is None:
            if self._starting:
                return False
            chances = (Chance("read_failed", self._faults.fail_read, 1),)
            if self._hazards.of(f"reading {disk.name}", chances).strike() is None:
                return False
        self._tally.struck("read_failed", f"read_failed on {disk.name}")
        return True

    # -- what strikes --------------------------------------------------------------------------

    def _strikes(self, kind: str, disk: SimDisk) -> bool:
        drawn = self._drawn[disk]
        by_chance = drawn is not None and drawn.kind == kind and not self._starting
        if self._scripted(kind, disk) is None and not by_chance:
            return False
        self._tally.struck(kind, f"{kind} on {disk.name}")
        return True

    @property
    def _starting(self) -> bool:
        """Whether a System isn't up yet: a start that fails is a test's own to make, by script."""
        return any(
            engine.running and (engine.system is None or engine.system.state == "starting")
            for engine in self._loop.engines
        )

    def _scripted(self, kind: str, disk: SimDisk) -> float | None:
        for script in self._scripts:
            if script[0] == kind and script[1] in {None, disk.name}:
                self._scripts.remove(script)
                return script[2]
        return None

    def _maybe_cut(self, disk: SimDisk, moment: int) -> None:
        drawn = self._drawn[disk]
        if drawn is None or drawn.kind != "power_cut" or drawn.strength != moment:
            return
        self._drawn[disk] = None
        if self._cuts < self._faults.cuts and self._machines.cut_power(_machine(), disk):
            self._cuts += 1
            self._wait(inf)

    def _wait(self, seconds: float) -> None:
        if seconds and get_ident() in worker_registry:
            self._loop.threads.sleep(seconds)


def _machine() -> Machine | None:
    """The machine whose thread this is."""
    worker = worker_registry.get(get_ident())
    return None if worker is None else worker.machine
