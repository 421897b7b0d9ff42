"""The delivery suite: our own cells work at a small size, and what they find is what must be found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.suite import dead_letters
from benchmarks.suite.cells import run_once
from benchmarks.suite.cells_table import Cell, Table
from benchmarks.suite.dead_letters import Query
from benchmarks.suite.suites import DELIVERY
from benchmarks.suite.systems import System
from benchmarks.suite.targets import targets
from benchmarks.suite.workload import Value, Workload

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS = {system.name: system for system in DELIVERY.systems}
SMALL: dict[str, Value] = {"n": 200, "in_flight": 16, "rounds": 2, "recipients": 5, "opens": 2}


def _workload(name: str) -> Workload:
    (found,) = (workload for workload in DELIVERY.workloads if workload.name.startswith(name))
    return found


@pytest.mark.parametrize(
    ("system", "workload"),
    [
        ("regrow", "S1"),
        ("regrow-all-or-nothing", "S2 broadcast to 100"),
        ("regrow", "W11 reliable delivery, 100,000 messages, 256 in flight, 1 of"),
        ("regrow-durable", "W11 reliable delivery, 100,000 messages, 256 in flight, 1 of"),
        ("regrow", "S3 durable send, 16 in flight, level process, loop busy"),
        ("limit", "S3 durable send, 16 in flight, level none, loop idle"),
        ("regrow", "S4"),
        ("regrow", "S5"),
        ("regrow", "S6"),
        ("regrow", "S7"),
    ],
)
def test_our_cells_do_all_of_the_work(system: str, workload: str, tmp_path: Path) -> None:
    chosen = _workload(workload)
    params: dict[str, Value] = {key: SMALL.get(key, value) for key, value in chosen.full.items()}
    params |= {"scratch": str(tmp_path), "seed": 3}
    if "crash_every" in params:
        params["crash_every"] = 10
    run = run_once(SYSTEMS[system], chosen, params, limit=60.0)
    assert (run.failed, run.note) == (False, None)
    assert run.measures["per_second"] > 0
    if "crash_every" in params:
        # One in ten, of which every second one crashes after it was counted.
        assert (run.measures["lost"], run.measures["doubled"]) == (0, 10)


def test_lost_messages_are_a_remark_and_a_wrong_sum_of_a_durable_send_is_not() -> None:
    reliable, durable = (
        _workload("W11 reliable delivery, 100,000 messages, 256 in flight, plain"),
        _workload("S5"),
    )
    some = {"count": 3, "total": 5 + 6 + 7, "lost": 1}
    assert reliable.check({"n": 4}, 5, some) == (None, "messages were lost")
    proof = {"count": 4, "total": 5 + 6 + 7 + 8, "left": 0, "moved": 4, "dead": 0}
    assert durable.check({"n": 4}, 5, proof) == (None, None)
    assert durable.check({"n": 4}, 5, proof | {"left": 1})[0] == "left: 1 instead of 0"


def _naive(n: int, seed: int, query: Query) -> Iterator[int]:
    for row, (cause, reason) in enumerate(dead_letters.letters(n, seed)):
        died = dead_letters.dead_us(row)
        if (
            query.dest in {None, cause.dest}
            and query.reason in {None, reason}
            and query.error_type in {None, cause.error_type}
            and query.fingerprint in {None, cause.fingerprint}
            and (query.newer_us is None or died >= query.newer_us)
            and (query.older_us is None or died <= query.older_us)
        ):
            yield row + 1


def test_first_pages_are_what_a_look_at_every_row_finds() -> None:
    n, seed, nonce = 3_000, 7, 11
    pages = [list(_naive(n, seed, query))[: dead_letters.PAGE] for query in dead_letters.queries(n, nonce)]
    assert dead_letters.expected(n, seed, nonce) == (sum(map(len, pages)), sum(map(sum, pages)))
    assert len(pages) == 3 * 2**5
    assert {0, dead_letters.PAGE} < {len(page) for page in pages}


def test_other_environments_take_part_at_the_levels_that_they_have() -> None:
    taking_part = {
        (system.name, str(workload.full["level"]))
        for workload in DELIVERY.workloads
        for system in DELIVERY.systems
        if workload.family == "S3" and system.environment is not None and system.does(workload)
    }
    assert taking_part == {
        ("regrow-debian", "power"),
        ("limit-debian", "power"),
        ("persistqueue", "power"),
        ("litequeue", "process"),
        ("huey", "power"),
        ("huey", "none"),
        ("dbos", "power"),
        ("dramatiq", "none"),
        ("nats", "power"),
        ("nats", "process"),
    }


def _filled(cells: dict[tuple[str, str], dict[str, float]]) -> Table:
    table = Table(DELIVERY, [], [], quick=False, repeat=1)
    for (workload, system), measures in cells.items():
        table.cells.append(Cell(_workload(workload), SYSTEMS[system], rounds=[measures]))
    return table


def test_targets_are_the_rows_of_the_design() -> None:
    durable = "S3 durable send, 256 in flight, level power, loop"
    table = _filled(
        {
            ("S1", "regrow"): {"per_second": 90.0},
            ("S1", "regrow-call"): {"per_second": 153.0},
            ("S1", "erlang"): {"per_second": 100.0},
            (f"{durable} idle", "regrow"): {"per_second": 40.0},
            (f"{durable} idle", "limit"): {"per_second": 100.0},
            (f"{durable} busy", "regrow"): {"per_second": 9.0, "commit_p99": 0.015},
            (f"{durable} busy", "limit"): {"per_second": 100.0},
            (f"{durable} idle", "regrow-debian"): {"per_second": 120.0},
            (f"{durable} idle", "limit-debian"): {"per_second": 200.0},
            ("S5", "regrow"): {"per_second": 6_000.0},
            ("S6", "regrow"): {"worst": 0.03},
            ("S7", "regrow"): {"p99": 2.0},
        }
    )
    found = [(target.row, target.measured, target.verdict) for target in targets(table)]
    assert found == [
        (3, pytest.approx(0.9), "floor"),
        (3, pytest.approx(1.7), "floor"),
        (9, pytest.approx(0.4), "floor"),
        (9, pytest.approx(0.6), "goal"),
        (10, pytest.approx(0.09), "MISSED"),
        (10, None, "not measured"),
        (10, pytest.approx(0.015), "goal"),
        (11, None, "not measured"),
        (12, pytest.approx(6_000), "floor"),
        (12, pytest.approx(0.03), "floor"),
        (12, pytest.approx(2.0), "MISSED"),
    ]


def test_quick_has_every_kind_and_no_more_than_three_peers() -> None:
    quick = DELIVERY.chosen(quick=True, only=(), million=False)
    assert {workload.family for workload in quick} == {"S1", "S2", "W11", "S3", "S4", "S5", "S6", "S7"}
    assert sum(system.environment is not None for system in DELIVERY.named((), quick=True)) == 3


def test_the_page_and_the_list_have_the_same_rows_and_columns(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    cell = ["--only", "S1", "--systems", "regrow-call", "--quick", "--repeat", "1"]
    command = ["benchmarks/run.py", "--suite", "delivery", "--json", "--markdown", str(page), *cell]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    (row,) = json.loads(done.stdout)
    assert (row["workload"], row["system"]) == ("S1 supervised send, one after the other", "regrow-call")
    text = page.read_text()
    assert text.startswith("# Benchmarks of delivery\n")
    assert "--suite delivery --quick" in text
    assert "| 9 | durable send, full fsync, 256 in flight, against the limit |" in text
    assert "| regrow-call " in text


def test_a_peer_that_is_not_installed_says_so() -> None:
    absent = System("absent", "absent_bench", environment="absent")
    run = run_once(absent, _workload("S1"), {"n": 1}, limit=1.0)
    assert run.failed
    assert run.note == "not installed: python benchmarks/peers.py setup absent"
