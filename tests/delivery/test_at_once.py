"""What is owed to an idle process: its handlers run on the desk's stack, and nobody can tell."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import ClassVar

import pytest

import regrow as rg
from regrow.delivery.journal.slots import memory_slots
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from tests.delivery.durable_kit import Machine, play, run_system, settled


class Clerk(rg.GenServer):
    """Does what it is told, and keeps it over its restarts."""

    log: ClassVar[list[object]] = []
    handles: ClassVar[list[rg.ReplyHandle]] = []

    @rg.call
    def put(self, value: int) -> int:
        type(self).log.append(value)
        return 2 * value

    @rg.call
    def later(self) -> None:
        type(self).handles.append(rg.reply_later())

    @rg.call
    def stop_later(self) -> None:
        type(self).handles.append(rg.reply_later())
        self.stop(reply=False)

    @rg.call
    def crash_once(self) -> str:
        type(self).log.append("crash")
        if type(self).log.count("crash") == 1:
            raise RuntimeError("once")
        return "survived"

    @rg.call
    def stop_now(self) -> str:
        self.stop()
        return "stopped"

    @rg.call
    def die(self) -> str:
        type(self).log.append("die")
        if type(self).log.count("die") == 1:
            self.pid.kill()
        return "lived"

    @rg.call(raises=(ValueError,))
    def refuse(self) -> str:
        raise ValueError("no")

    @rg.call
    def tell(self) -> tuple[str, int]:
        delivery = rg.current_delivery()
        assert delivery is not None
        return delivery.id, delivery.attempt

    @rg.call
    def again(self, left: int) -> None:
        type(self).log.append("own")
        if left:
            self.pid.cast(Clerk.own(left - 1))

    @rg.cast
    def own(self, left: int) -> None:
        type(self).log.append("own")
        if left:
            self.pid.cast(Clerk.own(left - 1))


class Watcher(rg.GenServer):
    """Sees which handlers the memory names that outlives the program."""

    seen: ClassVar[list[list[int]]] = []
    slots: ClassVar[bytearray] = bytearray()

    @rg.call
    def look(self) -> None:
        type(self).seen.append([one.id for one in memory_slots(type(self).slots).named()])


CLERK = rg.child(Clerk, name="clerk")


@pytest.fixture(autouse=True)
def fresh() -> None:
    Clerk.log.clear()
    Clerk.handles.clear()


async def parked(*messages: rg.types.Message, to: str = "clerk") -> None:
    """Have all of them ready before anybody handles one."""
    for message in messages:
        what: object = message
        await rg.supervised_send(to, what, timeout=5.0, durable=True, ack="accepted")


def sent(*messages: rg.types.Message) -> list[asyncio.Task[rg.Delivery[object]]]:
    """The same, by senders that wait until they are handled."""

    async def send(message: object) -> rg.Delivery[object]:
        return await rg.supervised_send("clerk", message, timeout=500.0, durable=True)

    return [asyncio.create_task(send(message)) for message in messages]


async def start(system: rg.System, spec: rg.ChildSpec = CLERK) -> None:
    await system.root.call(rg.Supervisor.start_child(spec), timeout=5.0)


@pytest.mark.parametrize(
    ("last", "crashes"), [(Clerk.crash_once(), 1), (Clerk.die(), 1), (Clerk.stop_now(), 0)], ids=str
)
def test_what_comes_after_a_message_that_ends_its_process_is_for_the_next_one(
    last: rg.types.Message, crashes: int, hand_off: bool
) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await parked(Clerk.put(1), Clerk.put(2), last, Clerk.put(3), Clerk.put(4))
        await start(system)
        await pause(60.0)
        assert [one for one in Clerk.log if isinstance(one, int)] == [1, 2, 3, 4]
        stats = journal.stats()
        assert (stats.handled, stats.live, stats.dead, stats.crashes) == (5, 0, 0, crashes)

    play(body, hand_off=hand_off)


def test_an_answer_that_is_put_off_holds_up_nobody(hand_off: bool) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        first, second = sent(Clerk.later(), Clerk.put(7))
        await start(system)
        assert (await second).reply == 14
        assert not first.done()
        Clerk.handles[0].reply("now")
        delivery = await first
        assert (delivery.status, delivery.reply, delivery.attempts) == ("handled", "now", 1)
        await settled()
        assert journal.stats().live == 0

    play(body, hand_off=hand_off)


def test_who_puts_off_its_answer_and_stops_has_handled_its_message(hand_off: bool) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        first, second = sent(Clerk.stop_later(), Clerk.put(7))
        await start(system)
        assert (await first).status == "handled"
        assert (await second).reply == 14
        assert journal.stats().crashes == 0

    play(body, hand_off=hand_off)


def test_a_declared_exception_is_the_answer_of_its_message_alone(hand_off: bool) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        tasks = sent(Clerk.put(1), Clerk.refuse(), Clerk.put(2))
        await start(system)
        ends = [await task for task in tasks]
        assert [end.status for end in ends] == ["handled", "rejected", "handled"]
        assert isinstance(ends[1].error, ValueError)
        await settled()
        assert journal.stats().live == 0

    play(body, hand_off=hand_off)


def test_each_handler_is_told_of_its_own_delivery(hand_off: bool) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        tasks = sent(Clerk.tell(), Clerk.tell())
        await start(system)
        ends = [await task for task in tasks]
        assert [end.reply for end in ends] == [(end.id, 1) for end in ends]
        assert ends[0].id != ends[1].id

    play(body, hand_off=hand_off)


def test_what_a_process_sends_to_itself_comes_too(hand_off: bool) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await parked(Clerk.again(3), Clerk.put(1))
        await start(system)
        await settled()
        assert sorted(map(str, Clerk.log)) == ["1", "own", "own", "own", "own"]

    play(body, hand_off=hand_off)


def test_many_deliveries_leave_turns_to_others(hand_off: bool) -> None:
    class Neighbour(rg.GenServer):
        """Has something to do until the last of them is handled."""

        @rg.cast
        def work(self) -> None:
            last = Clerk.log[-1] if Clerk.log else None
            Clerk.log.append("work")
            if last != 4_999:
                self.pid.cast(Neighbour.work())

    async def body(system: rg.System, journal: rg.Journal) -> None:
        await parked(*(Clerk.put(n) for n in range(5_000)))
        await start(system, rg.child(Neighbour, name="neighbour"))
        system.ref("neighbour", Neighbour).cast(Neighbour.work())
        await start(system)
        await settled()
        runs = [len(list(run)) for put, run in groupby(Clerk.log, lambda one: one != "work") if put]
        assert max(runs) <= 2_500
        assert [one for one in Clerk.log if one != "work"] == list(range(5_000))

    play(body, hand_off=hand_off)


def test_g4_the_memory_names_the_handler_that_runs_and_no_other(hand_off: bool) -> None:
    machine = Machine()
    Watcher.seen, Watcher.slots = [], machine.slots

    async def body(system: rg.System) -> None:
        await parked(*(Watcher.look() for _ in range(4)), to="watcher")
        await start(system, rg.child(Watcher, name="watcher"))
        await settled()
        assert [len(seen) for seen in Watcher.seen] == [1, 1, 1, 1]
        assert len({seen[0] for seen in Watcher.seen}) == 4
        assert memory_slots(machine.slots).named() == []

    run_virtual(run_system(machine.journal(), body, hand_off=hand_off), limit=20.0)
