"""The workloads of delivery: supervised and durable sends, broadcasts, dead letters, recovery."""

from __future__ import annotations

from benchmarks.suite import dead_letters
from benchmarks.suite.workload import Params, Value, Workload, number, triangle

_LEVELS = ("power", "process", "none")
# Sends that wait for each other take as long as the disk does. 256 at a time go on until the log has its full
# size: as long as a file grows, the disk does more for each commit.
_AMOUNTS = {1: (500, 100), 16: (5_000, 1_000), 256: (160_000, 40_000)}
_RECIPIENTS = {1: (20_000, 5_000), 100: (400, 100), 10_000: (10, 2)}


def _sent(params: Params, nonce: int) -> dict[str, int]:
    n = number(params, "n")
    return {"count": n, "total": n * nonce + triangle(n)}


def _settled(params: Params, nonce: int) -> dict[str, int]:
    return {**_sent(params, nonce), "left": 0}


def _broadcast(params: Params, nonce: int) -> dict[str, int]:
    recipients, rounds = number(params, "recipients"), number(params, "rounds")
    return {"count": recipients * rounds, "total": recipients * (rounds * nonce + triangle(rounds))}


def _arrived(params: Params, nonce: int) -> dict[str, int]:
    # Of each message once, however often it came.
    return {"lost": 0, **_sent(params, nonce)}


def _kept(params: Params, nonce: int) -> dict[str, int]:
    # What the journal says after it was opened again.
    return _settled(params, nonce)


def _redriven(params: Params, nonce: int) -> dict[str, int]:
    return {**_settled(params, nonce), "moved": number(params, "n"), "dead": 0}


def _found(params: Params, nonce: int) -> dict[str, int]:
    count, total = dead_letters.expected(number(params, "n"), number(params, "seed"), nonce)
    return {"count": count, "total": total}


def _recovered(params: Params, nonce: int) -> dict[str, int]:
    n, seed = number(params, "n"), number(params, "seed")
    return {"count": n, "total": n * seed + triangle(n), "left": 0, "nonce": nonce}


def _durable_send(in_flight: int, level: str, load: str) -> Workload:
    # A busy loop has little time for them.
    full, quick = (n // (4 if load == "busy" else 1) for n in _AMOUNTS[in_flight])
    params: dict[str, Value] = {"n": full, "in_flight": in_flight, "level": level, "load": load}
    return Workload(
        "S3",
        f"durable send, {in_flight} in flight, level {level}, loop {load}",
        params,
        _settled,
        quick={"n": quick},
        in_quick=in_flight == 256 and level == "power",
        on_disk=True,
    )


def _broadcast_workload(recipients: int) -> Workload:
    full, quick = _RECIPIENTS[recipients]
    return Workload(
        "S2",
        f"broadcast to {recipients:,}",
        {"recipients": recipients, "rounds": full},
        _broadcast,
        quick={"rounds": quick},
        in_quick=recipients == 100,
        operations=lambda params: number(params, "recipients") * number(params, "rounds"),
    )


def _reliable(crash_every: int) -> Workload:
    what = f"1 of {crash_every} crashes its receiver" if crash_every else "plain"
    return Workload(
        "W11",
        f"reliable delivery, 100,000 messages, 256 in flight, {what}",
        {"n": 100_000, "in_flight": 256, "crash_every": crash_every},
        _arrived,
        quick={"n": 5_000},
        in_quick=bool(crash_every),
        soft=("lost", "count", "total"),
        soft_note="messages were lost",
        cell_seconds=300.0,
        on_disk=True,
    )


WORKLOADS: tuple[Workload, ...] = (
    Workload(
        "S1",
        "supervised send, one after the other",
        {"n": 50_000},
        _sent,
        quick={"n": 20_000},
        in_quick=True,
    ),
    *(_broadcast_workload(recipients) for recipients in _RECIPIENTS),
    _reliable(0),
    _reliable(100),
    *(
        _durable_send(in_flight, level, load)
        for level in _LEVELS
        for in_flight in _AMOUNTS
        for load in ("idle", "busy")
    ),
    Workload(
        "S4",
        "persistent server, 256 queued",
        {"n": 40_000, "in_flight": 256, "level": "power"},
        _kept,
        quick={"n": 5_000},
        in_quick=True,
        on_disk=True,
    ),
    Workload(
        "S5",
        "redrive of dead letters, durable",
        {"n": 50_000, "level": "power"},
        _redriven,
        quick={"n": 5_000},
        in_quick=True,
        on_disk=True,
    ),
    Workload(
        "S6",
        "first page of 100 out of 1,000,000 dead letters, every combination of dest, reason, error type,"
        " fingerprint, age",
        {"n": 1_000_000},
        _found,
        quick={"n": 20_000},
        in_quick=True,
        operations=lambda params: len(dead_letters.queries(number(params, "n"), 0)),
        cell_seconds=300.0,
        on_disk=True,
    ),
    Workload(
        "S7",
        "recovery after kill -9 with 100,000 pending",
        {"n": 100_000, "opens": 10},
        _recovered,
        quick={"n": 5_000, "opens": 5},
        in_quick=True,
        operations=lambda params: number(params, "n") * number(params, "opens"),
        cell_seconds=300.0,
        on_disk=True,
    ),
)
