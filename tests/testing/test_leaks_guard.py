"""The leak guard's own rules: what it lets pass, whom it blames, what it costs, when it looks away."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from subprocess import Popen
from time import process_time
from typing import Any

import pytest

import regrow as rg
import regrow.testing as rt
from regrow.testing import run_virtual


@pytest.fixture
def after() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


async def for_ever() -> None:
    await asyncio.Event().wait()


def leave_a_socket(after: ExitStack) -> None:
    after.callback(socket.socket().close)


# -- opt-outs ----------------------------------------------------------------------------------


def test_a_kind_is_let_pass_for_a_reason(after: ExitStack) -> None:
    with rt.leak_guard(allow=("socket",), reason="the pool keeps it") as guard:
        leave_a_socket(after)
    assert [leak.kind for leak in guard.leaks] == ["socket"]


def test_a_pattern_lets_pass_what_is_called_so_and_nothing_else() -> None:
    async def main() -> None:
        allow, reason = ("task:keeper*",), "the keeper lives as long as the program"
        async with rt.leak_guard(allow=allow, reason=reason):
            keeper = asyncio.create_task(for_ever(), name="keeper-1")
        assert not keeper.cancelling()
        left: list[asyncio.Task[None]] = []
        with pytest.raises(rg.errors.LeaksFound) as caught:
            async with rt.leak_guard(allow=allow, reason=reason):
                left.extend(asyncio.create_task(for_ever(), name=name) for name in ("keeper-2", "poller"))
        assert [str(leak).partition("\n")[0] for leak in caught.value.leaks] == ["task: poller (for_ever)"]
        assert [task.cancelling() for task in left] == [0, 1]
        keeper.cancel()
        left[0].cancel()

    run_virtual(main())


def test_an_opt_out_that_was_not_needed_is_told_of(after: ExitStack) -> None:
    text = r"leak_guard\(allow=\('thread', 'task:x'\), reason='once it was'\) was not needed"
    guard = rt.leak_guard(allow=("thread", "socket", "task:x"), reason="once it was")
    with pytest.raises(rg.errors.StaleOptOut, match=text) as caught, guard:
        leave_a_socket(after)
    assert caught.value.allow == ("thread", "task:x")


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_an_opt_out_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(rg.errors.BadSetting, match="a text that says why something is let pass"):
        rt.leak_guard(allow=("thread",), reason=reason)


@pytest.mark.parametrize("allow", [("threads",), ("thread", 3), "thread", None])
def test_an_opt_out_of_no_kind_there_is_is_refused(allow: tuple[str, ...]) -> None:
    with pytest.raises(rg.errors.BadSetting, match=r"leak_guard\(allow="):
        rt.leak_guard(allow=allow, reason="x")


# -- what is told ------------------------------------------------------------------------------


def test_a_test_that_fails_by_itself_fails_so_and_what_it_left_is_a_note(after: ExitStack) -> None:
    with pytest.raises(KeyError) as caught, rt.leak_guard():
        leave_a_socket(after)
        raise KeyError("own")
    (note,) = caught.value.__notes__
    assert note.startswith("the test left behind:\n  socket: fd ")


def test_leaks_that_read_the_same_are_counted() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(rg.errors.LeaksFound) as caught:
            async with rt.leak_guard(stacks=False):
                for number in range(60):
                    loop.call_later(10.0 + number % 30, print)
        lines = str(caught.value).splitlines()
        assert lines[1] == "  2 times timer: print, due in 10 s"
        assert (len(lines), lines[-1]) == (22, "  and 10 more")
        assert len(caught.value.leaks) == 60

    run_virtual(main())


def test_without_stacks_nothing_is_said_of_the_place(after: ExitStack) -> None:
    with pytest.raises(rg.errors.LeaksFound) as caught, rt.leak_guard(stacks=False):
        leave_a_socket(after)
    assert "made at" not in str(caught.value)


# -- whom it blames ----------------------------------------------------------------------------


def test_of_two_tests_at_the_same_time_the_guilty_one_fails() -> None:
    """Also if the other makes and ends things meanwhile; a count before and after would blame both."""

    async def innocent(meet: asyncio.Barrier) -> None:
        async with rt.leak_guard():
            await meet.wait()
            await meet.wait()  # between the two, the other leaves something behind

    left: list[asyncio.Task[None]] = []

    async def guilty(meet: asyncio.Barrier) -> None:
        async with rt.leak_guard():
            await meet.wait()
            left.append(asyncio.create_task(for_ever()))
            await meet.wait()

    async def main() -> list[str]:
        meet = asyncio.Barrier(3)
        tests = innocent(meet), guilty(meet), innocent(meet)
        return [type(end).__name__ for end in await asyncio.gather(*tests, return_exceptions=True)]

    assert run_virtual(main()) == ["NoneType", "LeaksFound", "NoneType"]


def test_what_a_thread_of_somebody_else_makes_is_not_the_tests(after: ExitStack) -> None:
    go, made = threading.Event(), threading.Event()

    def other() -> None:
        go.wait()
        leave_a_socket(after)
        made.set()

    thread = threading.Thread(target=other)
    thread.start()
    with rt.leak_guard() as guard:
        go.set()
        made.wait()
    thread.join()
    assert guard.leaks == ()


def test_what_a_thread_of_the_test_makes_is_the_tests(after: ExitStack) -> None:
    with pytest.raises(rg.errors.LeaksFound, match="socket"), rt.leak_guard():
        thread = threading.Thread(target=leave_a_socket, args=(after,))
        thread.start()
        thread.join()


def test_a_guard_within_another_tells_both(after: ExitStack) -> None:
    outer, inner = rt.leak_guard(), rt.leak_guard()
    with pytest.raises(rg.errors.LeaksFound), outer, pytest.raises(rg.errors.LeaksFound), inner:
        leave_a_socket(after)


# -- what it does to the program ---------------------------------------------------------------

WATCHED = [
    (asyncio.BaseEventLoop, "create_task"),
    (asyncio.BaseEventLoop, "call_at"),
    (asyncio.BaseEventLoop, "close"),
    (asyncio.runners, "_cancel_all_tasks"),
    (threading.Thread, "start"),
    (socket.socket, "__init__"),
    (Popen, "__init__"),
]


def test_it_looks_only_as_long_as_the_block_lasts() -> None:
    before = [getattr(owner, name) for owner, name in WATCHED]
    with rt.leak_guard():
        assert [getattr(owner, name) for owner, name in WATCHED] != before
        with rt.leak_guard():
            pass
        assert all(
            getattr(owner, name) is not one for (owner, name), one in zip(WATCHED, before, strict=True)
        )
    assert [getattr(owner, name) for owner, name in WATCHED] == before


def test_a_guard_that_is_cancelled_while_it_waits_for_ends_looks_away_too() -> None:
    before = [getattr(owner, name) for owner, name in WATCHED]

    async def body(left: list[asyncio.Task[None]]) -> None:
        async with rt.leak_guard():
            left.append(asyncio.create_task(for_ever()))
            asyncio.get_running_loop().call_soon(canceller)

    async def main() -> None:
        left: list[asyncio.Task[None]] = []
        tasks.append(asyncio.create_task(body(left)))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
        left[0].cancel()

    def canceller() -> None:
        tasks[0].cancel()

    tasks: list[asyncio.Task[None]] = []
    run_virtual(main())
    assert [getattr(owner, name) for owner, name in WATCHED] == before


def test_who_wraps_a_method_meanwhile_keeps_his_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the runtime does with `Thread.start` when its first System in debug mode is started."""
    seen: list[threading.Thread] = []
    with rt.leak_guard():
        inner = threading.Thread.start

        def wrapper(self: threading.Thread) -> None:
            seen.append(self)
            inner(self)

        monkeypatch.setattr(threading.Thread, "start", wrapper)
    for _ in range(2):
        with rt.leak_guard():
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
    assert threading.Thread.start is wrapper
    assert len(seen) == 2


def test_strict_systems_and_call_sites_are_the_same_under_a_guard() -> None:
    """Who made a task is told by the stack: a guard in between is looked through."""

    async def main() -> None:
        async with rg.System([], strict=True, debug=True) as system, rt.leak_guard():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(for_ever(), timeout=1.0)
            with pytest.raises(rg.errors.UnsupervisedTask, match=r"test_leaks_guard\.py:\d+ in .*main"):
                await asyncio.create_task(for_ever())
            async with system.guest():
                with rg.monitoring("nobody") as monitor:
                    assert monitor.call_site is not None
                    assert monitor.call_site.startswith(f"{__file__}:")

    run_virtual(main())


def test_an_empty_test_pays_less_than_two_milliseconds() -> None:
    """And with a loop, a System and a call in it the guard costs less than that as well."""

    class Counter(rg.GenServer):
        @rg.call
        def one(self) -> int:
            return 1

    async def body() -> None:
        async with rg.System([rg.child(Counter, name="counter")]) as system:
            await system.ref("counter", Counter).call(Counter.one(), timeout=1.0)

    def plain() -> float:
        begun = process_time()
        run_virtual(body())
        return process_time() - begun

    def guarded() -> float:
        begun = process_time()
        with rt.leak_guard():
            run_virtual(body())
        return process_time() - begun

    # Of the processor's time the least, so that others on the machine don't matter.
    pairs = [(plain(), guarded()) for _ in range(20)]
    assert min(guarded for _, guarded in pairs) - min(plain for plain, _ in pairs) < 0.002


# -- wrong use ---------------------------------------------------------------------------------


@pytest.mark.parametrize("guard", [rt.leak_guard, rt.contamination_guard])
def test_a_guard_is_for_one_block(guard: Callable[[], rt.LeakGuard | rt.ContaminationGuard]) -> None:
    text = f"this guard was entered before: one is for one block, so call {guard.__name__}() for each"
    one = guard()
    with one, pytest.raises(rg.errors.GuardUsed) as caught, one:
        raise AssertionError("it was entered")
    assert str(caught.value) == text
    with pytest.raises(rg.errors.GuardUsed), one:
        raise AssertionError("it was entered")

    async def main() -> None:
        async with one:
            raise AssertionError("it was entered")

    with pytest.raises(rg.errors.GuardUsed):
        run_virtual(main())


@pytest.mark.parametrize("stacks", ["x", 1, None])
def test_stacks_is_true_or_false(stacks: Any) -> None:
    with pytest.raises(rg.errors.BadSetting) as caught:
        rt.leak_guard(stacks=stacks)
    text = f"leak_guard(stacks={stacks!r}) can't be used: stacks has to be True or False"
    assert str(caught.value) == text
