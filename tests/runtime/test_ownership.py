"""Whose task, thread, executor or child process is it, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

import regrow as rg
from regrow.core.events import Event, Orphaned
from regrow.testing import VirtualLoop, run_virtual
from tests.runtime.kit import play

T = TypeVar("T")


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


class Owner(rg.GenServer):
    """Makes whatever it is given, in its own context."""

    @rg.call
    def make(self, function: Callable[[], Any]) -> Any:
        self.made = function()
        return self.made

    @rg.call
    async def make_async(self, function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        self.made = await function()
        return self.made


OWNER = rg.child(Owner, name="owner", restart="temporary")


async def made_by(system: rg.System, function: Callable[[], Any]) -> Any:
    return await system.ref("owner", Owner).call(Owner.make(function), timeout=5.0)


def names(system: rg.System, kind: str) -> list[str]:
    return [row.name for row in system.unsupervised() if row.kind == kind]


# -- orphans -----------------------------------------------------------------------------------


def test_tasks_that_outlive_their_process_are_cancelled_counted_and_reported(
    hand_off: bool, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Event] = []

    async def body(system: rg.System) -> None:
        system.events.subscribe("process.orphaned", seen.append)
        pid = system.whereis("owner")
        assert pid is not None
        task = await made_by(system, lambda: asyncio.create_task(forever(), name="left"))
        over = await made_by(
            system, lambda: asyncio.create_task(asyncio.wait_for(forever(), 0.5), name="over")
        )
        with pytest.raises(TimeoutError):
            await over
        pid.exit(rg.SHUTDOWN)
        await system.idle()
        assert task.cancelled()
        assert system.statistics().orphans == 1
        (event,) = seen
        assert isinstance(event, Orphaned)
        assert (event.pid, event.tasks) == (pid, ("left (forever)",))

    with caplog.at_level(logging.WARNING, logger="regrow.ownership"):
        play(body, OWNER, hand_off=hand_off)
    (record,) = [record for record in caplog.records if record.name == "regrow.ownership"]
    assert "left (forever)" in record.getMessage()
    assert "owner" in record.__dict__["regrow_pid"]


@pytest.mark.parametrize("how", ["kill", "crash", "return"])
def test_however_the_process_ends(how: str, hand_off: bool) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def plain() -> None:
        tasks.append(asyncio.create_task(forever()))
        if how == "crash":
            raise ValueError
        if how == "kill":
            await forever()

    async def body(system: rg.System) -> None:
        pid = system.spawn(plain)
        await system.idle()
        if how == "kill":
            assert not tasks[0].done()
            pid.kill()
        await system.idle()
        assert not pid.alive
        assert tasks[0].cancelled()

    play(body, hand_off=hand_off)


def test_a_task_made_by_a_task_of_the_process_is_its_own_too(hand_off: bool) -> None:
    inner: list[asyncio.Task[None]] = []

    async def outer() -> None:
        inner.append(asyncio.create_task(forever()))

    async def body(system: rg.System) -> None:
        await (await made_by(system, lambda: asyncio.create_task(outer())))
        assert not inner[0].done()
        assert names(system, "task") == []
        pid = system.whereis("owner")
        assert pid is not None
        pid.kill()
        await system.idle()
        assert inner[0].cancelled()

    play(body, OWNER, hand_off=hand_off)


def test_what_a_dead_processs_context_makes_is_an_orphan_at_once(hand_off: bool) -> None:
    ran: list[str] = []

    async def late() -> None:
        ran.append("late")

    async def body(system: rg.System) -> None:
        context = await made_by(system, contextvars.copy_context)
        pid = system.whereis("owner")
        assert pid is not None
        pid.kill()
        await pid.down(timeout=5.0)
        task = context.run(asyncio.create_task, late())
        await asyncio.wait((task,))
        assert task.cancelled()
        assert system.statistics().orphans == 1

    play(body, OWNER, hand_off=hand_off)
    assert ran == []


def test_an_orphan_may_clean_up_and_a_stop_waits_for_it(hand_off: bool) -> None:
    diary: list[str] = []

    async def tidy() -> None:
        try:
            await forever()
        finally:
            await asyncio.wait((asyncio.get_running_loop().create_future(),), timeout=0.2)
            diary.append("clean")

    async def body(system: rg.System) -> None:
        await made_by(system, lambda: asyncio.create_task(tidy()))
        await system.idle()

    play(body, OWNER, hand_off=hand_off)
    assert diary == ["clean"]


def test_a_task_in_an_empty_context_hands_its_owner_on(hand_off: bool) -> None:
    inner: list[asyncio.Task[None]] = []

    async def outer() -> None:
        inner.append(asyncio.create_task(forever()))
        await forever()

    async def body(system: rg.System) -> None:
        loop = asyncio.get_running_loop()
        await made_by(system, lambda: loop.create_task(outer(), context=contextvars.Context()))
        await system.idle()
        pid = system.whereis("owner")
        assert pid is not None
        pid.kill()
        await system.idle()
        assert inner[0].cancelled()

    play(body, OWNER, hand_off=hand_off, strict=True)


def test_the_context_given_to_a_task_decides_over_the_creators(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        context = await made_by(system, contextvars.copy_context)
        task = asyncio.create_task(forever(), context=context)
        empty = await made_by(
            system, lambda: asyncio.get_running_loop().create_task(forever(), context=contextvars.Context())
        )
        assert names(system, "task") == []  # an empty context says nothing: then it's the creator's
        pid = system.whereis("owner")
        assert pid is not None
        pid.kill()
        await system.idle()
        assert task.cancelled()
        assert empty.cancelled()

    play(body, OWNER, hand_off=hand_off)


# -- the task factory --------------------------------------------------------------------------


class Marked(asyncio.Task[Any]):
    pass


def marking(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    return Marked(coroutine, loop=loop, **options)


def test_a_factory_that_is_there_is_used_and_put_back(hand_off: bool) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(marking)
        async with rg.System([OWNER], hand_off=hand_off) as system:
            assert loop.get_task_factory() is not marking
            task = await made_by(system, lambda: asyncio.create_task(forever(), name="named"))
            assert isinstance(task, Marked)
            assert task.get_name() == "named"
        assert task.cancelled()
        assert loop.get_task_factory() is marking

    run_virtual(main())


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_two_systems_on_one_loop_stop_in_any_order(order: tuple[str, str], hand_off: bool) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        systems = {name: rg.System([OWNER], name=name, hand_off=hand_off) for name in ("first", "second")}
        tasks = {}
        for name, system in systems.items():
            await system.start()
            tasks[name] = await made_by(system, lambda: asyncio.create_task(forever()))
        for system in systems.values():
            assert names(system, "task") == []  # the other's tasks are owned too
        await systems[order[0]].stop()
        assert tasks[order[0]].cancelled()
        assert not tasks[order[1]].done()
        again = await made_by(systems[order[1]], lambda: asyncio.create_task(forever()))
        await systems[order[1]].stop()
        assert again.cancelled()
        assert loop.get_task_factory() is None

    run_virtual(main())


def test_a_factory_set_meanwhile_is_left_alone(hand_off: bool) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with rg.System([OWNER], hand_off=hand_off) as system:
            ours: Any = loop.get_task_factory()

            def on_top(
                loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
            ) -> asyncio.Future[Any]:
                made: asyncio.Future[Any] = ours(loop, coroutine, **options)
                return made

            loop.set_task_factory(on_top)
            task = await made_by(system, lambda: asyncio.create_task(forever()))
        assert task.cancelled()
        assert loop.get_task_factory() is on_top
        assert await asyncio.create_task(value()) == 1  # and what it wraps still works
        async with rg.System([OWNER], hand_off=hand_off) as system:
            again = await made_by(system, lambda: asyncio.create_task(forever()))
        assert again.cancelled()
        assert loop.get_task_factory() is on_top

    run_virtual(main())


async def value() -> int:
    return 1


class Eager(Future[Any]):
    """What an eager factory gives: something that is done already."""


def test_options_of_later_pythons_go_through_and_a_done_task_is_nobodys(hand_off: bool) -> None:
    options_seen: list[dict[str, Any]] = []

    def eager(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Future[Any]:
        options_seen.append(options)
        done = loop.create_future()
        try:
            coroutine.send(None)
        except StopIteration as stop:
            done.set_result(stop.value)
        return done

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(eager)
        async with rg.System([OWNER], hand_off=hand_off) as system:
            factory: Any = loop.get_task_factory()
            made = await made_by(system, lambda: factory(loop, value(), name="x", eager_start=True))
            assert made.result() == 1
        assert options_seen == [{"name": "x", "eager_start": True}]

    run_virtual(main())


@pytest.mark.uvloop
def test_on_uvloop_too(hand_off: bool) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with rg.System([OWNER], hand_off=hand_off) as system:
            task = await made_by(system, lambda: asyncio.create_task(forever()))
            stray = asyncio.create_task(forever(), name="stray")
            assert names(system, "task") == ["stray (forever)"]
            stray.cancel()
        assert task.cancelled()
        assert loop.get_task_factory() is None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


# -- what nobody owns --------------------------------------------------------------------------


def test_only_strangers_are_named(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        assert names(system, "task") == []
        stray = asyncio.create_task(forever(), name="stray")
        await made_by(system, lambda: asyncio.create_task(forever(), name="owned"))
        plain = system.spawn(forever)
        assert await asyncio.wait_for(answer(system), 5.0) == ["stray (forever)"]
        stray.cancel()
        plain.kill()
        await system.idle()
        assert names(system, "task") == []
        async with system.guest():
            mine = asyncio.create_task(forever())
            assert names(system, "task") == []
        await system.idle()
        assert mine.cancelled()

    async def answer(system: rg.System) -> list[str]:
        return names(system, "task")

    play(body, OWNER, hand_off=hand_off)


def test_the_task_of_a_zombie_is_nobodys(hand_off: bool) -> None:
    ended = asyncio.Event()

    async def stubborn() -> None:
        while not ended.is_set():
            try:
                await ended.wait()
            except asyncio.CancelledError:
                continue

    async def body(system: rg.System) -> None:
        pid = system.spawn(stubborn, name="stubborn")
        await system.idle()
        pid.kill()
        await pid.down(timeout=5.0)
        assert any(name.startswith("stubborn") for name in names(system, "task"))
        ended.set()
        await system.idle()
        assert names(system, "task") == []

    play(body, hand_off=hand_off)


def test_in_debug_mode_rows_say_where_it_was_made(hand_off: bool) -> None:
    async def body(system: rg.System) -> rg.debug.Unsupervised:
        stray = asyncio.create_task(forever(), name="stray")
        (row,) = (row for row in system.unsupervised() if row.kind == "task")
        stray.cancel()
        return row

    row = play(body, hand_off=hand_off, debug=True)
    assert row.where is not None
    assert __file__ in row.where
    assert row.where.endswith("in test_in_debug_mode_rows_say_where_it_was_made.<locals>.body")
    assert play(body, hand_off=hand_off) == rg.debug.Unsupervised("task", "stray (forever)", None)


def test_rows_are_values() -> None:
    row = rg.debug.Unsupervised("task", "x")
    assert row == rg.debug.Unsupervised("task", "x", None)
    with pytest.raises(AttributeError):
        row.name = "y"  # type: ignore[misc]


# -- threads, executors, child processes -------------------------------------------------------


class Thread:
    """A thread that waits; closes at the end of the block."""

    def __init__(self, name: str) -> None:
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.over.wait, args=(10,), name=name)

    def start(self) -> Thread:
        self.thread.start()
        return self

    def close(self) -> None:
        self.over.set()
        self.thread.join(10)


@pytest.mark.parametrize("mode", ["debug", "strict"])
def test_a_thread_belongs_to_the_process_that_made_it_until_that_ends(mode: str, hand_off: bool) -> None:
    mine, stray, grandchild = Thread("mine"), Thread("stray"), Thread("grandchild")

    def make_both() -> None:
        mine.start()
        helper = threading.Thread(target=grandchild.start, name="helper")
        helper.start()
        helper.join(10)

    async def body(system: rg.System) -> None:
        stray.start()
        await made_by(system, make_both)
        found = names(system, "thread")
        assert "stray" in found
        assert not {"mine", "grandchild", "regrow-watchdog", "MainThread"} & set(found)
        if mode == "debug":
            where = {row.name: row.where for row in system.unsupervised()}["stray"]
            assert where is not None
            assert where.endswith("in Thread.start")
        pid = system.whereis("owner")
        assert pid is not None
        pid.kill()
        await system.idle()
        assert {"stray", "mine", "grandchild"} <= set(names(system, "thread"))

    try:
        play(body, OWNER, hand_off=hand_off, **{mode: True})
    finally:
        for thread in (mine, stray, grandchild):
            thread.close()


def test_without_the_hook_every_thread_but_the_runtimes_is_named(hand_off: bool) -> None:
    mine = Thread("not known")

    class Blocker(rg.GenServer):
        @rg.call(blocking=True)
        def threads(self) -> list[str]:
            return [thread.name for thread in threading.enumerate()]

    async def body(system: rg.System) -> None:
        await made_by(system, mine.start)
        running = await system.ref("blocker", Blocker).call(Blocker.threads(), timeout=5.0)
        assert any(name.startswith("regrow-blocking") for name in running)
        found = names(system, "thread")
        assert "not known" in found
        assert not any(name.startswith("regrow-") for name in found)

    try:
        play(body, OWNER, rg.child(Blocker, name="blocker"), hand_off=hand_off)
    finally:
        mine.close()


def test_an_executor_belongs_to_who_had_it_start_its_first_thread(hand_off: bool) -> None:
    class Kitchen(ThreadPoolExecutor):
        pass

    class Stray(ThreadPoolExecutor):
        pass

    mine, stray, unused = Kitchen(1), Stray(1), Stray(1)

    async def body(system: rg.System) -> None:
        await made_by(system, lambda: mine.submit(int).result(10))
        stray.submit(int).result(10)
        found = [name for name in names(system, "executor") if "Kitchen" in name or "Stray" in name]
        assert len(found) == 1
        assert found[0].endswith("Stray of 1 workers")
        pid = system.whereis("owner")
        assert pid is not None
        pid.kill()
        await system.idle()
        assert any("Kitchen" in name for name in names(system, "executor"))

    try:
        play(body, OWNER, hand_off=hand_off, debug=True)
    finally:
        for pool in (mine, stray, unused):
            pool.shutdown()


def test_the_loops_own_executor_is_found_too(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        before = names(system, "executor")
        await asyncio.to_thread(int)
        assert len(names(system, "executor")) == len(before) + 1

    play(body, hand_off=hand_off, threads=True, debug=True)


SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def test_a_child_process_belongs_to_the_process_that_made_it(hand_off: bool) -> None:
    made: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        made.append(subprocess.Popen(SLEEPER, stdin=subprocess.PIPE))

    async def body(system: rg.System) -> None:
        await made_by(system, start)
        start()
        mine, stray = (f"{child.pid} " for child in made)
        found = names(system, "child process")
        assert any(name.startswith(stray) for name in found)
        assert not any(name.startswith(mine) for name in found)
        made[1].communicate(timeout=10)
        assert not any(name.startswith(stray) for name in names(system, "child process"))

    try:
        play(body, OWNER, hand_off=hand_off, debug=True)
    finally:
        for child in made:
            child.communicate(timeout=10)


def test_an_asyncio_child_process_belongs_to_the_process_that_made_it(hand_off: bool) -> None:
    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(*SLEEPER, stdin=subprocess.PIPE)

    async def main() -> None:
        async with rg.System([OWNER], hand_off=hand_off, debug=True) as system:
            mine = await system.ref("owner", Owner).call(Owner.make_async(start), timeout=5.0)
            stray = await start()
            found = names(system, "child process")
            assert any(name.startswith(f"{stray.pid} ") for name in found)
            assert not any(name.startswith(f"{mine.pid} ") for name in found)
            for child in (mine, stray):
                await child.communicate(b"")
            assert not any(name.startswith(f"{stray.pid} ") for name in names(system, "child process"))

    asyncio.run(main())


def test_a_forked_child_of_multiprocessing_belongs_to_the_process_that_made_it(hand_off: bool) -> None:
    fork = multiprocessing.get_context("fork")
    gate = fork.Event()
    mine, stray = (fork.Process(target=gate.wait, args=(10,), name=name) for name in ("mine", "stray"))

    async def body(system: rg.System) -> None:
        await made_by(system, mine.start)
        stray.start()
        found = names(system, "child process")
        assert f"{stray.pid} stray" in found
        assert f"{mine.pid} mine" not in found

    try:
        play(body, OWNER, hand_off=hand_off, debug=True)
    finally:
        gate.set()
        for child in (mine, stray):
            child.join(10)


def test_unsupervised_needs_a_running_system_and_its_loop(hand_off: bool) -> None:
    system = rg.System(hand_off=hand_off)
    with pytest.raises(rg.errors.NotStarted):
        system.unsupervised()
    loop = VirtualLoop()
    loop.run_until_complete(system.start())
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            system.unsupervised()
        except rg.errors.WrongThread as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert len(caught) == 1
    loop.run_until_complete(system.stop())
    loop.close()
