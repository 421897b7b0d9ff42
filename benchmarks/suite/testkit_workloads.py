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
        "T1r",
        "seeds until a planted race is found: a lost update, in the scenario of T1",
        {"starts": 20, "most": 1_000},
        _found,
        quick={"starts": 5},
        in_quick=True,
        operations=lambda params: number(params, "starts"),
    ),
)
