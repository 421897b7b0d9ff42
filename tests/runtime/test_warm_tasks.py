"""A task that is kept warm for the next message is in nobody's way. Found by simulation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import regrow as rg
from regrow.core.messages import CallMessage
from tests.runtime.kit import pause, play

LONG = 1.0
"""Seconds, many times as long as a task is kept warm."""


class Slow(rg.GenServer):
    """Takes its time to end."""

    def init(self, ended: list[rg.ExitReason]) -> None:
        self.ended = ended

    @rg.call
    async def warm_up(self) -> None:
        await pause(0.01)

    @rg.call
    def leave(self) -> str:
        self.stop("enough")
        return "bye"

    @rg.call
    def crash(self) -> None:
        raise RuntimeError("told to")

    async def terminate(self, reason: rg.ExitReason) -> None:
        await pause(LONG)
        self.ended.append(reason)


@pytest.mark.parametrize("end", [Slow.leave, Slow.crash])
def test_a_server_that_ends_in_a_hand_off_while_its_task_is_warm_is_restarted_when_it_has_ended(
    end: Callable[[], CallMessage[Slow, object]], hand_off: bool
) -> None:
    ended: list[rg.ExitReason] = []

    async def body(system: rg.System) -> None:
        slow = system.ref("slow", Slow)
        loop = asyncio.get_running_loop()
        for number in (1, 2):  # the first time a message of its kind is never handed off
            await slow.call(Slow.warm_up(), timeout=1.0)
            await system.idle()
            begun, pid = loop.time(), slow.whereis()
            assert pid is not None
            ending = asyncio.ensure_future(slow.call(end(), timeout=5.0))
            await pid.down(timeout=5.0)
            assert loop.time() == pytest.approx(begun + LONG)
            await asyncio.wait([ending])
            await system.idle()
            assert len(ended) == number
            assert slow.whereis() not in (None, pid)

    play(body, rg.child(Slow, name="slow", args=(ended,)), hand_off=hand_off)
