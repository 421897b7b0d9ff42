"""A start whose supervisor ends while it is under way, or before it tries again. Found by simulation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import regrow as rg
from tests.runtime.kit import pause, play


class Killer(rg.GenServer):
    """Kills its supervisor as the last thing in `init`."""

    async def init(self, supervisor: rg.Pid[object], born: list[rg.Pid[object]]) -> None:
        born.append(self.pid)
        await pause(0.1)
        supervisor.kill()


def test_a_child_whose_init_returns_as_its_supervisor_is_killed_ends_with_it(hand_off: bool) -> None:
    born: list[rg.Pid[object]] = []

    async def body(system: rg.System) -> None:
        many = system.ref("many", rg.DynamicSupervisor).whereis()
        assert many is not None
        start = rg.DynamicSupervisor.start_child(rg.child(Killer, args=(many, born)))
        with pytest.raises(rg.errors.ProcessExited):
            await many.call(start, timeout=5.0)
        assert await born[0].down(timeout=1.0) in (rg.KILLED, rg.NOPROC)

    play(body, rg.dynamic_supervisor(name="many"), hand_off=hand_off)


def test_one_whose_init_has_returned_before_its_supervisor_hears_of_it_ends_too(hand_off: bool) -> None:
    born: list[rg.Pid[object]] = []

    class Prompt(rg.GenServer):
        async def init(self, supervisor: rg.Pid[object]) -> None:
            born.append(self.pid)
            await pause(0.1)
            # After this step, and before the one in which the supervisor's task hears of it.
            asyncio.get_running_loop().call_soon(supervisor.kill)

    async def body(system: rg.System) -> None:
        many = system.ref("many", rg.DynamicSupervisor).whereis()
        assert many is not None
        with pytest.raises(rg.errors.ProcessExited):
            await many.call(rg.DynamicSupervisor.start_child(rg.child(Prompt, args=(many,))), timeout=5.0)
        assert await born[0].down(timeout=1.0) in (rg.KILLED, rg.NOPROC)

    play(body, rg.dynamic_supervisor(name="many"), hand_off=hand_off)


def test_a_child_started_again_ends_with_a_supervisor_that_is_killed_before_its_task_begins(
    hand_off: bool,
) -> None:
    born: list[rg.Pid[Any]] = []
    trees: list[rg.Pid[object]] = []

    class Prompt(rg.GenServer):
        async def init(self) -> None:
            born.append(self.pid)
            if len(born) == 2:
                trees[0].kill()  # it waits for this on a task whose first step is still to come

        @rg.cast
        def boom(self) -> None:
            raise RuntimeError("boom")

    class Tree(rg.Supervisor):
        def init(self) -> rg.SupervisorSpec:  # type: ignore[override]
            trees.append(self.pid)
            return rg.SupervisorSpec.of([rg.child(Prompt)])

    async def body(system: rg.System) -> None:
        born[0].cast(Prompt.boom())
        await system.idle()
        assert [pid.alive for pid in born] == [False, False, True]
        assert [pid.alive for pid in trees] == [False, True]

    play(body, rg.child(Tree), hand_off=hand_off)


def test_a_planned_new_attempt_of_a_dead_supervisor_is_no_dropped_message(hand_off: bool) -> None:
    starts: list[rg.Pid[object]] = []

    class Failing(rg.GenServer):
        def init(self) -> None:
            starts.append(self.pid)
            if len(starts) == 2:
                killed[0].kill()  # with the next attempt in its mailbox
                raise RuntimeError("not yet")

    killed: list[rg.Pid[object]] = []

    async def body(system: rg.System) -> None:
        many = system.ref("many", rg.DynamicSupervisor).whereis()
        assert many is not None
        killed.append(many)
        dropped: list[object] = []
        exits: list[rg.events.Event] = []
        system.events.subscribe("message.dropped", dropped.append)
        system.events.subscribe("process.exited", exits.append)
        pid = await many.call(rg.DynamicSupervisor.start_child(rg.child(Failing)), timeout=5.0)
        assert pid is not None
        pid.kill()
        await system.idle()
        assert len(starts) == 2
        assert [exit.pid for exit in exits if isinstance(exit, rg.events.Exited)] == [pid, many]
        assert not dropped
        assert system.statistics().dropped == 0

    play(body, rg.dynamic_supervisor(name="many"), hand_off=hand_off)
