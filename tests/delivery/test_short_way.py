"""Who may not hand a message off: the short way of a send asks less than the long one, refuses as much."""

from __future__ import annotations

import asyncio

import pytest

import regrow as rg
from regrow.testing import VirtualLoop
from tests.delivery.kit import Worker, pause, play, worker


class Undead(rg.GenServer):
    """Goes on for a while whoever cancels it, and then sends."""

    def init(self, outcomes: list[object]) -> None:
        self.outcomes = outcomes

    @rg.call
    async def resist(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            try:
                await pause(until - loop.time())
            except asyncio.CancelledError:
                continue
        try:
            self.outcomes.append(await rg.supervised_send("worker", Worker.work("late"), timeout=5.0))
        except rg.errors.ZombieProcess as error:
            self.outcomes.append(error)


def test_a_zombie_sends_nothing_more(hand_off: bool) -> None:
    seen: list[object] = []
    outcomes: list[object] = []

    async def body(system: rg.System) -> None:
        pid = system.ref("undead", Undead).whereis()
        assert pid is not None
        call = asyncio.ensure_future(pid.call(Undead.resist(5.0), timeout=50.0))
        await pause(1.0)
        pid.kill()
        with pytest.raises(rg.errors.ProcessExited):
            await call
        assert system.statistics().zombies == 1
        await rg.supervised_send("worker", Worker.work("alive"), timeout=5.0)
        await pause(5.0)

    undead = rg.child(Undead, name="undead", args=(outcomes,), restart="temporary")
    play(body, worker(seen), undead, hand_off=hand_off)
    assert [type(one) for one in outcomes] == [rg.errors.ZombieProcess]
    assert seen == ["alive"]


def test_another_loop_of_the_same_thread_is_refused(hand_off: bool) -> None:
    """The System's loop was left without a stop, and the next loop goes on with its references."""
    first, second = VirtualLoop(), VirtualLoop()
    seen: list[object] = []
    system = rg.System([worker(seen)], hand_off=hand_off)

    async def sent(item: str) -> object:
        return await rg.supervised_send(ref, Worker.work(item), timeout=5.0)

    try:
        first.run_until_complete(system.start())
        ref = system.ref("worker", Worker)
        first.run_until_complete(sent("here"))
        with pytest.raises(rg.errors.WrongLoop):
            second.run_until_complete(sent("elsewhere"))
        assert seen == ["here"]
        first.run_until_complete(system.stop())
    finally:
        first.close()
        second.close()


def test_a_loop_on_another_thread_is_refused(hand_off: bool) -> None:
    seen: list[object] = []

    async def main() -> None:
        async with rg.System([worker(seen)], hand_off=hand_off) as system:
            ref = system.ref("worker", Worker)

            async def sent(item: str) -> object:
                return await rg.supervised_send(ref, Worker.work(item), timeout=5.0)

            await sent("here")
            with pytest.raises(rg.errors.WrongThread):
                await asyncio.to_thread(lambda: asyncio.run(sent("elsewhere")))

    asyncio.run(main())
    assert seen == ["here"]
