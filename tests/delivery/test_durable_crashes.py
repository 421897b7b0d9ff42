"""Crashes of recipients and of the whole program, with what is owed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
from typing_extensions import Unpack

import regrow as rg
from regrow.delivery.journal.rows import DeadLetter, Filter
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from tests.delivery.durable_kit import Box, Events, Machine, Poison, inside, play, ports, run_system, settled

BOX = rg.child(Box, name="box")
POISON = rg.child(Poison, name="poison")
QUIET = rg.DeadLetterPolicy(retries=0)


async def accept(to: str, *messages: rg.types.Message, **options: Unpack[rg.types.SendOptions]) -> None:
    """Send these, one after the other, without waiting for handlers."""
    for message in messages:
        given: rg.types.SendOptions = {"durable": True, "ack": "accepted", **options}
        what: object = message
        await rg.supervised_send(to, what, timeout=5.0, **given)


async def letters(journal: rg.Journal) -> list[DeadLetter]:
    return await inside(journal).read(lambda reader: reader.dead(Filter()))


# -- a recipient dies ------------------------------------------------------------------------------


def test_a_crash_counts_apart_from_failures_and_waits_for_the_restart_budget() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=1)
        delivery = await rg.supervised_send("poison", Poison.eat(1), timeout=60.0, durable=True)
        assert (delivery.status, delivery.reply, delivery.attempts) == ("handled", 1, 2)
        assert Poison.at == [0.0, pytest.approx(5.0 / 3)]
        assert journal.stats().crashes == 1

    play(body, POISON)


def test_what_kills_its_process_three_times_is_dead_as_a_crash_loop() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=99)
        events = Events(system, "delivery.crashed")
        delivery = await rg.supervised_send("poison", Poison.eat(1), timeout=60.0, durable=True, retries=50)
        assert delivery.status == "dead_lettered"
        assert Poison.begun == [1, 1, 1]
        (letter,) = await letters(journal)
        assert (letter.burial.reason, letter.live.crashes, letter.live.attempts) == ("crash_loop", 3, 0)
        assert letter.burial.error_type == "RuntimeError"
        attempts = await inside(journal).read(lambda reader: reader.attempts(letter.live.id))
        assert [attempt.outcome for attempt in attempts] == ["crash"] * 3
        assert "poisoned by 1" in str(attempts[0].trace)
        assert events.names == ["delivery.crashed"] * 3

    play(body, POISON)


def test_equal_causes_have_equal_fingerprints() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=99, p2=99)
        for value in (1, 2):
            await rg.supervised_send("poison", Poison.eat(value), timeout=60.0, durable=True)
        first, second = await letters(journal)
        assert first.burial.fingerprint == second.burial.fingerprint
        assert first.burial.error != second.burial.error

    play(body, POISON)


def test_poisoned_messages_do_not_use_up_the_restart_budget() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(**{f"p{n}": 99 for n in range(10)})
        await accept("poison", *(Poison.eat(n) for n in range(20)))
        await pause(300.0)
        assert system.state == "running"
        dead = await letters(journal)
        assert sorted(letter.burial.reason for letter in dead) == ["crash_loop"] * 10
        assert {value for value in Poison.begun if value >= 10} == set(range(10, 20))
        counts = await journal.conservation()
        assert (counts.done, counts.dead, counts.live) == (10, 10, 0)

    play(body, POISON, journal=rg.Journal.in_memory(dead_letters=QUIET))


def test_one_suspect_at_a_time_below_a_supervisor() -> None:
    class Slow(rg.GenServer):
        under_way: ClassVar[int] = 0
        most: ClassVar[int] = 0
        first: ClassVar[set[int]] = set()

        @rg.call
        async def eat(self, value: int) -> None:
            if value not in Slow.first:
                Slow.first.add(value)
                raise RuntimeError("once")
            Slow.under_way += 1
            Slow.most = max(Slow.most, Slow.under_way)
            await pause(10.0)
            Slow.under_way -= 1

    async def body(system: rg.System, journal: rg.Journal) -> None:
        for n in range(3):
            await accept(f"slow{n}", Slow.eat(n))
        await pause(200.0)
        assert (await journal.conservation()).done == 3
        assert Slow.most == 1

    workers = [rg.child(Slow, id=f"slow{n}", name=f"slow{n}") for n in range(3)]
    play(body, *workers, max_restarts=10, max_seconds=10.0)


def test_healthy_messages_do_not_wait_for_a_suspect() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=2)
        await accept("poison", Poison.eat(1))
        await settled()
        await accept("poison", Poison.eat(2), Poison.eat(3))
        await settled()
        assert Poison.begun == [1, 2, 3]
        await pause(20.0)
        assert Poison.begun == [1, 2, 3, 1, 1]

    play(body, POISON)


def test_a_neighbour_of_a_group_restart_is_released_and_not_counted() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=1)
        await accept("box", Box.wait(10.0))
        await settled()
        await accept("poison", Poison.eat(1))
        await pause(60.0)
        assert Box.kept == ["begun", "ended"]
        assert journal.stats().crashes == 1
        assert journal.stats().released == 1
        assert (await journal.conservation()).done == 2

    children = [rg.child(Box, name="box", kwargs={}, shutdown="brutal_kill"), POISON]
    play(body, *children, strategy="one_for_all")


def test_a_kill_by_somebody_else_counts() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.wait(10.0))
        await settled()
        pid = system.whereis("box")
        assert pid is not None
        pid.kill()
        await pause(60.0)
        assert journal.stats().crashes == 1
        assert (await journal.conservation()).done == 1

    play(body, BOX)


def test_a_process_without_a_supervisor_that_comes_back_gets_it_again() -> None:
    seen: list[object] = []

    async def once() -> None:
        seen.append(await rg.receive())
        raise RuntimeError("dies of it")

    async def body(system: rg.System, journal: rg.Journal) -> None:
        system.spawn(once, name="once")
        await rg.supervised_send("once", 5, timeout=5.0, durable=True, ack="accepted")
        await pause(5.0)
        assert journal.stats().crashes == 1
        system.spawn(once, name="once")
        await pause(5.0)
        assert seen == [5, 5]

    play(body)


# -- what must not run twice -----------------------------------------------------------------------


class Payments(rg.GenServer):
    """Pays once, and dies over it."""

    paid: ClassVar[list[int]] = []
    knows: ClassVar[bool | None] = None
    die: ClassVar[bool] = True

    @rg.call(repeatable=False)
    async def pay(self, amount: int) -> str:
        Payments.paid.append(amount)
        if Payments.die:
            raise RuntimeError("after the payment")
        await pause(5.0)
        return "paid"

    @rg.call(repeatable=False, reconcile=lambda delivery, message: Payments.knows)
    async def charge(self, amount: int) -> str:
        Payments.paid.append(amount)
        if Payments.die:
            Payments.die = False
            raise RuntimeError("after the charge")
        await pause(5.0)
        return "charged"

    @classmethod
    def reset(cls, *, knows: bool | None = None, die: bool = True) -> None:
        cls.paid, cls.knows, cls.die = [], knows, die


PAYMENTS = rg.child(Payments, name="payments")


def test_g6_what_is_not_repeatable_is_never_begun_again_after_a_crash() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Payments.reset()
        delivery = await rg.supervised_send(
            "payments", Payments.pay(7), timeout=60.0, durable=True, retries=9
        )
        assert delivery.status == "outcome_unknown"
        await pause(50.0)
        assert Payments.paid == [7]
        (letter,) = await letters(journal)
        assert letter.burial.reason == "outcome_unknown"

    play(body, PAYMENTS)


@pytest.mark.parametrize(
    ("knows", "status", "paid"), [(True, "handled", 1), (False, "handled", 2), (None, "outcome_unknown", 1)]
)
def test_g6_reconcile_decides(knows: bool | None, status: str, paid: int) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Payments.reset(knows=knows)
        delivery = await rg.supervised_send("payments", Payments.charge(7), timeout=60.0, durable=True)
        assert delivery.status == status
        assert Payments.paid == [7] * paid

    play(body, PAYMENTS)


class Once(rg.GenServer):
    """Handlers that must not run twice, and take long or lose their answer."""

    begun: ClassVar[int] = 0

    @rg.call(repeatable=False)
    async def pay(self, seconds: float) -> str:
        Once.begun += 1
        await pause(seconds)
        return "paid"

    @rg.call(repeatable=False)
    def lose(self) -> str:
        Once.begun += 1
        rg.reply_later()
        return "lost"


@pytest.mark.parametrize(
    ("message", "status", "dead"), [(Once.pay(10.0), "handled", 0), (Once.lose(), "outcome_unknown", 1)]
)
@pytest.mark.parametrize("retries", [0, 2])
def test_g6_what_is_not_repeatable_is_begun_once_if_it_is_late_or_loses_its_answer(
    message: object, status: str, dead: int, retries: int
) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Once.begun = 0
        options: Any = {"durable": True, "attempt_timeout": 1.0, "retries": retries}
        delivery = await rg.supervised_send("once", message, timeout=60.0, **options)
        assert delivery.status == status
        await pause(86_400.0)  # for all automatic retries of dead letters
        assert Once.begun == 1
        counts = await journal.conservation()
        assert (counts.done, counts.dead, counts.balanced) == (1 - dead, dead, True)

    play(body, rg.child(Once, name="once"))


# -- the program dies ------------------------------------------------------------------------------


def twice(
    first: Callable[[rg.System, rg.Journal], Awaitable[None]],
    second: Callable[[rg.System, rg.Journal], Awaitable[None]],
    *children: rg.ChildSpec,
) -> None:
    """Run `first`, `kill -9`, run `second`."""

    async def main() -> None:
        machine = Machine()
        journal = machine.journal(dead_letters=QUIET)
        system = rg.System(children, services=[journal], ports=ports())
        await system.start()
        await first(system, journal)
        await machine.kill(system)
        again = machine.journal(dead_letters=QUIET)
        await run_system(again, lambda other: second(other, again), *children)

    run_virtual(main())


def test_g2_what_was_accepted_is_handled_after_kill_9() -> None:
    async def first(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", *(Box.note(n) for n in range(5)), delay=1.0)
        await accept("nobody", Box.note(9))

    async def second(system: rg.System, journal: rg.Journal) -> None:
        await pause(2.0)
        assert Box.kept == [0, 1, 2, 3, 4]
        counts = await journal.conservation()
        assert (counts.accepted, counts.done, counts.live, counts.balanced) == (6, 5, 1, True)

    twice(first, second, BOX)


def test_g4_only_who_was_being_handled_at_the_kill_gets_the_blame() -> None:
    async def first(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.wait(50.0), Box.note(1), Box.note(2))
        await settled()

    async def second(system: rg.System, journal: rg.Journal) -> None:
        rows = await inside(journal).read(lambda reader: reader.live())
        assert [row.crashes for row in rows] == [1, 0, 0]
        (attempt,) = await inside(journal).read(lambda reader: reader.attempts(rows[0].id))
        assert (attempt.outcome, attempt.boot) == ("crash", 1)
        await pause(60.0)
        assert Box.kept.count("begun") == 1  # Box.init forgot those of the first start
        assert (await journal.conservation()).done == 3

    twice(first, second, BOX)


def test_what_kills_the_whole_program_three_times_is_dead() -> None:
    async def main() -> None:
        machine = Machine()
        for boot in range(3):
            journal = machine.journal(dead_letters=QUIET)
            system = rg.System([BOX], services=[journal], ports=ports())
            await system.start()
            if boot == 0:
                await accept("box", Box.wait(50.0))
            await settled()
            assert Box.kept == ["begun"]
            await machine.kill(system)
        journal = machine.journal(dead_letters=QUIET)

        async def last(system: rg.System) -> None:
            (letter,) = await letters(journal)
            assert (letter.burial.reason, letter.live.crashes) == ("crash_loop", 3)
            attempts = await inside(journal).read(lambda reader: reader.attempts(letter.live.id))
            assert [attempt.boot for attempt in attempts] == [1, 2, 3]
            assert Box.kept == []

        await run_system(journal, last, BOX)

    run_virtual(main())


def test_a_crash_is_not_counted_twice_if_the_recovery_itself_is_killed() -> None:
    async def main() -> None:
        machine = Machine()
        journal = machine.journal()
        system = rg.System([BOX], services=[journal], ports=ports())
        await system.start()
        await accept("box", Box.wait(50.0))
        await settled()
        await machine.kill(system)
        before = bytearray(machine.slots)
        journal = machine.journal()
        system = rg.System([], services=[journal], ports=ports())
        await system.start()
        machine.slots = before  # killed after the commit, before the memory was cleared
        await machine.kill(system)
        journal = machine.journal()

        async def last(system: rg.System) -> None:
            (row,) = await inside(journal).read(lambda reader: reader.live())
            assert row.crashes == 1

        await run_system(journal, last)

    run_virtual(main())


def test_g6_kill_9_while_a_payment_runs_ends_in_outcome_unknown() -> None:
    async def first(system: rg.System, journal: rg.Journal) -> None:
        Payments.reset(die=False)
        await accept("payments", Payments.pay(7))
        await settled()
        assert Payments.paid == [7]

    async def second(system: rg.System, journal: rg.Journal) -> None:
        await pause(30.0)
        assert Payments.paid == [7]
        (letter,) = await letters(journal)
        assert letter.burial.reason == "outcome_unknown"

    twice(first, second, PAYMENTS)


def test_g6_a_payment_that_waits_in_the_mailbox_is_made_after_kill_9() -> None:
    async def first(system: rg.System, journal: rg.Journal) -> None:
        Payments.reset(die=False)
        await accept("payments", Payments.pay(7), Payments.pay(8))
        await settled()
        assert Payments.paid == [7]

    async def second(system: rg.System, journal: rg.Journal) -> None:
        await pause(30.0)
        assert Payments.paid == [7, 8]
        assert (await journal.conservation()).done == 1

    twice(first, second, PAYMENTS)


def test_g6_reconcile_is_asked_after_kill_9_as_well() -> None:
    async def first(system: rg.System, journal: rg.Journal) -> None:
        Payments.reset(die=False, knows=True)
        await accept("payments", Payments.charge(7))
        await settled()

    async def second(system: rg.System, journal: rg.Journal) -> None:
        await settled()
        assert Payments.paid == [7]
        assert (await journal.conservation()).done == 1

    twice(first, second, PAYMENTS)


def test_the_service_that_crashes_comes_up_anew_with_all_that_is_behind_it() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("box", Box.wait(10.0), Box.note(1))
        await settled()
        boot = inside(journal).boot
        owner = next(one.pid for one in system.listing.processes() if one.kind == "JournalServer")
        owner.kill()
        await pause(30.0)
        assert inside(journal).boot == boot + 1
        assert Box.kept == ["begun", "ended", 1]
        counts = await journal.conservation()
        assert (counts.accepted, counts.done, counts.balanced) == (2, 2, True)

    play(body, BOX)


def test_an_orderly_stop_burns_no_attempt() -> None:
    async def main() -> None:
        machine = Machine()
        journal = machine.journal()

        async def first(system: rg.System) -> None:
            await accept("box", Box.wait(50.0), Box.note(1))
            await settled()

        async def second(system: rg.System) -> None:
            rows = await inside(again).read(lambda reader: reader.live())
            assert [(row.attempts, row.crashes) for row in rows] == [(0, 0), (0, 0)]

        await run_system(journal, first, BOX)
        again = machine.journal()
        await run_system(again, second)

    run_virtual(main())
