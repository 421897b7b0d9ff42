"""The journal on a simulated disk: what power cuts leave of it, and disks that are slow, full or broken."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.delivery.journal.operations import Accept
from regrow.delivery.journal.rows import Counts
from regrow.testing.sim.decisions import Decisions
from regrow.testing.sim.disk import SimDisk
from regrow.testing.sim.run import run_seed
from regrow.testing.sim.simulation import Simulation
from regrow.testing.sim.store import SimStore
from tests.journal.samples import START_US, live
from tests.testing.faults_kit import nap, pairs, played, replays, runs, silent

__all__ = ("silent",)


class Worker(rg.GenServer):
    """Notes what it does in a list that outlives its machine."""

    def init(self, done: list[int]) -> None:
        self.done = done

    @rg.call
    def work(self, number: int) -> int:
        self.done.append(number)
        return number

    @rg.call
    async def slowly(self, number: int) -> int:
        await rt.pass_time(100.0)
        self.done.append(number)
        return number


def system_of(sim: Simulation, done: list[int], **journal: object) -> tuple[rg.System, rg.Journal]:
    kept = sim.journal(**journal)  # type: ignore[arg-type]
    return rg.System([rg.child(Worker, name="worker", args=(done,))], services=[kept]), kept


async def send(system: rg.System, number: int, *, timeout: float = 30.0) -> rg.errors.RegrowError | None:
    """Send durably; None if it was accepted."""
    try:
        worker = system.ref("worker", Worker)
        await rg.supervised_send(worker, Worker.work(number), durable=True, ack="accepted", timeout=timeout)
    except rg.errors.RegrowError as error:
        return error
    return None


# -- the disk itself ---------------------------------------------------------------------------


def cut(
    level: str, commits: int, *, only_process: bool = False, seed: int = 0, writing: bool = False
) -> list[int]:
    """What is left of so many commits after a power cut."""
    disk = SimDisk(level=level)  # type: ignore[arg-type]
    store = SimStore(disk)
    store.open(node="here", pid=1, now_us=START_US)
    for id in range(1, commits + 1):
        store.commit([Accept(live(id))])
    if writing:
        disk.begin([Accept(live(commits + 1))])
    decisions = Decisions(seed)
    if only_process:
        disk.lose_process(decisions)
    else:
        disk.lose_power(decisions)
    again = SimStore(disk)
    opened = again.open(node="here", pid=1, now_us=START_US)
    assert (opened.boot, opened.clean) == (2, False)
    found = [row.id for row in again.reader().live()]
    assert opened.next_id == len(found) + 1
    return found


def test_at_level_power_all_that_was_committed_is_there() -> None:
    assert all(cut("power", 5, seed=seed) == [1, 2, 3, 4, 5] for seed in range(20))


@pytest.mark.parametrize("level", ["process", "none"])
def test_below_it_the_last_commits_may_be_lost_and_no_others(level: str) -> None:
    left = [cut(level, 5, seed=seed) for seed in range(60)]
    assert {len(one) for one in left} == {0, 1, 2, 3, 4, 5}
    assert all(one == list(range(1, len(one) + 1)) for one in left)


@pytest.mark.parametrize("level", ["power", "process", "none"])
def test_the_end_of_the_process_takes_nothing_that_was_committed(level: str) -> None:
    assert all(cut(level, 5, only_process=True, seed=seed) == [1, 2, 3, 4, 5] for seed in range(20))


@pytest.mark.parametrize("only_process", [False, True])
def test_what_is_being_written_is_there_or_not(only_process: bool) -> None:
    left = [cut("power", 2, only_process=only_process, writing=True, seed=seed) for seed in range(20)]
    assert {len(one) for one in left} == {2, 3}


def test_a_checkpoint_and_a_close_make_safe() -> None:
    for how in ("checkpoint", "close"):
        disk = SimDisk(level="process")
        store = SimStore(disk)
        store.open(node="here", pid=1, now_us=START_US)
        store.commit([Accept(live(1))])
        assert disk.unsafe == 1
        if how == "checkpoint":
            store.checkpoint()
        else:
            store.close(now_us=START_US)
        assert disk.unsafe == 0


def test_a_disk_has_one_owner() -> None:
    disk = SimDisk("app")
    SimStore(disk).open(node="here", pid=1, now_us=START_US)
    with pytest.raises(rg.errors.JournalLocked, match="app belongs to another System of this run"):
        SimStore(disk).open(node="here", pid=1, now_us=START_US)


# -- power cuts --------------------------------------------------------------------------------


def test_after_a_power_cut_a_new_system_has_what_was_accepted() -> None:
    async def body(sim: Simulation) -> None:
        done: list[int] = []

        async def life(boot: int) -> Counts:
            system, journal = system_of(sim, done)
            async with system:
                if boot == 0:
                    for number in range(5):
                        assert await send(system, number) is None
                    await sim.power_cut()
                await journal.drained(timeout=60.0)
                return await journal.conservation()

        counts = await sim.survive(life)
        assert sorted(set(done)) == [0, 1, 2, 3, 4]
        assert (counts.accepted, counts.done) == (5, 5)

    for outcome in runs(body, 5):
        if outcome.failure is not None:
            raise outcome.failure
        assert outcome.faults == {"power_cut": 1}


def test_everything_ends_at_once_and_nothing_of_it_goes_on() -> None:
    seen: list[str] = []

    class Tidy(rg.GenServer):
        def terminate(self, reason: rg.ExitReason) -> None:
            seen.append("terminate")

        @rg.cast
        async def wait(self) -> None:
            try:
                await rt.pass_time(50.0)
                seen.append("handler")
            finally:
                seen.append("finally")

        @rg.cast(blocking=True)
        def block(self) -> None:
            nap(50.0)
            seen.append("thread")

        def handle_info(self, message: object) -> None:
            seen.append("timer")

    async def body(sim: Simulation) -> None:
        refs: list[rg.Ref[Tidy]] = []

        async def beside() -> None:
            await rt.pass_time(50.0)
            seen.append("task")

        async def life(boot: int) -> int:
            if boot:
                await rt.pass_time(100.0)
                return boot
            tasks = [asyncio.ensure_future(beside())]
            children = [rg.child(Tidy, name=name) for name in ("one", "two")]
            async with rg.System(children) as system:
                refs.extend(system.ref(name, Tidy) for name in ("one", "two"))
                refs[0].cast(Tidy.wait())
                rg.send_after(refs[1], "tick", 50.0)
                refs[1].cast(Tidy.block())
                await asyncio.wait(tasks)
            seen.append("end")
            return boot

        async def cut_later() -> None:
            await rt.pass_time(10.0)
            await sim.power_cut()

        cutting = asyncio.ensure_future(cut_later())
        assert await sim.survive(life) == 1
        await cutting
        assert seen == []
        with pytest.raises(rg.errors.NotStarted):
            refs[0].cast(Tidy.wait())

    seen.clear()
    assert played(body) == {"power_cut": 1}


def test_a_run_survives_as_often_as_it_takes_and_gives_what_comes_of_it() -> None:
    boots: list[int] = []

    async def body(sim: Simulation) -> None:
        boots.clear()

        async def life(boot: int) -> str:
            boots.append(boot)
            if boot < 3:
                await sim.power_cut(only_process=boot == 1)
            if boot == 3:
                return "survived"
            raise AssertionError

        assert await sim.survive(life) == "survived"

        async def fail(boot: int) -> None:
            raise LookupError(boot)

        with pytest.raises(LookupError, match="0"):
            await sim.survive(fail)

    assert played(body) == {"power_cut": 2, "process_killed": 1}
    assert boots == [0, 1, 2, 3]


def test_only_what_survives_can_lose_its_power() -> None:
    async def body(sim: Simulation) -> None:
        with pytest.raises(rg.errors.BadFault) as caught:
            await sim.power_cut()
        assert "has to be within, or beside, what sim.survive(...) runs" in str(caught.value)

    assert played(body) == {}


def test_what_was_running_may_be_forgotten_with_the_power_and_is_known_after_a_kill() -> None:
    crashes: dict[bool, set[int]] = {False: set(), True: set()}

    def body_of(*, only_process: bool) -> object:
        async def body(sim: Simulation) -> None:
            done: list[int] = []

            async def life(boot: int) -> None:
                system, journal = system_of(sim, done, max_crashes=1)
                async with system:
                    if boot == 0:
                        message = Worker.slowly(1)
                        await rg.supervised_send(
                            system.ref("worker", Worker), message, durable=True, ack="accepted", timeout=5.0
                        )
                        await rt.pass_time(1.0)
                        await sim.power_cut(only_process=only_process)
                    await rt.pass_time(200.0)
                    crashes[only_process].add((await journal.conservation()).dead)

            await sim.survive(life)

        return body

    for only_process in (False, True):
        for outcome in runs(body_of(only_process=only_process), 12):  # type: ignore[arg-type]
            assert outcome.failure is None
    assert crashes == {False: {0, 1}, True: {1}}


# -- by chance ---------------------------------------------------------------------------------


async def business(sim: Simulation) -> None:
    """What was accepted is done, whatever happens to the machine."""
    done: list[int] = []
    accepted: list[int] = []

    async def life(boot: int) -> None:
        system, journal = system_of(sim, done)
        async with system:
            for number in range(boot * 100, boot * 100 + 6):
                error = await send(system, number)
                accepted.extend([number] if error is None else [])
                if error is not None and "sync failed" in str(error):
                    await sim.power_cut(only_process=True)  # what one does about it: start anew
            sim.calm()
            await journal.drained(timeout=100.0)
            counts = await journal.conservation()
            assert counts.balanced
            assert counts.accepted >= len(accepted)

    await sim.survive(life)
    assert set(accepted) <= set(done)


@pytest.mark.parametrize(
    ("kind", "faults"),
    [
        ("power_cut", rt.StoreFaults(power_cut=0.2)),
        ("slow_commit", rt.StoreFaults(slow=0.3)),
        ("disk_full", rt.StoreFaults(full=0.3)),
        ("sync_failed", rt.StoreFaults(fail=0.05)),
    ],
)
def test_each_kind_is_counted_and_comes_again_in_a_replay(kind: str, faults: rt.StoreFaults) -> None:
    struck = 0
    options = rt.Faults(store=faults)
    for outcome in runs(business, 6, options):
        if outcome.failure is not None:
            raise outcome.failure
        assert outcome.faults.keys() <= {kind, "process_killed"}
        assert pairs(replays(business, outcome, options)) == pairs(outcome)
        struck += outcome.faults.get(kind, 0)
    assert struck >= 2


def test_there_are_so_many_power_cuts_and_no_more() -> None:
    for outcome in runs(business, 4, rt.Faults(store=rt.StoreFaults(power_cut=1.0, cuts=2))):
        assert outcome.faults == {"power_cut": 2}
        assert outcome.failure is None


def test_without_survive_the_power_stays_on() -> None:
    async def body(sim: Simulation) -> None:
        done: list[int] = []
        system, _ = system_of(sim, done)
        async with system:
            assert await send(system, 1) is None

    outcome = run_seed(body, 0, faults=rt.Faults(store=rt.StoreFaults(power_cut=1.0)))
    assert (outcome.failure, outcome.faults) == (None, {})


# -- by script ---------------------------------------------------------------------------------


def test_a_slow_commit_takes_virtual_time() -> None:
    async def body(sim: Simulation) -> None:
        system, _ = system_of(sim, [])
        async with system:
            sim.store_fault("slow", seconds=7.0)
            began = sim.time
            assert await send(system, 1) is None
            assert 7.0 <= sim.time - began < 7.1

    assert played(body) == {"slow_commit": 1}


def test_a_full_disk_takes_nothing_and_then_goes_on() -> None:
    done: list[int] = []

    async def body(sim: Simulation) -> None:
        done.clear()
        system, journal = system_of(sim, done)
        async with system:
            sim.store_fault("full", journal="journal")
            error = await send(system, 1)
            assert "the simulated disk is full" in str(error)
            assert await send(system, 2) is None
            await journal.drained(timeout=10.0)
            assert (await journal.conservation()).accepted == 1

    assert played(body) == {"disk_full": 1}
    assert done == [2]


def test_after_a_failed_sync_nothing_is_accepted_until_it_is_opened_anew() -> None:
    async def body(sim: Simulation) -> None:
        system, _ = system_of(sim, [])
        async with system:
            sim.store_fault("fail")
            assert "a simulated sync failed" in str(await send(system, 1))
            assert "a sync failed before (IOError: a simulated sync failed)" in str(await send(system, 2))
        system, _ = system_of(sim, [])
        async with system:
            assert await send(system, 3) is None

    assert played(body) == {"sync_failed": 1}


def test_a_read_fails() -> None:
    async def body(sim: Simulation) -> None:
        system, journal = system_of(sim, [])
        async with system:
            await rt.pass_time(1.0)  # the dead letters have been read
            sim.store_fault("fail_read")
            with pytest.raises(rg.errors.JournalFailed, match="a simulated read failed"):
                await journal.conservation()
            assert (await journal.conservation()).accepted == 0

    assert played(body) == {"read_failed": 1}


def test_there_is_no_other_kind() -> None:
    async def body(sim: Simulation) -> None:
        with pytest.raises(rg.errors.BadFault) as caught:
            sim.store_fault("melt")  # type: ignore[arg-type]
        assert "kind has to be 'slow', 'full', 'fail' or 'fail_read'" in str(caught.value)

    assert played(body) == {}


# -- the real disk -----------------------------------------------------------------------------


class Writes:
    """What is opened for writing while it looks."""

    looking = False
    found: list[str] = []  # noqa: RUF012  # one audit hook, which can't be taken back

    @classmethod
    def hook(cls, event: str, args: tuple[object, ...]) -> None:
        if cls.looking and event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
            cls.found.append(str(args[0]))
        elif cls.looking and event in {"sqlite3.connect", "os.rename", "os.mkdir", "socket.__new__"}:
            cls.found.append(event)


@pytest.fixture
def writes() -> Iterator[type[Writes]]:
    sys.addaudithook(Writes.hook)
    Writes.looking = True
    yield Writes
    Writes.looking = False


def test_nothing_is_written_to_the_real_disk(writes: type[Writes]) -> None:
    assert run_seed(business, 1, faults=rt.Faults(store=rt.StoreFaults(power_cut=0.2))).failure is None
    assert writes.found == []
