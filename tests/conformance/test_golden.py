"""Regrow against the recorded traces of real Erlang/OTP; needs no ``erl``."""

from __future__ import annotations

import pytest

from tests.conformance import coverage, golden, planted
from tests.conformance.compare import against
from tests.conformance.matrix import matrix
from tests.conformance.regrow_side import Colour, run_regrow
from tests.conformance.scenarios import THEMES, written

SCENARIOS = {**written(), **matrix()}
GOLDEN = golden.read()


def test_every_scenario_is_recorded_as_it_is_now() -> None:
    assert {name: entry.digest for name, entry in GOLDEN.items()} == {
        n: s.digest for n, s in SCENARIOS.items()
    }


def test_there_are_enough_written_scenarios() -> None:
    assert len(written()) >= 150


@pytest.mark.parametrize("hand_off", [True, False], ids=["hand-off", "no-hand-off"])
@pytest.mark.parametrize("colour", ["def", "async"])
@pytest.mark.parametrize("theme", [*THEMES, "matrix"])
def test_regrow_does_what_erlang_does(theme: str, colour: Colour, hand_off: bool) -> None:
    found = []
    for name, scenario in SCENARIOS.items():
        if name.startswith(f"{theme}/"):
            lines = against(
                scenario, GOLDEN[name].trace, lambda s: run_regrow(s, colour=colour, hand_off=hand_off)
            )
            found += [f"{name}: {line}" for line in lines]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", planted.PLANTS)
def test_a_planted_difference_is_caught(name: str) -> None:
    traces = {title: entry.trace for title, entry in GOLDEN.items()}
    assert planted.caught_by(name, SCENARIOS, traces, run_regrow)


def test_no_cell_of_the_coverage_table_is_empty() -> None:
    cells = coverage.count((scenario, GOLDEN[name].trace) for name, scenario in SCENARIOS.items())
    assert coverage.empty_cells(cells) == []
