"""The recorded traces against the live oracle, and random scenarios against both; only where ``erl`` is."""

from __future__ import annotations

import pytest

from tests.conformance import erlang_side, golden
from tests.conformance.compare import compare, erlang_traces
from tests.conformance.generator import random_scenario
from tests.conformance.matrix import matrix
from tests.conformance.model import Scenario, Wait
from tests.conformance.regrow_side import run_regrow
from tests.conformance.scenarios import written

pytestmark = pytest.mark.skipif(
    not erlang_side.available(), reason="no erl on the path: golden traces stand in"
)


def _waits_long(scenario: Scenario) -> bool:
    return any(isinstance(step, Wait) and step.ms >= 1000 for step in scenario.steps)


def test_golden_traces_are_what_erlang_does() -> None:
    recorded = golden.read()
    scenarios = [s for s in {**written(), **matrix()}.values() if not _waits_long(s)]
    release, traces, _ = erlang_traces(scenarios, check=False)
    if any(recorded[name].otp != release for name in traces):
        pytest.skip(f"recorded with another OTP release than {release}")
    assert [name for name, trace in traces.items() if recorded[name].trace != trace] == []


def test_random_scenarios_agree() -> None:
    scenarios = [random_scenario(20_261_121, number) for number in range(100)]
    outcome = compare({s.name: s for s in scenarios}, run_regrow)
    assert not outcome.differences, "\n".join(map(str, outcome.differences))
    assert len(outcome.unstable) <= 1
