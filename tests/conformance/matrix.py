"""One scenario per strategy, restart type and exit reason, so that the coverage table has no empty cell.

These are made, not written, and come on top of the written ones.
"""

from __future__ import annotations

from itertools import product

from tests.conformance import model as m

STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one", "dynamic")
RESTARTS = ("permanent", "transient", "temporary")
REASONS = ("normal", "shutdown", "shutdown:x", "other:x", "crash", "killed")


def matrix() -> dict[str, m.Scenario]:
    """The scenarios by name."""
    made = [_scenario(*combination) for combination in product(STRATEGIES, RESTARTS, REASONS)]
    return {scenario.name: scenario for scenario in made}


def _scenario(strategy: str, restart: str, reason: str) -> m.Scenario:
    end = (
        m.Signal("b", "kill")
        if reason == "killed"
        else m.Cast("b", "crash" if reason == "crash" else f"stop:{reason}")
    )
    if strategy == "dynamic":
        root = m.Sup(id="root", children=(m.Dyn(id="d", child_restart=restart, max_restarts=9),))  # type: ignore[arg-type]
        begin: tuple[m.Step, ...] = tuple(m.StartDynamic("d", m.Worker(id=i)) for i in "abc")
        again: m.Step = m.StartDynamic("d", m.Worker(id="b"))
    else:
        workers = (m.Worker(id="a"), m.Worker(id="b", restart=restart), m.Worker(id="c"))  # type: ignore[arg-type]
        root = m.Sup(id="root", strategy=strategy, max_restarts=9, children=workers)  # type: ignore[arg-type]
        begin = ()
        again = m.RestartChild("root", "b") if restart != "temporary" else m.StartChild("root", workers[1])
    steps = (
        *begin,
        m.Spawn(id="o", trap_exit=True),
        m.Monitor("o", "b"),
        m.Link("o", "b"),
        m.Call("b", "defer"),
        end,
        m.WhichChildren("root"),
        again,
        m.Atomically((m.Cast("c", "crash"), end)),
    )
    return m.Scenario(name=f"matrix/{strategy}/{restart}/{reason}", root=root, steps=steps)
