# Wrong programs with persistent servers: an error in each line that ends in "# error", and in no other.
from __future__ import annotations

import msgspec

import regrow as rg


class Totals(msgspec.Struct):
    n: int = 0


class Added(msgspec.Struct, frozen=True):
    by: int


def other(version: int, old: dict[str, int]) -> Added:
    return Added(version)


@rg.persistent(Totals)
class Counter(rg.GenServer):
    state: Totals

    @rg.call
    def add(self, by: int) -> int:
        self.state.m += by  # error
        return self.state.n


@rg.persistent(Totals)
class Sourced(rg.EventSourced[Added]):
    state: Totals

    def apply(self, event: Added) -> None:
        self.state.n += event.by

    @rg.call
    def add(self, by: int) -> int:
        self.persist(by)  # error
        return self.state.n


rg.persistent()  # error
rg.persistent(Totals, version="2")  # error
rg.persistent(Totals, upgrade=lambda old: Totals())  # error
rg.persistent(Totals)(int)  # error
