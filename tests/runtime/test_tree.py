"""`system.tree()`: who runs under whom, as text."""

from __future__ import annotations

import re

import pytest

import regrow as rg
from tests.runtime.kit import play


class Worker(rg.GenServer):
    def init(self, *, fail: bool = False) -> None:
        if fail:
            raise OSError("no")

    @rg.cast
    def note(self) -> None: ...


def lines(system: rg.System, limit: int = 100) -> list[str]:
    """The tree without serial numbers."""
    return [re.sub(r"<regrow\.[0-9.]+ ", "<", line) for line in system.tree(limit=limit).splitlines()]


def test_restarts_budget_strategy_and_waiting(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        system.ref("a", Worker).kill()
        await system.idle()
        held = system.whereis("b")
        assert held is not None
        system.suspend(held)
        held.send("x")
        held.send("y")
        assert lines(system) == [
            "regrow: running",
            "└── <Supervisor> (id 'root', one_for_one, 3 of 3 restarts left)",
            "    ├── <Supervisor> (id 'group', rest_for_one, 0 of 1 restarts left)",
            "    │   ├── <Worker 'a'> (restarted 1 time)",
            "    │   └── <Worker> (id 'nameless', restarted 1 time)",
            "    └── <Worker 'b'> (suspended, 2 waiting)",
        ]
        system.resume(held)

    group = rg.supervisor(
        [rg.child(Worker, name="a"), rg.child(Worker, id="nameless")],
        id="group",
        strategy="rest_for_one",
        max_restarts=1,
    )
    play(body, group, rg.child(Worker, name="b"), hand_off=hand_off)


def test_children_that_do_not_run_are_there(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        await system.root.call(rg.Supervisor.terminate_child("a"), timeout=1.0)
        assert lines(system)[2:] == ["    ├── 'a' (stopped)", "    └── <Worker 'b'>"]

    play(body, rg.child(Worker, name="a"), rg.child(Worker, name="b"), hand_off=hand_off)


def test_dynamic_children_up_to_the_limit(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        many = system.ref("many", rg.DynamicSupervisor)
        for _ in range(5):
            await many.call(rg.DynamicSupervisor.start_child(rg.child(Worker)), timeout=1.0)
        assert lines(system, limit=2)[2:] == [
            "    └── <DynamicSupervisor 'many'> (one_for_one, 3 of 3 restarts left)",
            "        ├── <Worker>",
            "        ├── <Worker>",
            "        └── and 3 more",
        ]

    play(body, rg.dynamic_supervisor(name="many"), hand_off=hand_off)


def test_what_is_spawned_stands_beside_the_tree(hand_off: bool) -> None:
    async def body(system: rg.System) -> None:
        async with system.guest(name="me"):
            assert lines(system) == [
                "regrow: running",
                "├── <Supervisor> (id 'root', one_for_one, 3 of 3 restarts left)",
                "└── <guest 'me'>",
            ]

    play(body, hand_off=hand_off)


def test_a_system_that_does_not_run_has_none() -> None:
    with pytest.raises(rg.errors.NotStarted):
        rg.System([]).tree()
