"""Random messages, crashes, failed commits and restarts: the state is the fold of what was committed.

A message counts as committed when its caller was answered. The state has to be the fold of these, in the
order they were sent, and what they sent has to have come once each, in that order.
"""

from __future__ import annotations

import asyncio
from typing import TypeAlias

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import regrow as rg
from regrow.testing import pass_time, run_virtual
from tests.persistence.kit import HandJournal


class Refused(Exception):
    """A declared answer."""


class Log(msgspec.Struct):
    numbers: list[int] = []


class Added(msgspec.Struct, frozen=True):
    number: int


class Sink(rg.GenServer):
    def init(self, notes: list[int]) -> None:
        self.notes = notes

    @rg.cast
    def note(self, number: int) -> None:
        self.notes.append(number)


class Server(rg.GenServer):
    """What both servers do; how a number is kept is their own."""

    state: Log

    def keep(self, number: int) -> None:
        raise NotImplementedError

    def note(self, number: int) -> None:
        self.keep(number)
        self.system.ref("sink", Sink).cast(Sink.note(number))

    @rg.call
    def add(self, number: int) -> int:
        self.note(number)
        return len(self.state.numbers)

    @rg.call
    async def add_slowly(self, number: int) -> int:
        self.note(number)
        await pass_time(1.0)
        return len(self.state.numbers)

    @rg.call(raises=(Refused,))
    def refuse(self, number: int) -> None:
        self.note(number)
        raise Refused

    @rg.cast
    def crash(self, number: int) -> None:
        self.note(number)
        raise RuntimeError("crash")

    @rg.call
    def read(self) -> list[int]:
        return self.state.numbers


@rg.persistent(Log)
class Whole(Server):
    def keep(self, number: int) -> None:
        self.state.numbers.append(number)


@rg.persistent(Log, snapshot_every=3)
class Sourced(Server, rg.EventSourced[Added]):
    def keep(self, number: int) -> None:
        self.persist(Added(number))

    def apply(self, event: Added) -> None:
        self.state.numbers.append(event.number)


Step: TypeAlias = str
STEPS: list[Step] = [
    "add",
    "add",
    "add",
    "slow",
    "refuse",
    "crash",
    "kill",
    "commit",
    "fail",
    "wait",
    "restart",
]


class Run:
    """One program on one store, over its restarts."""

    def __init__(self, server: type[Server]) -> None:
        self.server = server
        self.journal = HandJournal()
        self.notes: list[int] = []
        self.asked: list[tuple[int, asyncio.Task[int]]] = []
        self.number = 0

    async def play(self, steps: list[Step]) -> list[int]:
        parts: list[list[Step]] = [[]]
        for step in steps:
            if step == "restart":
                parts.append([])
            else:
                parts[-1].append(step)
        kept: list[int] = []
        for part in parts:
            kept = await self.life(part)
        return kept

    async def life(self, steps: list[Step]) -> list[int]:
        """The program from a start to its orderly end. Returns the state at the end."""
        self.journal = HandJournal(self.journal.store)
        children = [
            rg.child(Sink, name="sink", args=(self.notes,)),
            rg.child(self.server, name="server"),
        ]
        async with rg.System(
            children, services=[self.journal], name="model", max_restarts=1000, max_seconds=1.0
        ) as system:
            self.journal.held = True
            for step in steps:
                await self.step(system, step)
            return await self.end(system)

    async def step(self, system: rg.System, step: Step) -> None:
        server = system.ref("server", Server)
        self.number += 1
        match step:
            case "add" | "slow":
                handler = Server.add if step == "add" else Server.add_slowly
                call = server.call(handler(self.number), timeout=60.0)
                self.asked.append((self.number, asyncio.ensure_future(call)))
            case "refuse":
                refused = server.call(Server.refuse(self.number), timeout=60.0)
                asyncio.ensure_future(refused).add_done_callback(lambda done: done.exception())
            case "crash":
                server.cast(Server.crash(self.number))
            case "kill":
                server.kill()
            case "commit":
                self.journal.let_go()
            case "fail":
                self.journal.fail()
            case _:
                await system.idle()

    async def end(self, system: rg.System) -> list[int]:
        self.journal.held = False
        self.journal.let_go()
        await pass_time(100.0)
        await system.idle()
        return await system.ref("server", Server).call(Server.read(), timeout=9.0)

    def answered(self) -> list[int]:
        return [number for number, task in self.asked if task.done() and task.exception() is None]


@pytest.mark.parametrize("server", [Whole, Sourced])
@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=30))
@example(["add", "wait", "add", "wait", "fail", "add", "wait", "commit"])
@example(["add", "wait", "add", "crash", "wait", "add", "commit", "wait", "commit", "add"])
@example(["add", "wait", "kill", "wait", "add", "wait", "commit", "wait", "commit"])
@example(["slow", "kill", "slow", "add", "wait", "commit", "refuse", "add", "restart", "add"])
def test_the_state_is_the_fold_of_what_was_committed(server: type[Server], steps: list[Step]) -> None:
    async def main() -> None:
        run = Run(server)
        kept = await run.play(steps)
        assert kept == run.answered()
        assert run.notes == kept

    run_virtual(main())
