"""The context of a process: its own from `init` on, whether or not the runtime keeps it meanwhile."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

import regrow as rg
from tests.runtime.kit import pause, play, start

colour: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")


class Painter(rg.GenServer):
    """May set a variable in its `init`, and tells what it sees of it."""

    def init(self, paint: str | None = None, *, task: bool = False) -> None:
        self.seen: list[object] = [rg.current()]
        if paint is not None:
            colour.set(paint)
        if task:
            self.task = asyncio.ensure_future(self.look())

    async def look(self) -> None:
        await pause(0.0)
        self.seen.append(rg.current())

    @rg.call
    def ask(self) -> str:
        return colour.get()

    @rg.call
    def who(self) -> list[object]:
        return self.seen


@pytest.mark.parametrize("outer", [None, "blue"])
@pytest.mark.parametrize("paint", [None, "red"])
def test_what_init_sets_its_handlers_see_and_nobody_else(
    hand_off: bool, outer: str | None, paint: str | None
) -> None:
    async def body(system: rg.System) -> None:
        before = await start(system, Painter, id="before")
        painter = await start(system, Painter, id="painter", args=(paint,))
        after = await start(system, Painter, id="after")
        around = outer or "none"
        for pid, expected in ((before, around), (painter, paint or around), (after, around)):
            for _ in range(2):
                assert await pid.call(Painter.ask(), timeout=1.0) == expected
        assert colour.get() == around

    def run() -> None:
        if outer is not None:
            colour.set(outer)
        play(body, hand_off=hand_off)

    contextvars.Context().run(run)


def test_what_init_starts_belongs_to_its_process(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        pids = [await start(system, Painter, id=f"{i}", kwargs={"task": True}) for i in range(2)]
        await pause(1.0)
        for pid in pids:
            assert await pid.call(Painter.who(), timeout=1.0) == [pid, pid]

    play(body, hand_off=hand_off)
