"""Servers of which events are kept: applied at once, written with their turn, replaced by snapshots."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

import regrow as rg
from regrow.delivery.journal.operations import AppendEvent, DropEvents, SaveState
from regrow.delivery.journal.rows import StateEvent
from regrow.testing import run_virtual
from tests.persistence.kit import HandJournal


class Refused(Exception):
    """A declared answer."""


class Added(msgspec.Struct, frozen=True, tag=True):
    item: str


class Removed(msgspec.Struct, frozen=True, tag=True):
    item: str


class Basket(msgspec.Struct):
    items: list[str] = []


@rg.persistent(Basket, snapshot_every=5)
class BasketServer(rg.EventSourced[Added | Removed]):
    state: Basket

    def apply(self, event: Added | Removed) -> None:
        if isinstance(event, Added):
            self.state.items.append(event.item)
        else:
            self.state.items.remove(event.item)

    @rg.call
    def add(self, *, item: str, times: int = 1) -> list[str]:
        for _ in range(times):
            self.persist(Added(item))
        return list(self.state.items)

    @rg.call(raises=(Refused,))
    def exchange(self, item: str, new: str) -> list[str]:
        self.persist(Added(new))
        if item not in self.state.items:
            raise Refused
        self.persist(Removed(item))
        return list(self.state.items)

    @rg.call
    def items(self) -> list[str]:
        return list(self.state.items)

    @rg.cast
    def compact(self) -> None:
        self.snapshot()

    @rg.cast
    def odd(self, value: object) -> None:
        self.persist(value)  # type: ignore[arg-type]

    def handle_info(self, message: object) -> None:
        self.persist(Added("lost"))
        raise RuntimeError("crash")


def tree(journal: rg.types.Service, server: type[rg.GenServer] = BasketServer) -> rg.System:
    return rg.System([rg.child(server, name="basket")], services=[journal], name="sourced", max_restarts=9)


def events(journal: HandJournal) -> list[int]:
    return [event.version for event in journal.loop_reader.events("basket", after=0)]


def test_events_are_applied_at_once_and_written_with_their_turn() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            basket = system.ref("basket", BasketServer)
            journal.held = True
            asked = asyncio.ensure_future(basket.call(BasketServer.add(item="a", times=2), timeout=9.0))
            await system.idle()
            assert events(journal) == []
            journal.let_go()
            assert await asked == ["a", "a"]
            assert events(journal) == [1, 2]
            assert journal.saves("basket") == 0

    run_virtual(body())


def test_after_a_crash_the_events_are_applied_again() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            basket = system.ref("basket", BasketServer)
            await basket.call(BasketServer.add(item="a"), timeout=1.0)
            basket.send("crash")
            await system.idle()
            assert await basket.call(BasketServer.items(), timeout=1.0) == ["a"]
            assert await basket.call(BasketServer.add(item="b"), timeout=1.0) == ["a", "b"]
            assert events(journal) == [1, 2]

    run_virtual(body())


def test_a_snapshot_takes_the_place_of_the_events() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            basket = system.ref("basket", BasketServer)
            for number in range(7):
                await basket.call(BasketServer.add(item=str(number)), timeout=1.0)
            saved = journal.loop_reader.state("basket")
            assert saved is not None
            assert saved.version == 5
            assert events(journal) == [6, 7]
            basket.kill()
            await system.idle()
            assert await basket.call(BasketServer.items(), timeout=1.0) == [str(n) for n in range(7)]
            for item in "xyz":
                await basket.call(BasketServer.add(item=item), timeout=1.0)
            assert events(journal) == []  # those before the restart count too

    run_virtual(body())


def test_a_snapshot_can_be_asked_for() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            basket = system.ref("basket", BasketServer)
            await basket.call(BasketServer.add(item="a"), timeout=1.0)
            basket.cast(BasketServer.compact())
            await system.idle()
            assert [type(op) for op in journal.commits[-1]] == [SaveState, DropEvents]
            assert events(journal) == []
            await basket.call(BasketServer.add(item="b"), timeout=1.0)
            assert events(journal) == [2]

    run_virtual(body())


def test_a_declared_exception_takes_the_events_of_its_handler_back() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            basket = system.ref("basket", BasketServer)
            await basket.call(BasketServer.add(item="a"), timeout=1.0)
            with pytest.raises(Refused):
                await basket.call(BasketServer.exchange("none", "b"), timeout=1.0)
            assert await basket.call(BasketServer.items(), timeout=1.0) == ["a"]
            assert await basket.call(BasketServer.exchange("a", "c"), timeout=1.0) == ["c"]
            assert events(journal) == [1, 2, 3]

    run_virtual(body())


def test_what_is_rolled_back_includes_the_events_since_a_restart() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            basket = system.ref("basket", BasketServer)
            await basket.call(BasketServer.add(item="a"), timeout=1.0)
            basket.kill()
            await system.idle()
            await basket.call(BasketServer.add(item="b"), timeout=1.0)
            with pytest.raises(Refused):
                await basket.call(BasketServer.exchange("none", "c"), timeout=1.0)
            assert await basket.call(BasketServer.items(), timeout=1.0) == ["a", "b"]

    run_virtual(body())


@pytest.mark.parametrize("event", [object(), Added(item=3)], ids=["unwritable", "unreadable"])  # type: ignore[arg-type]
def test_an_event_that_cant_be_kept_crashes_the_server(event: object) -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            basket = system.ref("basket", BasketServer)
            pid = basket.whereis()
            assert pid is not None
            basket.cast(BasketServer.odd(event))
            reason = await pid.down(timeout=1.0)
            assert isinstance(reason, rg.Crash)
            assert reason.exception_type is rg.errors.StateNotStorable
            assert events(journal) == []

    run_virtual(body())


def test_persist_and_snapshot_work_in_handlers_only() -> None:
    with pytest.raises(rg.errors.NotPersistent, match=r"persist\(\)"):
        BasketServer().persist(Added("a"))
    with pytest.raises(rg.errors.NotPersistent, match=r"snapshot\(\)"):
        BasketServer().snapshot()


class Put(msgspec.Struct, frozen=True):
    thing: str


def to_put(version: int, event: dict[str, str]) -> Put:
    return Put(event["item"])


@rg.persistent(Basket, version=2, upgrade=lambda version, old: Basket(old["items"]), upgrade_event=to_put)
class NewBasket(rg.EventSourced[Put]):
    state: Basket

    def apply(self, event: Put) -> None:
        self.state.items.append(event.thing)

    @rg.call
    def items(self) -> list[str]:
        return list(self.state.items)


def test_older_events_are_upgraded_and_replaced_by_a_snapshot() -> None:
    async def body() -> None:
        journal = HandJournal()
        async with tree(journal) as system:
            for item in "abcdefg":
                await system.ref("basket", BasketServer).call(BasketServer.add(item=item), timeout=1.0)
        async with tree(journal, NewBasket) as system:
            assert await system.ref("basket", NewBasket).call(NewBasket.items(), timeout=1.0) == [*"abcdefg"]
        saved = journal.loop_reader.state("basket")
        assert saved is not None
        assert (saved.schema, saved.version) == (2, 7)
        assert events(journal) == []

    run_virtual(body())


def test_a_missing_event_is_unreadable_state() -> None:
    async def body() -> None:
        journal = HandJournal()
        row = StateEvent(name="basket", version=2, schema=1, data=msgspec.msgpack.encode(Added("b")))
        journal.store.commit([AppendEvent(row, 1)])
        with pytest.raises(rg.errors.StartError, match="set aside"):
            async with tree(journal):
                pytest.fail("it has started")
        assert events(journal) == []

    run_virtual(body())
