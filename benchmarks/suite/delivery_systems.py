"""The systems of the delivery suite.

A peer takes part at the levels that its documentation has a setting for.
"""

from __future__ import annotations

from benchmarks.suite.systems import System
from benchmarks.suite.workload import Value


def _own(name: str, families: set[str], **options: str) -> System:
    return System(name, "regrow_delivery", options, only=frozenset(families), quick=True)


def _on_debian(name: str, adapter: str) -> System:
    where: dict[str, frozenset[Value]] = {"level": frozenset({"power"})}
    return System(f"{name}-debian", adapter, environment="debian", only=frozenset({"S3"}), where=where)


def _peer(name: str, families: set[str], levels: set[Value], *, quick: bool = False, n: int = 0) -> System:
    # Most write each message for itself and wait for the disk up to three times: less of them will do.
    smaller: dict[str, dict[str, Value]] = {family: {"n": n} for family in families} if n else {}
    return System(
        name,
        f"{name}_bench",
        environment=name,
        only=frozenset(families),
        where={"level": frozenset(levels)},
        quick=quick,
        smaller=smaller,
    )


SYSTEMS: tuple[System, ...] = (
    System("regrow", "regrow_delivery", quick=True),
    _own("regrow-call", {"S1"}, how="call"),
    _own("regrow-cast", {"S1"}, how="cast"),
    _own("regrow-all-or-nothing", {"S2"}, strategy="all_or_nothing"),
    _own("regrow-durable", {"W11"}, durable="1"),
    # Senders that go on when the journal has their message, and do not wait until it is handled.
    _own("regrow-accepted", {"S3"}, ack="accepted"),
    System("limit", "regrow_limit", only=frozenset({"S3", "S4"}), quick=True),
    _on_debian("regrow", "regrow_delivery"),
    _on_debian("limit", "regrow_limit"),
    System("erlang", "erlang", only=frozenset({"S1", "S2"}), quick=True),
    System("erlang-1-scheduler", "erlang", {"schedulers": "1"}, only=frozenset({"S1", "S2"})),
    _peer("persistqueue", {"S3", "W11"}, {"power"}, quick=True, n=300),
    _peer("litequeue", {"S3"}, {"process"}, n=2_000),
    _peer("huey", {"S3"}, {"power", "none"}, quick=True, n=300),
    _peer("dbos", {"S3"}, {"power"}, n=100),
    _peer("dramatiq", {"S3", "W11"}, {"none"}, n=40_000),
    _peer("nats", {"S3", "W11"}, {"power", "process"}, quick=True, n=1_000),
)
