"""`journal.drained`: told when nothing is owed any more; and how many crashes a message may cause."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

import regrow as rg
from regrow.testing import pass_time as pause
from regrow.testing import run_virtual
from tests.delivery.durable_kit import Box, Poison, play, run_system, settled

BOX = rg.child(Box, name="box")


def now() -> float:
    return asyncio.get_running_loop().time()


async def accept(to: str, *messages: object, delay: float | None = None) -> None:
    for message in messages:
        await rg.supervised_send(to, message, timeout=5.0, durable=True, ack="accepted", delay=delay)


def test_it_returns_at_the_moment_when_the_last_one_is_settled() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await journal.drained(timeout=1.0)
        assert now() == 0.0
        await accept("box", Box.wait(2.0), Box.wait(3.0))
        await accept("box", Box.note(1), delay=30.0)
        others = [asyncio.create_task(journal.drained(timeout=50.0)) for _ in range(2)]
        await journal.drained(timeout=50.0)
        await settled()
        assert now() == pytest.approx(30.0)
        assert all(task.done() for task in others)
        assert journal.stats().live == 0
        assert (await journal.conservation()).done == 3

    play(body, BOX)


def test_what_waits_for_nobody_is_owed_and_the_wait_ends_in_time() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("nobody", Box.note(1))
        with pytest.raises(rg.errors.WaitTimeout, match="still owed deliveries after 5 s") as caught:
            await journal.drained(timeout=5.0)
        assert caught.value.timeout == 5.0
        assert now() == pytest.approx(5.0)
        waiting = asyncio.create_task(journal.drained(timeout=50.0))
        await settled()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(rg.errors.BadTimeout):
            await journal.drained(timeout=0.0)

    play(body)


def test_the_dead_are_not_owed() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=99)
        await accept("poison", Poison.eat(1))
        await journal.drained(timeout=500.0)
        counts = await journal.conservation()
        assert (counts.live, counts.dead) == (0, 1)

    play(body, rg.child(Poison, name="poison"))


class Left(msgspec.Struct):
    count: int = 3


@rg.persistent(Left)
class Countdown(rg.GenServer):
    """Sends itself the next one, in the same transaction that settles the last."""

    state: Left

    @rg.cast
    async def tick(self) -> None:
        self.state.count -= 1
        if self.state.count:
            await rg.supervised_send("countdown", Countdown.tick(), timeout=5.0, durable=True)

    @rg.call
    def left(self) -> int:
        return self.state.count


def test_what_a_persistent_server_sends_on_is_waited_for_too() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        await accept("countdown", Countdown.tick())
        await journal.drained(timeout=5.0)
        assert await system.ref("countdown", Countdown).call(Countdown.left(), timeout=5.0) == 0

    play(body, rg.child(Countdown, name="countdown"))


def test_a_journal_that_is_closed_meanwhile_says_so() -> None:
    async def main() -> None:
        journal = rg.Journal.in_memory()
        with pytest.raises(rg.errors.JournalNotRunning):
            await journal.drained(timeout=1.0)

        async def body(system: rg.System) -> asyncio.Task[None]:
            await accept("nobody", Box.note(1))
            waiting = asyncio.create_task(journal.drained(timeout=50.0))
            await settled()
            return waiting

        waiting = await run_system(journal, body)
        with pytest.raises(rg.errors.JournalNotRunning):
            await waiting

    run_virtual(main())


@pytest.mark.parametrize("most", [1, 2, 5])
def test_so_many_crashes_a_message_may_cause(most: int) -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=99)
        await accept("poison", Poison.eat(1))
        await pause(500.0)
        await journal.drained(timeout=500.0)
        assert Poison.begun == [1] * most
        (letter,) = (await journal.dead_letters.list()).letters
        assert (letter.reason, letter.crashes) == ("crash_loop", most)

    quiet = rg.DeadLetterPolicy(retries=0)
    journal = rg.Journal.in_memory(max_crashes=most, dead_letters=quiet)
    play(body, rg.child(Poison, name="poison"), journal=journal)


def test_a_redrive_of_what_was_never_durable_may_cause_as_many() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Poison.reset(p1=99)
        await rg.supervised_send("nobody", Poison.eat(1), timeout=5.0, on_error="dead_letter")
        (letter,) = (await journal.dead_letters.list()).letters
        await journal.dead_letters.retry(letter.id, target="poison")
        await journal.drained(timeout=500.0)
        assert Poison.begun == [1, 1]

    journal = rg.Journal.in_memory(max_crashes=2)
    play(body, rg.child(Poison, name="poison"), journal=journal)


@pytest.mark.parametrize("most", [0, 1001, True, 2.0, None])
def test_a_bad_bound_is_refused(most: object) -> None:
    with pytest.raises(rg.errors.BadSetting, match="from 1 to 1,000"):
        rg.Journal.in_memory(max_crashes=most)  # type: ignore[arg-type]
