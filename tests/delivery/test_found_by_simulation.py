"""What the simulation of the journal found: each test is the shortest way to it."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import msgspec
import pytest

import regrow as rg
import regrow.testing as rt
from regrow.delivery.journal.rows import Filter
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from regrow.testing.sim.run import run_seed
from tests.delivery.durable_kit import Machine, inside, play, run_system, settled

QUIET = rg.DeadLetterPolicy(retries=0)


class Clerk(rg.GenServer):
    """Notes what it begins, and takes its time."""

    begun: ClassVar[list[object]] = []
    asked: ClassVar[int] = 0

    @staticmethod
    async def find_out(delivery: rg.CurrentDelivery, message: object) -> bool:
        Clerk.asked += 1
        await pause(5.0)
        return False

    @rg.call(repeatable=False, reconcile=find_out)
    async def pay(self, seconds: float) -> None:
        Clerk.begun.append(seconds)
        await pause(seconds)

    @rg.call
    async def fail(self, seconds: float) -> None:
        Clerk.begun.append(seconds)
        await pause(seconds)
        raise RuntimeError("late")

    async def handle_info(self, message: object) -> None:
        Clerk.begun.append(message)
        await pause(5.0)

    @classmethod
    def fresh(cls) -> rg.ChildSpec:
        cls.begun, cls.asked = [], 0
        return rg.child(Clerk, name="clerk")


async def accept(message: object, **options: Any) -> rg.Delivery[object]:
    return await rg.supervised_send(
        "clerk", message, timeout=5.0, durable=True, ack="accepted", breaker=False, **options
    )


def test_what_expires_while_it_is_handled_is_not_begun_again() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept(Clerk.fail(20.0), expires_in=10.0)
        await pause(60.0)
        assert Clerk.begun == [20.0]
        (letter,) = await inside(journal).read(lambda reader: reader.dead(Filter()))
        assert (letter.burial.reason, letter.live.crashes) == ("expired", 1)

    play(body, Clerk.fresh())


def test_an_info_that_expires_in_the_mailbox_is_not_handled() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("first")
        await accept("second", expires_in=1.0)
        await pause(20.0)
        assert Clerk.begun == ["first"]
        assert (await journal.conservation()).dead == 1

    play(body, Clerk.fresh())


def test_what_is_redriven_while_its_last_attempt_still_runs_is_begun_once_more_and_no_oftener() -> None:
    """The end of the old attempt was taken for that of the new one, which was then handed out twice."""

    async def body(system: rg.System, journal: rg.Journal) -> None:
        delivery = await accept(Clerk.fail(10.0), attempt_timeout=1.0)
        await pause(5.0)
        await journal.dead_letters.retry(delivery.id)
        await pause(60.0)
        assert Clerk.begun == [10.0, 10.0]
        details = await journal.dead_letters.show(delivery.id)
        assert [attempt.outcome for attempt in details.history] == ["timeout", "timeout"]

    play(body, Clerk.fresh(), journal=rg.Journal.in_memory(dead_letters=QUIET))


def test_what_has_timed_out_for_good_ends_once_though_its_handler_ends_before_that_is_written() -> None:
    """It was counted off twice: its recipient seemed to be owed nothing, and was forgotten with the other."""

    async def body(sim: rt.Simulation) -> None:
        Clerk.fresh()
        journal = sim.journal(dead_letters=QUIET)
        async with rg.System([rg.child(Clerk, name="clerk")], services=[journal]):
            await accept("later", delay=60.0)
            telling = asyncio.create_task(
                rg.supervised_send(
                    "clerk", "slow", timeout=50.0, durable=True, attempt_timeout=1.0, breaker=False
                )
            )
            await pause(0.5)
            sim.store_fault("slow", seconds=10.0)
            assert (await telling).status == "dead_lettered"
            await pause(59.95 - asyncio.get_running_loop().time())
            sim.store_fault("full")
            with pytest.raises(rg.errors.JournalFailed, match="disk is full"):
                await accept("refused")
            await journal.drained(timeout=50.0)
            assert Clerk.begun == ["slow", "later"]
            counts = await journal.conservation()
            assert (counts.dead, counts.done) == (1, 1)

    outcome = run_seed(body, 1)
    assert outcome.failure is None, outcome.failure


def test_what_expires_while_its_reconcile_is_asked_ends_once_and_holds_up_nobody() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept(Clerk.pay(3.0), expires_in=4.0)
        await pause(1.0)
        system.whereis("clerk").kill()  # type: ignore[union-attr]
        await pause(60.0)
        assert (Clerk.begun, Clerk.asked) == ([3.0], 1)
        for _ in range(2):
            await accept("more")
        await pause(20.0)
        assert Clerk.begun == [3.0, "more", "more"]
        counts = await journal.conservation()
        assert (counts.dead, counts.done, counts.balanced) == (1, 2, True)

    play(body, Clerk.fresh(), journal=rg.Journal.in_memory(concurrency=1, dead_letters=QUIET))


@pytest.mark.parametrize("stops", [1, 2])
def test_what_is_not_repeatable_is_asked_for_after_an_orderly_stop(stops: int) -> None:
    async def main() -> None:
        machine = Machine()
        child = Clerk.fresh()

        async def first(system: rg.System) -> None:
            await accept(Clerk.pay(100.0))
            await settled()

        async def again(system: rg.System) -> None:
            await settled()  # it is being asked, and nobody knows yet

        async def last(system: rg.System) -> None:
            await pause(4.0)
            assert Clerk.begun == [100.0]
            await pause(2.0)
            assert Clerk.begun == [100.0, 100.0]

        for body in (first, *[again] * (stops - 1), last):
            await run_system(machine.journal(), body, child)
        assert Clerk.asked == stops

    run_virtual(main())


def test_a_stop_writes_a_dead_letter_that_is_still_to_be_written() -> None:
    """The journal crashed over it, and its file stayed locked."""

    async def body(sim: rt.Simulation) -> None:
        async with rg.System(services=[sim.journal(dead_letters=QUIET)]):
            await accept("nobody takes it", expires_in=1.0)
            sim.store_fault("slow", seconds=5.0)
            await pause(2.0)
        journal = sim.journal()
        async with rg.System(services=[journal]):
            assert (await journal.conservation()).dead == 1

    assert run_seed(body, 1).failure is None


class Numbers(msgspec.Struct):
    kept: list[int] = []


@rg.persistent(Numbers)
class Keeper(rg.GenServer):
    state: Numbers

    @rg.cast
    def keep(self, number: int) -> None:
        self.state.kept.append(number)
        self.pid.send(number)


def test_what_a_turn_has_sent_is_gone_with_the_system_if_its_commit_ends_after_that() -> None:
    """The loop was told of an exception that nobody handled."""

    async def body(sim: rt.Simulation) -> None:
        journal = sim.journal()
        system = rg.System([rg.child(Keeper, name="keeper")], services=[journal])
        await system.start()
        sim.store_fault("slow", seconds=5.0)
        system.ref("keeper", Keeper).cast(Keeper.keep(1))
        await pause(1.0)
        system.kill()
        await pause(10.0)
        async with rg.System(services=[journal]):
            assert inside(journal).loop_reader.state("keeper") is not None

    assert run_seed(body, 1).failure is None


def test_a_start_that_cannot_write_gives_the_file_up_again() -> None:
    async def body(sim: rt.Simulation) -> None:
        async with rg.System(services=[sim.journal(dead_letters=QUIET)]):
            await accept("nobody takes it", expires_in=1.0)
        await pause(5.0)
        sim.store_fault("full")
        with pytest.raises(rg.errors.ChildStartFailed, match="disk is full"):
            async with rg.System(services=[sim.journal()]):
                pass
        journal = sim.journal()
        async with rg.System(services=[journal]):
            assert (await journal.conservation()).dead == 1

    assert run_seed(body, 1).failure is None


@pytest.mark.parametrize("act", ["redrive", "purge"])
def test_dead_letters_are_found_after_the_wall_clock_was_set_back(act: str) -> None:
    async def main() -> None:
        machine = Machine()
        Clerk.fresh()
        loop: Any = asyncio.get_running_loop()

        async def first(system: rg.System) -> None:
            await accept("late", expires_in=1.0)
            await pause(2.0)

        async def second(system: rg.System) -> None:
            if act == "purge":
                assert await journal.dead_letters.purge(why="a test", everything=True) == 1
            else:
                job = await journal.dead_letters.redrive()
                assert (await journal.dead_letters.wait(job.id)).moved == 1

        await run_system(machine.journal(dead_letters=QUIET), first, ports=loop.regrow_ports())
        loop.jump_wall(-3600.0)
        journal = machine.journal(dead_letters=QUIET)
        await run_system(journal, second, ports=loop.regrow_ports())

    run_virtual(main())
