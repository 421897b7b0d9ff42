"""Circuit breakers around functions that fail, are slow and are cancelled."""

from __future__ import annotations

import asyncio

import regrow as rg
from tests.simulation.scenario import scenario
from tests.simulation.world import Planned, World, pause

NEAR = 1e-9


class Fuse:
    """What a breaker of such settings should let through, by what came of the calls before."""

    def __init__(self, world: World, settings: rg.BreakerSettings) -> None:
        self.world = world
        self.settings = settings
        self.state = "closed"
        self.since = 0.0
        self.era = 0
        self.calls: list[tuple[float, bool]] = []
        self.running = 0
        """Probes under way."""
        self.succeeded = 0

    def may_pass(self) -> bool:
        """Whether a call that begins now is let through."""
        now = self.world.sim.time
        if self.state == "open" and now >= self.since + self.settings.open_seconds:
            self._become("half-open")
        return self.state == "closed" or (self.state == "half-open" and self.running < self.settings.probes)

    def begin(self) -> int:
        """A call is let through. The era it belongs to."""
        self.running += self.state == "half-open"
        return self.era

    def end(self, era: int, *, ok: bool) -> None:
        """A call of an era has ended."""
        if era != self.era:
            return  # it began before the last change, and says nothing about now
        if self.state == "half-open":
            self.running -= 1
            self.succeeded += ok
            if not ok:
                self._become("open")
            elif self.succeeded >= self.settings.success_threshold:
                self._become("closed")
            return
        self.calls.append((self.world.sim.time, ok))
        failed = sum(not well for _, well in self.calls)
        enough = len(self.calls) >= self.settings.minimum_calls
        if not ok and enough and failed / len(self.calls) >= self.settings.failure_rate:
            self._become("open")

    def cancelled(self, era: int) -> None:
        """A call was cancelled: it tells nothing."""
        if era == self.era and self.state == "half-open":
            self.running -= 1

    def _become(self, state: str) -> None:
        self.state, self.since = state, self.world.sim.time
        self.era += 1
        self.calls.clear()
        self.running = self.succeeded = 0


@scenario("runtime")
async def breakers(world: World) -> None:
    """Several callers of one guarded function."""
    rng = world.rng
    settings = rg.BreakerSettings(
        failure_rate=rng.choice((0.3, 0.5, 1.0)),
        minimum_calls=rng.choice((1, 2, 4)),
        window_seconds=3600.0,
        open_seconds=rng.choice((0.05, 0.2)),
        probes=rng.choice((1, 2)),
        success_threshold=rng.choice((1, 2, 3)),
    )
    fuse = Fuse(world, settings)
    guard = rg.CircuitBreaker("fuse", settings=settings)

    @guard
    async def work(ok: bool, seconds: float) -> None:
        era = fuse.begin()
        try:
            if seconds:
                await pause(seconds)
        except asyncio.CancelledError:
            fuse.cancelled(era)
            raise
        fuse.end(era, ok=ok)
        if not ok:
            raise Planned("guarded")

    async def caller() -> None:
        for _ in range(rng.randint(2, 10)):
            await pause(world.choice((0.0, 0.01, 0.03, 0.1)))
            ok, seconds = world.chance(0.5), world.choice((0.0, 0.0, 0.01, 0.03))
            passes = fuse.may_pass()
            try:
                async with asyncio.timeout(world.choice((0.005, 1.0, 1.0, 1.0))):
                    await work(ok, seconds)
            except rg.errors.CircuitOpen:
                world.expect(not passes, "breaker", f"refused while it is {fuse.state}")
                continue
            except (Planned, TimeoutError):
                pass
            world.expect(passes, "breaker", f"let through while it is {fuse.state}")

    await asyncio.gather(*(caller() for _ in range(rng.randint(1, 4))))
