"""The targets of the design, reckoned from a run's interleaved rounds."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.suite.cells_table import Cell, Table

_OURS = ("regrow", "asyncio", "erlang")
_OPTIMISED = "on Debian's Python, built with optimisations"
_DURABLE = "256 in flight, level power, loop"


@dataclass(frozen=True, slots=True)
class Target:
    """One row: what was measured, and what it may be."""

    row: int
    what: str
    measured: float | None
    floor: float
    goal: float
    less_is_better: bool = False
    # "x": a ratio; "s": seconds; "/s": per second; "": a number.
    unit: str = "x"

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        if self._meets(self.goal):
            return "goal"
        return "floor" if self._meets(self.floor) else "MISSED"

    def _meets(self, bound: float) -> bool:
        assert self.measured is not None
        return self.measured <= bound if self.less_is_better else self.measured >= bound


def targets(table: Table) -> list[Target]:
    """The rows of the design's section 6 that the table's suite is about."""
    look = _Look(table)
    suites = {
        "delivery": _of_delivery,
        "lint": _of_the_linter,
        "runtime": _of_the_runtime,
        "testkit": _of_the_test_kit,
    }
    return suites[table.suite.name](look)


def _of_the_runtime(look: _Look) -> list[Target]:
    return [
        Target(1, "call, def handler, against Erlang", look.against_erlang("W2", "per_second"), 1.2, 1.5),
        Target(1, "call, def handler, against the best peer", look.against_peer("W2"), 8.0, 10.0),
        Target(
            2,
            "call, async def handler, against queue + future + call_later",
            look.ratio("W2", "per_second", "asyncio", ours="regrow-async-def"),
            1.0,
            1.2,
        ),
        Target(4, "cast, against asyncio.Queue", look.ratio("W1", "per_second", "asyncio"), 1.5, 2.5),
        Target(4, "cast, against the best peer", look.against_peer("W1"), 3.0, 5.0),
        _less(5, "bytes per idle process, 10,000", look.value("W6", "bytes"), 600, 450, unit=""),
        _less(5, "bytes per idle process, 1,000,000", look.value("W6m", "bytes"), 600, 450, unit=""),
        Target(6, "start, against start_child", look.against_erlang("W6s", "per_second"), 0.7, 1.0),
        # The design sets no goal of its own against the peers: the floor stands for both.
        Target(6, "start, against the best peer", look.against_peer("W6s"), 5.0, 5.0),
        *_crash_targets(look),
        _less(8, "context switches, 10,000 idle, 5 s", look.value("W12", "switches"), 0, 0, unit=""),
    ]


def _of_delivery(look: _Look) -> list[Target]:
    idle, idle_too = (look.against_limit(f"{_DURABLE} idle", python) for python in ("", "-debian"))
    busy, busy_too = (look.against_limit(f"{_DURABLE} busy", python) for python in ("", "-debian"))
    commit = look.value("S3", "commit_p99", f"{_DURABLE} busy")
    persistent = look.ratio("S4", "per_second", "limit")
    moved = look.value("S5", "per_second")
    return [
        Target(
            3, "supervised send, against gen_server:call", look.against_erlang("S1", "per_second"), 0.75, 1.0
        ),
        _less(
            3,
            "supervised send, cost against our own call",
            look.cost("S1", "regrow-call"),
            2.0,
            1.5,
            unit="x",
        ),
        Target(9, "durable send, full fsync, 256 in flight, against the limit", idle, 0.35, 0.5),
        Target(9, f"the same, {_OPTIMISED}", idle_too, 0.35, 0.5),
        Target(10, "the same with the loop at 100 %, against the limit", busy, 0.1, 0.25),
        Target(10, f"the same, {_OPTIMISED}", busy_too, 0.1, 0.25),
        _less(10, "commit p99 with the loop at 100 %", commit, 0.05, 0.02, unit="s"),
        Target(11, "persistent server, 256 queued, against the limit", persistent, 0.2, 0.4),
        Target(12, "redrive from dead letters, durable", moved, 5_000, 20_000, unit="/s"),
        _less(12, "first page of 100 dead letters, worst", look.value("S6", "worst"), 0.1, 0.02, unit="s"),
        _less(12, "recovery, p99", look.value("S7", "p99"), 1.0, 0.3, unit="s"),
    ]


def _of_the_test_kit(look: _Look) -> list[Target]:
    rival, slow_rival = (look.ratio(name, "per_core_second", "detangle") for name in ("T1", "T1s"))
    guards = {
        name: look.difference("T2", "per_test", f"regrow-{name}-guard", "regrow-no-guard")
        for name in ("leak", "contamination", "package")
    }
    return [
        Target(1, "seeds per second of a core", look.value("T1", "per_core_second"), 400, 800, unit="/s"),
        Target(1, "seeds, against the fastest rival that finds the race", rival, 1.0, 1.0),
        Target(1, "the same, half of the messages slow", slow_rival, 1.0, 1.0),
        *(_less(2, f"{name} guard, per test", cost, 0.002, 0.002, unit="s") for name, cost in guards.items()),
        Target(3, "the tests that let time pass, against real time", look.value("T3", "faster"), 5.0, 5.0),
    ]


def _of_the_linter(look: _Look) -> list[Target]:
    key = "per_core_second"
    whole, slow = look.value("L1", key), look.cell("L4", "flake8-async")
    theirs = None if slow is None else slow.median(key)
    apart = whole / theirs if whole and theirs else None
    both = look.ratio("L4", key, "flake8-async")
    like = look.ratio("L1", key, "ruff", ours="regrow-debian")
    return [
        Target(1, "lines per second of a core, cold", whole, 75_000, 75_000, unit="/s"),
        _less(2, "50,000 lines, warm", look.value("L3", "seconds"), 0.3, 0.3, unit="s"),
        Target(
            3, "lines per second of a core, the library, against flake8-async's on a part", apart, 100, 100
        ),
        Target(3, "the same, both on the part, our start-up included", both, 100, 100),
        Target(4, "lines per second of a core, against ruff", look.ratio("L1", key, "ruff"), 0.1, 0.1),
        Target(4, f"the same, {_OPTIMISED} as ruff is", like, 0.1, 0.1),
    ]


def _less(row: int, what: str, measured: float | None, floor: float, goal: float, *, unit: str) -> Target:
    return Target(row, what, measured, floor, goal, less_is_better=True, unit=unit)


def _crash_targets(look: _Look) -> list[Target]:
    found = []
    for strategy in ("one_for_one", "one_for_all", "rest_for_one"):
        first = look.against_erlang("W9", "p50", strategy, fastest=min)
        learnt = look.against_erlang("W9", "learn_p50", strategy, fastest=min)
        what = f"crash to first answer, {strategy}, p50 against Erlang's"
        found.append(_less(7, what, first, 0.8, 0.3, unit="x"))
        what = f"caller learns of the crash, {strategy}, p50 against Erlang's"
        found.append(_less(7, what, learnt, 1.0, 0.7, unit="x"))
    return found


class _Look:
    """Finds cells by family, and compares them round by round."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def cell(self, family: str, system: str, title: str = "") -> Cell | None:
        for cell in self._table.cells:
            matches = cell.workload.family == family and title in cell.workload.title
            if matches and cell.system.name == system and cell.rounds:
                return cell
        return None

    def value(self, family: str, key: str, title: str = "") -> float | None:
        cell = self.cell(family, "regrow", title)
        return None if cell is None else cell.median(key)

    def cost(self, family: str, other: str) -> float | None:
        """How many times as long as the other an operation takes."""
        found = self.ratio(family, "per_second", other)
        return None if found is None else 1 / found

    def against_limit(self, title: str, python: str) -> float | None:
        """Durable sends against the disk's own rate, both on one Python."""
        return self.ratio("S3", "per_second", f"limit{python}", title, ours=f"regrow{python}")

    def ratio(
        self, family: str, key: str, other: str, title: str = "", *, ours: str = "regrow"
    ) -> float | None:
        """The median of the ratios of the rounds that both took part in."""
        mine, theirs = self.cell(family, ours, title), self.cell(family, other, title)
        if mine is None or theirs is None:
            return None
        ratios = [
            a[key] / b[key]
            for a, b in zip(mine.rounds, theirs.rounds, strict=False)
            if key in a and b.get(key)
        ]
        return statistics.median(ratios) if ratios else None

    def difference(self, family: str, key: str, ours: str, other: str) -> float | None:
        """The median of the differences of the rounds that both took part in."""
        mine, theirs = self.cell(family, ours), self.cell(family, other)
        if mine is None or theirs is None:
            return None
        both = zip(mine.rounds, theirs.rounds, strict=False)
        return statistics.median(a[key] - b[key] for a, b in both)

    def against_erlang(
        self, family: str, key: str, title: str = "", *, fastest: Callable[[list[float]], float] = max
    ) -> float | None:
        """Against the better of Erlang with all its schedulers and with one."""
        settings = ("erlang", "erlang-1-scheduler")
        medians = {
            name: median
            for name in settings
            if (cell := self.cell(family, name, title)) is not None
            and (median := cell.median(key)) is not None
        }
        if not medians:
            return None
        best = fastest(list(medians.values()))
        name = next(name for name, median in medians.items() if median == best)
        return self.ratio(family, key, name, title)

    def against_peer(self, family: str) -> float | None:
        peers = {
            cell.system.name: median
            for cell in self._table.cells
            if cell.workload.family == family
            and not cell.system.name.startswith(_OURS)
            and cell.rounds
            and (median := cell.median("per_second")) is not None
        }
        if not peers:
            return None
        return self.ratio(family, "per_second", max(peers, key=lambda name: peers[name]))
