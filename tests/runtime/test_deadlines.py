"""Deadlines: they propagate to nested calls, and to nothing else; what is late is dropped and counted."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from tests.runtime.kit import pause, play


class Inner(rg.GenServer):
    def init(self) -> None:
        self.done: list[object] = []

    @rg.call
    async def work(self, seconds: float) -> str:
        await pause(seconds)
        self.done.append(seconds)
        return "worked"

    @rg.call
    def seen(self) -> list[object]:
        return self.done

    @rg.cast
    async def work_quietly(self, seconds: float) -> None:
        await pause(seconds)
        self.done.append(seconds)

    def handle_info(self, message: object) -> None:
        self.done.append(message)


class Outer(rg.GenServer):
    def init(self, inner: rg.Ref[Inner]) -> rg.Continue:
        self.inner = inner
        self.errors: list[BaseException] = []
        self.results: list[object] = []
        self.tasks: set[asyncio.Task[None]] = set()
        return rg.Continue()

    async def handle_continue(self, value: object) -> None:
        self.results.append(await self.inner.call(Inner.work(1.0), timeout=50.0))

    async def _nested(self, seconds: float, timeout: float) -> str:
        try:
            return await self.inner.call(Inner.work(seconds), timeout=timeout)
        except rg.errors.CallTimeout as error:
            self.errors.append(error)
            return "timed out"

    @rg.call
    async def nested(self, seconds: float, timeout: float) -> str:
        return await self._nested(seconds, timeout)

    @rg.call
    async def nested_late(self, before: float) -> str:
        await pause(before)
        return await self._nested(1.0, 50.0)

    @rg.call
    async def leave_behind(self) -> None:
        self.inner.cast(Inner.work_quietly(10.0))
        rg.send_after(self.inner, "by a timer", 20.0)
        self.tasks.add(asyncio.ensure_future(self._task()))
        rg.send_after(self.pid, "tick", 3.0)
        await pause(60.0)

    async def _task(self) -> None:
        self.results.append(await self._nested(30.0, 100.0))

    async def handle_info(self, message: object) -> None:
        self.results.append(await self.inner.call(Inner.work(0.5), timeout=50.0))

    @rg.call
    async def nested_after_answer(self) -> None:
        rg.reply_later().reply("early")
        await pause(2.0)
        self.results.append(await self._nested(0.5, 50.0))

    @rg.call
    def told(self) -> tuple[list[BaseException], list[object]]:
        return self.errors, self.results

    @rg.call
    async def crash(self) -> None:
        raise ValueError

    async def terminate(self, reason: rg.ExitReason) -> None:
        await self.inner.call(Inner.work(7.0), timeout=50.0)


def children(system: rg.System) -> tuple[rg.Ref[Outer], rg.Ref[Inner]]:
    return system.ref("outer", Outer), system.ref("inner", Inner)


def run(body: object, hand_off: bool) -> None:
    async def inside(system: rg.System) -> None:
        spec = rg.child(Outer, name="outer", args=(system.ref("inner", Inner),))
        await system.root.call(rg.Supervisor.start_child(spec), timeout=5.0)
        await rg.sync(system.ref("outer", Outer))
        await body(system)  # type: ignore[operator]

    play(inside, rg.child(Inner, name="inner"), hand_off=hand_off)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_nested_call_inherits_the_deadline_and_the_error_says_whose(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        outer, _ = children(system)
        begun = now()
        with pytest.raises(rg.errors.CallTimeout) as raised:
            await outer.call(Outer.nested(20.0, 50.0), timeout=2.0)
        assert now() - begun == pytest.approx(2.0)
        assert raised.value.owner is None
        assert "its timeout of 2 s" in str(raised.value)
        [error], _ = await outer.call(Outer.told(), timeout=1.0)
        assert isinstance(error, rg.errors.CallTimeout)
        assert error.owner is outer.whereis()
        assert f"the deadline of the request that {outer.whereis()} is handling" in str(error)

    run(body, hand_off)


def test_a_shorter_timeout_of_its_own_binds(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        outer, _ = children(system)
        begun = now()
        assert await outer.call(Outer.nested(20.0, 1.0), timeout=5.0) == "timed out"
        assert now() - begun == pytest.approx(1.0)
        [error], _ = await outer.call(Outer.told(), timeout=1.0)
        assert isinstance(error, rg.errors.CallTimeout)
        assert error.owner is None

    run(body, hand_off)


def test_a_call_after_the_deadline_fails_without_being_sent(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        outer, inner = children(system)
        before = list(await inner.call(Inner.seen(), timeout=1.0))
        with pytest.raises(rg.errors.CallTimeout):
            await outer.call(Outer.nested_late(3.0), timeout=2.0)
        await rg.sync(outer)
        [error], _ = await outer.call(Outer.told(), timeout=1.0)
        assert isinstance(error, rg.errors.CallTimeout)
        assert error.owner is outer.whereis()
        assert await inner.call(Inner.seen(), timeout=1.0) == before
        assert system.statistics().late_replies == 1

    run(body, hand_off)


def test_casts_timers_continues_and_tasks_have_no_deadline(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        outer, inner = children(system)
        with pytest.raises(rg.errors.CallTimeout):
            await outer.call(Outer.leave_behind(), timeout=2.0)
        await rg.sync(outer, timeout=100.0)
        await pause(60.0)
        errors, results = await outer.call(Outer.told(), timeout=1.0)
        assert errors == []
        assert results == ["worked", "worked", "worked"]  # of the Continue, the task, the own timer
        assert await inner.call(Inner.seen(), timeout=1.0) == [1.0, 10.0, 30.0, "by a timer", 0.5]

    run(body, hand_off)


def test_terminate_is_not_bound_by_the_request_that_crashed(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        outer, inner = children(system)
        pid = outer.whereis()
        assert pid is not None
        with pytest.raises(rg.errors.CallTimeout):
            await outer.call(Outer.crash(), timeout=2.0)
        await pid.down(timeout=20.0)
        assert 7.0 in await inner.call(Inner.seen(), timeout=1.0)

    run(body, hand_off)


class Queue(rg.GenServer):
    def init(self) -> None:
        self.handled: list[int] = []

    @rg.call
    async def slow(self, n: int) -> int:
        await pause(3.0)
        self.handled.append(n)
        return n

    @rg.call
    def fast(self, n: int) -> int:
        self.handled.append(n)
        return n

    @rg.call
    def seen(self) -> list[int]:
        return self.handled


def test_expired_requests_are_dropped_unhandled_and_counted(hand_off: bool) -> None:
    events: list[str] = []

    async def body(system: rg.System) -> None:
        system.events.subscribe("call", lambda event: events.append(event.name))
        queue = system.ref("queue", Queue)
        calls = [
            asyncio.ensure_future(queue.call(message, timeout=timeout))
            for message, timeout in (
                (Queue.slow(1), 9.0),
                (Queue.fast(2), 1.0),
                (Queue.slow(3), 2.0),
                (Queue.fast(4), 9.0),
            )
        ]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [results[0], results[3]] == [1, 4]
        assert [type(results[n]) for n in (1, 2)] == [rg.errors.CallTimeout] * 2
        assert await queue.call(Queue.seen(), timeout=1.0) == [1, 4]
        counts = system.statistics()
        assert (counts.timed_out, counts.expired, counts.late_replies) == (2, 2, 0)
        assert events == ["call.timed_out", "call.timed_out", "call.expired", "call.expired"]

    play(body, rg.child(Queue, name="queue"), hand_off=hand_off)


def test_a_handler_that_has_begun_goes_on_and_its_reply_is_late(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        queue = system.ref("queue", Queue)
        with pytest.raises(rg.errors.CallTimeout):
            await queue.call(Queue.slow(1), timeout=1.0)
        assert await queue.call(Queue.seen(), timeout=5.0) == [1]
        counts = system.statistics()
        assert (counts.timed_out, counts.expired, counts.late_replies) == (1, 0, 1)

    play(body, rg.child(Queue, name="queue"), hand_off=hand_off)


def test_a_reply_that_is_there_counts_even_past_the_deadline(hand_off: bool) -> None:
    """The loop is held over the deadline while the answer is on its way: the answer wins."""

    class Slowpoke(rg.GenServer):
        @rg.call
        def hold(self) -> str:
            asyncio.get_running_loop().advance(10.0)  # type: ignore[attr-defined]
            return "made it"

        @rg.call
        async def hold_async(self) -> str:
            await pause(0.5)
            asyncio.get_running_loop().advance(10.0)  # type: ignore[attr-defined]
            return "made it"

    async def body(system: rg.System) -> None:
        slowpoke = system.ref("slowpoke", Slowpoke)
        assert await slowpoke.call(Slowpoke.hold(), timeout=1.0) == "made it"
        assert await slowpoke.call(Slowpoke.hold_async(), timeout=1.0) == "made it"
        assert system.statistics().timed_out == 0

    play(body, rg.child(Slowpoke, name="slowpoke"), hand_off=hand_off)


def test_timeouts_by_name(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        queue = system.ref("queue", Queue)
        with pytest.raises(rg.errors.CallTimeout) as raised:
            await queue.call(Queue.slow(1), timeout="short")
        assert raised.value.timeout == 0.5
        with pytest.raises(rg.errors.UnknownTimeout, match="did you mean 'short'"):
            await queue.call(Queue.slow(1), timeout="shrt")

    table = rg.TimeoutTable({"short": 0.5})
    play(body, rg.child(Queue, name="queue"), hand_off=hand_off, timeouts=table)


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError


class Echo(rg.GenServer):
    @rg.call
    async def echo(self, value: object) -> object:
        await pause(5.0)
        return value


def test_a_timeout_reaches_its_caller_whatever_the_message_holds(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        with pytest.raises(rg.errors.CallTimeout, match="whose __repr__ raised ValueError"):
            await system.ref("echo", Echo).call(Echo.echo(Unprintable()), timeout=1.0)

    play(body, rg.child(Echo, name="echo"), hand_off=hand_off)
