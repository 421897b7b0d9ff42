"""One walk through the runtime on real loops, asyncio's and uvloop's: the clock and the queue are theirs."""

from __future__ import annotations

import asyncio
import threading

import pytest

import regrow as rg
from tests.runtime.loops import LOOPS, Factory, run_on


class Walker(rg.GenServer):
    """A bit of everything that touches the loop."""

    def init(self) -> rg.Continue:
        self.seen: list[object] = []
        return rg.Continue("continued")

    def handle_continue(self, value: object) -> None:
        self.seen.append(value)

    def handle_info(self, message: object) -> None:
        self.seen.append(message)

    @rg.call
    def look(self) -> list[object]:
        return self.seen

    @rg.call
    async def ask(self, name: str) -> list[object]:
        return await self.system.ref(name, Walker).call(Walker.look(), timeout=1.0)

    @rg.call
    async def stuck(self) -> None:
        await asyncio.get_running_loop().create_future()

    @rg.call(blocking=True)
    def thread(self) -> bool:
        return threading.current_thread() is threading.main_thread()

    @rg.call
    async def fail(self) -> None:
        raise ValueError

    @rg.cast
    def note(self, what: str) -> None:
        self.seen.append(what)


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_calls_casts_timers_threads_and_restarts(loop_factory: Factory, hand_off: bool) -> None:
    async def main() -> None:
        children = [rg.child(Walker, name="one"), rg.child(Walker, name="two")]
        async with rg.System(children, hand_off=hand_off) as system, system.guest() as me:
            one = system.ref("one", Walker)
            assert await one.call(Walker.look(), timeout=1.0) == ["continued"]
            one.cast(Walker.note("cast"))
            await rg.sync(one, timeout=1.0)
            assert await system.ref("two", Walker).call(Walker.ask("one"), timeout=1.0) == [
                "continued",
                "cast",
            ]
            assert await one.call(Walker.thread(), timeout=5.0) is False

            rg.send_after(me, "once", 0.001)
            assert await rg.receive(str, timeout=5.0) == "once"
            interval = rg.send_interval(me, 7, 0.001)
            assert [await rg.receive(int, timeout=5.0) for _ in range(3)] == [7, 7, 7]
            assert interval.cancel()

            with pytest.raises(rg.errors.CallTimeout):
                await one.call(Walker.stuck(), timeout=0.001)
            old = one.whereis()
            assert old is not None
            monitor = rg.monitor(old)
            old.kill()
            down = await rg.receive(rg.Down, timeout=5.0)
            assert (down.monitor, down.reason) == (monitor, rg.KILLED)
            await system.idle()
            with pytest.raises(rg.errors.ProcessExited):
                await one.call(Walker.fail(), timeout=1.0)
            await system.idle()
            assert await one.call(Walker.look(), timeout=1.0) == ["continued"]
            assert system.statistics().restarts == 2
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_on(loop_factory, main())


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_calls_from_other_threads(loop_factory: Factory) -> None:
    async def main() -> None:
        async with rg.System([rg.child(Walker, name="one")]) as system:
            one = system.ref("one", Walker)

            def outside() -> list[object]:
                one.from_thread.cast(Walker.note("from a thread"))
                return one.from_thread.call(Walker.look(), timeout=5.0)

            assert await asyncio.to_thread(outside) == ["continued", "from a thread"]

    run_on(loop_factory, main())
