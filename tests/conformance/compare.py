"""Runs scenarios on both sides and tells where they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.conformance.erlang_side import run_oracle
from tests.conformance.model import Scenario
from tests.conformance.trace import Trace, normalise

RunRegrow = Callable[[Scenario], Trace]


@dataclass(frozen=True)
class Difference:
    """Where two traces of one scenario part."""

    scenario: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((f"DIFFERS {self.scenario}", *(f"  {line}" for line in self.lines)))


@dataclass
class Outcome:
    """Of one comparison."""

    release: str
    erlang: dict[str, Trace] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    unstable: list[str] = field(default_factory=list)
    total: int = 0

    @property
    def agree(self) -> int:
        return self.total - len(self.unstable) - len(self.differences)

    @property
    def line(self) -> str:
        """The closing line of the command."""
        return f"scenarios {self.total} agree {self.agree} unstable {len(self.unstable)}"


def erlang_traces(
    scenarios: Sequence[Scenario], *, check: bool = True
) -> tuple[str, dict[str, Trace], list[str]]:
    """Erlang's traces, and the names of the scenarios in which Erlang differs from itself.

    Args:
        scenarios: With different names.
        check: Run each once more under two schedulers.
    """
    release, raw = run_oracle(scenarios)
    traces = {s.name: normalise(s, raw[s.name]) for s in scenarios}
    if not check:
        return release, traces, []
    _, again = run_oracle(scenarios, schedulers=2)
    unstable = [s.name for s in scenarios if normalise(s, again[s.name]) != traces[s.name]]
    return release, traces, unstable


def compare(scenarios: Mapping[str, Scenario], regrow: RunRegrow, *, check: bool = True) -> Outcome:
    """Both sides of all scenarios; unstable ones are reported and not counted."""
    release, traces, unstable = erlang_traces(list(scenarios.values()), check=check)
    outcome = Outcome(release, traces, unstable=unstable, total=len(scenarios))
    for name, scenario in scenarios.items():
        if name not in unstable:
            found = against(scenario, traces[name], regrow)
            if found:
                outcome.differences.append(Difference(name, tuple(found)))
    return outcome


def against(scenario: Scenario, expected: Trace, regrow: RunRegrow) -> list[str]:
    """Runs the scenario on Regrow; how its trace differs, or that there is none."""
    try:
        actual = regrow(scenario)
    except Exception as error:  # noqa: BLE001 - an error of the runtime is a finding like any other
        return [f"Regrow raised {type(error).__name__}: {error}"]
    return differences(scenario, expected, actual)


def differences(
    scenario: Scenario, expected: Trace, actual: Trace, *, sides: tuple[str, str] = ("erlang", "regrow")
) -> list[str]:
    """One line per difference, the first step first; empty if the traces are equal."""
    lines = []
    for number, (left, right) in enumerate(zip(expected.steps, actual.steps, strict=True)):
        where = f"step {number} {_action(scenario, number)}"
        if left.results != right.results:
            lines.append(_line(f"{where}: results", left.results, right.results, sides))
        lines += _tables(where, left, right, ("slots", "pairs", "order"), sides)
    return lines + _tables("at the end", expected, actual, ("children", "counts", "names"), sides)


def _tables(
    where: str, left: object, right: object, fields: tuple[str, ...], sides: tuple[str, str]
) -> list[str]:
    found = []
    for field_name in fields:
        a, b = getattr(left, field_name), getattr(right, field_name)
        keys = [key for key in sorted({*a, *b}) if a.get(key) != b.get(key)]
        found += [_line(f"{where}: {field_name} {key}", a.get(key), b.get(key), sides) for key in keys]
    return found


def _action(scenario: Scenario, number: int) -> str:
    if number == 0:
        return "start"
    return repr(scenario.steps[number - 1]) if number <= len(scenario.steps) else "shutdown"


def _line(where: str, left: object, right: object, sides: tuple[str, str]) -> str:
    return f"{where}\n    {sides[0]:<7} {left}\n    {sides[1]:<7} {right}"
