"""The workloads of the test kit: simulated runs, guards, and the project's own suite."""

from __future__ import annotations

from benchmarks.suite.workload import Params, Workload, number, triangle

# As in benchmarks/systems/sim_scenario.py, which the workers run.
_CRASHES = 10
_MESSAGES = 100


def _runs(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    bases = n * nonce + triangle(n)
    return {
        "count": n * _MESSAGES,
        "total": _MESSAGES * bases + n * triangle(_MESSAGES),
        "crashes": n * _CRASHES,
        "downs": n * _CRASHES,
    }


def _found(params: Params, nonce: int) -> dict[str, int]:
    # Each start ends with one of two additions to the ledger lost.
    return {"ledger": number(params, "starts") * (nonce + 1)}


def _tested(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    return {"count": n, "total": n * nonce + triangle(n), "failed": 0}


def _the_same(params: Params, nonce: int) -> dict[str, int]:
    return {"nonce": nonce, "missing": 0, "apart": 0}


WORKLOADS: tuple[Workload, ...] = (
    Workload(
        "T1",
        "seeds of a scenario: 10 servers, 100 messages, 10 crashes, monitors, an invariant",
        {"n": 1_000},
        _runs,
        quick={"n": 200},
        in_quick=True,
    ),
    Workload(
        "T1s",
        "the same, but every second message keeps its server for 10 ms",
        {"n": 1_000},
        _runs,
        quick={"n": 200},
    ),
    Workload(
        "T1r",
        "seeds until a planted race is found: a lost update, in the scenario of T1s",
        {"starts": 20, "most": 1_000},
        _found,
        quick={"starts": 5},
        in_quick=True,
        operations=lambda params: number(params, "starts"),
    ),
    Workload(
        "T2",
        "300 trivial async tests under pytest",
        {"n": 300},
        _tested,
        in_quick=True,
    ),
    Workload(
        "T3",
        "the project's own tests that let time pass, 0.01 to 2 s each",
        {"paths": "tests"},
        _the_same,
        quick={"paths": "tests/runtime/test_starts_cut_short.py"},
        operations=lambda _: 1,
        cell_seconds=1_800.0,
        rounds=1,
    ),
)
