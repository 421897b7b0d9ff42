"""Makes a scenario that differs smaller for as long as it still differs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tests.conformance import model as m
from tests.conformance.compare import RunRegrow, against
from tests.conformance.erlang_side import OracleFailed, run_oracle
from tests.conformance.trace import normalise

MAX_ROUNDS = 60


def shrink(scenario: m.Scenario, regrow: RunRegrow) -> m.Scenario:
    """The smallest scenario found; every candidate is run on both sides, a round's candidates in one Erlang
    machine."""
    for _ in range(MAX_ROUNDS):
        smaller = _first_that_differs(list(_candidates(scenario)), regrow)
        if smaller is None:
            break
        scenario = smaller
    return scenario


def _first_that_differs(candidates: list[m.Scenario], regrow: RunRegrow) -> m.Scenario | None:
    whole = [c for c in candidates if not _dangles(c)]
    named = [msgspec.structs.replace(c, name=f"shrunk/{i}") for i, c in enumerate(whole)]
    for start in range(0, len(named), 40):
        batch = named[start : start + 40]
        try:
            _, raws = run_oracle(batch)
        except OracleFailed:
            continue
        for scenario in batch:
            if against(scenario, normalise(scenario, raws[scenario.name]), regrow):
                return scenario
    return None


def _candidates(scenario: m.Scenario) -> Iterator[m.Scenario]:
    steps = scenario.steps
    for size in (len(steps) // 2, len(steps) // 4, 2, 1):
        if size:
            for start in range(0, len(steps), size):
                yield msgspec.structs.replace(scenario, steps=steps[:start] + steps[start + size :])
    for root in _smaller(scenario.root):
        candidate = msgspec.structs.replace(scenario, root=root)
        gone = set(scenario.specs()) - set(candidate.specs())
        kept = tuple(step for step in steps if not _mentions(step, gone))
        yield msgspec.structs.replace(candidate, steps=kept)
    for number, step in enumerate(steps):
        if isinstance(step, m.Atomically):
            for inner in range(len(step.steps)):
                less = m.Atomically(step.steps[:inner] + step.steps[inner + 1 :])
                yield msgspec.structs.replace(scenario, steps=(*steps[:number], less, *steps[number + 1 :]))


def _smaller(sup: m.Sup) -> Iterator[m.Sup]:
    for number, child in enumerate(sup.children):
        before, after = sup.children[:number], sup.children[number + 1 :]
        yield msgspec.structs.replace(sup, children=before + after)
        if isinstance(child, m.Sup):
            for less in _smaller(child):
                yield msgspec.structs.replace(sup, children=(*before, less, *after))
        for plain in _plainer(child):
            yield msgspec.structs.replace(sup, children=(*before, plain, *after))
    if sup.strategy != "one_for_one":
        yield msgspec.structs.replace(sup, strategy="one_for_one")


def _plainer(child: m.Worker | m.Sup | m.Dyn) -> Iterator[m.Worker]:
    if not isinstance(child, m.Worker):
        return
    for field, value in (
        ("name", None),
        ("init", ()),
        ("terminate", "ok"),
        ("plain", False),
        ("restart", "permanent"),
    ):
        if getattr(child, field) != value and not (field == "restart" and child.significant):
            yield msgspec.structs.replace(child, **{field: value})


def _dangles(scenario: m.Scenario) -> bool:
    """Whether a step speaks of a process that nothing starts: that would be another scenario."""
    known = {*scenario.specs(), *(step.id for step in scenario.steps if isinstance(step, m.Spawn))}
    steps = [inner for s in scenario.steps for inner in (s.steps if isinstance(s, m.Atomically) else (s,))]
    targets = {getattr(step, field, None) for step in steps for field in ("by", "target", "sup")}
    targets |= {step.id for step in steps if isinstance(step, m.TerminateChild)}
    slots = {target.partition("#")[0] for target in targets if isinstance(target, str) and target[0] != "@"}
    return not slots <= known


def _mentions(step: m.Step, slots: set[str]) -> bool:
    if isinstance(step, m.Atomically):
        return any(_mentions(inner, slots) for inner in step.steps)
    texts = (
        v.removeprefix("@").partition("#")[0]
        for v in msgspec.to_builtins(step).values()
        if isinstance(v, str)
    )
    return any(text in slots for text in texts)
