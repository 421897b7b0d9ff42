"""Looking on: a function is called after every step of the Systems on a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import regrow as rg
from regrow.runtime.steps import looking_on, steps_of
from tests.runtime.kit import play
from tests.runtime.loops import LOOPS, Factory, run_on


class Counter(rg.GenServer):
    def init(self, log: list[int]) -> None:
        self.log = log

    @rg.cast
    def add(self, n: int) -> None:
        self.log.append(n)

    @rg.call
    def added(self, n: int) -> None:
        self.log.append(n)

    @rg.call
    async def added_slowly(self, n: int) -> None:
        self.log.append(n)

    @rg.call
    def crash(self) -> None:
        raise ValueError

    def handle_info(self, message: object) -> None:
        assert isinstance(message, int)
        self.log.append(message)


def counter(log: list[int]) -> rg.ChildSpec:
    return rg.child(Counter, name="counter", args=(log,))


def seen_of(log: list[int], seen: list[tuple[int, ...]]) -> Callable[[], bool]:
    def look() -> bool:
        if tuple(log) not in seen:
            seen.append(tuple(log))
        return False

    return look


def test_every_message_is_a_step_also_within_one_slice(hand_off: bool) -> None:
    log: list[int] = []
    seen: list[tuple[int, ...]] = []

    async def body(system: rg.System) -> None:
        ref = system.ref("counter", Counter)
        with looking_on(asyncio.get_running_loop(), seen_of(log, seen)):
            for n in (1, 2):
                ref.cast(Counter.add(n))
            ref.send(3)
            await ref.call(Counter.added(4), timeout=1.0)
            await ref.call(Counter.added_slowly(5), timeout=1.0)
            await ref.call(Counter.added_slowly(6), timeout=1.0)
            await system.idle()

    play(body, counter(log), hand_off=hand_off)
    assert [len(one) for one in seen if one] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_steps_of_all_kinds_are_seen_on_any_loop(loop_factory: Factory) -> None:
    """A hand-off is seen in the next pass, the rest at once."""

    async def plain(log: list[int]) -> None:
        while True:
            log.append(await rg.receive(int))

    async def main() -> None:
        log: list[int] = []
        seen: list[tuple[int, ...]] = []
        loop = asyncio.get_running_loop()
        async with rg.System([counter(log)]) as system:
            ref = system.ref("counter", Counter)
            with looking_on(loop, seen_of(log, seen)):
                await ref.call(Counter.added(1), timeout=1.0)
                await system.idle()
                await ref.call(Counter.added_slowly(2), timeout=1.0)
                await system.idle()
                system.spawn(plain, log).send(3)
                await system.idle()
                assert [one for one in seen if one] == [(1,), (1, 2), (1, 2, 3)]
            assert steps_of(loop).looks == []
            ref.cast(Counter.add(4))
            await rg.sync(ref, timeout=1.0)
            assert seen[-1] == (1, 2, 3)

    run_on(loop_factory, main())


def test_between_a_death_and_the_restart_there_is_a_step(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        holders: list[object] = []

        def look() -> bool:
            holder = system.whereis("counter")
            if holder not in holders:
                holders.append(holder)
            return False

        old = system.whereis("counter")
        with looking_on(asyncio.get_running_loop(), look):
            with pytest.raises(rg.errors.ProcessExited):
                await system.ref("counter", Counter).call(Counter.crash(), timeout=1.0)
            await system.idle()
        assert holders == [old, None, system.whereis("counter")]

    play(body, counter([]), hand_off=hand_off)


def test_a_look_that_causes_steps_is_not_called_inside_itself(hand_off: bool) -> None:
    log: list[int] = []
    depth: list[int] = []

    async def body(system: rg.System) -> None:
        def look() -> bool:
            depth.append(1)
            if len(log) < 3:
                system.ref("counter", Counter).send(len(log))
            assert depth.pop() == 1
            return depth != []

        with looking_on(asyncio.get_running_loop(), look):
            system.ref("counter", Counter).cast(Counter.add(0))
            await system.idle()

    play(body, counter(log), hand_off=hand_off)
    assert len(log) >= 3
    assert depth == []


def test_a_system_that_starts_later_is_looked_at_too(hand_off: bool) -> None:
    log: list[int] = []
    seen: list[tuple[int, ...]] = []

    async def body(_: rg.System) -> None:
        loop = asyncio.get_running_loop()
        with looking_on(loop, seen_of(log, seen)):
            async with rg.System([counter(log)], name="second", hand_off=hand_off) as second:
                assert [one.name for one in steps_of(loop).running()] == ["regrow", "second"]
                second.ref("counter", Counter).cast(Counter.add(1))
                second.ref("counter", Counter).cast(Counter.add(2))
                await second.idle()
        assert [one.name for one in steps_of(loop).running()] == ["regrow"]

    play(body, hand_off=hand_off)
    assert seen == [(), (1,), (1, 2)]
