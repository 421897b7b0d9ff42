"""A System that fails, and how its body, or whoever waits, is told."""

from __future__ import annotations

import asyncio
import logging

import pytest

import regrow as rg
from regrow.testing import pass_time, run_virtual
from tests.runtime.life_servers import (
    LET_GO,
    LOG,
    Worker,
    fail,
    forever,
    three,
    worker,
)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    LOG.clear()
    LET_GO.clear()


# -- failure -----------------------------------------------------------------------------------


def failing(**options: object) -> rg.System:
    return rg.System([worker("a"), worker("b")], max_restarts=0, **options)  # type: ignore[arg-type]


def test_a_root_that_gives_up_cancels_the_body(hand_off: bool) -> None:
    async def body() -> None:
        reached: list[str] = []
        with pytest.raises(rg.errors.SystemFailed) as caught:
            async with failing(hand_off=hand_off) as system:
                await fail(system)
                try:
                    await forever()
                except asyncio.CancelledError:
                    reached.append(system.state)
                    raise
        assert reached == ["failed"]
        assert caught.value.reason is rg.SHUTDOWN
        assert caught.value.__cause__ is None
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await pass_time(0)  # no cancel is left behind

    run_virtual(body())
    assert LOG == ["+a", "+b", "-a", "-b"]


def test_a_body_that_ignores_the_cancel_is_told_at_its_end() -> None:
    async def body() -> None:
        with pytest.raises(rg.errors.SystemFailed):
            async with failing() as system:
                await fail(system)
                with pytest.raises(asyncio.CancelledError):
                    await forever()
                with pytest.raises(rg.errors.NotStarted):
                    system.ref("a", Worker)

    run_virtual(body())


def test_a_body_that_ends_while_the_root_gives_up_is_told() -> None:
    async def body() -> None:
        with pytest.raises(rg.errors.SystemFailed):
            async with failing() as system:
                await fail(system)

    run_virtual(body())


def test_an_error_that_came_of_the_failure_is_its_cause() -> None:
    async def body() -> None:
        with pytest.raises(rg.errors.SystemFailed) as caught:
            async with failing() as system:
                await system.ref("a", Worker).call(Worker.crash(), timeout=1.0)
        assert isinstance(caught.value.__cause__, rg.errors.ProcessExited)

    run_virtual(body())


def test_what_the_body_raises_itself_wins_and_notes_the_failure() -> None:
    async def body() -> None:
        with pytest.raises(KeyError) as caught:
            async with failing() as system:
                await fail(system)
                try:
                    await forever()
                finally:
                    raise KeyError("mine")
        assert any("root supervisor ended" in note for note in caught.value.__notes__)

    run_virtual(body())


def test_what_the_body_raises_while_all_is_well_comes_through_bare() -> None:
    async def body() -> None:
        with pytest.raises(KeyError) as caught:
            async with rg.System(three()):
                raise KeyError("mine")
        assert not hasattr(caught.value, "__notes__")

    run_virtual(body())
    assert LOG[3:] == ["-c", "-b", "-a"]


def test_an_outer_cancel_stops_in_order_and_goes_on() -> None:
    async def body() -> None:
        async def inner() -> None:
            async with rg.System(three()):
                await forever()

        task = asyncio.create_task(inner())
        await asyncio.get_running_loop().settled()  # type: ignore[attr-defined]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(body())
    assert LOG[3:] == ["-c", "-b", "-a"]


def test_a_failure_beside_an_outer_cancel_is_told_and_the_cancel_still_counts() -> None:
    async def body() -> None:
        async def inner() -> int:
            task = asyncio.current_task()
            assert task is not None
            with pytest.raises(rg.errors.SystemFailed):
                async with failing() as system:
                    await fail(system)
                    task.cancel()
                    await forever()
            return task.cancelling()

        assert await asyncio.create_task(inner()) == 1

    run_virtual(body())


@pytest.mark.parametrize("outside", [True, False], ids=["outside", "inside"])
def test_a_failure_and_a_timeout_are_not_confused(outside: bool) -> None:
    async def body() -> None:
        if outside:
            with pytest.raises(rg.errors.SystemFailed):
                async with asyncio.timeout(10.0), failing() as system:
                    await fail(system)
                    await forever()
        else:
            with pytest.raises(rg.errors.SystemFailed):
                async with failing() as system, asyncio.timeout(10.0):
                    await fail(system)
                    await forever()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10.0), rg.System(three()):
                await forever()

    run_virtual(body())


def test_systems_in_each_other_fail_each_for_itself() -> None:
    async def body() -> None:
        with pytest.raises(rg.errors.SystemFailed, match="outer"):
            async with failing(name="outer") as outer, rg.System([worker("x")], name="inner"):
                await fail(outer)
                await forever()
        assert LOG[-1] == "-x"

    run_virtual(body())


def test_without_a_body_wait_and_stop_tell_and_the_log_too(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        system = await failing().start()
        await fail(system)
        with pytest.raises(rg.errors.SystemFailed) as caught:
            await system.wait()
        assert caught.value.reason is rg.SHUTDOWN
        with pytest.raises(rg.errors.SystemFailed):
            await system.stop()
        assert system.state == "failed"
        assert (await system.start()).state == "running"
        await system.stop()

    with caplog.at_level(logging.ERROR, "regrow.system"):
        run_virtual(body())
    assert [record.name for record in caplog.records].count("regrow.system") == 1


def test_a_killed_root_is_a_failure_with_its_reason() -> None:
    async def body() -> None:
        with pytest.raises(rg.errors.SystemFailed) as caught:
            async with rg.System(three()) as system:
                system.root.kill()
                await forever()
        assert caught.value.reason is rg.KILLED

    run_virtual(body())
    assert LOG == ["+a", "+b", "+c"]


# -- interrupts --------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [Worker.press(), Worker.press_async()], ids=["def", "async"])
def test_a_keyboard_interrupt_kills_its_process_and_stops_in_order(
    message: rg.types.CallMessage[Worker, None], hand_off: bool
) -> None:
    async def body() -> None:
        async with rg.System(three(), hand_off=hand_off) as system:
            with pytest.raises(rg.errors.ProcessExited) as caught:
                await system.ref("b", Worker).call(message, timeout=1.0)
            assert caught.value.reason is rg.KILLED
            await forever()

    with pytest.raises(KeyboardInterrupt):
        run_virtual(body())
    assert LOG[3:] == ["-c", "-a"]


def test_a_keyboard_interrupt_during_start_undoes_it() -> None:
    class Pressed(rg.GenServer):
        def init(self) -> None:
            raise KeyboardInterrupt

    async def body() -> None:
        async with rg.System([worker("a"), rg.child(Pressed)]):
            pytest.fail("the body runs")

    with pytest.raises(KeyboardInterrupt):
        run_virtual(body())
    assert LOG == ["+a", "-a"]
