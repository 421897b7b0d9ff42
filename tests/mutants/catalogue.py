"""The mutants: what each breaks, and within how many seeds it has to be found."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from tests.mutants.patching import PATCHES

Area: TypeAlias = Literal["supervisors", "calls", "monitors", "delivery", "persistence"]


class Mutant(msgspec.Struct, frozen=True):
    """One planted bug.

    Attributes:
        number: Names its patch, with `name`.
        area: What it breaks.
        what: What is wrong with it, for people.
        seeds: Within so many seeds of its part of the simulation, from 0 on, it has to be found.
    """

    number: int
    area: Area
    what: str
    seeds: int

    @property
    def patch(self) -> Path:
        """The diff against `src/`."""
        return next(PATCHES.glob(f"{self.number:02}-*.patch"))

    @property
    def name(self) -> str:
        return self.patch.stem

    @property
    def part(self) -> Literal["runtime", "journal"]:
        """The part of the simulation that has to find it."""
        return "journal" if self.area == "persistence" else "runtime"


MUTANTS: tuple[Mutant, ...] = (
    Mutant(1, "supervisors", "rest_for_one restarts those before the child, not those after it", 2000),
    Mutant(2, "supervisors", "a group is stopped in the order of start", 2000),
    Mutant(3, "supervisors", "a failed restart that is tried again counts twice for the budget", 2000),
    Mutant(4, "supervisors", "the EXIT of an old incarnation restarts the new one as well", 2000),
    Mutant(5, "supervisors", "a dynamic child that was terminated is restarted", 2000),
    Mutant(6, "calls", "an answer that was put off goes to another caller", 2000),
    Mutant(7, "calls", "a request is handled though its caller has given up", 2000),
    Mutant(8, "calls", "callers whose requests wait aren't told of the callee's death", 2000),
    Mutant(9, "calls", "a nested call may take longer than its caller has left", 2000),
    Mutant(10, "calls", "who has waited for an answer is taken for waiting for ever: false cycles", 2000),
    Mutant(11, "monitors", "a DOWN is lost if its owner is busy", 2000),
    Mutant(12, "monitors", "a DOWN comes after demonitor", 2000),
    Mutant(13, "monitors", "DOWN comes before EXIT", 2000),
    Mutant(14, "monitors", "the monitors of the dead stay in the table", 2000),
    Mutant(15, "monitors", "a tick that waits in the mailbox comes though its timer is cancelled", 2000),
    Mutant(16, "delivery", "an attempt is made beside one that runs", 2000),
    Mutant(17, "delivery", "a message that was withdrawn is handled", 2000),
    Mutant(18, "delivery", "all_or_nothing looks for one place where it needs two", 2000),
    Mutant(19, "delivery", "a handler that crashed counts as one that has handled", 2000),
    Mutant(20, "delivery", "an accepted message is lost with the process that had it", 2000),
    Mutant(21, "persistence", "a message is acknowledged before it is committed", 2000),
    Mutant(22, "persistence", "a persistent server answers before its state is committed", 2000),
    Mutant(23, "persistence", "idempotency keys of what was handled aren't kept", 2000),
    Mutant(24, "persistence", "a message is settled apart from the change that it made", 2000),
    Mutant(25, "persistence", "a crash after the first isn't counted", 2000),
)
