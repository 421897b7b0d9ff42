"""The coverage table: strategy x restart type x exit reason x event, read from Erlang's own traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import product

from tests.conformance.matrix import REASONS, RESTARTS, STRATEGIES
from tests.conformance.model import Atomically, Dyn, Scenario, StartDynamic, Sup, Worker
from tests.conformance.trace import StepTrace, Trace

EVENTS = ("ended", "DOWN", "EXIT", "caller", "together")
"""A worker ended; a monitor heard it; a link heard it; a waiting caller heard it; it ended together with
another."""

Cell = tuple[str, str, str, str]


def count(pairs: Iterable[tuple[Scenario, Trace]]) -> Counter[Cell]:
    """How many times each cell occurs."""
    cells: Counter[Cell] = Counter()
    for scenario, trace in pairs:
        kinds = _kinds(scenario)
        for number, step in enumerate(trace.steps):
            action = scenario.steps[number - 1] if 0 < number <= len(scenario.steps) else None
            for slot, (strategy, restart) in kinds.items():
                for reason in _ends(step, slot):
                    for event in _events(step, slot, reason, isinstance(action, Atomically)):
                        cells[strategy, restart, _reason(reason), event] += 1
    return cells


def _kinds(scenario: Scenario) -> dict[str, tuple[str, str]]:
    specs = scenario.specs()
    found: dict[str, tuple[str, str]] = {}
    for slot, parent in scenario.parents().items():
        sup, worker = specs.get(parent), specs[slot]
        if isinstance(sup, Sup) and isinstance(worker, Worker):
            found[slot] = (sup.strategy, worker.restart)
    for step in scenario.steps:
        if isinstance(step, StartDynamic):
            sup = specs.get(step.sup)
            if isinstance(sup, Dyn):
                found[step.child.id] = ("dynamic", sup.child_restart)
    return found


def _reason(reason: str) -> str:
    return (
        {"shutdown": "shutdown", "other": "other:x"}.get(reason.partition(":")[0], reason)
        if ":" not in reason
        else ("shutdown:x" if reason.startswith("shutdown") else "other:x")
    )


def _ends(step: StepTrace, slot: str) -> list[str]:
    return [text.partition(" ")[2] for text in step.slots.get(slot, []) if text.startswith("exit#")]


def _events(step: StepTrace, slot: str, reason: str, together: bool) -> list[str]:
    found = ["ended"]
    heard = [text for pair, texts in step.pairs.items() if pair.endswith(f"<-{slot}") for text in texts]
    if any(text.startswith("DOWN") and f" {reason} " in text for text in heard):
        found.append("DOWN")
    if any(text.startswith(f"EXIT {reason} ") for text in heard):
        found.append("EXIT")
    if any(text.endswith(f": exit:{reason}") for text in step.results):
        found.append("caller")
    if together and sum("exit#" in " ".join(texts) for texts in step.slots.values()) > 1:
        found.append("together")
    return found


def empty_cells(cells: Counter[Cell]) -> list[Cell]:
    """Cells that no scenario reached."""
    return [cell for cell in product(STRATEGIES, RESTARTS, REASONS, EVENTS) if not cells[cell]]


def table(cells: Counter[Cell]) -> str:
    """The table as text; one row per strategy, restart type and reason."""
    head = f"{'strategy':<14}{'restart':<11}{'reason':<12}" + "".join(f"{event:>10}" for event in EVENTS)
    lines = [head]
    for strategy, restart, reason in product(STRATEGIES, RESTARTS, REASONS):
        counts = [cells[strategy, restart, reason, event] for event in EVENTS]
        lines.append(f"{strategy:<14}{restart:<11}{reason:<12}" + "".join(f"{n:>10}" for n in counts))
    total = len(STRATEGIES) * len(RESTARTS) * len(REASONS) * len(EVENTS)
    lines.append(f"cells {total} empty {len(empty_cells(cells))}")
    return "\n".join(lines)
