"""The runtime's workloads."""

from __future__ import annotations

from benchmarks.suite.workload import Params, Workload, number, triangle


def _told(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    return {"count": n, "total": n * nonce + triangle(n)}


def _asked(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    extra = number(params, "warm_up") + number(params, "latencies")
    return {
        "replies": triangle(n) + n * nonce,
        "more_replies": triangle(extra) + extra * nonce,
        "count": n + extra,
    }


def _in_flight(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    return {"replies": triangle(n) + n * nonce, "count": n}


def _fan_out(params: Params, nonce: int) -> dict[str, int]:
    actors, tells = number(params, "actors"), number(params, "tells")
    return {"count": actors * tells, "total": tells * (actors * nonce + triangle(actors))}


def _chain(params: Params, nonce: int) -> dict[str, int]:
    rounds, depth = number(params, "rounds"), number(params, "depth")
    return {"replies": triangle(rounds) + rounds * (nonce + depth - 1)}


def _spawned(params: Params, nonce: int) -> dict[str, int]:
    idle, n = number(params, "idle"), number(params, "n")
    return {"idle_answers": idle * nonce + triangle(idle), "answers": n * nonce + triangle(n)}


def _started(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    return {"answers": n * nonce + triangle(n)}


def _skynet(params: Params, nonce: int) -> dict[str, int]:
    leaves = number(params, "leaves")
    return {"sum": triangle(leaves) + leaves * nonce}


def _crashes(params: Params, nonce: int) -> dict[str, int]:
    crashes = number(params, "crashes")
    return {"starts": crashes + 1, "answers": crashes * nonce + triangle(crashes + 1)}


def _tree(params: Params, nonce: int) -> dict[str, int]:
    leaves = number(params, "fan") ** number(params, "depth")
    # Leaves are stamped 0, 1, ... as they start; ordered shutdown stops them the other way round.
    in_reverse = sum(place * (leaves - 1 - place) for place in range(leaves))
    return {"started": leaves, "stopped": leaves, "order": in_reverse, "nonce": nonce}


def _idle(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    return {"answers": n * nonce + triangle(n)}


def _crash_workload(strategy: str, *, reports: str = "built") -> Workload:
    return Workload(
        family="W9" if reports == "built" else "W9n",
        title=f"crash to first answer after the restart, {strategy}"
        + ("" if reports == "built" else "; crash reports not built"),
        full={"strategy": strategy, "crashes": 1000, "children": 3, "reports": reports},
        quick={"crashes": 200},
        in_quick=strategy == "one_for_one" and reports == "built",
        expect=_crashes,
        operations=lambda params: number(params, "crashes"),
    )


def _tree_workload(depth: int, fan: int) -> Workload:
    return Workload(
        family="W10",
        title=f"tree build and ordered shutdown, {depth} deep by {fan}",
        full={"depth": depth, "fan": fan},
        expect=_tree,
        operations=lambda params: number(params, "fan") ** number(params, "depth"),
        soft=("order",),
        soft_note="children are not stopped in reverse order",
    )


WORKLOADS: tuple[Workload, ...] = (
    Workload("W0", "bare asyncio.Queue", {"n": 50_000}, _told),
    Workload("W1", "cast to a counter", {"n": 100_000}, _told, in_quick=True),
    Workload(
        "W2",
        "sequential call",
        {"n": 50_000, "warm_up": 100, "latencies": 10_000},
        _asked,
        quick={"n": 20_000, "latencies": 5_000},
        in_quick=True,
    ),
    Workload("W3", "1,000 calls in flight", {"n": 50_000, "in_flight": 1_000}, _in_flight),
    Workload(
        "W4",
        "1,000 processes, 100 casts each, one call each",
        {"actors": 1_000, "tells": 100},
        _fan_out,
        operations=lambda params: number(params, "actors") * (number(params, "tells") + 1),
    ),
    Workload(
        "W5",
        "chain of calls, depth 100",
        {"depth": 100, "rounds": 200},
        _chain,
        operations=lambda params: number(params, "depth") * number(params, "rounds"),
    ),
    Workload(
        "W6",
        "start 5,000, one answer each, shut down; bytes per idle process of 10,000",
        {"n": 5_000, "idle": 10_000},
        _spawned,
        in_quick=True,
    ),
    Workload("W6s", "start rate under a dynamic supervisor", {"n": 20_000}, _started),
    Workload(
        "W6m",
        "bytes per idle process of 1,000,000",
        {"n": 5_000, "idle": 1_000_000},
        _spawned,
        cell_seconds=900.0,
        optional=True,
    ),
    Workload(
        "W7",
        "skynet, 10 children each, 100,000 leaves",
        {"leaves": 100_000},
        _skynet,
        operations=lambda params: (10 * number(params, "leaves") - 1) // 9,
    ),
    _crash_workload("one_for_one"),
    _crash_workload("one_for_all"),
    _crash_workload("rest_for_one"),
    _crash_workload("one_for_one", reports="dropped"),
    _tree_workload(3, 10),
    _tree_workload(5, 5),
    _tree_workload(10, 2),
    Workload("W12", "context switches with 10,000 idle processes", {"n": 10_000, "seconds": 5}, _idle),
)
