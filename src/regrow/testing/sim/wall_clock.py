"""The wall clock of a simulated run, which may jump."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from regrow.testing.sim.hazards import Chance

if TYPE_CHECKING:
    from regrow.testing.sim.faults import Faults
    from regrow.testing.sim.hazards import Hazards, Tally
    from regrow.testing.sim.loop import SimLoop

__all__ = ("EPOCH", "WallClock")

EPOCH: Final = 1_577_836_800.0
"""When every run begins: 2020-01-01T00:00:00Z, in seconds since 1970."""
STEPS: Final = 20
"""Into how many steps the longest jump is divided, each way."""


@final
class WallClock:
    """Goes with the loop's time, but for its jumps.

    Args:
        faults: How often it jumps by chance.
        hazards: Where chance comes from.
        tally: Where jumps are counted.
        loop: Whose time it goes by.
    """

    __slots__ = ("_farthest", "_hazard", "_loop", "_offset", "_tally")

    def __init__(self, faults: Faults, hazards: Hazards, tally: Tally, loop: SimLoop) -> None:
        self._loop = loop
        self._tally = tally
        self._offset = EPOCH
        self._farthest = faults.max_wall_jump
        chance = Chance("wall_jump", faults.wall_jump, 2 * STEPS)
        on = faults.wall_jump or loop.decisions.replaying
        self._hazard = hazards.of("wall clock", (chance,)) if on else None

    def time(self) -> float:
        """Seconds since 1970; whoever asks may find that it has jumped."""
        drawn = None if self._hazard is None else self._hazard.strike()
        if drawn is not None:
            forth = drawn.strength > STEPS
            steps = drawn.strength - STEPS if forth else drawn.strength
            self.jump((1 if forth else -1) * self._farthest * steps / STEPS)
        return self._offset + self._loop.now

    def jump(self, seconds: float) -> None:
        """Jump now."""
        self._offset += seconds
        self._tally.struck("wall_jump", f"wall_jump by {seconds:g} s")
