"""A dynamic supervisor: who is restarted, how often, and how many there are at a time; after the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import msgspec

import regrow as rg
from regrow import events
from tests.simulation.oracles.who import Who

Restart: TypeAlias = Literal["permanent", "transient", "temporary"]


class Kid(msgspec.Struct, frozen=True):
    """What is known of one child: its restart type, and the argument that it was started with."""

    restart: Restart
    token: int


class Dynamic:
    """One dynamic supervisor over all its incarnations.

    Args:
        name: The name it is registered under.
        max_children: Most children at a time.
        max_restarts: Attempts allowed in `max_seconds`.
        max_seconds: Seconds.
        violate: Told what is wrong.
    """

    def __init__(
        self,
        name: str,
        *,
        max_children: int | None,
        max_restarts: int,
        max_seconds: float,
        violate: Callable[[str, str], object],
    ) -> None:
        self.name = name
        self.kids: dict[Who, Kid] = {}
        """Written by the children's `init`."""
        self.asked: set[Who] = set()
        """Children whose end somebody has asked their supervisor for."""
        self._max_children = max_children
        self._max_restarts = max_restarts
        self._max_seconds = max_seconds
        self._violate = violate
        self._alive: dict[Who, set[Who]] = {}
        self._owed: dict[Who, list[Kid]] = {}
        """Restarts that each incarnation still has to make."""
        self._perhaps: list[Kid] = []
        """Restarts that may be made or not."""
        self._attempts: dict[Who, list[float]] = {}
        self._over: set[Who] = set()
        """Incarnations that have given up, or were told to stop."""

    def check(self, told: Iterable[events.Event], *, calm: bool) -> None:
        """Go through all that was told; `calm` if in the end nothing more was to come."""
        for event in told:
            match event:
                case events.Started():
                    self._started(event)
                case events.Exited():
                    self._exited(event)
                case events.Restarted() if event.supervisor in self._alive:
                    self._restarted(event)
                case events.RestartFailed() if event.supervisor in self._alive:
                    self._attempted(event.supervisor, event.at)
                case events.BudgetExceeded() if event.supervisor in self._alive:
                    self._exceeded(event)
        for pid, owed in self._owed.items():
            if calm and owed and pid not in self._over:
                self._violate("restarted", f"{pid} never restarted {owed}")

    def _started(self, event: events.Started) -> None:
        if isinstance(event.pid, rg.Pid) and event.pid.registered_name == self.name:
            self._alive[event.pid], self._owed[event.pid], self._attempts[event.pid] = set(), [], []
        alive = self._alive.get(event.parent) if event.parent is not None else None
        if alive is None:
            return
        alive.add(event.pid)
        if self._max_children is not None and len(alive) > self._max_children:
            self._violate("max_children", f"{len(alive)} children of {event.parent} at {event.at:g} s")

    def _exited(self, event: events.Exited) -> None:
        if event.pid in self._alive:
            self._over.add(event.pid)
            return
        for parent, alive in self._alive.items():
            if event.pid not in alive:
                continue
            alive.discard(event.pid)
            kid = self.kids.get(event.pid)
            normal = event.reason in (rg.NORMAL, rg.SHUTDOWN) or isinstance(event.reason, rg.Shutdown)
            if kid is None or (event.pid in self.asked and event.reason is rg.SHUTDOWN):
                continue
            if kid.restart == "permanent" or (kid.restart == "transient" and not normal):
                # It may have ended by itself before its supervisor came to the wish.
                (self._perhaps if event.pid in self.asked else self._owed[parent]).append(kid)

    def _restarted(self, event: events.Restarted) -> None:
        kid = self.kids.get(event.new)
        owed = self._owed[event.supervisor]
        if kid in owed:
            owed.remove(kid)
        elif kid in self._perhaps:
            self._perhaps.remove(kid)
        else:
            self._violate("restarted", f"{event.new} ({kid}) was started again; owed are {owed}")
        used = self._attempted(event.supervisor, event.at)
        if used != event.attempts:
            self._violate("restart budget", f"{event.attempts} attempts told at {event.at:g}, were {used}")

    def _attempted(self, pid: Who, at: float) -> int:
        self._attempts[pid].append(at)
        used = sum(at - one <= self._max_seconds for one in self._attempts[pid])
        if used > self._max_restarts:
            self._violate("restart budget", f"{pid} makes attempt {used} at {at:g} s")
        return used

    def _exceeded(self, event: events.BudgetExceeded) -> None:
        pid = event.supervisor
        self._over.add(pid)
        used = 1 + sum(event.at - one <= self._max_seconds for one in self._attempts[pid])
        if used != self._max_restarts + 1:
            self._violate("restart budget", f"{pid} gave up at attempt {used} of {self._max_restarts}")
