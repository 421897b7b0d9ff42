"""Programs with a race in each: what finds it, finds such races elsewhere too.

Each body passes when everything runs first come first served, and fails with `Found` when the race is hit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import regrow as rg
import regrow.testing as rt
from regrow.testing.sim.simulation import Simulation


class Found(AssertionError):
    """The race was hit."""


def found(hit: object) -> None:
    """Fail if the race was hit."""
    if hit:
        raise Found


async def turn() -> None:
    """Let others run."""
    await rt.pass_time(0)


class Cell(rg.GenServer):
    def init(self) -> None:
        self.value = 0
        self.seen: list[str] = []

    @rg.call
    def read(self) -> int:
        return self.value

    @rg.call
    def write(self, value: int) -> None:
        self.value = value

    @rg.cast
    def note(self, text: str) -> None:
        self.seen.append(text)

    @rg.call
    def notes(self) -> list[str]:
        return self.seen

    @rg.call
    def crash(self) -> None:
        raise RuntimeError("planned")


class Relay(rg.GenServer):
    def init(self, to: rg.Ref[Cell]) -> None:
        self.to = to

    @rg.cast
    def pass_on(self, text: str) -> None:
        self.to.cast(Cell.note(text))


def cells(*names: str) -> rg.System:
    """A System of cells."""
    return rg.System([rg.child(Cell, name=name) for name in names], max_restarts=100)


async def together(*bodies: Awaitable[object]) -> None:
    """Run them as tasks."""
    async with asyncio.TaskGroup() as group:
        for body in bodies:
            group.create_task(body)  # type: ignore[arg-type]


async def lost_update(sim: Simulation) -> None:
    """Two read, and both write what they read and one more."""
    async with cells("cell") as system:
        cell = system.ref("cell", Cell)

        async def add(pause: int) -> None:
            for _ in range(pause):
                await turn()
            value = await cell.call(Cell.read(), timeout=1.0)
            await turn()
            await cell.call(Cell.write(value + 1), timeout=1.0)

        await together(add(0), add(8))
        found(await cell.call(Cell.read(), timeout=1.0) != 2)


async def queued_call(sim: Simulation) -> None:
    """A call that is handled on its caller's stack is taken to be one step with what stands around it."""
    inside = 0
    met = False
    async with cells("cell") as system:
        cell = system.ref("cell", Cell)

        async def enter() -> None:
            nonlocal inside, met
            inside += 1
            met = met or inside == 2
            await cell.call(Cell.read(), timeout=1.0)
            inside -= 1

        await together(enter(), enter())
        found(met)


async def overtaken_cast(sim: Simulation) -> None:
    """What goes straight is taken to arrive before what was sent after it goes by a relay: it isn't so."""
    async with cells("cell") as system:
        to = system.ref("cell", Cell)
        async with rg.System([rg.child(Relay, name="relay", args=(to,))], name="other") as other:
            relay = other.ref("relay", Relay)

            async def straight() -> None:
                for _ in range(3):
                    await turn()
                to.cast(Cell.note("straight"))

            async def around() -> None:
                for _ in range(6):
                    await turn()
                relay.cast(Relay.pass_on("around"))

            await together(straight(), around())
            await rg.sync(relay, timeout=1.0)
            found(await to.call(Cell.notes(), timeout=1.0) == ["around", "straight"])


async def cut_slice(sim: Simulation) -> None:
    """Three messages that lie in one mailbox are taken to be handled in one go."""
    async with cells("cell", "marks") as system:
        marks = system.ref("marks", Cell)

        class Sender(rg.GenServer):
            @rg.cast
            def mark(self, text: str) -> None:
                marks.cast(Cell.note(text))

        async with rg.System([rg.child(Sender, name="a"), rg.child(Sender, name="b")], name="senders") as two:
            a, b = two.ref("a", Sender), two.ref("b", Sender)
            for text in ("a1", "a2", "a3"):
                a.cast(Sender.mark(text))
            b.cast(Sender.mark("b"))
            await rg.sync(a, timeout=1.0)
            await rg.sync(b, timeout=1.0)
            found((await marks.call(Cell.notes(), timeout=1.0))[2:3] == ["b"])


async def held_back(sim: Simulation) -> None:
    """One task is kept back while another makes fifty steps."""
    over = False
    late = False

    async def long() -> None:
        nonlocal over
        for _ in range(50):
            await turn()
        over = True

    async def short() -> None:
        nonlocal late
        await turn()
        late = over

    await together(long(), short())
    found(late)


async def held_back_of_many(sim: Simulation) -> None:
    """The same among ten, each of which goes through a server."""
    late = False
    over = 0
    async with cells("cell") as system:
        cell = system.ref("cell", Cell)

        async def long() -> None:
            nonlocal over
            for _ in range(5):
                await turn()
                await cell.call(Cell.read(), timeout=1.0)
            over += 1

        async def short() -> None:
            nonlocal late
            await turn()
            late = over == 9

        await together(short(), *(long() for _ in range(9)))
    found(late)


async def three_in_order(sim: Simulation) -> None:
    """Three tasks have to meet: two orders among them have to come together."""
    steps: list[str] = []

    async def walk(name: str, before: int) -> None:
        for _ in range(before):
            await turn()
        steps.append(f"{name}1")
        for _ in range(4):
            await turn()
        steps.append(f"{name}2")

    await together(walk("a", 0), walk("b", 6), walk("c", 12))
    found(steps.index("c1") < steps.index("b1") < steps.index("a2") < steps.index("c2"))


async def after_a_long_way(sim: Simulation) -> None:
    """One order matters, at the end of a long way that both have to go side by side."""
    steps = [0, 0]
    astray = False

    async def walk(me: int) -> None:
        nonlocal astray
        for _ in range(40):
            await turn()
            steps[me] += 1
            astray = astray or abs(steps[0] - steps[1]) > 2
        if not astray:
            ends.append(me)

    ends: list[int] = []
    await together(walk(0), walk(1))
    found(ends == [1, 0])


async def found_gone(sim: Simulation) -> None:
    """A process is looked up, ends, and is called."""
    gone = False
    async with cells("cell") as system:
        cell = system.ref("cell", Cell)

        async def crash() -> None:
            for _ in range(4):
                await turn()
            try:
                await cell.call(Cell.crash(), timeout=1.0)
            except rg.errors.ProcessExited:
                return

        async def ask() -> None:
            nonlocal gone
            pid = cell.whereis()
            if pid is None:
                return
            await turn()
            await turn()
            try:
                await pid.call(Cell.read(), timeout=1.0)
            except (rg.errors.NoProcess, rg.errors.ProcessExited):
                gone = True

        await together(ask(), crash())
    found(gone)


async def late_callback(sim: Simulation) -> None:
    """A callback of the loop is taken to come before what two tasks do after it was set."""
    called = False
    late = False

    def call() -> None:
        nonlocal called
        called = True

    async def ask() -> None:
        nonlocal late
        asyncio.get_running_loop().call_soon(call)
        for _ in range(3):
            await turn()
        late = not called

    await together(ask(), ask())
    found(late)


async def one_of_thirty(sim: Simulation) -> None:
    """Of thirty workers one certain one has to be the first, and one of ten the last."""
    order: list[int] = []

    async def work(number: int) -> None:
        await turn()
        await turn()
        order.append(number)

    await together(*(work(number) for number in range(30)))
    found(order[0] == 7 and order[-1] in range(11, 21))


RACES: tuple[Callable[[Simulation], Awaitable[None]], ...] = (
    lost_update,
    queued_call,
    overtaken_cast,
    cut_slice,
    held_back,
    held_back_of_many,
    three_in_order,
    after_a_long_way,
    found_gone,
    late_callback,
    one_of_thirty,
)
