"""Dead letters of a running System: they die by themselves, and come to life in supervised processes."""

from __future__ import annotations

from pathlib import Path

import pytest

import regrow as rg
from regrow.runtime.dynamic import DynamicSupervisor
from regrow.testing import pass_time, run_virtual
from tests.delivery.durable_kit import play, run_system, settled
from tests.runtime.kit import start


class Mill(rg.GenServer):
    """Crashes or fails on bad grain, until it is mended."""

    mended = False
    taken: list[str] = []  # noqa: RUF012  # shared by its incarnations on purpose

    @rg.call
    def grind(self, grain: str) -> str:
        if grain.startswith("bad") and not Mill.mended:
            raise ValueError(grain)
        Mill.taken.append(grain)
        return grain


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Mill.mended = False
    Mill.taken = []


MILL = rg.child(Mill, name="mill")


async def send(grain: str) -> str:
    delivery = await rg.supervised_send(
        "mill", Mill.grind(grain), timeout=3600.0, durable=True, on_error="dead_letter"
    )
    return delivery.status


def test_what_kills_its_process_is_dead_and_a_redrive_completes_it_when_that_is_mended() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        async with system.guest():
            statuses = [await send(grain) for grain in ("good", "bad-1", "bad-2")]
        assert statuses == ["handled", "dead_lettered", "dead_lettered"]
        letters = journal.dead_letters
        page = await letters.list()
        assert [(one.reason, one.crashes) for one in page.letters] == [("crash_loop", 3)] * 2
        details = await letters.show(page.letters[0].id)
        assert details.contents == {"grain": "bad-1"}
        assert [one.outcome for one in details.history] == ["crash"] * 3
        (cause,) = await letters.groups()
        assert cause.count == 2

        Mill.mended = True
        job = await letters.redrive(fingerprint=cause.fingerprint, canary=1, actor="ann")
        done = await letters.wait(job.id)
        assert (done.status, done.moved, done.succeeded) == ("done", 2, 2)
        assert Mill.taken == ["good", "bad-1", "bad-2"]
        counts = await journal.conservation()
        assert (counts.balanced, counts.done, counts.dead) == (True, 3, 0)

    play(body, MILL, max_restarts=100)


def test_quarantine_catches_what_comes() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        async with system.guest():
            await send("bad-1")
            (cause,) = await journal.dead_letters.groups()
            await journal.dead_letters.quarantine(cause.fingerprint)
            await send("bad-2")
        page = await journal.dead_letters.list(status="quarantined")
        assert len(page.letters) == 2
        assert all(one.retry_at is None for one in page.letters)

    play(body, MILL, max_restarts=100)


def test_a_full_dead_letter_queue_refuses_new_sends() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        async with system.guest():
            await send("bad-1")
            with pytest.raises(rg.errors.JournalFull, match="1 dead letters, allowed are 1"):
                await send("good")
            await journal.dead_letters.purge(everything=True, why="test")
            assert await send("good") == "handled"

    journal = rg.Journal.in_memory(dead_letters=rg.DeadLetterPolicy(max_count=1))
    play(body, MILL, journal=journal, max_restarts=100)


async def lose(to: str = "nobody") -> str:
    delivery = await rg.supervised_send(to, Mill.grind("rye"), timeout=1.0, on_error="dead_letter")
    return delivery.status


def test_what_was_never_durable_follows_the_policy_like_all_others() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        assert await lose() == "dead_lettered"
        (letter,) = (await journal.dead_letters.list()).letters
        assert letter.retry_at is not None
        assert 30 <= letter.retry_at - letter.died_at <= 60
        assert letter.expires_at is not None
        assert letter.expires_at - letter.died_at == pytest.approx(3600.0)
        assert (await journal.dead_letters.show(letter.id)).code_version == "7"
        await journal.dead_letters.quarantine(letter.fingerprint)
        assert await lose() == "dead_lettered"
        assert await lose("no one") == "dead_lettered"
        held = (await journal.dead_letters.list(status="quarantined")).letters
        assert [(one.dest, one.retry_at is None) for one in held] == [("nobody", False), ("nobody", True)]
        with pytest.raises(rg.errors.JournalFull, match="3 dead letters, allowed are 3") as caught:
            await lose()
        assert isinstance(caught.value.__cause__, rg.errors.NoProcess)

    policy = rg.DeadLetterPolicy(keep=3600.0, max_count=3)
    play(body, journal=rg.Journal.in_memory(dead_letters=policy, code_version="7"))


def test_a_dead_letter_of_a_process_without_a_name_is_not_tried_again() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        pid = await start(system, Mill, id="mill", restart="temporary")
        pid.kill()
        await pid.down(timeout=1.0)
        await rg.supervised_send(pid, Mill.grind("rye"), timeout=1.0, on_error="dead_letter")
        (letter,) = (await journal.dead_letters.list()).letters
        assert (letter.reason, letter.retry_at) == ("no_route", None)

    play(body)


class Bakery(rg.GenServer):
    @rg.cast
    def bake(self, loaves: int) -> None:
        raise ValueError(loaves)


class Oven(rg.GenServer):
    """What `Bakery` is called since."""

    baked: list[int] = []  # noqa: RUF012  # asked by the test

    @rg.cast
    def heat(self, loaves: int) -> None:
        Oven.baked.append(loaves)


def test_aliases_of_the_journal_hold_for_dead_letters_too() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        async with system.guest():
            delivery = await rg.supervised_send("bakery", Bakery.bake(3), timeout=60.0, durable=True)
        assert delivery.status == "dead_lettered"
        await system.root.call(rg.Supervisor.terminate_child("bakery"), timeout=5.0)
        await start(system, Oven, id="oven", name="bakery")
        letters = journal.dead_letters
        assert (await letters.show(delivery.id)).contents == {"loaves": 3}
        await letters.edit(delivery.id, arguments={"loaves": 4})
        await letters.retry(delivery.id)
        await settled()
        assert Oven.baked == [4]

    aliases = {f"{__name__}:Bakery.bake": f"{__name__}:Oven.heat"}
    play(
        body,
        rg.child(Bakery, id="bakery", name="bakery"),
        journal=rg.Journal.in_memory(aliases=aliases),
        max_restarts=100,
    )


class Moody(rg.GenServer):
    """Declines everything until it is in the mood."""

    moody = True

    @rg.call
    async def ask(self) -> str:
        if Moody.moody:
            await pass_time(10)
        return "yes"


def test_what_failed_for_a_while_is_tried_again_by_itself() -> None:
    async def body(system: rg.System, journal: rg.Journal) -> None:
        Moody.moody = True
        async with system.guest():
            await rg.supervised_send(
                "moody",
                Moody.ask(),
                timeout=100.0,
                attempt_timeout=1.0,
                durable=True,
                on_error="dead_letter",
                breaker=False,
            )
        (letter,) = (await journal.dead_letters.list()).letters
        assert letter.reason == "max_attempts"
        assert letter.retry_at is not None
        Moody.moody = False
        await pass_time(letter.retry_at - letter.died_at + 1)
        await settled()
        counts = await journal.conservation()
        assert (counts.dead, counts.done) == (0, 1)

    play(body, rg.child(Moody, name="moody"))


def test_a_redrive_that_is_killed_goes_on_where_it_was() -> None:
    async def body(system: rg.System) -> None:
        journal = system.service("journal")
        assert isinstance(journal, rg.Journal)
        async with system.guest():
            for number in range(6):
                await send(f"bad-{number}")
        Mill.mended = True
        letters = journal.dead_letters
        job = await letters.redrive(rate=1.0)
        await pass_time(2.5)
        running = await system.ref("journal.redrives", DynamicSupervisor).call(
            DynamicSupervisor.which_children(), timeout=1.0
        )
        assert [one.id for one in running] == ["redrive 1"]
        assert running[0].pid is not None
        running[0].pid.kill()
        await settled()
        done = await letters.wait(job.id)
        assert (done.status, done.moved) == ("done", 6)
        await settled()
        assert (await journal.conservation()).done == 6

    run_virtual(run_system(rg.Journal.in_memory(), body, MILL, max_restarts=100), limit=20.0)


def test_a_redrive_goes_on_in_the_next_program(tmp_path: Path) -> None:
    file = tmp_path / "app.db"

    async def first(system: rg.System) -> None:
        async with system.guest():
            for number in range(5):
                await send(f"bad-{number}")
        journal = system.service("journal")
        assert isinstance(journal, rg.Journal)
        Mill.mended = True
        await journal.dead_letters.redrive(rate=0.01)
        await settled()

    async def second(system: rg.System) -> None:
        journal = system.service("journal")
        assert isinstance(journal, rg.Journal)
        done = await journal.dead_letters.wait(1)
        assert (done.status, done.moved) == ("done", 5)
        await settled()
        assert sorted(Mill.taken) == [f"bad-{number}" for number in range(5)]
        counts = await journal.conservation()
        assert (counts.balanced, counts.done) == (True, 5)

    run_virtual(run_system(rg.Journal(file), first, MILL, max_restarts=100), limit=20.0)
    run_virtual(run_system(rg.Journal(file), second, MILL, max_restarts=100), limit=20.0)


def test_the_queue_of_a_system_that_does_not_run_says_so() -> None:
    journal = rg.Journal.in_memory()
    with pytest.raises(rg.errors.JournalNotRunning):
        _ = journal.dead_letters

    async def body(system: rg.System) -> None:
        assert (await journal.dead_letters.stats()).depth == 0

    run_virtual(run_system(journal, body))
    with pytest.raises(rg.errors.JournalNotRunning):
        run_virtual(journal.dead_letters.stats())
