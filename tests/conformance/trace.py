"""Raw traces and the form in which they are compared.

Both sides record the same raw events in the order in which they happened::

    ["init", slot, n]                     the n-th process in this slot has begun its init
    ["continue", slot, n, what]           handle_continue ran
    ["terminate", slot, n, reason]        terminate was called
    ["exit", slot, n, reason]             the process ended
    ["message", slot, n, sender, text]    it handled a message, or got a DOWN or an EXIT, from "a#1" or
    "driver"
    ["called", slot, n, reply]            a call it made from inside a handler was answered
    ["result", step, text]                the driver's action of that step came back
    ["step", step]                        everything has settled, the step is over

``compare`` keeps what OTP promises and drops what Erlang itself does not repeat (see the module's end).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import msgspec

from tests.conformance.model import Atomically, Dyn, Scenario, Sup, Worker


class Final(msgspec.Struct):
    """The tree as the driver finds it at the end: supervisor -> rows, sorted by id."""

    children: list[tuple[str, list[Any]]]
    counts: list[tuple[str, list[Any]]]
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
        steps=[
            _step(scenario, events, together=isinstance(action, Atomically))
            for action, events in zip((None, *scenario.steps, None), _split(raw.events), strict=True)
        ],
        children={
            slot: sorted(" ".join(map(str, row)) for row in rows) for slot, rows in sorted(final.children)
        },
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


def _at_once(spec: Worker | Sup | Dyn | None, reason: str) -> bool:
    """Whether a process can have been ended by a signal that does not wait its turn."""
    return reason == "killed" or (isinstance(spec, Worker) and not spec.trap_exit)


def _race(pair: str, ended: set[str]) -> bool:
    """A worker that ended in this step: its supervisor's signal and its siblings' DOWNs came in any order."""
    observer, _, sender = pair.partition("<-")
    return observer in ended and sender not in ("driver", "parent")


EVERYTHING = 1000
_PHASE = {"init": 0, "continue": 1, "called": 2, "terminate": 3, "exit": 4}


def _step(scenario: Scenario, events: list[list[Any]], *, together: bool) -> StepTrace:
    specs = scenario.specs()
    cut_short = {f"{e[1]}#{e[2]}" for e in events if e[0] == "exit" and _at_once(specs.get(e[1]), e[3])}
    results: list[str] = []
    slots: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    pairs: dict[str, list[str]] = defaultdict(list)
    for kind, *rest in events:
        if kind == "result":
            results.append(f"{rest[0]}: {text_of(rest[1])}")
        elif kind == "message":
            slot, number, sender, text = rest
            pairs[f"{slot}#{number}<-{_sender(sender)}"].append(_message(sender, text))
        elif kind == "continue" and f"{rest[0]}#{rest[1]}" in cut_short:
            continue  # the signal may have come before or after
        elif not (kind == "terminate" and _listed_difference(specs.get(rest[0]), rest[2])):
            slot, number, *more = rest
            slots[slot].append((number, _PHASE[kind], " ".join([f"{kind}#{number}", *map(str, more)])))
    if any(text.endswith("error:bad_spec") for text in results):
        # Regrow checks specs where they are made, OTP in the supervisor that is to use them.
        return StepTrace(results=sorted(results))
    ended = {f"{e[1]}#{e[2]}" for e in events if e[0] == "exit" and isinstance(specs.get(e[1]), Worker)}
    return StepTrace(
        results=sorted(results),
        slots={slot: [text for _, _, text in sorted(found)] for slot, found in sorted(slots.items())},
        pairs={pair: texts for pair, texts in sorted(pairs.items()) if not _race(pair, ended)},
        order=_order(scenario, specs, events, together=together),
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
    scenario: Scenario, specs: dict[str, Worker | Sup | Dyn], events: list[list[Any]], *, together: bool
) -> dict[str, list[str]]:
    """Order of ``init`` and ``terminate`` among the static workers of one supervisor.

    Left out, because it is a race in Erlang too:

    - of a supervisor that was killed in this step the terminates: its children die by their links, each for
    itself;
    - all of a supervisor of which two children ended by themselves at the same time (one crashed in
    ``continue``
      while the next started, one died of a call to the other); not under ``atomically``, where it is no race;
    - plain processes: when their function begins to run is open.
    """
    parents = scenario.parents()
    exits = [event[1:] for event in events if event[0] == "exit"]
    why = {(event[1], event[2]): event[3] for event in events if event[0] == "terminate"}
    killed = {
        slot for slot, _, reason in exits if reason == "killed" and not isinstance(specs.get(slot), Worker)
    }
    alone: Counter[str | None] = Counter()
    for slot, number, reason in exits:
        alone[parents.get(slot)] += _by_itself(specs.get(slot), number, why.get((slot, number), reason))
    allowed = EVERYTHING - 1 if together else 1
    order: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if event[0] not in ("init", "terminate") or event[1] not in parents:
            continue
        sup, worker = parents[event[1]], specs.get(event[1])
        if not isinstance(worker, Worker) or worker.plain or alone[sup] > allowed:
            continue
        if event[0] == "terminate" and (sup in killed or _listed_difference(worker, event[3])):
            continue
        order[sup].append(f"{event[0]} {event[1]}")
    return {sup: found for sup, found in sorted(order.items()) if len(found) > 1}


def _by_itself(spec: Worker | Sup | Dyn | None, number: int, reason: str) -> int:
    """How much an end counts as the worker's own doing; EVERYTHING if it is while its siblings are being
    started.

    ``reason`` is the one that ``terminate`` got, where it was called.
    """
    if not isinstance(spec, Worker):
        return 0
    plan = spec.init[number - 1] if number <= len(spec.init) else "ok"
    if plan == "continue_crash":
        return EVERYTHING
    if plan not in ("ok", "continue") or reason == "shutdown":
        return 0
    return int(reason != "killed" or (spec.shutdown != "brutal_kill" and spec.terminate != "hang"))
