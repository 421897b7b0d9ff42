"""The mailbox against a model: bound, policies, places for calls, reservations, signals."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import regrow as rg
from regrow.testing import run_virtual

Label = tuple[str, int]
OVERFLOWS = ("raise", "drop_oldest", "drop_newest")


# -- the model ---------------------------------------------------------------------------------


@dataclass
class Waiter:
    """A call or a reservation that stands in line for a place."""

    kind: str
    label: Label
    given_up: bool = False


@dataclass
class Model:
    """What a mailbox is: one list, a line of those who wait for a place, and the places held."""

    capacity: int
    overflow: str
    items: list[tuple[str, Label]] = field(default_factory=list)
    line: deque[Waiter] = field(default_factory=deque)
    held: int = 0
    handled: list[Label] = field(default_factory=list)
    dropped: int = 0
    expired: int = 0

    @property
    def full(self) -> bool:
        counted = sum(kind != "signal" for kind, _ in self.items)
        return counted + self.held >= self.capacity

    def send(self, label: Label) -> bool:
        """A cast or an info. False for `MailboxFull`."""
        if not self.full:
            self.items.append(("message", label))
            return True
        if self.overflow == "raise":
            return False
        self.dropped += 1
        if self.overflow == "drop_oldest":
            oldest = next((one for one in self.items if one[0] == "message"), None)
            if oldest is not None:
                self.items.remove(oldest)
                self.items.append(("message", label))
        return True

    def signal(self, label: Label) -> None:
        self.items.append(("signal", label))

    def call(self, label: Label) -> None:
        if self.full:
            self.line.append(Waiter("call", label))
        else:
            self.items.append(("call", label))

    def reserve(self, label: Label) -> bool:
        """Whether the place was there at once."""
        if self.full:
            self.line.append(Waiter("reserve", label))
            return False
        self.held += 1
        return True

    def grant(self) -> list[Label]:
        """Free places go to those in line. Returns the reservations that came to one."""
        granted: list[Label] = []
        while self.line and not self.full:
            waiter = self.line.popleft()
            if waiter.kind == "call":
                self.items.append(("call", waiter.label))
            else:
                self.held += 1
                granted.append(waiter.label)
        return granted

    def give_up(self, label: Label) -> None:
        """A caller or a reserver is cancelled."""
        for waiter in self.line:
            if waiter.label == label:
                self.line.remove(waiter)
                return
        for position, item in enumerate(self.items):
            if item == ("call", label):
                self.items[position] = ("expired", label)

    def commit(self, label: Label) -> None:
        self.held -= 1
        self.items.append(("message", label))

    def drain(self) -> list[Label]:
        """The gate is open: handle everything, and everybody in line. Returns granted reservations."""
        granted: list[Label] = []
        while self.items:
            kind, label = self.items.pop(0)
            if kind == "expired":
                self.expired += 1
            else:
                self.handled.append(label)
            granted += self.grant()
        return granted


# -- the real one ------------------------------------------------------------------------------


def server(capacity: int, overflow: Any) -> type[rg.GenServer]:
    """A server that handles nothing before its gate opens, one message per turn after it."""

    class Box(rg.GenServer):
        mailbox = rg.Mailbox(capacity=capacity, overflow=overflow)
        trap_exit = True

        def init(self) -> None:
            self.gate = asyncio.Event()
            self.seen: list[object] = []

        @rg.call
        def hold(self) -> asyncio.Event:
            self.gate = asyncio.Event()
            self.pid.send(self.gate)
            return self.gate

        @rg.cast
        async def put(self, label: Label) -> None:
            self.seen.append(label)

        @rg.call
        async def ask(self, label: Label) -> object:
            self.seen.append(label)
            return label

        async def handle_info(self, message: object) -> None:
            if isinstance(message, asyncio.Event):
                await message.wait()
            elif isinstance(message, rg.Exit):
                self.seen.append(message.reason)
            else:
                self.seen.append(message)

        @rg.call
        def told(self) -> list[object]:
            return list(self.seen)

    return Box


class Real:
    """Drives a real mailbox with the same operations."""

    def __init__(self, system: rg.System, box: Any) -> None:
        self.system = system
        self.box = box
        self.pid: Any = system.whereis("box")
        self.gate: asyncio.Event | None = None
        self.calls: dict[Label, asyncio.Task[Any]] = {}
        self.reserving: dict[Label, asyncio.Task[Any]] = {}
        self.places: dict[Label, Any] = {}

    async def close(self) -> None:
        self.gate = await self.pid.call(self.box.hold(), timeout=5.0)
        await self.system.idle()

    async def open(self) -> None:
        assert self.gate is not None
        self.gate.set()
        await self.system.idle()

    async def take_granted(self) -> set[Label]:
        granted = {label for label, task in self.reserving.items() if task.done() and not task.cancelled()}
        for label in granted:
            self.places[label] = self.reserving.pop(label).result()
        return granted


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "cast",
                "cast",
                "send",
                "call",
                "call",
                "reserve",
                "signal",
                "commit",
                "release",
                "give_up",
                "cycle",
            ]
        ),
        st.integers(0, 7),
    ),
    max_size=30,
)


async def check(system: rg.System, box: Any, model: Model, operations: list[tuple[str, int]]) -> None:
    real = Real(system, box)
    await real.close()
    for number, (operation, choice) in enumerate(operations):
        await step(real, model, operation, choice, number)
        await system.idle()
        expected = set(model.grant())
        assert await real.take_granted() == expected, (number, operation)
    await cycle(real, model)
    assert (await real.pid.call(box.told(), timeout=5.0)) == model.handled
    statistics = system.statistics()
    assert (statistics.dropped, statistics.expired) == (model.dropped, model.expired)
    done = {label for label, task in real.calls.items() if task.done() and not task.cancelled()}
    assert done == {label for label in model.handled if label in real.calls}
    assert all(task.result() == label for label, task in real.calls.items() if label in done)


async def step(real: Real, model: Model, operation: str, choice: int, number: int) -> None:
    label = (operation, number)
    if operation in {"cast", "send"}:
        fits = model.send(label)
        with contextlib.nullcontext() if fits else pytest.raises(rg.errors.MailboxFull):
            if operation == "cast":
                real.pid.cast(real.box.put(label))
            else:
                real.pid.send(label)
    elif operation == "signal":
        model.signal(label)
        real.pid.exit(label)
    elif operation == "call":
        model.call(label)
        real.calls[label] = asyncio.ensure_future(real.pid.call(real.box.ask(label), timeout=5000.0))
    elif operation == "reserve":
        real.reserving[label] = asyncio.ensure_future(real.pid.reserve(timeout=5000.0))
        at_once = model.reserve(label)
        await real.system.idle()
        assert (await real.take_granted() == {label}) is at_once
    elif operation in {"commit", "release"} and real.places:
        chosen = sorted(real.places)[choice % len(real.places)]
        place = real.places.pop(chosen)
        if operation == "commit":
            model.commit(label)
            place.send(label)
        else:
            model.held -= 1
            place.release()
    elif operation == "give_up":
        await give_up(real, model, choice)
    elif operation == "cycle":
        await cycle(real, model)
        await real.close()


async def give_up(real: Real, model: Model, choice: int) -> None:
    waiting = {**real.calls, **real.reserving}
    open_ones = sorted(label for label, task in waiting.items() if not task.done())
    if not open_ones:
        return
    label = open_ones[choice % len(open_ones)]
    waiting[label].cancel()
    await asyncio.wait([waiting[label]])
    real.reserving.pop(label, None)
    model.give_up(label)


async def cycle(real: Real, model: Model) -> None:
    """Let it handle everything. Places that are held stay held."""
    granted = set(model.drain())
    await real.open()
    assert await real.take_granted() == granted
    while model.held == model.capacity:  # nothing more could ever get in: give places back
        real.places.pop(min(real.places)).release()
        model.held -= 1
        granted = set(model.grant()) | set(model.drain())
        await real.system.idle()
        assert await real.take_granted() == granted


@pytest.mark.parametrize("hand_off", [True, False], ids=["hand_off", "queued"])
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(capacity=st.integers(1, 4), overflow=st.sampled_from(OVERFLOWS), operations=OPERATIONS)
def test_the_mailbox_is_what_the_model_says(
    hand_off: bool, capacity: int, overflow: str, operations: list[tuple[str, int]]
) -> None:
    async def main() -> None:
        box = server(capacity, overflow)
        model = Model(capacity, overflow)
        async with rg.System([rg.child(box, name="box")], hand_off=hand_off) as system:
            await check(system, box, model, operations)

    run_virtual(main())
