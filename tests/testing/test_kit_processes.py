"""`spawn_supervised`: the process is the function itself, and its crash is the test's affair."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


async def collect(seen: list[object]) -> None:
    """Takes messages until one is an exception: that is raised."""
    while True:
        message = await rg.receive()
        if isinstance(message, BaseException):
            raise message
        seen.append(message)


def errors_of(caught: pytest.ExceptionInfo[rg.errors.TeardownFailed]) -> Sequence[Exception]:
    return caught.value.exceptions


def test_messages_reach_the_function_itself() -> None:
    async def main() -> list[object]:
        seen: list[object] = []
        async with rt.kit() as kit:
            pid = await kit.spawn_supervised(collect, seen, name="collector")
            pid.send("hello")
            kit.system.ref("collector", object).send("again")
            await kit.system.idle()
        return seen

    assert run_virtual(main()) == ["hello", "again"]


def test_it_sees_exits_if_it_traps_them_also_that_of_its_own_end() -> None:
    seen: list[object] = []

    async def watcher(other: rg.Pid[object]) -> None:
        rg.trap_exit(True)
        rg.link(other)
        seen.extend([(await rg.receive(rg.Exit)).reason for _ in range(2)])

    async def main() -> None:
        async with rt.kit() as kit:
            other = await kit.spawn_supervised(collect, [])
            kit.expect_crash(other, ValueError)
            await kit.spawn_supervised(watcher, other)
            await kit.system.idle()
            other.send(ValueError("boom"))
            await kit.system.idle()

    run_virtual(main())
    crash, end = seen
    assert isinstance(crash, rg.Crash)
    assert end is rg.SHUTDOWN


def test_a_crash_fails_the_test_with_its_traceback() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            pid = await kit.spawn_supervised(collect, [])
            pid.send(ValueError("boom"))
            await kit.system.idle()
            assert not pid.alive

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main())
    (error,) = errors_of(caught)
    assert isinstance(error, rg.errors.UnexpectedCrash)
    assert isinstance(error.reason, rg.Crash)
    assert "say kit.expect_crash(pid)" in str(error)
    assert "in collect" in str(error)
    assert str(error).endswith("ValueError: boom")


@pytest.mark.parametrize(
    ("kind", "match"),
    [(None, None), (ValueError, None), ((KeyError, ValueError), "bo+m"), (None, "ValueError: boom")],
)
def test_a_crash_that_was_expected_is_fine(
    kind: type[Exception] | tuple[type[Exception], ...] | None, match: str | None
) -> None:
    async def main() -> bool:
        async with rt.kit() as kit:
            pid = await kit.spawn_supervised(collect, [])
            kit.expect_crash(pid, kind, match=match)
            pid.send(ValueError("boom"))
            await kit.system.idle()
            return pid.alive

    assert run_virtual(main()) is False


def test_it_may_be_said_afterwards_too() -> None:
    async def main() -> bool:
        async with rt.kit() as kit:
            pid = await kit.spawn_supervised(collect, [])
            pid.send(ValueError("boom"))
            await kit.system.idle()
            kit.expect_crash(pid, ValueError)
            return pid.alive

    assert run_virtual(main()) is False


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("hello", "expected to crash with KeyError; it did not end by itself"),
        (ValueError("boom"), "expected to crash with KeyError; it ended"),
    ],
)
def test_a_crash_that_does_not_come_or_is_another_fails_the_test(message: object, text: str) -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            pid = await kit.spawn_supervised(collect, [])
            kit.expect_crash(pid, KeyError)
            pid.send(message)
            await kit.system.idle()

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main())
    (error,) = errors_of(caught)
    assert isinstance(error, rg.errors.CrashMissing)
    assert text in str(error)


def test_an_abnormal_end_is_a_crash_a_normal_one_or_a_kill_is_not() -> None:
    async def leave(reason: object) -> None:
        rg.exit_process(reason)

    async def main() -> None:
        async with rt.kit() as kit:
            await kit.spawn_supervised(leave, rg.NORMAL)
            await kit.spawn_supervised(leave, rg.Shutdown("enough"))
            (await kit.spawn_supervised(collect, [])).kill()
            await kit.spawn_supervised(leave, "a reason of its own")
            await kit.system.idle()

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main())
    (error,) = errors_of(caught)
    assert isinstance(error, rg.errors.UnexpectedCrash)
    assert error.reason == "a reason of its own"


def test_it_is_temporary_and_never_runs_twice() -> None:
    runs: list[int] = []

    async def once() -> None:
        runs.append(1)
        raise ValueError

    async def main() -> None:
        async with rt.kit() as kit:
            kit.expect_crash(await kit.spawn_supervised(once))
            await kit.system.idle()

    run_virtual(main())
    assert runs == [1]


def test_one_that_does_not_stop_in_time_is_killed_and_told_of() -> None:
    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def main() -> None:
        async with rt.kit() as kit:
            await kit.spawn_supervised(stubborn)
            await kit.system.idle()

    with pytest.raises(rg.errors.TeardownFailed) as caught:
        run_virtual(main())
    (error,) = errors_of(caught)
    assert isinstance(error, rg.errors.StopFailed)
    assert error.reason is rg.KILLED


def test_what_is_no_function_is_refused_where_it_is_given() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            with pytest.raises(rg.errors.BadTarget):
                await kit.spawn_supervised(print)  # type: ignore[arg-type]
            with pytest.raises(rg.errors.BadArguments):
                await kit.spawn_supervised(collect)
            with pytest.raises(rg.errors.NotStartedHere):
                kit.expect_crash(kit.system.root)

    run_virtual(main())


def test_an_empty_restart_is_not_the_default() -> None:
    async def main() -> None:
        async with rt.kit() as kit:
            with pytest.raises(rg.errors.BadChildSpec, match="restart"):
                await kit.start_supervised(collect, args=([],), restart="")  # type: ignore[call-overload]

    run_virtual(main())
