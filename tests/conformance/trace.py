"""Raw traces and the form in which they are compared.

Both sides record the same raw events in the order in which they happened::

    ["init", slot, n]                     the n-th process in this slot has begun its init
    ["continue", slot, n, what]           handle_continue ran
    ["terminate", slot, n, reason]        terminate was called
    ["exit", slot, n, reason]             the process ended
    ["message", slot, n, sender, text]    it handled a message, or got a DOWN or an EXIT, from "a#1" or "driver"
    ["called", slot, n, reply]            a call it made from inside a handler was answered
    ["result", step, text]                the driver's action of that step came back
    ["step", step]                        everything has settled, the step is over

``compare`` keeps what OTP promises and drops what Erlang itself does not repeat (see the module's end).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec

from tests.conformance.model import Dyn, Scenario, Sup, Worker


class Final(msgspec.Struct):
    """The tree as the driver finds it at the end: supervisor -> rows, sorted by id."""

    children: list[tuple[str, list[Any]]]
    counts: list[tuple[str, list[int]]]
    names: list[tuple[str, str]]


class Raw(msgspec.Struct):
    """What one side recorded."""

    name: str
    events: list[list[Any]] = []
    final: Final | None = None
    error: str = ""


class StepTrace(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step in the compared form.

    Attributes:
        results: Of the step, and of earlier ones that came back only now (``"3: pong"``).
        slots: Slot -> its starts, continues, ``terminate`` calls and exits.
        pairs: ``"observer<-target"`` -> what came, in order.
        order: Supervisor -> ``init`` and ``terminate`` of its static children, in order.
    """

    results: list[str] = []
    slots: dict[str, list[str]] = {}
    pairs: dict[str, list[str]] = {}
    order: dict[str, list[str]] = {}


class Trace(msgspec.Struct, frozen=True):
    """A whole scenario in the compared form."""

    steps: list[StepTrace]
    children: dict[str, list[str]]
    counts: dict[str, str]
    names: dict[str, str]


def normalise(scenario: Scenario, raw: Raw) -> Trace:
    """The compared form of one side's raw trace."""
    final = raw.final or Final([], [], [])
    return Trace(
        steps=[_step(scenario, events) for events in _split(raw.events)],
        children={slot: sorted(" ".join(map(str, row)) for row in rows) for slot, rows in sorted(final.children)},
        counts={slot: " ".join(map(str, row)) for slot, row in sorted(final.counts)},
        names=dict(sorted(final.names)),
    )


def _split(events: list[list[Any]]) -> list[list[list[Any]]]:
    steps: list[list[list[Any]]] = [[]]
    for event in events:
        if event[0] == "step":
            steps.append([])
        else:
            steps[-1].append(event)
    if steps[-1]:
        raise ValueError(f"events after the last step: {steps[-1]}")
    return steps[:-1]


_PHASE = {"init": 0, "continue": 1, "called": 2, "terminate": 3, "exit": 4}


def _step(scenario: Scenario, events: list[list[Any]]) -> StepTrace:
    specs = scenario.specs()
    results: list[str] = []
    slots: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    pairs: dict[str, list[str]] = defaultdict(list)
    for kind, *rest in events:
        if kind == "result":
            results.append(f"{rest[0]}: {text_of(rest[1])}")
        elif kind == "message":
            slot, number, sender, text = rest
            pairs[f"{slot}#{number}<-{_sender(sender)}"].append(_message(sender, text))
        elif not (kind == "terminate" and _listed_difference(specs.get(rest[0]), rest[2])):
            slot, number, *more = rest
            slots[slot].append((number, _PHASE[kind], " ".join([f"{kind}#{number}", *map(str, more)])))
    return StepTrace(
        results=sorted(results),
        slots={slot: [text for _, _, text in sorted(found)] for slot, found in sorted(slots.items())},
        pairs=dict(sorted(pairs.items())),
        order=_order(scenario, specs, events),
    )


def text_of(value: Any) -> str:
    """A result as text; lists are children or counts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(" ".join(map(str, v)) if isinstance(v, list) else str(v) for v in value) + "]"
    return str(value)


def _sender(sender: str) -> str:
    return sender.partition("#")[0]


def _message(sender: str, text: str) -> str:
    number = sender.partition("#")[2]
    return f"{text} (#{number})" if number else text


def _listed_difference(spec: Worker | Sup | Dyn | None, reason: str) -> bool:
    """``terminate`` at shutdown of a worker that doesn't trap: OTP doesn't call it, Regrow does."""
    return isinstance(spec, Worker) and not spec.trap_exit and reason == "shutdown"


def _order(
    scenario: Scenario, specs: dict[str, Worker | Sup | Dyn], events: list[list[Any]]
) -> dict[str, list[str]]:
    """Order of ``init`` and ``terminate`` among the static workers of one supervisor.

    Of a supervisor that was killed in this step only the inits are in order: its children die by their links, each
    for itself. So do those of a supervisor below it, which the parent's death took along.
    """
    parents = scenario.parents()
    killed = {e[1] for e in events if e[0] == "exit" and e[3] in ("killed", "kill") and not isinstance(specs.get(e[1]), Worker)}
    order: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if event[0] not in ("init", "terminate") or event[1] not in parents:
            continue
        sup, worker = parents[event[1]], specs.get(event[1])
        if not isinstance(worker, Worker):
            continue
        if event[0] == "terminate" and (sup in killed or _listed_difference(worker, event[3])):
            continue
        order[sup].append(f"{event[0]} {event[1]}")
    return {sup: found for sup, found in sorted(order.items()) if len(found) > 1}
