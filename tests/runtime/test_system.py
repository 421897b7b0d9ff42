"""A System's life: start, stop, failure, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

import regrow as rg
from regrow.core.events import Event
from regrow.testing import pass_time, run_virtual
from tests.runtime.life_servers import (
    LET_GO,
    LOG,
    Fails,
    SlowStart,
    Stuck,
    Worker,
    forever,
    three,
    worker,
)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    LOG.clear()
    LET_GO.clear()


# -- in order ----------------------------------------------------------------------------------


def test_children_start_in_order_and_stop_in_reverse(hand_off: bool) -> None:
    async def body() -> None:
        async with rg.System(three(), hand_off=hand_off) as system:
            assert LOG == ["+a", "+b", "+c"]
            assert system.state == "running"
        assert system.state == "stopped"

    run_virtual(body())
    assert LOG == ["+a", "+b", "+c", "-c", "-b", "-a"]


def test_start_and_stop_in_two_steps(hand_off: bool) -> None:
    async def body() -> None:
        system = rg.System(three(), hand_off=hand_off)
        assert await system.start() is system
        assert await system.ref("b", Worker).call(Worker.ping(), timeout=1.0) == "b"
        await system.stop()
        await system.wait()
        await system.stop()  # twice is fine

    run_virtual(body())
    assert LOG[3:] == ["-c", "-b", "-a"]


def test_stops_at_the_same_time_end_together() -> None:
    async def body() -> None:
        system = await rg.System(three()).start()
        await asyncio.gather(system.stop(), system.stop(timeout=3.0), system.wait())
        assert system.state == "stopped"

    run_virtual(body())
    assert LOG[3:] == ["-c", "-b", "-a"]


def test_a_stopped_system_starts_again_as_new(hand_off: bool) -> None:
    async def body() -> None:
        system = rg.System([worker("a")], hand_off=hand_off)
        events: list[str] = []
        system.events.subscribe("system", lambda event: events.append(event.name))
        async with system:
            old, old_ref = system.whereis("a"), system.ref("a", Worker)
        async with system:
            new = system.whereis("a")
            assert old is not None
            assert new is not None
            assert new.incarnation > old.incarnation
            assert not old.alive
            with pytest.raises(rg.errors.NotStarted):
                await old_ref.call(Worker.ping(), timeout=1.0)
            assert await system.ref("a", Worker).call(Worker.ping(), timeout=1.0) == "a"
        assert events == ["system.started", "system.stopped"] * 2

    run_virtual(body())


def test_one_system_starts_once_at_a_time() -> None:
    async def body() -> None:
        async with rg.System(three()) as system:
            with pytest.raises(rg.errors.AlreadyStarted, match="running"):
                await system.start()
            assert system.state == "running"

    run_virtual(body())


def test_what_needs_a_running_system_says_so() -> None:
    async def body() -> None:
        system = rg.System(three())
        for use in (lambda: system.root, lambda: system.ref("a", Worker), system.kill, system.processes):
            with pytest.raises(rg.errors.NotStarted, match="not started"):
                use()
        with pytest.raises(rg.errors.NotStarted):
            await system.stop()
        with pytest.raises(rg.errors.NotStarted):
            await system.wait()

    run_virtual(body())


def test_two_systems_on_one_loop_do_not_see_each_other() -> None:
    async def body() -> None:
        seen: list[Event] = []
        async with rg.System([worker("a")], name="one") as one:
            one.events.subscribe("", seen.append)
            async with rg.System([worker("a")], name="two") as two:
                assert one.whereis("a") is not two.whereis("a")
                assert one.ref("a", Worker) != two.ref("a", Worker)
                two.groups.join("g", two.root)
                assert one.groups.members("g") == ()
                two.kill()
                await two.wait()
            assert await one.ref("a", Worker).call(Worker.ping(), timeout=1.0) == "a"
            assert seen == []

    run_virtual(body())


def test_it_runs_in_a_thread_that_is_not_the_main_one() -> None:
    answers: list[str] = []

    async def body() -> None:
        async with rg.System([worker("a")]) as system:
            answers.append(await system.ref("a", Worker).call(Worker.ping(), timeout=1.0))

    thread = threading.Thread(target=lambda: asyncio.run(body()))
    thread.start()
    thread.join(10.0)
    assert answers == ["a"]


# -- a failed start ----------------------------------------------------------------------------


def test_a_failed_start_undoes_what_had_started_and_may_be_tried_again() -> None:
    async def body() -> None:
        system = rg.System([worker("a"), rg.child(Fails), worker("c")])
        with pytest.raises(rg.errors.ChildStartFailed) as caught:
            await system.start()
        assert caught.value.child_id == "Fails"
        assert LOG == ["+a", "-a"]
        assert system.state == "not started"
        with pytest.raises(rg.errors.ChildStartFailed):
            async with system:
                pytest.fail("the body runs")

    run_virtual(body())


@pytest.mark.parametrize("how", ["timeout", "cancel"])
def test_a_cancelled_start_is_undone_in_order(how: str) -> None:
    async def body() -> None:
        system = rg.System([worker("a"), worker("b"), rg.child(SlowStart, start_timeout=100.0)])
        if how == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0), system:
                    pytest.fail("the body runs")
        else:
            starting = asyncio.create_task(system.start())
            await asyncio.get_running_loop().settled()  # type: ignore[attr-defined]  # as far as it gets
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
        assert system.state == "not started"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(body())
    assert LOG == ["+a", "+b", "slow starts", "-b", "-a"]


# -- the deadline ------------------------------------------------------------------------------


def test_a_stop_that_takes_too_long_ends_with_a_kill() -> None:
    async def body() -> float:
        loop = asyncio.get_running_loop()
        stuck = rg.child(Stuck, id="s", args=("s",), shutdown=1000.0)
        system = await rg.System([worker("a"), stuck, worker("c")]).start()
        begun = loop.time()
        with pytest.raises(rg.errors.StopTimeout, match="7 s"):
            await system.stop(timeout=7.0)
        assert system.state == "stopped"
        assert LOG[2:] == ["+c", "-c", "s ignores", "s ignores"]  # cancelled again, then given up
        LET_GO.add("s")
        return loop.time() - begun

    assert run_virtual(body()) == pytest.approx(7.0 + rg.Settings().kill_grace)


def test_the_block_keeps_the_deadline_of_the_settings() -> None:
    async def body() -> None:
        stuck = rg.child(Stuck, id="s", args=("s",), shutdown=1000.0)
        settings = rg.Settings(stop_timeout=3.0, kill_grace=0.5)
        with pytest.raises(rg.errors.StopTimeout, match="3 s"):
            async with rg.System([stuck], settings=settings):
                pass
        LET_GO.add("s")
        assert asyncio.get_running_loop().time() == pytest.approx(3.5)

    run_virtual(body())


def test_a_timeout_may_come_from_the_table_and_must_be_one() -> None:
    async def body() -> None:
        table = rg.TimeoutTable({"soon": 2.0})
        stuck = rg.child(Stuck, id="s", args=("s",), shutdown=1000.0)
        system = await rg.System([stuck], timeouts=table).start()
        for bad in (0.0, -1.0, float("inf")):
            with pytest.raises(rg.errors.BadTimeout):
                await system.stop(timeout=bad)
        assert system.state == "running"
        with pytest.raises(rg.errors.StopTimeout, match="2 s"):
            await system.stop(timeout="soon")
        LET_GO.add("s")

    run_virtual(body())


def test_a_cancelled_stop_kills_what_is_left() -> None:
    async def body() -> None:
        loop = asyncio.get_running_loop()
        stuck = rg.child(Stuck, id="s", args=("s",), shutdown=1000.0)
        system = await rg.System([worker("a"), stuck]).start()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(system.stop(), 2.0)
        LET_GO.add("s")
        assert system.state == "stopped"
        assert loop.time() == pytest.approx(3.0)

    run_virtual(body())
    assert "-a" not in LOG


def test_kill_runs_no_terminate() -> None:
    async def body() -> None:
        system = await rg.System(three()).start()
        system.kill()
        await system.wait()

    run_virtual(body())
    assert LOG == ["+a", "+b", "+c"]


# -- stop from inside, and what is not supervised ----------------------------------------------


def test_a_process_may_stop_its_system(hand_off: bool) -> None:
    async def body() -> None:
        async with rg.System(three(), hand_off=hand_off) as system:
            system.ref("b", Worker).cast(Worker.stop_system())
            await system.wait()
            assert system.state == "stopped"

    run_virtual(body())
    assert LOG[3:] == ["-c", "b goes on", "-b", "-a"] or LOG[3:] == ["b goes on", "-c", "-b", "-a"]


def test_spawned_processes_end_with_the_system_and_leave_nothing() -> None:
    async def body() -> None:
        ended: list[str] = []

        async def busy(label: str) -> None:
            rg.trap_exit(True)
            try:
                await rg.receive()
            finally:
                ended.append(label)
                with pytest.raises(rg.errors.NotStarted):
                    rg.spawn(busy, "too late")

        async with rg.System(three()) as system:
            pids = [system.spawn(busy, "x"), system.spawn(busy, "y")]
            await system.idle()
        assert sorted(ended) == ["x", "y"]
        assert not any(pid.alive for pid in pids)

    run_virtual(body())


def test_children_of_a_killed_supervisor_are_waited_for() -> None:
    async def body() -> None:
        class Clings(Worker):
            @rg.cast
            async def hold(self) -> None:
                try:
                    await forever()
                finally:
                    await pass_time(0.25)
                    LOG.append("let go")

        tree = rg.supervisor([rg.child(Clings, name="k")], id="sub", name="sub", restart="temporary")
        async with rg.System([tree]) as system:
            system.ref("k", Clings).cast(Clings.hold())
            await system.idle()
            system.ref("sub", rg.Supervisor).kill()
        assert LOG[-1] == "let go"

    run_virtual(body())


# -- nothing is left ---------------------------------------------------------------------------


class Busy(Worker):
    """Uses what could leave something behind: a warm task, a thread, timers, a reply handle."""

    @rg.call
    async def warm(self) -> None:
        rg.send_interval(self.pid, "tick", 3600.0)

    @rg.call(blocking=True)
    def thread(self) -> str:
        return threading.current_thread().name

    def handle_info(self, message: object) -> None: ...


def test_after_the_end_nothing_is_left(hand_off: bool) -> None:
    gone: list[weakref.ref[object]] = []

    async def body() -> None:
        loop = asyncio.get_running_loop()
        threads = set(threading.enumerate())
        async with rg.System([rg.child(Busy, name="busy")], hand_off=hand_off) as system:
            busy = system.ref("busy", Busy)
            await busy.call(Busy.warm(), timeout=1.0)
            await busy.call(Busy.thread(), timeout=1.0)
            timer = rg.send_after(busy, "later", 3600.0)
            assert timer.remaining == pytest.approx(3600.0)
            gone.append(weakref.ref(system))
        assert asyncio.all_tasks() == {asyncio.current_task()}
        for thread in set(threading.enumerate()) - threads:
            thread.join(5.0)
            assert not thread.is_alive()
        del system, busy, timer
        await loop.settled()  # type: ignore[attr-defined]  # handles that were ready have run
        gc.collect()
        assert [one() for one in gone] == [None]
        assert loop.time() == 0.0

    run_virtual(body())


@pytest.mark.regrow(allow_leaks=("system",), reason="a loop that closes over one is what is tested")
def test_a_loop_closed_over_a_running_system_kills_it(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> rg.System:
        return await rg.System(three()).start()

    system = run_virtual(body())
    assert system.state == "stopped"
    assert LOG == ["+a", "+b", "+c"]
    assert "its loop is being closed" in caplog.text


def test_freeze_gc_takes_the_start_out_of_the_collectors_way_until_the_stop() -> None:
    mine: list[object] = []

    def is_looked_through() -> bool:
        return any(one is mine for one in gc.get_objects())

    async def body() -> tuple[bool, bool, bool]:
        before = is_looked_through()
        async with rg.System(three(), settings=rg.Settings(freeze_gc=True)):
            async with rg.System(three(), settings=rg.Settings(freeze_gc=True)):
                pass
            during = is_looked_through()
        return before, during, is_looked_through()

    assert run_virtual(body()) == (True, False, True)


def test_current_system_is_the_processes_own() -> None:
    async def body() -> None:
        found: list[rg.System] = []

        async def look() -> None:
            found.append(rg.current_system())

        with pytest.raises(rg.errors.NotAProcess):
            rg.current_system()
        async with rg.System(name="one") as one, rg.System(name="two") as two:
            one.spawn(look)
            await one.idle()
            two.spawn(look)
            await two.idle()
            assert found == [one, two]

    run_virtual(body())


# -- the tree as text --------------------------------------------------------------------------


def test_the_tree_as_text() -> None:
    async def waits() -> None:
        await rg.receive()

    async def body() -> None:
        group = rg.supervisor([worker(f"w{n}") for n in range(5)], id="group")
        async with rg.System([worker("a"), group], name="sys") as system:
            system.spawn(waits, name="spawned")
            await system.idle()
            held = system.whereis("a")
            assert held is not None
            system.suspend(held)
            held.send("x")
            lines = [line.replace(f".{held.incarnation} ", " ") for line in system.tree(limit=3).splitlines()]
            assert lines == [
                "sys: running",
                "├── <sys.1 Supervisor> (id 'root', one_for_one, 3 of 3 restarts left)",
                "│   ├── <sys.2 Worker 'a'> (suspended, 1 waiting)",
                "│   └── <sys.3 Supervisor> (id 'group', one_for_one, 3 of 3 restarts left)",
                "│       ├── <sys.4 Worker 'w0'>",
                "│       ├── <sys.5 Worker 'w1'>",
                "│       ├── <sys.6 Worker 'w2'>",
                "│       └── and 2 more",
                f"└── <sys.9 {waits.__qualname__} 'spawned'>",
            ]

    run_virtual(body())
