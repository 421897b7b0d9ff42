"""The virtual clock itself."""

# ruff: noqa: TID251 - sleeping is what is tested here

from __future__ import annotations

import asyncio
import threading

import pytest

from regrow.errors import Deadlock, TookTooLong
from regrow.testing import VirtualLoop, run_virtual


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def test_an_hour_takes_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return _loop().time()

    assert run_virtual(main()) == 3600.0


def test_the_clock_stands_exactly_at_a_timer() -> None:
    async def main() -> list[float]:
        seen: list[float] = []
        for when in (0.1, 0.3, 0.7, 1.1):
            _loop().call_at(when, lambda: seen.append(_loop().time()))
        await asyncio.sleep(2)
        return seen

    assert run_virtual(main()) == [0.1, 0.3, 0.7, 1.1]


def test_timeouts_fire() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.Event().wait()
        return _loop().time()

    assert run_virtual(main()) == 10.0


def test_settled_comes_before_time_moves_and_after_all_that_can_run() -> None:
    async def main() -> None:
        async def chain(length: int) -> None:
            if length:
                await asyncio.create_task(chain(length - 1))

        late: list[int] = []
        _loop().call_later(0.001, late.append, 1)
        task = asyncio.create_task(chain(50))
        await _loop().settled()
        assert task.done()
        assert not late

    run_virtual(main())


def test_a_thread_holds_the_clock() -> None:
    async def main() -> float:
        gate = threading.Event()
        _loop().call_later(5, gate.set)
        with _loop().jumping():
            thread = _loop().run_in_executor(None, gate.wait)
            await asyncio.sleep(5)
        await asyncio.wait_for(thread, 60)
        return _loop().time()

    assert run_virtual(main(), threads=True) == 5.0


def test_nothing_to_do_for_ever_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="nothing can happen any more"):
        run_virtual(main(), patience=0.01)


def test_an_endless_run_is_ended() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110 - endless on purpose
            await asyncio.sleep(1)

    with pytest.raises(TookTooLong, match="still running after 0.05 s"):
        run_virtual(main(), limit=0.05)
