# Right programs with persistent servers; `reveals` says what both type checkers have to infer.
from __future__ import annotations

import msgspec

import regrow as rg


class Totals(msgspec.Struct):
    n: int = 0


class Added(msgspec.Struct, frozen=True, tag=True):
    by: int


class Removed(msgspec.Struct, frozen=True, tag=True):
    by: int


def upgrade(version: int, old: dict[str, int]) -> Totals:
    return Totals(old["n"] + version)


@rg.persistent(Totals, version=2, upgrade=upgrade, inbox_window=3600)
class Counter(rg.GenServer):
    state: Totals

    @rg.call
    def add(self, by: int) -> int:
        reveal_type(self.state)  # reveals: Totals
        self.state.n += by
        return self.state.n


@rg.persistent(Totals, snapshot_every=10, upgrade_event=lambda version, old: Added(1))
class Sourced(rg.EventSourced[Added | Removed]):
    state: Totals

    def apply(self, event: Added | Removed) -> None:
        self.state.n += event.by if isinstance(event, Added) else -event.by

    @rg.call
    def remove(self, by: int) -> int:
        self.persist(Removed(by))
        self.snapshot()
        return self.state.n


@rg.persistent(dict[str, int])
class Table(rg.GenServer):
    state: dict[str, int]


async def use(counter: rg.Ref[Counter], sourced: rg.Ref[Sourced], system: rg.System) -> None:
    reveal_type(await counter.call(Counter.add(5), timeout=1.0))  # reveals: int
    reveal_type(await sourced.call(Sourced.remove(5), timeout=1.0))  # reveals: int
    rg.child(Table, name="table")
    await rg.restore_state(system, "counter", "counter (set aside 1)")
    await rg.forget_state(system, "counter")
