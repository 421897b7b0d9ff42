"""Faults of processes: kills, crashes, callbacks that hang or are slow, crash storms."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple, final

from regrow.core.reasons import KILLED
from regrow.errors.faults import InjectedCrash
from regrow.runtime.process import DEAD
from regrow.testing.sim.delays import Delay
from regrow.testing.sim.entries import delayed_init, faulty_twin
from regrow.testing.sim.hazards import Chance
from regrow.testing.sim.victims import Victims, label_of

if TYPE_CHECKING:
    from regrow.runtime.blueprint import Blueprint, Entry
    from regrow.runtime.process import Process
    from regrow.testing.sim.faults import Faults
    from regrow.testing.sim.hazards import Drawn, Hazards, Tally
    from regrow.testing.sim.loop import SimLoop
    from regrow.testing.sim.scripts import Script

__all__ = ("ProcessFaults", "ProcessStrike")

BEATS: Final = 8
"""Within how many passes of the loop a kill comes; in the first the handler doesn't even begin."""
STEPS: Final = 20
"""Into how many steps the longest delay is divided."""


class ProcessStrike(NamedTuple):
    """A fault that strikes a callback now.

    Attributes:
        kind: Its name.
        where: The callback.
        delay: How the callback takes longer; None if it doesn't run at all.
    """

    kind: str
    where: str
    delay: Delay | None = None

    def end(self, process: Process, entry: Entry | None) -> None:
        """Kill the process, or crash in the callback's place."""
        exits = process.engine.exits
        if self.kind == "kill":
            exits.end(process, KILLED)
            return
        crash = InjectedCrash(f"{process.kind}.{self.where}")
        if entry is None or not isinstance(crash, entry.raises):
            raise crash
        exits.raised(process, crash)  # it is no answer, though the handler declares its base class


def _is_starting(process: Process) -> bool:
    """Whether its System isn't up yet: a start that fails is a test's own to make, by script."""
    system = process.engine.system
    return system is None or system.state == "starting"


@final
class ProcessFaults:
    """Strikes processes, by chance and by script.

    Args:
        faults: How often.
        hazards: Where chance comes from.
        tally: Where faults are counted.
        loop: The loop of the run.
    """

    __slots__ = (
        "_chances",
        "_faults",
        "_hazards",
        "_loop",
        "_on",
        "_storms",
        "_tally",
        "_twins",
        "_victims",
        "scripts",
    )

    def __init__(self, faults: Faults, hazards: Hazards, tally: Tally, loop: SimLoop) -> None:
        self._faults = faults
        self._hazards = hazards
        self._tally = tally
        self._loop = loop
        kill = Chance("kill", faults.kill, BEATS)
        hang = Chance("hang", faults.hang, 1)
        slow = Chance("slow", faults.slow, STEPS)
        storm = Chance("storm", faults.storm, faults.storm_kills)
        crash, crash_init = Chance("crash", faults.crash, 1), Chance("crash", faults.crash_init, 1)
        self._chances: dict[str, tuple[Chance, ...]] = {
            "message": (kill, crash, hang, slow, storm),
            "receive": (kill, crash, storm),
            "supervisor": (kill, storm),
            "init": (kill, crash_init, hang, slow),
            "begin": (kill, crash_init),
            "terminate": (Chance("crash", faults.crash_terminate, 1), hang, slow),
        }
        self._on = any(chance.probability for row in self._chances.values() for chance in row)
        self._victims = Victims(faults)
        self._twins: dict[Blueprint, Blueprint] = {}
        self._storms: dict[str, int] = {}
        self.scripts: list[Script] = []
        """What the test wants to happen, in the order in which it said so."""

    # -- the life of a process -----------------------------------------------------------------

    def begin(self, process: Process) -> None:
        """It is about to run its `init`; a plain process, its function."""
        if not (self._on or self.scripts):
            return
        label = self._label(process)
        if label is None:
            return
        self.watch(process)
        if self._storms.get(label, 0):
            self._storms[label] -= 1
            self._kill_soon(process, "storm", 2)
            return
        plain = process.blueprint.server is None
        phase = "supervisor" if process.blueprint.is_supervisor else "begin" if plain else "init"
        strike = self._strike(process, phase, "init")
        if strike is None:
            return
        if strike.delay is None:
            strike.end(process, None)
        elif not plain:
            process.blueprint = delayed_init(process.blueprint, strike.delay)

    def watch(self, process: Process) -> None:
        """Give a server callbacks that ask before they run."""
        blueprint = process.blueprint
        if blueprint.server is None or blueprint in self._twins.values():
            return
        twin = self._twins.get(blueprint)
        if twin is None:
            twin = self._twins[blueprint] = faulty_twin(blueprint, self)
        process.blueprint = twin

    def received(self, process: Process) -> None:
        """A plain process takes a message; no fault makes it wait."""
        if self._on or self.scripts:
            strike = self._strike(process, "receive", "receive") if self._label(process) else None
            if strike is not None and strike.delay is None:
                strike.end(process, None)

    # -- what the callbacks ask ----------------------------------------------------------------

    def strike(self, process: Process, where: str) -> ProcessStrike | None:
        """Whether a fault strikes this callback."""
        if process.blueprint.is_supervisor:
            return self._strike(process, "supervisor", where)
        return self._strike(process, "terminate" if where == "terminate" else "message", where)

    def asleep(self, delay: Delay) -> None:
        """Work for a thread, which runs now, takes longer."""
        delay.wait_on_thread(self._loop.now)

    def _strike(self, process: Process, phase: str, where: str) -> ProcessStrike | None:
        for script in self.scripts:
            if script.strikes(process, phase, where):
                return self._scripted(process, script, where)
        label = self._victims.label(process) if self._on else None
        if label is None or _is_starting(process):
            return None
        subject = label if phase in {"message", "receive", "supervisor"} else f"{label}.{phase}"
        drawn = self._hazards.of(subject, self._chances[phase]).strike()
        return None if drawn is None else self._drawn(process, drawn, where)

    def _drawn(self, process: Process, drawn: Drawn, where: str) -> ProcessStrike | None:
        kind, strength = drawn
        if kind == "slow":
            return self._counted(process, "slow", where, self._faults.max_slow * strength / STEPS)
        if kind == "hang":
            return self._counted(process, "hang", where, inf)
        if kind == "crash":
            return self._counted(process, "crash", where, None)
        if kind == "storm":
            self._storms[label_of(process)] = strength - 1
            return self._counted(process, "kill", where, None, told="storm")
        if strength > 1:
            self._kill_soon(process, "kill", strength - 1)
            return None
        return self._counted(process, "kill", where, None)

    def _scripted(self, process: Process, script: Script, where: str) -> ProcessStrike | None:
        if script.kind == "storm":
            self._storms[label_of(process)] = script.kills - 1
            return self._counted(process, "kill", where, None, told="storm")
        return self._counted(process, script.kind, where, script.seconds, scripted=True)

    def _counted(  # all of them differ
        self,
        process: Process,
        kind: str,
        where: str,
        seconds: float | None,
        told: str | None = None,
        *,
        scripted: bool = False,
    ) -> ProcessStrike:
        counted = told or (f"crash_{where}" if kind == "crash" and where in {"init", "terminate"} else kind)
        longer = "" if seconds is None or seconds == inf else f" for {seconds:g} s"
        self._tally.struck(counted, f"{told or kind} {label_of(process)} in {where}{longer}")
        delay = None if seconds is None else Delay(seconds, None if scripted else self._tally)
        return ProcessStrike(kind, where, delay)

    # -- kills ---------------------------------------------------------------------------------

    def kill(self, process: Process, kind: str = "kill") -> None:
        """Kill it now."""
        if process.status != DEAD:
            self._tally.struck(kind, f"{kind} {label_of(process)}")
            process.engine.exits.end(process, KILLED)

    def _kill_soon(self, process: Process, kind: str, beats: int) -> None:
        """Kill it in so many passes of the loop."""
        if beats == 0:
            self.kill(process, kind)
            return
        base = process.engine.contexts.base
        self._loop.call_soon(self._kill_soon, process, kind, beats - 1, context=base)

    def _label(self, process: Process) -> str | None:
        """What it is called, if any fault may strike it."""
        if self._on:
            label = self._victims.label(process)
            if label is not None:
                return label
        if any(script.means(process) for script in self.scripts):
            return label_of(process)
        return None
