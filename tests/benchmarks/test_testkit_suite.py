"""The test kit's suite: each worker does its work at a small size, and the race is where it was planted."""

from __future__ import annotations

from typing import cast

import pytest

from benchmarks.suite import own_tests
from benchmarks.suite.cells import run_once
from benchmarks.suite.cells_table import Cell, Table
from benchmarks.suite.suites import TESTKIT
from benchmarks.suite.targets import targets
from benchmarks.suite.workload import Value, Workload
from benchmarks.systems import own_suite
from benchmarks.systems import sim_scenario as scenario
from benchmarks.systems.sim_scenario import RaceFound, Sums

SYSTEMS = {system.name: system for system in TESTKIT.systems}
SMALL: dict[str, Value] = {"n": 3, "starts": 2}


def _workload(family: str) -> Workload:
    (found,) = (workload for workload in TESTKIT.workloads if workload.family == family)
    return found


@pytest.mark.parametrize(
    ("system", "family"),
    [("regrow", "T1"), ("regrow", "T1s"), ("regrow-plain-asyncio", "T1"), ("asyncio", "T1s")],
)
def test_every_run_of_the_scenario_is_summed_up(system: str, family: str) -> None:
    workload = _workload(family)
    run = run_once(SYSTEMS[system], workload, workload.full | SMALL, limit=60.0)
    assert (run.failed, run.note) == (False, None)
    assert run.measures["per_core_second"] > 0
    assert run.measures.get("distinct", 3) == 3


@pytest.mark.parametrize("system", ["regrow", "regrow-plain-asyncio"])
def test_the_race_is_found_from_every_start(system: str) -> None:
    workload = _workload("T1r")
    run = run_once(SYSTEMS[system], workload, workload.full | SMALL, limit=60.0)
    assert (run.failed, run.note) == (False, None)
    assert 1 <= run.measures["runs_until"] <= 1_000


def test_the_stock_loop_never_shows_it() -> None:
    workload = _workload("T1r")
    run = run_once(SYSTEMS["asyncio"], workload, {"starts": 1, "most": 3}, limit=60.0)
    assert run.failed
    assert run.note == "not found in 3 runs: they are all alike"


def test_a_lost_addition_is_seen() -> None:
    sums = Sums(7)
    sums.ledger += 2
    sums.check_ledger()
    sums.ledger -= 1
    with pytest.raises(RaceFound, match="8"):
        sums.check_ledger()


def test_a_message_too_many_breaks_the_invariant() -> None:
    sums = Sums(0)
    for value in range(scenario.SERVERS * scenario.MESSAGES):
        try:
            sums.handle(value)
        except scenario.Crash:
            sums.handle(value)
    assert sums.sane()
    sums.handle(0)
    assert not sums.sane()


def test_sums_of_other_runs_are_wrong() -> None:
    workload = _workload("T1")
    right = {"count": 200, "total": 100 * (5 + 6) + 2 * sum(range(100)), "crashes": 20, "downs": 20}
    assert workload.check({"n": 2}, 5, right) == (None, None)
    assert workload.check({"n": 2}, 6, right)[0] is not None
    assert workload.check({"n": 2}, 5, right | {"downs": 19})[0] == "downs: 19 instead of 20"


@pytest.mark.parametrize("name", ["simloop", "simloom", "seedloop"])
def test_rivals_that_cannot_run_here_say_why(name: str) -> None:
    run = run_once(SYSTEMS[name], _workload("T1"), {"n": 1}, limit=1.0)
    assert run.failed
    assert (run.note or "").endswith(": needs Python 3.12")


def _filled(cells: dict[tuple[str, str], dict[str, float]]) -> Table:
    table = Table(TESTKIT, [], [], quick=False, repeat=1)
    for (family, system), measures in cells.items():
        table.cells.append(Cell(_workload(family), SYSTEMS[system], rounds=[measures]))
    return table


def test_targets_are_those_of_the_issue() -> None:
    table = _filled(
        {
            ("T1", "regrow"): {"per_core_second": 500.0},
            ("T1", "detangle"): {"per_core_second": 400.0},
            ("T1s", "regrow"): {"per_core_second": 300.0},
            ("T1s", "detangle"): {"per_core_second": 400.0},
            ("T2", "regrow-no-guard"): {"per_test": 0.001},
            ("T2", "regrow-leak-guard"): {"per_test": 0.0015},
            ("T2", "regrow-contamination-guard"): {"per_test": 0.0035},
            ("T3", "regrow"): {"faster": 4.9},
        }
    )
    found = [(target.row, target.measured, target.verdict) for target in targets(table)]
    assert found == [
        (1, 500.0, "floor"),
        (1, pytest.approx(1.25), "goal"),
        (1, pytest.approx(0.75), "MISSED"),
        (2, pytest.approx(0.0005), "goal"),
        (2, pytest.approx(0.0025), "MISSED"),
        (2, None, "not measured"),
        (3, 4.9, "MISSED"),
    ]


@pytest.mark.parametrize("system", ["regrow-leak-guard", "regrow-package-guard"])
def test_every_trivial_test_is_run_under_its_guard(system: str) -> None:
    workload = _workload("T2")
    run = run_once(SYSTEMS[system], workload, {"n": 3}, limit=60.0)
    assert (run.failed, run.note) == (False, None)
    assert run.measures["per_test"] > 0


def test_our_own_tests_wait_in_real_time_and_jump_in_virtual_time() -> None:
    workload = _workload("T3")
    run = run_once(SYSTEMS["regrow"], workload, workload.params(quick=True), limit=60.0)
    assert (run.failed, run.note) == (False, None)
    assert run.details is not None
    counted = cast("list[dict[str, float]]", run.details["counted"])
    assert len(counted) == run.measures["tests"] == 4
    assert run.details["not_in_both"] == []
    for row in counted:
        # A tenth of a virtual second passes in each, and has to be waited for in real time.
        assert row["clock"] == pytest.approx(0.1)
        assert row["real"] >= 0.1
    assert run.measures["in_virtual"] < run.measures["in_real"]


def _rows(**tests: tuple[float, bool]) -> own_suite.Rows:
    return {
        name: {"clock": 1.0, "seconds": seconds, "passed": passed}
        for name, (seconds, passed) in tests.items()
    }


def test_only_what_passes_in_both_is_summed_up() -> None:
    virtual = _rows(a=(0.25, True), b=(0.25, True), c=(0.25, False))
    real = _rows(a=(1.25, True), b=(9.0, False), c=(9.0, True))
    found = own_suite.compared(virtual, real, _rows(d=(0.5, True)))
    assert (found["tests"], found["in_virtual"], found["in_real"], found["faster"]) == (1, 0.25, 1.25, 5.0)
    details = found["details"]
    assert [row["test"] for row in details["counted"]] == ["a"]
    assert details["not_in_both"] == ["b", "c"]
    assert [row["test"] for row in details["longer"]] == ["d"]
    text = "\n".join(own_tests.page(details))
    assert "| `a` | 1.00 | 0.250 s | 1.250 s |" in text
    assert "they don't pass in real time: `b`, `c`." in text
    assert "| `d` | 1.00 | 0.500 s |" in text
