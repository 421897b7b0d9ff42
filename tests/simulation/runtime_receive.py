"""Selective receive against a list: what is skipped keeps its order, and time-outs come on time."""

from __future__ import annotations

from typing import Any

import msgspec

import regrow as rg
from tests.simulation.scenario import scenario
from tests.simulation.world import World, pause

NEAR = 1e-9


class Red(msgspec.Struct, frozen=True):
    number: int


class Blue(msgspec.Struct, frozen=True):
    number: int


class Line:
    """An alias, and whether it should be open."""

    def __init__(self, now: float, *, once: bool, expires_in: float | None) -> None:
        self.alias = rg.alias(once=once, expires_in=expires_in)
        self.once = once
        self.until = None if expires_in is None else now + expires_in
        self.closed = False

    def send(self, message: object, now: float) -> bool:
        """Send through it. Whether it arrives."""
        opened = not self.closed and (self.until is None or now < self.until)
        if now == self.until:
            opened = self.alias.active  # in this very moment it may be either
        self.alias.send(message)
        self.closed = self.closed or (opened and self.once)
        return opened

    def close(self) -> None:
        self.alias.close()
        self.closed = True


class Hall:
    """One reader and what stands in its mailbox."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: list[Any] = []
        self.sent = 0
        self.read = 0
        self.over = False

    def send(self, reader: rg.Pid[Any], line: Line | None) -> None:
        """Send one message; what goes to a closed alias doesn't arrive."""
        self.sent += 1
        message = self.world.choice((Red, Blue))(self.sent)
        arrives = reader.alive
        if line is not None:
            arrives = line.send(message, self.world.sim.time) and arrives
        else:
            reader.send(message)
        if arrives:
            self.waiting.append(message)

    async def receive(self, match: Any, accepts: Any, timeout: float | None) -> None:
        """Receive once, and compare."""
        begun = self.world.sim.time
        try:
            got = await rg.receive(match, timeout=timeout)
        except rg.errors.ReceiveTimeout:
            assert timeout is not None
            late = abs(self.world.sim.time - begun - timeout)
            self.world.expect(late < NEAR, "on time", f"a receive of {timeout:g} s ended {late:g} s off")
            there = [message for message in self.waiting if accepts(message)]
            self.world.expect(not there, "selective receive", f"timed out, though there were {there}")
            return
        first = next((message for message in self.waiting if accepts(message)), None)
        self.world.expect(got is first, "selective receive", f"got {got}, not {first} of {self.waiting}")
        if got in self.waiting:
            self.waiting.remove(got)
        self.read += 1


MATCHES: tuple[tuple[Any, Any], ...] = (
    (None, lambda message: True),
    (Red, lambda message: isinstance(message, Red)),
    (Blue, lambda message: isinstance(message, Blue)),
    ((Red, Blue), lambda message: True),
    (lambda message: message.number % 2 == 0, lambda message: message.number % 2 == 0),
    (lambda message: message.number % 3 == 0, lambda message: message.number % 3 == 0),
)


async def _reader(hall: Hall, lines: list[Line]) -> None:
    world = hall.world
    for _ in range(world.rng.randint(3, 15)):
        match, accepts = world.choice(MATCHES)
        if world.chance(0.2):
            expires_in = world.choice((None, 0.02))
            lines.append(Line(world.sim.time, once=world.chance(0.5), expires_in=expires_in))
        if world.chance(0.2) and lines:
            world.choice(lines).close()
        await hall.receive(match, accepts, world.choice((0.001, 0.01, 0.05)))
        if world.chance(0.3):
            await pause(world.seconds(0.02))
    while hall.waiting:  # everything that has arrived is still there, in order
        await hall.receive(None, lambda message: True, 1.0)
    hall.over = True


async def _sender(hall: Hall, lines: list[Line], reader: rg.Pid[Any]) -> None:
    world = hall.world
    for _ in range(world.rng.randint(1, 10)):
        hall.send(reader, world.choice(lines) if lines and world.chance(0.4) else None)
        if world.chance(0.6):
            await pause(world.choice((0.0, 0.001, 0.01)))


@scenario("runtime")
async def receive(world: World) -> None:
    """One reads with patterns, several send to it, some by aliases that close."""
    hall = Hall(world)
    lines: list[Line] = []
    async with world.system() as system:
        reader = system.spawn(_reader, hall, lines)
        senders = [system.spawn(_sender, hall, lines, reader) for _ in range(world.rng.randint(1, 3))]
        for sender in senders:
            await sender.down(timeout=60.0)
        await reader.down(timeout=60.0)
        world.expect(hall.over, "reader", "it did not come to its end")
